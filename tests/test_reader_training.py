"""The reader's training: its examples, a run left and taken up again, a small run from end to end, its figures."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from index.reader import WEIGHTS, Reader
from tests.command_line import ROOT
from tests.tiny_models import make_embedder

TOWNS = [
    first + last
    for first in ("Alder", "Birk", "Cor", "Dun", "Els", "Far", "Gil", "Hex")
    for last in ("moor", "haven", "mere", "by", "low")
]
NAMES = ("Ada Quill", "Ben Stroud", "Cora Finch", "Dan Marsh", "Eve Lund", "Finn Rook", "Gwen Hale", "Hugo Thorn")
FACTS = {
    "mayor": "The mayor of {town}, elected last spring, is {name}.",
    "bridge": "The old bridge of {town} was built by {name}.",
    "poet": "In {town} the poet {name} wrote her first verses.",
    "baker": "Bread in {town} is best at the shop of {name}.",
}
QUESTIONS = {
    "mayor": "Who is the mayor of {town}?",
    "bridge": "Who built the old bridge of {town}?",
    "poet": "Which poet wrote verses in {town}?",
    "baker": "At whose shop is bread best in {town}?",
}

# Trains eight steps at once, and eight of which it was stopped after three; the weights must be the same.
INTERRUPTED = """
import sys
from pathlib import Path
import torch
from training.examples import Candidate, Example, Examples
from training.reader import begin, tokenizer_of
from training.reader_training import Training

torch.set_num_threads(1)
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
passages = ["China makes most of the magnets", "Geneva held the talks", "gallium exports fell", "copper rose again"]
candidates = [Candidate(number, 0.5, number == 1, number == 1, ((0, 6),) * (number == 1)) for number in range(4)]
examples = Examples(passages, [Example("nq", "train", "who held the talks", tuple(candidates))])

class Stopped(Training):
    def _step(self, examples, share):
        if self.progress.step == 3:
            raise KeyboardInterrupt
        return super()._step(examples, share)

def trained(name, *kinds):
    for kind in kinds:
        torch.manual_seed(1)
        training = kind(examples, begin(folder), tokenizer_of(folder), out / name, checkpoint_s=0)
        try:
            training.run(8)
        except KeyboardInterrupt:
            pass
    return training.reader.state_dict()

once, twice = trained("once", Training), trained("twice", Stopped, Training)
assert all(torch.equal(once[name], twice[name]) for name in once)
"""

RESULTS = ROOT / "training" / "results"
# What README shows of them, too.
SHOWN = (
    ("gold", "RR@10"),
    ("gold", "Success@1"),
    ("nq_open_oracle", "nDCG@10"),
    ("hotpotqa_distractor500", "RR@10"),
    ("scifact", "nDCG@10"),
    ("multihoprag_evidence500", "nDCG@10"),
)


def collection(folder: Path) -> Path:
    """Write towns with their facts, as SQuAD is laid out; every question has others' passages beside its own."""
    folder.mkdir(parents=True)
    documents, queries, judgments = [], [], ["query-id\tcorpus-id\tscore"]
    for number, town in enumerate(TOWNS):
        for turn, (kind, fact) in enumerate(FACTS.items()):
            name, doc_id = NAMES[(number * 3 + turn) % len(NAMES)], f"{town}#{kind}"
            text = fact.format(town=town, name=name)
            documents.append({"_id": doc_id, "title": town, "text": text})
            queries.append(
                {
                    "_id": f"q{number}-{kind}",
                    "text": QUESTIONS[kind].format(town=town),
                    "answers": [name],
                    "answer_starts": [text.index(name)],
                    "is_impossible": False,
                    "context_id": doc_id,
                }
            )
            judgments.append(f"q{number}-{kind}\t{doc_id}\t1")
    (folder / "corpus.jsonl").write_text("".join(json.dumps(one) + "\n" for one in documents), encoding="utf-8")
    (folder / "queries.jsonl").write_text("".join(json.dumps(one) + "\n" for one in queries), encoding="utf-8")
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("\n".join(judgments) + "\n", encoding="utf-8")
    return folder


