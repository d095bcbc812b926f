"""What a person sees in a terminal: results on standard output, messages and progress on standard error."""

import io
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pydantic import BaseModel

    from index.ingestion import Summary
    from index.records import DocumentSummary
    from rag.answer import Answer
    from rag.citation import Citation
    from rag.conversation import Turn
    from rag.engine import AskResponse, Engine, Hit, SearchResponse
    from rag.query import Query

# Longer lines are hard to read, however wide the terminal is.
_MAX_WIDTH = 100
_INDENT = 4
# A marker has one colour in the answer and where it says what it stands for.
_COLOURS = ("cyan", "magenta", "green")
_MAX_ENDINGS = 5
_LINES = 10
_MARKER = re.compile(r"\[(\d+)\]")


def open_output() -> None:
    """Have all output in UTF-8, as articles are, whatever the terminal says it takes; a closed one takes nothing."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - it is open as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")


def leave_output() -> None:
    """Let go of an output that cannot be written, so that nothing is said of it once more when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(message: str) -> None:
    """Say something to the person at the terminal, on standard error."""
    sys.stderr.write(_safe(message) + "\n")


def print_fact(name: str, value: str) -> None:
    """Print a name and its value on a line."""
    sys.stdout.write(f"{name:<10} {_safe(value)}\n")


def print_json(body: "BaseModel") -> None:
    """Print a response exactly as the HTTP service sends it."""
    sys.stdout.write(body.model_dump_json() + "\n")


def print_summary(summary: "Summary", skipped: Sequence[str] = (), readmes: int = 0) -> None:
    """Print what an ingestion did, and what it skipped: files of no known kind, by their endings, and READMEs."""
    removed = f", {summary.removed} removed" if summary.removed else ""
    sys.stdout.write(
        f"{summary.added} added, {summary.changed} changed, {summary.unchanged} unchanged{removed}, "
        f"{len(summary.failures)} failed; {summary.passages:,} passages in {summary.seconds:.1f} s"
        f" ({summary.passages_per_second:.0f} passages a second)\n"
    )
    if skipped:
        endings = [_safe(ending) or "no ending" for ending, _ in Counter(map(str.lower, skipped)).most_common()]
        said = ", ".join(endings[:_MAX_ENDINGS]) + (" and others" if len(endings) > _MAX_ENDINGS else "")
        files = "1 file" if len(skipped) == 1 else f"{len(skipped):,} files"
        sys.stdout.write(f"{files} of no known kind skipped ({said})\n")
    if readmes:
        said = "1 README skipped; name it" if readmes == 1 else f"{readmes:,} READMEs skipped; name them"
        sys.stdout.write(f"{said} to index {'it' if readmes == 1 else 'them'}\n")


def print_remark(text: str) -> None:
    """Print what is neither an answer nor an article's, for the person at the terminal."""
    _print(Text(_safe(text), style="dim"))


def print_answer(response: "AskResponse") -> None:
    """Print an answer, what the articles disagree on, then what each marker stands for.

    Where the question was understood as another, that comes first.
    """
    answer = response.answer
    if response.standalone.text != response.question.text:
        print_remark(f"Asked as: {response.standalone.text}")
    if answer.abstained:
        _print(Text(_safe(answer.text), style="bold"))
        _print(Text(_safe(f"{answer.reason} The nearest passages:" if response.hits else str(answer.reason))))
        # They do not answer, so no sentence of theirs stands out as if it did.
        for hit in response.hits:
            _print(Text())
            _print_hit(hit, Text(_safe(hit.citation.cited_text)))
        return
    _print_text(answer)
    # Where a part has no answer, a chance that all is answered says nothing of the part that is.
    if answer.confidence is not None and not answer.unanswered:
        _print(Text())
        print_remark(f"Confidence: {answer.confidence:.0%}")
    for marker, citation in enumerate(answer.citations, start=1):
        _print(Text())
        quote = Text(_line(citation.quoted), style="italic")
        _print_entry(_coloured(f"[{marker}]"), _identity(citation), _place(citation), quote)


def print_in_article(marker: int, citation: "Citation", before: str, after: str) -> None:
    """Print a citation between what stands before and after it in its article."""
    cited = Text(_safe(citation.cited_text), style=_colour(marker))
    _print_entry(
        _coloured(f"[{marker}]"),
        _identity(citation),
        _place(citation),
        Text.assemble(_safe(before), cited, _safe(after)),
    )


def answered(engine: "Engine", question: "Query", history: "Sequence[Turn]" = ()) -> "AskResponse":
    """Return the answer to a question; on a terminal it shows while a language model writes it."""
    if not (engine.asks_a_language_model and sys.stdout.isatty()):
        return engine.ask(question, history)
    from rag.engine import Listener

    with _writing() as on_text:
        return engine.ask(question, history, Listener(on_text=on_text))


