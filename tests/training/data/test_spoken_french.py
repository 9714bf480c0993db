"""French speech against a table checked by hand, and written forms read again by another way."""

import random
import re

import pytest

from zoo.training.data.spoken.french import speech
from zoo.training.data.spoken.french.sentences import COUNTED
from zoo.training.data.spoken.french.slots import SHORT_MONTHS, SLOTS

MEASURES = (
    *("length", "distance", "weight", "volume", "area", "speed", "duration", "memory", "power"),
    *("temperature", "oven"),
)
CASES = [
    (speech.cardinal, (0,), "zéro"),
    (speech.cardinal, (16,), "seize"),
    (speech.cardinal, (21,), "vingt et un"),
    (speech.cardinal, (21, True), "vingt et une"),
    (speech.cardinal, (22,), "vingt-deux"),
    (speech.cardinal, (70,), "soixante-dix"),
    (speech.cardinal, (71,), "soixante et onze"),
    (speech.cardinal, (77,), "soixante-dix-sept"),
    (speech.cardinal, (80,), "quatre-vingts"),
    (speech.cardinal, (81,), "quatre-vingt-un"),
    (speech.cardinal, (81, True), "quatre-vingt-une"),
    (speech.cardinal, (90,), "quatre-vingt-dix"),
    (speech.cardinal, (91,), "quatre-vingt-onze"),
    (speech.cardinal, (99,), "quatre-vingt-dix-neuf"),
    (speech.cardinal, (101,), "cent un"),
    (speech.cardinal, (180,), "cent quatre-vingts"),
    (speech.cardinal, (200,), "deux cents"),
    (speech.cardinal, (201,), "deux cent un"),
    (speech.cardinal, (1_000,), "mille"),
    (speech.cardinal, (2_000,), "deux mille"),
    (speech.cardinal, (2_021, True), "deux mille vingt et une"),
    (speech.cardinal, (21_000, True), "vingt et un mille"),
    (speech.cardinal, (80_000,), "quatre-vingt mille"),
    (speech.cardinal, (200_000,), "deux cent mille"),
    (speech.cardinal, (-5,), "moins cinq"),
    (speech.rank, (80,), "quatre-vingt"),
    (speech.rank, (200,), "deux cent"),
    (speech.rank, (1980,), "mille neuf cent quatre-vingt"),
    (speech.rank, (1900,), "mille neuf cent"),
    (speech.rank, (1999,), "mille neuf cent quatre-vingt-dix-neuf"),
    (speech.rank, (2003,), "deux mille trois"),
    (speech.rank, (100,), "cent"),
    (speech.ordinal, (1,), "premier"),
    (speech.ordinal, (1, True), "première"),
    (speech.ordinal, (2,), "deuxième"),
    (speech.ordinal, (5,), "cinquième"),
    (speech.ordinal, (9,), "neuvième"),
    (speech.ordinal, (19,), "dix-neuvième"),
    (speech.ordinal, (21,), "vingt et unième"),
    (speech.ordinal, (80,), "quatre-vingtième"),
    (speech.ordinal, (100,), "centième"),
    (speech.decimal, ("3,14",), "trois virgule quatorze"),
    (speech.decimal, ("0,5",), "zéro virgule cinq"),
    (speech.decimal, ("0,05",), "zéro virgule zéro cinq"),
    (speech.decimal, ("80",), "quatre-vingts"),
    (speech.pairs, ("06 12 08 00 71",), "zéro six, douze, zéro huit, zéro zéro, soixante et onze"),
    (speech.month_day, (5, 1), "premier mai"),
    (speech.month_day, (5, 11), "onze mai"),
    (speech.month_day, (8, 31), "trente et un août"),
    (speech.date, (2021, 12, 11), "onze décembre deux mille vingt et un"),
    (speech.date, (1980, 2, 1), "premier février mille neuf cent quatre-vingt"),
    (speech.clock, (7, 5), "sept heures cinq"),
    (speech.clock, (12, 30), "douze heures trente"),
    (speech.clock, (1, 0), "une heure"),
    (speech.clock, (0, 15), "zéro heure quinze"),
    (speech.clock, (21, 0), "vingt et une heures"),
    (speech.clock, (8, 1), "huit heures une"),
    (speech.price, ("€", 3, 50), "trois euros cinquante"),
    (speech.price, ("€", 1), "un euro"),
    (speech.price, ("€", 1, 80), "un euro quatre-vingts"),
    (speech.price, ("€", 0, 80), "quatre-vingts centimes"),
    (speech.price, ("€", 0, 1), "un centime"),
    (speech.price, ("€", 200), "deux cents euros"),
    (speech.price, ("€", 3, 5), "trois euros cinq"),
    (speech.price, ("£", 21), "vingt et une livres"),
    (speech.price, ("$", 1_000), "mille dollars"),
    (speech.millions, ("€", "1,5"), "un virgule cinq million d'euros"),
    (speech.millions, ("€", "3"), "trois millions d'euros"),
    (speech.millions, ("£", "80"), "quatre-vingts millions de livres"),
    (speech.quantity, ("1", "km"), "un kilomètre"),
    (speech.quantity, ("5", "km"), "cinq kilomètres"),
    (speech.quantity, ("1,5", "kg"), "un virgule cinq kilogramme"),
    (speech.quantity, ("2,5", "kg"), "deux virgule cinq kilogrammes"),
    (speech.quantity, ("21", "t"), "vingt et une tonnes"),
    (speech.quantity, ("1", "min"), "une minute"),
    (speech.quantity, ("90", "m²"), "quatre-vingt-dix mètres carrés"),
    (speech.quantity, ("130", "km/h"), "cent trente kilomètres par heure"),
    (speech.quantity, ("-1", "°C"), "moins un degré Celsius"),
    (speech.quantity, ("21", "°"), "vingt et un degrés"),
]


