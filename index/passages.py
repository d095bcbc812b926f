"""Passages: an article's blocks packed into slices that the embedding model reads whole.

A passage starts and ends at blocks, keeps a heading with what stands under it and a list with the line that
introduces it, and holds as many tokens as fit. Only a block larger than a passage is divided: a list at its items, a
table at its rows, a paragraph at its sentences, and a sentence of its own that is too long by semantic-text-splitter.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from semantic_text_splitter import TextSplitter
from tokenizers import Tokenizer

from index.blocks import LIST_LABEL, Block, BlockKind, item_content, trimmed
from index.document import Passage, Span
from index.furniture import furniture_spans
from index.sentences import sentence_bounds

# A token counts for at most this many characters, so that a line without spaces, which some tokenizers
# read as one unknown word, is bounded too.
CHARS_A_TOKEN = 8
# A long sentence is divided so many passages at a time.
_WINDOW_PASSAGES = 16
# A long paragraph is searched for sentences in so many characters at a time: sentencex takes the square of what it is
# given where many quotation marks stand in it, and lets no other thread run meanwhile.
_WINDOW_CHARS = 8000
# What closes an emphasis, and a label that is all of one.
_CLOSING = re.compile(r"(?:\*{1,3}|_{1,3})(?=\s|$)")
_LABEL = re.compile(r"(\*\*|__)(?:(?!\1).)+\1[.:?!]?", re.DOTALL)
_LABEL_CHARS = 80


@dataclass(frozen=True, slots=True)
class Splitting:
    """How articles are split: a passage is closed at a heading once it holds `full_tokens`, and by `max_tokens`.

    `context_tokens` of the title and the headings are embedded with it; together they stay inside the 256 tokens that
    the smallest usual models read.
    """

    full_tokens: int = 120
    max_tokens: int = 200
    context_tokens: int = 48

    @property
    def max_chars(self) -> int:
        """The most characters of a passage."""
        return self.max_tokens * CHARS_A_TOKEN

    @property
    def name(self) -> str:
        """What the data records: passages of one name are split alike."""
        return f"blocks-{self.full_tokens}-{self.max_tokens}-{self.context_tokens}-v6"


STANDARD = Splitting()


class Splitter:
    """Splits articles into passages measured in the tokens of one tokenizer.

    `tokenizer_json` is the tokenizer's own file in the format of the `tokenizers` library.
    """

    def __init__(self, tokenizer_json: str, splitting: Splitting = STANDARD) -> None:
        self.splitting = splitting
        self._tokenizer = _tokenizer(tokenizer_json)

    @cached_property
    def _long_sentences(self) -> TextSplitter:
        return TextSplitter.from_huggingface_tokenizer(self._tokenizer, self.splitting.max_tokens, trim=False)

    def count(self, text: str) -> int:
        """Return the number of tokens in `text`, special ones not counted."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def first_tokens(self, text: str, limit: int) -> str:
        """Return `text` up to its `limit`-th token."""
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return text if len(offsets) <= limit else text[: offsets[limit - 1][1]]

    def split(self, text: str, blocks: Sequence[Block], title: str | None) -> tuple[Passage, ...]:
        """Return the passages of an article in order; none overlap, and all that is not masked is in one."""
        masked = set(furniture_spans(text, blocks))
        ruler = self._ruler(text, [block for block in blocks if block.span not in masked])
        passages: list[Passage] = []
        for run in _runs(blocks, masked):
            parts: list[_Unit] = []
            for unit in _units(text, run, title):
                parts.extend(self._parts(text, unit, ruler))
            passages.extend(_packed(parts, ruler, self.splitting))
        return tuple(passages)

    def _ruler(self, text: str, blocks: Sequence[Block]) -> "_Ruler":
        starts, ends = array("q"), array("q")
        for block in blocks:
            offsets = self._tokenizer.encode(block.span.of(text), add_special_tokens=False).offsets
            starts.extend(block.span.start + start for start, _ in offsets)
            ends.extend(block.span.start + end for _, end in offsets)
        return _Ruler(starts, ends)

    def _parts(self, text: str, unit: "_Unit", ruler: "_Ruler") -> Iterator["_Unit"]:
        """Yield the unit, or where it exceeds a passage its pieces, each within the most tokens."""
        if ruler.tokens(unit.span) <= self.splitting.max_tokens:
            yield unit
            return
        opens = unit.opens_section
        for start, end in pairwise(self._cuts(text, unit, ruler)):
            span = trimmed(text, Span(start, end))
            if span.start < span.end:
                yield _Unit(span, unit.heading, tuple(_clipped(unit.sentences, span)), (), opens)
                opens = False

    def _cuts(self, text: str, unit: "_Unit", ruler: "_Ruler") -> list[int]:
        """Return where to cut a unit, its two ends included: before sentences, and inside those that are too long."""
        bounds = [unit.span.start, *unit.starts[1:], unit.span.end]
        cuts = [unit.span.start]
        for start, end in pairwise(bounds):
            piece = trimmed(text, Span(start, end))
            if ruler.tokens(Span(cuts[-1], piece.end)) <= self.splitting.max_tokens:
                continue
            if start > cuts[-1]:
                cuts.append(start)
            if ruler.tokens(piece) > self.splitting.max_tokens:
                cuts.extend(self._cuts_of_long_sentence(text, Span(start, end)))
        return [*cuts, unit.span.end]

    def _cuts_of_long_sentence(self, text: str, span: Span) -> Iterator[int]:
        """Yield the offsets strictly inside `span` at which a sentence that is too long is divided."""
        most = self.splitting.max_chars
        for window in _windows(text, span, _WINDOW_PASSAGES * most):
            for offset, piece in self._long_sentences.chunk_indices(window.of(text)):
                start = window.start + offset
                if start > span.start:
                    yield start
                yield from range(start + most, start + len(piece), most)


