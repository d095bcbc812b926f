"""Evidence: how well each sentence of a candidate bears on the query, and the ranking that follows."""

from dataclasses import dataclass

from index.document import Span, passage_id
from index.embedder import Vectors
from index.records import StoredPassage

HIGHLIGHTS = 3
# A sentence is shown beside the best one only if it is this near to the query in comparison.
HIGHLIGHT_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class SentenceEvidence:
    """A sentence and its cosine to the query in [-1, 1]."""

    span: Span
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A candidate passage, its likeness to the query in [-1, 1], and its sentences, best first.

    The likeness is the mean of the passage's own cosine and its best sentence's. `score` is what it is ranked by.
    """

    passage: StoredPassage
    likeness: float
    sentences: tuple[SentenceEvidence, ...]
    score: float = 0.0

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


def weigh(passage: StoredPassage, query: Vectors) -> Evidence:
    """Return the evidence in a candidate for a query's vector, shape `(dimension,)`."""
    cosine = float(passage.vector @ query)
    scores = (passage.sentence_vectors @ query).tolist()
    sentences = [SentenceEvidence(span, score) for span, score in zip(passage.sentences, scores, strict=True)]
    sentences.sort(key=lambda sentence: (-sentence.score, sentence.span.start))
    best = sentences[0].score if sentences else cosine
    return Evidence(passage, (cosine + best) / 2, tuple(sentences))