@pytest.mark.parametrize(("say", "arguments", "expected"), CASES)
def test_speech(say, arguments, expected):
    assert say(*arguments) == expected


def drawn(slot, count=600):
    stream = random.Random(slot)
    return [SLOTS[slot](stream) for _ in range(count)]


def test_the_day_is_written_first():
    months = {name: number for names in (speech.MONTHS, SHORT_MONTHS) for number, name in enumerate(names, 1)}
    for written, spoken in drawn("date"):
        day, month, year = re.fullmatch(r"(\d+|1er)[ /.](\S+?)[ /.]+(\d{4})", written).groups()
        number = months.get(month) or months.get(f"{month}.") or int(month)
        assert spoken == speech.date(int(year), number, int(day.removesuffix("er"))), written
        assert ("premier" in spoken) == (int(day.removesuffix("er")) == 1)


def test_written_times_are_read_again():
    for written, spoken in drawn("time"):
        hour, minute = re.fullmatch(r"(\d+) ?[h:] ?(\d\d)?", written).groups()
        assert spoken == speech.clock(int(hour), int(minute or 0)), written


def test_written_prices_are_read_again():
    for written, spoken in drawn("price"):
        whole, hundredths, symbol = re.fullmatch(r"([\d ]+?)(?:,(\d\d))? ?([€$£])", written).groups()
        assert spoken == speech.price(symbol, int(whole.replace(" ", "")), int(hundredths or 0)), written


@pytest.mark.parametrize("slot", MEASURES)
def test_written_quantities_are_read_again(slot):
    for written, spoken in drawn(slot):
        number, unit = re.fullmatch(r"(-?\d[\d ,]*?) ?([^\d ,]\S*)", written.replace("−", "-")).groups()
        assert spoken == speech.quantity(number.replace(" ", ""), unit), written


def test_written_percentages_phones_and_years_are_read_again():
    for written, spoken in drawn("percent"):
        assert spoken == f"{speech.decimal(written.rstrip(' %'))} pour cent", written
    for written, spoken in drawn("phone"):
        assert spoken == speech.pairs(re.sub("[.-]", " ", written)) and len(written) == 14, written
    for written, spoken in drawn("years"):
        assert spoken == " à ".join(speech.rank(int(year)) for year in re.split("[-–]", written)), written


@pytest.mark.parametrize(
    ("slot", "written", "spoken"),
    [
        ("doctor", "Dr Blanc", "docteur Blanc"),
        ("republic", "Ve République", "cinquième République"),
        ("mark", "15/20", "quinze sur vingt"),
        ("large", "1,5 million", "un virgule cinq million"),
        ("large", "2,5 millions", "deux virgule cinq millions"),
        ("large", "80 milliards", "quatre-vingts milliards"),
        ("ordinal", "2ème", "deuxième"),
        ("ordinal_feminine", "1ère", "première"),
        ("numbered", "n°7", "numéro sept"),
        ("price", "20€", "vingt euros"),
        ("price", "0,80 €", "quatre-vingts centimes"),
        ("temperature", "−5,5 °C", "moins cinq virgule cinq degrés Celsius"),
        ("score", "3–1", "trois à un"),
        ("span", "14:00", "quatorze heures"),
        ("short", "&", "et"),
    ],
)
def test_readings(slot, written, spoken):
    assert dict(drawn(slot, 60_000))[written] == spoken


def test_nothing_elides_before_a_span():
    assert not [written for written, spoken in drawn("span", 3_000) if spoken.startswith("une")]


@pytest.mark.parametrize("slot", ["year", "decade", "rank", "numbered"])
def test_a_number_that_stands_for_an_ordinal_does_not_agree(slot):
    endings = [spoken for written, spoken in drawn(slot, 2_000) if re.search("[02-9]80$|[2-9]00$|^80$", written)]
    assert endings and not [spoken for spoken in endings if spoken.endswith("s")]


def test_a_noun_decides_the_gender():
    ones = [(written, spoken) for written, spoken in drawn("counted", 4_000) if re.search(r"(?<!1)1 \D", written)]
    assert len(ones) > 100
    for written, spoken in ones:
        noun = re.sub(r"[\d ]+ ", "", written, count=1)
        assert spoken.endswith(f"{'une' if COUNTED[noun] else 'un'} {noun}") or spoken.endswith(f"onze {noun}"), written


def test_the_first_is_written_with_its_gender():
    assert dict(drawn("ordinal"))["1er"] == "premier" and dict(drawn("ordinal_feminine"))["1re"] == "première"
    assert dict(drawn("ordinal"))["2e"] == dict(drawn("ordinal_feminine"))["2e"] == "deuxième"
