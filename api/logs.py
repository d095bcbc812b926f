"""The log: a line for each thing that happened, for people or in JSON, on standard error.

What clients send may stand in a line and can never begin one: control characters and line breaks are escaped.
"""

import json
import logging
import re
import sys
import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import indent
from typing import Any


@dataclass(slots=True)
class RequestNotes:
    """What the log and the metrics say of a request beside how it was answered."""

    request_id: str
    error_code: str | None = None
    key_name: str | None = None


# Of the request that is being answered; threads that work for it have the same ones.
NOTES: ContextVar[RequestNotes | None] = ContextVar("request_notes", default=None)

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,128}")


def request_id(sent: str | None) -> str:
    """Return the id that a client sent with its request, or a new one where it sent none that can be used."""
    return sent if sent is not None and _WELL_FORMED.fullmatch(sent) else uuid.uuid4().hex


def note_error(code: str) -> None:
    """Note the code of the error that the request at hand is answered with."""
    if notes := NOTES.get():
        notes.error_code = code


def note_key(name: str) -> None:
    """Note by its name the key that the request at hand came with."""
    if notes := NOTES.get():
        notes.key_name = name


def begin(log_format: str, level: str | None) -> None:
    """Write the log to standard error from now on: `plain` or `json`, of this level or the format's own.

    The level is that of this service and of uvicorn. What they stand on stays at warnings, because some of it writes
    whole questions when it is told to say more.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else PlainLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(log_format == "json")
    chosen = (level or ("info" if log_format == "json" else "warning")).upper()
    for name in ("footnote", "uvicorn"):
        logging.getLogger(name).setLevel(chosen)


class JsonLines(logging.Formatter):
    """Each record as one JSON object in one line of ASCII, its traceback inside."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage().strip(),
        }
        if notes := NOTES.get():
            line["request_id"] = notes.request_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        # ASCII, because some readers take U+2028 or U+0085 for the end of a line.
        return json.dumps(line, default=str)


class PlainLines(logging.Formatter):
    """Each record as a line for people; its traceback follows, set in."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = [f"{name}={value}" for name, value in getattr(record, "fields", {}).items()]
        if notes := NOTES.get():
            fields.append(f"request_id={notes.request_id}")
        said = " ".join([f"{record.levelname} {record.name}: {record.getMessage().strip()}", *fields])
        trace = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join([_printable(said), *(indent(_printable(line), "    ") for line in trace)])


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
