"""Evidence: how well the candidates, and each sentence of them, bear on the query, read token by token."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from index.document import Span, passage_id
from index.embedder import Embedding, Vectors
from index.products import LARGEST, products
from index.records import TOKEN_SCALE, Numbers, PassageTokens, StoredPassage

HIGHLIGHTS = 3
# What it adds to a sentence's match, in what is shown, that the reader is sure of an answer's beginning in it.
FOUND_SHARE = 0.5
# A sentence is shown beside the best one only if it bears on the query this much in comparison.
HIGHLIGHT_SHARE = 0.8
# Cosine of the means of two sentences' tokens above which they say the same.
SAME_SENTENCE = 0.95
# A vector of zeros, which no model makes, is nothing's neighbour.
_LEAST_NUMBER = np.float32(1e-9)


# Without slots, as what follows from it is kept.
@dataclass(frozen=True, eq=False)
class QueryTokens:
    """The tokens of a query: their vectors, shape `(n, token_dimension)`, and how much each counts, adding up to 1.

    `spans` are where they stand in it.
    """

    vectors: Vectors
    weights: Vectors
    spans: tuple[Span, ...] = ()

    @cached_property
    def direction(self) -> Vectors:
        """The mean of the vectors at unit length, shape `(token_dimension,)`."""
        mean: Vectors = self.vectors.mean(axis=0)
        return mean / max(np.linalg.norm(mean), _LEAST_NUMBER)


class SentenceEvidence(NamedTuple):
    """A sentence and how well its tokens match the query's, in [0, 1]."""

    span: Span
    match: float


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A candidate as it was read: how well its tokens match the query's, in [0, 1], and those of each sentence.

    `nearest` has the cosine of each sentence to each token of the query, shape `(n_sentences, n)`.
    """

    tokens: PassageTokens
    match: float
    sentence_matches: Vectors
    nearest: Vectors
    query: QueryTokens

    @property
    def passage_id(self) -> str:
        """The public id of the passage."""
        return passage_id(self.tokens.doc_id, self.tokens.span)

    @property
    def best_sentence(self) -> float:
        """The match of the sentence that bears on the query best, 0 where there is none."""
        return max(self.sentence_matches.tolist(), default=0.0)

    @property
    def sentences(self) -> tuple[SentenceEvidence, ...]:
        """The sentences, best first, sorted whenever they are asked for."""
        found = map(SentenceEvidence, self.tokens.sentences, self.sentence_matches.tolist())
        return tuple(sorted(found, key=lambda sentence: (-sentence.match, sentence.span.start)))

    def match_of(self, spans: Sequence[Span]) -> float:
        """Return how well some of its sentences, taken together, match the query, in [0, 1]."""
        own = [at for at, span in enumerate(self.tokens.sentences) if span in spans]
        return float(self.nearest[own].max(axis=0) @ self.query.weights)

    @property
    def likenesses(self) -> Vectors:
        """The cosine of the mean of each sentence's tokens to that of the query's, shape `(n_sentences,)`."""
        if not self.query.vectors.size:
            return np.zeros(len(self.tokens.bounds), dtype=np.float32)
        at, bounds = np.arange(len(self.tokens.vectors)), self.tokens.bounds
        is_own = (bounds[:, 2:3] <= at) & (at < bounds[:, 3:4])
        sums = is_own.astype(np.float32) @ self.tokens.vectors.astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", sums, sums))
        cosines: Vectors = sums @ self.query.direction / np.maximum(lengths, _LEAST_NUMBER)
        return cosines

    @property
    def joined_matches(self) -> Vectors:
        """How well each sentence together with the one before it matches the query, in [0, 1], `(n_sentences,)`."""
        before = np.concatenate([self.nearest[:1], self.nearest[:-1]])
        matches: Vectors = np.maximum(before, self.nearest) @ self.query.weights
        return matches


class Place(NamedTuple):
    """The likeliest answer in a sentence, and the probability in [0, 1] that an answer begins in that sentence."""

    span: Span
    begins: float


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the reader says of a passage: two logits, that it is relevant and that it has no answer, and where that is.

    `places` has one for each sentence that was read; what is after the model's limit was not.
    """

    relevance: float
    no_answer: float
    places: Mapping[Span, Place]

    def begins(self, span: Span) -> float:
        """Return the probability that the passage has an answer and that it begins in a sentence."""
        return self.places[span].begins / (1 + math.exp(self.no_answer)) if span in self.places else 0.0


# Without slots, as its id is asked for again and again, and kept.
@dataclass(frozen=True, eq=False)
class Evidence:
    """A passage of the ranking with its reading, its cosine to the query and its score.

    `strength` is how well it bears on the query, comparable between queries, in [-1, 1]; the score is not. `found` is
    what the reader says of it, None where it has not read it.
    """

    passage: StoredPassage
    reading: Reading
    cosine: float
    strength: float
    score: float
    found: Found | None = None

    @cached_property
    def passage_id(self) -> str:
        """The public id of the passage."""
        return self.reading.passage_id

    @property
    def sentences(self) -> tuple[SentenceEvidence, ...]:
        """The sentences, best first."""
        return self.reading.sentences

    @property
    def highlights(self) -> tuple[Span, ...]:
        """The sentences that bear on the query, best first."""
        spans, matches = self.reading.tokens.bounds[:, :2].tolist(), self.reading.sentence_matches.tolist()
        if self.found:
            begins = [self.found.begins(Span(*span)) for span in spans]
            matches = [match + FOUND_SHARE * begin for match, begin in zip(matches, begins, strict=True)]
        best = sorted(zip((-match for match in matches), spans, strict=True))[:HIGHLIGHTS]
        return tuple(Span(*span) for less, span in best if less <= HIGHLIGHT_SHARE * best[0][0])

    def sentence_vector(self, span: Span) -> Vectors:
        """Return the mean of the vectors of a sentence's tokens, at unit length, shape `(token_dimension,)`."""
        tokens = self.reading.tokens
        own = int((tokens.bounds[:, 0] == span.start).argmax())
        first, end = tokens.bounds[own, 2:].tolist()
        mean = tokens.vectors[first:end].sum(axis=0, dtype=np.float32)
        vector: Vectors = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return vector


