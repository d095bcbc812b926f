"""What the reader is trained on: the questions of each collection, with what answers them, and which are kept apart.

Kept apart, to choose by: one article in eight of the SQuAD sets and TimeQA, the last 300 questions of Natural
Questions' `train` and the last 150 claims of SciFact's.
"""

import json
import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rag.beir import doc_id_of, read_collection

TRAIN, DEV = "train", "dev"
# Of each kind, how many questions at most.
LIMITS = {"squad": 5000, "impossible": 1500, "nq": 1994, "timeqa": 1964, "undated": 378, "claim": 809, "headline": 700}
NQ_DEV, CLAIM_DEV, DEV_SHARE = 300, 150, 8
GOLD = Path("gold/questions.jsonl")
_SEED = 7

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a collection has it: which documents were judged for it, and what answers it where.

    `answers` are strings with where they stand in their document, or None where that is not told. Where `answers` is
    None a judged document is relevant as a whole, and `is_answered` says whether it answers.
    """

    kind: str
    split: str
    text: str
    judged: frozenset[str]
    answers: tuple[tuple[str, int | None], ...] | None
    is_answered: bool | None = True


def squad(folder: Path, limit: int | None = None) -> Iterator[Asked]:
    """Yield the questions of SQuAD 1.1 with their answers."""
    lines = [line for line in read_lines(folder / "queries.jsonl") if not line["is_impossible"]]
    for line in sample(lines, limit or LIMITS["squad"]):
        answers = tuple(zip(line["answers"], line["answer_starts"], strict=True))
        judged = frozenset({doc_id_of(line["context_id"])})
        yield Asked("squad", split_of(line["context_id"]), line["text"], judged, answers)


def impossible(folder: Path, limit: int | None = None) -> Iterator[Asked]:
    """Yield the questions of SQuAD 2.0 that have no answer."""
    lines = [line for line in read_lines(folder / "queries.jsonl") if line["is_impossible"]]
    for line in sample(lines, limit or LIMITS["impossible"]):
        yield Asked("impossible", split_of(line["context_id"]), line["text"], frozenset(), ())


def natural(folder: Path, limit: int | None = None) -> Iterator[Asked]:
    """Yield Natural Questions."""
    collection = read_collection(folder, "train")
    answers = {line["_id"]: line["answers"] for line in read_lines(folder / "queries.jsonl")}
    query_ids = sorted(collection.queries, key=lambda query_id: int(query_id.removeprefix("nq")))
    kept_apart = set(query_ids[-NQ_DEV:])
    for query_id in sample(query_ids, limit or LIMITS["nq"]):
        split = DEV if query_id in kept_apart else TRAIN
        said = tuple((answer, None) for answer in answers[query_id])
        yield Asked("nq", split, collection.queries[query_id], frozenset(collection.qrels[query_id]), said)


def timed(folder: Path, limit: int | None = None) -> Iterator[Asked]:
    """Yield the questions of TimeQA, those without an answer too."""
    lines = list(read_lines(folder / "queries.jsonl"))
    for kind, is_impossible in (("timeqa", False), ("undated", True)):
        own = [line for line in lines if line["is_impossible"] == is_impossible]
        for line in sample(own, limit or LIMITS[kind]):
            answers = tuple((answer, None) for answer in line["answers"])
            judged = frozenset() if is_impossible else frozenset({doc_id_of(line["context_id"])})
            yield Asked(kind, split_of(line["context_id"]), line["text"], judged, answers)


def claims(folder: Path, limit: int | None = None) -> Iterator[Asked]:
    """Yield the claims of SciFact, and titles of abstracts that were judged for those of them that are trained on."""
    collection = read_collection(folder, "train")
    labels = {line["_id"]: line["label"] for line in read_lines(folder / "queries.jsonl")}
    titles = {doc_id_of(line["_id"]): line["title"] for line in read_lines(folder / "corpus.jsonl")}
    query_ids = sorted(collection.queries, key=int)
    kept_apart = set(query_ids[-CLAIM_DEV:])
    read_about: set[str] = set()
    for query_id in sample(query_ids, limit or LIMITS["claim"]):
        judged = frozenset(collection.qrels[query_id])
        is_answered = True if labels[query_id] != "NOT_ENOUGH_INFO" else None
        split = DEV if query_id in kept_apart else TRAIN
        yield Asked("claim", split, collection.queries[query_id], judged, None, is_answered)
        if split == TRAIN:
            read_about |= judged
    for doc_id in sample(sorted(read_about), limit or LIMITS["headline"]):
        yield Asked("headline", TRAIN, titles[doc_id], frozenset({doc_id}), None, None)


COLLECTIONS: Mapping[str, Callable[[Path, int | None], Iterator[Asked]]] = {
    "nq_open_oracle": natural,
    "scifact": claims,
    "squad_v1_dev": squad,
    "squad_v2_halfdev": impossible,
    "timeqa_human_train": timed,
}


def split_of(context_id: str) -> str:
    """Return the split of a paragraph: that of its article, the same one in both SQuAD sets."""
    return DEV if zlib.crc32(context_id.partition("#")[0].encode()) % DEV_SHARE == 0 else TRAIN


def sample(items: Sequence[T], count: int) -> list[T]:
    """Return some of the items at random, the same ones each time."""
    return random.Random(_SEED).sample(items, min(count, len(items)))


def read_lines(path: Path) -> Iterator[Any]:
    """Yield what the lines of a file hold, each JSON."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
