import json
from collections.abc import Sequence
from math import log2
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.corpus import Corpus
from index.document import Document, Metadata, Span
from index.records import Filters
from rag.beir import doc_id_of, index_corpus, index_folder, read_collection
from rag.conversation import Turn
from rag.engine import AskResponse, Engine, Listener
from rag.errors import BelowBaseline, InvalidBeir, InvalidGold
from rag.evaluation import DOCUMENT, EVIDENCE, check_drop, compared, evaluate_collection, evaluate_gold, trec_run
from rag.fusion import Weights
from rag.gold import GoldEvidence, GoldQuestion, Place, places, read_gold
from rag.measures import Comparison, compare, estimate, per_query
from rag.query import Query

TEXTS = {
    "copper": "Copper prices fell sharply on Monday.",
    "tin": "Tin is soft and melts early.",
    "lead": "Lead prices rose in May while copper did not.",
}


@pytest.fixture
def engine(corpus: Corpus) -> Engine:
    for doc_id, text in TEXTS.items():
        corpus.put(Document(doc_id, text, "text/plain", Metadata()))
    return Engine(corpus)


def question(query_id: str, text: str, *evidence: tuple[str, str], kind: str = "fact", split: str = "dev") -> str:
    said = [{"doc": doc_id, "quote": quote} for doc_id, quote in evidence]
    return json.dumps({"id": query_id, "question": text, "kind": kind, "evidence": said, "split": split})


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


SHARE = GoldEvidence(
    "003_bc6a7292a7714e0f", "China's control over approximately 85% of global rare earth processing capacity"
)


class TestGold:
    def test_questions_are_read(self, tmp_path: Path) -> None:
        path = written(tmp_path, question("q1", "copper?", ("copper", "fell sharply")), "")
        assert read_gold(path) == [
            GoldQuestion("q1", "copper?", "fact", (GoldEvidence("copper", "fell sharply"),), "dev")
        ]

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("not json", "line 1 is not JSON"),
            ("[]", "line 1 is not an object"),
            ('{"evidence": ["a"]}', "line 1 is not an object"),
            ("{}", "line 1 has no 'evidence'; "),
            ('{"evidence": [{"doc": "a"}]}', "line 1 has no 'quote'; "),
            (question("q", "x", ("a", "b"), kind="riddle"), "'riddle'"),
            (question("q", "x", ("a", "b"), split="train"), "'train'"),
            (question("", "x", ("a", "b")), "line 1 has id ''; give a string that is not blank"),
            (question("q", " ", ("a", "b")), "line 1 has question ' '; "),
            (question("q", "x", ("", "b")), "line 1 has doc ''; "),
            (question("q", "x", ("a", "")), "line 1 has quote ''; "),
            (question("7", "x", ("a", "b")).replace('"7"', "7"), "line 1 has id 7; "),
            (question("7", "x", ("a", "b")).replace('"7"', "[7]"), r"line 1 has id \[7\]; "),
            (question("q", "7", ("a", "b")).replace('"7"', "null"), "line 1 has question None; "),
            (question("q", "x", ("7", "b")).replace('"7"', "7"), "line 1 has doc 7; "),
            (question("q", "x", ("a", "7")).replace('"7"', "{}"), "line 1 has quote {}; "),
            (question("q", "x", ("a", "b")).replace('"fact"', "[]"), r"has \[\]; give one of"),
            (question("q", "x"), "of the kind 'fact' and has no evidence; .* the kind 'unanswerable'"),
            (question("q", "x", ("a", "b"), kind="unanswerable"), "of the kind 'unanswerable' and has evidence"),
        ],
    )
    def test_a_line_that_is_no_question_is_refused(self, tmp_path: Path, line: str, said: str) -> None:
        with pytest.raises(InvalidGold, match=said):
            read_gold(written(tmp_path, line))

    def test_two_questions_of_one_id_are_refused(self, tmp_path: Path) -> None:
        line = question("q1", "copper?", ("copper", "fell"))
        with pytest.raises(InvalidGold, match="'q1'"):
            read_gold(written(tmp_path, line, line))

    @pytest.mark.parametrize(
        ("doc_id", "quote", "said"),
        [
            ("copper", "Tin is soft", "it is in 'tin'"),
            ("copper", "copper PRICES  fell", "stands at 0 to 18"),
            ("copper", "Silver", "no document does"),
            ("silver", "Silver", "'silver'"),
        ],
    )
    def test_a_quote_that_is_not_there_is_refused_with_where_it_would_be(
        self, engine: Engine, doc_id: str, quote: str, said: str
    ) -> None:
        with pytest.raises(InvalidGold, match=said):
            places(engine.corpus, GoldQuestion("q", "x", "fact", (GoldEvidence(doc_id, quote),), "dev"))

    @pytest.mark.parametrize(
        ("text", "quote", "said"),
        [
            ("İİİabc def", "abc  def", "stands at 3 to 10: 'abc def'"),
            ("İİİabc def", "İABC", "stands at 2 to 6: 'İabc'"),
            ("Die Straße ist lang.", "STRASSE  IST", "stands at 4 to 14: 'Straße ist'"),
            ("ΟΔΟΣ", "οδος ", "stands at 0 to 4: 'ΟΔΟΣ'"),
        ],
    )
    def test_a_letter_that_is_two_without_case_moves_no_place(
        self, corpus: Corpus, text: str, quote: str, said: str
    ) -> None:
        corpus.put(Document("letters", text, "text/plain", Metadata()))
        with pytest.raises(InvalidGold, match=said):
            places(corpus, GoldQuestion("q", "x", "fact", (GoldEvidence("letters", quote),), "dev"))

    @pytest.mark.parametrize(("start", "end", "covered"), [(0, 10, True), (5, 20, True), (6, 20, False), (0, 4, False)])
    def test_half_of_a_quote_is_enough(self, start: int, end: int, covered: bool) -> None:
        place = Place("a", Span(0, 10))
        assert place.covered_by("a", Span(start, end)) is covered
        assert not place.covered_by("b", Span(start, end))


