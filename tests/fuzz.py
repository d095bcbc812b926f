"""Bytes of every kind given to the readers, the splitter and the query parser, led by coverage; for `make fuzz`.

    python -m tests.fuzz SECONDS [--results FILE] [--folder FOLDER]

Each of the targets gets an equal share of the time. What crashes one is written to FOLDER, and belongs into
`tests/test_hostile.py`; the exit status is 1 then. FILE takes the figures.
"""

import argparse
import json
import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

try:
    import atheris
except ImportError:
    sys.exit("Atheris is not installed; `make fuzz` installs it.")

# Led by what these do; all else would take minutes to prepare.
with atheris.instrument_imports(include=["index", "rag", "pypdf", "markdown_it", "yaml"], enable_loader_override=False):
    from index.errors import DocumentError
    from index.passages import STANDARD, Splitter, Splitting
    from index.reading import document_blocks, read_bytes, read_text
    from rag.errors import InvalidQuery
    from rag.query import Query, parse_filters
    from tests.doubles import HashingEmbedder
    from tests.test_passages import check_laws
    from tests.test_reading import PAGE, pdf

_TOKENIZER = HashingEmbedder().tokenizer_json
# By small passages every way of dividing a block is reached within the few characters that fuzzing tries.
_SPLITTERS = [Splitter(_TOKENIZER, STANDARD), Splitter(_TOKENIZER, Splitting(6, 10, 4))]
_MARKDOWN = (
    "---\ntitle: Metals\ndate: 2025-05-01\n---\n# Tin\n\n- a\n- b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> Copper."
)


def reads(name: str) -> Callable[[bytes], None]:
    """Return what reads bytes as a file of this name and splits it, held to the laws of splitting."""

    def read(raw: bytes) -> None:
        try:
            document = read_bytes(name, raw)
            document_blocks(document)
        except DocumentError as error:
            if not str(error).endswith("."):
                raise AssertionError(f"No sentence: {error}") from error
            return
        check_laws(_SPLITTERS[0], document)

    return read


def splits(raw: bytes) -> None:
    """Split bytes as a text, plain or Markdown, into large or small passages, held to the laws of splitting."""
    kind, text = raw[:1], raw[1:].decode("utf-8", "replace").replace("\0", " ")
    try:
        document = read_text("a", text, "text/markdown" if kind >= b"a" else "text/plain")
        document_blocks(document)
    except DocumentError:
        return
    check_laws(_SPLITTERS[kind in b"aA"], document)


def parses(raw: bytes) -> None:
    """Parse bytes as a question with a date."""
    text = (
        raw.decode("utf-8", "surrogatepass" if len(raw) % 2 else "replace") if _decodes(raw) else raw.decode("latin1")
    )
    try:
        Query.parse(text, filters=parse_filters(published_after=text[:40]))
    except InvalidQuery as error:
        str(error).encode("utf-8", "replace")
    try:
        Query.parse(text)
    except InvalidQuery:
        return


def _decodes(raw: bytes) -> bool:
    try:
        raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


TARGETS: dict[str, tuple[Callable[[bytes], None], bytes]] = {
    "html": (reads("a.html"), PAGE.encode()),
    "pdf": (reads("a.pdf"), pdf("Copper fell.", title="Metals")),
    "markdown": (reads("a.md"), _MARKDOWN.encode()),
    "plain": (reads("a.txt"), "Metals\n\nTin is “soft”. Copper – 85% – fell.\n\n• one\n• two\n".encode()),
    "splitter": (
        splits,
        b"a" + _MARKDOWN.encode() + b"\n\nTin is soft. It fell, e.g. by 5 %, on Monday, the U.S. said.",
    ),
    "query": (parses, "what happened after Genève?".encode()),
}
_VERSIONS = ("atheris", "markdown-it-py", "pypdf", "PyYAML", "semantic-text-splitter", "sentencex", "trafilatura")
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERED = re.compile(r"cov: (\d+)")


def main() -> None:
    """Fuzz each target in a process of its own, so that a crash in one's C code is told of that one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=int)
    parser.add_argument("--folder", type=Path, default=Path("var/fuzz"))
    parser.add_argument("--results", type=Path, help="file that the figures are written to")
    given = parser.parse_args()
    share = max(1, given.seconds // len(TARGETS))
    found = {name: _fuzzed(name, share, given.folder) for name in TARGETS}
    if given.results:
        given.results.write_text(json.dumps(_results(found), indent=1) + "\n", encoding="utf-8")
    crashed = [name for name, figures in found.items() if figures["crashed"]]
    if crashed:
        sys.exit(f"These crashed: {', '.join(crashed)}; see {given.folder}.")


def _fuzzed(name: str, seconds: int, folder: Path) -> dict[str, Any]:
    """Return the figures of a target that is fuzzed for so long; what is said of it goes on to standard error."""
    inputs, taken, covered = 0, 0, 0
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        status = _forked(lambda: _fuzz(name, seconds, folder), said.fileno())
        said.seek(0)
        for line in said:
            sys.stderr.write(line)
            if done := _DONE.search(line):
                inputs, taken = int(done[1]), int(done[2])
            elif count := _COVERED.search(line):
                covered = int(count[1])
    return {"inputs": inputs, "seconds": taken, "edges": covered, "crashed": status != 0}


def _forked(work: Callable[[], None], errors: int) -> int:
    """Return the exit status of a copy of this process that does some work, its standard error going to a file."""
    # What is instrumented takes long to import; a copy has it already.
    pid = os.fork()
    if not pid:
        os.dup2(errors, sys.stderr.fileno())
        try:
            work()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        # Atheris ends the process by itself; only what went wrong before it began comes here.
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _results(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _VERSIONS},
        "targets": found,
    }


def _fuzz(name: str, seconds: int, folder: Path) -> None:
    target, example = TARGETS[name]
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "example").write_bytes(example)
    # What is slow is as much a fault as what crashes.
    options = [
        f"-max_total_time={seconds}",
        "-timeout=20",
        "-rss_limit_mb=4000",
        "-max_len=4000",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/{name}-", str(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
