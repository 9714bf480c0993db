"""English speech against a table checked by hand, and written forms read again by another way."""

import datetime
import random
import re

import pytest

from zoo.training.data.spoken.english import speech
from zoo.training.data.spoken.english.slots import SLOTS
from zoo.training.data.spoken.roman import roman
from zoo.training.data.spoken.text import DOT

MEASURES = (
    *("length", "distance", "weight", "volume", "area", "speed", "duration", "memory", "power"),
    *("temperature", "oven"),
)
CASES = [
    (speech.cardinal, (0,), "zero"),
    (speech.cardinal, (13,), "thirteen"),
    (speech.cardinal, (21,), "twenty-one"),
    (speech.cardinal, (40,), "forty"),
    (speech.cardinal, (100,), "one hundred"),
    (speech.cardinal, (205,), "two hundred five"),
    (speech.cardinal, (1_000,), "one thousand"),
    (speech.cardinal, (1_987,), "one thousand nine hundred eighty-seven"),
    (speech.cardinal, (10_010,), "ten thousand ten"),
    (speech.cardinal, (999_999,), "nine hundred ninety-nine thousand nine hundred ninety-nine"),
    (speech.cardinal, (-5,), "minus five"),
    (speech.ordinal, (1,), "first"),
    (speech.ordinal, (2,), "second"),
    (speech.ordinal, (3,), "third"),
    (speech.ordinal, (5,), "fifth"),
    (speech.ordinal, (8,), "eighth"),
    (speech.ordinal, (9,), "ninth"),
    (speech.ordinal, (12,), "twelfth"),
    (speech.ordinal, (20,), "twentieth"),
    (speech.ordinal, (21,), "twenty-first"),
    (speech.ordinal, (100,), "one hundredth"),
    (speech.ordinal, (101,), "one hundred first"),
    (speech.decimal, ("3.14",), "three point one four"),
    (speech.decimal, ("0.5",), "zero point five"),
    (speech.decimal, ("10.05",), "ten point zero five"),
    (speech.decimal, ("12",), "twelve"),
    (speech.digits, ("502",), "five oh two"),
    (speech.digits, ("0142",), "oh one four two"),
    (speech.year, (1999,), "nineteen ninety-nine"),
    (speech.year, (1905,), "nineteen oh five"),
    (speech.year, (1900,), "nineteen hundred"),
    (speech.year, (1812,), "eighteen twelve"),
    (speech.year, (1100,), "eleven hundred"),
    (speech.year, (2000,), "two thousand"),
    (speech.year, (2005,), "two thousand five"),
    (speech.year, (2009,), "two thousand nine"),
    (speech.year, (2010,), "twenty ten"),
    (speech.year, (2021,), "twenty twenty-one"),
    (speech.decade, (80,), "eighties"),
    (speech.decade, (1980,), "nineteen eighties"),
    (speech.decade, (1820,), "eighteen twenties"),
    (speech.date, (2021, 12, 11), "December eleventh, twenty twenty-one"),
    (speech.date, (1900, 1, 1), "January first, nineteen hundred"),
    (speech.month_day, (5, 2), "May second"),
    (speech.month_day, (10, 31), "October thirty-first"),
    (speech.clock, (7, 5, "pm"), "seven oh five p m"),
    (speech.clock, (7, 0, "AM"), "seven a m"),
    (speech.clock, (12, 30, "pm"), "twelve thirty p m"),
    (speech.clock, (7, 15), "seven fifteen"),
    (speech.clock, (6, 0), "six o'clock"),
    (speech.clock, (19, 45), "nineteen forty-five"),
    (speech.price, ("$", 3, 50), "three dollars and fifty cents"),
    (speech.price, ("$", 1), "one dollar"),
    (speech.price, ("$", 1, 1), "one dollar and one cent"),
    (speech.price, ("$", 0, 75), "seventy-five cents"),
    (speech.price, ("$", 1_250), "one thousand two hundred fifty dollars"),
    (speech.price, ("£", 0, 1), "one penny"),
    (speech.price, ("£", 2, 99), "two pounds and ninety-nine pence"),
    (speech.price, ("€", 21, 5), "twenty-one euros and five cents"),
    (speech.large, ("$", "2.5", "million"), "two point five million dollars"),
    (speech.large, ("€", "14", "billion"), "fourteen billion euros"),
    (speech.quantity, ("1", "km"), "one kilometer"),
    (speech.quantity, ("5", "km"), "five kilometers"),
    (speech.quantity, ("0.5", "kg"), "zero point five kilograms"),
    (speech.quantity, ("1.5", "L"), "one point five liters"),
    (speech.quantity, ("6", "ft"), "six feet"),
    (speech.quantity, ("1", "ft"), "one foot"),
    (speech.quantity, ("90", "m²"), "ninety square meters"),
    (speech.quantity, ("65", "mph"), "sixty-five miles per hour"),
    (speech.quantity, ("-1", "°C"), "minus one degree Celsius"),
    (speech.quantity, ("72", "°F"), "seventy-two degrees Fahrenheit"),
    (speech.quantity, ("0", "°C"), "zero degrees Celsius"),
    (roman, (4,), "IV"),
    (roman, (9,), "IX"),
    (roman, (18,), "XVIII"),
    (roman, (24,), "XXIV"),
]


