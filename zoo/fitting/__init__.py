"""The road through `compile` and `fit`: the step of a model, its loss, its optimizer and its replicas."""
