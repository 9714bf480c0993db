"""The slots of the table in `phrases.py`: functions that draw a thing and spell it in both languages.

To add a slot, write a function of the random stream that returns (French, English) and name it in SLOTS.
"""

import datetime
import random
from collections.abc import Callable
from functools import cache

from num2words import num2words

from zoo.training.data.generated import draw_date, draw_size
from zoo.training.data.numbers import names
from zoo.training.data.numbers.phrases import COLOURS, FOODS, ITEMS, RANKED, THINGS

Form = str | names.Name
Pair = tuple[Form, Form]


@cache
def words(number: int, feminine: bool = False) -> tuple[str, str]:
    """Spell a number in French and in English; in French "un" agrees: vingt et une."""
    french, english = num2words(number, lang="fr"), num2words(number, lang="en").replace(",", "")
    return french + "e" if feminine and french.endswith("un") else french, english


@cache
def ordinal_words(number: int, feminine: bool = False) -> tuple[str, str]:
    """Spell an ordinal in French and in English: vingt-troisième, twenty-third."""
    french = num2words(number, lang="fr", to="ordinal")
    # num2words keeps the plural s of its cardinals: quatre-vingtsième, deux centsième.
    french = french.replace("vingtsième", "vingtième").replace("centsième", "centième")
    english = num2words(number, lang="en", to="ordinal").replace(",", "")
    return "première" if feminine and number == 1 else french, english


@cache
def place_words(number: int) -> tuple[str, str]:
    """Spell a number that names a place in an order: page deux cent, page two hundred. French leaves out a plural s."""
    french, english = words(number)
    return french.removesuffix("s") if french.endswith(("vingts", "cents")) else french, english


@cache
def year_words(year: int) -> tuple[str, str]:
    """Spell a year in French and in English: mille sept cent, seventeen hundred."""
    return place_words(year)[0], num2words(year, lang="en", to="year")


def _number(stream: random.Random) -> Pair:
    return words(draw_size(stream, 2, 999_999))


def _hundred(stream: random.Random) -> Pair:
    return words(draw_size(stream, 2, 999))


def _place(stream: random.Random) -> Pair:
    return place_words(draw_size(stream, 2, 999))


def _rank(stream: random.Random) -> Pair:
    noun, gender, english = stream.choice(RANKED)
    rank = ordinal_words(draw_size(stream, 1, 199), gender == "f")
    article = "la" if gender == "f" else "le"
    return names.Name(f"{rank[0]} {noun}", le=f"{article} {rank[0]} {noun}"), f"{rank[1]} {english}"


def _calendar_day(stream: random.Random) -> tuple[datetime.date, Pair]:
    """Draw a day of the years 1900 to 2029, and its day and month: 28 octobre, October 28."""
    date = draw_date(stream, 1900, 47_482)
    french, english = names.months()[date.month - 1]
    return date, (f"{'1er' if date.day == 1 else date.day} {french}", f"{english} {date.day}")


def _day(stream: random.Random) -> Pair:
    return _calendar_day(stream)[1]


def _date(stream: random.Random) -> Pair:
    date, (french, english) = _calendar_day(stream)
    return f"{french} {date.year}", f"{english}, {date.year}"


def _weekday_date(stream: random.Random) -> Pair:
    date, (french, english) = _calendar_day(stream)
    weekday = names.weekdays()[date.weekday()]
    return f"{weekday[0]} {french} {date.year}", f"{weekday[1]}, {english}, {date.year}"


def _spelled_day(stream: random.Random) -> Pair:
    """Draw a day and month with or without its weekday: vingt-huit octobre, October twenty-eighth."""
    date, _ = _calendar_day(stream)
    french, english = names.months()[date.month - 1]
    number = "premier" if date.day == 1 else words(date.day)[0]
    spelled = f"{number} {french}", f"{english} {ordinal_words(date.day)[1]}"
    weekday = stream.choice(names.weekdays())
    return stream.choice([spelled, (f"{weekday[0]} {spelled[0]}", f"{weekday[1]}, {spelled[1]}")])


def _clock(stream: random.Random) -> Pair:
    """Draw a time in figures: 15 h 30, 3:30 p.m. Noon and midnight belong to the spelled ones."""
    hour, minute = divmod(stream.randrange(1, 24 * 60), 60)
    if stream.random() < 0.2 and hour % 12:
        minute = 0
    half = "a.m." if hour < 12 else "p.m."
    if not minute and hour % 12:
        return f"{hour} h", f"{hour % 12} {half}"
    minute = minute or 30
    return f"{hour} h {minute:02}", f"{hour % 12 or 12}:{minute:02} {half}"


def _spelled_time(stream: random.Random) -> Pair:
    """Draw a time in words: six heures moins vingt du soir, twenty to six in the evening."""
    if stream.random() < 0.02:
        return stream.choice([("midi", "noon"), ("minuit", "midnight")])
    hour, minute = stream.randrange(1, 12), stream.randrange(0, 60, 5)
    french_minute, english_minute = _minutes(minute)
    french, english = words(hour, feminine=True)
    french = f"{french} heure{'s' if hour > 1 else ''}{french_minute}"
    parts = [("", ""), ("du matin", "in the morning")]
    late = ("du soir", "in the evening" if hour < 10 else "at night")
    parts.append(("de l'après-midi", "in the afternoon") if hour < 6 else late)
    part = stream.choice(parts)
    english = f"{english_minute} {english}" if minute else english if part[1] else f"{english} o'clock"
    return f"{french} {part[0]}".rstrip(), f"{english} {part[1]}".rstrip()


