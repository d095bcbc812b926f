"""Evidence: how well the candidates, and each sentence of the best of them, bear on the query."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from index.document import Span, passage_id
from index.embedder import Vectors
from index.records import PassageVectors, StoredPassage

HIGHLIGHTS = 3
# A sentence is shown beside the best one only if it is this near to the query in comparison.
HIGHLIGHT_SHARE = 0.7


class Candidate(NamedTuple):
    """A passage that may be in the ranking, its cosine to the query and its likeness to it, both in [-1, 1].

    The likeness is the mean of the passage's own cosine and its best sentence's.
    """

    passage_no: int
    doc_id: str
    passage_id: str
    cosine: float
    likeness: float


class Ranked(NamedTuple):
    """A candidate and the score that it is ranked by, higher-better."""

    candidate: Candidate
    score: float


@dataclass(frozen=True, slots=True)
class SentenceEvidence:
    """A sentence and its cosine to the query in [-1, 1]."""

    span: Span
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A passage of the ranking with its score, and its sentences, best first."""

    passage: StoredPassage
    likeness: float
    sentences: tuple[SentenceEvidence, ...]
    score: float

    @property
    def passage_id(self) -> str:
        """The public id of the passage."""
        return passage_id(self.passage.doc_id, self.passage.span)

    @property
    def highlights(self) -> tuple[Span, ...]:
        """The sentences that bear on the query, best first."""
        if not self.sentences:
            return ()
        enough = HIGHLIGHT_SHARE * self.sentences[0].score
        return tuple(sentence.span for sentence in self.sentences[:HIGHLIGHTS] if sentence.score >= enough)

    def sentence_vector(self, span: Span) -> Vectors:
        """Return the vector of one of the passage's sentences, shape `(dimension,)`."""
        vector: Vectors = self.passage.sentence_vectors[self.passage.sentences.index(span)]
        return vector


def weigh(passages: PassageVectors, query: Vectors) -> list[Candidate]:
    """Return the candidates that passages are for a query's vector, shape `(dimension,)`."""
    cosines = passages.vectors @ query
    of_sentences = passages.sentence_vectors @ query
    best = cosines.copy()
    begins, ends = passages.starts[:-1], passages.starts[1:]
    with_sentences = begins < ends
    if with_sentences.any():
        best[with_sentences] = np.maximum.reduceat(of_sentences, begins[with_sentences])
    likenesses = (cosines + best) / 2
    return [
        Candidate(number, doc_id, passage_id(doc_id, span), cosine, likeness)
        for (number, doc_id, span), cosine, likeness in zip(
            passages.keys, cosines.tolist(), likenesses.tolist(), strict=True
        )
    ]


def look_into(ranked: Ranked, passage: StoredPassage, query: Vectors) -> Evidence:
    """Return the evidence in a ranked passage: its sentences by their own cosine to the query."""
    scores = (passage.sentence_vectors @ query).tolist()
    sentences = [SentenceEvidence(span, score) for span, score in zip(passage.sentences, scores, strict=True)]
    sentences.sort(key=lambda sentence: (-sentence.score, sentence.span.start))
    return Evidence(passage, ranked.candidate.likeness, tuple(sentences), ranked.score)