def run(module: str, *arguments: object, environment: dict[str, str] | None = None) -> str:
    """Return what a module of `training` prints, run in a process of its own, where PyTorch is."""
    command = [sys.executable, "-W", "ignore", "-m", module, *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    done = subprocess.run(
        command, cwd=ROOT, env=kept | (environment or {}), check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("_without_coverage")
@pytest.mark.slow
def test_training_taken_up_again_ends_as_it_would_have(tmp_path: Path) -> None:
    make_embedder(tmp_path)
    command = [sys.executable, "-W", "ignore", "-c", INTERRUPTED, str(tmp_path / "bert"), str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)


@pytest.mark.usefixtures("_without_coverage")
@pytest.mark.slow
def test_a_small_run_ranks_better_than_chance_and_what_it_exports_reads(tmp_path: Path, model_folder: Path) -> None:
    environment = {"RAG_DATA_DIR": str(tmp_path / "data"), "RAG_MODELS_DIR": str(model_folder.parent)}
    examples, made, exported = tmp_path / "examples", tmp_path / "made", tmp_path / "exported"
    run("training.examples", examples, environment=environment)
    small = ("--steps", 30, "--rate", 3e-4, "--threads", 1)
    ranks = json.loads(
        run("training.reader_training", examples, made, *small, environment={"OMP_WAIT_POLICY": "passive"})
    )
    for kind, factor in (("words", 2), ("gold", 1.4)):
        reached, by_chance = ranks[kind]
        assert reached > factor * by_chance, ranks
    run("training.reader_export", examples, made, exported)
    reading = Reader(exported).read("Who is the mayor of Corvane?", "The mayor of Corvane is Ben Stroud.")
    assert len(reading.starts) == len(reading.ends) == len(reading.offsets) > 0
    assert Reader(exported).card.onnx_sha256 in (exported / "README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("_without_coverage")
@pytest.mark.slow
def test_examples_say_where_the_answers_are(tmp_path: Path, model_folder: Path) -> None:
    collection(tmp_path / "sets" / "squad_v1_dev")
    environment = {"RAG_DATA_DIR": str(tmp_path / "data"), "RAG_MODELS_DIR": str(model_folder.parent)}
    run("training.examples", tmp_path / "examples", tmp_path / "sets", environment=environment)
    passages, examples = (lines(tmp_path / "examples" / f"{name}.jsonl") for name in ("passages", "examples"))
    assert len(examples) == len(TOWNS) * len(FACTS)
    for _, _, question, candidates in examples:
        relevant = [row for row in candidates if row[2]]
        assert len(relevant) == 1, question
        passage, _, _, answers, spans = relevant[0]
        assert answers
        assert [passages[passage][start:end] in NAMES for start, end in spans] == [True]


def test_every_figure_is_of_the_model_that_is_shipped() -> None:
    shipped = hashlib.sha256((WEIGHTS / "model.onnx").read_bytes()).hexdigest()
    results = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")}
    assert {"gold.json", "nq_open_oracle.json", "scifact.json", "no_answer.json"} <= results.keys()
    for name, result in results.items():
        assert result["model_sha256"] == shipped, name
    assert (WEIGHTS / "model.onnx").stat().st_size <= 25_000_000
    assert f"`{shipped}`" in (WEIGHTS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [WEIGHTS / "README.md", RESULTS / "README.md", ROOT / "README.md"])
def test_what_the_pages_say_is_what_was_measured(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    results = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")}
    for name, measure in SHOWN:
        value = results[name]["measures"][measure]
        assert f"| {measure} | {value['first']:.3f} | {value['reader']:.3f} |" in text, (page, name, measure)
    for measure in ("citation_precision", "citation_recall"):
        value = results["gold"]["quality"][measure]
        assert f"| {measure.replace('_', ' ')} | {value['first']:.3f} | {value['reader']:.3f} |" in text
    right = results["nq_open_oracle"]["answers"]["leading_right"]
    shown = f"| {right['sentence, first']:.3f} | {right['sentence, reader']:.3f} |"
    assert f"| the sentence found best holds the answer {shown}" in text


def test_what_readme_says_of_abstaining_was_measured() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for value in json.loads((RESULTS / "no_answer.json").read_text(encoding="utf-8"))["auroc"].values():
        assert f"from {value['features']:.3f} to {value['with_no_answer']:.3f}" in text
