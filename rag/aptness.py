"""Aptness: how likely it is, by what would be quoted, that it is an answer: does it speak of all that is asked."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.asked_words import WORD, asked_words, weakest
from rag.calibration import fitted
from rag.content import content_words
from rag.english import AUXILIARY, NUMBERS, PREPOSITION, SCALES, any_of
from rag.relevance import Sentence, context_words

# A fitted probability of at least this takes nothing away.
ENOUGH = 0.6
# More words than these make a question no surer.
_MOST_WORDS = 8
_COUNTED = re.compile(
    rf"\bhow many (?P<counted>(?:(?!(?:{AUXILIARY}|{PREPOSITION}|the|that|who|which|an?)\b)[\w’'-]+ ?){{1,4}})",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"\d[\d.,]*|\b(?:{any_of([*NUMBERS, *SCALES])}|hundreds?|thousands|millions|dozens?|several|single|couple|pair|"
    r"both|half|few|many|most|all|none|nobody|no|only)\b",
    re.IGNORECASE,
)
# What is counted stands so near to the count: words before it and behind it, and the letters that they may have.
_WORDS_BEFORE, _WORDS_BEHIND, _NEAR = 4, 5, 60


class AptnessFeatures(NamedTuple):
    """What the probability is a function of.

    `words` is how many words that mean something the question has beside names, 8 at most. `weakest` is how near the
    passages that are quoted come to that word of the question to which they come least: the more words there are, the
    less often that is near by chance. `counted` is 0 but where it is asked how many: 1 where what is counted stands
    beside a number in what is quoted, −1 where no number stands there.
    """

    words: float
    weakest: float
    counted: float


def apt_share(question: str, quoted: Sequence[Sentence], sentences: Sequence[Sentence]) -> float:
    """Return what is left of the probability of an answer, in (0, 1], where it would be some of these sentences."""
    return min(1.0, fitted("aptness").probability(read_aptness(question, quoted, sentences)) / ENOUGH)


def read_aptness(question: str, quoted: Sequence[Sentence], sentences: Sequence[Sentence]) -> AptnessFeatures:
    """Return the features of a question and of those of the sentences that are to be quoted, at least one."""
    words = asked_words(question)
    passages = {one.evidence.passage_id for one in quoted}
    in_passages = (one.words for one in sentences if one.evidence.passage_id in passages)
    had = frozenset[str]().union(*in_passages, *(context_words(one.evidence, one.standing.heading) for one in quoted))
    return AptnessFeatures(
        words=min(sum(not word.is_name for word in words), _MOST_WORDS),
        weakest=weakest(words, had, [one.evidence.reading for one in quoted]),
        counted=_counted(question, quoted),
    )


def _counted(question: str, quoted: Sequence[Sentence]) -> float:
    asked = _COUNTED.search(question)
    if asked is None:
        return 0.0
    counted = content_words(asked["counted"])
    beside = [words for one in quoted for words in _beside_counts(f"{one.standing.heading}\n{one.text}")]
    return float(any(counted & content_words(words) for words in beside)) if beside else -1.0


def _beside_counts(text: str) -> Iterator[str]:
    """Yield the words around each number of a text."""
    for count in _COUNT.finditer(text):
        before = WORD.findall(text, max(0, count.start() - _NEAR), count.start())[-_WORDS_BEFORE:]
        behind = WORD.findall(text, count.end(), count.end() + _NEAR)[:_WORDS_BEHIND]
        yield " ".join([*before, *behind])
