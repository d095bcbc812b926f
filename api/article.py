"""An article as HTML: its headings, paragraphs, lists and tables to be read, its text not changed in one character.

What a browser holds as the text of the element is the document's canonical text, so offsets mean the same in it.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby, pairwise

from index.blocks import Block, BlockKind, trimmed
from index.document import Document, Span
from index.errors import EmptyDocument
from index.furniture import furniture_spans
from index.reading import document_blocks

CITED_ID = "cited"

_TABLE_RULE = frozenset(" \t|:-")
_BAR = re.compile(r"(?<!\\)\|")
_FENCE = ("```", "~~~")


def article_html(document: Document, cited: Span | None) -> str:
    """Return the `article` element of a document, the slice at `cited` in `mark` elements, the first with an id."""
    return f'<article dir="auto">{"".join(_Typesetter(document, cited).article(_blocks(document)))}</article>'


def _blocks(document: Document) -> tuple[Block, ...]:
    try:
        return document_blocks(document)
    except EmptyDocument:
        # Stored before furniture was recognised as such; it is still to be read.
        return ()


class _Typesetter:
    """Sets the text of one document; every character is put out once, in order."""

    def __init__(self, document: Document, cited: Span | None) -> None:
        self._text = document.text
        self._title = document.metadata.title
        self._cited = cited or Span(0, 0)
        self._marked = False

    def article(self, blocks: Sequence[Block]) -> Iterator[str]:
        furniture = set(furniture_spans(self._text, blocks))
        at = 0
        for is_item, run in groupby(blocks, key=lambda block: block.kind is BlockKind.ITEM):
            members = list(run)
            yield self._between(at, members[0].span.start)
            yield "<ul>" if is_item else ""
            for block, following in zip(members, [*members[1:], None], strict=True):
                yield self._block(block, block.span in furniture)
                if following is not None:
                    yield self._between(block.span.end, following.span.start)
            yield "</ul>" if is_item else ""
            at = members[-1].span.end
        yield self._between(at, len(self._text))

    def _block(self, block: Block, is_furniture: bool) -> str:
        again = block.kind is BlockKind.HEADING and block.label == self._title
        attributes = ' class="title-again"' if again else ' class="furniture"' if is_furniture else ""
        if block.kind is BlockKind.TABLE:
            # A wide one is scrolled by keys, too.
            return f'<table{attributes} tabindex="0">{"".join(self._rows(block.span))}</table>'
        if block.kind is BlockKind.HEADING:
            return f"<h2{attributes}>{self._heading(block)}</h2>"
        tag = "li" if block.kind is BlockKind.ITEM else "p"
        if block.kind is BlockKind.PARAGRAPH and block.span.of(self._text).startswith(_FENCE):
            tag = "pre"
        return f"<{tag}{attributes}>{self._set(block.span)}</{tag}>"

    def _heading(self, block: Block) -> str:
        """Return a heading with its markup, such as a Markdown heading's number signs, set apart."""
        start = self._text.find(block.label, block.span.start, block.span.end) if block.label else -1
        if start < 0:
            return self._set(block.span)
        label = Span(start, start + len(block.label))
        before, after = Span(block.span.start, label.start), Span(label.end, block.span.end)
        return self._markup(before) + self._set(label) + self._markup(after)

    def _rows(self, span: Span) -> Iterator[str]:
        start, is_first = span.start, True
        for line in span.of(self._text).split("\n"):
            row = Span(start, start + len(line))
            # A table's rule is kept for its characters; nobody is to read it.
            if _TABLE_RULE.issuperset(line):
                yield f'<tr class="markup"><td>{self._set(row)}</td></tr>'
            else:
                yield f"<tr>{''.join(self._cells(row, 'th' if is_first else 'td'))}</tr>"
            is_first = False
            start = row.end + 1
            yield self._set(Span(row.end, min(start, span.end)))

    def _cells(self, row: Span, tag: str) -> Iterator[str]:
        """Yield the cells of a row, each with the bar before it; a bar that ends the row stands in the last cell."""
        inside = trimmed(self._text, row)
        bars = [bar.start() for bar in _BAR.finditer(self._text, row.start, row.end)]
        cuts = [bar for bar in bars if inside.start < bar < inside.end - 1]
        for start, end in pairwise([row.start, *cuts, row.end]):
            content = Span(start, end)
            first = trimmed(self._text, content).start
            if first in bars:
                content = Span(first + 1, end)
            if end == row.end and len(bars) > 1 and bars[-1] == inside.end - 1:
                content = Span(content.start, bars[-1])
            before, after = Span(start, content.start), Span(content.end, end)
            yield f"<{tag}>{self._markup(before)}{self._set(content)}{self._markup(after)}</{tag}>"

    def _between(self, start: int, end: int) -> str:
        """Return what no block holds: white space, and the front matter of Markdown."""
        span = Span(start, end)
        if not span.of(self._text).strip():
            return self._set(span)
        return f'<div class="front-matter">{self._set(span)}</div>'

    def _markup(self, span: Span) -> str:
        return f'<span class="markup">{self._set(span)}</span>' if span.start < span.end else ""

    def _set(self, span: Span) -> str:
        """Return a slice of the text with what is cited of it marked."""
        start, end = max(span.start, self._cited.start), min(span.end, self._cited.end)
        if start >= end or not Span(start, end).of(self._text).strip():
            return escape(span.of(self._text))
        opening = "<mark>" if self._marked else f'<mark id="{CITED_ID}">'
        self._marked = True
        before, cited, after = (
            escape(part.of(self._text)) for part in (Span(span.start, start), Span(start, end), Span(end, span.end))
        )
        return f"{before}{opening}{cited}</mark>{after}"
