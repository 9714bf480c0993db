"""The ids that mean the same in every vocabulary of the zoo, and the bounds on lengths."""

PAD = 0
START = 1
END = 2
UNKNOWN = 3

# No input is read beyond so many pieces, no output grows beyond so many: a bound on time and memory.
MAX_SOURCE_PIECES = 512
MAX_TARGET_PIECES = 128

# No beam is wider: a bound on time and memory.
MAX_BEAM_WIDTH = 64
LENGTH_PENALTY = 0.6  # where none is asked for
NEVER = -1e9  # the log-probability of what must not be answered: finite, so that no sum is NaN
