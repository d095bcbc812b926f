"""The pages of what was measured: benchmarks/README.md with its plots, and the figures in README.md.

python -m benchmarks.report
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.goals import goals
from benchmarks.measuring import RESULTS, Result
from benchmarks.plots import draw

PAGE = Path(__file__).parent / "README.md"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- Figures: written by `make bench-report`. -->", "<!-- End of figures. -->"
# What each result says of its circumstances.
_CIRCUMSTANCES = ("machine", "load", "python", "versions", "date")
_INTRODUCTION = """\
# Speed

Written by `make bench DATA=…` (`benchmarks/__main__.py`) from `benchmarks/results/`; do not edit.

All do the same work on the same data with the same model, all-MiniLM-L6-v2, in one run on one machine. Each has a
process of its own; in each round each has its turn, another one first, after a round that warms up and does not count.
Given are medians and, in brackets, the quartiles; of ratios the least and the greatest of the rounds. The peers take
whole documents in float32, with all cores and as their documentation sets them up: LlamaIndex fuses BM25 and FAISS by
reciprocal rank, txtai is hybrid, Haystack fuses its two retrievers in memory by reciprocal rank, and "plain" is
SentenceTransformer and a flat FAISS index, without words. Footnote searches passages, with one core a question."""


def read_results(folder: Path = RESULTS) -> dict[str, Result]:
    """Return the results in a folder, by part."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def write() -> None:
    """Write both pages and the plots anew."""
    results = read_results()
    draw(results)
    PAGE.write_text(page(results), encoding="utf-8")
    README.write_text(with_figures(README.read_text(encoding="utf-8"), figures(results)), encoding="utf-8")


def with_figures(text: str, said: str) -> str:
    """Return a text with other figures between its marks."""
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise SystemExit(f"{README} has no figures between {BEGIN!r} and {END!r}.")
    return f"{before}{BEGIN}\n{said}\n{END}{after}"


def figures(results: Mapping[str, Result]) -> str:
    """Return the figures of README.md: what was asked for and reached, and what a reader waits for."""
    sections = [*_goal_sections(results), *_searching(results), *_embedding(results), *_chat_page(results)]
    return "\n" + "\n\n".join(sections) + "\n"


def page(results: Mapping[str, Result]) -> str:
    """Return benchmarks/README.md."""
    parts = {
        "Asked for and reached": _goal_sections(results),
        "One search": [*_searching(results), *_plot(results, "searching", "quality", "Quality against latency")],
        "The size of the corpus": [*_growth(results), *_plot(results, "growth", "growth", "Latency by corpus size")],
        "With a cross-encoder": _reranking(results),
        "Over HTTP": [*_serving(results), *_plot(results, "serving", "throughput", "Throughput by connections")],
        "From a cold start": [*_shell(results), *_start(results)],
        "Indexing": [*_embedding(results), *_whole(results, "indexing")],
        "A million passages": _whole(results, "million"),
    }
    written = [_INTRODUCTION]
    for title, sections in parts.items():
        if shown := list(sections):
            written += [f"## {title}", *shown]
    return "\n\n".join(written) + "\n"


def _goal_sections(results: Mapping[str, Result]) -> Iterator[str]:
    rows = [(one.measure, one.asked, one.reached, "yes" if one.met else "**missed**") for one in goals(results)]
    if rows:
        yield _table(("measure", "asked for", "reached", "met"), rows)


def _searching(results: Mapping[str, Result]) -> Iterator[str]:
    if result := results.get("searching"):
        yield (
            f"One search in process without a reranker, {result['set']} (test), {result['queries']} queries, "
            f"{result['k']} results. {_circumstances(result)}"
        )
        yield _table(
            ("", "ms", "nDCG@10", "resident MB"),
            [
                (name, _spread(one["ms"]), f"{one['nDCG@10']:.3f}", f"{one['resident_mb']:.0f}")
                for name, one in result["searchers"].items()
            ],
        )


def _growth(results: Mapping[str, Result]) -> Iterator[str]:
    if result := results.get("growth"):
        names = list(result["points"][0]["ms"])
        yield (
            f"The first documents of {', '.join(result['sets'])}; {result['queries']} queries of the first set. "
            f"Milliseconds of one search. {_circumstances(result)}"
        )
        yield _table(
            ("documents", *names),
            [(f"{one['documents']:,}", *(_spread(one["ms"][name]) for name in names)) for one in result["points"]],
        )


def _reranking(results: Mapping[str, Result]) -> Iterator[str]:
    if result := results.get("reranking"):
        candidates, ms = result["candidates"], result["ms"]
        yield (
            f"A cross-encoder of 6 layers and 384 dimensions reads {candidates} candidates of {result['set']} for each "
            f"of {result['queries']} queries. {_circumstances(result)}"
        )
        yield _table(
            ("", "ms"),
            [
                (f"`ask`, all of it, cross-encoder in {result['precision']}", _spread(ms["ask"])),
                ("`ask` without a reranker", _spread(ms["ask_without"])),
                (f"CrossEncoder.predict alone, the same {candidates} pairs, float32", _spread(ms["reference"])),
            ],
        )


