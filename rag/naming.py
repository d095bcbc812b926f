"""Naming: what is from a source that the question names, or is of what a better passage names by its title."""

import re
from collections import defaultdict
from collections.abc import Sequence

from index.analysis import CAPITAL
from rag.fusion import Ranked, in_order

# So many of the best passages are asked what they name.
LEADING = 3
# What is named comes so much of the way up to what it is named by, or for a source to the best, and so never before it.
NEARER_SHARE = 0.5
# A name of fewer characters may be any word, and one of more is none: the titles of news are sentences.
_MIN_CHARS, _MAX_CHARS = 3, 100
_ARTICLES = ("A", "An", "The")
# A name goes on so behind another one, and in front of it, where no sentence begins.
_GOES_ON = re.compile(rf"[ -](?={CAPITAL})")
_IN_A_NAME = re.compile(rf"(?<!^)(?<!\n)(?<![.!?:;] )(?<![\"“„«‘'(])\b(?!The\b|An?\b){CAPITAL}[\w’'.-]*[ -]$")


def from_named_sources(ranking: Sequence[Ranked], question: str) -> list[Ranked]:
    """Return a ranking in which the passages of the sources that a question names come half of the way up to the best.

    "What does Reuters say of it?" is asked of Reuters.
    """
    sources = {one.reading.tokens.source or "" for one in ranking}
    named = {source for source in sources if is_named(source, question)}
    if not named:
        return list(ranking)
    return in_order(_nearer(one, ranking[0]) if one.reading.tokens.source in named else one for one in ranking)


def bridged(ranking: Sequence[Ranked], leading: Sequence[str]) -> list[Ranked]:
    """Return a ranking in which what its best passages name by its title comes half of the way up to them.

    Where a question takes two articles to answer, such a name leads from the one to the other. `leading` are the texts
    of the best passages. Of an article that is named the best passage comes up. Their own articles' titles lead
    nowhere, nor does one that several of the articles have.
    """
    names = [name_of(one.reading.tokens.title or "") for one in ranking]
    having: defaultdict[str, set[int]] = defaultdict(set)
    for one, name in zip(ranking, names, strict=True):
        having[name.casefold()].add(one.candidate.doc_no)
    seen: set[int] = set()
    nearer = []
    for at, (one, name) in enumerate(zip(ranking, names, strict=True)):
        doc_no = one.candidate.doc_no
        is_sought = doc_no not in seen and len(having[name.casefold()]) == 1
        above = zip(ranking[:at], leading, strict=False) if is_sought else ()
        naming = (other for other, text in above if other.candidate.doc_no != doc_no and is_named(name, text))
        nearer.append(_nearer(one, next(naming, one)))
        seen.add(doc_no)
    return in_order(nearer)


def name_of(title: str) -> str:
    """Return a title without the brackets that tell it apart from others of its name, as in "Mercury (planet)"."""
    title = title.strip()
    begins = title.rfind("(")
    return title[:begins].rstrip() if begins > 0 and title.endswith(")") else title


def is_named(name: str, text: str) -> bool:
    """Return whether a text has a name as words of its own, with its capitals but for an article at its beginning.

    It goes on with no capital, "Ada Finch" not in "the Ada Finch Museum", and one of a single word follows none:
    "Finch" is nobody's name in "Ada Finch".
    """
    if not _MIN_CHARS <= len(name) <= _MAX_CHARS:
        return False
    article, *words = name.split()
    if [article, *words][-1] not in text:
        return False
    if article not in _ARTICLES or not words:
        article, words = "", [article, *words]
    # Between its words a line may end, or emphasis begin.
    pattern = r"[\s*_]+".join([*([f"(?i:{article})"] if article else []), *map(re.escape, words)])
    return any(
        not _GOES_ON.match(text, at.end()) and (len(words) > 1 or not _IN_A_NAME.search(text[: at.start()]))
        for at in re.finditer(rf"(?<!\w){pattern}(?!\w)", text)
    )


def _nearer(one: Ranked, best: Ranked) -> Ranked:
    return Ranked(one.candidate, one.reading, one.score + NEARER_SHARE * (best.score - one.score))
