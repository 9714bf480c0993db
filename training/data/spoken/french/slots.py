"""The slots of the French sentences: functions that draw a thing and return it as (written, spoken).

To add a slot, write a function of the random stream and name it in SLOTS. The reading of a written form must follow
from the form and the words around it.
"""

import random

from zoo.training.data.generated import draw_date, draw_size
from zoo.training.data.spoken.figures import dash, round_number, with_minus
from zoo.training.data.spoken.french import speech
from zoo.training.data.spoken.french.sentences import COMMON, COUNTED, WORDS
from zoo.training.data.spoken.roman import roman
from zoo.training.data.spoken.text import AnyWords

Pair = tuple[str, str]

SHORT_MONTHS = (
    *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
    *("juill.", "août", "sept.", "oct.", "nov.", "déc."),
)
TITLES = {"M.": "Monsieur", "Mme": "Madame", "Mlle": "Mademoiselle"}
MONARCHS = ("Louis", "Charles", "Henri", "François", "Napoléon", "Philippe", "Jean", "Édouard")
PARTS = ("chapitre", "tome", "volume", "acte", "livre")
SHORT = {"&": "et", "p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "env.": "environ"}
ANY_WORDS = AnyWords(
    COMMON,
    said=(
        *(*speech.UNITS, *speech.MONTHS, *(month.strip(".") for month in SHORT_MONTHS), "h"),
        *("million", "millions", "milliard", "milliards"),
        *(*(title.strip(".") for title in TITLES), "dr", *MONARCHS, "ier", "siècle", "ex", "env"),
    ),
)


def _date(stream: random.Random) -> Pair:
    date = draw_date(stream, 1850, 73_000)
    day, month = "1er" if date.day == 1 else str(date.day), date.month - 1
    forms = [
        f"{date:%d/%m}/{date.year}",
        f"{date:%d/%m}/{date.year}",
        f"{date.day}/{date.month}/{date.year}",
        f"{date:%d.%m}.{date.year}",
        f"{day} {speech.MONTHS[month]} {date.year}",
        f"{day} {speech.MONTHS[month]} {date.year}",
        f"{day} {SHORT_MONTHS[month]} {date.year}",
    ]
    return stream.choice(forms), speech.date(date.year, date.month, date.day)


def _day(stream: random.Random) -> Pair:
    date = draw_date(stream, 1850, 73_000)
    day, month = "1er" if date.day == 1 else str(date.day), date.month - 1
    forms = [f"{day} {speech.MONTHS[month]}", f"{day} {speech.MONTHS[month]}", f"{date:%d/%m}"]
    return stream.choice(forms), speech.month_day(date.month, date.day)


def _time(stream: random.Random) -> Pair:
    hour, minute = stream.randrange(24), stream.choice([0, stream.randrange(60), stream.randrange(60)])
    forms = [f"{hour}h{minute:02}", f"{hour} h {minute:02}", f"{hour:02}:{minute:02}"]
    if not minute:
        forms = [f"{hour}h", f"{hour} h", f"{hour:02}:00"]
    return stream.choice(forms), speech.clock(hour, minute)


def _span(stream: random.Random) -> Pair:
    """Draw a time that "de" does not elide before: not one o'clock."""
    written, spoken = _time(stream)
    return _span(stream) if spoken.startswith("une") else (written, spoken)


def _year(stream: random.Random) -> Pair:
    number = stream.choice([stream.randrange(1100, 1900), stream.randrange(1900, 2060), stream.randrange(1900, 2060)])
    return str(number), speech.rank(number)


def _years(stream: random.Random) -> Pair:
    first = stream.randrange(1500, 2000)
    last = first + stream.randrange(1, 60)
    return f"{first}{dash(stream)}{last}", f"{speech.rank(first)} à {speech.rank(last)}"


def _decade(stream: random.Random) -> Pair:
    number = stream.choice(
        [stream.randrange(20, 100, 10), stream.randrange(1900, 2030, 10), stream.randrange(1500, 1900, 10)]
    )
    return str(number), speech.rank(number)


def _figures(stream: random.Random, number: int) -> str:
    """Return a number with a space before each three digits; four digits have none in a third of the cases."""
    return str(number) if number < 10_000 and stream.random() < 0.3 else f"{number:,}".replace(",", " ")


def _number(stream: random.Random) -> int:
    """Draw a number that no "de" follows: not a whole number of millions."""
    number = draw_size(stream, 2, 9_999_999)
    return number if number % 1_000_000 else _number(stream)


def _counted(stream: random.Random) -> Pair:
    """Draw so many things, which decide between "un" and "une": vingt et une pommes."""
    noun, number = stream.choice(list(COUNTED)), _number(stream)
    return f"{_figures(stream, number)} {noun}", f"{speech.cardinal(number, COUNTED[noun])} {noun}"


def _tally(stream: random.Random) -> Pair:
    """Draw a number that does not depend on the gender of what it counts: it does not end in "un"."""
    number = _number(stream)
    number += number % 10 == 1
    return _figures(stream, number), speech.cardinal(number)


def _count(stream: random.Random) -> Pair:
    number = _number(stream)
    return _figures(stream, number), speech.cardinal(number)


def _rank(stream: random.Random) -> Pair:
    number = draw_size(stream, 1, 999)
    return str(number), speech.rank(number)


def _numbered(stream: random.Random) -> Pair:
    written, spoken = _rank(stream)
    return f"n°{stream.choice([' ', ' ', ''])}{written}", f"numéro {spoken}"


def _decimal(stream: random.Random) -> Pair:
    digits = stream.choice([str(stream.randrange(1, 10)), f"{stream.randrange(1, 100):02}"])
    number = f"{draw_size(stream, 1, 100) - 1},{digits}"
    return number, speech.decimal(number)


def _range(stream: random.Random) -> Pair:
    first = draw_size(stream, 2, 300)
    last = first + draw_size(stream, 1, 60)
    return f"{first}{dash(stream)}{last}", f"{speech.rank(first)} à {speech.rank(last)}"


def _score(stream: random.Random) -> Pair:
    first, last = stream.randrange(12), stream.randrange(12)
    return f"{first}{dash(stream)}{last}", f"{speech.cardinal(first)} à {speech.cardinal(last)}"


def _ordinal(stream: random.Random, feminine: bool) -> Pair:
    number = draw_size(stream, 1, 199)
    first = stream.choice(["1re", "1re", "1ère"]) if feminine else "1er"
    return first if number == 1 else f"{number}{stream.choice(['e', 'e', 'ème'])}", speech.ordinal(number, feminine)


def _price(stream: random.Random) -> Pair:
    symbol, whole = stream.choice("€€€€$£"), draw_size(stream, 1, 999_999)
    if whole > 999 or stream.random() < 0.3:
        return f"{_figures(stream, whole)}{stream.choice([' ', ' ', ''])}{symbol}", speech.price(symbol, whole)
    hundredths = stream.choice([stream.randrange(1, 100), stream.randrange(5, 100, 5), stream.choice([0, 99])])
    whole = 0 if hundredths > 9 and stream.random() < 0.1 else whole  # "cinq cents" would be five hundred
    return f"{whole},{hundredths:02}{stream.choice([' ', ' ', ''])}{symbol}", speech.price(symbol, whole, hundredths)


def _millions(stream: random.Random) -> Pair:
    symbol, number = stream.choice("€€€€$£"), round_number(stream, ",")
    return f"{number} M{symbol}", speech.millions(symbol, number)


def _large(stream: random.Random) -> Pair:
    """Draw a number of millions or milliards, which stay words: 2,5 millions."""
    number, word = round_number(stream, ","), stream.choice(["million", "milliard"])
    word += "" if speech.below_two(number) else "s"
    return f"{number} {word}", f"{speech.decimal(number)} {word}"


def _percent(stream: random.Random) -> Pair:
    number = _decimal(stream)[0] if stream.random() < 0.5 else str(draw_size(stream, 1, 200))
    return f"{number}{stream.choice([' ', ' ', ''])}%", f"{speech.decimal(number)} pour cent"


def _quantity(stream: random.Random, *units: str, most: int = 20_000) -> Pair:
    unit = stream.choice(units)
    number = _decimal(stream)[0] if stream.random() < 0.25 else _figures(stream, draw_size(stream, 1, most))
    return f"{number}{stream.choice([' ', ' ', ''])}{unit}", speech.quantity(number.replace(" ", ""), unit)


def _temperature(stream: random.Random, low: int, high: int) -> Pair:
    number = str(stream.randrange(low, high))
    number = f"{number},{stream.randrange(1, 10)}" if stream.random() < 0.25 else number
    unit = stream.choice(["°C", "°C", "°"])
    space = stream.choice([" ", ""]) if unit == "°C" else ""
    written = with_minus(number, stream)
    return f"{written}{space}{unit}", speech.quantity(number, unit)


def _phone(stream: random.Random) -> Pair:
    pairs = [stream.randrange(100) for _ in range(4)]
    written = f"0{stream.randrange(1, 10)} {' '.join(f'{pair:02}' for pair in pairs)}"
    return written.replace(" ", stream.choice("  .-")), speech.pairs(written)


def _titled(stream: random.Random) -> Pair:
    written, spoken = stream.choice([*TITLES.items()])
    surname = stream.choice(WORDS["surname"]) if stream.random() < 0.6 else ANY_WORDS.name(stream)
    return f"{written} {surname}", f"{spoken} {surname}"


def _monarch(stream: random.Random) -> Pair:
    name = stream.choice(MONARCHS)
    number = stream.randrange(1, 19)
    return f"{name} {'Ier' if number == 1 else roman(number)}", f"{name} {_first_or_cardinal(number)}"


def _first_or_cardinal(number: int) -> str:
    return "premier" if number == 1 else speech.cardinal(number)


def _part(stream: random.Random) -> Pair:
    word, number = stream.choice(PARTS), stream.randrange(1, 25)
    return f"{word} {roman(number)}", f"{word} {speech.cardinal(number)}"


def _doctor(stream: random.Random) -> Pair:
    """Draw a doctor, who has an article: le Dr Blanc."""
    surname = stream.choice(WORDS["surname"]) if stream.random() < 0.6 else ANY_WORDS.name(stream)
    return f"Dr {surname}", f"docteur {surname}"


def _republic(stream: random.Random) -> Pair:
    number = stream.randrange(2, 6)
    return f"{roman(number)}e République", f"{speech.ordinal(number, True)} République"


def _mark(stream: random.Random) -> Pair:
    number = stream.randrange(21)
    return f"{number}/20", f"{speech.cardinal(number)} sur vingt"


def _century(stream: random.Random) -> Pair:
    number = stream.randrange(1, 22)
    return f"{roman(number)}{'er' if number == 1 else 'e'} siècle", f"{speech.ordinal(number)} siècle"


SLOTS = {
    "date": _date,
    "day": _day,
    "time": _time,
    "span": _span,
    "year": _year,
    "years": _years,
    "decade": _decade,
    "counted": _counted,
    "tally": _tally,
    "count": _count,
    "rank": _rank,
    "numbered": _numbered,
    "decimal": _decimal,
    "range": _range,
    "score": _score,
    "ordinal": lambda stream: _ordinal(stream, feminine=False),
    "ordinal_feminine": lambda stream: _ordinal(stream, feminine=True),
    "price": _price,
    "millions": _millions,
    "large": _large,
    "percent": _percent,
    "length": lambda stream: _quantity(stream, "m", "cm", "mm", most=999),
    "distance": lambda stream: _quantity(stream, "km"),
    "weight": lambda stream: _quantity(stream, "kg", "g", "t"),
    "volume": lambda stream: _quantity(stream, "L", "mL"),
    "area": lambda stream: _quantity(stream, "m²", "km²", "ha"),
    "speed": lambda stream: _quantity(stream, "km/h", most=300),
    "duration": lambda stream: _quantity(stream, "min", "s", most=90),
    "memory": lambda stream: _quantity(stream, "Go", "Mo"),
    "power": lambda stream: _quantity(stream, "W", "kW"),
    "temperature": lambda stream: _temperature(stream, -40, 46),
    "oven": lambda stream: _temperature(stream, 80, 261),
    "phone": _phone,
    "titled": _titled,
    "monarch": _monarch,
    "part": _part,
    "short": lambda stream: stream.choice([*SHORT.items()]),
    "century": _century,
    "doctor": _doctor,
    "republic": _republic,
    "mark": _mark,
}
