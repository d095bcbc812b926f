"""Structure: what a sentence of a passage stands under: the line above its list, its table's header, a heading."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from index.document import Span
from index.records import StoredPassage
from rag.content import content_words, is_negated
from rag.english import ASKING, any_of
from rag.units import CURRENCIES, MEASURES

# Fewer words say little by themselves.
FEW_WORDS = 8
_MARK = re.compile(r"(?:[-*•–◦▪+]|\d{1,3}[.)])[ \t]+")
_ROW_RULE = re.compile(r"[|:\s-]*-[|:\s-]*")
# "The Board made five recommendations." above a list; "for 90 crowns." leads to none.
_PLURALS = "years months weeks days nights hours minutes seconds cents degrees points votes times"
_MEASURES = any_of(
    [*_PLURALS.split(), *(word for word in (*MEASURES, *CURRENCIES) if word.isalpha() and word.endswith("s"))]
)
_ANNOUNCES = re.compile(
    r"\b(?:following|as follows|"
    r"(?:two|three|four|five|six|seven|eight|nine|ten|several|\d{1,2})(?: [a-z]+)? "
    rf"(?!(?:{_MEASURES})\b)[a-z]+s)\b[^.]*\.$",
    re.IGNORECASE,
)
_ASKING = re.compile(rf"{ASKING}\b", re.IGNORECASE)
_MEASURING = content_words("much many")
# The number that a heading begins with or names, of several parts.
_NUMBER = r"\d{1,3}(?:\.\d{1,3}){1,3}(?![.,]?\d|\s?%)"
_NUMBER_ABOVE = re.compile(rf"(?:^\W*v?|(?<=[\s(\[])v?)({_NUMBER})", re.IGNORECASE)
# And the one that a question gives for a version or a section: other such numbers are amounts, dates and addresses.
_SECTION_ASKED = re.compile(
    rf"\b(?:sections?|chapter|article|version|release|clause|rule|appendix|paragraph|part|v)\.? ?({_NUMBER})|"
    rf"§ ?({_NUMBER})|"
    r"(?<![\d.,$€£])(\d{1,3}\.\d{1,3}\.\d{1,3})(?![.,]?\d)",
    re.IGNORECASE,
)
_OF_A_VERSION = re.compile(
    r"\b(?:new|add(?:s|ed)?|fix(?:es|ed)?|chang(?:es?|ed)|remov(?:es?|ed)|deprecated?|improv(?:es?|ed)|introduc(?:es?|ed))\b",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?<![\d.,$€£])(\d{1,3}\.\d{1,3})(?=\W*$| (?:add|fix|chang|remov|deprecat|improv|introduc))")
_NUMBERED = re.compile(r"^\W*\d+(?:\.\d+)*[.):]?\s+")
_CELL_END = re.compile(r"(?<!\\)\|")
_LETTERS = re.compile(r"[^\W\d_]{2}")
# How long lines are that were wrapped.
_FULL_LINE = range(50, 201)
# What joins a path of headings.
BELOW = " › "
# How deep the headings are that a passage is said to stand under, the title being above them.
_BELOW_TITLE = 2
# A heading asks a question where so much of their words is the same, and less where they ask by the same word.
SAME_QUESTION, SAME_ASKING = 0.75, 0.65
# A question is answered from the same passages more than once.
_PASSAGES = 256


@dataclass(frozen=True, slots=True)
class Standing:
    """How a sentence stands in its passage.

    `lead` is the line above its list or the header of its table, and `heading` the path of headings above it. It
    `goes_on` where it is of the paragraph, or the item, of the sentence before it, and `adjoins` that one where no
    heading is between them. `begins_item` of a list, which it is `of_list` with the other sentences of the item; that
    item may be one that `is_numbered`.
    """

    heading: str
    lead: Span | None
    adjoins: bool
    goes_on: bool
    begins_item: bool
    of_list: bool
    is_row: bool = False
    is_header: bool = False
    is_numbered: bool = False


@lru_cache(_PASSAGES)
def structure_of(passage: StoredPassage) -> dict[int, Standing]:
    """Return how each sentence of a passage stands, in order, by where it begins."""
    standing: dict[int, Standing] = {}
    path = [(level, label) for level, label in enumerate(passage.heading.split(BELOW), _BELOW_TITLE) if label]
    before: tuple[Span, Standing] | None = None
    for span in passage.sentences:
        gap = passage.slice(Span(before[0].end if before else passage.span.start, span.start))
        if before and not gap.strip() and not passage.text.startswith("|", span.start - passage.span.start):
            of_line = "\n" not in gap
            stood = _after_blank(before[1], of_line=of_line, goes_on=of_line or _is_wrapped(passage, span, gap))
        else:
            path = _path_below(path, gap, passage.metadata.title)
            stood = _standing(passage, span, gap, BELOW.join(label for _, label in path), before)
        before = span, stood
        standing[span.start] = stood
    return standing


@lru_cache(_PASSAGES)
def _after_blank(before: Standing, *, of_line: bool, goes_on: bool) -> Standing:
    """Return how a sentence stands that only white space parts from the one before it, most often a blank."""
    of_list = of_line and before.of_list
    lead = before.lead if of_list else None
    return Standing(before.heading, lead, adjoins=True, goes_on=goes_on, begins_item=False, of_list=of_list)


def _standing(
    passage: StoredPassage, span: Span, gap: str, heading: str, before: tuple[Span, Standing] | None
) -> Standing:
    mark = gap.rpartition("\n")[2].lstrip()
    begins_item = _MARK.fullmatch(mark) is not None
    between = gap[: len(gap) - len(mark)] if begins_item else gap
    adjoins = before is not None and not between.strip(" \t\n|:-")
    is_row = passage.slice(span).startswith("|")
    is_header = is_row and _is_rule(passage.text[span.end - passage.span.start :])
    goes_on = adjoins and not begins_item and not is_row and ("\n" not in gap or _is_wrapped(passage, span, gap))
    last, stood = before if before and adjoins else (None, None)
    of_list = begins_item or bool(stood and stood.of_list and "\n" not in gap)
    lead = None
    if is_row and stood and stood.is_row and not is_header:
        lead = last if stood.is_header else stood.lead
    elif begins_item and stood and last:
        leads = _leads(passage.slice(last)) and not stood.is_row
        lead = stood.lead if stood.of_list else last if leads else None
    elif stood and of_list:
        lead = stood.lead
    is_numbered = begins_item and mark[:1].isdigit()
    return Standing(heading, lead, adjoins, goes_on, begins_item, of_list, is_row, is_header, is_numbered)


def _leads(text: str) -> bool:
    """Return whether a sentence leads to the list below it: by a colon, or by saying how many things it has."""
    return text.endswith(":") or _ANNOUNCES.search(text) is not None


def _is_wrapped(passage: StoredPassage, span: Span, gap: str) -> bool:
    """Return whether a line ends before a sentence only because it was full."""
    end = span.start - len(gap) - passage.span.start
    line = passage.text[passage.text.rfind("\n", 0, end) + 1 : end]
    return gap.count("\n") == 1 and _FULL_LINE.start <= len(line) < _FULL_LINE.stop


def _is_rule(below: str) -> bool:
    return _ROW_RULE.fullmatch(below.lstrip("\n").partition("\n")[0]) is not None


def _path_below(path: list[tuple[int, str]], gap: str, title: str | None) -> list[tuple[int, str]]:
    """Return the path of headings after what stands between two sentences; the title is no part of it.

    In plain text nobody knows how deep a heading is: each is taken for one below the title.
    """
    for line in map(str.strip, gap.split("\n")):
        marks, label = len(line) - len(line.lstrip("#")), line.strip("# ")
        if label and (marks or _LETTERS.search(label)):
            level = marks or _BELOW_TITLE
            path = [above for above in path if above[0] < level] + ([(level, label)] if label != title else [])
    return path


def asked_above(question: str, passage: StoredPassage) -> list[Span]:
    """Return the sentences that stand first below a heading that asks the question, in about the same words.

    "Why the budget doubled" asks, too.
    """
    title = content_words(passage.metadata.title or "")
    begins = passage.text[: passage.sentences[0].start - passage.span.start].strip() if passage.sentences else ""
    found, above = [], "" if begins else passage.heading
    for span, standing in zip(passage.sentences, structure_of(passage).values(), strict=True):
        if standing.heading != above and _asks_the_same(question, standing.heading.rpartition(BELOW)[2], title):
            found.append(span)
        above = standing.heading
    return found


def _asks_the_same(question: str, heading: str, title: frozenset[str]) -> bool:
    """Return whether a heading asks a question; what the title has need not be said again below it."""
    asking, others = (_ASKING.match(text) for text in (question, heading))
    if not (heading.endswith("?") or others) or (asking and asking[0].lower()) != (others and others[0].lower()):
        return False
    asked, said = (content_words(text) - _MEASURING for text in (question, heading))
    asked -= title - said
    least = SAME_ASKING if asking else SAME_QUESTION
    return len(asked & said) >= least * max(len(asked), len(said), 1) and is_negated(question) is is_negated(heading)


def heads(question: str, path: str) -> bool:
    """Return whether the last heading of a path has words, its number aside, and none but the question's."""
    heading = _NUMBERED.sub("", path.rpartition(BELOW)[2])
    return frozenset() < content_words(heading) <= content_words(question)