@contextmanager
def _writing() -> Iterator[Callable[[str], None]]:
    """Show an answer piece by piece; it is gone at the end, when the whole is to be printed."""
    from rich.live import Live

    text = Text()
    with Live(Text("Writing…", style="dim"), console=_console(), transient=True, auto_refresh=False) as live:

        def take(piece: str) -> None:
            text.append(_safe(piece))
            live.update(text, refresh=True)

        yield take


def print_document(document: "DocumentSummary") -> None:
    """Print a line of the list of documents: the id, and after tabs the title, the source and the day."""
    metadata = document.metadata
    said = (document.doc_id, metadata.title, metadata.source, (metadata.published_at or "")[:10])
    sys.stdout.write("\t".join(_line(one or "") for one in said).rstrip("\t") + "\n")


def print_ranking(response: "SearchResponse") -> None:
    """Print a ranking, the sentences that bear on the query emphasised."""
    for hit in response.hits:
        if hit.rank > 1:
            _print(Text())
        _print_hit(hit, _highlighted(hit))


@contextmanager
def progress(total: int, doing: str = "Indexed", things: str = "files") -> Iterator[Callable[[], None]]:
    """Show how far a work on `total` things is: a bar on a terminal, elsewhere a line for each tenth.

    Fewer than ten things would have a line each, and have none.
    """
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
        if total >= _LINES and done * _LINES // total > (done - 1) * _LINES // total:
            say(f"{doing} {done} of {total} {things}.")

    yield advance


def _print_text(answer: "Answer") -> None:
    """Print an answer's text, the sentences on disagreements as lists, and what was left out of it."""
    text = answer.text
    for disagreement in reversed(answer.disagreements):
        text = text.removesuffix(disagreement.sentence).rstrip()
    _print(_coloured(text))
    for disagreement in answer.disagreements:
        _print(Text())
        _print(Text(_safe(f"{disagreement.lead}:"), style="bold"))
        for value in disagreement.values:
            _print(_coloured(value), _INDENT)
    if answer.reason:
        _print(Text())
        print_remark(answer.reason)


def _print_hit(hit: "Hit", body: Text) -> None:
    place = Text.assemble(_place(hit.citation), (f", score {hit.score:.3f}", "dim"))
    _print_entry(Text(f"{hit.rank}.", style="bold"), _identity(hit.citation), place, body)


def _highlighted(hit: "Hit") -> Text:
    body = Text(_safe(hit.citation.cited_text))
    for highlight in hit.highlights:
        at = hit.citation.span.start
        body.stylize("bold", highlight.span.start - at, highlight.span.end - at)
    return body


def _print_entry(label: Text, head: Text, *below: Text) -> None:
    """Print an entry of a list, everything beside its label."""
    console = _console()
    if not console.is_terminal:
        _print(Text.assemble(label, " ", head))
        for text in below:
            _print(text, _INDENT)
        return
    entry = Table.grid(padding=(0, 1, 0, 0))
    entry.add_column(min_width=_INDENT - 1, no_wrap=True)
    entry.add_column(overflow="fold")
    entry.add_row(label, Group(head, *below))
    console.print(entry)


def _console() -> Console:
    console = Console(highlight=False)
    console.width = min(console.width, _MAX_WIDTH)
    return console


def _coloured(text: str) -> Text:
    """Return a text with its markers in their colours."""
    coloured = Text(_safe(text))
    for marker in _MARKER.finditer(coloured.plain):
        coloured.stylize(_colour(int(marker[1])), *marker.span())
    return coloured


def _colour(marker: int) -> str:
    return f"bold {_COLOURS[(marker - 1) % len(_COLOURS)]}"


def _print(text: Text, indent: int = 0) -> None:
    console = _console()
    if console.is_terminal and text:
        console.print(Padding(text, (0, 0, 0, indent), expand=False))
    else:
        # Elsewhere than on a terminal a line is left whole, for whatever reads it.
        console.print(_indented(text, indent), soft_wrap=True)


def _indented(text: Text, indent: int) -> Text:
    lines = text.split("\n", allow_blank=True)
    return Text("\n").join(Text(" " * indent if len(line) else "").append_text(line) for line in lines)


def _identity(citation: "Citation") -> Text:
    metadata = citation.metadata
    said = ", ".join(filter(None, (metadata.source, metadata.published_at)))
    return Text.assemble((_safe(metadata.title or citation.doc_id), "bold"), _safe(f" ({said})" if said else ""))


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
