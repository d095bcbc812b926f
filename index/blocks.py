"""The structure of an article: headings, paragraphs, list items, tables, each a span of its text.

Plain text has no markup, so structure is read from its lines; Markdown is parsed by markdown-it-py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from markdown_it import MarkdownIt
from markdown_it.token import Token

from index.document import Span

_ITEM = re.compile(r"\s*(?:[•‣◦▪●·*+–—-]|\d{1,3}[.)]|[a-z][.)])\s+(?=\S)")
_TABLE_ROW = re.compile(r"\s*\|.*\|\s*")
_WRAPPED_WIDTH = 200
_HEADING_CHARS = 120
_HEADING_WORDS = 18
# A section's number: "2.1 ", "3. ".
_SECTION_NUMBER = re.compile(r"^\d{1,2}(?:\.\d{1,2})*[.)]?\s+(?=\S)")
_LETTER = re.compile(r"[^\W\d_]")
_LEAST_LISTED = 3
# The level of a plain-text heading that stands on a list and covers no more than that list: nothing in plain text
# says where its section ends, and "Highlights" above three bullets does not name the article below them.
LIST_LABEL = 9


class BlockKind(StrEnum):
    """What a block of an article is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of an article's structure; `level` is a heading's depth from 1, and 0 for everything else.

    `label` is a heading's own words, without its markup.
    """

    kind: BlockKind
    span: Span
    level: int = 0
    label: str = ""


def plain_blocks(text: str) -> tuple[Block, ...]:
    """Return the blocks of plain text, in order; every non-blank character is in exactly one."""
    units = list(_units(text))
    return tuple(_with_headings(text, units))


def markdown_blocks(text: str, body_start: int) -> tuple[Block, ...]:
    """Return the blocks of the Markdown in `text[body_start:]`, in order; every non-blank character is in one."""
    lines = [Span(span.start + body_start, span.end + body_start) for span in _lines(text[body_start:])]
    # What stands inside a block makes none, and brackets within brackets would take their square in time to parse.
    parser = MarkdownIt("commonmark").enable("table").disable("inline")
    found = list(_markdown_tokens(parser.parse(text[body_start:]), lines, text))
    return tuple(_filled(text, Span(body_start, len(text)), found))


def item_content(text: str, span: Span) -> Span:
    """Return the span of a list item without its bullet or number."""
    marker = _ITEM.match(text, span.start, span.end)
    return Span(marker.end(), span.end) if marker else span


def trimmed(text: str, span: Span) -> Span:
    """Return `span` without the white space at its ends; empty at its start where there is nothing else."""
    content = span.of(text)
    start = span.start + len(content) - len(content.lstrip())
    return Span(start, max(start, span.start + len(content.rstrip())))


def _lines(text: str) -> Iterator[Span]:
    start = 0
    while start < len(text):
        newline = text.find("\n", start)
        end = len(text) if newline < 0 else newline
        yield Span(start, end)
        start = end + 1


def _units(text: str) -> Iterator[Block]:
    """Yield paragraphs, items and tables: lines, joined where a line was wrapped or a table goes on."""
    width = _wrap_width(text)
    current: Block | None = None
    last = Span(0, 0)
    for line in _lines(text):
        content = line.of(text)
        if not content.strip():
            if current:
                yield current
            current = None
            continue
        kind = _line_kind(content)
        joins = current is not None and (
            current.kind is kind is BlockKind.TABLE
            or (
                kind is BlockKind.PARAGRAPH
                and current.kind is not BlockKind.TABLE
                and _was_wrapped(last.of(text), content, width)
            )
        )
        if current and joins:
            current = Block(current.kind, Span(current.span.start, line.end))
        else:
            if current:
                yield current
            current = Block(kind, line)
        last = line
    if current:
        yield current


def _line_kind(line: str) -> BlockKind:
    if _TABLE_ROW.fullmatch(line):
        return BlockKind.TABLE
    return BlockKind.ITEM if _ITEM.match(line) else BlockKind.PARAGRAPH


def _wrap_width(text: str) -> int:
    """Return the width to which the text's lines were wrapped, 0 where they were not."""
    lengths = sorted(len(line) for line in text.split("\n") if line.strip())
    width = lengths[-1 - len(lengths) // 50] if lengths else 0
    return width if width <= _WRAPPED_WIDTH else 0


def _was_wrapped(line: str, following: str, width: int) -> bool:
    """Tell whether `line` ended only because the first word of the line after it had no room left."""
    if not width:
        return False
    first_word = following.split(maxsplit=1)[0]
    return len(line.rstrip()) + 1 + len(first_word) > 0.9 * width


def _with_headings(text: str, units: list[Block]) -> Iterator[Block]:
    listed = _listed(text, units)
    for before, unit, following in zip([None, *units], units, [*units[1:], None], strict=False):
        is_line = (unit.kind is BlockKind.PARAGRAPH and unit not in listed) or _is_section(
            text, before, unit, following
        )
        if following is not None and is_line and _reads_as_heading(unit.span.of(text)):
            span = trimmed(text, unit.span)
            level = LIST_LABEL if following.kind is BlockKind.ITEM else 2
            yield Block(BlockKind.HEADING, span, level, label=span.of(text))
        else:
            yield Block(unit.kind, trimmed(text, unit.span))


def _is_section(text: str, before: Block | None, unit: Block, following: Block | None) -> bool:
    """Return whether a numbered item is none of a list: alone between blank lines, with a paragraph below it."""
    if unit.kind is not BlockKind.ITEM or not _SECTION_NUMBER.match(unit.span.of(text).lstrip()):
        return False
    is_below = before is None or (before.kind is not BlockKind.ITEM and _is_blank_between(text, before, unit))
    return (
        is_below
        and following is not None
        and following.kind is BlockKind.PARAGRAPH
        and _is_blank_between(text, unit, following)
    )


def _is_blank_between(text: str, one: Block, other: Block) -> bool:
    return text.count("\n", one.span.end, other.span.start) > 1


def _listed(text: str, units: list[Block]) -> set[Block]:
    """Return the short lines that stand below each other, three and more, without a blank line: a list without marks.

    The first line of all may still be the title.
    """
    listed: set[Block] = set()
    run: list[Block] = []
    for unit in units:
        if not (run and text.count("\n", run[-1].span.end, unit.span.start) == 1):
            run = []
        if unit.kind is not BlockKind.PARAGRAPH or len(unit.span.of(text)) > _HEADING_CHARS:
            run = []
            continue
        run.append(unit)
        if len(run) >= _LEAST_LISTED:
            listed.update(run[-_LEAST_LISTED:])
    return listed - set(units[:1])


def _reads_as_heading(content: str) -> bool:
    """Tell whether a line of plain text reads as a heading: short, capitalised, and not a sentence."""
    content = _SECTION_NUMBER.sub("", content.strip(), count=1)
    first = next((character for character in content if character.isalnum()), "")
    return (
        bool(first)
        and not first.islower()
        and (first.isalpha() or " " not in content or _LETTER.search(content) is not None)
        and "\n" not in content
        and len(content) <= _HEADING_CHARS
        and len(content.split()) <= _HEADING_WORDS
        and content[-1] not in ".,;:!)”\"'…"
        and not re.search(r"[.!?]\s+[A-Z“]", re.sub(r"\b(?:[A-Z]\.)+", "", content))
    )


def _markdown_tokens(tokens: list[Token], lines: list[Span], text: str) -> Iterator[Block]:
    """Yield a block for each outermost Markdown token, and one for each item of an outermost list."""
    for position, token in enumerate(tokens):
        if token.map is None or token.nesting < 0:
            continue
        first, last = token.map
        if last <= first or first >= len(lines):
            continue
        span = trimmed(text, Span(lines[first].start, lines[min(last, len(lines)) - 1].end))
        if span.start == span.end:
            continue
        if token.type == "list_item_open" and token.level == 1:
            yield Block(BlockKind.ITEM, span)
        elif token.level > 0 or token.type in {"bullet_list_open", "ordered_list_open"}:
            continue
        elif token.type == "heading_open":
            yield Block(BlockKind.HEADING, span, level=int(token.tag[1:]), label=tokens[position + 1].content)
        else:
            yield Block(BlockKind.TABLE if token.type == "table_open" else BlockKind.PARAGRAPH, span)


def _filled(text: str, whole: Span, blocks: list[Block]) -> Iterator[Block]:
    """Yield the blocks in order, with a paragraph for whatever lies between them (Markdown's link definitions)."""
    at = whole.start
    for block in sorted(blocks, key=lambda block: block.span.start):
        gap = trimmed(text, Span(at, max(at, block.span.start)))
        if gap.start < gap.end:
            yield Block(BlockKind.PARAGRAPH, gap)
        if block.span.start >= at:
            yield block
            at = block.span.end
    gap = trimmed(text, Span(at, whole.end))
    if gap.start < gap.end:
        yield Block(BlockKind.PARAGRAPH, gap)