def say_the_same(one: Vectors, other: Vectors) -> bool:
    """Return whether two sentences, by their vectors, say the same."""
    return float(one @ other) > SAME_SENTENCE


def likeness(question: Embedding, span: Span, passages: Sequence[Evidence]) -> float:
    """Return how near what stands in a span of a question comes to a passage, in [-1, 1], the nearest of them.

    It is the mean over the tokens in the span of the cosine to the passage's nearest token; 0 where there are none.
    """
    own = [at for at, token in enumerate(question.spans) if span.start <= token.start and token.end <= span.end]
    asked = question.tokens[own].T / TOKEN_SCALE
    read = [one.reading.tokens.vectors.astype(np.float32) for one in passages if len(one.reading.tokens.vectors)]
    return max((float((vectors @ asked).max(axis=0).mean()) for vectors in read), default=0.0) if own else 0.0


def query_tokens(
    embedding: Embedding, word_weights: Sequence[tuple[Span, float]], lighter: Sequence[tuple[Span, float]] = ()
) -> QueryTokens:
    """Return the tokens of a query, those of a word sharing its weight; all alike where no word has any.

    `lighter` is where words stand that count less, each with how much.
    """
    weights = np.zeros(len(embedding.spans), dtype=np.float32)
    begins, ends = [span.start for span in embedding.spans], [span.end for span in embedding.spans]
    for word, weight in word_weights:
        own = slice(bisect_left(begins, word.start), bisect_right(ends, word.end))
        less = math.prod(share for part, share in lighter if part.holds(word))
        weights[own] = weight / max(own.stop - own.start, 1) * less
    total = float(weights.sum())
    alike = np.full(len(weights), 1 / max(len(weights), 1), dtype=np.float32)
    return QueryTokens(embedding.tokens, weights / total if total else alike, embedding.spans)


def read(query: QueryTokens, passages: Sequence[PassageTokens]) -> list[Reading]:
    """Return the passages as they are read beside a query.

    A match is the mean over the query's tokens, by their weights, of the cosine to the nearest token of the passage, or
    of the sentence: the late interaction of Khattab & Zaharia 2020, https://arxiv.org/abs/2004.12832, with the token
    vectors of the embedding model itself. It is 0 where there are no token vectors.
    """
    tokens = np.array([len(passage.vectors) for passage in passages])
    sentences = np.array([len(passage.bounds) for passage in passages])
    if not tokens.any() or not len(query.weights):
        return [unread(one) for one in passages]
    # A passage is divided where its sentences begin and end, so that its tokens are looked at once for both. Whichever
    # order the sentences have, the pieces are all of the passage, and every second one is a sentence.
    starts, firsts = np.cumsum(tokens) - tokens, np.cumsum(sentences) - sentences
    heads = 2 * firsts + np.arange(len(passages))
    is_head = np.zeros(2 * int(sentences.sum()) + len(passages), dtype=bool)
    is_head[heads] = True
    begins = np.repeat(starts, 2 * sentences + 1)
    begins[~is_head] += np.concatenate([one.bounds for one in passages])[:, 2:].ravel()
    pieces = _nearest(query.vectors, passages, begins)
    of_passages = np.maximum.reduceat(pieces, heads, axis=0)
    of_sentences = pieces[~is_head][::2]
    # Row by row: a product by BLAS would round the last rows otherwise than the rest.
    matches = np.einsum("ij,j->i", of_passages, query.weights).tolist()
    sentence_matches: Vectors = np.einsum("ij,j->i", of_sentences, query.weights)
    own = map(slice, firsts.tolist(), np.cumsum(sentences).tolist())
    return [
        Reading(passage, match, sentence_matches[rows], of_sentences[rows], query)
        for passage, match, rows in zip(passages, matches, own, strict=True)
    ]


def unread(passage: PassageTokens) -> Reading:
    """Return a candidate that matches nothing."""
    nothing = np.zeros((len(passage.bounds), 0), dtype=np.float32)
    return Reading(passage, 0.0, nothing.sum(axis=1), nothing, QueryTokens(nothing[:0], nothing[:0].sum(axis=0)))


def _nearest(query: Vectors, passages: Sequence[PassageTokens], begins: Numbers) -> Vectors:
    """Return how near the tokens from each of `begins` to the next one come to each of the query's, in [0, 1].

    The query's vectors are rounded to whole numbers, each by its own greatest one, which changes a cosine by less than
    two thousandths, and most by far less. A piece without tokens, or like none of it, comes as near as 0.
    """
    unit = np.maximum(np.abs(query).max(axis=1), _LEAST_NUMBER) / LARGEST
    asked = np.rint(query / unit[:, np.newaxis]).astype(np.int16)
    # The last row is of zeros, so that a piece may begin there.
    tokens = np.concatenate([*(passage.vectors for passage in passages), np.zeros((1, query.shape[1]), dtype=np.int8)])
    nearest = np.maximum.reduceat(products(tokens, asked), begins, axis=0)
    nearest *= (np.diff(begins, append=len(tokens) - 1) > 0)[:, np.newaxis]
    cosines: Vectors = np.maximum(nearest, 0).astype(np.float32) * (unit / TOKEN_SCALE)
    return cosines
