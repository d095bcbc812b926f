"""Ingestion: from files and folders into the corpus. A file that cannot be taken fails alone."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from index.corpus import Corpus, Outcome
from index.errors import DocumentError, DocumentNotFound, DuplicateDocumentId, NothingToIndex, UnreadableDocument
from index.limits import STANDARD, Limits
from index.reading import MEDIA_TYPES, doc_id_of, media_type_of, read_bytes, too_large
from index.records import FileRecord


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not taken, and why, in one sentence."""

    path: str
    reason: str


@dataclass(slots=True)
class Summary:
    """What an ingestion did. `passages` counts those embedded in it; `seconds` is its wall-clock time."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    failures: list[Failure] = field(default_factory=list)
    passages: int = 0
    seconds: float = 0.0

    @property
    def passages_per_second(self) -> float:
        """Passages embedded and stored a second, 0 where there were none."""
        return self.passages / self.seconds if self.seconds else 0.0


def article_files(paths: Sequence[Path]) -> list[Path]:
    """Return the articles at `paths`, each once, by path; raise NothingToIndex where one leads to none.

    In a folder these are the files of a known kind at any depth, but not hidden ones and not its README.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(_articles_in(path))
            if not inside:
                raise NothingToIndex(
                    f"'{path}' holds no file that can be read; put articles ending in {', '.join(MEDIA_TYPES)} into it."
                )
        elif path.exists():
            inside = [path]
        else:
            raise NothingToIndex(f"There is no '{path}'; name a file or a folder of articles.")
        found.update(dict.fromkeys(file.absolute() for file in inside))
    return list(found)


def ingest(
    corpus: Corpus,
    files: Sequence[Path],
    *,
    prune: bool = False,
    on_file: Callable[[], None] = lambda: None,
    limits: Limits = STANDARD,
) -> Summary:
    """Put each file into the corpus, and with `prune` drop the documents whose files are gone.

    `on_file` is called as each file is done. The derived file is brought up to date at the end.
    """
    started = time.perf_counter()
    summary = Summary()
    taken: dict[str, Path] = {}
    for path in files:
        try:
            _count(summary, corpus, path, _ingest_file(corpus, path, taken, limits))
        except DocumentError as error:
            summary.failures.append(Failure(str(path), str(error)))
        on_file()
    if prune:
        summary.removed = _prune(corpus)
    corpus.save()
    summary.seconds = time.perf_counter() - started
    return summary


def _articles_in(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(parent, name)
            is_article = path.suffix.lower() in MEDIA_TYPES and path.stem.lower() != "readme"
            if is_article and not name.startswith("."):
                yield path


def _ingest_file(corpus: Corpus, path: Path, taken: dict[str, Path], limits: Limits) -> Outcome:
    media_type_of(path.name)
    doc_id = doc_id_of(path.name)
    with corpus.store.read() as reading:
        stored = reading.file(doc_id)
    _check_unclaimed(doc_id, path, stored, taken)
    raw = _bytes(path, limits)
    file = FileRecord(str(path), hashlib.sha256(raw).hexdigest())
    if stored == file:
        return Outcome.UNCHANGED
    return corpus.put(read_bytes(path.name, raw, limits), file, publish=False)


def _check_unclaimed(doc_id: str, path: Path, stored: FileRecord | None, taken: dict[str, Path]) -> None:
    """Refuse a second file for one id, whether the first came now or earlier and still stands."""
    earlier = taken.setdefault(doc_id, path)
    if earlier == path and stored is not None and Path(stored.path) != path and Path(stored.path).exists():
        earlier = Path(stored.path)
    if earlier != path:
        raise DuplicateDocumentId(f"'{path}' and '{earlier}' both give the document id {doc_id!r}; rename one of them.")


def _bytes(path: Path, limits: Limits) -> bytes:
    try:
        # A pipe would be waited for without end, a device read without end.
        if path.exists() and not path.is_file():
            raise UnreadableDocument(f"'{path}' is not a regular file; give an article saved on disk.")
        size = path.stat().st_size
        if size > limits.document_bytes:
            raise too_large(path.name, size, limits)
        return path.read_bytes()
    except OSError as error:
        raise UnreadableDocument(f"'{path}' cannot be read ({error.strerror}); check its permissions.") from error


def _count(summary: Summary, corpus: Corpus, path: Path, outcome: Outcome) -> None:
    setattr(summary, outcome.value, getattr(summary, outcome.value) + 1)
    if outcome is not Outcome.UNCHANGED:
        summary.passages += len(corpus.passage_spans(doc_id_of(path.name)))


def _prune(corpus: Corpus) -> int:
    with corpus.store.read() as reading:
        gone = [doc_id for doc_id, path in reading.files() if not Path(path).exists()]
    for doc_id in gone:
        # Whoever else writes may have deleted it meanwhile.
        with suppress(DocumentNotFound):
            corpus.delete(doc_id)
    return len(gone)