class TestMeasures:
    """The matrix of what may be missing, and the textbook beside the library."""

    def test_a_query_without_hits_counts_nothing_and_is_counted(self) -> None:
        values = per_query({"q1": {"a": 1}, "q2": {"a": 1}}, {"q1": {"a": 1.0}})
        assert values["RR@10"] == {"q1": 1.0, "q2": 0.0}

    def test_hits_without_judgments_are_left_out(self) -> None:
        assert per_query({"q1": {"a": 1}}, {"q1": {"a": 1.0}, "q9": {"a": 1.0}})["R@5"] == {"q1": 1.0}

    def test_nothing_at_all_is_no_error(self) -> None:
        assert per_query({}, {})["nDCG@10"] == {}
        assert estimate([]).mean == 0

    @given(st.lists(st.integers(0, 2), min_size=1, max_size=15).filter(any), st.randoms())
    def test_every_measure_is_the_textbook_s(self, grades: list[int], random: object) -> None:
        documents = {f"d{at}": grade for at, grade in enumerate(grades)}
        run = {name: float(len(documents) - at) for at, name in enumerate(documents)}
        values = {measure: by_query["q"] for measure, by_query in per_query({"q": documents}, {"q": run}).items()}
        relevant = [at for at, grade in enumerate(grades, 1) if grade > 0]
        gain = sum(grade / log2(at + 1) for at, grade in enumerate(grades[:10], 1))
        ideal = sum(grade / log2(at + 1) for at, grade in enumerate(sorted(grades, reverse=True)[:10], 1))
        assert values["Success@1"] == float(1 in relevant)
        assert values["R@5"] == pytest.approx(sum(at <= 5 for at in relevant) / len(relevant))
        assert values["RR@10"] == pytest.approx(1 / relevant[0] if relevant[0] <= 10 else 0)
        assert values["nDCG@10"] == pytest.approx(gain / ideal)
        assert all(0 <= value <= 1 for value in values.values())

    def test_an_interval_holds_its_mean_and_narrows_with_queries(self) -> None:
        few, many = estimate([0.0, 1.0] * 5), estimate([0.0, 1.0] * 500)
        assert few.low <= few.mean <= few.high
        assert many.high - many.low < few.high - few.low

    def test_runs_that_do_not_differ_are_not_told_apart(self) -> None:
        values = {f"q{at}": at % 2 / 1 for at in range(30)}
        same = compare(values, values, "RR@10")
        assert (same.p, same.won, same.lost) == (1.0, (), ())
        worse = compare(dict.fromkeys(values, 0.0), dict.fromkeys(values, 1.0), "RR@10")
        assert worse.p < 0.01
        assert set(worse.lost) == set(values)


