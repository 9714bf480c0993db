"""The command, as `python -m zoo`."""

from zoo.command.main import main

raise SystemExit(main())
