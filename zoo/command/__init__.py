"""The command `zoo`: one file a command."""
