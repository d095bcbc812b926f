"""Rivals: values that different articles give in answer to one question, each in words of its own.

Where two articles say a thing in the same words, `rag/disagreement.py` reads what each value is of. Most say it in
other words, of "it" or "the bridge": then the question tells what a value is of, and how well the sentence answers it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from rag.asked_values import AskedValue, read_asked
from rag.calibration import fitted, logit
from rag.content import content_words
from rag.dates import as_of
from rag.quantities import Quantity, read_quantities
from rag.relevance import Sentence
from rag.rivalry import (
    Comparison,
    Given,
    RivalFeatures,
    Told,
    may_count_the_same,
    noun_counted,
    share,
    unit_of,
    words_about,
)
from rag.sides import (
    CONVEYANCES,
    Difference,
    Said,
    may_be_one_age,
    of_values,
    places_beyond,
    said_by,
    same_time,
    titles_apart,
)
from rag.values import agree

# A sentence less relevant than this answers nothing; beyond so many sentences none is looked for. A document of which
# less than this share of the question's names is known is about something else.
LEAST_RELEVANCE, LOOKED_THROUGH, LEAST_MENTIONED = 0.004, 40, 0.5
# From this probability on, two values are shown to one who asks whether the articles agree.
WHERE_ASKED = 0.5
# So many different values of a document are looked at.
_VALUES_EACH = 3
# What is "more than" a value is so much more at most.
_LOOSELY = 1.5
_YEAR_AFTER = re.compile(r" (?:in|at the end of|by) ((?:1\d|20)\d\d)\b")
_PAST = re.compile(r"\b(?:was|were|did|had)\b", re.IGNORECASE)
# Whoever has one of these beside a value speaks of another part of the same thing.
_NARROWER = CONVEYANCES | content_words(
    "half quarter metropolitan district region suburbs province highest lowest gross net operating return single "
    "double male female men women adult fiscal"
)
# Of two that have one of these each, one speaks of another stage, result or side of the same thing.
_CONTRARIES = [
    tuple(re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for words in pair)
    for pair in (
        ("start(?:ing)? list|entered|entries|registered|signed up", "finish(?:ed|ers?)|completed|crossed the line"),
        ("budget|cost", "earned|grossed|box office"),
        ("left|departed|set (?:off|out)", "reached|arrived"),
        ("born", "died"),
        ("destroyed", "damaged"),
        ("imports?|imported", "exports?|exported"),
        ("built", "demolished"),
        ("won", "lost"),
    )
]
# What is so on these days is otherwise on others.
_RECURRING = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun|week)days\b|\bweekends\b")
_WITHOUT = re.compile(r"\b(?:without|excluding|empty|unladen)\b", re.IGNORECASE)
_BEFORE, _AFTER = re.compile(r"[^,;:()–—]*$"), re.compile(r"[^,;:()–—]*")


class Rival(NamedTuple):
    """Two values of different documents that cannot both be true of one thing."""

    features: RivalFeatures
    one: Given
    other: Given


def find_rivals(
    question: str, sentences: Sequence[Sentence], answerable: float, least: float | None = None
) -> Difference | None:
    """Return the values that articles most probably give for what a question asks, None where none is likely enough.

    The sentences are given most relevant first; `answerable` is the probability in [0, 1] that they answer, and `least`
    the one from which on two values are rivals, the fitted threshold where it is None.
    """
    rivals, asked = fitted("rivals"), read_asked(question)
    rated = [(rivals.probability(one.features), one) for one in read_rivals(question, sentences, answerable)]
    least = rivals.threshold if least is None else least
    likely = [(one, other) for probability, (_, one, other) in rated if probability >= least]
    if not likely:
        return None
    best = max(rated, key=lambda one: one[0])[1]
    said = {id(one): _said(asked, one) for pair in likely for one in pair}
    pairs = [(said[id(one)], said[id(other)]) for one, other in likely]
    return of_values(asked, (said[id(best.one)], said[id(best.other)]), pairs)


def read_rivals(question: str, sentences: Sequence[Sentence], answerable: float) -> list[Rival]:
    """Return all pairs of differing values of the kind that a question asks for, each with its features.

    Left out are those that what is said with them tells apart: times, places, parts of a whole, a plan.
    """
    asked = read_asked(question)
    if not asked.kinds:
        return []
    told = _told(sentences)
    given = list(_given(asked, _of_whom_is_asked(asked, sentences, told)))
    if not given:
        return []
    comparison = Comparison(question, asked, answerable, given, told)
    return [
        Rival(comparison.features(one, other), one, other)
        for one, other in combinations(given, 2)
        if one.sentence.doc_id != other.sentence.doc_id
        and unit_of(one.quantity) == unit_of(other.quantity)
        and not _may_agree(one.quantity, other.quantity)
        and not (_gives(given, one.sentence.doc_id, other) or _gives(given, other.sentence.doc_id, one))
        and not _are_told_apart(asked, one, other)
    ]


def _told(sentences: Sequence[Sentence]) -> dict[str, Told]:
    of_documents: dict[str, list[Sentence]] = defaultdict(list)
    for one in sentences:
        of_documents[one.doc_id].append(one)
    return {doc_id: Told(found) for doc_id, found in of_documents.items()}


def _of_whom_is_asked(
    asked: AskedValue, sentences: Sequence[Sentence], told: dict[str, Told]
) -> Iterator[tuple[int, Sentence]]:
    """Yield the sentences that may answer, and where they are, of documents that have the question's names.

    A number of a name ("line 5") is in the sentence itself or in its title.
    """
    for at, one in enumerate(sentences[:LOOKED_THROUGH]):
        is_of_it = share(asked.names, told[one.doc_id].words) >= LEAST_MENTIONED
        if one.relevance >= LEAST_RELEVANCE and is_of_it and asked.numbers.keys() <= words_about(one):
            yield at, one


def _given(asked: AskedValue, sentences: Iterable[tuple[int, Sentence]]) -> Iterator[Given]:
    """Yield the values that each document gives, the best of each."""
    of_documents: dict[str, list[Given]] = defaultdict(list)
    for at, sentence in sentences:
        values = [one for one in read_quantities(sentence.text) if _may_be_asked_for(asked, one, sentence.text)]
        for one in values:
            if _is_the_one(asked, one, values):
                given = Given(at, sentence, one, logit(sentence.relevance) + noun_counted(asked, one))
                of_documents[sentence.doc_id].append(given)
    for found in of_documents.values():
        best: dict[object, Given] = {}
        for given in sorted(found, key=lambda one: (-one.worth, one.at, one.quantity.start)):
            best.setdefault((unit_of(given.quantity), given.quantity.low, given.quantity.high), given)
        yield from list(best.values())[:_VALUES_EACH]


def _is_the_one(asked: AskedValue, one: Quantity, values: Sequence[Quantity]) -> bool:
    """Return whether a value is the one asked for of a sentence's: the only one of its kind, or that by its words."""
    others = [other for other in values if unit_of(one) == unit_of(other) and not agree(one, other)]
    return all(_nearness(asked, one) > _nearness(asked, other) for other in others)


