"""What was asked for, and whether it is reached. A ratio is taken round by round, so that it has a spread too."""

import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.measuring import Result


@dataclass(frozen=True, slots=True)
class Goal:
    """One measure: what was asked for, and what was reached, in words."""

    measure: str
    asked: str
    reached: str
    met: bool


def goals(results: Mapping[str, Result]) -> list[Goal]:
    """Return the goals of the parts that have been measured, in the order in which they were set."""
    return [goal for part, of_part in _PARTS.items() if part in results for goal in of_part(results[part])]


def ratios(these: Result, those: Result) -> list[float]:
    """Return how many times `those` are of `these`, round by round; infinitely many where these are none."""
    return [that / this if this else math.inf for this, that in zip(these["rounds"], those["rounds"], strict=True)]


def _indexing(result: Result) -> Iterator[Goal]:
    name, times = max(result["times_as_fast"].items(), key=lambda one: float(one[1]))
    yield Goal(
        f"files to searchable, {name}, passages a second of SentenceTransformer.encode's at its best batch size",
        "at least 2.5 times",
        f"{times:.2f} times",
        times >= 2.5,
    )


def _searching(result: Result) -> Iterator[Goal]:
    searchers = result["searchers"]
    for peer, part in (("LlamaIndex", 5), ("txtai", 7)):
        found = ratios(searchers["Footnote"]["ms"], searchers[peer]["ms"])
        yield _fraction(f"one search in process, {result['set']}, of {peer}'s time", part, found)
    best = max(searchers["LlamaIndex"]["nDCG@10"], searchers["txtai"]["nDCG@10"])
    ours = searchers["Footnote"]["nDCG@10"]
    yield Goal("its nDCG@10", f"more than {best:.3f}, the better of both", f"{ours:.3f}", ours > best)


def _reranking(result: Result) -> Iterator[Goal]:
    found = ratios(result["ms"]["ask"], result["ms"]["reference"])
    yield _fraction("`ask` with a cross-encoder, of CrossEncoder.predict's time in float32", 2.5, found)


def _serving(result: Result) -> Iterator[Goal]:
    yield _at_most("HTTP on top of a search, one connection, ms", 1.5, result["on_top_ms"]["difference"])
    ours = result["searches_a_second"]["Footnote"]["32"]
    shares = ratios(result["bare_embeddings_a_second"], ours)
    share = statistics.median(shares)
    yield Goal(
        "searches a second at 32 connections, of bare embeddings of queries",
        "at least 40%",
        f"{share:.0%} ({min(shares):.0%} to {max(shares):.0%})",
        share >= 0.4,
    )
    found = ratios(result["searches_a_second"]["LlamaIndex"]["32"], ours)
    times = statistics.median(found)
    yield Goal(
        "the same, of LlamaIndex's behind such a server",
        "at least 8 times",
        f"{times:.1f} times ({min(found):.1f} to {max(found):.1f})",
        times >= 8,
    )
    yield _at_most("`rag serve` on the seeds, seconds until it is ready", 1.5, result["start"]["seconds"])
    yield _at_most("its resident memory, MB", 300, result["start"]["resident_mb_after_searches"])


def _shell(result: Result) -> Iterator[Goal]:
    yield _at_most("`ask` from the shell, cold, seconds", 1.2, result["ask"]["seconds"])
    yield _at_most("its peak of memory, MB", 300, result["ask"]["peak_mb"])


def _million(result: Result) -> Iterator[Goal]:
    of_million = f"{result['passages']:,} passages"
    for name, said, most in (
        ("search_ms_p50", "a search, p50, ms", 10),
        ("search_ms_p95", "a search, p95, ms", 25),
        ("resident_mb", "resident memory, MB", 2500),
        ("open_s", "seconds to open", 10),
    ):
        yield _single(f"{of_million}: {said}", most, float(result[name]))
    recall = result["vectors_recall_at_10"]
    yield Goal(f"{of_million}: recall@10 of the vectors", "at least 0.98", f"{recall:.3f}", recall >= 0.98)
    yield _single(f"a search, times that of {result['small_passages']:,} passages", 4, float(result["growth"]))
    yield _at_most("a document added and found, ms", 200, result["add_ms"])


def _fraction(measure: str, part: float, found: list[float]) -> Goal:
    times = statistics.median(found)
    reached = f"1/{times:.1f} (1/{min(found):.1f} to 1/{max(found):.1f})"
    return Goal(measure, f"at most 1/{part:g}", reached, times >= part)


def _at_most(measure: str, most: float, found: Result) -> Goal:
    return Goal(
        measure, f"at most {most:g}", f"{found['p50']:g} ({found['q1']:g} to {found['q3']:g})", found["p50"] <= most
    )


def _single(measure: str, most: float, found: float) -> Goal:
    return Goal(measure, f"at most {most:g}", f"{found:g}", found <= most)


_PARTS = {
    "indexing": _indexing,
    "searching": _searching,
    "reranking": _reranking,
    "serving": _serving,
    "shell": _shell,
    "million": _million,
}
