"""Quantities: how the values of a sentence are read, and what they are said of."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.clauses import years_in
from rag.content import content_words, is_negated, is_plural, noun_phrase, words_of_names
from rag.quantities import read_quantities

READ = [
    ("It holds 85% of capacity.", "85%", "share", "%", 85, 85),
    ("It holds 85 per cent of capacity.", "85 per cent", "share", "%", 85, 85),
    ("It holds 5-10% of capacity.", "5-10%", "share", "%", 5, 10),
    ("It holds between 5 and 10% of capacity.", "between 5 and 10%", "share", "%", 5, 10),
    ("It holds two-thirds of capacity.", "two-thirds", "share", "%", 94 * 2 / 3, 106 * 2 / 3),
    ("It holds half the capacity.", "half", "share", "%", 47, 53),
    ("Nine out of ten adults vote.", "Nine out of ten", "share", "%", 90, 90),
    ("The rate rose 3 percentage points.", "3 percentage points", "points", "", 3, 3),
    ("It cost more than $1.5 billion.", "more than $1.5 billion", "money", "$", 1.5e9, 1.5e9),
    ("It cost 1,500 million dollars.", "1,500 million dollars", "money", "$", 1.5e9, 1.5e9),
    ("It cost $3bn.", "$3bn", "money", "$", 3e9, 3e9),
    ("It cost £3m.", "£3m", "money", "£", 3e6, 3e6),
    ("It cost $2-3bn.", "$2-3bn", "money", "$", 2e9, 3e9),
    ("It pays $50k a year.", "$50k a year", "money", "$/year", 5e4, 5e4),
    ("It has 2.5M users.", "2.5M users", "count", "user", 2.5e6, 2.5e6),
    ("It has 1.2m people.", "1.2m people", "count", "peopl", 1.2e6, 1.2e6),
    ("It has 10k users.", "10k users", "count", "user", 1e4, 1e4),
    ("It is 120m high.", "120m", "measure", "m", 120, 120),
    ("It gives 5 MW.", "5 MW", "measure", "kw", 5000, 5000),
    ("Oil costs $80 a barrel.", "$80 a barrel", "money", "$/barrel", 80, 80),
    ("A 45-day process began.", "45-day", "duration", "day", 45, 45),
    ("It took two hundred and fifty years.", "two hundred and fifty years", "duration", "month", 3000, 3000),
    ("She is 26 years old.", "26 years old", "age", "year old", 26, 26),
    ("It is 8,848 metres high.", "8,848 metres", "measure", "m", 8848, 8848),
    ("It covers 12 square miles.", "12 square miles", "measure", "squarem", 12 * 1609.344**2, 12 * 1609.344**2),
    ("They run three active mines.", "three active mines", "count", "mine", 3, 3),
    ("They run half a million mines.", "half a million mines", "count", "mine", 5e5, 5e5),
    ("They run twenty-five mines.", "twenty-five mines", "count", "mine", 25, 25),
    ("They run several mines.", "several mines", "count", "mine", 2, math.inf),
    ("It is the only mine.", "the only mine", "count", "mine", 1, 1),
    ("They have only one mine.", "one mine", "count", "mine", 1, 1),
    ("It has a population of 2,100.", "2,100", "count", "", 2100, 2100),
    ("It opened on 12 May 1932.", "12 May 1932", "date", "", 372 * 1932 + 135, 372 * 1932 + 135),
    ("It opened on May 12, 1932.", "May 12, 1932", "date", "", 372 * 1932 + 135, 372 * 1932 + 135),
    ("It opened in May 1932.", "May 1932", "date", "", 372 * 1932 + 124, 372 * 1932 + 154),
    ("It has 12 000 people.", "12 000 people", "count", "peopl", 12_000, 12_000),
    ("It has 1\u202f250\u202f000 people.", "1\u202f250\u202f000 people", "count", "peopl", 1_250_000, 1_250_000),
    ("It has 12'000 people.", "12'000 people", "count", "peopl", 12_000, 12_000),
    ("It cost €1\u00a0200.", "€1\u00a0200", "money", "€", 1200, 1200),
    ("Of all 300 people came.", "300 people", "count", "peopl", 300, 300),
    ("It cost ₹5 crore.", "₹5 crore", "money", "rupee", 5e7, 5e7),
    ("It cost 2 lakh crore rupees.", "2 lakh crore rupees", "money", "rupee", 2e12, 2e12),
    ("It cost US$3bn.", "US$3bn", "money", "$", 3e9, 3e9),
    ("It cost R$10 billion.", "R$10 billion", "money", "r$", 1e10, 1e10),
    ("It cost AU$5 million.", "AU$5 million", "money", "a$", 5e6, 5e6),
    ("It cost NT$5 million.", "NT$5 million", "money", "nt$", 5e6, 5e6),
    ("It cost 5 million AUD.", "5 million AUD", "money", "a$", 5e6, 5e6),
    ("It is 8.848 million metres.", "8.848 million metres", "measure", "m", 8_848_000, 8_848_000),
    ("It weighs 16 ounces.", "16 ounces", "measure", "kg", 16 * 0.02835, 16 * 0.02835),
    ("It was a $5 million 12-city tour.", "$5 million", "money", "$", 5e6, 5e6),
    ("It was built in 1500 BC.", "1500 BC", "date", "", -372 * 1500, -372 * 1500 + 371),
    ("It was built in 44 B.C., in spring.", "44 B.C.", "date", "", -372 * 44, -372 * 44 + 371),
    ("It opened on 12 May.", "12 May", "date", "of any year", 135, 135),
    ("It opened on May 12th.", "May 12th", "date", "of any year", 135, 135),
    ("It opened in spring 2028.", "spring 2028", "date", "", 372 * 2028 + 31, 372 * 2028 + 185),
    ("It came at 6.40am.", "6.40am", "time", "", 400, 400),
    ("It came at about 6.40am.", "6.40am", "time", "", 390, 410),
    ("It came at a quarter past seven.", "a quarter past seven", "time", "", 435, 435),
    ("It came at ten to six.", "ten to six", "time", "", 350, 350),
    ("It took 2 hours and 15 minutes.", "2 hours and 15 minutes", "duration", "day", 135 / 1440, 135 / 1440),
    ("It took an hour and a half.", "an hour and a half", "duration", "day", 90 / 1440, 90 / 1440),
    ("It took almost six and a half hours.", "almost six and a half hours", "duration", "day", 390 / 1440, 390 / 1440),
    ("It took three quarters of an hour.", "three quarters of an hour", "duration", "day", 45 / 1440, 45 / 1440),
    ("She ran it in 2:24:51.", "2:24:51", "duration", "day", 8691 / 86_400, 8691 / 86_400),
    ("It has not rained for 96 days.", "96 days", "duration", "day", 96, 96),
    ("She died aged 91.", "91", "age", "year old", 91, 91),
    ("Ada Berg, 71, played on.", "71", "age", "year old", 71, 71),
    ("The death toll is 21.", "21", "count", "", 21, 21),
    ("It takes five to ten minutes.", "five to ten minutes", "duration", "day", 5 / 1440, 10 / 1440),
    ("It lasts 1 hour 40.", "1 hour 40", "duration", "day", 100 / 1440, 100 / 1440),
    ("It opened on the 5th of May 1912.", "5th of May 1912", "date", "", 372 * 1912 + 128, 372 * 1912 + 128),
    ("It does 30 metres per second.", "30 metres per second", "measure", "km/h", 108, 108),
    ("At 16 she left.", "16", "age", "year old", 16, 16),
    ("It is 11 nautical miles away.", "11 nautical miles", "measure", "m", 11 * 1852, 11 * 1852),
    ("It does 16 knots.", "16 knots", "measure", "km/h", 16 * 1.852, 16 * 1.852),
    ("It blew at 151 kilometres an hour.", "151 kilometres an hour", "measure", "km/h", 151, 151),
    ("It covers 64 m².", "64 m²", "measure", "squarem", 64, 64),
    ("It cost 3.4 billion pesos.", "3.4 billion pesos", "money", "peso", 3.4e9, 3.4e9),
    ("By then it had killed 164.", "164", "count", "", 164, 164),
    ("The toll rose to 21.", "21", "count", "", 21, 21),
    ("Nine were taken to hospital.", "Nine", "count", "", 9, 9),
    ("A dozen of the patients came.", "A dozen of the patients", "count", "patient", 12, 12),
    ("Rooms cost from 140 to 210 euros.", "140 to 210 euros", "money", "€", 140, 210),
    ("They work 8 hours a day.", "8 hours a day", "duration", "day/day", 8 / 24, 8 / 24),
    ("Turn left in 1200 metres.", "1200 metres", "measure", "m", 1200, 1200),
    ("It opened in the mid-1990s.", "mid-1990s", "date", "", 372 * 1990, 372 * 2000 - 1),
]

UNREAD = [
    "COVID-19 and F-16 have numbers.",
    "One of the reasons is cost.",
    "They lost 3-1.",
    "Exports fell from 90%.",
    "It is not 85% of capacity.",
    "It holds market share.",
    "It opened before 1932.",
    "Patent 1,655,114 was granted.",
    # Twelve or twelve thousand.
    "It has 12.000 people.",
    "It cost €12.000.",
    "It was built around 2560 BC.",
    "It was built between 1500 and 1450 BCE.",
    "It fell from 12 to 10 people.",
    "It is open nine to five.",
    "The price is now 12.",
    "The bus leaves at 7, and it is full.",
    "It stood at 4.25 last month.",
    "At 14:05:20 it crashed.",
    "It took ten years and a day.",
    "It cost Dollars$5 million.",
    # When it began and when it ended.
    "It was built from 1850 to 1855.",
    "It was built in 1850 – 1855.",
    "It was built from May 1850 until 12 June 1855.",
    # Parts of a value.
    "It costs 5 dollars 50.",
    "Two million, three hundred thousand people live there.",
    "She is 6 feet 2 inches tall.",
    "It weighs 5 lb 3 oz.",
    "It weighs 7 pounds, 3 ounces.",
    # What is below zero is left open.
    "It was −12 °C.",
    "It was minus 12 °C.",
    "",
]


@pytest.mark.parametrize(("text", "value", "kind", "unit", "low", "high"), READ)
def test_how_a_value_is_read(text: str, value: str, kind: str, unit: str, low: float, high: float) -> None:
    (found,) = read_quantities(text)
    assert (text[found.start : found.end], found.kind, found.unit) == (value, kind, unit)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_the_day_before_a_number_is_none_of_its_thousands() -> None:
    text = "On 12 May 300 people came."
    assert sorted(text[one.start : one.end] for one in read_quantities(text)) == ["12 May", "300 people"]


@pytest.mark.parametrize("text", UNREAD)
def test_what_is_no_value_said_to_be_so(text: str) -> None:
    assert read_quantities(text) == []


def test_two_values_of_a_sentence_are_each_said_of_their_own() -> None:
    first, second = read_quantities("China has 60% of global production and more than 90% of processing capacity.")
    assert first.counted == content_words("global production")
    assert second.counted == content_words("processing capacity")
    assert not first.context & content_words("processing")
    assert not second.context & content_words("production")
    assert first.context & second.context == content_words("China")


@pytest.mark.parametrize(
    ("text", "changes", "forecasts"),
    [
        ("Exports fell by 5%.", True, False),
        ("A 50% decrease in exports followed.", True, False),
        ("Exports rose to 5%.", False, False),
        ("Exports will be 5%.", False, True),
    ],
)
def test_changes_and_forecasts_are_told_from_levels(text: str, changes: bool, forecasts: bool) -> None:
    (found,) = read_quantities(text)
    assert (found.is_change, found.is_forecast) == (changes, forecasts)


@pytest.mark.parametrize(
    ("text", "purpose", "months"),
    [
        ("It cost $5 million to repair.", "repair", set()),
        ("It cost $5 million for a film.", "film", set()),
        ("It cost $5 million to date.", "", set()),
        ("It opened to rail traffic in 1934.", "rail traffic", set()),
        ("The rate was 5% in May.", "", {"May"}),
        ("The rate may be 5%.", "", set()),
    ],
)
def test_what_a_value_is_for_and_the_months_of_its_clause(text: str, purpose: str, months: set[str]) -> None:
    (found,) = read_quantities(text)
    assert (found.purpose, set(found.months)) == (content_words(purpose), months)


def test_a_number_after_a_comma_is_a_part_only_where_both_have_a_scale() -> None:
    assert [one.low for one in read_quantities("In a town of a million, 300 homes burnt.")] == [1e6, 300]


def test_a_year_before_christ_is_another_than_one_after() -> None:
    found = read_quantities("In 300 BC the town had 5,000 people; in 1500 BCE it was a village.")
    assert [one.years for one in found if one.kind == "count"] == [{"300BC"}]
    assert years_in("In 1500 BCE, not in 1500") == {"1500BC", "1500"}


def test_words_that_say_the_same_are_one() -> None:
    assert content_words("the Chinese were killed") == content_words("China's dead")
    assert content_words("U.S.") == content_words("the United States") == content_words("America")
    assert content_words("isn't it") == frozenset()


def test_names_are_capitalised_and_no_numbers_or_months() -> None:
    assert words_of_names("Three mines in Norway opened in May") == content_words("Norway")


def test_feasts_are_times_and_no_names() -> None:
    assert words_of_names("Opened in Norway at Easter 1979, on Easter Monday") == content_words("Norway")
    assert words_of_names("It lies on Easter Island") == content_words("Easter Island")


def test_a_noun_phrase_ends_at_a_function_word_or_a_mark() -> None:
    assert noun_phrase("rare earth mines are active") == ["rare", "earth", "mines"]
    assert noun_phrase("mines, which") == ["mines"]
    assert noun_phrase(", which") == []


@pytest.mark.parametrize(("word", "plural"), [("mines", True), ("people", True), ("process", False), ("crisis", False)])
def test_plurals_are_told_by_their_spelling(word: str, plural: bool) -> None:
    assert is_plural(word) is plural


@pytest.mark.parametrize(
    ("text", "denies"),
    [
        ("It isn't so.", True),
        ("It is so.", False),
        ("It is no longer.", True),
        ("It is not widely known.", True),
        ("Not surprisingly, it is so.", False),
        ("Not unreasonably, it is so.", False),
        ("It is not just so.", False),
        ("It didn't only close.", False),
        ("It is so, isn't it.", False),
    ],
)
def test_denials(text: str, denies: bool) -> None:
    assert is_negated(text) is denies


@pytest.mark.parametrize("text", ["ſome 5 mines", "A mınımum of 5 mines", "5 mıleſ", "a thİrd of it", "5 \u212am"])
def test_letters_that_only_a_pattern_takes_for_others_are_read_as_those(text: str) -> None:
    assert len(read_quantities(text)) == 1


@given(st.one_of(st.text(max_size=120), st.text("0123456789 ,.-–%$aeinos/", max_size=60)))
def test_any_text_is_read(text: str) -> None:
    for found in read_quantities(text):
        assert 0 <= found.start < found.end <= len(text)
        assert text[found.start : found.end].strip() == text[found.start : found.end]
        assert found.low <= found.high


@pytest.mark.slow
def test_of_a_sentence_with_very_many_values_the_first_are_read() -> None:
    values = [f"{number} tonnes in {number + 1900}" for number in range(1, 1000)]
    read = read_quantities(f"The bridge weighs {', '.join(values)}.")
    some = f"The bridge weighs {', '.join(values[:20])}, "
    assert read == read_quantities(some)
    assert len(read) == 40
    assert len(read_quantities(f"The bridge weighs {', '.join(values[:19])}.")) == 38


@pytest.mark.slow
@given(st.lists(st.integers(2, 10**6), min_size=41, max_size=90))
def test_never_more_than_forty_values_are_read(numbers: list[int]) -> None:
    assert len(read_quantities("It holds " + "; ".join(f"{number} bottles" for number in numbers))) <= 40


def test_an_occasion_is_no_place() -> None:
    (value,) = read_quantities("The engine was steamed again on 1 June 1977 for the Silver Jubilee in Hexley.")
    assert value.places == content_words("Hexley")


def test_a_hundred_years_hold_any_of_theirs() -> None:
    (century,), (year,) = map(read_quantities, ("It was built in the 1800s.", "It was built in 1855."))
    assert century.low <= year.low <= year.high <= century.high
