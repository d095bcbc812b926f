"""`rag eval` as its users meet it."""

import json
import re
from pathlib import Path

import pytest

from tests.command_line import CommandLine

pytestmark = pytest.mark.slow

SHARE = "China's control over approximately 85% of global rare earth processing capacity"
ACCORD = "The Geneva accord was widely seen as a step toward stabilizing trade tensions."
QUESTIONS = [
    ("q1", "How much of rare earth processing is China's?", "fact", [("003_bc6a7292a7714e0f", SHARE)]),
    ("q2", "What was expected of the accord?", "paraphrase", [("004_cf58dd7b26a1b221", ACCORD)]),
    ("q3", "Who won the football cup?", "unanswerable", []),
]


@pytest.fixture
def rag(own_seeds_data: Path, model_folder: Path) -> CommandLine:
    return CommandLine(own_seeds_data, model_folder.parent)


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    lines = [
        {
            "id": query_id,
            "question": question,
            "kind": kind,
            "evidence": [{"doc": doc_id, "quote": quote} for doc_id, quote in evidence],
            "split": "dev",
        }
        for query_id, question, kind, evidence in QUESTIONS
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_tables_for_people_a_run_for_trec_and_json_for_programs(rag: CommandLine, gold: Path, tmp_path: Path) -> None:
    shown = rag("eval", "--gold", str(gold), "--run", str(tmp_path / "gold.run"))
    assert shown.returncode == 0, shown.stderr
    for said in ("gold, evidence level", "gold, document level", "overall", "paraphrase", "nDCG@10", "p95"):
        assert said in shown.stdout
    assert re.search(r"^said 0\.\d–\d\.\d +\d questions, answerable \d", shown.stdout, re.MULTILINE)
    assert re.search(r"^said 0\.\d–\d\.\d +\d answers, right \d", shown.stdout, re.MULTILINE)
    assert (tmp_path / "gold.run").read_text().startswith("q1 Q0 00")
    said = json.loads(rag("eval", "--gold", str(gold), "--json").stdout)
    assert said["queries"] == 2
    assert sum(one["count"] for one in said["reliability"]["answerable"]) == len(QUESTIONS)
    assert said["answers"].keys() >= {"answers_right", "confidence_error", "calibration_error"}
    assert said["levels"]["evidence"]["overall"]["R@5"]["mean"] == 1
    assert said["answers"]["abstention_recall"] == 1


def test_the_gate_lets_the_same_through_and_stops_a_fall(rag: CommandLine, gold: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    baseline.write_text(rag("eval", "--gold", str(gold), "--json").stdout, encoding="utf-8")
    arguments = ("eval", "--gold", str(gold), "--baseline", str(baseline), "--max-drop", "0.01")
    same = rag(*arguments)
    assert (same.returncode, "p = 1.000" in same.stdout) == (0, True), same.stderr
    better = json.loads(baseline.read_text(encoding="utf-8"))
    better["values"]["evidence"]["RR@10"] = {"q1": 2.0, "q2": 2.0}
    baseline.write_text(json.dumps(better), encoding="utf-8")
    fallen = rag(*arguments)
    assert fallen.returncode == 1
    assert "RR@10 at evidence level" in fallen.stderr


def test_a_split_without_questions_is_no_success(rag: CommandLine, gold: Path, tmp_path: Path) -> None:
    done = rag("eval", "--gold", str(gold), "--split", "test", "--run", str(tmp_path / "gold.run"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "no questions of the split 'test'" in done.stderr
    assert not (tmp_path / "gold.run").exists()


def test_a_gate_says_on_how_many_questions_it_compares(rag: CommandLine, gold: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    said = json.loads(rag("eval", "--gold", str(gold), "--json").stdout)
    for level in said["values"].values():
        for by_query in level.values():
            del by_query["q2"]
    baseline.write_text(json.dumps(said), encoding="utf-8")
    done = rag("eval", "--gold", str(gold), "--baseline", str(baseline), "--max-drop", "0")
    assert done.returncode == 0
    assert "Compared on 1 of 2 questions" in done.stderr
    baseline.write_text(json.dumps(said).replace("1.0", "NaN"), encoding="utf-8")
    unmeasured = rag("eval", "--gold", str(gold), "--baseline", str(baseline), "--max-drop", "0")
    assert (unmeasured.returncode, "NaN" in unmeasured.stderr) == (1, True)


def test_a_collection_is_indexed_once(rag: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "metals"
    (folder / "qrels").mkdir(parents=True)
    documents = [{"_id": f"{n}", "title": "", "text": "Copper fell." if n == 3 else f"Tin {n}."} for n in range(10)]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)))
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "copper"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\t3\t1\n")
    first = rag("eval", "--beir", str(folder))
    assert (first.returncode, "Indexed 10 of 10 documents." in first.stderr) == (0, True), first.stderr
    second = rag("eval", "--beir", str(folder), "--json")
    assert "Indexed" not in second.stderr
    assert json.loads(second.stdout)["levels"]["document"]["overall"]["nDCG@10"]["mean"] == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "--gold FILE or --beir DIR"),
        (("--gold", "absent.jsonl"), 1, "absent.jsonl"),
        (("--beir", "absent"), 1, "absent"),
        (("--gold", "x", "--max-drop", "0.1"), 2, "--baseline"),
        (("--gold", "x", "--split", "train"), 2, "'train'"),
        (("--gold", "/dev/null"), 1, "'/dev/null' has no questions"),
        *(
            (("--gold", "x", "--baseline", "x", f"--max-drop={drop}"), 2, f"--max-drop is {drop}")
            for drop in ("nan", "inf", "-1")
        ),
        (("--gold", "/dev/null", "--run", "/nonexistent/gold.run"), 2, "/nonexistent/gold.run"),
    ],
)
def test_what_cannot_be_evaluated_is_said(rag: CommandLine, arguments: tuple[str, ...], status: int, said: str) -> None:
    done = rag("eval", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
