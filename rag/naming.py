"""Naming: what is from a source that the question names, or is of what a better passage names by its title."""

import re
from collections import defaultdict
from collections.abc import Sequence

from rag.fusion import Ranked, in_order

# So many of the best passages are asked what they name.
LEADING = 3
# What is named comes so much of the way up to what it is named by, or for a source to the best, and so never before it.
NEARER_SHARE = 0.5
# A name of fewer characters may be any word.
_MIN_CHARS = 3
# Encyclopedias tell things of one name apart so: "Mercury (planet)".
_APART = re.compile(r"\s*\([^()]*\)\s*$")
# A name goes on so behind another one, and in front of it.
_GOES_ON = re.compile(r"[ -](?=[A-Z])")
_IN_A_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][\w’'.-]*[ -]$")


def from_named_sources(ranking: Sequence[Ranked], question: str) -> list[Ranked]:
    """Return a ranking in which the passages of sources that a question names come half of the way up to the best.

    "What does Reuters say of it?" is asked of Reuters. Of passages of several sources, or of none, nothing changes.
    """
    sources = {one.reading.tokens.source or "" for one in ranking}
    named = {source for source in sources if names(question, source)}
    if not named:
        return list(ranking)
    return in_order(_nearer(one, ranking[0]) if one.reading.tokens.source in named else one for one in ranking)


def bridged(ranking: Sequence[Ranked], leading: Sequence[str]) -> list[Ranked]:
    """Return a ranking in which what its best passages name by its title comes half of the way up to them.

    Where a question takes two articles to answer, such a name leads from the one to the other. `leading` are the texts
    of the best passages. Their own articles' titles lead nowhere, nor does one that several of the articles have.
    """
    titles = [_name(one.reading.tokens.title or "") for one in ranking]
    having: defaultdict[str, set[int]] = defaultdict(set)
    for one, title in zip(ranking, titles, strict=True):
        having[title.casefold()].add(one.candidate.doc_no)
    nearer = []
    for at, (one, title) in enumerate(zip(ranking, titles, strict=True)):
        above = zip(ranking[:at], leading, strict=False) if len(having[title.casefold()]) == 1 else ()
        naming = (other for other, text in above if _is_of_another(other, one) and names(text, title))
        nearer.append(_nearer(one, next(naming, one)))
    return in_order(nearer)


def _name(title: str) -> str:
    """Return a title without what tells it apart from others of its name."""
    return _APART.sub("", title).strip()


def _nearer(one: Ranked, best: Ranked) -> Ranked:
    return Ranked(one.candidate, one.reading, one.score + NEARER_SHARE * (best.score - one.score))


def _is_of_another(one: Ranked, other: Ranked) -> bool:
    return one.candidate.doc_no != other.candidate.doc_no


def names(text: str, title: str) -> bool:
    """Return whether a text has a title, or a source, as words of its own.

    It has its own capitals there; one of several words may have others. It goes on with no capital, "Ada Finch" not in
    "the Ada Finch Museum", and one of a single word follows none: "Finch" is no article's name in "Ada Finch". What a
    title has in brackets at its end is left out.
    """
    name = _name(title)
    if len(name) < _MIN_CHARS:
        return False
    is_one_word = " " not in name
    if (name not in text) if is_one_word else (name.casefold() not in text.casefold()):
        return False
    places = re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, 0 if is_one_word else re.IGNORECASE)
    return any(
        not _GOES_ON.match(text, at.end()) and not (is_one_word and _IN_A_NAME.search(text[: at.start()]))
        for at in places
    )
