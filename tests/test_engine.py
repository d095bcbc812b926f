"""The path of a question: with the embedder that can be computed by hand, and with the real model on the seeds."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.corpus import Corpus
from index.document import Document, Metadata, Span
from rag import citation
from rag.citation import Claim
from rag.engine import Engine
from rag.errors import InvalidQuery
from rag.query import MAX_QUERY_CHARS, Query, parse_filters
from rag.selection import MAX_SENTENCES
from tests.conftest import SEEDS

QUESTIONS = (Path(__file__).parent / "questions.txt").read_text(encoding="utf-8").splitlines()
SEED_TEXTS = {path.stem: path.read_text(encoding="utf-8-sig") for path in SEEDS.glob("*.txt")}


def put(corpus: Corpus, **texts: str) -> Engine:
    for doc_id, text in texts.items():
        corpus.put(Document(doc_id, text, "text/plain", Metadata()))
    return Engine(corpus)


class TestRanking:
    def test_passages_that_share_words_come_first(self, corpus: Corpus) -> None:
        engine = put(corpus, copper="Copper prices fell.", tin="Tin is soft.", lead="Lead prices rose in May.")
        hits = engine.search(Query.parse("copper prices")).hits
        assert [hit.citation.doc_id for hit in hits] == ["copper", "lead", "tin"]
        assert [hit.rank for hit in hits] == [1, 2, 3]

    def test_equal_scores_stand_in_the_order_of_their_passage_ids(self, corpus: Corpus) -> None:
        engine = put(corpus, b="Copper fell.", c="Copper fell.", a="Copper fell.")
        assert [hit.citation.doc_id for hit in engine.search(Query.parse("copper")).hits] == ["a", "b", "c"]

    def test_between_passages_about_as_good_another_document_comes_first(self, corpus: Corpus) -> None:
        paragraphs = "\n\n".join(
            f"Copper prices fell in week {number} of the year. " + "Word. " * 190 for number in (1, 2)
        )
        engine = put(corpus, a=paragraphs, b="Copper prices fell in week 3 of the year. " + "Word. " * 190)
        hits = engine.search(Query.parse("copper prices of the year")).hits
        assert [hit.citation.doc_id for hit in hits[:3]] in (["a", "b", "a"], ["b", "a", "a"])
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)

    def test_the_sentence_that_bears_on_the_query_is_the_first_highlight(self, corpus: Corpus) -> None:
        engine = put(corpus, a="Tin is soft. Copper prices fell sharply. Lead is heavy.")
        (hit,) = engine.search(Query.parse("copper prices")).hits
        assert hit.highlights[0].cited_text == "Copper prices fell sharply."

    def test_at_most_top_k_passages_come_back(self, corpus: Corpus) -> None:
        engine = put(corpus, **{f"d{number}": f"Copper number {number}." for number in range(9)})
        assert len(engine.search(Query.parse("copper", top_k=4)).hits) == 4
        assert len(engine.search(Query.parse("copper", top_k=100)).hits) == 9

    def test_no_documents_are_no_error(self, corpus: Corpus) -> None:
        assert Engine(corpus).search(Query.parse("copper")).hits == ()


class TestAnswers:
    def test_an_answer_quotes_the_sentence_and_cites_it(self, corpus: Corpus) -> None:
        engine = put(corpus, a="Tin is soft. Copper prices fell sharply.")
        answer = engine.ask(Query.parse("copper prices")).answer
        assert answer.text == "Copper prices fell sharply. [1]"
        assert [cited.cited_text for cited in answer.citations] == ["Copper prices fell sharply."]

    def test_what_two_articles_say_in_the_same_words_is_quoted_once(self, corpus: Corpus) -> None:
        engine = put(corpus, a="Copper prices fell sharply.", b="Copper prices fell sharply.")
        assert len(engine.ask(Query.parse("copper prices")).answer.citations) == 1

    def test_an_article_s_own_note_numbers_are_not_taken_for_markers(self, corpus: Corpus) -> None:
        engine = put(corpus, a="Copper prices fell [12] sharply [3].")
        answer = engine.ask(Query.parse("copper prices")).answer
        assert answer.text == "Copper prices fell sharply. [1]"
        assert answer.citations[0].cited_text == "Copper prices fell [12] sharply [3]."

    @pytest.mark.parametrize(
        ("texts", "filters", "reason"),
        [
            ({}, None, "There are no documents yet."),
            ({}, parse_filters(doc_ids=["b"]), "There are no documents yet."),
            ({"a": "Copper fell."}, parse_filters(doc_ids=["b"]), "There is no document 'b'."),
            ({"a": "Copper fell."}, parse_filters(doc_ids=list("bcdef")), "There is no document 'b', 'c', 'd' or 'e'."),
            (
                {"a": "Copper fell."},
                parse_filters(doc_ids=["b"], sources=["Wire"]),
                "There is no document 'b'. No document is of the source 'Wire'.",
            ),
            ({"a": "Copper fell."}, parse_filters(doc_ids=["\ud800"]), r"There is no document '\ud800'."),
            (
                {"a": "Copper fell."},
                parse_filters(doc_ids=["a"], sources=["Wire", "Post"]),
                "No document is of the source 'Wire' or 'Post'.",
            ),
            (
                {"a": "Copper fell."},
                parse_filters(doc_ids=["a", "b"], published_after="2025-05-01"),
                "No document passes the filters. There is no document 'b'.",
            ),
            (
                {"a": "Copper fell."},
                parse_filters(doc_ids=["a"], published_after="2025-05-01"),
                "No document passes the filters.",
            ),
            ({"a": "Copper fell."}, None, "The nearest passages do not mention 'quagga'."),
        ],
    )
    def test_it_abstains_and_says_why(
        self, corpus: Corpus, texts: dict[str, str], filters: object, reason: str
    ) -> None:
        query = Query.parse("quagga", filters=filters)  # type: ignore[arg-type]
        answer = put(corpus, **texts).ask(query).answer
        assert answer.abstained
        assert answer.reason == reason
        assert answer.citations == ()

    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [
            (["reuters"], "No document is of the source 'reuters'; there is 'Reuters'."),
            (["Wire"], "No document is of the source 'Wire'; there is 'Post' and 'Reuters'."),
        ],
    )
    def test_where_no_document_is_of_a_source_it_names_those_that_there_are(
        self, corpus: Corpus, wanted: list[str], reason: str
    ) -> None:
        for doc_id, source in {"a": "Reuters", "b": "Post", "c": None}.items():
            corpus.put(Document(doc_id, "Copper fell.", "text/plain", Metadata(None, source)))
        assert Engine(corpus).why_nothing(parse_filters(sources=wanted)) == reason

    def test_what_it_says_is_missing_is_what_the_question_is_about(self, corpus: Corpus) -> None:
        answer = (
            put(corpus, a="Copper fell.")
            .ask("Could you tell me why it happened that quaggas were so very striped?")
            .answer
        )
        assert answer.reason == "The nearest passages do not mention 'quaggas', 'striped'."

    def test_a_question_about_something_else_gets_the_nearest_passages_but_no_answer(
        self, seeds_engine: Engine
    ) -> None:
        response = seeds_engine.ask(Query.parse("How do I bake sourdough bread?", top_k=5))
        assert response.answer.abstained
        assert len(response.hits) == 5


class TestSeeds:
    def test_there_are_a_hundred_varied_questions(self) -> None:
        assert len(set(QUESTIONS)) == len(QUESTIONS) == 100

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_every_citation_is_a_slice_of_the_seed_file(self, seeds_engine: Engine, question: str) -> None:
        response = seeds_engine.ask(Query.parse(question, top_k=20))
        for cited in response.answer.citations:
            assert cited.cited_text == cited.span.of(SEED_TEXTS[cited.doc_id])
        for hit in response.hits:
            assert hit.citation.cited_text == hit.citation.span.of(SEED_TEXTS[hit.citation.doc_id])
            for quote in hit.highlights:
                assert quote.cited_text == quote.span.of(SEED_TEXTS[quote.doc_id])
                assert hit.citation.span.start <= quote.span.start < quote.span.end <= hit.citation.span.end
        markers = [int(marker) for marker in re.findall(r"\[(\d+)\]", response.answer.text)]
        assert list(dict.fromkeys(markers)) == list(range(1, len(response.answer.citations) + 1))
        in_disagreement = {
            marker for found in response.answer.disagreements for side in found.sides for marker in side.markers
        }
        assert len(set(markers) - in_disagreement) <= MAX_SENTENCES
        assert [hit.score for hit in response.hits] == sorted((hit.score for hit in response.hits), reverse=True)
        assert len({hit.passage_id for hit in response.hits}) == len(response.hits)

    def test_three_articles_on_one_share_are_among_the_first_five(self, seeds_engine: Engine) -> None:
        hits = seeds_engine.search(Query.parse("What is China's processing share?", top_k=5)).hits
        for said, doc in (
            ("more than 90% of processing capacity", "001"),
            ("approximately 85%", "003"),
            ("over 85%", "004"),
        ):
            assert any(
                said in hit.citation.cited_text.lower() and hit.citation.doc_id.startswith(doc) for hit in hits
            ), said

    def test_what_happened_after_geneva_is_quoted(self, seeds_engine: Engine) -> None:
        citations = seeds_engine.ask(Query.parse("what happened after Geneva?")).answer.citations
        assert any(cited.doc_id.startswith("004") and "Geneva" in cited.cited_text for cited in citations)
        assert any("just weeks later, China appears to have reversed course" in cited.cited_text for cited in citations)

    def test_the_same_question_gets_the_same_ranking(self, seeds_engine: Engine) -> None:
        first, second = (seeds_engine.search(Query.parse("magnets", top_k=100)).hits for _ in range(2))
        assert first == second


class TestQuery:
    def test_a_question_is_stripped_and_composed(self) -> None:
        assert Query.parse("  cafe\u0301 \n").text == "café"

    @pytest.mark.parametrize(
        ("question", "said"),
        [
            ("", "empty"),
            (" \n\t ", "empty"),
            ("\u200b", "empty"),
            ("x" * (MAX_QUERY_CHARS + 1), "2,001"),
            ("a\ud800b", "surrogate"),
        ],
    )
    def test_a_question_that_cannot_be_asked_is_refused(self, question: str, said: str) -> None:
        with pytest.raises(InvalidQuery, match=said):
            Query.parse(question)

    @pytest.mark.parametrize("top_k", [0, -1, 101])
    def test_a_cutoff_out_of_range_is_refused_with_its_value(self, top_k: int) -> None:
        with pytest.raises(InvalidQuery, match=f"{top_k}.*1 to 100"):
            Query.parse("magnets", top_k)

    @pytest.mark.parametrize("value", ["yesterday", "2025-13-01", "", "2025-05-01T99:00"])
    def test_a_date_that_is_none_is_refused_with_its_value(self, value: str) -> None:
        with pytest.raises(InvalidQuery, match=f"published_after.*'{value}'"):
            parse_filters(published_after=value)

    @pytest.mark.parametrize(
        ("after", "before"),
        [("2026-01-01", "2025-01-01"), ("2025-05-02", "2025-05-01T10:00"), ("2025-05-01T10:01Z", "2025-05-01T10:00Z")],
    )
    def test_a_period_that_ends_before_it_begins_is_refused_with_both_dates(self, after: str, before: str) -> None:
        with pytest.raises(InvalidQuery, match=f"published_after.*{after[:15]}.*published_before.*{before[:15]}"):
            parse_filters(published_after=after, published_before=before)

    @pytest.mark.parametrize(
        ("after", "before"),
        [("2025-05-01", "2025-05-01"), ("2025-05-01T10:00", "2025-05-01"), ("2025-05-01", "2025-05-01T10:00")],
    )
    def test_one_of_a_day_may_be_asked_for(self, after: str, before: str) -> None:
        assert parse_filters(published_after=after, published_before=before).published_before

    @given(st.text(max_size=300))
    def test_any_text_is_a_query_or_is_refused(self, question: str) -> None:
        try:
            text = Query.parse(question).text
        except InvalidQuery:
            return
        assert Query.parse(text).text == text


class TestVerify:
    TEXT = "Tin is soft. Copper prices fell sharply."

    @pytest.mark.parametrize(
        ("claim", "said"),
        [
            (Claim("a", 13, 40, "Copper prices fell sharply."), None),
            (Claim("b", 13, 40, "Copper prices fell sharply."), "'b'"),
            (Claim("a", 12, 39, "Copper prices fell sharply."), "13 to 40"),
            (Claim("a", 13, 40, "Copper prices rose sharply."), "does not hold"),
            (Claim("a", 13, 400, "Copper prices fell sharply."), "400"),
            (Claim("a", -3, 4, "Tin"), "-3"),
            (Claim("a", 5, 5, ""), "5 to 5"),
        ],
    )
    def test_a_claim_is_exact_or_its_fault_is_said(self, corpus: Corpus, claim: Claim, said: str | None) -> None:
        put(corpus, a=self.TEXT)
        fault = citation.fault(corpus, claim)
        assert (fault is None) if said is None else (fault is not None and said in fault)

    def test_a_location_names_the_span(self) -> None:
        cited = citation.Citation("a", Metadata(), Span(3, 7), "text")
        assert cited.location == "/source/a?start=3&end=7"
