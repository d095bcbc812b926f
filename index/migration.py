"""Migration: all documents of one store into another, with the vectors that they have."""

from collections.abc import Callable
from dataclasses import dataclass

from index.document import Document
from index.listing import all_documents
from index.storage import Storage


@dataclass(frozen=True, slots=True)
class Migrated:
    """How many documents were copied, with how many passages, and how many were there already."""

    copied: int
    unchanged: int
    passages: int


def count(store: Storage) -> int:
    """Return the number of documents in a store."""
    with store.read() as reading:
        documents, _ = reading.count()
    return documents


def migrate(source: Storage, target: Storage, on_document: Callable[[], None] = lambda: None) -> Migrated:
    """Copy every document that the target does not have as it is, in the order of the ids; nothing is embedded.

    Both are of one identity. What was interrupted goes on where it stopped. Documents that only the target has stay.
    """
    copied = unchanged = passages = 0
    for line in all_documents(source.read):
        made = _copy(source, target, line.doc_id)
        copied, unchanged, passages = copied + (made > 0), unchanged + (made == 0), passages + made
        on_document()
    return Migrated(copied, unchanged, passages)


def _copy(source: Storage, target: Storage, doc_id: str) -> int:
    """Return how many passages had to be copied of a document."""
    with source.read() as reading:
        document, file, passages = reading.document(doc_id), reading.file(doc_id), reading.embedded_passages(doc_id)
    # Between the page and now it may have been deleted.
    if document is None or _has(target, document):
        return 0
    target.put(document, passages, file)
    return len(passages)


def _has(target: Storage, document: Document) -> bool:
    with target.read() as reading:
        return reading.document(document.doc_id) == document
