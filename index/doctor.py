"""The doctor: checks stored data against itself, and says what is wrong and how to mend it."""

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np

from index import vectors, words
from index.corpus import open_store, stored_identity
from index.database import FORMAT
from index.document import Document
from index.embedded_store import disk_bytes
from index.errors import DataBusy
from index.listing import all_documents
from index.records import TOKEN_SCALE, DocumentSummary, PassageTokens
from index.storage import Milvus, Storage
from index.storage import Reading as StoredReading
from index.store import Reading, Store
from index.vectors import VectorSnapshot
from index.words import WordSnapshot

_REINDEX = "delete the document and index its article again"


def diagnose(folder: Path, milvus: Milvus | None = None) -> Iterator[str]:
    """Yield a sentence for each fault in the data in `folder`, or in a Milvus, none where it is sound.

    Looks at the database's own structure, at each document against its SHA-256, at each passage and its vectors, and
    at what is derived from them. Raises DataMissing, DataMismatch or DataCorrupt where the data cannot be opened at
    all, DataUnreachable where Milvus does not answer.
    """
    if milvus is None:
        yield from _embedded_faults(folder)
    else:
        yield from _milvus_faults(open_store(folder, stored_identity(folder, milvus), milvus))


def _embedded_faults(folder: Path) -> Iterator[str]:
    store = Store(folder)
    # The derived files first: the database is then read at least as new as they are.
    derived = vectors.load(folder, store.database_id, store.identity.dimension), words.load(folder, store.database_id)
    try:
        with store.read() as reading:
            damage = reading.damage()
            for fault in damage:
                yield f"The database is damaged: {fault}; run `rag restore BACKUP --force`, or index the articles anew."
            if not damage:
                yield from _document_faults(reading)
                yield from _vector_faults(folder / vectors.FILE, derived[0], reading)
                yield from _word_faults(folder / words.FOLDER, derived[1], reading)
    finally:
        store.close()


def facts(folder: Path, milvus: Milvus | None = None) -> Iterator[tuple[str, str]]:
    """Yield what the data in `folder`, or in a Milvus, is: names and values for a person to read."""
    if milvus is not None:
        kept = open_store(folder, stored_identity(folder, milvus), milvus)
        yield _version()
        yield "data", f"{milvus.collection} of {milvus.uri}"
        yield from _stored_facts(kept)
        return
    store = Store(folder)
    yield _version()
    yield "data", str(store.path)
    yield "format", str(FORMAT)
    yield from _stored_facts(store)
    yield "on disk", ", ".join(f"{part} {_megabytes(size)}" for part, size in disk_bytes(folder).items())
    yield "free disk", _megabytes(shutil.disk_usage(folder).free)


def _version() -> tuple[str, str]:
    return "version", f"{version('footnote')}, Python {python_version()}"


def _stored_facts(store: Store | Storage) -> Iterator[tuple[str, str]]:
    identity = store.identity
    with store.read() as reading:
        documents, passages = reading.count()
        yield "model", f"{identity.model} ({identity.fingerprint[:16]}, {identity.dimension} dimensions)"
        yield "splitter", identity.splitter
        yield "documents", f"{documents:,}"
        yield "passages", f"{passages:,}"
        yield "change", f"{reading.seq:,} (the last that was committed)"
    store.close()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _milvus_faults(store: Storage) -> Iterator[str]:
    """Yield the faults of each document, and where a search would find what is of none, or not what is of one."""
    stored: set[int] = set()
    with store.view() as view:
        for summary in all_documents(lambda: nullcontext(view.reading)):
            stored.update(view.reading.passage_nos(summary.doc_id))
            try:
                yield from _summary_faults(view.reading, summary)
                yield from _stored_vector_faults(view.reading, summary.doc_id)
            except DataBusy:
                yield f"{summary.doc_id!r} is incomplete, or was changed meanwhile; {_REINDEX}."
        for name, numbers in (("vectors", view.vectors.passage_nos()), ("words", view.words.passage_nos())):
            if set(numbers.tolist()) != stored:
                yield (
                    f"A search by {name} finds {len(numbers)} passages where the documents have {len(stored)}; "
                    "index the articles anew under another RAG_MILVUS_COLLECTION."
                )
    store.close()