def _minutes(minute: int) -> tuple[str, str]:
    """Spell the minutes of a clock; after half past they count down to the hour that is named."""
    quarters = {0: ("", ""), 15: (" et quart", "a quarter past"), 30: (" et demie", "half past")}
    quarters[45] = (" moins le quart", "a quarter to")
    if minute in quarters:
        return quarters[minute]
    if minute > 30:
        return f" moins {words(60 - minute)[0]}", f"{words(60 - minute)[1]} to"
    return f" {words(minute)[0]}", f"{words(minute)[1]} past"


def _time(stream: random.Random) -> Pair:
    return stream.choice([_clock, _spelled_time])(stream)


def _year(stream: random.Random) -> Pair:
    return year_words(stream.randrange(1500, 2050))


def _years(stream: random.Random) -> Pair:
    """Draw a span of years: mille huit cent à mille neuf cent trois, eighteen hundred to nineteen oh-three."""
    first = stream.randrange(1500, 2000)
    (french, english), (french2, english2) = year_words(first), year_words(first + stream.randrange(1, 100))
    return f"{french} à {french2}", f"{english} to {english2}"


def _price(stream: random.Random) -> Pair:
    return stream.choice([_figure_price, _figure_price, _spelled_price])(stream)


def _figure_price(stream: random.Random) -> Pair:
    """Draw a price in figures: 15,50 €, €15.50; three in ten are round."""
    symbol, whole = stream.choice("€€€$£"), draw_size(stream, 1, 9999)
    if stream.random() < 0.3 or whole > 999:
        return f"{whole:,} {symbol}".replace(",", " "), f"{symbol}{whole:,}"
    cents = stream.choice([*range(5, 100, 5), 99])
    return f"{whole},{cents:02} {symbol}", f"{symbol}{whole}.{cents:02}"


def _spelled_price(stream: random.Random) -> Pair:
    """Draw a price in words: douze euros et vingt centimes, twelve euros and twenty cents."""
    (french, english), cents = words(draw_size(stream, 2, 99)), stream.choice([0, *range(5, 100, 5)])
    french, english = f"{french} euros", f"{english} euros"
    if not cents:
        return french, english
    return f"{french} et {words(cents)[0]} centimes", f"{english} and {words(cents)[1]} cents"


def _things(stream: random.Random) -> Pair:
    """Draw so many things of a colour, or of none: vingt et une voitures rouges, twenty-one red cars."""
    noun, gender, english_noun = stream.choice(THINGS)
    french, english = words(draw_size(stream, 2, 999), gender == "f")
    if stream.random() < 0.2:
        return f"{french} {noun}", f"{english} {english_noun}"
    masculine, feminine, english_colour = stream.choice(COLOURS)
    colour = feminine if gender == "f" else masculine
    return f"{french} {noun} {colour}", f"{english} {english_colour} {english_noun}"


def _measure(stream: random.Random, measure: str, most: int = 999) -> Pair:
    unit, english_unit = stream.choice(names.units(measure))
    french, english = words(draw_size(stream, 2, most), unit.feminine)
    return f"{french} {unit}", f"{english} {english_unit}"


def _portion(stream: random.Random) -> Pair:
    """Draw an amount of a food, in words or figures: 2,5 kg de sucre, 2.5 kg of sugar."""
    food, english_food = stream.choice(FOODS)
    if stream.random() < 0.5:
        french, english = _measure(stream, "weight")
        return f"{french} {food}", f"{english} of {english_food}"
    grams = stream.choice([f"{stream.randrange(5, 100) * 10} g", f"{stream.randrange(1, 50)}.5 kg"])
    return f"{grams.replace('.', ',')} {food}", f"{grams} of {english_food}"


def _sum(stream: random.Random) -> Pair:
    """Draw an amount of a currency: deux cents francs suisses, two hundred Swiss francs."""
    currency, english_currency = stream.choice(names.currencies())
    french, english = words(draw_size(stream, 2, 9999), currency.feminine)
    return f"{french} {currency.many}", f"{english} {english_currency.many}"


SLOTS: dict[str, Callable[[random.Random], Pair]] = {
    "number": _number,
    "hundred": _hundred,
    "place": _place,
    "rank": _rank,
    "day": _day,
    "date": _date,
    "weekday_date": _weekday_date,
    "spelled_day": _spelled_day,
    "month": lambda stream: stream.choice(names.months()),
    "weekday": lambda stream: stream.choice(names.weekdays()),
    "clock": _clock,
    "time": _time,
    "year": _year,
    "years": _years,
    "price": _price,
    "item": lambda stream: stream.choice(ITEMS),
    "things": _things,
    "portion": _portion,
    "length": lambda stream: _measure(stream, "length"),
    "weight": lambda stream: _measure(stream, "weight"),
    "duration": lambda stream: _measure(stream, "duration"),
    "stay": lambda stream: _measure(stream, "stay", 99),
    "country": lambda stream: stream.choice(names.countries()),
    "language": lambda stream: stream.choice(names.languages()),
    "currency": lambda stream: stream.choice(names.currencies()),
    "sum": _sum,
}
