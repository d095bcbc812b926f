"""Page layout: which lines of a PDF are headings, by their type, and where paragraphs end, by the distance of lines.

pypdf gives a page as lines, and where each of their pieces stands and in which font. Blank lines are put where the page
has them to the eye, because plain text is divided there.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

# A heading's letters are so much greater than most of the text's, or are bold where most are not and no smaller.
_GREATER, _NO_SMALLER = 1.1, 0.95
_HEADING_CHARS, _HEADING_LINES = 120, 3
# Lines of headings are no farther apart than so many times the height of their letters, and those of one heading less.
_HEADING_LEADING, _ONE_HEADING_LEADING = 1.8, 1.5
# Lines of a paragraph are about as far apart as most are, and none are farther than so many times the letters' height.
_PARAGRAPH_GAP, _FARTHEST = 1.25, 3.0
# A line is full that is about as long as the longest of its page.
_FULL_SHARE = 0.85
# Shorter lines than these are of a list, and none of them is full.
_LEAST_WIDTH = 40
# Lines of verse are no longer than this; most end in a mark, or nearly all begin with a capital.
_VERSE_CHARS, _VERSE_LINES, _MARKED_SHARE, _CAPITAL_SHARE = 60, 3, 0.6, 0.8
# A paragraph begins so many times its letters' height farther to the right than the line before it.
_INDENT = 0.8
# Letters of one kind differ by less than so many points.
_SAME_SIZE = 0.5
# Pieces whose heights differ by less than this share of their letters' height stand on one line.
_SAME_HEIGHT = 0.4
_BOLD = re.compile(r"bold|black|heavy|demi|-bd\b|(?:cm|sf)bx", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDS_TEXT = re.compile(r"[.,;!]\W*$")
_ENDS_MARKED = re.compile(r"[.,;:!?…—–][\"”’»)]*$")
_SENTENCE_WITHIN = re.compile(r"[.!?][\"”’»)]*\s+[^\W\d_a-zß-öø-ÿ]")
_ENDS_SENTENCE = re.compile(r"[.!?:][\"”’»)]*\s*$")
_BULLET = re.compile(r"\s*[•‣◦▪●·\x7f\uf0b7–-]\s*")
_MARK = re.compile(rf"{_BULLET.pattern}|\s*\d{{1,3}}[.)]\s*")
# A list's mark that is not in the item's line begins at most so many steps of points to the left of it.
_MARK_STEP, _MARK_STEPS, _MARK_HEIGHT = 10.0, 4, 3
_ITEM = re.compile(r"\s*(?:[•‣◦▪●·\uf0b7–-]|\d{1,3}[.)]|[a-z][.)])\s")
_SECTION = re.compile(r"\s*(?:\d{1,2}(?:\.\d{1,2}){0,4}[.)]?|[A-Z]\.)\s+[^\W\d_a-z]")
# Letters of one width are of code, which is made of lines.
_FIXED = re.compile(r"mono(?!type)|courier|consol|menlo|typewriter|(?:cm|sf|lm)[a-z]{0,3}tt", re.IGNORECASE)
# How a line or a text ends is told by so many of its last characters.
_TAIL = 200
_BROKEN_WORD = re.compile(r"([^\W\d_]+)([-\u2010\u00ad])$")
_WORD_BEGUN = re.compile(r"[a-zß-öø-ÿ]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = re.compile(r"(?<![\w-])[^\W\d_]+(?![\w-])")
_HYPHENATED = re.compile(r"\b[^\W\d_]+-[a-zß-öø-ÿ]+")
# "Im- and exports" has a hyphen and a space.
_AFTER_HYPHEN = frozenset({"and", "or", "to", "und", "oder", "bis", "bzw"})
# Two words with a hyphen are so long; these seldom have one behind them: "without", "however", "understand".
_FIRST_PART, _SECOND_PART = 4, 3
_FIRST_PARTS = frozenset({"self", "well"})
_NO_FIRST_PART = frozenset(
    {"after", "every", "here", "over", "some", "them", "there", "under", "what", "when", "where", "with", "your"}
    | {"durch", "nach", "unter", "über"}
)
# A table of contents: so many lines, with so few others between them, and at most so many below its heading.
_OF_CONTENTS = re.compile(r"(?:\s?\.){4}\s{0,9}(?:(\d{1,4})|[ivxlc]{1,6})$")
_CONTENTS = re.compile(r"(?:table of )?contents:?|inhalt(?:sverzeichnis)?:?", re.IGNORECASE)
_INDEX = re.compile(r"(?:[^\W\d_]+\s){0,6}index", re.IGNORECASE)
_CONTENTS_CHARS, _CONTENTS_LINES, _CONTENTS_APART, _BELOW_CONTENTS = 40, 3, 8, 3

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


class PageText(NamedTuple):
    """The text of a page, and the lines of it that may go on overleaf: such as end within a sentence, and no notes."""

    text: str
    open_ends: frozenset[str]


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


def laid_out(pages: Sequence[Sequence[Line]], check_time: Callable[[], None] = lambda: None) -> list[PageText]:
    """Return the texts of a document's pages: paragraphs each on a line, and blank lines around headings.

    `check_time` is called for each line, and may raise what it will.
    """
    pages = _without_contents(pages)
    chars: Counter[tuple[float, bool]] = Counter()
    for page in pages:
        for line in page:
            if not math.isnan(line.size):
                chars[round(line.size, 1), line.is_bold] += len(line.text)
    if not chars:
        return [PageText("\n".join(line.text for line in page), frozenset()) for page in pages]
    size, is_bold = max(chars, key=lambda kind: chars[kind])
    setting = _setting(pages, size, is_bold)
    return [_text_of(page, setting, check_time) for page in pages]


def joined(pages: Sequence[str], open_ends: Sequence[Set[str]]) -> str:
    """Return the texts of pages as one; a sentence that goes on overleaf goes on, where its line is an open end."""
    vocabulary = _vocabulary(line for page in pages for line in page.split("\n"))
    parts: list[str] = []
    is_open = False
    for page, ends in zip(pages, open_ends, strict=True):
        said = page.strip("\n")
        if not said:
            continue
        if is_open and said[0].islower():
            _put_behind(parts, said, vocabulary)
        else:
            parts += ["\n\n", said] if parts else [said]
        is_open = said.rsplit("\n", 1)[-1].strip() in ends
    return "".join(parts)


class _Vocabulary(NamedTuple):
    """The words of a document that stand whole in a line, and those that have a hyphen there."""

    words: frozenset[str]
    hyphenated: frozenset[str]


class _Setting(NamedTuple):
    """How most of a document is set: the height of its letters, whether they are bold, and the distance of its lines.

    `width` is how many characters a full line has, `widths` how many one of letters of a height has.
    """

    size: float
    is_bold: bool
    is_fixed: bool
    leading: float
    width: int
    widths: Mapping[int, int]
    vocabulary: _Vocabulary


def _setting(pages: Sequence[Sequence[Line]], size: float, is_bold: bool) -> _Setting:
    own = [[line for line in page if abs(line.size - size) < _SAME_SIZE] for page in pages]
    gaps = [one.y - other.y for page in own for one, other in pairwise(page)]
    lines = [line for page in pages for line in page]
    lengths: dict[int, list[int]] = {}
    for line in lines:
        if not math.isnan(line.size):
            lengths.setdefault(round(line.size), []).append(len(line.text.strip()))
    fixed = sum((1 if line.is_fixed else -1) * len(line.text) for page in own for line in page)
    return _Setting(
        size,
        is_bold,
        fixed > 0,
        leading=median([gap for gap in gaps if 0 < gap < _FARTHEST * size] or [math.inf]),
        width=_full_width([len(line.text.strip()) for page in own for line in page]),
        widths={height: _full_width(found) for height, found in lengths.items()},
        vocabulary=_vocabulary(line.text for line in lines),
    )


def _full_width(lengths: Sequence[int]) -> int:
    # Few rows of tables are longer than a full line.
    return sorted(lengths)[-1 - len(lengths) // 20] if lengths else 0


def _vocabulary(lines: Iterable[str]) -> _Vocabulary:
    words, hyphenated, is_broken = set[str](), set[str](), False
    for text in lines:
        line = text.replace("\u2010", "-").strip()
        hyphenated.update(_HYPHENATED.findall(line))
        begun = _WORD_BEGUN.match(line) if is_broken else None
        words.update(_WHOLE_WORD.findall(line, begun.end() if begun else 0))
        is_broken = _broken(line) is not None
    return _Vocabulary(frozenset(words), frozenset(hyphenated))


def _without_contents(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Return the pages without tables of contents, which name headings and answer nothing; lists of prices stay."""
    texts = [line.text.strip() for page in pages for line in page]
    led = {at: found for at, found in enumerate(map(_led_to, texts)) if found is not None}
    runs: list[list[int]] = []
    for at in led:
        if runs and at - runs[-1][-1] <= _CONTENTS_APART:
            runs[-1].append(at)
        else:
            runs.append([at])
    left_out: set[int] = set()
    for run in runs:
        above = texts[max(run[0] - _BELOW_CONTENTS, 0) : run[0]]
        if _is_of_contents([led[at] for at in run], above, len(pages)):
            left_out.update(run)
    numbers = iter(range(len(texts)))
    return [[line for line in page if next(numbers) not in left_out] for page in pages]


