"""Page layout: which lines of a PDF are headings, by their type, and where paragraphs end, by the distance of lines.

pypdf gives a page as lines, and where each of their pieces stands and in which font. Blank lines are put where the page
has them to the eye, because plain text is divided there.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

# A heading's letters are so much greater than most of the text's, or are bold where most are not and no smaller.
_GREATER, _NO_SMALLER = 1.1, 0.95
_HEADING_CHARS, _HEADING_LINES = 120, 3
# Lines of one heading are no farther apart than so many times the height of its letters.
_HEADING_LEADING = 1.8
# Lines of a paragraph are about as far apart as most are, and none are farther than so many times the letters' height.
_PARAGRAPH_GAP, _FARTHEST = 1.25, 3.0
# A line is full that is about as long as the longest of its page.
_FULL_SHARE = 0.85
# Shorter lines than these are of a list or of verse, and none of them is full.
_LEAST_WIDTH = 40
# A paragraph begins so many times its letters' height farther to the right than the line before it.
_INDENT = 0.8
# Letters of one kind differ by less than so many points.
_SAME_SIZE = 0.5
# Pieces whose heights differ by less than this share of their letters' height stand on one line.
_SAME_HEIGHT = 0.4
_BOLD = re.compile(r"bold|black|heavy|demi|-bd\b|(?:cm|sf)bx", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDS_TEXT = re.compile(r"[.,;!]\W*$")
_ENDS_SENTENCE = re.compile(r"[.!?:][\"”’»)]*\s*$")
_BULLET = re.compile(r"\s*[•‣◦▪●·\x7f\uf0b7–-]\s*")

_ITEM = re.compile(r"\s*(?:[•‣◦▪●·\uf0b7–-]|\d{1,3}[.)]|[a-z][.)])\s")
_BROKEN_WORD = re.compile(r"[^\W\d_]+-$|[^\W\d_]+\u00ad$")
_OF_CONTENTS = re.compile(r"(?:\s?\.){4,}\s*(?:\d{1,4}|[ivxl]{1,6})\s*$")
_WORD_BEGUN = re.compile(r"[a-zß-öø-ÿ]+")
_HYPHENATED = re.compile(r"\b[^\W\d_]+-[a-zß-öø-ÿ]+")

_Matrix = Sequence[float]


class Line(NamedTuple):
    """A line of a page: where it begins, in points from the left and from below, and the height of its letters.

    Where the page does not say, or where it is not level, all three are NaN.
    """

    text: str
    x: float
    y: float
    size: float
    is_bold: bool


class _Piece(NamedTuple):
    text: str
    x: float
    y: float
    size: float
    is_bold: bool


class PageLines:
    """The lines of a page, put together from what pypdf's visitor of texts is told."""

    def __init__(self) -> None:
        self._lines: list[list[_Piece]] = [[]]

    def take(self, text: str, cm: _Matrix, tm: _Matrix, font: Mapping[str, Any] | None, size: float) -> None:
        """Take the next piece of text: `cm` and `tm` are the page's and the text's matrix, in PDF's order."""
        name = str((font or {}).get("/BaseFont", ""))
        for number, part in enumerate(text.split("\n")):
            if number:
                self._lines.append([])
            self._lines[-1].append(_Piece(part, *_place(cm, tm, size), is_bold=_BOLD.search(name) is not None))

    @property
    def text(self) -> str:
        """What was taken."""
        return "\n".join("".join(piece.text for piece in line) for line in self._lines)

    @property
    def lines(self) -> list[Line]:
        """The lines, those of one height that go on to the right as one, as the cells of a row do."""
        lines: list[Line] = []
        for line in map(_line, self._lines):
            if lines and _goes_on(lines[-1], line):
                lines.append(_beside(lines.pop(), line))
            else:
                lines.append(line)
        # The bullets of some lists come after the text; a table of contents names headings, and answers nothing.
        return [line for line in lines if not (_BULLET.fullmatch(line.text) or _OF_CONTENTS.search(line.text))]


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text of which nothing else is known."""
    return [Line(line, math.nan, math.nan, math.nan, is_bold=False) for line in text.split("\n")]


def laid_out(pages: Sequence[Sequence[Line]]) -> list[str]:
    """Return the texts of a document's pages: paragraphs each on a line, and blank lines around headings."""
    chars: Counter[tuple[float, bool]] = Counter()
    for page in pages:
        for line in page:
            if not math.isnan(line.size):
                chars[round(line.size, 1), line.is_bold] += len(line.text)
    if not chars:
        return ["\n".join(line.text for line in page) for page in pages]
    size, is_bold = max(chars, key=lambda kind: chars[kind])
    setting = _setting(pages, size, is_bold)
    return [_text_of(page, setting) for page in pages]


def joined(pages: Sequence[str]) -> str:
    """Return the texts of pages as one; a sentence that goes on overleaf goes on."""
    text = ""
    for page in filter(None, (page.strip("\n") for page in pages)):
        goes_on = text and page[0].islower() and not _ENDS_SENTENCE.search(text)
        text = _put_together(text, page, frozenset()) if goes_on else f"{text}\n\n{page}" if text else page
    return text


class _Setting(NamedTuple):
    """How most of a document is set: the height of its letters, whether they are bold, and the distance of its lines.

    `width` is how many characters a full line has, `hyphenated` are the words that have a hyphen within a line.
    """

    size: float
    is_bold: bool
    leading: float
    width: int
    hyphenated: frozenset[str]


