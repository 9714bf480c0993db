"""The slots of the English sentences: functions that draw a thing and return it as (written, spoken).

To add a slot, write a function of the random stream and name it in SLOTS. The reading of a written form must follow
from the form and the words around it: 1987 is a year, 1,987 is a number.
"""

import random
import re

from zoo.training.data.generated import draw_date, draw_size
from zoo.training.data.spoken.english import speech
from zoo.training.data.spoken.english.sentences import COMMON, WORDS
from zoo.training.data.spoken.figures import dash, round_number, with_minus
from zoo.training.data.spoken.roman import roman
from zoo.training.data.spoken.text import DOT, AnyWords

Pair = tuple[str, str]

TITLES = {"Mr.": "Mister", "Dr.": "Doctor", "Prof.": "Professor", "Mrs.": "Missus"}
MONARCHS = ("Henry", "Charles", "George", "Edward", "James", "Richard", "Louis", "Frederick", "William")
PARTS = ("chapter", "volume", "part", "act", "phase", "type", "World War")
FRACTIONS = {
    **{"1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters"},
    **{"½": "one half", "¼": "one quarter", "¾": "three quarters"},
}
# What has a size that stands before it, with units that stand there in the singular.
SIZED = {"race": "km", "walk": "min", "drive": "h", "bag": "kg", "pole": "m", "screen": "cm", "tank": "L"}
WORTH = ("bill", "fine", "lunch", "ticket", "prize", "loss", "deal")
SHORT = {"vs.": "versus", "e.g.": "for example", "i.e.": "that is", "approx.": "approximately", "&": "and"}
ANY_WORDS = AnyWords(
    COMMON,
    said=(
        *(*speech.UNITS, *speech.MONTHS, *(month[:3] for month in speech.MONTHS), "am", "pm"),
        *("million", "billion", *(short.strip(".") for short in SHORT)),
        *(*(title.strip(".") for title in TITLES), *MONARCHS),
    ),
)


def _date(stream: random.Random) -> Pair:
    date = draw_date(stream, 1850, 73_000)
    month, spoken = speech.MONTHS[date.month - 1], speech.date(date.year, date.month, date.day)
    forms = [
        (f"{date.month}/{date.day}/{date.year}", spoken),
        (f"{date:%m/%d}/{date.year}", spoken),
        (f"{month} {date.day}, {date.year}", spoken),
        (f"{_short(month, stream)} {date.day}, {date.year}", spoken),
        (f"{date.day} {month} {date.year}", f"the {speech.ordinal(date.day)} of {month}, {speech.year(date.year)}"),
        *[(f"{date:%Y-%m-%d}", spoken)] * 3,  # the hardest to learn: what is said first is in the middle
    ]
    return stream.choice(forms)


def _day(stream: random.Random) -> Pair:
    date = draw_date(stream, 1850, 73_000)
    day, name, spoken = date.day, speech.MONTHS[date.month - 1], speech.month_day(date.month, date.day)
    forms = [
        (f"{name} {day}", spoken),
        (f"{_short(name, stream)} {day}", spoken),
        (f"{name} {_ranked(day)}", spoken),
        (f"the {_ranked(day)} of {name}", f"the {speech.ordinal(day)} of {name}"),
    ]
    return stream.choice(forms)


def _short(month: str, stream: random.Random) -> str:
    short = month[: 4 if month == "September" and stream.random() < 0.5 else 3]
    return stream.choice([short, f"{short}."]) if len(month) > 3 else month


