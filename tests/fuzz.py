"""Bytes of every kind given to the readers, the splitter and the query parser, led by coverage; for `make fuzz`.

    python -m tests.fuzz SECONDS [FOLDER]

Each of the targets gets an equal share of the time. What crashes one is written to FOLDER, and belongs into
`tests/test_hostile.py`; the exit status is 1 then.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("Atheris is not installed; `make fuzz` installs it.")

# Led by what these do; all else would take minutes to prepare.
with atheris.instrument_imports(include=["index", "rag", "pypdf", "markdown_it", "yaml"], enable_loader_override=False):
    from index.errors import DocumentError
    from index.passages import Splitter
    from index.reading import document_blocks, read_bytes
    from rag.errors import InvalidQuery
    from rag.query import Query, parse_filters
    from tests.doubles import HashingEmbedder
    from tests.test_reading import PAGE, pdf

_SPLITTER = Splitter(HashingEmbedder().tokenizer_json)
_MARKDOWN = (
    "---\ntitle: Metals\ndate: 2025-05-01\n---\n# Tin\n\n- a\n- b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> Copper."
)


def reads(name: str) -> Callable[[bytes], None]:
    """Return what reads bytes as a file of this name and splits it, holding it to what every passage must be."""

    def read(raw: bytes) -> None:
        try:
            document = read_bytes(name, raw)
            blocks = document_blocks(document)
        except DocumentError as error:
            if not str(error).endswith("."):
                raise AssertionError(f"No sentence: {error}") from error
            return
        at = 0
        for passage in _SPLITTER.split(document.text, blocks, document.metadata.title):
            assert at <= passage.span.start < passage.span.end <= len(document.text)
            at = passage.span.end

    return read


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
    "query": (parses, "what happened after Genève?".encode()),
}


def main() -> None:
    """Fuzz each target in a process of its own, so that a crash in one's C code is told of that one."""
    seconds, folder = int(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "var/fuzz")
    if len(sys.argv) > 3:
        _fuzz(sys.argv[3], seconds, folder)
        return
    crashed = []
    for name in TARGETS:
        share = max(1, seconds // len(TARGETS))
        command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz", str(share), str(folder), name]
        if subprocess.run(command, check=False).returncode:
            crashed.append(name)
    if crashed:
        sys.exit(f"These crashed: {', '.join(crashed)}; see {folder}.")


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