def _led_to(text: str) -> int | None:
    """Return the number to which the dots of a line lead, 0 where it is a Roman one, None where there are none."""
    found = _OF_CONTENTS.search(text[-_CONTENTS_CHARS:])
    return int(found[1] or 0) if found else None


def _is_of_contents(numbers: Sequence[int], above: Sequence[str], pages: int) -> bool:
    """Return whether the numbers to which lines lead are those of pages, in order or below the heading of an index."""
    if any(map(_CONTENTS.fullmatch, above)):
        return True
    is_in_order = all(one <= other for one, other in pairwise(numbers)) or any(map(_INDEX.fullmatch, above))
    return len(numbers) >= _CONTENTS_LINES and is_in_order and max(numbers) <= pages


def _text_of(lines: Sequence[Line], setting: _Setting, check_time: Callable[[], None]) -> PageText:
    headings, verse = _headings(lines, setting), _verse(lines, setting)
    rows: list[list[str]] = []
    # The row of which each line is the last so far.
    lasts: dict[int, Line] = {}
    at, after_heading = 0, True
    while at < len(lines):
        check_time()
        count = headings.get(at, 0)
        if count or after_heading:
            text = " ".join(line.text.strip() for line in lines[at : at + count]) if count else lines[at].text
            rows += [[], [text]] if rows else [[text]]
        else:
            _follow(rows, lines[at - 1], lines[at], setting, is_verse=at in verse)
        if not count and at not in verse:
            lasts[len(rows) - 1] = lines[at]
        at, after_heading = at + max(count, 1), bool(count)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(map("".join, rows)))
    return PageText(
        text, frozenset("".join(rows[row]).strip() for row, line in lasts.items() if _is_open(line, setting))
    )


