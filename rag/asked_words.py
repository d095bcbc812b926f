"""Asked words: which words of a question mean something, and how near passages come to each of them."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from index.analysis import words_of
from index.document import Span
from rag.content import content_words
from rag.context import context_of
from rag.english import ASKING, AUXILIARY
from rag.evidence import Reading
from rag.names import names_in

# A question is asked for its words more than once on its way; so many are kept.
_QUESTIONS = 16
WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_ASKS = re.compile(
    rf"(?:{AUXILIARY}|{ASKING}|many|much|long|far|often|tell|me|please|any|some|there|happen\w*)", re.IGNORECASE
)


class AskedWord(NamedTuple):
    """A word of a question that means something: where it stands, as it is indexed, and whether it is of a name."""

    span: Span
    indexed: frozenset[str]
    is_name: bool


@lru_cache(_QUESTIONS)
def asked_words(question: str) -> tuple[AskedWord, ...]:
    """Return the words of a question that mean something, without those of the one that it goes on from."""
    names, context = names_in(question), context_of(question)
    words = WORD.finditer(question, 0, context.start if context else len(question))
    return tuple(
        AskedWord(Span(*found.span()), words_of(found[0]), any(one.start <= found.start() < one.end for one in names))
        for found in words
        if not _ASKS.fullmatch(found[0]) and content_words(found[0])
    )


def weakest(words: Sequence[AskedWord], had: frozenset[str], readings: Sequence[Reading]) -> float:
    """Return how near passages, taken together, come to that of the words to which they come least, in [−1, 1].

    It is 1 to a word that is among those that they have, as these are indexed, else the cosine of its tokens to the
    nearest of theirs, in the mean. A word of which the model knows no token does not count.
    """
    nearest = (1.0 if word.indexed & had else _nearness(word, readings) for word in words)
    return min((one for one in nearest if one is not None), default=1.0)


def _nearness(word: AskedWord, readings: Sequence[Reading]) -> float | None:
    found = []
    for reading in readings:
        own = [at for at, token in enumerate(reading.query.spans) if word.span.start <= token.start < word.span.end]
        if own and len(reading.nearest):
            found.append(float(reading.nearest[:, own].max(axis=0).mean()))
    return max(found, default=None)
