"""Sources: the numbered sentences that a language model may cite, and its markers of them."""

import re
from dataclasses import dataclass

# Begun where the white space before it begins, so that a long run of it is read once.
MARKER = re.compile(r"(?<!\s)\s*\[\s*\d+(?:\s*[,;–—-]\s*\d+)*\s*\]")
WORD = re.compile(r"[^\W_](?:[\w’'&]|\.(?=\w))*")

# What tells the model what to do, rather than the reader what is so: "output fell" and "the answer to" are facts.
_LEAVE = r"(?:ignore|disregard|forget|override)"
_BEFORE = "previous|prior|preceding|earlier|above|foregoing"
_OVERRIDE = (
    rf"\b{_LEAVE}\s+(?:(?:the|of|these|those|this|my)\s+)*(?:your|all|any|every|system|{_BEFORE})\s+"
    rf"(?:(?:the|of|these|those|this|my|your|other|system|{_BEFORE})\s+)*"
    r"(?:instructions?|prompts?|rules|guidelines|programming|training)\b"
)
_COMMAND = re.compile(
    rf"{_OVERRIDE}|^\W{{0,9}}(?:please\W{{1,3}})?(?:"
    rf"{_LEAVE}\b(?!\s+(?:for|of)\b)[^.]{{0,40}}\b(?:instructions?|prompts?|{_BEFORE})\b|"
    r"(?:say|reply|respond|repeat)(?:\s*:|\s+[\"“'‘])|"
    r"(?:answer|write|print|output)\s+[\"“'‘][^\"”'’]{0,99}[\"”'’]\W{0,3}$|"
    r"say that\b|(?-i:[Ss]ay\s+[A-Z]{4,})|"
    r"(?:reply|respond|answer)\s+with\b|(?:reply|respond)\s+only\b|repeat\s+after\b|"
    r"(?:answer|write|print|output|say)\s+only\s*(?::|[\"“'‘]|(?:the|this|that|these|your|yes|no|json)\b|(?-i:[A-Z]))"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
_COMMANDING_TITLE = re.compile(rf"(?:^|[.:;!–—-])\W{{0,3}}(?:please\W{{1,3}})?{_OVERRIDE}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence that the model may cite by its number, from 1: as quoted, with its document's title and date."""

    number: int
    text: str
    title: str | None = None
    published_at: str | None = None


def markers_of(text: str) -> tuple[int, ...]:
    """Return the numbers of the markers in a text, ascending; one too long for a source counts as 0."""
    found: set[int] = set()
    for marker in MARKER.findall(text):
        for ends in re.findall(r"(\d+)(?:\s*[–—-]\s*(\d+))?", marker):
            low, high = sorted(int(end) if len(end) < 5 else 0 for end in (ends[0], ends[1] or ends[0]))
            found.update(range(low, high + 1))
    return tuple(sorted(found))


def unmarked(text: str) -> str:
    """Return a text without its markers."""
    return MARKER.sub("", text)


def commands(source: Source) -> bool:
    """Tell whether a source says what is to be done rather than what is so; such a one cannot be cited."""
    return bool(_COMMAND.search(source.text) or _COMMANDING_TITLE.search(source.title or ""))
