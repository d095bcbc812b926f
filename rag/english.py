"""English: its closed classes of words, patterns of them to be matched in any case, and where sentences end."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from index.analysis import CAPITAL

MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
# In full or short, to be matched in any case.
MONTH: Final = rf"(?:{'|'.join(MONTHS)}|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?)"
# Times that are capitalised; "Easter Island" is a place.
FEAST: Final = (
    r"(?:Easter|Christmas|Pentecost|Whitsun|Michaelmas|Ramadan|Diwali|Hanukkah|Passover|Thanksgiving)\b"
    r"(?! (?!(?:Sun|Mon|Fri|Satur)day\b)[A-Z])"
)
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_BELOW_20 = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBERS: Final = {word: value for value, word in enumerate(_BELOW_20.split())} | {
    word: 10 * tens for tens, word in enumerate(_TENS.split(), 2)
}
_IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
ORDINALS: Final = {
    _IRREGULAR_ORDINALS.get(word) or (f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th"): value
    for word, value in NUMBERS.items()
    if value
}
SCALES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12} | {
    "lakh": 10**5,
    "lakhs": 10**5,
    "crore": 10**7,
    "crores": 10**7,
}
# What stands after a year or a century before the common era, in capitals.
BEFORE_CHRIST: Final = r"(?-i:BCE?\b|B\.C\.(?:E\.)?)"
# Scales in short, which may stand at a number without a blank.
SHORT_SCALES: Final = {"mn": 10**6, "mln": 10**6, "bn": 10**9, "bln": 10**9, "tn": 10**12, "trn": 10**12}
# Those of one letter are also units: "m" is a metre but for money, for people and as a capital.
LETTER_SCALES: Final = {"k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}


def by_spelling(spellings: Mapping[str, str]) -> dict[str, str]:
    """Return for each of the spellings, in a line for each word, the word that it is read as."""
    return {spelling: word for word, line in spellings.items() for spelling in line.split()}


def any_of(words: Iterable[str]) -> str:
    """Return a pattern of any of the words, a longer one before those that it begins with."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def letter_scale(money: str) -> str:
    """Return a pattern of a scale of one letter that follows a number; `money` names the group of a currency before it.

    "k" counts what stands in the plural after it, "m" people, and "M" whatever is not measured by it.
    """
    many = r"people|users|customers|subscribers|residents|visitors|viewers|passengers|members|voters|homes|jobs"
    return (
        rf"(?({money})[ -]?[kmbt]\b|(?:(?-i:M)\b(?! (?:tall|long|high|wide|deep)\b)|m(?= (?:{many})\b)|"
        r"k(?= [a-z]+(?<![su])s\b)))"
    )


AUXILIARY: Final = (
    r"(?:is|are|was|were|am|be|been|do|does|did|has|have|had|can|could|will|would|shall|should|may(?!\s*(?:$|[0-9?,]))|might|must|isn[’']t|"
    r"aren[’']t|wasn[’']t|weren[’']t|don[’']t|doesn[’']t|didn[’']t|won[’']t|can[’']t|couldn[’']t)"
)
ASKING: Final = r"(?:what|who|whom|whose|which|when|where|why|how)"
PREPOSITION: Final = (
    r"(?:in|on|at|for|to|from|with|by|about|after|before|during|since|between|under|over|into|against|until|within|"
    r"across|around|than|as|like|of)"
)
# What stands after an abbreviation goes on.
SENTENCE_END: Final = re.compile(
    r"(?<!\b[A-Z])(?<!\bMr)(?<!\bMs)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\bvs)(?<!\bNo)[.!?][\"”’']?\s+"
    rf"(?={CAPITAL}|[“\"‘0-9•])"
)
