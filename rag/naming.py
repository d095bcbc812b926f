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


def from_named_sources(ranking: Sequence[Ranked], question: str) -> list[Ranked]:
    """Return a ranking in which the passages of sources that a question names come half of the way up to the best.

    "What does Reuters say of it?" is asked of Reuters. Of passages of several sources, or of none, nothing changes.
    """
    names = {source: _names(question, source) for source in {one.reading.tokens.source for one in ranking} if source}
    if not any(names.values()):
        return list(ranking)
    named = (names.get(one.reading.tokens.source or "", False) for one in ranking)
    return in_order(_nearer(one, ranking[0]) if is_named else one for one, is_named in zip(ranking, named, strict=True))


def bridged(ranking: Sequence[Ranked], leading: Sequence[str]) -> list[Ranked]:
    """Return a ranking in which what its best passages name by its title comes half of the way up to them.

    Where a question takes two articles to answer, such a name leads from the one to the other. `leading` are the texts
    of the best passages. Their own articles' titles lead nowhere, nor does one that several of the articles have.
    """
    titles = [_APART.sub("", one.reading.tokens.title or "").strip() for one in ranking]
    having: defaultdict[str, set[int]] = defaultdict(set)
    for one, title in zip(ranking, titles, strict=True):
        having[title.casefold()].add(one.candidate.doc_no)
    nearer = []
    for at, (one, title) in enumerate(zip(ranking, titles, strict=True)):
        above = zip(ranking[:at], leading, strict=False) if len(having[title.casefold()]) == 1 else ()
        naming = (other for other, text in above if _is_of_another(other, one) and _names(text, title))
        nearer.append(_nearer(one, next(naming, one)))
    return in_order(nearer)


def _nearer(one: Ranked, best: Ranked) -> Ranked:
    return Ranked(one.candidate, one.reading, one.score + NEARER_SHARE * (best.score - one.score))


def _is_of_another(one: Ranked, other: Ranked) -> bool:
    return one.candidate.doc_no != other.candidate.doc_no


def _names(text: str, name: str) -> bool:
    """Return whether a text has a name as words of its own, with its own capitals; several words may have others."""
    if len(name) < _MIN_CHARS:
        return False
    written, sought = (text.casefold(), name.casefold()) if " " in name else (text, name)
    return sought in written and re.search(rf"(?<!\w){re.escape(sought)}(?!\w)", written) is not None
