"""Workers: who reads, splits and embeds files while others are stored, in threads of this process or in processes.

Either kind makes the same of a file: each text is embedded alone, so it does not matter who embeds it or beside what.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from index.document import Document
from index.errors import ModelUnusable, UnreadableDocument
from index.limits import Limits
from index.passage_embedding import PassageEmbedder
from index.reading import read_bytes
from index.records import EmbeddedPassage


@dataclass(frozen=True, slots=True)
class Work:
    """A file's name and bytes, within which limits it is read, and the document that is stored under its id."""

    name: str
    raw: bytes
    limits: Limits
    stored: Document | None


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """The document in a file and its passages; None where it is the stored one, of which nothing was embedded."""

    document: Document
    passages: Sequence[EmbeddedPassage] | None


class Workers(Protocol):
    """Any number of files may be begun; leaving stops what has not been waited for."""

    def begin(self, work: Work) -> Callable[[], Made]:
        """Have the work done; return what waits for it and gives what was made, or raises its DocumentError."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""


class WorkerThreads:
    """Threads that read and split, over the embedder's own, which embed the texts of all files that are under way."""

    def __init__(self, embedding: PassageEmbedder) -> None:
        self._embedding = embedding
        self._stopped = threading.Event()
        # One reads and one waits for its turn while there is a text of another file for each core.
        self._pool = ThreadPoolExecutor((os.cpu_count() or 1) + 2, thread_name_prefix="read")

    def begin(self, work: Work) -> Callable[[], Made]:
        """Have a thread do the work."""
        return self._pool.submit(_made, self._embedding, work, self._stopped.is_set).result

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop before the next passages are embedded."""
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)


class WorkerProcesses:
    """Processes with a model each, which do the whole work on one file at a time.

    Where one dies, all that was under way in the others is lost with it, and is done again in a process of its own,
    file by file. What ends that process too fails alone.
    """

    def __init__(self, embedding: PassageEmbedder, processes: int) -> None:
        self._embedding = embedding
        self._processes = processes
        self._others = set(multiprocessing.active_children())
        self._pool = self._started(processes)
        self._alone: ProcessPoolExecutor | None = None

    def begin(self, work: Work) -> Callable[[], Made]:
        """Have a process do the work."""
        try:
            future = self._pool.submit(_made_here, work)
        except BrokenProcessPool:
            self._pool = self._started(self._processes)
            future = self._pool.submit(_made_here, work)
        return partial(self._result, work, future)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop; where something went wrong, in the middle of what is being worked on."""
        if kind is not None:
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
        self._pool.shutdown(cancel_futures=True)
        if self._alone is not None:
            self._alone.shutdown(cancel_futures=True)

    def _result(self, work: Work, future: Future[Made]) -> Made:
        try:
            return future.result()
        except BrokenProcessPool:
            return self._done_alone(work)

    def _done_alone(self, work: Work) -> Made:
        if self._alone is None:
            self._alone = self._started(1)
        try:
            return self._alone.submit(_made_here, work).result()
        except BrokenProcessPool:
            self._alone = None
            self._check_can_begin()
            raise UnreadableDocument(
                f"{work.name!r} ended the process that worked on it, twice; give it more memory, or leave the file out."
            ) from None

    def _check_can_begin(self) -> None:
        """Raise ModelUnusable where a process ends before it has been given any work."""
        with self._started(1) as pool:
            try:
                pool.submit(_never).result()
            except BrokenProcessPool:
                raise ModelUnusable(
                    f"No process can begin with the model {self._embedding.identity.model!r}; "
                    "run `rag prepare`, or index without --processes."
                ) from None

    def _started(self, processes: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), initializer=_begin_here, initargs=(self._embedding,)
        )


def _never() -> bool:
    return False


def _made(embedding: PassageEmbedder, work: Work, is_stopped: Callable[[], bool] = _never) -> Made:
    document = read_bytes(work.name, work.raw, work.limits)
    if document == work.stored:
        return Made(document, None)
    passages: list[EmbeddedPassage] = []
    for passage in embedding.each(document):
        if is_stopped():
            raise CancelledError
        passages.append(passage)
    return Made(document, passages)


# What this process embeds with, where it is one of WorkerProcesses'.
_here: list[PassageEmbedder] = []


def _begin_here(embedding: PassageEmbedder) -> None:
    """Make this process a worker that ends with the one that began it, however that one ends."""
    # Ctrl-C goes to every process at the terminal; the one that began this one says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _here.append(embedding)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _made_here(work: Work) -> Made:
    return _made(_here[0], work)
