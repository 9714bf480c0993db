"""Names from the Unicode CLDR (by way of Babel) in French and English, with the grammar that sentences need.

CLDR writes no-break spaces and curly apostrophes; here every name is plain text: NFC, ordinary spaces, straight
apostrophes, and "and" for "&".
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale
from babel.dates import get_day_names, get_month_names
from babel.numbers import get_currency_name
from babel.units import format_unit

FRENCH, ENGLISH = Locale("fr"), Locale("en")

# ISO 3166 codes by French article. Left out: names CLDR writes with parentheses, places with irregular grammar, and
# names that have changed of late, such as Türkiye.
COUNTRIES = {
    "la": "AL AM AR AT AU BA BE BG BO BY CF CH CI CN CO CZ DE DO DZ EE EG ER ES ET FI FM FR GE GF GM GN GQ GR GW HR HU "
    "ID IE IN IS IT JM JO KP KR LT LV LY MD MK MN MR MY NA NC NO NZ PF PG PL RO RS RU SA SE SI SK SL SO SY TH TN TZ "
    "UA ZA ZM",
    "le": "AF AO AZ BD BF BI BJ BR BT BW BZ CA CL CM CR CV DK EC GA GB GH GL GT GY HN IQ IR JP KE KG KH KW KZ LA LB LI "
    "LK LR LS LU MA ME ML MW MX MZ NE NG NI NP PA PE PK PT PY QA RW SD SN SR SS SV SZ TD TG TJ TL TM UG UY UZ VE VN VU "
    "XK YE ZW",
    "les": "AE BS FJ FO IC KM KY MH MV NL PH PW SB SC US",
    "": "BH CU CY DJ HT IL LC MC MG MT NR OM PR SG SM TW",
}
ENGLISH_THE = set("AE BS CF DO FO GB IC KM KY MH MV NL PH SB US".split())

# ISO 639 codes; every name is one word and masculine in French.
LANGUAGES = (
    "ar az be bg bo br bs ca co cs cy da de el en eo es et eu fa fi fr ga gl gn he hi hr hu hy id is it ja jv ka kk "
    "km ko ku la lb lt lv mg mk mn mr ms mt ne nl no oc pl pt qu ro ru sc sk sl sq sr sv sw ta th tl tr uk ur uz vi wo "
    "yi yo zu"
).split()

# ISO 4217 codes of currencies whose CLDR plurals are regular. The euro is left to the prices.
CURRENCIES = (
    "AMD ARS AUD BDT BOB BRL BWP BYN CAD CHF CLP CNY COP CUP CZK DKK DZD EGP ETB GBP GHS GTQ HKD HTG HUF IDR INR IQD "
    "ISK JMD JOD JPY KES KHR KRW LBP LKR LYD MAD MUR MXN NAD NGN NOK NPR NZD PEN PHP PKR PLN PYG QAR RON RSD RUB "
    "SAR SEK SGD SYP THB TND TZS UAH UGX USD UYU VND YER ZAR ZMW"
).split()
FEMININE_CURRENCIES = {"couronne", "gourde", "hryvnia", "livre", "roupie"}

# CLDR unit identifiers by what they measure. Hours are left out: "trois heures" is also "three o'clock".
UNITS = {
    "length": "length-kilometer length-meter length-centimeter length-mile",
    "weight": "mass-kilogram mass-gram",
    "duration": "duration-second duration-minute duration-day duration-week duration-month duration-year",
    "stay": "duration-day duration-week duration-month duration-year",
}
FEMININE_UNITS = {"minutes", "secondes", "semaines"}


@dataclass(frozen=True)
class Name:
    """A name and its grammatical forms; as text it is the bare name."""

    bare: str
    le: str = ""  # with its article
    de: str = ""  # after "de": from, or of
    to: str = ""  # after "à" or "en": to, or in
    many: str = ""  # plural
    feminine: bool = False

    def __str__(self) -> str:
        return self.bare


def plain(text: str) -> str:
    """Return CLDR text as plain NFC text with ordinary spaces and apostrophes."""
    for fancy, ordinary in (("\u202f", " "), ("\u00a0", " "), ("\u2019", "'"), ("&", "and")):
        text = text.replace(fancy, ordinary)
    return unicodedata.normalize("NFC", text)


def elides(word: str) -> bool:
    """Tell whether `le`, `la` and `de` lose their vowel before the French `word`."""
    first = unicodedata.normalize("NFD", word)[0].lower()
    return first in "aeiou" or word in ("Haïti", "hébreu")


def with_article(word: str, article: str) -> str:
    """Put a French article ("le", "la", "les" or none) before `word`: l'Italie, le Japon, Cuba."""
    if article in ("le", "la") and elides(word):
        return f"l'{word}"
    return f"{article} {word}".lstrip()


