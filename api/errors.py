"""How errors leave: each with its HTTP status and its exit status."""

import re
from collections.abc import Sequence

from api import logs
from index import errors
from index.errors import FootnoteError
from rag.errors import BelowBaseline, InvalidBeir, InvalidGold, InvalidQuery, InvalidSetting


class CannotListen(FootnoteError):
    """The port is in use, or the address is not this machine's."""


class InternalError(FootnoteError):
    """The service itself is wrong."""


class NotReady(FootnoteError):
    """The service has not answered a first question yet, or is stopping."""


class ModelNotFound(FootnoteError):
    """A chat completion is asked of a model that there is not."""


class TooManyQuestions(FootnoteError):
    """More answers wait for a language model than may at once."""


class Overloaded(FootnoteError):
    """More requests wait than may, or one has waited too long."""


class TooManyFiles(FootnoteError):
    """One upload holds more files than it may."""


class NoFileTaken(FootnoteError):
    """None of an upload's files can be taken; it leaves as the first one's error, with those of all in `details`."""

    def __init__(
        self, message: str, first: type[FootnoteError] = errors.DocumentError, details: Sequence[dict[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.first = first
        self.details = list(details)


class KeyNeeded(FootnoteError):
    """A key is needed, and none or a wrong one was presented."""


class Forbidden(FootnoteError):
    """The key does not open this, or the web page that asks may not."""


class TooManyRequests(FootnoteError):
    """One caller sends more requests, or more wrong keys, than one may."""

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


# How long a client is told to wait: for what passes by itself, and for what somebody has to mend first.
RETRY_AFTER_S = 5
MENDED_AFTER_S = 60

_PASSING = (errors.DataBusy, NotReady, Overloaded, TooManyQuestions)

# The HTTP status and the exit status of each error; one that is not here has those of the class it derives from.
STATUSES: dict[type[FootnoteError], tuple[int, int]] = {
    errors.DocumentError: (422, 1),
    errors.UnsupportedFormat: (415, 1),
    errors.DocumentTooLarge: (413, 1),
    errors.DuplicateDocumentId: (409, 1),
    errors.DocumentNotFound: (404, 1),
    errors.InvalidSpan: (422, 1),
    errors.InvalidCursor: (422, 1),
    errors.NothingToIndex: (422, 1),
    errors.DataError: (503, 1),
    errors.ModelError: (503, 1),
    CannotListen: (503, 1),
    InternalError: (500, 1),
    NotReady: (503, 1),
    ModelNotFound: (404, 1),
    TooManyQuestions: (429, 1),
    Overloaded: (503, 1),
    TooManyFiles: (413, 1),
    KeyNeeded: (401, 1),
    Forbidden: (403, 1),
    TooManyRequests: (429, 1),
    InvalidQuery: (422, 2),
    InvalidGold: (422, 1),
    InvalidBeir: (422, 1),
    BelowBaseline: (422, 1),
    InvalidSetting: (503, 2),
}


def internal_error() -> InternalError:
    """Return what is said of an error that is nobody's but ours: where the log has it, and nothing of what it is."""
    notes = logs.NOTES.get()
    identity = notes.request_id if notes else "none"
    return InternalError(f"Something is wrong in the service; its log has it under the request id {identity}.")


def http_status(error: FootnoteError) -> int:
    """Return the HTTP status of an error."""
    return _statuses(error)[0]


def exit_status(error: FootnoteError) -> int:
    """Return the exit status of an error: 2 for wrong usage, 1 for any other failure."""
    return _statuses(error)[1]


def code(error: FootnoteError) -> str:
    """Return the error's name in snake_case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", _kind(error).__name__).lower()


def details(error: FootnoteError) -> list[dict[str, str]] | None:
    """Return what is wrong in each part of a request, None where one sentence says all."""
    return error.details if isinstance(error, NoFileTaken) else None


def headers(error: FootnoteError) -> dict[str, str]:
    """Return the HTTP headers that say what the client is to do next."""
    status = http_status(error)
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="Footnote"'}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after_s)}
    if status in {429, 503}:
        return {"Retry-After": str(RETRY_AFTER_S if isinstance(error, _PASSING) else MENDED_AFTER_S)}
    return {}


def _statuses(error: FootnoteError) -> tuple[int, int]:
    return next(STATUSES[kind] for kind in _kind(error).__mro__ if kind in STATUSES)


def _kind(error: FootnoteError) -> type[FootnoteError]:
    return error.first if isinstance(error, NoFileTaken) else type(error)
