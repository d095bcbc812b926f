"""Page layout: which lines of a PDF are headings, by their type, and where paragraphs end, by the distance of lines.

Blank lines are put where the page has them to the eye, because plain text is divided there.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from index.broken_words import END_CHARS, Vocabulary, broken_at_end, put_behind, vocabulary_of
from index.contents_tables import led_to, without_contents
from index.page_lines import Line

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
_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDS_TEXT = re.compile(r"[.,;!]\W*$")
_ENDS_MARKED = re.compile(r"[.,;:!?…—–][\"”’»)]*$")
_SENTENCE_WITHIN = re.compile(r"[.!?][\"”’»)]*\s+[^\W\d_a-zß-öø-ÿ]")
_ENDS_SENTENCE = re.compile(r"[.!?:][\"”’»)]*\s*$")
_ITEM = re.compile(r"\s*(?:[•‣◦▪●·\uf0b7–-]|\d{1,3}[.)]|[a-z][.)])\s")
_SECTION = re.compile(r"\s*(?:\d{1,2}(?:\.\d{1,2}){0,4}[.)]?|[A-Z]\.)\s+[^\W\d_a-z]")


class PageText(NamedTuple):
    """The text of a page, and the lines of it that may go on overleaf: such as end within a sentence, and no notes."""

    text: str
    open_ends: frozenset[str]


def laid_out(pages: Sequence[Sequence[Line]], check_time: Callable[[], None] = lambda: None) -> list[PageText]:
    """Return the texts of a document's pages: paragraphs each on a line, and blank lines around headings.

    `check_time` is called for each line, and may raise what it will.
    """
    pages = without_contents(pages)
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
    vocabulary = vocabulary_of(line for page in pages for line in page.split("\n"))
    parts: list[str] = []
    is_open = False
    for page, ends in zip(pages, open_ends, strict=True):
        said = page.strip("\n")
        if not said:
            continue
        if is_open and said[0].islower():
            put_behind(parts, said, vocabulary)
        else:
            parts += ["\n\n", said] if parts else [said]
        is_open = said.rsplit("\n", 1)[-1].strip() in ends
    return "".join(parts)


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
    vocabulary: Vocabulary


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
        vocabulary=vocabulary_of(line.text for line in lines),
    )


def _full_width(lengths: Sequence[int]) -> int:
    # Few rows of tables are longer than a full line.
    return sorted(lengths)[-1 - len(lengths) // 20] if lengths else 0


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
        put_behind(rows[-1], line.text, setting.vocabulary)
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
    if is_within and broken_at_end(said):
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
    if any(led_to(one.text.rstrip()) is not None for one in (before, line)):
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
    if any(_SENTENCE_WITHIN.search(text) or broken_at_end(text) for text in texts):
        return False
    marked = sum(_ENDS_MARKED.search(text) is not None for text in texts[:-1])
    capital = sum(text[:1].isupper() for text in texts[1:])
    count = len(texts) - 1
    return marked >= _MARKED_SHARE * count or (count >= _VERSE_LINES and capital >= _CAPITAL_SHARE * count)


def _ends_sentence(text: str) -> bool:
    return _ENDS_SENTENCE.search(text[-END_CHARS:]) is not None


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