@pytest.mark.parametrize(("say", "arguments", "expected"), CASES)
def test_speech(say, arguments, expected):
    assert say(*arguments) == expected


def drawn(slot, count=600):
    stream = random.Random(slot)
    return [SLOTS[slot](stream) for _ in range(count)]


def test_the_month_is_written_first():
    forms = ("%m/%d/%Y", "%Y-%m-%d", "%B %d, %Y", "%b %d, %Y", "%b. %d, %Y", "%d %B %Y")  # strptime has no "Sept"
    found = set()
    for written, spoken in drawn("date"):
        for form in forms:
            try:
                date = datetime.datetime.strptime(written.replace("Sept ", "Sep ").replace("Sept.", "Sep."), form)
            except ValueError:
                continue
            found.add(form)
            if form == forms[-1]:
                assert spoken == f"the {speech.ordinal(date.day)} of {date:%B}, {speech.year(date.year)}"
            else:
                assert spoken == f"{date:%B} {speech.ordinal(date.day)}, {speech.year(date.year)}", written
            break
        else:
            pytest.fail(written)
    assert found == {*forms}


def test_written_times_are_read_again():
    for written, spoken in drawn("time"):
        hour, minute, half = re.fullmatch(r"(\d+)(?::(\d\d))? ?([ap]m|[AP]M|[ap]\.m\.)?", written).groups()
        assert spoken.rstrip(DOT) == speech.clock(int(hour), int(minute or 0), (half or "").replace(".", "")), written


def test_written_prices_are_read_again():
    for written, spoken in drawn("price"):
        symbol, whole, hundredths = re.fullmatch(r"([$€£])([\d,]+)(?:\.(\d\d))?", written).groups()
        assert spoken == speech.price(symbol, int(whole.replace(",", "")), int(hundredths or 0)), written


@pytest.mark.parametrize("slot", MEASURES)
def test_written_quantities_are_read_again(slot):
    for written, spoken in drawn(slot):
        number, unit = re.fullmatch(r"(-?[\d,.]+) ?(\D+)", written.replace("−", "-")).groups()
        assert spoken == speech.quantity(number.replace(",", ""), unit), written


def test_written_percentages_phones_and_years_are_read_again():
    for written, spoken in drawn("percent"):
        assert spoken == f"{speech.decimal(written.rstrip(' %'))} percent", written
    for written, spoken in drawn("phone"):
        assert spoken == ", ".join(map(speech.digits, re.findall(r"\d+", written))), written
    for written, spoken in drawn("years"):
        assert spoken == " to ".join(speech.year(int(year)) for year in re.split("[-–]", written)), written


@pytest.mark.parametrize(
    ("slot", "written", "spoken"),
    [
        ("aged", "an 8-year-old", "an eight-year-old"),
        ("aged", "a 10-year-old", "a ten-year-old"),
        ("sized", "a 10 km race", "a ten kilometer race"),
        ("sized", "an 11-L tank", "an eleven liter tank"),
        ("worth", "a $20 bill", "a twenty dollar bill"),
        ("worth", "an €8 million deal", "an eight million euro deal"),
        ("fraction", "2/3", "two thirds"),
        ("fraction", "¾", "three quarters"),
        ("part", "World War II", "World War two"),
        ("part", "act III", "act three"),
        ("decade", "'80s", "eighties"),
        ("decade", "2010s", "twenty tens"),
        ("decade", "1500s", "fifteen hundreds"),
        ("count", "2 million", "two million"),
        ("count", "3.5 billion", "three point five billion"),
        ("numbered", "#7", "number seven"),
        ("numbered", "No. 7", "number seven"),
        ("time", "14:00", "fourteen hundred"),
        ("time", "08:05", "eight oh five"),
        ("score", "3–1", "three to one"),
        ("temperature", "−5 °C", "minus five degrees Celsius"),
        ("temperature", "-1°F", "minus one degree Fahrenheit"),
        ("short", "&", "and"),
    ],
)
def test_readings(slot, written, spoken):
    assert dict(drawn(slot, 60_000))[written] == spoken


@pytest.mark.parametrize(
    "written", ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "111th", "112th"]
)
def test_endings_of_ordinals(written):
    assert dict(drawn("ordinal", 6_000))[written] == speech.ordinal(int(written[:-2]))


def test_a_number_of_four_digits_is_a_year_unless_it_has_a_comma():
    assert all("," in written for written, _ in drawn("count") if len(written) > 3 and "illion" not in written)
    assert all(written.isdigit() and len(written) == 4 for written, _ in drawn("year"))
