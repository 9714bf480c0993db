"""Roman numerals."""

_ONES = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")


def roman(number: int) -> str:
    """Return a number from 1 to 39 in Roman numerals: XIV."""
    return "X" * (number // 10) + _ONES[number % 10]