class TestEvaluation:
    GOLD = (
        GoldQuestion("q1", "copper prices fell", "fact", (GoldEvidence("copper", TEXTS["copper"]),), "dev"),
        GoldQuestion("q2", "lead in May", "multi", (GoldEvidence("lead", "Lead prices rose in May"),), "dev"),
        GoldQuestion("q3", "quagga", "unanswerable", (), "dev"),
    )

    def test_a_ranking_that_finds_everything_is_perfect(self, engine: Engine) -> None:
        evaluation = evaluate_gold(engine, self.GOLD)
        for level in (EVIDENCE, DOCUMENT):
            assert evaluation.values[level]["RR@10"] == {"q1": 1.0, "q2": 1.0}
        assert evaluation.kinds == {"fact": ["q1"], "multi": ["q2"]}
        assert evaluation.answers["citation_recall"] == 1
        assert evaluation.answers["abstention_recall"] == 1
        assert evaluation.answers["answerable_refused"] == 0
        assert json.loads(json.dumps(evaluation.summary()))["queries"] == 2

    def test_a_run_is_in_trec_s_format(self, engine: Engine) -> None:
        lines = trec_run(evaluate_gold(engine, self.GOLD), DOCUMENT, "tag").splitlines()
        assert lines[0].split() == ["q1", "Q0", "copper", "1", "1.000000", "tag"]

    def test_the_gate_fails_when_a_weight_is_spoiled(self, seeds_engine: Engine) -> None:
        asked = (
            GoldQuestion("q1", "Who in the articles speaks of a Midstream Monopoly Trap?", "fact", (SHARE,), "dev"),
            GoldQuestion("q2", "China's share of rare earth processing", "fact", (SHARE,), "dev"),
        )
        baseline = evaluate_gold(seeds_engine, asked).values
        check_drop(compared(evaluate_gold(seeds_engine, asked), baseline), 0.01)
        spoiled = Engine(seeds_engine.corpus, weights=Weights(tokens=-9))
        with pytest.raises(BelowBaseline, match=r"below the baseline's .*; lost: q"):
            check_drop(compared(evaluate_gold(spoiled, asked), baseline), 0.01)

    def test_a_gate_with_nothing_to_compare_is_refused(self) -> None:
        nothing: list[dict[str, list[Comparison]]] = [{}, {DOCUMENT: []}]
        for comparisons in nothing:
            with pytest.raises(InvalidGold, match="nothing is compared"):
                check_drop(comparisons, 0.1)

    def test_a_baseline_of_other_questions_is_refused(self, engine: Engine) -> None:
        evaluation = evaluate_gold(engine, self.GOLD)
        others = {level: {measure: {"other": 1.0} for measure in values} for level, values in evaluation.values.items()}
        baselines: list[dict[str, dict[str, dict[str, float]]]] = [others, {}, {DOCUMENT: {}}]
        for baseline in baselines:
            with pytest.raises(InvalidGold, match="for none of the"):
                compared(evaluation, baseline)


