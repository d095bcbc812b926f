"""Comparison: a sentence of each article that is set beside another."""

import re
from collections.abc import Mapping, Sequence

from rag.content import content_words
from rag.naming import is_asked_of, is_named, name_of
from rag.relevance import Sentence
from rag.selection import MAX_SENTENCES, says_nothing

_YEAR, _NUMBER = re.compile(r"\b(?:1\d|20)\d\d\b"), re.compile(r"\d")
# Which of two is told by years, and which by numbers; "more than 200" and "the first canal" compare nothing.
_BY_YEAR = re.compile(
    r"\b(?:older|newer|younger|earlier|sooner|later)\b(?! than \d)|\bfirst\b(?=[,?]|$)", re.IGNORECASE
)
_BY_NUMBER = re.compile(
    r"\b(?:more|less|fewer|longer|shorter|taller|higher|lower|larger|bigger|smaller|heavier|lighter|deeper|wider|faster|"
    r"slower|cheaper|dearer|richer|costlier)\b(?! than \d)",
    re.IGNORECASE,
)
_THAN = re.compile(r"\bthan\b")
# What is told of a side is this relevant beside the best sentence.
SIDE_SHARE = 0.02
_SETS_BESIDE = re.compile(r"\b(?:compared?|versus|vs|differ\w*)\b", re.IGNORECASE)


def with_both_sides(question: str, chosen: Sequence[Sentence], sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences that are chosen, with one of each of two or three articles that a question compares.

    "Which is longer, the Orion Bridge or the Lind Tunnel?" is half answered by either. So where it compares articles by
    their titles, and the best sentence does not do so itself, of each article it is the sentence that has most of what
    is asked and of what the best one says; with a year or a number, where that is what is compared. Nothing else of
    these articles is told then.
    """
    compared = _YEAR if _BY_YEAR.search(question) else _NUMBER if _BY_NUMBER.search(question) else None
    named = _named(question, sentences) if chosen and (compared or _SETS_BESIDE.search(question)) else {}
    if not 2 <= len(named) <= MAX_SENTENCES or _compares_itself(chosen[0], named, compared):
        return list(chosen)
    sought = content_words(f"{question} {chosen[0].text}") - content_words(" ".join(named.values()))

    def fit(one: Sentence) -> tuple[int, bool, float]:
        return len(sought & content_words(one.text)), one in chosen, one.relevance

    sides = []
    relevant = [one for one in sentences if one.relevance >= SIDE_SHARE * chosen[0].relevance and not says_nothing(one)]
    for doc_id in named:
        # "Orion 5" has a number in its name.
        texts = [(one, one.text.replace(named[doc_id], "")) for one in relevant if one.doc_id == doc_id]
        own = [one for one, text in texts if not compared or compared.search(text)]
        sides += [max(own, key=fit)] if own else []
    others = [one for one in chosen if one.doc_id not in named]
    return [*sides, *others][:MAX_SENTENCES] if len(sides) > 1 else list(chosen)


def _compares_itself(best: Sentence, named: Mapping[str, str], compared: re.Pattern[str] | None) -> bool:
    """Return whether a sentence sets things beside each other, or is of none that are compared and may measure them."""
    text = best.text
    for name in named.values():
        text = text.replace(name, "")
    measures = compared is None or compared.search(text) is not None
    others = [name for doc_id, name in named.items() if doc_id != best.doc_id]
    return (
        _THAN.search(text) is not None
        or (measures and all(is_named(name, best.text) for name in others))
        or (measures and best.doc_id not in named)
    )


def _named(question: str, sentences: Sequence[Sentence]) -> dict[str, str]:
    """Return the names of the articles that a question names by their titles, by their ids, in its order."""
    names = {one.doc_id: name_of(one.title) for one in sentences}
    named = {doc_id: name for doc_id, name in names.items() if is_asked_of(name, question)}
    return dict(sorted(named.items(), key=lambda one: question.find(one[1].split()[-1])))