def contracted(preposition: str, word: str, article: str) -> str:
    """Put "de" or "à" and the article before `word`: du russe, de l'arabe, de la livre, au russe."""
    short = {"de": ("du", "des"), "à": ("au", "aux")}[preposition]
    if article == "le" and not elides(word):
        return f"{short[0]} {word}"
    if article == "les":
        return f"{short[1]} {word}"
    if preposition == "de" and not article and elides(word):
        return f"d'{word}"
    return f"{preposition} {with_article(word, article)}"


def _country(word: str, article: str) -> Name:
    """Give feminine countries, and those with a vowel, the forms without article: de France, en Iran, en Israël."""
    word = f"î{word[1:]}" if word.startswith("Île") else word  # les îles Féroé
    short = article == "la" or (article != "les" and elides(word) and word != "Oman")
    return Name(
        word,
        le=with_article(word, article),
        de=contracted("de", word, "" if short else article),
        to=f"en {word}" if short else contracted("à", word, article),
    )


@lru_cache(maxsize=1)
def countries() -> list[tuple[Name, str]]:
    """Return (French, English) names of countries."""
    names = []
    for article, codes in COUNTRIES.items():
        for code in codes.split():
            english = plain(ENGLISH.territories[code])
            english = f"the {english}" if code in ENGLISH_THE else english
            names.append((_country(plain(FRENCH.territories[code]), article), english))
    return names


@lru_cache(maxsize=1)
def languages() -> list[tuple[Name, str]]:
    """Return (French, English) names of languages."""
    names = []
    for code in LANGUAGES:
        word = plain(FRENCH.languages[code])
        french = Name(
            word, le=with_article(word, "le"), de=contracted("de", word, "le"), to=contracted("à", word, "le")
        )
        names.append((french, plain(ENGLISH.languages[code])))
    return names


@lru_cache(maxsize=1)
def currencies() -> list[tuple[Name, Name]]:
    """Return (French, English) names of currencies, with their plurals."""

    def name(code: str, count: int, locale: Locale) -> str:
        return plain(get_currency_name(code, count=count, locale=locale))

    names = []
    for code in CURRENCIES:
        word = name(code, 1, FRENCH)
        feminine = word.split()[0] in FEMININE_CURRENCIES
        article = "la" if feminine else "le"
        french = Name(
            word,
            le=with_article(word, article),
            de=contracted("de", word, article),
            to=contracted("à", word, article),
            many=name(code, 2, FRENCH),
            feminine=feminine,
        )
        names.append((french, Name(name(code, 1, ENGLISH), many=name(code, 2, ENGLISH))))
    return names


@lru_cache(maxsize=8)
def units(measure: str) -> list[tuple[Name, str]]:
    """Return (French, English) plural names of the units of a `measure`, a key of UNITS."""

    def name(code: str, locale: Locale) -> str:
        return plain(format_unit(2, code, length="long", locale=locale)).removeprefix("2 ")

    pairs = [(name(code, FRENCH), name(code, ENGLISH)) for code in UNITS[measure].split()]
    return [(Name(french, feminine=french in FEMININE_UNITS), english) for french, english in pairs]


@lru_cache(maxsize=1)
def months() -> list[tuple[str, str]]:
    """Return the (French, English) names of the months; January is at index 0."""
    names = [get_month_names("wide", locale=locale) for locale in (FRENCH, ENGLISH)]
    return [(plain(names[0][month]), plain(names[1][month])) for month in range(1, 13)]


@lru_cache(maxsize=1)
def weekdays() -> list[tuple[str, str]]:
    """Return the (French, English) names of the days; Monday is at index 0."""
    names = [get_day_names("wide", locale=locale) for locale in (FRENCH, ENGLISH)]
    return [(plain(names[0][day]), plain(names[1][day])) for day in range(7)]