class TestCollections:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "metals"
        (folder / "qrels").mkdir(parents=True)
        lines = [{"_id": f"Metals/{doc_id}", "title": doc_id, "text": text} for doc_id, text in TEXTS.items()]
        lines.append({"_id": "empty", "title": "", "text": ""})
        (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
        (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "soft tin"}\n{"_id": "q2", "text": "lead"}\n')
        (folder / "qrels" / "test.tsv").write_text(
            "query-id\tcorpus-id\tscore\nq1\tMetals/tin\t1\nq2\tMetals/lead\t1\nq2\tMetals/tin\t0\n"
        )
        return folder

    def test_documents_are_found_under_ids_that_may_be_used_here(
        self, corpus: Corpus, folder: Path, tmp_path: Path
    ) -> None:
        calls: list[int] = []
        assert index_corpus(folder, corpus, tmp_path / "data", lambda: calls.append(1)) == 1
        assert len(calls) == 4
        assert index_corpus(folder, corpus, tmp_path / "data", lambda: calls.append(1)) == 0
        assert len(calls) == 4
        evaluation = evaluate_collection(Engine(corpus), read_collection(folder, "test"))
        assert evaluation.values[DOCUMENT]["Success@1"] == {"q1": 1.0, "q2": 1.0}
        assert evaluation.latency_ms["p50"] > 0
        assert list(read_collection(folder, "test", 1).queries) == ["q1"]

    def test_of_the_judged_documents_only_relevant_ones_are_taken_out(
        self, corpus: Corpus, folder: Path, tmp_path: Path
    ) -> None:
        class Heard(Engine):
            def ask(
                self, question: Query | str, history: Sequence[Turn] = (), listener: Listener | None = None
            ) -> AskResponse:
                assert isinstance(question, Query)
                filters.append(question.filters)
                return super().ask(question, history, listener)

        filters: list[Filters] = []
        index_corpus(folder, corpus, tmp_path / "data", lambda: None)
        evaluate_collection(Heard(corpus), read_collection(folder, "test"), take_evidence_out=True)
        taken = [one.without_doc_ids for one in filters]
        assert taken == [None, (doc_id_of("Metals/tin"),), None, (doc_id_of("Metals/lead"),)]

    def test_quotation_marks_in_judgments_are_of_their_ids(self, folder: Path) -> None:
        (folder / "qrels" / "test.tsv").write_text(
            'query-id\tcorpus-id\tscore\nq1\t"tin\t1\nq2\tlead"s\t1\nq2\ttin\t0\n'
        )
        qrels = read_collection(folder, "test").qrels
        assert qrels == {"q1": {doc_id_of('"tin'): 1}, "q2": {doc_id_of('lead"s'): 1, "tin": 0}}

    def test_an_index_is_named_for_its_content(self, folder: Path, tmp_path: Path) -> None:
        before = index_folder(folder, tmp_path)
        (folder / "corpus.jsonl").write_text("")
        assert index_folder(folder, tmp_path) != before

    def test_judgements_need_no_line_above_them(self, folder: Path) -> None:
        path = folder / "qrels" / "test.tsv"
        headed = read_collection(folder, "test")
        path.write_text(path.read_text().partition("\n")[2])
        assert read_collection(folder, "test") == headed

    @pytest.mark.parametrize("judgements", ["", "query-id\tcorpus-id\tscore\n", "q1\tMetals/tin\t0\n"])
    def test_a_split_that_judges_nothing_is_refused(self, folder: Path, judgements: str) -> None:
        (folder / "qrels" / "test.tsv").write_text(judgements)
        with pytest.raises(InvalidBeir, match="no document that is relevant"):
            read_collection(folder, "test")

    @pytest.mark.parametrize("spoiled", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
    def test_another_layout_is_refused(self, folder: Path, tmp_path: Path, spoiled: str) -> None:
        (folder / spoiled).unlink()

        def read() -> None:
            index_folder(folder, tmp_path)
            read_collection(folder, "test")

        with pytest.raises(InvalidBeir, match="metals"):
            read()

    @pytest.mark.parametrize("line", ["q1\t" + "tin" * 50_000 + "\t1", "q1\ttin", "q1\ttin\thigh"])
    def test_judgments_that_cannot_be_read_are_refused(self, folder: Path, line: str) -> None:
        (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{line}\n")
        with pytest.raises(InvalidBeir, match=r"test\.tsv"):
            read_collection(folder, "test")

    @pytest.mark.parametrize(
        "line",
        ["{", '{"text": "a"}', '{"_id": "a"}', '{"_id": 5, "text": "a"}', '{"_id": "a", "text": "b\\ud800"}', "[]"],
    )
    def test_a_line_that_gives_no_document_is_refused(
        self, corpus: Corpus, folder: Path, tmp_path: Path, line: str
    ) -> None:
        (folder / "corpus.jsonl").write_text(f"{line}\n")
        with pytest.raises(InvalidBeir, match=r"corpus\.jsonl"):
            index_corpus(folder, corpus, tmp_path / "data", lambda: None)

    def test_a_text_is_read_as_any_other(self, corpus: Corpus, folder: Path, tmp_path: Path) -> None:
        (folder / "corpus.jsonl").write_text(json.dumps({"_id": "a", "text": "One line.\r\nTwo."}) + "\n")
        index_corpus(folder, corpus, tmp_path / "data", lambda: None)
        assert corpus.document("a").text == "One line.\nTwo."

    def test_an_id_that_may_be_one_here_stays(self) -> None:
        assert doc_id_of("a-1.b_C") == "a-1.b_C"
        assert len(doc_id_of("a/b")) == 32
