"""Answers: citations, abstention and disagreements on gold, abstention on public sets, and the time of an answer.

    python -m benchmarks.answers DATA

DATA has the collections in the BEIR layout, a folder each; what is missing is left out. Each query of NQ and HotpotQA
is asked with its judged documents and without them, and some are asked of a collection that they were not made for.
HotpotQA's is asked what any two of its titles have to do with each other, which it does not say. Two of NQ's are
asked as one, and one of NQ's with one of HotpotQA's, which NQ's documents do not answer. Of `gold/disagreements/`,
whose articles were written to differ and to seem to, a disagreement is right where two of its sides are sentences
that the question names as different ones; of `gold/conversations/` a turn is answered where the first citation holds
an answer; of `gold/domains/`, on other subjects, so is a question. Of RAMDocs, whose questions come each with their own
documents, a disagreement is right where documents of two of its sides give different answers by the set's own labels;
a question has one where its documents do. Writes benchmarks/results/answers.json and benchmarks/answers.md.
"""

import json
import os
import platform
import random
import re
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import conversations, disagreements, domains
from benchmarks.corpora import indexed, seeds
from benchmarks.retrieval import FOLDER
from benchmarks.written import articles
from index.records import Filters
from rag.beir import Collection, doc_id_of, read_collection
from rag.compound import parts_of
from rag.engine import Engine
from rag.evaluation import evaluate_collection, evaluate_gold
from rag.gold import read_gold
from rag.query import Query
from rag.settings import Settings

TAKEN_OUT = ("nq_open_oracle", "hotpotqa_distractor500")
# A collection, and the one whose questions it is asked.
STRANGERS = (
    ("hotpotqa_distractor500", "nq_open_oracle"),
    ("multihoprag_evidence500", "nq_open_oracle"),
    ("nq_open_oracle", "hotpotqa_distractor500"),
    ("multihoprag_evidence500", "hotpotqa_distractor500"),
)
DISAGREEING = "ramdocs"
JOINED, FOREIGN = "nq_open_oracle", "hotpotqa_distractor500"
GOLD = Path("gold/questions.jsonl")
# What nobody tells of any two things.
SENSELESS = ("What did {} think of {}?", "Who owns {} and {}?", "When did {} visit {}?", "Why did {} leave {}?")
ROUNDS = 5
ASKED = 500