def _is_open(line: Line, setting: _Setting) -> bool:
    """Return whether a line is of letters as most are, and within a sentence."""
    is_as_most = abs(line.size - setting.size) < _SAME_SIZE and line.is_fixed is setting.is_fixed
    return is_as_most and not _ends_sentence(line.text)


def _follow(rows: list[list[str]], before: Line, line: Line, setting: _Setting, *, is_verse: bool) -> None:
    """Put a line behind the one before it or into a row of its own, where it begins a paragraph after a blank one."""
    is_near = before.y - line.y <= _PARAGRAPH_GAP * setting.leading
    if is_near and not is_verse and _goes_on_below(before, line, setting):
        _put_behind(rows[-1], line.text, setting.vocabulary)
        return
    if before.y - line.y > _PARAGRAPH_GAP * setting.leading and _ends_sentence(before.text):
        rows.append([])
    rows.append([line.text])


def _goes_on_below(before: Line, line: Line, setting: _Setting) -> bool:
    """Return whether a line ended only because the next word had no room left in it."""
    said, rest = before.text.strip(), line.text.split(maxsplit=1)
    if not rest or not said or not _is_set_as(before, line, setting):
        return False
    is_within = rest[0][0].islower() and not _ends_sentence(said)
    if is_within and _broken(said):
        return True
    width = max(setting.width, _LEAST_WIDTH)
    is_full = len(said) + 1 + len(rest[0]) > _FULL_SHARE * width
    return (is_full or is_within) and len(said) > _FULL_SHARE / 2 * width


def _is_set_as(before: Line, line: Line, setting: _Setting) -> bool:
    """Return whether a line may be of the same paragraph as the one before it: no item, no code, and not indented."""
    if _ITEM.match(line.text) or abs(before.size - line.size) >= _SAME_SIZE:
        return False
    if (before.is_fixed or line.is_fixed) and not setting.is_fixed:
        return False
    if any(_led_to(one.text.rstrip()) is not None for one in (before, line)):
        return False
    return line.x - before.x <= _INDENT * line.size or _ITEM.match(before.text) is not None


def _verse(lines: Sequence[Line], setting: _Setting) -> set[int]:
    """Return which lines are verse."""
    found: set[int] = set()
    begin = 0
    for at in range(1, len(lines) + 1):
        if at == len(lines) or not 0 < lines[at - 1].y - lines[at].y <= _PARAGRAPH_GAP * setting.leading:
            if _is_verse([line.text.strip() for line in lines[begin:at]]):
                found.update(range(begin, at))
            begin = at
    return found