class _Ruler:
    """Measures spans of one text in tokens, by the code-point offsets of each token, ascending."""

    def __init__(self, token_starts: Sequence[int], token_ends: Sequence[int]) -> None:
        self._starts = token_starts
        self._ends = token_ends

    def tokens(self, span: Span) -> int:
        """Return the size of `span` in tokens, or in `CHARS_A_TOKEN` characters where that is more."""
        first = bisect_left(self._ends, span.start + 1)
        last = bisect_left(self._starts, span.end)
        return max(last - first, -(-(span.end - span.start) // CHARS_A_TOKEN))


@dataclass(frozen=True, slots=True)
class _Unit:
    """A run of blocks that stays together, with the path of headings above it.

    `starts` are the offsets at which it may be divided: its sentences', but an item's own for the item's first.
    """

    span: Span
    heading: str
    sentences: tuple[Span, ...]
    starts: tuple[int, ...]
    opens_section: bool


@lru_cache(maxsize=4)
def _tokenizer(tokenizer_json: str) -> Tokenizer:
    """Return the tokenizer that measures texts of any length; any number of threads may encode with it at once."""
    tokenizer = Tokenizer.from_str(tokenizer_json)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _runs(blocks: Sequence[Block], masked: set[Span]) -> Iterator[list[Block]]:
    """Yield the stretches of blocks between masked ones; a run after the first opens with the headings above it.

    A heading so repeated is not part of the run's text: it has an empty span.
    """
    run: list[Block] = []
    above: list[Block] = []
    for block in blocks:
        if block.span in masked:
            if any(member.span.start < member.span.end for member in run):
                yield run
            run = list(above)
            continue
        if block.kind is BlockKind.HEADING:
            above = [heading for heading in above if heading.level < block.level]
            above.append(Block(block.kind, Span(0, 0), block.level, block.label))
        run.append(block)
    if any(member.span.start < member.span.end for member in run):
        yield run


def _units(text: str, run: list[Block], title: str | None) -> Iterator[_Unit]:
    """Yield headings with the block under them, lists with the line above them, and other blocks alone."""
    path: list[Block] = []
    pending: list[Block] = []
    for block, following in zip(run, [*run[1:], None], strict=True):
        if block.kind is BlockKind.HEADING:
            path = [heading for heading in path if heading.level < block.level] + [block]
            if block.span.start == block.span.end:
                continue
        elif path and path[-1].level == LIST_LABEL and block.kind is not BlockKind.ITEM:
            path.pop()
        pending.append(block)
        if following is not None and following.span.start < following.span.end and _holds_on(text, block, following):
            continue
        heading = " › ".join(above.label for above in path if above.label != title)
        found = [(member, tuple(_sentences(text, member))) for member in pending]
        sentences = tuple(sentence for _, in_member in found for sentence in in_member)
        starts = tuple(start for member, in_member in found for start in _starts(member, in_member))
        opens = pending[0].kind is BlockKind.HEADING
        yield _Unit(Span(pending[0].span.start, pending[-1].span.end), heading, sentences, starts, opens)
        pending = []


def _holds_on(text: str, block: Block, following: Block) -> bool:
    """Tell whether `block` would be cut from its sense if `following` stood in another passage."""
    if block.kind is BlockKind.HEADING:
        return True
    if following.kind is BlockKind.ITEM:
        return block.kind is BlockKind.ITEM or block.span.of(text).endswith(":")
    return following.kind is BlockKind.TABLE and block.span.of(text).endswith(":")


def _sentences(text: str, block: Block) -> Iterator[Span]:
    """Yield the sentences of a block: none of a heading, a table's rows without its rule, an item without its mark."""
    if block.kind is BlockKind.HEADING:
        return
    if block.kind is BlockKind.TABLE:
        yield from _rows(text, block.span)
        return
    span = item_content(text, block.span) if block.kind is BlockKind.ITEM else block.span
    for sentence in _with_labels(text, (trimmed(text, found) for found in _sentences_in(text, span))):
        if any(character.isalnum() for character in sentence.of(text)):
            yield sentence


def _with_labels(text: str, sentences: Iterable[Span]) -> Iterator[Span]:
    """Yield the sentences of a block, a label in bold ("**Note.**") together with the sentence that it labels.

    Marks that close an emphasis stay with the sentence before them.
    """
    held: Span | None = None
    for sentence in sentences:
        touches = held is not None and held.end == sentence.start
        if held and touches and (closing := _CLOSING.match(text, sentence.start, sentence.end)):
            held = Span(held.start, closing.end())
            sentence = trimmed(text, Span(closing.end(), sentence.end))
            if sentence.start == sentence.end:
                continue
        if held and _LABEL.fullmatch(text, held.start, held.end) and held.end - held.start <= _LABEL_CHARS:
            sentence = Span(held.start, max(held.end, sentence.end))
        elif held:
            yield held
        held = sentence
    if held:
        yield held


def _sentences_in(text: str, span: Span) -> Iterator[Span]:
    """Yield the sentences of a paragraph; one that reaches the end of a window is looked at anew from its start."""
    start = span.start
    while start < span.end:
        window = Span(start, min(start + _WINDOW_CHARS, span.end))
        bounds = sentence_bounds(window.of(text), article=True)
        whole = bounds[:-1] if window.end < span.end and len(bounds) > 1 else bounds
        for bound in whole:
            yield Span(start + bound.start, start + bound.end)
        start = start + whole[-1].end if len(whole) < len(bounds) else window.end


def _starts(block: Block, sentences: Sequence[Span]) -> Iterator[int]:
    for at, sentence in enumerate(sentences):
        yield block.span.start if at == 0 and block.kind is BlockKind.ITEM else sentence.start


def _rows(text: str, span: Span) -> Iterator[Span]:
    start = span.start
    for row in span.of(text).split("\n"):
        if any(character.isalnum() for character in row):
            yield trimmed(text, Span(start, start + len(row)))
        start += len(row) + 1


def _clipped(sentences: Sequence[Span], span: Span) -> Iterator[Span]:
    """Yield the parts of the sentences that lie in `span`; the sentences are in order and do not overlap."""
    first = bisect_right(sentences, span.start, key=lambda sentence: sentence.end)
    last = bisect_left(sentences, span.end, key=lambda sentence: sentence.start)
    for sentence in sentences[first:last]:
        yield Span(max(sentence.start, span.start), min(sentence.end, span.end))


def _windows(text: str, span: Span, chars: int) -> Iterator[Span]:
    """Yield consecutive parts of a long sentence, each at most so long and cut at white space where there is any.

    The time that semantic-text-splitter takes grows with the square of the text it is given.
    """
    start = span.start
    while span.end - start > chars:
        cut = start + chars
        gap = max(text.rfind(" ", start + 1, cut), text.rfind("\n", start + 1, cut))
        end = gap + 1 if gap > 0 else cut
        yield Span(start, end)
        start = end
    yield Span(start, span.end)


def _packed(units: list[_Unit], ruler: _Ruler, splitting: Splitting) -> Iterator[Passage]:
    """Yield passages of consecutive units, each as full as it may be, closed at a heading when full enough."""
    held: list[_Unit] = []
    for unit in units:
        if held:
            so_far = Span(held[0].span.start, held[-1].span.end)
            grown = Span(so_far.start, unit.span.end)
            closes = unit.opens_section and ruler.tokens(so_far) >= splitting.full_tokens
            if closes or ruler.tokens(grown) > splitting.max_tokens:
                yield _passage(held)
                held = []
        held.append(unit)
    if held:
        yield _passage(held)


def _passage(units: list[_Unit]) -> Passage:
    sentences = tuple(sentence for unit in units for sentence in unit.sentences)
    return Passage(Span(units[0].span.start, units[-1].span.end), units[0].heading, sentences)
