"""The special ids of every vocabulary, and the limits on lengths and beams."""

PAD = 0
START = 1
END = 2
UNKNOWN = 3

# The maximum number of pieces of an input and of an output: a limit on time and memory.
MAX_SOURCE_PIECES = 512
MAX_TARGET_PIECES = 128

MAX_BEAM_WIDTH = 64  # a limit on time and memory
LENGTH_PENALTY = 0.6  # the default of beam search
NEVER = -1e9  # the log-probability of a forbidden token: finite, so that no sum is NaN
