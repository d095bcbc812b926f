"""Listing documents: a page at a time, or all of them."""

import base64
import binascii
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from index.errors import InvalidCursor
from index.records import DocumentSummary

if TYPE_CHECKING:
    # The shell completes ids without what else a corpus loads.
    from index.corpus import Corpus
    from index.storage import Reading

_READ_AT_ONCE = 200


def all_documents(
    read: "Callable[[], AbstractContextManager[Reading[Any]]]", after: str = ""
) -> Iterator[DocumentSummary]:
    """Yield every document whose id comes after `after`, in the order of the ids.

    `read` gives the reading of each page: a store's own gives one of the latest instant, and none is held open while
    the caller works on a page.
    """
    while True:
        with read() as reading:
            page = reading.documents(_READ_AT_ONCE, after)
        if not page:
            return
        yield from page
        after = page[-1].doc_id


def list_documents(corpus: "Corpus", limit: int, cursor: str | None = None) -> tuple[list[DocumentSummary], str | None]:
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
