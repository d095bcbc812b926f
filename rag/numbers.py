"""Numbers: how they are written in digits and in words, and what they come to."""

import re

from rag.english import LETTER_SCALES, MONTHS, NUMBERS, SCALES, SHORT_SCALES, any_of, letter_scale

_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_SPELT_SCALES = {"dozen": 12, "hundred": 100} | SCALES
ALL_SCALES = _SPELT_SCALES | SHORT_SCALES | LETTER_SCALES
# Patterns, to be matched in any case: of digits, of those that end a range, of words for small numbers and for scales,
# of any number in words, and of what makes a number in digits or words a greater one.
DIGITS = r"(?<![\w.,/−-])(?<!minus )(?<!negative )(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\d/]|,\d|[a-z]*\d)"
RANGE_END = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\d/]|,\d)"
SMALLS = any_of(list(NUMBERS))
SCALED = any_of(list(_SPELT_SCALES | SHORT_SCALES))
WORDS = rf"\b(?:(?:{_TENS})[ -](?:{_ONES})|{SMALLS}|(?:half )?an?(?= (?:{SCALED})\b))\b"
MORE = (
    rf"(?:[ -]?(?:{any_of(list(SHORT_SCALES))})\b|{letter_scale('currency')})?"
    rf"(?:[ -](?:{SCALED})\b(?:(?: and |[ -])(?:{WORDS}))?)*"
)
SHORT_MONTHS = tuple(name[:3] for name in MONTHS)
_NUMBERED = "chapter page room route line article section flat bus highway level platform gate unit phase class grade"
# Thousands set apart by blanks or apostrophes; "12 May 300 people" and "chapter 4 200 pages" have none.
_GROUPS = re.compile(
    rf"(?<![\w.,/]){''.join(f'(?<!{word} )' for word in (*MONTHS, *SHORT_MONTHS, *_NUMBERED.split()))}"
    r"[1-9]\d{0,2}(?P<mark>[ \u00a0\u2009\u202f'’])\d{3}(?:(?P=mark)\d{3})*(?![\d/]|,\d)",
    re.IGNORECASE,
)


def with_commas(text: str) -> str:
    """Return a text with a comma wherever a blank or an apostrophe sets thousands apart: "12 000" is "12,000"."""
    return _GROUPS.sub(lambda found: found[0].replace(found["mark"], ","), text)


def number_words(text: str) -> list[str]:
    """Return what a number is written with, in lower case: "1.5bn" is "1.5" and "bn"."""
    return re.split(r"[ -]|(?<=\d)(?=[a-z])", text.lower().strip().replace(",", ""))


def number(text: str) -> float:
    """Return the value of digits and number words: "two hundred and fifty", "1.5 billion", "3bn", "half a million"."""
    total, current = 0.0, 0.0
    for word in number_words(text):
        scale = ALL_SCALES.get(word)
        if scale is None:
            current += _unscaled(word, current)
        elif scale <= 100:
            current *= scale
        else:
            # A "lakh crore" is a lakh of crores.
            total, current = (total + current * scale if current else total * scale), 0.0
    return total + current


def _unscaled(word: str, current: float) -> float:
    if word == "half":
        return 0.5
    if word in {"a", "an"}:
        return 0.0 if current else 1.0
    return float(NUMBERS.get(word, 0)) if not word[:1].isdigit() else float(word)
