"""French numbers in words, as they are read aloud: deux cent cinq, sept heures cinq, trois euros cinquante.

The spelling is the traditional one: hyphens below one hundred only, and not around "et". A number that stands for an
ordinal (a year, a page, a room) does not agree: mille neuf cent quatre-vingt, page deux cent, page vingt et un.
"""

from zoo.training.data.numbers.slots import ordinal_words, place_words, words

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
# Written: (one, many, feminine).
UNITS = {
    "km": ("kilomètre", "kilomètres", False),
    "m": ("mètre", "mètres", False),
    "cm": ("centimètre", "centimètres", False),
    "mm": ("millimètre", "millimètres", False),
    "kg": ("kilogramme", "kilogrammes", False),
    "g": ("gramme", "grammes", False),
    "t": ("tonne", "tonnes", True),
    "L": ("litre", "litres", False),
    "mL": ("millilitre", "millilitres", False),
    "m²": ("mètre carré", "mètres carrés", False),
    "km²": ("kilomètre carré", "kilomètres carrés", False),
    "ha": ("hectare", "hectares", False),
    "km/h": ("kilomètre par heure", "kilomètres par heure", False),
    "°C": ("degré Celsius", "degrés Celsius", False),
    "°": ("degré", "degrés", False),
    "min": ("minute", "minutes", True),
    "s": ("seconde", "secondes", True),
    "Go": ("gigaoctet", "gigaoctets", False),
    "Mo": ("mégaoctet", "mégaoctets", False),
    "W": ("watt", "watts", False),
    "kW": ("kilowatt", "kilowatts", False),
}
# Written: (one, many, feminine, one hundredth, hundredths).
CURRENCIES = {
    "€": ("euro", "euros", False, "centime", "centimes"),
    "$": ("dollar", "dollars", False, "cent", "cents"),
    "£": ("livre", "livres", True, "penny", "pence"),
}


def cardinal(number: int, feminine: bool = False) -> str:
    """Return a number that counts: deux cents, quatre-vingts, vingt et une; a negative one begins with "moins"."""
    return f"moins {cardinal(-number, feminine)}" if number < 0 else words(number, feminine)[0]


def rank(number: int) -> str:
    """Return a number that stands for an ordinal, without agreement: quatre-vingt, mille neuf cent."""
    return place_words(number)[0]


def ordinal(number: int, feminine: bool = False) -> str:
    """Return an ordinal: premier, première, vingt et unième."""
    return ordinal_words(number, feminine)[0]


def decimal(text: str, feminine: bool = False) -> str:
    """Return a number with or without a comma: trois virgule quatorze, zéro virgule zéro cinq."""
    if text.startswith("-"):
        return f"moins {decimal(text[1:], feminine)}"
    whole, _, digits = text.partition(",")
    if not digits:
        return cardinal(int(whole), feminine)
    zeros = len(digits) - len(digits.lstrip("0"))
    return " ".join([cardinal(int(whole), feminine), "virgule", *["zéro"] * zeros, cardinal(int(digits))])


def pairs(text: str) -> str:
    """Return a telephone number in pairs of digits: zéro six, douze, zéro zéro."""
    return ", ".join(f"zéro {cardinal(int(pair))}" if pair[0] == "0" else cardinal(int(pair)) for pair in text.split())


def month_day(month: int, day: int) -> str:
    """Return a day of the year: premier mai, deux mai."""
    return f"{'premier' if day == 1 else cardinal(day)} {MONTHS[month - 1]}"


def date(year: int, month: int, day: int) -> str:
    """Return a date: onze décembre deux mille vingt et un."""
    return f"{month_day(month, day)} {rank(year)}"


def clock(hour: int, minute: int) -> str:
    """Return a time of the clock of 24 hours: sept heures cinq, douze heures trente, une heure une."""
    spoken = f"{cardinal(hour, feminine=True)} heure{'s' if hour > 1 else ''}"
    return f"{spoken} {cardinal(minute, feminine=True)}" if minute else spoken


def price(symbol: str, whole: int, hundredths: int = 0) -> str:
    """Return a price: trois euros cinquante, quatre-vingts centimes, vingt et une livres."""
    one, many, feminine, one_hundredth, many_hundredths = CURRENCIES[symbol]
    if not whole and hundredths:
        return f"{cardinal(hundredths)} {one_hundredth if hundredths == 1 else many_hundredths}"
    spoken = f"{cardinal(whole, feminine)} {one if whole < 2 else many}"
    return f"{spoken} {cardinal(hundredths)}" if hundredths else spoken


def millions(symbol: str, number: str) -> str:
    """Return a price in millions: deux virgule cinq millions d'euros, un million de livres."""
    many = CURRENCIES[symbol][1]
    link = "d'" if many[0] == "e" else "de "
    return f"{decimal(number)} {'million' if below_two(number) else 'millions'} {link}{many}"


def quantity(number: str, unit: str) -> str:
    """Return an amount of a unit, plural from two: un virgule cinq kilogramme, vingt et une minutes."""
    one, many, feminine = UNITS[unit]
    return f"{decimal(number, feminine)} {one if below_two(number) else many}"


def below_two(number: str) -> bool:
    """Return whether a number, with or without a comma, takes the singular."""
    return abs(float(number.replace(",", "."))) < 2