def _ranked(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def _time(stream: random.Random) -> Pair:
    hour, minute = stream.randrange(1, 13), stream.choice([0, stream.randrange(60)])
    half = stream.choice(["am", "pm"])
    if stream.random() < 0.25:  # the clock of 24 hours
        hour = stream.randrange(24)
        return f"{hour:02}:{minute:02}", speech.clock(hour, minute)
    written = f"{hour}:{minute:02}"
    if stream.random() < 0.2:
        return written, speech.clock(hour, minute)
    if not minute and stream.random() < 0.7:
        written = str(hour)
    shown = stream.choice([half, half, half.upper(), f"{half[0]}.m."])
    spoken = speech.clock(hour, minute, half) + DOT * shown.endswith(".")
    return f"{written} {shown}" if stream.random() < 0.8 else f"{written}{shown}", spoken


def _clock(stream: random.Random) -> Pair:
    """Draw a time with minutes and without half a day: 8:40, 18:05."""
    hour, minute = stream.randrange(1, 24), stream.randrange(1, 60)
    return f"{hour}:{minute:02}", speech.clock(hour, minute)


def _year(stream: random.Random) -> Pair:
    number = stream.choice([stream.randrange(1100, 1900), stream.randrange(1900, 2060), stream.randrange(1900, 2060)])
    return str(number), speech.year(number)


def _years(stream: random.Random) -> Pair:
    first = stream.randrange(1500, 2000)
    last = first + stream.randrange(1, 60)
    return f"{first}{dash(stream)}{last}", f"{speech.year(first)} to {speech.year(last)}"


def _decade(stream: random.Random) -> Pair:
    number = stream.choice(
        [stream.randrange(20, 100, 10), stream.randrange(1900, 2030, 10), stream.randrange(1500, 1900, 10)]
    )
    mark = stream.choice(["", "", "'"]) if number < 100 else ""
    return f"{mark}{number}s", speech.decade(number)


def _count(stream: random.Random) -> Pair:
    if stream.random() < 0.1:
        millions, word = round_number(stream, "."), stream.choice(["million", "billion"])
        return f"{millions} {word}", f"{speech.decimal(millions)} {word}"
    number = draw_size(stream, 2, 9_999_999)
    return f"{number:,}", speech.cardinal(number)


def _small(stream: random.Random) -> Pair:
    number = draw_size(stream, 1, 999)
    return str(number), speech.cardinal(number)


def _numbered(stream: random.Random) -> Pair:
    written, spoken = _small(stream)
    return f"{stream.choice(['No. ', 'No. ', '#'])}{written}", f"number {spoken}"


def _decimal(stream: random.Random) -> Pair:
    digits = stream.choice([str(stream.randrange(1, 10)), f"{stream.randrange(1, 100):02}"])
    number = f"{draw_size(stream, 1, 100) - 1}.{digits}"
    return number, speech.decimal(number)


def _range(stream: random.Random) -> Pair:
    first = draw_size(stream, 2, 300)
    last = first + draw_size(stream, 1, 60)
    return f"{first}{dash(stream)}{last}", f"{speech.cardinal(first)} to {speech.cardinal(last)}"


def _score(stream: random.Random) -> Pair:
    first, last = stream.randrange(0, 12), stream.randrange(0, 12)
    return f"{first}{dash(stream)}{last}", f"{speech.cardinal(first)} to {speech.cardinal(last)}"


def _ordinal(stream: random.Random) -> Pair:
    number = draw_size(stream, 1, 199)
    return _ranked(number), speech.ordinal(number)


def _price(stream: random.Random) -> Pair:
    symbol, whole = stream.choice("$$$$€£"), draw_size(stream, 1, 999_999)
    if whole > 999 or stream.random() < 0.3:
        return f"{symbol}{whole:,}", speech.price(symbol, whole)
    hundredths = stream.choice([stream.randrange(1, 100), stream.randrange(5, 100, 5), stream.choice([0, 99])])
    whole = 0 if hundredths and stream.random() < 0.1 else whole
    return f"{symbol}{whole}.{hundredths:02}", speech.price(symbol, whole, hundredths)


def _millions(stream: random.Random) -> Pair:
    symbol, number = stream.choice("$$$$€£"), round_number(stream, ".")
    word = stream.choice(["million", "million", "billion"])
    return f"{symbol}{number} {word}", speech.large(symbol, number, word)


def _percent(stream: random.Random) -> Pair:
    written, spoken = stream.choice([_small, _decimal])(stream)
    return f"{written}{stream.choice(['%', '%', ' %'])}", f"{spoken} percent"


def _quantity(stream: random.Random, *units: str, most: int = 20_000) -> Pair:
    unit = stream.choice(units)
    number = _decimal(stream)[0] if stream.random() < 0.25 else f"{draw_size(stream, 1, most):,}"
    return f"{number}{stream.choice([' ', ' ', ''])}{unit}", speech.quantity(number.replace(",", ""), unit)


def _duration(stream: random.Random) -> Pair:
    written, spoken = _quantity(stream, "h", "min", "s", most=90)
    return re.sub(r"^(\d0)s$", r"\1 s", written), spoken  # the 20s are a decade


def _temperature(stream: random.Random, low: int, high: int) -> Pair:
    number, unit = str(stream.randrange(low, high)), stream.choice(["°C", "°F"])
    number = f"{number}.{stream.randrange(10)}" if stream.random() < 0.25 else number
    written = with_minus(number, stream)
    return f"{written}{stream.choice([' ', ''])}{unit}", speech.quantity(number, unit)


def _phone(stream: random.Random) -> Pair:
    area, group, line = (str(stream.randrange(10 ** (size - 1), 10**size)) for size in (3, 3, 4))
    line = stream.choice([line, f"0{line[1:]}"])
    written, spoken = f"{group}-{line}", f"{speech.digits(group)}, {speech.digits(line)}"
    if stream.random() < 0.5:
        return written, spoken
    return f"{stream.choice([f'({area}) ', f'{area}-'])}{written}", f"{speech.digits(area)}, {spoken}"


def _titled(stream: random.Random) -> Pair:
    written, spoken = stream.choice([*TITLES.items()])
    surname = stream.choice(WORDS["surname"]) if stream.random() < 0.6 else ANY_WORDS.name(stream)
    return f"{written} {surname}", f"{spoken} {surname}"


def _monarch(stream: random.Random) -> Pair:
    name = stream.choice(MONARCHS)
    number = stream.randrange(2, 17)
    return f"{name} {roman(number)}", f"{name} the {speech.ordinal(number)}"


def _part(stream: random.Random) -> Pair:
    """Draw a part with its Roman numeral: not I, which may be a word."""
    word, number = stream.choice(PARTS), stream.randrange(2, 25)
    return f"{word} {roman(number)}", f"{word} {speech.cardinal(number)}"


def _aged(stream: random.Random) -> Pair:
    number = draw_size(stream, 1, 120)
    return f"{speech.article(number)} {number}-year-old", f"{speech.article(number)} {speech.cardinal(number)}-year-old"


def _sized(stream: random.Random) -> Pair:
    """Draw a thing with its size before it: a 10 km race, a ten kilometer race."""
    thing = stream.choice([*SIZED])
    number, unit = draw_size(stream, 2, 120), SIZED[thing]
    article, link = speech.article(number), stream.choice([" ", " ", "-"])
    return (
        f"{article} {number}{link}{unit} {thing}",
        f"{article} {speech.cardinal(number)} {speech.UNITS[unit][0]} {thing}",
    )


def _worth(stream: random.Random) -> Pair:
    """Draw a thing with its price before it: a $20 bill, a twenty dollar bill."""
    thing, symbol, number = stream.choice(WORTH), stream.choice("$$$€£"), draw_size(stream, 2, 999)
    word = stream.choice(["", "", " million", " billion"])
    article, money = speech.article(number), speech.CURRENCIES[symbol][0]
    return f"{article} {symbol}{number}{word} {thing}", f"{article} {speech.cardinal(number)}{word} {money} {thing}"


SLOTS = {
    "date": _date,
    "day": _day,
    "time": _time,
    "clock": _clock,
    "year": _year,
    "years": _years,
    "decade": _decade,
    "count": _count,
    "small": _small,
    "numbered": _numbered,
    "decimal": _decimal,
    "range": _range,
    "score": _score,
    "ordinal": _ordinal,
    "price": _price,
    "millions": _millions,
    "percent": _percent,
    "length": lambda stream: _quantity(stream, "m", "cm", "mm", "ft", most=999),
    "distance": lambda stream: _quantity(stream, "km", "mi"),
    "weight": lambda stream: _quantity(stream, "kg", "g", "lb", "oz"),
    "volume": lambda stream: _quantity(stream, "L", "mL"),
    "area": lambda stream: _quantity(stream, "m²", "km²"),
    "speed": lambda stream: _quantity(stream, "km/h", "mph", most=300),
    "duration": _duration,
    "memory": lambda stream: _quantity(stream, "GB", "MB"),
    "power": lambda stream: _quantity(stream, "W", "kW"),
    "temperature": lambda stream: _temperature(stream, -40, 101),
    "oven": lambda stream: _temperature(stream, 120, 261),
    "phone": _phone,
    "titled": _titled,
    "monarch": _monarch,
    "part": _part,
    "aged": _aged,
    "sized": _sized,
    "worth": _worth,
    "fraction": lambda stream: stream.choice([*FRACTIONS.items()]),
    "short": lambda stream: stream.choice([*SHORT.items()]),
}
