"""The corpus: documents that go in whole and passages that can be found, over one store and its derived vectors."""

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from threadpoolctl import threadpool_limits

from index import vectors
from index.document import Document, Passage, Span
from index.embedder import Embedder, OnnxEmbedder, find_model
from index.errors import DataMismatch, DataMissing, DocumentNotFound, ModelNotPrepared
from index.furniture import without_inline_at
from index.passages import STANDARD, Splitter, Splitting
from index.reading import document_blocks
from index.records import EmbeddedPassage, FileRecord, Identity
from index.store import Reading, Store
from index.vectors import VectorSnapshot
from index.words import Words, WordSnapshot


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
        self._splitter = Splitter(embedder.tokenizer_json, splitting)
        ours = Identity(
            embedder.name, embedder.fingerprint, embedder.dimension, embedder.token_dimension, splitting.name
        )
        self.store = Store(folder, create=ours if create else None)
        _check_identity(folder, self.store.identity, ours)
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
        furniture.
        """
        title = document.metadata.title
        passages = self._splitter.split(document.text, document_blocks(document), title)
        read = [self._in_context(document.text, passage, title) for passage in passages]
        embeddings = self.embedder.embed_texts([text for text, _ in read])
        return [
            EmbeddedPassage(passage, made.vector, made.tokens, _sentence_tokens(passage, made.spans, offsets))
            for passage, made, (_, offsets) in zip(passages, embeddings, read, strict=True)
        ]

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

    def _in_context(self, text: str, passage: Passage, title: str | None) -> tuple[str, list[int]]:
        """Return what is embedded of a passage, and where each character stands in `text` (−1: title or headings)."""
        context = " › ".join(filter(None, (title, passage.heading)))
        body, offsets = without_inline_at(text, passage.span)
        limit = self._splitter.splitting.context_tokens
        if not context or not limit:
            return body, offsets
        lead = f"{self._splitter.first_tokens(context, limit)}\n"
        return lead + body, [-1] * len(lead) + offsets

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


def _sentence_tokens(passage: Passage, tokens: Sequence[Span], offsets: Sequence[int]) -> tuple[Span, ...]:
    """Return for each sentence of a passage the positions of its tokens; none where it was not read so far."""
    starts = [offsets[token.start] for token in tokens]
    return tuple(
        Span(bisect_left(starts, sentence.start), bisect_left(starts, sentence.end)) for sentence in passage.sentences
    )


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
    return Corpus(folder, OnnxEmbedder(found, threads), create=create, splitting=splitting)


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
