"""Decoding from source ids to target ids, in the graph: the same functions for Keras, SavedModel and LiteRT.

The ids 0 to 3 of a `zoo.Vocabulary` are padding, start, end and unknown; a model over the ids of another tokenizer has
its own `start_id` and `end_id`.
"""

from zoo.decoding.beam import beam_search as beam_search
from zoo.decoding.endpoints import id_functions as id_functions
from zoo.decoding.endpoints import inputs_of as inputs_of
from zoo.decoding.greedy import greedy as greedy
from zoo.decoding.inputs import check_training_ids as check_training_ids
from zoo.decoding.sample import sample as sample
from zoo.decoding.score import classify as classify
from zoo.decoding.score import score as score
