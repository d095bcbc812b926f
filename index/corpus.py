"""The corpus: documents that go in whole and passages that can be found, over one store and its derived vectors."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from index import vectors
from index.document import Document, Passage, Span
from index.embedder import Embedder, OnnxEmbedder, find_model
from index.errors import DataMismatch, DataMissing, DocumentNotFound, ModelNotPrepared
from index.furniture import without_inline
from index.passages import SPLITTER, Splitter
from index.reading import document_blocks
from index.records import EmbeddedPassage, FileRecord, Identity
from index.store import Reading, Store
from index.vectors import VectorSnapshot
from index.words import Words, WordSnapshot

# With a passage of at most 200 tokens this stays inside the 256 that the smallest usual models read.
CONTEXT_TOKENS = 48


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

    Any number of threads may read while others put and delete. Raises DataMissing where there is no data and `create`
    is false, DataMismatch where the data was made with another model or another splitter.
    """

    def __init__(self, folder: Path, embedder: Embedder, *, create: bool = False) -> None:
        self._folder = folder
        self.embedder = embedder
        ours = Identity(embedder.name, embedder.fingerprint, embedder.dimension, SPLITTER)
        self.store = Store(folder, create=ours if create else None)
        _check_identity(folder, self.store.identity, ours)
        self._splitter = Splitter(embedder.tokenizer_json)
        self._advancing = threading.Lock()
        with self.store.read() as reading:
            loaded = vectors.load(folder, self.store.database_id, embedder.dimension, reading.seq)
            self._saved_seq = loaded.seq if loaded else -1
            self._vectors = loaded or vectors.empty_snapshot(embedder.dimension)
            self._vectors_at(reading)
            self._words = Words(folder, self.store.database_id, self.store.seq)
            self._words.at(reading)
        if loaded is None:
            self.save()

    @contextmanager
    def read(self) -> Iterator[View]:
        """Give a view of one instant; what is put or deleted meanwhile does not show in it."""
        while True:
            with self.store.read() as reading:
                view = View(reading, self._vectors_at(reading), self._words.at(reading))
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
        """Return a document's passages with their vectors.

        What is embedded of a passage is the document's title, the headings above it and its text without inline
        furniture; a sentence is embedded alone.
        """
        title = document.metadata.title
        passages = self._splitter.split(document.text, document_blocks(document), title)
        sentences = [sentence for passage in passages for sentence in passage.sentences]
        texts = [self._in_context(document.text, passage, title) for passage in passages]
        texts += [without_inline(document.text, sentence) for sentence in sentences]
        rows = self.embedder.embed_texts(texts)
        embedded, at = [], len(passages)
        for row, passage in enumerate(passages):
            end = at + len(passage.sentences)
            embedded.append(EmbeddedPassage(passage, rows[row], rows[at:end]))
            at = end
        return embedded

    def save(self) -> None:
        """Bring the derived files up to date. Where the folder cannot be written they stay behind, at no loss."""
        self._publish()
        snapshot = self._vectors
        if snapshot.seq != self._saved_seq:
            with suppress(OSError):
                vectors.save(self._folder, snapshot, self.store.database_id)
                self._saved_seq = snapshot.seq

    def close(self) -> None:
        """Bring the derived file up to date and close the database."""
        self.save()
        self.store.close()

    def _in_context(self, text: str, passage: Passage, title: str | None) -> str:
        context = " › ".join(filter(None, (title, passage.heading)))
        body = without_inline(text, passage.span)
        return f"{self._splitter.first_tokens(context, CONTEXT_TOKENS)}\n{body}" if context else body

    def _vectors_at(self, reading: Reading) -> VectorSnapshot:
        """Return a snapshot at least as new as `reading`, made by replaying what is missing."""
        if self._vectors.seq < reading.seq:
            with self._advancing:
                if self._vectors.seq < reading.seq:
                    self._vectors = self._vectors.after(reading.changes(self._vectors.seq))
        return self._vectors

    def _publish(self) -> None:
        """Bring what is derived up to date now, so that the next reader does not have to."""
        with self.store.read() as reading:
            self._vectors_at(reading)
            self._words.at(reading)


def open_corpus(folder: Path, model: str, models_dir: Path, threads: int = 0, *, create: bool = False) -> Corpus:
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
                f"set RAG_MODEL={identity.model}, or index into another --data folder."
            )
        fingerprint = identity.fingerprint
    try:
        found = find_model(models_dir, model, fingerprint)
    except ModelNotPrepared:
        other = find_model(models_dir, model)
        raise DataMismatch(
            f"The data in '{folder}' was made with model {model!r} of fingerprint {fingerprint}, '{models_dir}' holds "
            f"{other.name}; bring back that model, or index into another --data folder."
        ) from None
    return Corpus(folder, OnnxEmbedder(found, threads), create=create)


def not_found(doc_id: str) -> DocumentNotFound:
    """Return the error for an id that no document has."""
    return DocumentNotFound(f"There is no document {doc_id[:200]!r}; GET /v1/documents lists those there are.")


def _check_identity(folder: Path, stored: Identity, ours: Identity) -> None:
    for what in Identity.__slots__:
        has, asked = getattr(stored, what), getattr(ours, what)
        if has != asked:
            raise DataMismatch(
                f"The data in '{folder}' was made with {what} {has!r}, not {asked!r}; "
                "use the model and the version that made it, or index into another --data folder."
            )