def _setting(pages: Sequence[Sequence[Line]], size: float, is_bold: bool) -> _Setting:
    own = [[line for line in page if abs(line.size - size) < _SAME_SIZE] for page in pages]
    gaps = [one.y - other.y for page in own for one, other in pairwise(page)]
    lengths = sorted(len(line.text.strip()) for page in own for line in page)
    return _Setting(
        size,
        is_bold,
        leading=median([gap for gap in gaps if 0 < gap < _FARTHEST * size] or [math.inf]),
        width=lengths[-1 - len(lengths) // 20] if lengths else 0,
        hyphenated=frozenset(_HYPHENATED.findall("\n".join(line.text for page in pages for line in page))),
    )


def _text_of(lines: Sequence[Line], setting: _Setting) -> str:
    text, at, after_heading = "", 0, False
    while at < len(lines):
        heading = _heading(lines[at:], setting.size, setting.is_bold)
        if heading:
            text += ("\n\n" if text else "") + " ".join(line.text.strip() for line in heading)
        elif after_heading or not at:
            text += ("\n\n" if text else "") + lines[at].text
        else:
            text = _followed(text, lines[at - 1], lines[at], setting)
        at, after_heading = at + max(len(heading), 1), bool(heading)
    return re.sub(r"\n{3,}", "\n\n", text)


def _followed(text: str, before: Line, line: Line, setting: _Setting) -> str:
    """Return a text that ends with one line followed by the next one, which goes on or begins a paragraph."""
    is_near = before.y - line.y <= _PARAGRAPH_GAP * setting.leading
    if is_near and _goes_on_below(before, line, setting.width):
        return _put_together(text, line.text, setting.hyphenated)
    ends = before.y - line.y > _PARAGRAPH_GAP * setting.leading and _ENDS_SENTENCE.search(before.text)
    return f"{text}\n\n{line.text}" if ends else f"{text}\n{line.text}"


def _goes_on_below(before: Line, line: Line, width: int) -> bool:
    """Return whether a line ended only because the next word had no room left in it."""
    said, rest = before.text.strip(), line.text.split(maxsplit=1)
    if not rest or not said or _ITEM.match(line.text) or abs(before.size - line.size) >= _SAME_SIZE:
        return False
    if line.x - before.x > _INDENT * line.size and not _ITEM.match(before.text):
        return False
    is_within = rest[0][0].islower() and not _ENDS_SENTENCE.search(said)
    width = max(width, _LEAST_WIDTH)
    is_full = len(said) + 1 + len(rest[0]) > _FULL_SHARE * width
    return (is_full or is_within) and len(said) > _FULL_SHARE / 2 * width


def _put_together(text: str, rest: str, hyphenated: frozenset[str]) -> str:
    """Return a text with the next line behind it; a word that was broken is whole, but for one that has a hyphen."""
    text, rest = text.rstrip(), rest.lstrip()
    broken, first = _BROKEN_WORD.search(text), _WORD_BEGUN.match(rest)
    if not (broken and first):
        return f"{text} {rest}"
    return f"{text}{rest}" if f"{broken[0]}{first[0]}" in hyphenated else f"{text[:-1]}{rest}"


def _heading(lines: Sequence[Line], size: float, is_bold: bool) -> Sequence[Line]:
    """Return the lines, from the first, that are one heading; none where they are text."""
    first = lines[0]
    stands_out = first.size > _GREATER * size or (first.is_bold and not is_bold and first.size > _NO_SMALLER * size)
    if not stands_out:
        return ()
    count = 1
    while count < len(lines) and _is_as(lines[count - 1], lines[count]):
        count += 1
    text = " ".join(line.text.strip() for line in lines[:count])
    fits = count <= _HEADING_LINES and len(text) <= _HEADING_CHARS
    return lines[:count] if fits and _WORD.search(text) and not _ENDS_TEXT.search(text) else ()


def _is_as(one: Line, other: Line) -> bool:
    """Return whether a line is set as the one just above it."""
    is_near = 0 < one.y - other.y < _HEADING_LEADING * one.size
    return is_near and abs(one.size - other.size) < _SAME_SIZE and one.is_bold is other.is_bold


def _line(pieces: Sequence[_Piece]) -> Line:
    said = [piece for piece in pieces if piece.text.strip()]
    text = "".join(piece.text for piece in pieces)
    if not said:
        return lines_of(text)[0]
    longest = max(said, key=lambda piece: len(piece.text))
    return Line(text, said[0].x, said[0].y, longest.size, all(piece.is_bold for piece in said))


def _beside(one: Line, other: Line) -> Line:
    """Return two lines of one height as one; of a bullet and its item, the item's with a bullet before it."""
    if _BULLET.fullmatch(one.text):
        return other._replace(text=f"• {other.text.strip()}", x=one.x)
    longer = max(one, other, key=lambda line: len(line.text))
    text = f"{one.text.rstrip()} {other.text.lstrip()}"
    return Line(text, one.x, one.y, longer.size, one.is_bold and other.is_bold)


def _goes_on(one: Line, other: Line) -> bool:
    is_level = abs(one.y - other.y) < _SAME_HEIGHT * min(one.size, other.size)
    return is_level and other.x > one.x


def _place(cm: _Matrix, tm: _Matrix, size: float) -> tuple[float, float, float]:
    """Return where a piece begins and how high its letters are, all in points; NaN where it is not level."""
    across, up = tm[0] * cm[0] + tm[1] * cm[2], tm[0] * cm[1] + tm[1] * cm[3]
    scale = math.sqrt(abs(tm[0] * tm[3] - tm[1] * tm[2]) * abs(cm[0] * cm[3] - cm[1] * cm[2]))
    if abs(up) > abs(across) or not scale:
        return math.nan, math.nan, math.nan
    x, y = (tm[4] * cm[at] + tm[5] * cm[at + 2] + cm[at + 4] for at in (0, 1))
    return x, y, size * scale
