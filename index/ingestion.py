"""Ingestion: from files and folders into the corpus. A file that cannot be taken fails alone.

Files are read, split and embedded by workers while those before them are stored, one after the other in the order in
which they were named. What is interrupted goes on where it stopped: what is stored is unchanged and not embedded again.
"""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from index.corpus import Corpus
from index.errors import DocumentError, DuplicateDocumentId, NothingToIndex, UnreadableDocument
from index.limits import STANDARD, Limits
from index.reading import MEDIA_TYPES, doc_id_of, media_type_of, too_large
from index.records import FileRecord
from index.workers import Made, Work, WorkerProcesses, Workers, WorkerThreads

# So many files, of so many bytes together, may be under way at once; one larger file may be too. An article of these
# bytes has some 2,300 passages, whose vectors take 60 MB.
_FILES_UNDER_WAY = 64
_BYTES_UNDER_WAY = 2 * 2**20


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

    In a folder these are the files of a known kind at any depth, but not hidden ones and no READMEs.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = _articles_in(path)
            if not inside:
                raise nothing_in(path)
        elif path.exists():
            inside = [_without_ups(path)]
        else:
            raise NothingToIndex(f"There is no '{path}'; name a file or a folder of articles.")
        found.update(dict.fromkeys(inside))
    return list(found)


def emptied_folders(paths: Sequence[Path]) -> list[Path]:
    """Return the folders among `paths` without an article, whose documents `ingest` drops where it prunes."""
    return [path for path in paths if path.is_dir() and not _articles_in(path)]


def nothing_in(folder: Path) -> NothingToIndex:
    """Return the error for a folder without an article."""
    if any(map(_is_readme, _files_in(folder))):
        return NothingToIndex(f"'{folder}' holds a README alone, which is passed over; name the file to index it.")
    return NothingToIndex(
        f"'{folder}' holds no file that can be read; put articles ending in {', '.join(MEDIA_TYPES)} into it."
    )


def other_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files in folders among `paths` that are of no known kind, each once: they are passed over."""
    return [file for file in _all_in(paths) if not _is_of_known_kind(file)]


def readmes(paths: Sequence[Path]) -> list[Path]:
    """Return the READMEs deep in folders among `paths`, each once: they are passed over, and might be articles.

    One at the top is about the others.
    """
    tops = {_without_ups(path) for path in paths}
    return [one for one in _all_in(paths) if _is_of_known_kind(one) and _is_readme(one) and one.parent not in tops]


def ingest(
    corpus: Corpus,
    files: Sequence[Path],
    *,
    prune: bool = False,
    processes: int = 1,
    on_file: Callable[[], None] = lambda: None,
    limits: Limits = STANDARD,
) -> Summary:
    """Put each file into the corpus, and with `prune` drop the documents whose files are gone.

    With more than one of `processes` as many others read, split and embed; this one stores. `on_file` is called as each
    file is done. The derived file is brought up to date at the end.
    """
    started = time.perf_counter()
    summary = Summary()
    with _workers(corpus, processes) as workers:
        for file in _in_order(_begun(corpus, files, workers, limits)):
            try:
                _store(corpus, file, summary)
            except DocumentError as error:
                summary.failures.append(Failure(_shown(file.path), _reason(file.path, error)))
            on_file()
    if prune:
        summary.removed = _prune(corpus)
    corpus.save()
    summary.seconds = time.perf_counter() - started
    return summary


def _without_ups(path: Path) -> Path:
    """Return an absolute path that has no `..` in it; other links stay, for they may lead elsewhere the next time."""
    path = path.absolute()
    if path.name == "..":
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent), path.name) if ".." in path.parts else path


def _files_in(folder: Path) -> list[Path]:
    """Return the files in a folder at any depth, by path, but not hidden ones."""
    files: list[Path] = []
    for parent, folders, names in os.walk(_without_ups(folder)):
        folders[:] = (name for name in folders if not name.startswith("."))
        files += (Path(parent, name) for name in names if not name.startswith("."))
    return sorted(files)


def _all_in(paths: Sequence[Path]) -> list[Path]:
    return list(dict.fromkeys(file for path in paths if path.is_dir() for file in _files_in(path)))


def _articles_in(folder: Path) -> list[Path]:
    return [file for file in _files_in(folder) if _is_of_known_kind(file) and not _is_readme(file)]


def _is_readme(file: Path) -> bool:
    return file.stem.lower() == "readme"


def _is_of_known_kind(file: Path) -> bool:
    return file.suffix.lower() in MEDIA_TYPES


@dataclass(frozen=True, slots=True)
class _Begun:
    """A file whose bytes have been read. `made` waits for what a worker makes of them; None where it is unchanged."""

    record: FileRecord
    size: int
    is_new: bool
    made: Callable[[], Made] | None


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A file, and how far it has come: begun, or refused."""

    path: Path
    begun: _Begun | DocumentError

    @property
    def size(self) -> int:
        """The bytes that are held for it."""
        return self.begun.size if isinstance(self.begun, _Begun) and self.begun.made is not None else 0


