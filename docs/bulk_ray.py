"""Answers to text files by several workers, with Ray Data. Each worker loads the model once.

    python docs/bulk_ray.py model.tflite texts answers --workers 2

The model is anything that `zoo.load` reads; with a .tflite a worker has one thread and imports no TensorFlow. `texts`
is a folder of text files, a text a line; empty lines are left out. Each file in the folder `answers` has a JSON object
a line, with the keys `text` and `output`, in the order of the texts.
"""

import argparse
from pathlib import Path


class Answer:
    """A worker: a model that is loaded once and answers blocks of texts."""

    def __init__(self, where: str):
        import zoo

        self.pipeline = zoo.load(where)

    def __call__(self, block: dict) -> dict:
        """Return a block with the column `text` and the answers to it as the column `output`."""
        predictions = self.pipeline.predict(list(map(str, block["text"])))
        return {**block, "output": [prediction.output for prediction in predictions]}


def main() -> None:
    """Answer the files."""
    import ray

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("texts", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    model = str(Path(options.model).resolve()) if Path(options.model).exists() else options.model  # or a name
    texts = ray.data.read_text(str(options.texts.resolve()))
    answers = texts.map_batches(
        Answer,
        fn_constructor_args=[model],
        batch_size=2048,  # texts, which `predict` sorts by length
        compute=ray.data.ActorPoolStrategy(size=options.workers),
        num_cpus=0.5,  # so that Ray has a core left to read and write
    )
    answers.write_json(str(options.answers.resolve()))


if __name__ == "__main__":
    main()
