"""`python -m zoo`: the command."""

import sys

from zoo.command.main import main

sys.exit(main())
