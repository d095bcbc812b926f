"""Page lines: which lines a PDF's page has, where each begins, and in which letters it is set.

pypdf gives a page in pieces, and with each of them its font and its place.
"""

import math
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

_BOLD = re.compile(r"bold|black|heavy|demi|-bd\b|(?:cm|sf)bx", re.IGNORECASE)
# Letters of one width are of code, which is made of lines.
_FIXED = re.compile(r"mono(?!type)|courier|consol|menlo|typewriter|(?:cm|sf|lm)[a-z]{0,3}tt", re.IGNORECASE)
# Pieces whose heights differ by less than this share of their letters' height stand on one line.
_SAME_HEIGHT = 0.4
_BULLET = re.compile(r"\s*[•‣◦▪●·\x7f\uf0b7–-]\s*")
_MARK = re.compile(rf"{_BULLET.pattern}|\s*\d{{1,3}}[.)]\s*")
# A list's mark that is not in the item's line begins at most so many steps of points to the left of it.
_MARK_STEP, _MARK_STEPS, _MARK_HEIGHT = 10.0, 4, 3
_Matrix = Sequence[float]


class Line(NamedTuple):
    """A line of a page or a piece of one: where it begins, in points from the left and from below, and its letters.

    `size` is their height. Where the page does not say, or where it is not level, place and height are NaN.
    """

    text: str
    x: float
    y: float
    size: float
    is_bold: bool
    is_fixed: bool = False


class PageLines:
    """The lines of a page, put together from what pypdf's visitor of texts is told."""

    def __init__(self) -> None:
        self._lines: list[list[Line]] = [[]]

    def take(self, text: str, cm: _Matrix, tm: _Matrix, font: Mapping[str, Any] | None, size: float) -> None:
        """Take the next piece of text: `cm` and `tm` are the page's and the text's matrix, in PDF's order."""
        name = str((font or {}).get("/BaseFont", ""))
        is_bold, is_fixed = (form.search(name) is not None for form in (_BOLD, _FIXED))
        for number, part in enumerate(text.split("\n")):
            if number:
                self._lines.append([])
            self._lines[-1].append(Line(part, *_place(cm, tm, size), is_bold, is_fixed))

    @property
    def text(self) -> str:
        """What was taken."""
        return "\n".join("".join(piece.text for piece in line) for line in self._lines)

    @property
    def lines(self) -> list[Line]:
        """The lines, those of one height that go on to the right as one, as the cells of a row do."""
        rows: list[list[Line]] = []
        [head] = lines_of("")
        for line in map(_line, self._lines):
            if _goes_on(head, line):
                rows[-1].append(line)
                head = _longer(head, line)
            else:
                rows.append([line])
                head = line
        return _with_marks([_row(cells) for cells in rows])


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text of which nothing else is known."""
    return [Line(line, math.nan, math.nan, math.nan, is_bold=False) for line in text.split("\n")]


def _line(pieces: Sequence[Line]) -> Line:
    said = [piece for piece in pieces if piece.text.strip()]
    text = "".join(piece.text for piece in pieces)
    if not said:
        return lines_of(text)[0]
    longest = max(said, key=lambda piece: len(piece.text))
    is_bold, is_fixed = all(piece.is_bold for piece in said), all(piece.is_fixed for piece in said)
    return Line(text, said[0].x, said[0].y, longest.size, is_bold, is_fixed)


def _row(cells: Sequence[Line]) -> Line:
    """Return lines of one height as one; of a bullet and its item, the item's with a bullet before it."""
    if len(cells) == 1:
        return cells[0]
    has_bullet = _BULLET.fullmatch(cells[0].text) is not None
    said = cells[1:] if has_bullet else cells
    texts = ["•" if has_bullet else cells[0].text.rstrip(), *(cell.text.strip() for cell in cells[1:])]
    return _line(said)._replace(text=" ".join(texts), x=cells[0].x)


def _longer(head: Line, line: Line) -> Line:
    """Return what the next cell of a row is compared with: where it begins, and the letters of its longest cell."""
    if _BULLET.fullmatch(head.text):
        return line._replace(x=head.x)
    return head._replace(text=line.text, size=line.size) if len(line.text) > len(head.text) else head


def _with_marks(lines: Sequence[Line]) -> list[Line]:
    """Return the lines, the marks of a list before its items: those of some come after all the text."""
    places: dict[tuple[int, int], int] = {}
    marks = [at for at, line in enumerate(lines) if _MARK.fullmatch(line.text)]
    alone = set(marks)
    for at, line in enumerate(lines):
        if at not in alone and not math.isnan(line.x):
            places.setdefault((round(line.y), int(line.x // _MARK_STEP)), at)
    made = dict(enumerate(lines))
    for at in marks:
        mark = made[at]
        place = _marked(mark, places.keys())
        if place is not None:
            found = places.pop(place)
            text = "•" if _BULLET.fullmatch(mark.text) else mark.text.strip()
            made[found] = made[found]._replace(text=f"{text} {made[found].text.strip()}", x=mark.x)
        if place is not None or _BULLET.fullmatch(mark.text):
            del made[at]
    return list(made.values())


def _marked(mark: Line, places: Set[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the place of the line that a mark stands before."""
    if math.isnan(mark.x):
        return None
    steps = (int(mark.x // _MARK_STEP) + step for step in range(_MARK_STEPS + 1))
    heights = [round(mark.y) + offset for offset in sorted(range(-_MARK_HEIGHT, _MARK_HEIGHT + 1), key=abs)]
    return next(((y, x) for x in steps for y in heights if (y, x) in places), None)


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
    place = x, y, size * scale
    return place if all(map(math.isfinite, place)) else (math.nan, math.nan, math.nan)
