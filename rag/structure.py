"""Structure: what a sentence of a passage stands under: the line above its list, the header of its table, a heading."""

import re
from collections.abc import Callable, Iterator

from index.document import Span
from index.records import StoredPassage

# So few words say little by themselves.
SAYS_LITTLE = 8
_MARK = r"(?:[-*•–◦▪+]|\d{1,3}[.)])[ \t]+"
_BULLET = re.compile(rf"(?:^|\n)[ \t]*{_MARK}$")
# What stands between sentences of which the second goes on in the list or the table of the first.
_ADJOINS = re.compile(rf"\s*(?:{_MARK}|[\s|:-]+)?")
_TABLE_RULE = re.compile(r"[|:\s-]*-[|:\s-]*")
_WORD = re.compile(r"[^\W\d_]{2}")
_BELOW = " › "
_DEEPEST = 7


def is_bullet(passage: StoredPassage, span: Span) -> bool:
    """Return whether a sentence is the first of an item of a list."""
    return _BULLET.search(passage.text[: span.start - passage.span.start]) is not None


def is_row(passage: StoredPassage, span: Span) -> bool:
    """Return whether a sentence is a row of a table."""
    return passage.slice(span).startswith("|")


def is_header(passage: StoredPassage, span: Span) -> bool:
    """Return whether a sentence is the row of a table that says what its columns are."""
    below = passage.text[span.end - passage.span.start :].lstrip("\n").partition("\n")[0]
    return is_row(passage, span) and _TABLE_RULE.fullmatch(below) is not None


def adjoining(passage: StoredPassage, span: Span, step: int) -> Span | None:
    """Return the sentence before (−1) or after (1) one, None where a heading or the passage's end is between."""
    at = passage.sentences.index(span) + step
    if not 0 <= at < len(passage.sentences):
        return None
    other = passage.sentences[at]
    first, last = (other, span) if step < 0 else (span, other)
    between = passage.slice(Span(first.end, max(first.end, last.start)))
    return other if _ADJOINS.fullmatch(between) else None


def lead_of(passage: StoredPassage, span: Span) -> Span | None:
    """Return what a sentence is read with: the line above its list, or the header of its table; None for any other."""
    if is_row(passage, span):
        header = _first_of(passage, span, is_row)
        return header if header != span and is_header(passage, header) else None
    if is_bullet(passage, span):
        above = adjoining(passage, _first_of(passage, span, _is_of_list), -1)
        return above if above and passage.slice(above).endswith(":") else None
    return None


def completed_by(passage: StoredPassage, span: Span) -> Span | None:
    """Return the lead that a sentence needs to be understood: a table's header, or few words above a list."""
    lead = lead_of(passage, span)
    says_little = lead is not None and len(passage.slice(lead).split()) < SAYS_LITTLE
    return lead if says_little or is_row(passage, span) else None


def led_by(passage: StoredPassage, span: Span) -> list[Span]:
    """Return what a sentence that ends with a colon leads to, in order: the items of a list, or another sentence."""
    after = adjoining(passage, span, 1) if passage.slice(span).endswith(":") else None
    led: list[Span] = []
    while after and (not led or _is_of_list(passage, after)):
        led.append(after)
        after = adjoining(passage, after, 1) if _is_of_list(passage, after) else None
    return led


def heading_of(passage: StoredPassage, span: Span) -> str:
    """Return the headings that a sentence stands under, of what stands before it in its passage and above that.

    Of a heading without marks of its level, in plain text, nobody knows what it stands under.
    """
    path: list[str] = []
    level = _DEEPEST
    for line in _lines_between(passage, span):
        heading, marks = line.strip("# "), len(line) - len(line.lstrip("#"))
        if _WORD.search(line) and marks < level and heading != passage.metadata.title:
            path.insert(0, heading)
            level = marks
    above = passage.heading.split(_BELOW) if path and level else []
    # What is two levels down stands under one heading beside the title.
    return _BELOW.join([*above[: max(level - 2, 0)], *path]) or passage.heading


def _lines_between(passage: StoredPassage, span: Span) -> Iterator[str]:
    """Yield the lines before a sentence that are of no sentence, the nearest first."""
    end = span.start
    for one in [*reversed([one for one in passage.sentences if one.end <= span.start]), None]:
        between = passage.slice(Span(one.end if one else passage.span.start, end))
        yield from reversed([line.strip() for line in between.split("\n")])
        end = one.start if one else end


def _is_of_list(passage: StoredPassage, span: Span) -> bool:
    """Return whether a sentence is of an item of a list, its first one or a further one on the same line."""
    line = passage.text.rfind("\n", 0, span.start - passage.span.start) + 1 + passage.span.start
    first = next((one for one in passage.sentences if one.start >= line), span)
    return is_bullet(passage, first)


def _first_of(passage: StoredPassage, span: Span, is_part: Callable[[StoredPassage, Span], bool]) -> Span:
    """Return the first of the parts of the same list or table."""
    before = adjoining(passage, span, -1)
    while before and is_part(passage, before):
        span, before = before, adjoining(passage, before, -1)
    return span
