"""Names: which names a question gives, and which of them the articles do not mention."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice

from index.analysis import LETTERS, words_of
from index.document import Span
from rag.dates import ANY_DAY, mentions
from rag.english import MONTHS, NUMBERS

# A name that nothing gives in its words is looked for in so many of the best passages; where its tokens come as near as
# this to some of theirs, they give another form of it: "Kyiv" for "Kiev", "the Fed" for "the Federal Reserve".
SOUGHT_IN, ANOTHER_FORM = 3, 0.52
# Of a question's words, by inverse document frequency, a name that it turns on makes at least this share.
_LEAST_SHARE = 0.15
_LEAST_LETTERS = 3
# Two forms of a name have so much of their letters in common, by the ratio of difflib, and short ones less.
_ALIKE, _SHORT_ALIKE, _SHORT = 0.8, 0.75, 6
# More names than these, or more codes, are of a list, not of a question.
_MOST_NAMES = 8
# What has no capital in a title where all else has.
_SMALL = frozenset(["a", "an", "the", "of", "in", "on", "at", "to", "by", "for", "from", "with", "and", "or"])
# What begins with a capital beside a name, and is none.
_NO_NAMES = _SMALL | frozenset([
    "prime", "minister", "president", "chancellor", "king", "queen", "prince", "princess", "pope", "emperor", "sir",
    "lord", "lady", "dame", "mr", "mrs", "ms", "miss", "dr", "prof", "professor", "doctor", "judge", "justice",
    "general", "colonel", "captain", "senator", "governor", "mayor", "secretary", "chief", "executive", "director",
    "chairman", "chairwoman", "saint", "rep", "congressman", "congresswoman", "company", "group", "inc", "corp", "ltd",
    "hello", "hi", "hey", "dear", "please", "tell", "thanks", "thank", "footnote",
])  # fmt: skip
# Capitals and digits, or a number of a name in capitals: "C500", "EOS 215", but not "EU 2024".
_CODE = re.compile(r"\b(?=[A-Z-]*\d)(?=[\d-]*[A-Z])[A-Z\d]+(?:-[A-Z\d]+)*\b|\b[A-Z]{2,} (?!(?:1\d|20)\d\d\b)\d{1,5}\b")
# A number of a name: "NordTherm 12", "Tidewater 5.1", but not "May 12" nor a year.
_NUMBERED = re.compile(
    rf"\b(?!(?:{'|'.join(MONTHS)})\b)(?-i:(?P<name>[A-Z]\w*[a-z]\w*)) "
    r"(?P<number>(?!(?:1\d|20)\d\d\b)\d{1,4}(?:\.\d{1,3}){0,3})\b(?![.,:]?\d|\s?%)",
    re.IGNORECASE,
)
_CODE_PART = re.compile(r"[^\W_]+")
_WITHIN_NAME = re.compile(r"(?:[’']s)?[\s’'.-]*(?:(?:of|and|for|&|de|von|van|du)\s+)?(?:the\s+)?")
_BEGINS_SENTENCE = re.compile(r"(?:^|[.!?:;,(–—])[\s•*–—-]*[\"'“‘«„¿¡(]*\s*$")
# What tells that a sentence begins stands so near before its first word.
_NEAR = 40
_ENDS_SENTENCE = re.compile(r"[.!?](?=\s|$)")
# Of what belongs to a country articles speak by the country's name.
_OF_A_COUNTRY = re.compile(
    r"(?:ish|ese|ian|ean|can|nch|tch|aqi|eli|ani|eshi)s?$|^(?:German|Greek|Swiss|Thai|Czech|Roman|Brit|Spaniard)s?$"
)


def unmentioned(question: str, idfs: Mapping[str, float], is_mentioned: Callable[[str], bool]) -> list[Span]:
    """Return where a question gives names that it turns on and of which more than half of the words are not mentioned.

    `idfs` are the words of the question with their inverse document frequencies. What is not found by its capital is
    no name: the first word of a sentence, and any word where all have one. Nor are dates, titles, and what belongs to a
    country; where a sentence asks, those beside it do not count. A name's last word, its initials, or its words as one
    mention it too.
    """
    found = []
    for name in names_in(question)[:_MOST_NAMES]:
        words = [word for word in LETTERS.findall(name.of(question)) if word.lower() not in _NO_NAMES]
        missing = [word for word in words if not is_mentioned(word)]
        weight = sum(idfs.get(stem, 0.0) for word in missing for stem in words_of(word))
        is_most = 2 * len(missing) > len(words) and words[-1] in missing
        if is_most and weight >= _LEAST_SHARE * sum(idfs.values()) and not any(map(is_mentioned, _at_once(words))):
            found.append(name)
    return found


def has_another_form(name: str, texts: Iterable[str]) -> bool:
    """Return whether texts have a name that may be another form of one by its letters: "Kyiv" of "Kiev".

    One begins with most of the other, or both have most letters in common.
    """
    own = [word.lower() for word in LETTERS.findall(name) if word.lower() not in _NO_NAMES]
    others = {word.lower() for text in texts for word in LETTERS.findall(text) if word[0].isupper()}
    return any(_are_alike(one, other) for one in own for other in others)


def _are_alike(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    begun = math.ceil(max(_LEAST_LETTERS, _ALIKE * shorter))
    if begun <= shorter and one[:begun] == other[:begun]:
        return True
    ratio = SequenceMatcher(None, one, other).ratio()
    return ratio >= _ALIKE or (shorter < _SHORT and one[0] == other[0] and ratio >= _SHORT_ALIKE)


def codes_in(text: str) -> frozenset[str]:
    """Return the codes in a text ("E06", "QB-1042"); none where all of it is in capitals."""
    return frozenset() if text.isupper() else frozenset(one[0] for one in _CODE.finditer(text))


def unmentioned_codes(question: str, idfs: Mapping[str, float], is_mentioned: Callable[[str], bool]) -> list[Span]:
    """Return where a question gives codes ("E06", "QB-1042") that it turns on and of which a part is not mentioned.

    A code, unlike a name, has no other form.
    """
    found = []
    codes = () if question.isupper() else islice(_CODE.finditer(question), _MOST_NAMES)
    for code in (Span(*one.span()) for one in codes):
        parts = _CODE_PART.findall(code.of(question))[:_MOST_NAMES]
        missing = [part for part in parts if not is_mentioned(part)]
        weight = sum(idfs.get(stem, 0.0) for part in missing for stem in words_of(part))
        if missing and weight >= _LEAST_SHARE * sum(idfs.values()):
            found.append(code)
    return found


def unmentioned_numbers(question: str, texts: Sequence[str]) -> list[Span]:
    """Return where a question gives a name with a number ("NordTherm 12") of which texts have only other numbers.

    One that stands a few words after the name is mentioned: "Apollo 11" by "the Apollo missions 10 and 11"; so is one
    in a cell of its own, in Roman numerals or in words, by a version of it ("Tidewater 5" by "Tidewater 5.0"), and any
    where the name stands in the plural.
    """
    found = []
    named = (one for one in _NUMBERED.finditer(question) if one["name"].lower() not in _NO_NAMES)
    for one in islice(named, _MOST_NAMES):
        others = re.compile(rf"\b{one['name']}[ -](?!(?:1\d|20)\d\d\b)\d")
        forms = "|".join(_forms(one["number"]))
        own = re.compile(
            rf"\b{one['name']}\b[^.|\n]{{0,30}}(?<![\d.,\w])(?:{forms})(?:\.\d+)*(?![.,]?[\d\w])|\b{one['name']}s\b|"
            rf"(?:^|\|)\W*(?:{forms})(?:\.\d+)*\W*(?:\||\s|$)",
            re.MULTILINE | re.IGNORECASE,
        )
        if any(map(others.search, texts)) and not any(map(own.search, texts)):
            found.append(Span(*one.span()))
    return found


def _forms(digits: str) -> Iterator[str]:
    """Yield patterns of how a number is written: in digits, in words below a hundred, in Roman numerals up to 39."""
    yield re.escape(digits)
    if not digits.isdigit():
        return
    number = int(digits)
    words = {value: word for word, value in NUMBERS.items()}
    if number in words:
        yield words[number]
    elif number < 100:
        yield f"{words[number - number % 10]}[ -]{words[number % 10]}"
    if 0 < number < 40:
        ones = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
        yield "X" * (number // 10) + ones[number % 10]


def _at_once(words: Sequence[str]) -> list[str]:
    """Return a name of several words as one word, and its initials."""
    return ["".join(words), "".join(word[0] for word in words)] if len(words) > 1 else []


def names_in(question: str) -> list[Span]:
    """Return where names stand in a question, each the words with capitals that stand next to each other."""
    words = [Span(*word.span()) for word in LETTERS.finditer(question)]
    others = [word.of(question) for word in words[1:] if word.of(question) not in _SMALL]
    if question.isupper() or (len(others) > 1 and all(other[0].isupper() for other in others)):
        return []
    dates = [one.span for one in mentions(question, ANY_DAY)]
    names: list[Span] = []
    for word in words:
        if not _is_name(question, word) or any(one.start <= word.start < one.end for one in dates):
            continue
        if names and _WITHIN_NAME.fullmatch(question, names[-1].end, word.start):
            names[-1] = Span(names[-1].start, word.end)
        else:
            names.append(word)
    return names


def _is_name(question: str, word: Span) -> bool:
    text = word.of(question)
    if not text[0].isupper() or text.isupper() or len(text) < _LEAST_LETTERS or _OF_A_COUNTRY.search(text):
        return False
    end = _ENDS_SENTENCE.search(question, word.end)
    is_beside = "?" in question and end is not None and end[0] != "?"
    return not is_beside and _BEGINS_SENTENCE.search(question, max(0, word.start - _NEAR), word.start) is None
