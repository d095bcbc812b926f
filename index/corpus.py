"""The corpus: documents that go in whole and passages that can be found, over one store and its derived vectors."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from threadpoolctl import threadpool_limits

from index.derived import Derived, Reached
from index.document import Document, Span
from index.embedder import Embedder, OnnxEmbedder, find_model
from index.errors import DataMismatch, DataMissing, DocumentNotFound, ModelNotPrepared
from index.passage_embedding import PassageEmbedder
from index.passages import STANDARD, Splitting
from index.records import EmbeddedPassage, FileRecord, Identity
from index.store import Reading, Store
from index.vectors import VectorSnapshot
from index.words import WordSnapshot


class Outcome(StrEnum):
    """What putting a document did."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One instant of the corpus: the store's contents, and the vectors and the words that belong to them."""

    reading: Reading
    vectors: VectorSnapshot
    words: WordSnapshot


class Corpus:
    """The documents in a data folder, opened with the model that made its vectors.

    Opening one holds this process's numpy and FAISS to one thread each: a question's own sums are too small to share,
    and threads that wait for each other on few cores make a search longer. Questions at once use all cores.

    Any number of threads may read while others put and delete. Raises DataMissing where there is no data and `create`
    is false, DataMismatch where the data was made with another model or another splitter.
    """

    def __init__(
        self, folder: Path, embedder: Embedder, *, create: bool = False, splitting: Splitting = STANDARD
    ) -> None:
        threadpool_limits(limits=1)
        self._folder = folder
        self.embedder = embedder
        self._passage_embedder = PassageEmbedder(embedder, splitting)
        ours = self._passage_embedder.identity
        self.store = Store(folder, create=ours if create else None)
        _check_identity(folder, self.store.identity, ours)
        self._replacing = threading.Lock()
        with self.store.read() as reading:
            self._derived = self._derived_from(reading)
        if self._derived.is_new:
            self.save()
        else:
            self._publish()

    @contextmanager
    def read(self) -> Iterator[View]:
        """Give a view of one instant; what is put or deleted meanwhile does not show in it."""
        while True:
            with self.store.read() as reading:
                derived = self._derived_for(reading)
                if derived is None:
                    continue
                view = View(reading, derived.vectors_at(reading), derived.words_at(reading))
                # Another reader may have gone on to a newer state since this one looked; then this one looks again.
                if view.vectors.seq == view.words.seq == reading.seq:
                    yield view
                    return

    def put(self, document: Document, file: FileRecord | None = None, *, publish: bool = True) -> Outcome:
        """Add a document, or replace the one of its id; once this returns it is on disk and the next search sees it.

        Nothing is embedded where nothing has changed. Without `publish` the derived indexes are brought up to date by
        the next search, for all that was put until then at once. Raises EmptyDocument where there is nothing to cite.
        """
        with self.store.read() as reading:
            stored = reading.document(document.doc_id)
            stored_file = reading.file(document.doc_id)
        if stored == document:
            if file is not None and file != stored_file:
                self.store.put_file(document.doc_id, file)
            return Outcome.UNCHANGED
        self.store.put(document, self.embedded(document), file)
        if publish:
            self._publish()
        return Outcome.CHANGED if stored else Outcome.ADDED

    def delete(self, doc_id: str) -> None:
        """Remove a document; raise DocumentNotFound where there is none of this id."""
        if not self.store.delete(doc_id):
            raise not_found(doc_id)
        self._publish()

    def document(self, doc_id: str) -> Document:
        """Return a document; raise DocumentNotFound where there is none of this id."""
        with self.store.read() as reading:
            document = reading.document(doc_id)
        if document is None:
            raise not_found(doc_id)
        return document

    def document_with_passages(self, doc_id: str) -> tuple[Document, list[Span]]:
        """Return a document and the spans of its passages, both of one instant; raise DocumentNotFound likewise."""
        with self.store.read() as reading:
            document = reading.document(doc_id)
            if document is None:
                raise not_found(doc_id)
            return document, reading.passage_spans(doc_id)

    def passage_spans(self, doc_id: str) -> list[Span]:
        """Return the spans of a document's passages, in order."""
        with self.store.read() as reading:
            return reading.passage_spans(doc_id)

    def embedded(self, document: Document) -> list[EmbeddedPassage]:
        """Return a document's passages with their vectors."""
        return self._passage_embedder.embedded(document)

    def reached(self) -> Reached:
        """Return how far this process's searches have come, without bringing them further."""
        return self._derived.reached()

    def save(self) -> None:
        """Bring the derived files up to date. Where the folder cannot be written they stay behind, at no loss."""
        self._publish()
        self._derived.save()

    def close(self) -> None:
        """Bring the derived file up to date and close the database."""
        self.save()
        self.store.close()

    def _derived_for(self, reading: Reading) -> Derived | None:
        """Return what is derived from the database that is read, opened anew where another was put in its place.

        None where the reading began before that and the database is no longer there.
        """
        if self._derived.database_id != reading.database_id:
            with self._replacing:
                newest = self.store.state().database_id
                if self._derived.database_id != newest == reading.database_id:
                    self._derived = self._derived_from(reading)
        derived = self._derived
        return derived if derived.database_id == reading.database_id else None

    def _derived_from(self, reading: Reading) -> Derived:
        return Derived(self._folder, reading, self.embedder.dimension, self.store.seq)

    def _publish(self) -> None:
        """Bring what is derived up to date now, so that the next reader does not have to."""
        with self.read():
            pass


def open_corpus(
    folder: Path,
    model: str,
    models_dir: Path,
    threads: int = 0,
    *,
    create: bool = False,
    splitting: Splitting = STANDARD,
) -> Corpus:
    """Open the data in `folder` with the prepared model that it names, or begin new data with `model`.

    Raises DataMismatch where the data names another model than `model`, ModelNotPrepared where none is prepared.
    """
    fingerprint = None
    try:
        store = Store(folder)
    except DataMissing:
        if not create:
            raise
    else:
        identity = store.identity
        store.close()
        if identity.model != model:
            raise DataMismatch(
                f"The data in '{folder}' was made with model {identity.model!r}, RAG_MODEL asks for {model!r}; "
                f"set RAG_MODEL={identity.model}, or run `rag upgrade` to embed its articles anew."
            )
        fingerprint = identity.fingerprint
    try:
        found = find_model(models_dir, model, fingerprint)
    except ModelNotPrepared:
        other = find_model(models_dir, model)
        raise DataMismatch(
            f"The data in '{folder}' was made with model {model!r} of fingerprint {fingerprint}, '{models_dir}' holds "
            f"{other.name}; bring back that model, or run `rag upgrade` to embed its articles anew."
        ) from None
    return Corpus(folder, OnnxEmbedder(found, threads), create=create, splitting=splitting)


def not_found(doc_id: str) -> DocumentNotFound:
    """Return the error for an id that no document has."""
    return DocumentNotFound(f"There is no document {doc_id[:200]!r}; look in the list of documents.")


def _check_identity(folder: Path, stored: Identity, ours: Identity) -> None:
    for what in Identity.__slots__:
        has, asked = getattr(stored, what), getattr(ours, what)
        if has != asked:
            raise DataMismatch(
                f"The data in '{folder}' was made with {what} {has!r}, not {asked!r}; "
                "use the model and the version that made it, or run `rag upgrade` to embed its articles anew."
            )
