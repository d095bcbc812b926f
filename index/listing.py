"""Listing documents a page at a time."""

import base64
import binascii

from index.corpus import Corpus
from index.errors import InvalidCursor
from index.records import DocumentSummary


def list_documents(corpus: Corpus, limit: int, cursor: str | None = None) -> tuple[list[DocumentSummary], str | None]:
    """Return at most `limit` documents in the order of their ids, and the cursor of the next page, None on the last.

    What is added or deleted between two pages shows up or not; nothing else is missed or comes twice. Raises
    InvalidCursor for a cursor that no page has given.
    """
    with corpus.read() as view:
        page = view.reading.documents(limit + 1, "" if cursor is None else _last_id(cursor))
    if len(page) <= limit:
        return page, None
    return page[:limit], base64.urlsafe_b64encode(page[limit - 1].doc_id.encode()).decode()


def _last_id(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor(
            f"{cursor[:80]!r} is not a cursor; pass on the next_cursor of the page before, or none for the first."
        ) from error