@lru_cache(_PASSAGES)
def numbers_above(path: str) -> frozenset[str]:
    """Return the numbers of versions and sections, of several parts, in a path of headings."""
    return frozenset(number for label in path.split(BELOW) for number in _NUMBER_ABOVE.findall(label))


@lru_cache(_PASSAGES)
def section_asked(question: str) -> frozenset[str]:
    """Return the numbers of versions and sections that a question asks about; "4.2 litres" is none."""
    found = {number for numbers in _SECTION_ASKED.findall(question) for number in numbers if number}
    versions = _VERSION.findall(question) if _OF_A_VERSION.search(question) else ()
    return frozenset(found.union(versions))


def completed_by(passage: StoredPassage, standing: Standing) -> Span | None:
    """Return what a sentence needs to be understood: its table's header, or the few words above its list."""
    if standing.lead is None or not (standing.is_row or standing.begins_item):
        return None
    says_little = len(passage.slice(standing.lead).split()) < FEW_WORDS
    return standing.lead if says_little or standing.is_row else None


def cells_of(row: str) -> list[str]:
    """Return the cells of a row of a table, a pipe with a backslash before it being of the text."""
    row = row.strip().removeprefix("|")
    cells = _CELL_END.split(row.removesuffix("|") if not row.endswith("\\|") else row)
    return [cell.replace("\\|", "|") for cell in cells]