def _stored_vector_faults(reading: StoredReading[Any], doc_id: str) -> Iterator[str]:
    for made in reading.embedded_passages(doc_id):
        if not np.isclose(np.linalg.norm(made.vector), 1, atol=0.01):
            span = made.passage.span
            yield f"The vector of passage {span.start}-{span.end} of {doc_id!r} is damaged; {_REINDEX}."


def _document_faults(reading: Reading) -> Iterator[str]:
    for summary in all_documents(lambda: nullcontext(reading)):
        yield from _summary_faults(reading, summary)


def _summary_faults(reading: StoredReading[Any], summary: DocumentSummary) -> Iterator[str]:
    document = reading.document(summary.doc_id)
    if document is None or document.sha256 != summary.sha256:
        yield f"The text of {summary.doc_id!r} does not have its SHA-256 {summary.sha256[:12]}…; {_REINDEX}."
        return
    if not summary.passages:
        yield f"{summary.doc_id!r} has no passage and cannot be found; {_REINDEX}."
    for passage in reading.passage_tokens(reading.passage_nos(summary.doc_id)):
        yield from _passage_faults(document, passage)


def _passage_faults(document: Document, passage: PassageTokens) -> Iterator[str]:
    name = f"Passage {passage.span.start}-{passage.span.end} of {document.doc_id!r}"
    span = passage.span
    if not 0 <= span.start < span.end <= len(document.text):
        yield f"{name} lies outside its text of {len(document.text)} code points; {_REINDEX}."
    if not all(span.start <= sentence.start < sentence.end <= span.end for sentence in passage.sentences):
        yield f"{name} has a sentence outside it; {_REINDEX}."
    lengths = np.linalg.norm(passage.vectors.astype(np.float32), axis=1) / TOKEN_SCALE
    if not np.allclose(lengths, 1, atol=0.1) or any(tokens.end > len(lengths) for tokens in passage.sentence_tokens):
        yield f"{name} has damaged token vectors; {_REINDEX}."


def _named(reading: Reading, passage_no: int) -> str:
    (passage,) = reading.passages([passage_no])
    return f"passage {passage.span.start}-{passage.span.end} of {passage.doc_id!r}"


def _vector_faults(path: Path, snapshot: VectorSnapshot | None, reading: Reading) -> Iterator[str]:
    changes = reading.changes(0)
    lengths = np.linalg.norm(changes.vectors, axis=1)
    for passage_no in changes.passage_nos[~np.isclose(lengths, 1, atol=0.01)]:
        yield f"The vector of {_named(reading, int(passage_no))} is damaged; {_REINDEX}."
    if snapshot is None or snapshot.seq > reading.seq:
        if len(changes.passage_nos):
            yield f"'{path}' is missing or damaged; it is made anew when the data is next opened."
        return
    found = snapshot.after(reading.changes(snapshot.seq)).passage_nos()
    if not np.array_equal(found, changes.passage_nos):
        yield (
            f"'{path}' finds {len(found)} passages where the database has {len(changes.passage_nos)}; "
            "delete it, and it is made anew."
        )


def _word_faults(path: Path, snapshot: WordSnapshot | None, reading: Reading) -> Iterator[str]:
    for passage_no in reading.unsound_words():
        yield f"The words kept beside {_named(reading, passage_no)} are not those of its text; {_REINDEX}."
    stored = reading.changes(0).passage_nos
    if snapshot is None or snapshot.seq > reading.seq:
        if len(stored):
            yield f"'{path}' is missing or damaged; it is made anew when the data is next opened."
        return
    kept = np.setdiff1d(snapshot.passage_nos(), reading.removed_since(snapshot.seq))
    found = np.union1d(kept, reading.changes(snapshot.seq).passage_nos)
    if not np.array_equal(found, stored):
        yield (
            f"'{path}' finds {len(found)} passages where the database has {len(stored)}; "
            "delete it, and it is made anew."
        )
