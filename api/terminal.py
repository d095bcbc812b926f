"""What a person sees in a terminal: results on standard output, messages and progress on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

if TYPE_CHECKING:
    from pydantic import BaseModel

    from index.document import Metadata
    from index.ingestion import Summary
    from rag.citation import Citation
    from rag.engine import AskResponse, Hit, SearchResponse


def say(message: str) -> None:
    """Say something to the person at the terminal, on standard error."""
    sys.stderr.write(_safe(message) + "\n")


def print_fact(name: str, value: str) -> None:
    """Print a name and its value on a line."""
    sys.stdout.write(f"{name:<10} {_safe(value)}\n")


def print_json(body: "BaseModel") -> None:
    """Print a response exactly as the HTTP service sends it."""
    sys.stdout.write(body.model_dump_json() + "\n")


def print_summary(summary: "Summary") -> None:
    """Print what an ingestion did."""
    removed = f", {summary.removed} removed" if summary.removed else ""
    sys.stdout.write(
        f"{summary.added} added, {summary.changed} changed, {summary.unchanged} unchanged{removed}, "
        f"{len(summary.failures)} failed; {summary.passages:,} passages in {summary.seconds:.1f} s"
        f" ({summary.passages_per_second:.0f} passages a second)\n"
    )


def print_answer(response: "AskResponse") -> None:
    """Print an answer, then what each of its markers stands for."""
    answer = response.answer
    _print(Text(_safe(answer.text)))
    if answer.abstained:
        _print(Text(_safe(f"{answer.reason} The nearest passages:" if response.hits else str(answer.reason))))
        for hit in response.hits:
            _print(Text())
            _print_hit(hit)
    for marker, citation in enumerate(answer.citations, start=1):
        _print(Text())
        _print(Text.assemble((f"[{marker}] ", "bold"), _identity(citation.doc_id, citation.metadata)))
        _print(_place(citation), indent=4)
        _print(Text(f"“{_line(citation.cited_text)}”", style="italic"), indent=4)


def print_ranking(response: "SearchResponse") -> None:
    """Print a ranking, the sentences that bear on the query emphasised."""
    if not response.hits:
        _print(Text("No passage was found; there are no documents, or none passes the filters."))
    for hit in response.hits:
        if hit.rank > 1:
            _print(Text())
        _print_hit(hit)


@contextmanager
def progress(total: int, doing: str = "Indexed", things: str = "files") -> Iterator[Callable[[], None]]:
    """Show how far a work on `total` things is: a bar on a terminal, a line for each tenth elsewhere."""
    console = Console(stderr=True)
    done = 0
    if console.is_terminal:
        columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("", total=total)
            yield lambda: bar.advance(task)
        return

    def advance() -> None:
        nonlocal done
        done += 1
        if done == total or done * 10 // total > (done - 1) * 10 // total:
            say(f"{doing} {done} of {total} {things}.")

    yield advance


def _print_hit(hit: "Hit") -> None:
    head = Text.assemble((f"{hit.rank}. ", "bold"), _identity(hit.citation.doc_id, hit.citation.metadata))
    _print(head)
    _print(Text.assemble(_place(hit.citation), (f", score {hit.score:.3f}", "dim")), indent=4)
    body = Text(_safe(hit.citation.cited_text))
    for highlight in hit.highlights:
        at = hit.citation.span.start
        body.stylize("bold", highlight.span.start - at, highlight.span.end - at)
    _print(body, indent=4)


def _print(text: Text, indent: int = 0) -> None:
    console = Console(highlight=False)
    if console.is_terminal and text:
        console.print(Padding(text, (0, 0, 0, indent), expand=False))
    else:
        # Elsewhere than on a terminal a line is left whole, for whatever reads it.
        console.print(_indented(text, indent), soft_wrap=True)


def _indented(text: Text, indent: int) -> Text:
    lines = text.split("\n", allow_blank=True)
    return Text("\n").join(Text(" " * indent if len(line) else "").append_text(line) for line in lines)


def _identity(doc_id: str, metadata: "Metadata") -> Text:
    said = ", ".join(filter(None, (metadata.source, metadata.published_at)))
    return Text(_safe((metadata.title or doc_id) + (f" ({said})" if said else "")))


def _place(citation: "Citation") -> Text:
    place = f"{citation.doc_id}, characters {citation.span.start} to {citation.span.end}"
    return Text(place, style="dim")


def _line(text: str) -> str:
    return _safe(" ".join(text.split()))


def _safe(text: str) -> str:
    """Return text whose every character may go to a terminal: an article must not be able to command it."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text
    )