def led_by(passage: StoredPassage, span: Span) -> list[Span]:
    """Return what a sentence leads to, in order: the items of a list, or after a colon another sentence."""
    text, own = passage.slice(span), structure_of(passage)[span.start]
    # What an item announces is in its own sentences ("two homes were lost"), not in the items after it.
    if not _leads(text) or own.is_row or (own.of_list and not text.endswith(":")):
        return []
    led: list[Span] = []
    for after, standing in _after(passage, span):
        goes_on = standing.of_list or standing.is_row or (not led and text.endswith(":"))
        if not standing.adjoins or not goes_on:
            break
        led.append(after)
        if not (standing.of_list or standing.is_row):
            break
    return led


def list_of(passage: StoredPassage, span: Span) -> Span | None:
    """Return where the whole list stands that a sentence is of, without a line above it; None where it is of none."""
    structure = structure_of(passage)
    if not structure[span.start].of_list:
        return None
    first, last = span, span
    for one in reversed(passage.sentences[: passage.sentences.index(span)]):
        if not (structure[first.start].adjoins and structure[one.start].of_list):
            break
        first = one
    for one in passage.sentences[passage.sentences.index(span) + 1 :]:
        if not (structure[one.start].adjoins and structure[one.start].of_list):
            break
        last = one
    line = passage.slice(Span(passage.span.start, first.start)).rpartition("\n")[2]
    is_numbered = line[:1].isdigit() and _MARK.fullmatch(line)
    return Span(first.start - len(line) if is_numbered else first.start, last.end)


def goes_on_to(passage: StoredPassage, span: Span) -> Span | None:
    """Return the sentence that goes on in the paragraph of another, None where that ends it."""
    after, standing = next(_after(passage, span), (None, None))
    return after if standing and standing.goes_on else None


def _after(passage: StoredPassage, span: Span) -> Iterator[tuple[Span, Standing]]:
    structure = structure_of(passage)
    return ((other, structure[other.start]) for other in passage.sentences if other.start >= span.end)
