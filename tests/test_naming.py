"""Naming: the source that a question names and the title that a better passage names bring passages nearer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.corpus import Corpus
from index.document import Document, Metadata, Span
from index.records import PassageTokens
from rag.engine import Engine
from rag.evidence import unread
from rag.fusion import Candidate, Ranked
from rag.naming import LEADING, NEARER_SHARE, bridged, from_named_sources

FIRST = "The Orion Bridge was drawn by Ada Finch, whom the town had asked for something light."
_NOTHING = PassageTokens("d", Span(0, 10), np.zeros((0, 4), np.int32), np.zeros((0, 4), np.int8))


def ranked(number: int, score: float, title: str | None = None, source: str | None = None, doc: int = -1) -> Ranked:
    tokens = replace(_NOTHING, doc_id=f"d{number:02}", title=title, source=source)
    return Ranked(Candidate(number, number if doc < 0 else doc, 0.0, 0.0, 0.0, 0.0), unread(tokens), score)


def order(ranking: list[Ranked]) -> list[int]:
    return [one.candidate.passage_no for one in ranking]


@pytest.mark.parametrize(
    ("title", "text", "named"),
    [
        ("Ada Finch", FIRST, True),
        ("Ada Finch (engineer)", FIRST, True),
        ("ada finch", FIRST, False),
        ("Da Finch", FIRST, False),
        ("Harrow", "It stands in Harrow, on the Lind.", True),
        ("Harrow", "Harrow has a bridge.", True),
        ("Harrow", "It is long. Harrow has built it.", True),
        ("Harrow", "the Harrow Bridge", False),
        ("Bridge", FIRST, False),
        ("harrow", "It stands in Harrow.", False),
        ("Ada Finch", "the Ada Finch Museum", False),
        ("Ada Finch", "the engineer Ada Finch drew it", True),
        ("Ada Finch", "President Ada Finch", True),
        ("Or", FIRST, False),
        ("", FIRST, False),
        (None, FIRST, False),
        ("Finch's", FIRST, False),
        ("C++", "It was written in C++.", True),
        ("Opening hours", "See our opening hours.", False),
        ("The Lind", "It crosses the Lind.", True),
        ("In the End", "It fell in the end.", False),
        ("Ada Finch", "by Ada\nFinch", True),
        ("Ada Finch", "by **Ada** Finch", True),
        ("Harrow", "It is long.\nIn Harrow it rains.", True),
        ("Harrow", "“Harrow is near”", True),
        ("   ", "What is it?", False),
        ("max_retries", "set by max_retries here", True),
        ("Independent", "What does The Independent say?", True),
        ("Finch", "drawn by Élodie Finch", False),
        ("Ada Finch", "the Ada Finch École", False),
        ("Pilot (Lost) (TV)", "the Pilot (Lost) of it", True),
        ("Pilot (Lost) (TV)", "the pilot and the Pilot of it", False),
    ],
)
def test_a_title_is_named_by_words_of_its_own(title: str | None, text: str, named: bool) -> None:
    ranking = [ranked(0, 0.9, "Orion Bridge"), ranked(1, 0.4), ranked(2, 0.2, title)]
    assert order(bridged(ranking, [text])) == ([0, 2, 1] if named else [0, 1, 2])


@pytest.mark.parametrize(
    "ranking",
    [
        # Each of two articles may be the one that is meant.
        [ranked(0, 0.9), ranked(1, 0.4), ranked(2, 0.2, "Ada Finch"), ranked(3, 0.1, "ada finch")],
        # An article that has its own title in it names nothing.
        [ranked(0, 0.9, "Ada Finch", doc=7), ranked(1, 0.4), ranked(2, 0.2, "Ada Finch", doc=7)],
        # Only the best are asked what they name.
        [*(ranked(number, 0.9) for number in range(LEADING)), ranked(5, 0.4), ranked(6, 0.2, "Ada Finch")],
    ],
)
def test_what_is_not_surely_named_stays(ranking: list[Ranked]) -> None:
    leading = ["Nothing."] * LEADING if len(ranking) > 4 else [FIRST]
    assert bridged(ranking, leading) == ranking


@given(
    rows=st.lists(
        st.tuples(st.floats(-1, 1), st.sampled_from([None, "Ada Finch", "Tin", "Lead pipes", "x"]), st.integers(0, 6)),
        max_size=20,
    ),
    leading=st.lists(st.sampled_from([FIRST, "Tin is soft.", "Of lead pipes and tin.", ""]), max_size=LEADING),
)
def test_none_is_lost_and_none_comes_before_what_names_it(
    rows: list[tuple[float, str | None, int]], leading: list[str]
) -> None:
    rows.sort(key=lambda row: -row[0])
    ranking = [ranked(number, score, title, doc=doc) for number, (score, title, doc) in enumerate(rows)]
    again = bridged(ranking, leading)
    assert sorted(order(again)) == order(ranking)
    assert [one.score for one in again] == sorted((one.score for one in again), reverse=True)
    assert order(again)[:1] == order(ranking)[:1]
    before = {one.candidate.passage_no: one.score for one in ranking}
    for one in again:
        own = before[one.candidate.passage_no]
        assert any(one.score == own + NEARER_SHARE * (best.score - own) for best in ranking)
        assert one.score >= own


def test_what_the_question_names_as_source_comes_nearer() -> None:
    ranking = [ranked(0, 0.8, source="Reuters"), ranked(1, 0.6), ranked(2, 0.4, source="The Herald"), ranked(3, 0.3)]
    assert order(from_named_sources(ranking, "What does the Herald say of the tram?")) == [0, 2, 1, 3]
    assert from_named_sources(ranking, "Who heralds the tram?") == ranking
    assert from_named_sources([], "What does the Herald say?") == []
    wills = [ranked(0, 0.8), ranked(1, 0.4, source="Will")]
    assert from_named_sources(wills, "Will the tram be dear?") == wills


def test_the_article_that_is_named_is_found_for_a_question_that_takes_both(corpus: Corpus) -> None:
    texts = {
        "Orion Bridge": FIRST,
        "Ada Finch": "She was raised in Malmö and began as a joiner.",
        "Town hall": "Where the mayor was raised is not known.",
        "School": "Pupils were raised to be joiners, and some of them drew.",
    }
    for title, text in texts.items():
        corpus.put(Document(title.replace(" ", "-"), text, "text/plain", Metadata(title)))
    hits = Engine(corpus).search("Where was the one raised who drew the Orion Bridge?").hits
    assert [hit.citation.doc_id for hit in hits[:2]] == ["Orion-Bridge", "Ada-Finch"]


def test_who_is_named_is_asked_first(corpus: Corpus) -> None:
    def scores(source: str | None) -> dict[str, float]:
        for doc_id, text in {"a": "The tram will cost the town a lot.", "b": "Late it will be.", "c": "Cows."}.items():
            corpus.put(Document(doc_id, text, "text/plain", Metadata(None, source if doc_id == "b" else "Reuters")))
        hits = Engine(corpus).search("By The Herald, what will the tram cost?").hits
        return {hit.citation.doc_id: hit.score for hit in hits}

    plain, named = scores(None), scores("The Herald")
    assert named == plain | {"b": pytest.approx(plain["b"] + NEARER_SHARE * (plain["a"] - plain["b"]))}
