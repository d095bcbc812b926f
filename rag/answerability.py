"""Answerability: the calibrated probability that the evidence answers the question."""

import re
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

from index.analysis import CAPITAL, words_of
from index.embedder import Vectors
from rag.answer_type import answer_type
from rag.asked_words import asked_words, weakest
from rag.calibration import fitted
from rag.evidence import Evidence, say_the_same
from rag.relevance import Sentence, alone, context_words, coverage

# How many of the best passages must not lack the names and the rare words of the question.
LOOKED_AT = 5
_NAME_OR_NUMBER = re.compile(rf"(?<![.!?]\s)(?<!^)\b{CAPITAL}[\w’'-]+|\d[\d.,]*")
# What stands for the margin where there is one passage alone: that of a question with an answer, about.
LONE_MARGIN = 0.2
# Fewer passages than these are taken for so many: of one alone, even the best by chance is often no answer.
FEWEST = 3
_NORMAL = NormalDist()


class Features(NamedTuple):
    """What the probability is a function of; a further signal is a further field.

    `strength` is the best passage's, `margin` how far it stands above the mean of other documents' passages that are
    no copies of it (of its own document's where there are none); `cosine` and `match` are the best of a passage,
    `weakest` how near the best passage comes to the word of the question to which it comes least, `sentence` the best
    match of a sentence. `words` is the best coverage in one passage; `missing` is the share of the rarest of the
    question's words that no passage has. `names` is the share of the names and numbers of the question that one passage
    has, 1 where there are none. `relevance` is the best sentence's.

    `alone` is how much of the relevance of the passages' best sentences is the best one's: where each of them sounds
    like an answer, often none is. `typed` is 1 where the question asks for a number, a date or a name, which many a
    sentence holds by chance, else 0.

    `by_chance` is how far the best of as many passages as were searched stands above their mean by chance alone, in
    standard deviations: what the greatest of so many draws from a normal distribution is expected to be (Blom 1958).
    The more articles there are, the more of them sound like an answer.
    """

    strength: float
    margin: float
    cosine: float
    match: float
    weakest: float
    sentence: float
    words: float
    missing: float
    names: float
    relevance: float
    alone: float
    typed: float
    by_chance: float


def read_features(
    question: str,
    evidence: Sequence[Evidence],
    sentences: Sequence[Sentence],
    idfs: Mapping[str, float],
    searched: int,
) -> Features:
    """Return the features of a question, its ranking, of at least one passage, and the sentences of it.

    `searched` is how many passages were looked at. Where a store counts them at a later instant, in which some may be
    gone, those of the ranking still count.
    """
    said: dict[str, list[frozenset[str]]] = {item.passage_id: [] for item in evidence[:LOOKED_AT]}
    for sentence in sentences:
        if sentence.evidence.passage_id in said:
            said[sentence.evidence.passage_id].append(sentence.words)
    passages = {passage_id: frozenset[str]().union(*words) for passage_id, words in said.items()}
    there = frozenset().union(*passages.values())
    asked = asked_words(question)
    names = words_of(" ".join(_NAME_OR_NUMBER.findall(question)))
    total = sum(idfs.values())
    return Features(
        strength=evidence[0].strength,
        margin=_margin(evidence),
        cosine=max(item.cosine for item in evidence),
        match=max(item.reading.match for item in evidence),
        weakest=max(
            weakest(asked, passages[item.passage_id] | context_words(item, item.passage.heading), [item.reading])
            for item in evidence[:LOOKED_AT]
        ),
        sentence=max(item.reading.best_sentence for item in evidence),
        words=max(coverage(words, idfs) for words in passages.values()),
        missing=max((idf for word, idf in idfs.items() if word not in there), default=0.0) / total if total else 1.0,
        names=max(len(names & words) for words in passages.values()) / len(names) if names else 1.0,
        relevance=sentences[0].relevance if sentences else 0.0,
        alone=alone(sentences) if sentences else 1.0,
        typed=float(answer_type(question) is not None),
        by_chance=_greatest_of(max(searched, len(evidence), FEWEST)),
    )


def _greatest_of(draws: int) -> float:
    """Return the greatest of so many draws from a normal distribution, in the mean and in standard deviations."""
    return _NORMAL.inv_cdf((draws - 0.375) / (draws + 0.25))


def _margin(evidence: Sequence[Evidence]) -> float:
    first, *rest = evidence
    elsewhere = [item for item in rest if item.passage.doc_id != first.passage.doc_id]
    said = _best_vector(first) if elsewhere else None
    others = [item.strength for item in elsewhere if not _is_copy(said, _best_vector(item))]
    compared = others or [item.strength for item in rest if item.passage.doc_id == first.passage.doc_id]
    return first.strength - sum(compared) / len(compared) if compared else LONE_MARGIN


def _is_copy(said: Vectors | None, other: Vectors | None) -> bool:
    """Return whether two passages bear on the question with what is the same sentence, as copies of an article do."""
    return said is not None and other is not None and say_the_same(said, other)


def _best_vector(item: Evidence) -> Vectors | None:
    matches, spans = item.reading.sentence_matches, item.reading.tokens.sentences
    return item.sentence_vector(spans[int(matches.argmax())]) if len(spans) else None


def probability(features: Features) -> float:
    """Return the probability in (0, 1) that the evidence answers the question."""
    return fitted("answerability").probability(features)


def is_answered(answerable: float) -> bool:
    """Return whether a probability is high enough to answer."""
    return answerable >= fitted("answerability").threshold
