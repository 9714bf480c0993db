"""A vocabulary in the TensorFlow graph, with tensorflow-text."""

import hashlib
from typing import Any

from zoo.constants import END, MAX_SOURCE_PIECES, PAD, START
from zoo.errors import CallError
from zoo.tasks import TASKS
from zoo.text import Vocabulary


def tensorflow_text(*, required: bool = False) -> Any:
    """Return the module `tensorflow_text`, or None if it is not installed (it has no wheels for Windows).

    Raises:
        CallError: `required`, and it is not installed.
    """
    try:
        import tensorflow_text
    except ImportError as error:
        if required:
            raise CallError(
                "Text in the graph needs tensorflow-text, which is not installed (it has no wheels for Windows)."
            ) from error
        return None
    return tensorflow_text


class GraphText:
    """A vocabulary in the TensorFlow graph. Its ids and texts are those of the `Vocabulary`; 0 is padding.

    Args:
        vocabulary: the vocabulary.

    Raises:
        CallError: tensorflow-text is not installed.
    """

    def __init__(self, vocabulary: Vocabulary):
        module = tensorflow_text(required=True)
        # A loaded SavedModel finds its vocabulary by this name. Two vocabularies of the same name in one process, even
        # of different models, get the same pieces (tensorflow/text issue 1304). So the name has a hash of the content.
        name = f"vocabulary_{hashlib.sha256(vocabulary.proto).hexdigest()[:32]}"
        self._first = PAD + 1  # the least id that has a text
        if vocabulary.kind == "wordpiece":
            self.tokenizer, self._id_to_string = _word_pieces(module, vocabulary)
            self._first = END + 1
        else:
            self.tokenizer = module.SentencepieceTokenizer(model=vocabulary.proto, name=name)
            self._id_to_string = self.tokenizer.id_to_string

    def source_ids(self, texts: Any, task: str) -> Any:
        """Return the framed ids (B, S) of texts (B,), padded with 0, as `zoo.text.source_ids` does."""
        import tensorflow as tf

        ids = self.tokenizer.tokenize(texts)[:, : MAX_SOURCE_PIECES - 1]
        prompted = TASKS[task].prompted
        frame = tf.fill([tf.shape(texts)[0], 1], START if prompted else END)
        return tf.concat([frame, ids] if prompted else [ids, frame], axis=1).to_tensor(PAD)

    def decode(self, ids: Any) -> Any:
        """Return the texts (B,) of ids (B, T). Padding, start and end have no text, also between other ids."""
        import tensorflow as tf

        return self.tokenizer.detokenize(tf.ragged.boolean_mask(ids, tf.greater_equal(ids, self._first)))

    def pieces(self, ids: Any) -> Any:
        """Return the pieces (B, T) of ids (B, T), with empty strings for padding."""
        import tensorflow as tf

        return tf.where(tf.equal(ids, PAD), "", self._id_to_string(ids))


def _word_pieces(module: Any, vocabulary: Vocabulary) -> tuple[Any, Any]:
    """Return the tokenizer of a WordPiece vocabulary, and a function from ids to pieces."""
    import tensorflow as tf

    pieces = vocabulary.pieces(range(vocabulary.size))
    tokenizer = module.FastBertTokenizer(
        vocab=pieces,
        token_out_type=tf.int32,
        support_detokenization=True,
        lower_case_nfd_strip_accents=vocabulary.lower_case,
    )
    return tokenizer, lambda ids: tf.gather(tf.constant(pieces), ids)
