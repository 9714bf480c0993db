"""The special ids of every vocabulary of the zoo, and the limits on lengths and beams.

The ids 0 to 3 are padding, start, end and unknown. A model over the ids of another tokenizer has its own start and end
(`start_id`, `end_id`); padding is always 0.
"""

PAD = 0
START = 1
END = 2
UNKNOWN = 3

# The maximum number of pieces of an input and of an output: a limit on time and memory.
MAX_SOURCE_PIECES = 512
MAX_TARGET_PIECES = 256

MAX_BEAM_WIDTH = 64  # a limit on time and memory
LENGTH_PENALTY = 0.6  # the default of beam search
# The ranks of hypotheses of up to 4,096 tokens are finite and distinct in float32; from about 12 on some would be 0.
MAX_LENGTH_PENALTY = 10.0
NEVER = -1e9  # the log-probability of a forbidden token: finite, so that no sum is NaN