def main() -> None:
    """Measure, print and record."""
    data, settings = Path(sys.argv[1]), Settings.read()
    engine = Engine(seeds(settings))
    halves = {split: [question for question in read_gold(GOLD) if question.split == split] for split in ("test", "dev")}
    result: dict[str, Any] = {f"gold {split}": evaluate_gold(engine, half).answers for split, half in halves.items()}
    for split in ("test", "dev"):
        with articles(settings, disagreements.FOLDER / split) as strange:
            disputed = disagreements.read_disputed(split)
            result[f"gold disagreements {split}"] = disagreements.measured(strange, disputed)
        with articles(settings, conversations.FOLDER / split) as strange:
            held = conversations.read_conversations(split)
            result[f"gold conversations {split}"] = conversations.measured(strange, held)
        with articles(settings, domains.FOLDER / split) as strange:
            result[f"gold domains {split}"] = domains.measured(strange, domains.read_questions(split))
    result["time"] = _times(engine, [question.question for question in halves["test"]])
    for name in TAKEN_OUT:
        if (data / name).is_dir():
            collection = read_collection(data / name, "test")
            evaluation = evaluate_collection(Engine(indexed(settings, data / name)), collection, take_evidence_out=True)
            result[f"{name}, evidence taken out"] = evaluation.answers
            print(name, evaluation.answers, flush=True)
            result[f"{name}, what is cited"] = _told(Engine(indexed(settings, data / name)), collection, data / name)
    result |= _of_strangers(data, settings)
    if (data / JOINED).is_dir() and (data / FOREIGN).is_dir():
        own, foreign = read_collection(data / JOINED, "test"), read_collection(data / FOREIGN, "test")
        engine = Engine(indexed(settings, data / JOINED))
        result[f"{JOINED}, two questions in one"] = _joined(engine, own)
        result[f"{JOINED}, with a question of {FOREIGN} in one"] = _half_answered(engine, own, foreign)
    if (data / DISAGREEING).is_dir():
        result[DISAGREEING] = _disagreements(Engine(indexed(settings, data / DISAGREEING)), data / DISAGREEING)
    result["machine"] = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    result["versions"] = {package: version(package) for package in ("faiss-cpu", "tantivy", "onnxruntime", "numpy")}
    (FOLDER / "results" / "answers.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (FOLDER / "answers.md").write_text(page(result), encoding="utf-8")


def page(result: Mapping[str, Any]) -> str:
    """Return the figures as a page for people."""
    lines = [
        "# Answers",
        "",
        "Written by `make bench-answers DATA=…` (`benchmarks/answers.py`); do not edit.",
        "",
        f"{result['machine']}; " + ", ".join(f"{name} {said}" for name, said in result["versions"].items()) + ".",
        "",
        "No language model, no reranker. What was fitted was fitted on gold dev and on training sets; see",
        "`training/calibration.py`.",
        "",
        "| set | measure | value |",
        "| --- | --- | --- |",
    ]
    for name, measures in result.items():
        if name not in ("machine", "versions"):
            lines += [f"| {name} | {measure.replace('_', ' ')} | {value} |" for measure, value in measures.items()]
    return "\n".join([*lines, ""])


def _of_strangers(data: Path, settings: Settings) -> dict[str, dict[str, float]]:
    """Return how often collections refuse questions that others were made for, and senseless ones about their own."""
    result = {}
    for name, asked in STRANGERS:
        if (data / name).is_dir() and (data / asked).is_dir():
            queries = read_collection(data / asked, "test").queries.values()
            result[f"{name}, asked what {asked} is"] = _refused(
                Engine(indexed(settings, data / name)), list(queries)[:ASKED]
            )
    if (data / FOREIGN).is_dir():
        senseless = _senseless(data / FOREIGN)
        result[f"{FOREIGN}, asked of two of its titles"] = _refused(
            Engine(indexed(settings, data / FOREIGN)), senseless
        )
    return result


def _times(engine: Engine, questions: list[str]) -> dict[str, float]:
    """Return the medians of a search and of an answer to the same questions, asked in turn, in milliseconds."""
    times: dict[str, list[float]] = {"search": [], "ask": []}
    for question in questions * ROUNDS:
        for name, answer in (("search", engine.search), ("ask", engine.ask)):
            started = time.perf_counter()
            answer(Query.parse(question))
            times[name].append((time.perf_counter() - started) * 1000)
    return {f"{name}_p50_ms": round(float(np.median(taken)), 2) for name, taken in times.items()}


def _senseless(folder: Path) -> list[str]:
    """Return questions that no article answers: what the titles of any two have to do with each other."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as file:
        titles = [line["title"] for line in map(json.loads, file)]
    chance = random.Random(8)
    return [chance.choice(SENSELESS).format(*chance.sample(titles, 2)) for _ in range(ASKED)]


def _refused(engine: Engine, questions: list[str]) -> dict[str, float]:
    refused = sum(engine.ask(question).answer.abstained for question in questions)
    return {"questions": len(questions), "refused": round(refused / len(questions), 4)}


def _told(engine: Engine, collection: Collection, folder: Path) -> dict[str, float]:
    """Return how often an answer by the set's labels, but yes and no, stands in the first citation, or in any."""
    first = told = count = cited = 0
    with (folder / "queries.jsonl").open(encoding="utf-8") as file:
        labels = {line["_id"]: line.get("answers") or [line["answer"]] for line in map(json.loads, file)}
    for query_id, question in collection.queries.items():
        answers = [label.casefold() for label in labels[query_id]]
        if answers in (["yes"], ["no"]):
            continue
        said = re.compile("|".join(rf"(?<!\w){re.escape(label)}(?!\w)" for label in answers))
        citations = engine.ask(question).answer.citations
        holding = [said.search(one.cited_text.casefold()) is not None for one in citations]
        count, cited = count + 1, cited + len(citations)
        first, told = first + any(holding[:1]), told + any(holding)
    return {
        "questions": count,
        "answer_in_the_first_citation": round(first / count, 4),
        "answer_in_any_citation": round(told / count, 4),
        "citations_a_question": round(cited / count, 2),
    }


def _joined(engine: Engine, collection: Collection) -> dict[str, float]:
    """Return how often a judged document is cited for each of two questions, asked apart and as one."""
    ids = list(collection.queries)
    apart = together = count = 0
    for first, second in zip(ids[::2], ids[1::2], strict=False):
        asked = f"{collection.queries[first].rstrip('?')}, and {collection.queries[second]}"
        if len(parts_of(asked)) != len((first, second)):
            continue
        count += 1
        cited = _cited(engine, asked)
        for one in (first, second):
            together += not cited.isdisjoint(collection.qrels[one])
            apart += not _cited(engine, collection.queries[one]).isdisjoint(collection.qrels[one])
    return {
        "questions": count,
        "judged_document_cited_of_each_asked_apart": round(apart / 2 / count, 4),
        "judged_document_cited_of_each_asked_as_one": round(together / 2 / count, 4),
    }


def _cited(engine: Engine, question: str) -> set[str]:
    return {citation.doc_id for citation in engine.ask(question).answer.citations}


def _half_answered(engine: Engine, own: Collection, foreign: Collection) -> dict[str, float]:
    """Return how often the half of a question that is not the collection's is said to have no answer, and the other."""
    said = wrongly = count = 0
    for first, second in zip(own.queries.values(), foreign.queries.values(), strict=False):
        asked = f"{first.rstrip('?')}, and {second}"
        if len(parts_of(asked)) != len((first, second)) or engine.ask(first).answer.abstained:
            continue
        count += 1
        answer = engine.ask(asked).answer
        unanswered = {text.rstrip("?").lower() for text in answer.unanswered}
        said += second.rstrip("?").lower() in unanswered
        wrongly += answer.abstained or first.rstrip("?").lower() in unanswered
    return {
        "questions": count,
        "foreign_half_said_to_have_no_answer": round(said / count, 4),
        "own_half_refused": round(wrongly / count, 4),
    }


def _disagreements(engine: Engine, folder: Path) -> dict[str, float]:
    shown = right = having = seen = 0
    with (folder / "queries.jsonl").open(encoding="utf-8") as file:
        for line in map(json.loads, file):
            said = {doc_id_of(one["doc_id"]): one["answer"] for one in line["documents"] if one["type"] != "noise"}
            filters = Filters(doc_ids=tuple(doc_id_of(one["doc_id"]) for one in line["documents"]))
            answer = engine.ask(Query.parse(line["text"], 10, filters)).answer
            of_sides = [
                {said.get(answer.citations[marker - 1].doc_id) for side in found.sides for marker in side.markers}
                for found in answer.disagreements
            ]
            rights = [len(answers - {None, "unknown"}) > 1 for answers in of_sides]
            shown += len(rights)
            right += sum(rights)
            if len(set(said.values()) - {"unknown"}) > 1:
                having += 1
                seen += any(rights)
    return {
        "questions_with_disagreement": having,
        "disagreements_shown": shown,
        "disagreement_precision": round(right / shown, 4) if shown else 0.0,
        "disagreement_recall": round(seen / having, 4) if having else 0.0,
    }


if __name__ == "__main__":
    main()
