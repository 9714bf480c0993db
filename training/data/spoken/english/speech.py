"""English numbers in words, as an American reads them aloud: two hundred five, nineteen oh five, seven thirty p m."""

from functools import cache

from num2words import num2words

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# Written: (one, many).
UNITS = {
    "km": ("kilometer", "kilometers"),
    "m": ("meter", "meters"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "mi": ("mile", "miles"),
    "ft": ("foot", "feet"),
    "kg": ("kilogram", "kilograms"),
    "g": ("gram", "grams"),
    "lb": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "L": ("liter", "liters"),
    "mL": ("milliliter", "milliliters"),
    "m²": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "h": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "s": ("second", "seconds"),
    "GB": ("gigabyte", "gigabytes"),
    "MB": ("megabyte", "megabytes"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
}
# Written: (one, many, one hundredth, hundredths).
FULL_HOUR = ("hundred", "o'clock")  # of the clock of 24 hours, of that of 12
CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
}


@cache
def cardinal(number: int) -> str:
    """Return a number in words, without "and": two hundred five; a negative one begins with "minus"."""
    return num2words(number).replace(",", "").replace(" and ", " ")


@cache
def ordinal(number: int) -> str:
    """Return an ordinal in words: twenty-third, two hundred fifth."""
    return num2words(number, to="ordinal").replace(",", "").replace(" and ", " ")


def article(number: int) -> str:
    """Return the article before a number: an before eight, eleven, eighteen and eighty."""
    return "an" if cardinal(number).startswith(("eight", "eleven")) else "a"


def decimal(text: str) -> str:
    """Return a number with or without a point in words, digit by digit after the point: three point one four."""
    if text.startswith("-"):
        return f"minus {decimal(text[1:])}"
    whole, _, digits = text.partition(".")
    return (
        f"{cardinal(int(whole))} point {' '.join(map(cardinal, map(int, digits)))}" if digits else cardinal(int(whole))
    )


def digits(text: str) -> str:
    """Return digits one by one: five oh two."""
    return " ".join("oh" if digit == "0" else cardinal(int(digit)) for digit in text)


def year(number: int) -> str:
    """Return a year of four digits: nineteen ninety-nine, nineteen oh five, nineteen hundred, two thousand five."""
    century, rest = divmod(number, 100)
    if number // 10 == 200:
        return cardinal(number)
    return f"{cardinal(century)} {_after_hundreds(rest) if rest else 'hundred'}"


def _after_hundreds(number: int) -> str:
    return f"oh {cardinal(number)}" if number < 10 else cardinal(number)


def decade(number: int) -> str:
    """Return a decade that begins with a year of two or four digits: eighties, nineteen eighties."""
    return f"{year(number) if number > 99 else cardinal(number)}s".replace("ys", "ies")


def month_day(month: int, day: int) -> str:
    """Return a day of the year: December eleventh."""
    return f"{MONTHS[month - 1]} {ordinal(day)}"


def date(year_number: int, month: int, day: int) -> str:
    """Return a date that was written with the month first: December eleventh, twenty twenty-one."""
    return f"{month_day(month, day)}, {year(year_number)}"


def clock(hour: int, minute: int, half: str = "") -> str:
    """Return a time of the clock: seven oh five p m, fourteen thirty.

    Without `half` ("am", "pm") a full hour is "seven o'clock", of the clock of 24 hours "fourteen hundred".
    """
    words = f"{cardinal(hour)} {_after_hundreds(minute)}" if minute else cardinal(hour)
    if half:
        return f"{words} {' '.join(half.lower())}"
    return words if minute else f"{words} {FULL_HOUR[1 <= hour <= 12]}"


def price(symbol: str, whole: int, hundredths: int = 0) -> str:
    """Return a price: three dollars and fifty cents, seventy-five cents, one penny."""
    one, many, one_hundredth, many_hundredths = CURRENCIES[symbol]
    large = f"{cardinal(whole)} {one if whole == 1 else many}"
    small = f"{cardinal(hundredths)} {one_hundredth if hundredths == 1 else many_hundredths}"
    if not hundredths:
        return large
    return f"{large} and {small}" if whole else small


def large(symbol: str, number: str, word: str) -> str:
    """Return a price in millions or billions: two point five million dollars."""
    return f"{decimal(number)} {word} {CURRENCIES[symbol][1]}"


def quantity(number: str, unit: str) -> str:
    """Return an amount of a unit; only "1" and "-1" are singular: one kilogram, zero point five kilograms."""
    one, many = UNITS[unit]
    return f"{decimal(number)} {one if number.lstrip('-') == '1' else many}"
