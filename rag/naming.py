"""Naming: what is from a source that the question names, or is of what a better passage names by its title."""

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from index.analysis import CAPITAL
from rag.fusion import Ranked, in_order

Id = TypeVar("Id", bound=Hashable)

# So many of the best passages are asked what they name.
LEADING = 3
# What is named comes so much of the way up to what it is named by, or for a source to the best, and so never before it.
NEARER_SHARE = 0.5
# A name of fewer characters may be any word, and one of more is none: the titles of news are sentences.
_MIN_CHARS, _MAX_CHARS = 3, 100
_ARTICLES = ("A", "An", "The")
_EMPHASIS = re.compile(r"(?<!\w)[*_]+|[*_]+(?!\w)")
# A name goes on so behind another one, and in front of it, where no sentence begins.
_GOES_ON = re.compile(rf"[ -](?={CAPITAL})")
_IN_A_NAME = re.compile(rf"(?<!^)(?<!\n)(?<![.!?:;] )(?<![\"“„«‘'(])\b(?!The\b|An?\b){CAPITAL}[\w’'.-]*[ -]$")


def from_named_sources(ranking: Sequence[Ranked], question: str) -> list[Ranked]:
    """Return a ranking in which the passages of the sources that a question names come half of the way up to the best.

    "What does Reuters say of it?" is asked of Reuters.
    """
    sources = {one.reading.tokens.source or "" for one in ranking}
    named = {source for source in sources if is_asked_of(source, question)}
    if not named:
        return list(ranking)
    return in_order(_nearer(one, ranking[0]) if one.reading.tokens.source in named else one for one in ranking)


def bridged(ranking: Sequence[Ranked], leading: Sequence[str]) -> list[Ranked]:
    """Return a ranking in which what its best passages name by its title comes half of the way up to them.

    Where a question takes two articles to answer, such a name leads from the one to the other. `leading` are the texts
    of the best passages. Of an article that is named the best passage comes up. Their own articles' titles lead
    nowhere, nor does one that several of the articles have.
    """
    names = names_of_one({one.candidate.doc_no: one.reading.tokens.title or "" for one in ranking})
    nearer = list(ranking)
    for at, one in enumerate(ranking):
        doc_no = one.candidate.doc_no
        # Taken out, so that only the best passage of a document comes up.
        name = names.pop(doc_no, "")
        # Most names are nowhere near, which the last of their words tells soonest.
        last = name[name.rfind(" ") + 1 :]
        for other, text in zip(ranking[:at], leading, strict=False):
            if last in text and other.candidate.doc_no != doc_no and is_named(name, text):
                nearer[at] = _nearer(one, other)
                break
    return in_order(nearer)


def names_of_one(titles: Mapping[Id, str]) -> dict[Id, str]:
    """Return by document the names that no other of these documents has, whichever letters are capitals."""
    names = {document: name_of(title) for document, title in titles.items()}
    having = Counter(name.casefold() for name in names.values())
    return {document: name for document, name in names.items() if having[name.casefold()] == 1}


def name_of(title: str) -> str:
    """Return a title without the brackets that tell it apart from others of its name, as in "Mercury (planet)"."""
    title = title.strip()
    begins = title.rfind("(")
    return title[:begins].rstrip() if begins > 0 and title.endswith(")") else title


def is_named(name: str, text: str) -> bool:
    """Return whether a text has a name as words of its own, with its capitals but for an article at its beginning.

    It goes on with no capital, "Ada Finch" not in "the Ada Finch Museum", and one of a single word follows none:
    "Finch" is nobody's name in "Ada Finch". Between its words a line may end, or emphasis begin.
    """
    name = name.strip()
    if not _MIN_CHARS <= len(name) <= _MAX_CHARS:
        return False
    article, _, rest = name.partition(" ")
    has_article = article in _ARTICLES and bool(rest)
    own = " ".join((rest if has_article else name).split())
    written = _in_one_line(text)
    at = written.find(own)
    while at >= 0:
        before, end = written[:at], at + len(own)
        is_whole = not (before[-1:].isalnum() or written[end : end + 1].isalnum() or _GOES_ON.match(written, end))
        if has_article:
            is_whole &= before.lower().endswith(f"{article.lower()} ")
        if is_whole and (" " in own or not _IN_A_NAME.search(before)):
            return True
        at = written.find(own, at + 1)
    return False


def is_asked_of(name: str, question: str) -> bool:
    """Return whether a question names somebody or something. Its first word, as in "Will it rain?", is no name."""
    return is_named(name, question if " " in name.strip() else question.strip().partition(" ")[2])


@lru_cache(maxsize=64)
def _in_one_line(text: str) -> str:
    """Return a text without line ends and emphasis."""
    return " ".join(_EMPHASIS.sub("", text).split())


def _nearer(one: Ranked, best: Ranked) -> Ranked:
    return Ranked(one.candidate, one.reading, one.score + NEARER_SHARE * (best.score - one.score))
