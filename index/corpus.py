"""The corpus: documents that go in whole and passages that can be found, over one store and its derived vectors."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from index.derived import Reached
from index.document import Document, Span
from index.embedded_store import EmbeddedStore
from index.embedder import Embedder, OnnxEmbedder, find_model
from index.errors import DataMismatch, DataMissing, DocumentNotFound, ModelNotPrepared
from index.passage_embedding import PassageEmbedder
from index.passages import STANDARD, Splitting
from index.records import EmbeddedPassage, FileRecord, Identity
from index.storage import INDEX_ELSEWHERE, UPGRADE, Milvus, Storage, StoreView
from index.store import Store

# So many deletions are made searchable together: those who ask meanwhile read the instant before them, and may do so
# only for half a second.
_DELETED_AT_ONCE = 100
# Who asks does not look at how a store names the documents that pass filters.
View = StoreView[Any]


class Outcome(StrEnum):
    """What putting a document did."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Corpus:
    """The documents in a store, opened with the model that made their vectors.

    They are in the data folder, or in a Milvus where one is given. Opening one holds this process's numpy and FAISS to
    one thread each: a question's own sums are too small to share, and threads that wait for each other on few cores
    make a search longer. Questions at once use all cores.

    Any number of threads may read while others put and delete. Raises DataMissing where there is no data and `create`
    is false, DataMismatch where the data was made with another model or another splitter.
    """

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        *,
        create: bool = False,
        splitting: Splitting = STANDARD,
        milvus: Milvus | None = None,
    ) -> None:
        threadpool_limits(limits=1)
        self.embedder = embedder
        self.passage_embedder = PassageEmbedder(embedder, splitting)
        self.store = open_store(folder, self.passage_embedder.identity, milvus, create=create)

    def read(self) -> AbstractContextManager[View]:
        """Give a view of one instant; what is put or deleted meanwhile does not show in it."""
        return self.store.view()

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
                self.store.put_file(document, file)
            return Outcome.UNCHANGED
        passages = self.embedded(document)
        with self.store.published() if publish else nullcontext():
            self.store.put(document, passages, file)
        return Outcome.CHANGED if stored else Outcome.ADDED

    def delete(self, doc_id: str) -> None:
        """Remove a document; raise DocumentNotFound where there is none of this id."""
        with self.store.published():
            if not self.store.delete(doc_id):
                raise not_found(doc_id)

    def delete_all(self, doc_ids: Sequence[str]) -> list[bool]:
        """Remove documents, sooner than one by one; tell of each id whether there was one of it."""
        were_there: list[bool] = []
        for at in range(0, len(doc_ids), _DELETED_AT_ONCE):
            with self.store.published():
                were_there += map(self.store.delete, doc_ids[at : at + _DELETED_AT_ONCE])
        return were_there

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
        return self.passage_embedder.embedded(document)

    def reached(self) -> Reached:
        """Return how far this process's searches have come, without bringing them further."""
        return self.store.reached()

    def save(self) -> None:
        """Bring up to date what is derived. Where it cannot be written it stays behind, at no loss."""
        self.store.save()

    def close(self) -> None:
        """Bring up to date what is soon brought up to date of what is derived, and close the store."""
        self.store.close()


def open_store(folder: Path, ours: Identity, milvus: Milvus | None, *, create: bool = False) -> Storage:
    """Open the store of a data folder, or the one in a Milvus; raise DataMismatch where it is of another identity."""
    if milvus is None:
        return EmbeddedStore(folder, ours, create=create)
    # Only here, so that nobody else needs pymilvus or waits for it to be loaded.
    from index.milvus_store import MilvusStore

    return MilvusStore(milvus, ours, create=create)


def open_corpus(
    folder: Path,
    model: str,
    models_dir: Path,
    threads: int = 0,
    *,
    create: bool = False,
    splitting: Splitting = STANDARD,
    milvus: Milvus | None = None,
) -> Corpus:
    """Open the data in `folder`, or in a Milvus, with the prepared model that it names, or begin new data with `model`.

    Raises DataMismatch where the data names another model than `model`, ModelNotPrepared where none is prepared.
    """
    fingerprint = None
    where, remedy = (f"'{folder}'", UPGRADE) if milvus is None else (milvus.where, INDEX_ELSEWHERE)
    try:
        identity = stored_identity(folder, milvus)
    except DataMissing:
        if not create:
            raise
    else:
        if identity.model != model:
            raise DataMismatch(
                f"The data in {where} was made with model {identity.model!r}, RAG_MODEL asks for {model!r}; "
                f"set RAG_MODEL={identity.model}, or {remedy}."
            )
        fingerprint = identity.fingerprint
    try:
        found = find_model(models_dir, model, fingerprint)
    except ModelNotPrepared:
        other = find_model(models_dir, model)
        raise DataMismatch(
            f"The data in {where} was made with model {model!r} of fingerprint {fingerprint}, '{models_dir}' holds "
            f"{other.name}; bring back that model, or {remedy}."
        ) from None
    return Corpus(folder, OnnxEmbedder(found, threads), create=create, splitting=splitting, milvus=milvus)


def stored_identity(folder: Path, milvus: Milvus | None) -> Identity:
    """Return what the vectors in a store were made with; raise DataMissing where there is no data."""
    if milvus is not None:
        from index.milvus_store import identity_of

        return identity_of(milvus)
    store = Store(folder)
    store.close()
    return store.identity


def not_found(doc_id: str) -> DocumentNotFound:
    """Return the error for an id that no document has."""
    return DocumentNotFound(f"There is no document {doc_id[:200]!r}; look in the list of documents.")
