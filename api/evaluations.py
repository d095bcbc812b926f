"""What `rag eval` reads and prints."""

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from api import terminal
from index.corpus import open_corpus
from index.storage import Milvus
from rag.abstention import answerable_reliability, confidence_reliability
from rag.beir import corpus_size, index_corpus, index_folder, read_collection
from rag.engine import Engine
from rag.errors import InvalidGold, InvalidQuery
from rag.evaluation import DOCUMENT, Evaluation, compared, evaluate_collection, evaluate_gold, trec_run
from rag.gold import read_gold
from rag.measures import Comparison
from rag.reranking import Reranking
from rag.settings import Settings

# Collections are kept beside the data, each in a folder of its own; questions are not answered from them.
CACHE = "collections"


def of_gold(engine: Engine, path: Path, split: str | None) -> Evaluation:
    """Return the evaluation of the gold questions in a file, of one split or of all."""
    if split not in {None, "dev", "test"}:
        raise InvalidQuery(f"The split is {split!r}; give dev or test, or none for both.")
    questions = [question for question in read_gold(path) if split in {None, question.split}]
    if not questions:
        raise InvalidGold(f"'{path}' has no questions{f' of the split {split!r}' if split else ''}; give some to ask.")
    with terminal.progress(sum(bool(question.evidence) for question in questions), "Asked", "questions") as advance:
        return evaluate_gold(engine, questions, advance)


def of_collection(
    settings: Settings,
    reranking: Reranking | None,
    folder: Path,
    split: str,
    limit: int | None,
    *,
    take_evidence_out: bool = False,
) -> Evaluation:
    """Return the evaluation of a collection; its corpus is indexed the first time."""
    collection = read_collection(folder, split, limit)
    data = index_folder(folder, settings.data_dir / CACHE)
    milvus = _named(settings.milvus, data) if settings.milvus else None
    models, threads = settings.prepared_models, settings.threads
    corpus = open_corpus(data, settings.model, models, threads, create=True, milvus=milvus)
    with terminal.progress(corpus_size(folder), "Indexed", "documents") as advance:
        empty = index_corpus(folder, corpus, None if milvus else data, advance)
    if empty:
        terminal.say(f"{empty} documents have no text to cite and are left out.")
    with terminal.progress(len(collection.queries), "Asked", "queries") as advance:
        return evaluate_collection(Engine(corpus, reranking), collection, advance, take_evidence_out=take_evidence_out)


def _named(milvus: Milvus, data: Path) -> Milvus:
    """Return where in Milvus a collection is kept: under its own name, as its folder would have it."""
    return replace(milvus, collection=f"{milvus.collection}_{re.sub(r'[^A-Za-z0-9]', '_', data.name)}")


def with_baseline(evaluation: Evaluation, path: Path) -> dict[str, list[Comparison]]:
    """Return the comparisons with what `--json` printed into a file; raise InvalidGold where it is something else."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        comparisons = compared(evaluation, said["values"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidGold(f"'{path}' is not a baseline ({error!r}); make one by `rag eval … --json`.") from error
    asked, shared = (
        len(evaluation.runs[DOCUMENT]),
        min((one.queries for of_level in comparisons.values() for one in of_level), default=0),
    )
    if shared < asked:
        terminal.say(f"Compared on {shared} of {asked} questions; '{path}' has no values for the others.")
    return comparisons


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number to compare with")


def print_json(evaluation: Evaluation) -> None:
    """Print an evaluation for programs."""
    sys.stdout.write(json.dumps(evaluation.summary(), indent=1, ensure_ascii=False) + "\n")


def print_tables(evaluation: Evaluation, comparisons: Mapping[str, Sequence[Comparison]]) -> None:
    """Print an evaluation for people: a table a level, then answers, times, and what a baseline did better or worse."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    summary: dict[str, Any] = evaluation.summary()
    sizes = {"overall": summary["queries"]} | {kind: len(query_ids) for kind, query_ids in evaluation.kinds.items()}
    for level, groups in summary["levels"].items():
        console.print(_table(f"{evaluation.name}, {level} level", groups, sizes))
    for name, share in evaluation.answers.items():
        console.print(f"{name.replace('_', ' '):<24} {share:.3f}")
    for name, asked, bins in (
        ("answerable", "questions", answerable_reliability(evaluation.judged)),
        ("right", "answers", confidence_reliability(evaluation.judged)),
    ):
        for one in bins:
            console.print(
                f"said {one.low:.1f}–{one.low + 0.1:.1f}  {one.count:>5} {asked}, {name} {one.share:.2f} "
                + "█" * round(20 * one.share)
            )
    console.print(f"one search, ms           p50 {evaluation.latency_ms['p50']}, p95 {evaluation.latency_ms['p95']}")
    for level, of_level in comparisons.items():
        for comparison in of_level:
            console.print(f"{level} {comparison.measure}: {comparison.baseline:.4f} → {comparison.mean:.4f}", end=" ")
            console.print(f"(p = {comparison.p:.3f}); won {_listed(comparison.won)}; lost {_listed(comparison.lost)}")


def check_gate(baseline: Path | None, max_drop: float | None) -> None:
    """Raise InvalidQuery for a fall that nothing could be held to."""
    if max_drop is None:
        return
    if baseline is None:
        raise InvalidQuery("--max-drop needs --baseline FILE to fall from.")
    if not 0 <= max_drop < math.inf:
        raise InvalidQuery(f"--max-drop is {max_drop:g}; give a number from 0 on, such as 0.01.")


def check_run(path: Path | None) -> None:
    """Raise InvalidQuery where a run could not be written, before what takes long."""
    if path is None:
        return
    is_new = not path.exists()
    try:
        with path.open("a"):
            pass
        if is_new:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def write_run(evaluation: Evaluation, path: Path) -> None:
    """Write the rankings in TREC's format, of the finest level there is."""
    try:
        path.write_text(trec_run(evaluation, next(iter(evaluation.runs)), "footnote"), encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> InvalidQuery:
    return InvalidQuery(f"'{path}' cannot be written ({error.strerror}); name another file for --run.")


def _listed(query_ids: Sequence[str]) -> str:
    return " ".join(query_ids) or "none"


def _table(title: str, groups: dict[str, dict[str, dict[str, float]]], sizes: Mapping[str, int]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("kind")
    table.add_column("queries", justify="right")
    for measure in groups["overall"]:
        table.add_column(measure, justify="right")
    for group, estimates in groups.items():
        cells = [f"{value['mean']:.3f} ({value['low']:.3f}–{value['high']:.3f})" for value in estimates.values()]
        table.add_row(group, str(sizes[group]), *cells, end_section=group == "overall")
    return table
