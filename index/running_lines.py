"""Running lines: headers and footers, which a PDF repeats on its pages and which are no text of the article.

They are left out when the text is extracted, as the frame of a web page is. A line goes only from the edge of a page,
only where lines of the same words stand at the edges of other pages, and only where its numbers are the same there or
count the pages, or where a browser printed it: to lose a real line is worse than to keep a running one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

# A header or footer has at most so many lines, each of so many characters.
_EDGE_LINES, _LINE_CHARS = 4, 200
# Left and right pages may differ, and the first page of a chapter may have none.
_LEAST_PAGES, _LEAST_SHARE = 3, 0.4
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_PAGE_NUMBER = re.compile(
    r"\W*\d{1,4}\W*|\d{1,4}\s[^\d.)]+|.*\b(?:page|seite|p\.|s\.)\s*\d{1,4}\b.*|\W*\d{1,4}\s?(?:/|of|von)\s?\d{1,4}\W*",
    re.IGNORECASE,
)
_DATE_OR_ADDRESS = re.compile(
    r"\w://|\bwww\.|\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|\b\d{1,2}:\d\d\b|\b\d{1,2}\.? [A-Z]\w+ \d{4}\b"
)
# What a browser prints above and below a page, which may be the only one.
_PRINTED_ABOVE = re.compile(r"\s*\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}, \d{1,2}:\d\d(?:\s?[AP]M)?\b.*", re.IGNORECASE)
_PRINTED_BELOW = re.compile(r"\s*(?:file|https?)://\S+\s+(?:Page )?\d{1,4}(?:/| of )\d{1,4}\s*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?][\"”’»)]*$")
_SENTENCE_WORDS = 4
# A number that counts the pages is no year.
_YEARS = range(1900, 2101)
_MAX_DIGITS = 6
# What has the page's number before or behind it is no longer than this: a chapter's title.
_NUMBERED_CHARS = 90
_OUTER_NUMBER = re.compile(r"^\d{1,4}(?=\s|$)|(?<=\s)\d{1,4}$")

_Key = tuple[str, int, int]


def without_running_lines(pages: Sequence[str]) -> list[str]:
    """Return the texts of a document's pages without their headers and footers.

    What stands at the top of the first page and has no number may be the title, and stays.
    """
    seen = Counter(
        key
        for page_no, page in enumerate(pages)
        for key in {key for line in _edge_lines(page) for key in _keys(line, page_no)}
    )
    numbered = _numbered(pages)
    texts = []
    for page_no, page in enumerate(pages):
        running = {line for line in _edge_lines(page) if _is_running(line, page_no, seen, len(pages))}
        running |= _printed(_edge_lines(page)) | numbered[page_no]
        lines = page.split("\n")
        header = running if page_no else {line for line in running if _NUMBER.search(line)}
        del lines[: _taken(lines, header)]
        texts.append("\n".join(lines[: len(lines) - _taken(lines[::-1], running)]))
    # Pages that are all alike have no other text.
    return texts if any(text.strip() for text in texts) else list(pages)


def _edge_lines(page: str) -> set[str]:
    lines = [line for line in page.split("\n") if line.strip()]
    return {*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:]}


class _Found(NamedTuple):
    """A number with which a line at the edge of a page begins or ends, and what the number of the first page is then.

    `words` is what else the line says.
    """

    page_no: int
    line: str
    words: str
    side: str
    first: int


def _numbered(pages: Sequence[str]) -> list[set[str]]:
    """Return the lines at the edges of each page that are its number, or a few words with it behind or before them.

    The numbers of pages stand alone somewhere, and begin or end the lines of many. No page has its own twice, and what
    is said beside it is said on another page, too: "Lesson 1" above another such line is a heading, as "1 Gather wood".
    """
    edges = [_edge_lines(page) for page in pages]
    found = [one for page_no, lines in enumerate(edges) for line in lines for one in _outer_numbers(line, page_no)]
    on_pages = Counter(first for _, first in {(one.page_no, one.first) for one in found})
    alone = {one.first for one in found if not one.words}
    first = max(alone, key=lambda first: (on_pages[first], -first), default=None)
    numbered: list[set[str]] = [set() for _ in pages]
    if first is None or on_pages[first] < max(_LEAST_PAGES, _LEAST_SHARE * len(pages)):
        return numbered
    counting = [one for one in found if one.first == first]
    # "1 Introduction" may be on the first page by chance.
    sides = Counter(one.side for one in counting if one.words)
    for one in counting:
        if not one.words:
            numbered[one.page_no].add(one.line)
    beside = [one for one in counting if one.words and not numbered[one.page_no] and sides[one.side] >= _LEAST_PAGES]
    whole = {(page_no, " ".join(line.split())) for page_no, lines in enumerate(edges) for line in lines}
    said = Counter(words for _, words in whole | {(one.page_no, one.words) for one in beside})
    times = Counter(page_no for page_no, _ in {(one.page_no, one.line) for one in beside})
    for one in beside:
        if said[one.words] > 1 and times[one.page_no] == 1:
            numbered[one.page_no].add(one.line)
    return numbered


def _outer_numbers(line: str, page_no: int) -> Iterator[_Found]:
    """Yield the numbers with which a short line that is no sentence begins and ends."""
    text = line.strip()
    if len(text) <= _NUMBERED_CHARS and not _SENTENCE_END.search(text):
        for found in _OUTER_NUMBER.finditer(text):
            if int(found[0]) not in _YEARS:
                words = " ".join(f"{text[: found.start()]}{text[found.end() :]}".split())
                yield _Found(page_no, line, words, "behind" if found.start() else "before", int(found[0]) - page_no)


def _printed(lines: Set[str]) -> set[str]:
    """Return the lines that a browser printed, none where not both of them are there."""
    printed = [{line for line in lines if form.fullmatch(line)} for form in (_PRINTED_ABOVE, _PRINTED_BELOW)]
    return printed[0] | printed[1] if all(printed) else set()


def _is_running(line: str, page_no: int, seen: Mapping[_Key, int], pages: int) -> bool:
    """Tell whether lines like it stand at the edges of most pages, which may be two where it has a date or the like."""
    if len(line) > _LINE_CHARS:
        return False
    on = max((seen[key] for key in _keys(line, page_no)), default=0)
    is_marked = _PAGE_NUMBER.fullmatch(line.strip()) or _DATE_OR_ADDRESS.search(line)
    return on >= max(_LEAST_PAGES, _LEAST_SHARE * pages) or (is_marked is not None and on > max(1, pages / 2))


def _taken(lines: Sequence[str], running: Set[str]) -> int:
    """Return how many of the lines, from the first, are a header."""
    taken = header = 0
    for at, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if header == _EDGE_LINES or line not in running:
            break
        taken, header = at, header + 1
    return taken


def _keys(line: str, page_no: int) -> Iterator[_Key]:
    """Yield what a line has in common with others like it: all it says, or its words and how a number counts pages."""
    if len(line) > _LINE_CHARS:
        return
    words = _WORD.findall(line)
    if words:
        yield " ".join(line.split()), 0, 0
    is_sentence = len(words) >= _SENTENCE_WORDS and _SENTENCE_END.search(line.strip())
    # "Lesson plan 3" may be the heading of a page of its own; "3 Metals and mines" seldom is.
    if is_sentence or not (_PAGE_NUMBER.fullmatch(line.strip()) or _DATE_OR_ADDRESS.search(line)):
        return
    form = " ".join(_NUMBER.sub("#", line).split())
    for at, number in enumerate(_NUMBER.findall(line), 1):
        if len(number) <= _MAX_DIGITS and int(number) not in _YEARS:
            yield form, at, int(number) - page_no