def _workers(corpus: Corpus, processes: int) -> Workers:
    embedding = corpus.passage_embedder
    return WorkerProcesses(embedding, processes) if processes > 1 else WorkerThreads(embedding)


def _begun(corpus: Corpus, files: Sequence[Path], workers: Workers, limits: Limits) -> Iterator[_UnderWay]:
    """Begin each file when it is asked for."""
    taken: dict[str, Path] = {}
    for path in files:
        try:
            yield _UnderWay(path, _begin(corpus, path, taken, workers, limits))
        except DocumentError as error:
            yield _UnderWay(path, error)


def _in_order(files: Iterable[_UnderWay]) -> Iterator[_UnderWay]:
    """Yield the files in order, each once as many as may be under way have been begun after it."""
    under_way: deque[_UnderWay] = deque()
    size = 0
    for file in files:
        under_way.append(file)
        size += file.size
        while len(under_way) > 1 and (len(under_way) > _FILES_UNDER_WAY or size > _BYTES_UNDER_WAY):
            size -= under_way[0].size
            yield under_way.popleft()
    yield from under_way


def _begin(corpus: Corpus, path: Path, taken: dict[str, Path], workers: Workers, limits: Limits) -> _Begun:
    _check_name(path)
    media_type_of(path.name)
    doc_id = doc_id_of(path.name)
    with corpus.store.read() as reading:
        record = reading.file(doc_id)
    _check_unclaimed(doc_id, path, record, taken)
    raw = _bytes(path, limits)
    found = FileRecord(str(path), hashlib.sha256(raw).hexdigest())
    if found == record:
        return _Begun(found, len(raw), False, None)
    with corpus.store.read() as reading:
        stored = reading.document(doc_id)
    return _Begun(found, len(raw), stored is None, workers.begin(Work(path.name, raw, limits, stored)))


def _store(corpus: Corpus, file: _UnderWay, summary: Summary) -> None:
    """Wait for what was made of a file, store it and count it."""
    if isinstance(file.begun, DocumentError):
        raise file.begun
    made = file.begun.made() if file.begun.made else None
    if made is None:
        summary.unchanged += 1
    elif made.passages is None:
        if not corpus.store.put_file(made.document, file.begun.record):
            raise UnreadableDocument(f"{made.document.doc_id!r} was changed meanwhile by others; index it again.")
        summary.unchanged += 1
    else:
        corpus.store.put(made.document, made.passages, file.begun.record)
        summary.added += file.begun.is_new
        summary.changed += not file.begun.is_new
        summary.passages += len(made.passages)


def _check_name(path: Path) -> None:
    """Refuse a path that is no UTF-8, which could not be stored."""
    if _shown(path) != str(path):
        raise UnreadableDocument(f"The name '{_shown(path)}' is not in UTF-8; rename it.")


def _shown(path: Path) -> str:
    """Return a path with what is no UTF-8 in it as numbers."""
    return str(path).encode(errors="backslashreplace").decode()


def _reason(path: Path, error: DocumentError) -> str:
    """Return what is wrong with a file, by its path: many an error knows the document's id alone."""
    shown = _shown(path)
    return str(error) if shown in str(error) else f"'{shown}': {error}"


def _check_unclaimed(doc_id: str, path: Path, stored: FileRecord | None, taken: dict[str, Path]) -> None:
    """Refuse a second file for one id, whether the first came now or earlier and still stands."""
    earlier = taken.setdefault(doc_id, path)
    if earlier == path and stored is not None and _is_another(Path(stored.path), path):
        earlier = Path(stored.path)
    if earlier != path:
        raise DuplicateDocumentId(f"'{path}' and '{earlier}' both give the document id {doc_id!r}; rename one of them.")


def _is_another(stored: Path, path: Path) -> bool:
    """Tell whether a path that was recorded still leads to a file, and to another one."""
    return stored != path and stored.exists() and os.path.realpath(stored) != os.path.realpath(path)


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


def _prune(corpus: Corpus) -> int:
    with corpus.store.read() as reading:
        gone = [doc_id for doc_id, path in reading.files() if not Path(path).exists()]
    # Whoever else writes may have deleted some meanwhile.
    return sum(corpus.delete_all(gone))
