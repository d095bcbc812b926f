"""Reading token by token, against the slow and obvious way, and the fusion that follows from it."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.corpus import Corpus
from index.document import Document, Metadata, Span
from index.embedder import Embedding
from index.products import LARGEST
from index.records import TOKEN_SCALE, PassageTokens, StoredPassage
from index.vectors import Near
from rag.engine import Engine
from rag.evidence import Evidence, Found, Place, QueryTokens, Reading, query_tokens, read, unread
from rag.fusion import Candidate, Weights, candidates_of, diversified, followed, fused, scale_of
from rag.query import Query
from tests.doubles import HashingEmbedder

DIMENSION = 8
# What is lost of a cosine at most where the query's numbers are rounded.
ROUNDING = math.sqrt(DIMENSION) / (2 * LARGEST)
Floats = npt.NDArray[np.float32]


def unit_rows(count: int, seed: int) -> Floats:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def passage(number: int, count: int, bounds: list[tuple[int, int]]) -> PassageTokens:
    vectors = np.rint(unit_rows(count, number) * TOKEN_SCALE).astype(np.int8)
    rows = [(10 * at, 10 * at + 9, start, end) for at, (start, end) in enumerate(bounds)]
    return PassageTokens(f"d{number}", Span(0, 100), np.array(rows, dtype=np.int32).reshape(-1, 4), vectors)


def twin(query: QueryTokens, vectors: npt.NDArray[np.int8]) -> float:
    if not len(vectors):
        return 0.0
    best = [max(0.0, max(float(token @ row) / TOKEN_SCALE for row in vectors)) for token in query.vectors]
    return float(np.dot(query.weights, best))


@given(
    shapes=st.lists(
        st.tuples(st.integers(0, 9), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4)),
        min_size=1,
        max_size=5,
    ),
    tokens=st.integers(1, 6),
    seed=st.integers(0, 1000),
)
def test_a_match_is_the_weighted_mean_of_the_greatest_cosines(
    shapes: list[tuple[int, list[tuple[int, int]]]], tokens: int, seed: int
) -> None:
    weights = np.random.default_rng(seed).random(tokens).astype(np.float32) + 0.01
    query = QueryTokens(unit_rows(tokens, seed), weights / weights.sum())
    passages = [
        passage(number, count, [(min(a, b, count), min(max(a, b), count)) for a, b in bounds])
        for number, (count, bounds) in enumerate(shapes)
    ]
    for one, reading in zip(passages, read(query, passages), strict=True):
        assert reading.match == pytest.approx(twin(query, one.vectors), abs=ROUNDING)
        expected = {
            span: twin(query, one.vectors[own.start : own.end])
            for span, own in zip(one.sentences, one.sentence_tokens, strict=True)
        }
        assert {
            sentence.span: pytest.approx(sentence.match, abs=ROUNDING) for sentence in reading.sentences
        } == expected
        assert [one.match for one in reading.sentences] == sorted(
            (one.match for one in reading.sentences), reverse=True
        )
        assert reading.best_sentence <= reading.match + 1e-4


def test_cosines_are_those_of_the_vectors_to_less_than_a_thousandth() -> None:
    drawn = np.random.default_rng(1).standard_normal((60, 128)).astype(np.float32)
    unit = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    vectors = np.rint(unit[20:] * TOKEN_SCALE).astype(np.int8)
    tokens = PassageTokens("d", Span(0, 100), np.array([(at, at + 1, at, at + 1) for at in range(40)]), vectors)
    query = QueryTokens(unit[:20], np.full(20, 0.05, dtype=np.float32))
    (reading,) = read(query, [tokens])
    expected = np.maximum(vectors.astype(np.float64) / TOKEN_SCALE @ unit[:20].T, 0)
    assert reading.nearest.dtype == np.float32
    assert 0 < np.abs(reading.nearest - expected).max() < 0.0005


def test_a_token_without_direction_is_near_nothing() -> None:
    query = QueryTokens(np.array([np.zeros(DIMENSION), unit_rows(1, 1)[0]], dtype=np.float32), np.full(2, 0.5))
    (reading,) = read(query, [passage(2, 3, [(0, 3)])])
    assert reading.nearest[0, 0] == 0
    assert reading.match == pytest.approx(reading.nearest[0, 1] / 2)


@given(others=st.lists(st.integers(0, 12), max_size=8), tokens=st.integers(1, 14), seed=st.integers(0, 1000))
def test_a_reading_does_not_depend_on_what_is_read_beside_it(others: list[int], tokens: int, seed: int) -> None:
    weights = np.random.default_rng(seed).random(tokens).astype(np.float32) + 0.01
    query = QueryTokens(unit_rows(tokens, seed), weights / weights.sum())
    one = passage(seed, 9, [(0, 2), (2, 5), (5, 9)])
    beside = [passage(number, count, [(0, count // 2)]) for number, count in enumerate(others)]
    (alone,) = read(query, [one])
    for reading in (read(query, [one, *beside])[0], read(query, [*beside, one])[-1]):
        assert reading.match == alone.match
        assert reading.sentence_matches.tolist() == alone.sentence_matches.tolist()


def test_without_token_vectors_nothing_matches() -> None:
    query = QueryTokens(np.empty((0, 0), dtype=np.float32), np.empty(0, dtype=np.float32))
    (reading,) = read(query, [passage(1, 0, [(0, 0)])])
    assert (reading.match, reading.best_sentence) == (0, 0)
    assert read(query, []) == []


def test_the_tokens_of_a_word_share_its_weight_and_lighter_parts_count_less() -> None:
    spans = (Span(0, 4), Span(4, 8), Span(9, 14))
    embedding = Embedding(np.ones(2, dtype=np.float32), np.ones((3, 2), dtype=np.float32), spans)
    words = [(Span(0, 8), 2.0), (Span(9, 14), 2.0)]
    assert query_tokens(embedding, words).weights.tolist() == pytest.approx([0.25, 0.25, 0.5])
    lessened = query_tokens(embedding, words, [(Span(8, 14), 0.25), (Span(9, 10), 0.5)]).weights
    assert lessened[2] / lessened[:2].sum() == pytest.approx(0.25)
    assert query_tokens(embedding, []).weights.tolist() == pytest.approx([1 / 3] * 3)


def reading_of(number: int, match: float) -> Reading:
    return replace(unread(passage(number, 1, [])), match=match)


@pytest.mark.parametrize(
    ("matches", "begins", "shown"),
    [
        ([0.5, 0.9, 0.75, 0.71, 0.8], {}, [1, 4, 2]),
        ([0.9, 0.71, 0.1], {}, [0]),
        ([0.5, 0.5], {}, [0, 1]),
        ([0.0, 0.0], {}, [0, 1]),
        ([0.9, 0.6, 0.5], {2: 0.9}, [2, 0]),
        ([], {}, []),
    ],
)
def test_the_best_sentences_are_shown_and_those_about_as_good(
    matches: list[float], begins: dict[int, float], shown: list[int]
) -> None:
    tokens = passage(1, len(matches), [(at, at + 1) for at in range(len(matches))])
    reading = replace(unread(tokens), sentence_matches=np.array(matches))
    places = {tokens.sentences[at]: Place(tokens.sentences[at], share) for at, share in begins.items()}
    found = Found(0.0, -100.0, places) if begins else None
    stored = StoredPassage("d1", Metadata(), Span(0, 100), "", "a" * 100, tokens.sentences)
    item = Evidence(stored, reading, 0.0, 0.0, 0.0, found)
    assert item.highlights == tuple(tokens.sentences[at] for at in shown)


def test_a_passage_like_none_of_the_others_changes_no_order() -> None:
    found = [
        Candidate(number, number, 0.5 + 0.02 * number, 0.6 - 0.05 * number, 4.0 - number, 0.5) for number in range(8)
    ]
    readings = [reading_of(one.passage_no, 0.5 + 0.03 * one.passage_no) for one in found]
    unlike = Candidate(9, 9, -0.4, 0.0, 0.0, -0.24)
    ranking = fused([*found, unlike], [*readings, reading_of(9, 0.0)], Weights(), scale_of(9))
    alone = fused(found, readings, Weights(), scale_of(8))
    assert [one.candidate for one in ranking] == [*(one.candidate for one in alone), unlike]


@given(
    rows=st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.integers(0, 5)), max_size=40),
    read_ones=st.integers(0, 40),
)
def test_documents_keep_their_order_and_what_was_not_read_comes_last(
    rows: list[tuple[float, float, float, int]], read_ones: int
) -> None:
    weights = Weights()
    found = [
        Candidate(number, doc, cosine, overlap, overlap, 0.6 * cosine + 0.4 * overlap)
        for number, (cosine, overlap, _, doc) in enumerate(rows)
    ]
    readings = [reading_of(one.passage_no, rows[one.passage_no][2]) for one in found]
    ranking = fused(found[:read_ones], readings[:read_ones], weights, scale_of(len(found)))
    again = diversified(ranking)
    assert sorted(one.candidate for one in again) == sorted(found[:read_ones])
    first_of = {one.candidate.doc_no: one for one in reversed(ranking) if one.score > 0}
    assert {one.candidate.doc_no: one for one in reversed(again) if one.score > 0} == first_of
    whole = followed(again, found[read_ones:], readings[read_ones:])
    assert [one.candidate for one in whole[read_ones:]] == found[read_ones:]
    scores = [one.score for one in whole[: read_ones + 1]]
    assert scores == sorted(scores, reverse=True)


def test_candidates_come_by_cosine_and_overlap_and_ties_by_number() -> None:
    near = [Near(3, 1, 0.5), Near(1, 1, 0.5), Near(2, 1, 0.4)]
    found = candidates_of(near, {2: 1.0}, {2: 7.5})
    assert [one.passage_no for one in found] == [2, 1, 3]
    assert found[0][:5] == (2, 1, 0.4, 1.0, 7.5)
    assert found[0].promise == pytest.approx(0.6 * 0.4 + 0.4)
    assert found[1].bm25 == 0


def test_a_longer_ranking_begins_with_the_shorter_one(seeds_engine: Engine) -> None:
    for question in ("What is China's processing share?", "magnets", "who said that the truce is dead?"):
        whole = [hit.passage_id for hit in seeds_engine.search(Query.parse(question, top_k=36)).hits]
        for top_k in (1, 5, 30, 31):
            assert [hit.passage_id for hit in seeds_engine.search(Query.parse(question, top_k=top_k)).hits] == whole[
                :top_k
            ]


def test_each_token_belongs_to_its_sentence(corpus: Corpus) -> None:
    text = "Tin is soft (opens in a new tab) and grey. Copper prices fell."
    corpus.put(Document("a", text, "text/plain", Metadata("Metals")))
    with corpus.read() as view:
        (tokens,) = view.reading.passage_tokens(view.reading.passage_nos("a"))
    embedder = HashingEmbedder()
    for span, own in zip(tokens.sentences, tokens.sentence_tokens, strict=True):
        said = span.of(text).replace(" (opens in a new tab)", "")
        expected = embedder.embed_query(said).tokens
        assert np.array_equal(tokens.vectors[own.start : own.end], np.rint(expected * TOKEN_SCALE))
    assert len(tokens.vectors) == 1 + 5 + 3
