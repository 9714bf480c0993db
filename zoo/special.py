"""The ids that mean the same in every vocabulary of the zoo, and the bounds on lengths."""

PAD = 0
START = 1
END = 2
UNKNOWN = 3

# No input is read beyond so many pieces, no output grows beyond so many: a bound on time and memory.
MAX_SOURCE_PIECES = 512
MAX_TARGET_PIECES = 128
