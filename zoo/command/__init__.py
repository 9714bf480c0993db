"""The command line `zoo`.

`main` is the entry, and `parser` holds the table of the commands. Each command is the module of its name, imported when
the command line names it, with two functions: `add_arguments(parser)` and `run(options)`. A command that writes a run
which can be continued has a third, `run_of(options)`, that returns the run folder.
"""