def _is_verse(texts: Sequence[str]) -> bool:
    """Return whether short lines are a stanza: no word of it is broken, and no sentence ends within a line.

    Prose in a narrow column has marks at few of its lines' ends, and capitals at few of their beginnings.
    """
    if len(texts) < _VERSE_LINES or any(len(text) > _VERSE_CHARS for text in texts):
        return False
    if any(_SENTENCE_WITHIN.search(text) or _broken(text) for text in texts):
        return False
    marked = sum(_ENDS_MARKED.search(text) is not None for text in texts[:-1])
    capital = sum(text[:1].isupper() for text in texts[1:])
    count = len(texts) - 1
    return marked >= _MARKED_SHARE * count or (count >= _VERSE_LINES and capital >= _CAPITAL_SHARE * count)


def _ends_sentence(text: str) -> bool:
    return _ENDS_SENTENCE.search(text[-_TAIL:]) is not None


def _broken(text: str) -> re.Match[str] | None:
    return _BROKEN_WORD.search(text[-_TAIL:])


def _put_behind(parts: list[str], rest: str, vocabulary: _Vocabulary) -> None:
    """Put a line behind the last of the parts of a text; a word that was broken is whole, but for one with a hyphen."""
    said, rest = parts.pop().rstrip(), rest.lstrip()
    broken = _broken(said)
    between = _between(broken[1], broken[2], rest, vocabulary) if broken else " "
    parts += [said[:-1] if broken else said, between, rest]


def _between(part: str, hyphen: str, rest: str, vocabulary: _Vocabulary) -> str:
    """Return what stands between the part of a word at the end of a line and the next line: its hyphen or nothing."""
    begun = _LETTERS.match(rest)
    if not begun:
        return f"{hyphen} "
    if f"{part}-{begun[0]}" in vocabulary.hyphenated:
        return hyphen
    if hyphen == "\u00ad" or f"{part}{begun[0]}" in vocabulary.words:
        return ""
    if begun[0] in _AFTER_HYPHEN:
        return f"{hyphen} "
    return hyphen if begun[0][0].isupper() or _are_words(part, begun[0], vocabulary.words) else ""


def _are_words(part: str, other: str, words: Set[str]) -> bool:
    """Return whether two parts are words of their own, as in "lamp-lit", "e-mail" and "well-known"."""
    if len(part) == 1 or (part.lower() in _FIRST_PARTS and len(other) > _FIRST_PART):
        return True
    are_long = len(part) >= _FIRST_PART and len(other) >= _SECOND_PART and part.lower() not in _NO_FIRST_PART
    return are_long and (part in words or part.lower() in words) and other in words


def _headings(lines: Sequence[Line], setting: _Setting) -> dict[int, int]:
    """Return which lines begin headings, and how many lines each of them has."""
    found: dict[int, int] = {}
    begin = 0
    while begin < len(lines):
        end = begin + 1
        if _stands_out(lines[begin], setting):
            while end < len(lines) and _is_as(lines[end - 1], lines[end]):
                end += 1
            if end - begin <= _HEADING_LINES:
                found.update(_told_apart(lines, begin, end, setting))
        begin = end
    return found


def _stands_out(line: Line, setting: _Setting) -> bool:
    is_bolder = line.is_bold and not setting.is_bold and line.size > _NO_SMALLER * setting.size
    return line.size > _GREATER * setting.size or is_bolder


def _told_apart(lines: Sequence[Line], begin: int, end: int, setting: _Setting) -> Iterator[tuple[int, int]]:
    """Yield the headings of lines that are set alike: where each begins, and how many lines it has."""
    begins = [at for at in range(begin + 1, end) if not _is_one_heading(lines[at - 1], lines[at], setting.widths)]
    for at, next_at in pairwise([begin, *begins, end]):
        text = " ".join(line.text.strip() for line in lines[at:next_at])
        if len(text) <= _HEADING_CHARS and _WORD.search(text) and not _ENDS_TEXT.search(text):
            yield at, next_at - at


def _is_one_heading(one: Line, other: Line, widths: Mapping[int, int]) -> bool:
    """Return whether a heading goes on in the next line, for whose first word it had no room."""
    said, rest = one.text.strip(), other.text.split(maxsplit=1)
    if not rest or _SECTION.match(other.text):
        return False
    if rest[0][0].islower() or not _WORD.search(said):
        return True
    is_full = len(said) + 1 + len(rest[0]) > _FULL_SHARE * widths[round(one.size)]
    return is_full and one.y - other.y < _ONE_HEADING_LEADING * one.size


def _is_as(one: Line, other: Line) -> bool:
    """Return whether a line is set as the one just above it."""
    is_near = 0 < one.y - other.y < _HEADING_LEADING * one.size
    return is_near and abs(one.size - other.size) < _SAME_SIZE and one.is_bold is other.is_bold


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
