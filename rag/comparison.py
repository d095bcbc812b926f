"""Comparison: a sentence of each article that is set beside another."""

import re
from collections.abc import Sequence

from rag.answer_type import compares
from rag.content import content_words
from rag.naming import is_named, name_of
from rag.relevance import Sentence
from rag.selection import MAX_SENTENCES, says_nothing

_YEAR, _NUMBER = re.compile(r"\b(?:1\d|20)\d\d\b"), re.compile(r"\d")
# Which of the two is told by years, and which by numbers.
_BY_YEAR = re.compile(r"\b(?:older|newer|younger|earlier|sooner|later|first|last)\b", re.IGNORECASE)
_BY_NUMBER = re.compile(
    r"\b(?:more|less|fewer|most|least|longer|shorter|taller|higher|lower|larger|bigger|smaller|heavier|lighter|deeper|"
    r"wider|faster|slower|cheaper|dearer|richer|costlier)\b",
    re.IGNORECASE,
)


def with_both_sides(question: str, chosen: Sequence[Sentence], sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences that are chosen, with one of each article that a question compares by their titles.

    "Which is longer, the Orion Bridge or the Lind Tunnel?" is half answered by either. Of each it is the sentence with
    a year or a number, where that is compared or the other has one, and with the most words of what is asked and of
    what is said of the other; the first that is chosen is one of them unless it lacks what is compared. Beside years or
    numbers that are compared nothing else is told.
    """
    named = _named(question, sentences) if chosen and compares(question) else {}
    if len(named) < 2:
        return list(chosen)
    compared = _YEAR if _BY_YEAR.search(question) else _NUMBER if _BY_NUMBER.search(question) else None
    first = next((one for one in chosen if one.doc_id in named and (not compared or compared.search(one.text))), None)
    said = first.text if first else ""
    sought = content_words(f"{question} {said}") - content_words(" ".join(named.values()))
    like = compared or next((pattern for pattern in (_YEAR, _NUMBER) if pattern.search(said)), None)

    def fit(one: Sentence) -> tuple[bool, int, float]:
        is_alike = like is not None and like.search(one.text) is not None
        return is_alike, len(sought & content_words(one.text)), one.relevance

    sides = []
    for doc_id in named:
        own = [one for one in sentences if one.doc_id == doc_id and not says_nothing(one)]
        sides += [first] if first and first.doc_id == doc_id else [max(own, key=fit)] if own else []
    others = () if compared else (one for one in chosen if one not in sides)
    return [*sides, *others][: max(MAX_SENTENCES, len(sides))]


def _named(question: str, sentences: Sequence[Sentence]) -> dict[str, str]:
    """Return the names of the articles that a question names by their titles, by their ids, in its order."""
    names = {one.doc_id: name_of(one.title) for one in sentences}
    named = {doc_id: name for doc_id, name in names.items() if is_named(name, question)}
    return dict(sorted(named.items(), key=lambda one: question.find(one[1].split()[-1])))
