"""Tables of contents in a PDF: lines whose dots lead to the numbers of its pages."""

import re
from collections.abc import Sequence
from itertools import pairwise

from index.page_lines import Line

# A table of contents: so many lines, with so few others between them, and at most so many below its heading.
_OF_CONTENTS = re.compile(r"(?:\s?\.){4}\s{0,9}(?:(\d{1,4})|[ivxlc]{1,6})$")
_CONTENTS = re.compile(r"(?:table of )?contents:?|inhalt(?:sverzeichnis)?:?", re.IGNORECASE)
_INDEX = re.compile(r"(?:[^\W\d_]+\s){0,6}index", re.IGNORECASE)
_CONTENTS_CHARS, _CONTENTS_LINES, _CONTENTS_APART, _BELOW_CONTENTS = 40, 3, 8, 3


def without_contents(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Return the pages without tables of contents, which name headings and answer nothing; lists of prices stay."""
    texts = [line.text.strip() for page in pages for line in page]
    led = {at: found for at, found in enumerate(map(led_to, texts)) if found is not None}
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


def led_to(text: str) -> int | None:
    """Return the number to which the dots of a line lead, 0 where it is a Roman one, None where there are none."""
    found = _OF_CONTENTS.search(text[-_CONTENTS_CHARS:])
    return int(found[1] or 0) if found else None


def _is_of_contents(numbers: Sequence[int], above: Sequence[str], pages: int) -> bool:
    """Return whether the numbers to which lines lead are those of pages, in order or below the heading of an index."""
    if any(map(_CONTENTS.fullmatch, above)):
        return True
    is_in_order = all(one <= other for one, other in pairwise(numbers)) or any(map(_INDEX.fullmatch, above))
    return len(numbers) >= _CONTENTS_LINES and is_in_order and max(numbers) <= pages
