"""The layers, one equation each."""

from zoo.layers.attention import BahdanauAttention as BahdanauAttention
from zoo.layers.attention import LuongAttention as LuongAttention
from zoo.layers.cells import GRUCell as GRUCell
from zoo.layers.cells import LSTMCell as LSTMCell
from zoo.layers.cells import TanhCell as TanhCell
from zoo.layers.decoder import AttentionDecoder as AttentionDecoder
from zoo.layers.dense import Maxout as Maxout
from zoo.layers.dense import TanhDense as TanhDense
from zoo.layers.input_feeding import InputFeedingDecoder as InputFeedingDecoder
from zoo.layers.location import LocationDecoder as LocationDecoder
from zoo.layers.lstmn import LSTMN as LSTMN
from zoo.layers.recurrent import Recurrent as Recurrent
from zoo.layers.recurrent import TanhRNN as TanhRNN
from zoo.layers.self_attention import SelfAttentionRNN as SelfAttentionRNN
from zoo.layers.stack import RecurrentStack as RecurrentStack
from zoo.layers.structured import StructuredSelfAttention as StructuredSelfAttention