def _nearness(asked: AskedValue, one: Quantity) -> tuple[int, int]:
    return noun_counted(asked, one), len(one.own & asked.words)


def _may_be_asked_for(asked: AskedValue, one: Quantity, text: str) -> bool:
    """Return whether a value is of the kind and the unit asked for, and of no other years."""
    if one.kind not in asked.kinds or (one.kind == "measure" and asked.units and one.unit not in asked.units):
        return False
    after = _YEAR_AFTER.match(text, one.end)
    if after and asked.years and after[1] not in asked.years:
        return False
    return one.kind == "date" or not (asked.years and one.years) or bool(asked.years & one.years)


def _are_told_apart(asked: AskedValue, one: Given, other: Given) -> bool:
    """Return whether anything that is said with two values tells them apart.

    That is a time, another place or name, a part of the whole, a plan, or what the articles are about.
    """
    said = [said_by(asked, given.at, given.sentence, given.quantity, frozenset()) for given in (one, other)]
    names = [a.quantity.names - asked.words - words_about(b.sentence) for a, b in ((one, other), (other, one))]
    return (
        _are_of_two_times(*said)
        or bool(((content_words(_beside(one)) ^ content_words(_beside(other))) & _NARROWER) - asked.words)
        or (not asked.is_forecast and one.quantity.is_forecast is not other.quantity.is_forecast)
        or all(names)
        or _are_contrary(_beside(one), _beside(other))
        or not may_be_one_age(asked, *said)
        or bool(_WITHOUT.search(_beside(one))) is not bool(_WITHOUT.search(_beside(other)))
        or set(_RECURRING.findall(_beside(one).lower())) != set(_RECURRING.findall(_beside(other).lower()))
        or places_beyond(asked, *said)
        or titles_apart(asked, one.sentence.title, other.sentence.title)
    )


def _are_contrary(one: str, other: str) -> bool:
    """Return whether of two texts each has the word of another stage of a pair, and neither has both."""
    for pair in _CONTRARIES:
        said = [tuple(bool(word.search(text)) for word in pair) for text in (one, other)]
        if sorted(said) == [(False, True), (True, False)]:
            return True
    return False


def _are_of_two_times(one: Said, other: Said) -> bool:
    """Return whether two values are of different years or months, or of days of different years."""
    first, second = one.quantity, other.quantity
    if first.kind == "date":
        return not same_time(one, other)
    named = ((first.years, second.years), (first.months, second.months))
    return any(these and those and not these & those for these, those in named)


def _gives(given: Sequence[Given], doc_id: str, value: Given) -> bool:
    """Return whether a document gives a value of the same thing that agrees with another's."""
    return any(
        one.sentence.doc_id == doc_id
        and unit_of(one.quantity) == unit_of(value.quantity)
        and agree(one.quantity, value.quantity)
        and may_count_the_same(one.quantity, value.quantity)
        for one in given
    )


def _may_agree(one: Quantity, other: Quantity) -> bool:
    """Return whether two values may both be true: "more than 300" may be said of 340."""
    low, high = sorted((one, other), key=lambda quantity: quantity.low)
    loose = low.bound in ("over", "least") or high.bound in ("under", "most")
    return agree(one, other) or (loose and low.bound != high.bound and high.low <= _LOOSELY * low.high)


def _beside(given: Given) -> str:
    """Return what stands beside a value, from the mark before it to the one after it."""
    text, one = given.sentence.text, given.quantity
    before, after = _BEFORE.search(text, 0, one.start), _AFTER.match(text, one.end)
    return f"{before[0] if before else ''} {after[0] if after else ''}"


def _said(asked: AskedValue, given: Given) -> Said:
    """Return a value as it is said; when its article was published tells only of what goes on changing."""
    said = said_by(asked, given.at, given.sentence, given.quantity, frozenset())
    lasts = given.quantity.kind == "measure" or _PAST.search(asked.question)
    return said._replace(as_of=as_of(given.sentence.text, given.sentence.published_at)) if lasts else said