def _serving(results: Mapping[str, Result]) -> Iterator[str]:
    if result := results.get("serving"):
        on_top = result["on_top_ms"]
        yield f"{result['set']}, {result['k']} results, no reranker. {_circumstances(result)}"
        yield _table(
            ("one connection", "ms"),
            [
                ("a search over HTTP", _spread(on_top["http"])),
                ("the same in process", _spread(on_top["in_process"])),
                ("the difference, query by query", _spread(on_top["difference"])),
                ("what HTTP takes beyond the answer's `took_ms`", _spread(on_top["beyond_took_ms"])),
            ],
        )
        rates = result["searches_a_second"]
        yield (
            f"Searches a second, {result['seconds']:g} seconds a round. On the same cores, "
            f"{_spread(result['bare_embeddings_a_second'])} queries a second are embedded where nothing else is done. "
            "LlamaIndex stands behind FastAPI and uvicorn too, one process, a thread for each core that keeps to one."
        )
        yield _table(
            ("connections", *rates),
            [(count, *(_spread(rates[name][count]) for name in rates)) for count in next(iter(rates.values()))],
        )


def _shell(results: Mapping[str, Result]) -> Iterator[str]:
    if result := results.get("shell"):
        yield f"A new process each time, files in the system's cache. {_circumstances(result)}"
        yield _table(
            ("from the shell", "seconds", "peak MB"),
            [
                (said, _spread(result[name]["seconds"]), _spread(result[name]["peak_mb"]))
                for said, name in (
                    ("`ask` on the seeds", "ask"),
                    ("sentence-transformers, imported and loaded", "sentence_transformers"),
                )
            ],
        )


def _start(results: Mapping[str, Result]) -> Iterator[str]:
    if result := results.get("serving"):
        start = result["start"]
        yield _table(
            ("`rag serve` on the seeds", ""),
            [
                ("seconds until `/readyz` is 200", _spread(start["seconds"])),
                ("resident MB then", _spread(start["resident_mb"])),
                ("resident MB after 20 searches", _spread(start["resident_mb_after_searches"])),
            ],
        )


def _embedding(results: Mapping[str, Result]) -> Iterator[str]:
    if result := results.get("embedding"):
        said = {
            "sentence_transformers_batch_8": "`SentenceTransformer.encode`, batches of 8",
            "sentence_transformers_batch_32": "`SentenceTransformer.encode`, batches of 32",
            "prepared_int8": "prepared model, int8",
        }
        rates = result["passages_a_second"]
        yield f"Embedding alone. {_circumstances(result)}"
        yield _table(
            ("passages of `seeds/` embedded a second", ""), [(said[name], str(rate)) for name, rate in rates.items()]
        )


def _chat_page(results: Mapping[str, Result]) -> Iterator[str]:
    if result := results.get("page"):
        yield f"From Enter to the screen in the chat page, by `make bench-page`, {result['browser'].partition('.')[0]}."
        yield _table(
            ("milliseconds", "median", "95th percentile"),
            [
                (said, str(result[name]["p50_ms"]), str(result[name]["p95_ms"]))
                for said, name in (("passages", "passages"), ("first words of the answer", "words"))
            ],
        )


def _whole(results: Mapping[str, Result], part: str) -> Iterator[str]:
    """Yield all figures of a part that another script measures, as it names them."""
    if result := results.get(part):
        yield f"By `benchmarks/{part}.py`. {_circumstances(result)}"
        yield _table(("measure", "value"), _rows({k: v for k, v in result.items() if k not in _CIRCUMSTANCES}))


def _rows(result: Mapping[str, object], within: str = "") -> Iterator[tuple[str, str]]:
    for name, value in result.items():
        said = f"{within}{name}".replace("_", " ")
        if isinstance(value, dict) and "p50" in value:
            yield said, _spread(value)
        elif isinstance(value, dict):
            yield from _rows(value, f"{said}: ")
        elif isinstance(value, (int, float, str)):
            yield said, f"{value:,}" if isinstance(value, (int, float)) else value


def _plot(results: Mapping[str, Result], part: str, name: str, said: str) -> Iterator[str]:
    if part in results:
        yield f"![{said}](plots/{name}.svg)"


def _spread(spread: Result) -> str:
    return f"{spread['p50']:,g} ({spread['q1']:,g} to {spread['q3']:,g})"


def _circumstances(result: Result) -> str:
    versions = ", ".join(f"{name} {said}" for name, said in result["versions"].items())
    day = f", {result['date']}" if "date" in result else ""
    load = f", load at the end {result['load']:g}" if "load" in result else ""
    return f"{result['machine']}{load}, Python {result['python']}{day}; {versions}."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(re.sub(r" +", " ", f"| {' | '.join(line)} |") for line in lines)


if __name__ == "__main__":
    write()
