"""The type and shape of a tensor as text."""

from collections.abc import Sequence


def tensor_text(dtype: str, sizes: Sequence[int] | None) -> str:
    """Return a type and shape as "int32 [?, ?]".

    Args:
        dtype: the name of the type, in NumPy or in the format.
        sizes: the size of each axis, negative for any size; None for any shape.
    """
    name = "string" if dtype in ("bytes_", "str_", "object_") else dtype
    if sizes is None:
        return f"{name} of any shape"
    return f"{name} [{', '.join('?' if size < 0 else str(size) for size in sizes)}]"
