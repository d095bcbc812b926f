"""Plain text: how a text reads without its markup."""

import re

from index.document import Span
from index.furniture import without_inline

_FOOTNOTE_MARK = re.compile(r"\s?\[\^?\d+(?:\s*[,;–-]\s*\d+)*\]")
_TABLE_RULE = re.compile(r"(?:(?<=\|)|^)\s*\|?(?:\s*:?-{3,}:?\s*\|)+")
# Marks of bold and of italics, and not what multiplies.
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])(.+?)(?<=[^\s*])\1(?![\w*])")
# The same where what closes or opens it stands in another sentence.
_HALF_EMPHASIS = re.compile(r"(?<![\w*])\*{2,3}(?=[^\s*])|(?<=[^\s*])\*{2,3}(?![\w*])|^\*(?=[^\s*])|(?<=[.!?])\*$")
# A quoted paragraph of Markdown, and not what is more than a number.
_QUOTED_LINE = re.compile(r"^[ \t]*(?:>[ \t]?)+(?![>\s\d$€£=])", re.MULTILINE)
# What begins and ends code in Markdown, on a line of its own.
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[\w+.-]*[ \t]*$", re.MULTILINE)
# The mark of an item of a list, with the end of the line before it.
_ITEM = re.compile(r"(?<=(\S))[ \t]*\n\s*[-*•+][ \t]+(?=\S)")
_DOUBLED = re.compile(r"([“”„«»])\1+")


def plain(text: str) -> str:
    """Return a text on one line, without inline furniture, marks of Markdown or any that look like markers.

    The items of a list are set apart by semicolons where they end with no mark of their own.
    """
    text = _ITEM.sub(_between_items, _FENCE.sub("", _QUOTED_LINE.sub("", text)))
    text = _EMPHASIS.sub(r"\2", _TABLE_RULE.sub(" ", without_inline(text, Span(0, len(text)))))
    text = _DOUBLED.sub(r"\1", _HALF_EMPHASIS.sub("", text))
    while (fewer := _FOOTNOTE_MARK.sub("", text)) != text:
        text = fewer
    return " ".join(text.split())


def _between_items(found: re.Match[str]) -> str:
    return " " if found[1] in ":;,.!?" else "; "
