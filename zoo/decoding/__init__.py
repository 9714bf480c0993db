"""From source ids to target ids, inside the graph: the same functions for Keras, SavedModel and LiteRT."""

from zoo.decoding.beam import beam_search as beam_search
from zoo.decoding.questions import id_functions as id_functions
from zoo.decoding.questions import inputs_of as inputs_of
from zoo.decoding.scoring import classify as classify
from zoo.decoding.scoring import score as score
from zoo.decoding.stepwise import greedy as greedy
from zoo.decoding.stepwise import sample as sample
