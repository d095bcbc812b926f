"""The reader at work: the score of a candidate that it has read, and the characters of the document that answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from index.document import Span
from index.furniture import without_inline_at
from index.onnx_model import Rows
from index.reader import PairReading, Reader
from index.records import StoredPassage
from rag.evidence import Evidence, Found, Place

# What a unit of the reader's logit adds to a score, and how far such a logit goes at most. Both were chosen on gold dev
# and on parts of the training sets that were kept apart.
SHARE, LARGEST_LOGIT = 0.02, 6.0
# More candidates change next to nothing at this share.
READ = 10
# Of title and headings so many characters are read at most, so that they leave room for the passage.
LONGEST_CONTEXT = 300
# An answer has so many tokens at most.
MAX_ANSWER_TOKENS = 30


@dataclass(frozen=True, slots=True)
class PassageText:
    """A passage as it is read: its title and headings, then its text without inline furniture.

    The text begins at `begin`; `offsets` says of each of its characters where it stands in the document.
    """

    text: str
    begin: int
    offsets: Sequence[int]

    def in_document(self, span: Span) -> Span:
        """Return where a span of what is read, inside the passage's own text, stands in the document."""
        first, last = self.offsets[span.start - self.begin], self.offsets[span.end - 1 - self.begin]
        return Span(first, last + 1)


def passage_text(passage: StoredPassage) -> PassageText:
    """Return a passage as it is read."""
    context = " › ".join(filter(None, (passage.metadata.title, passage.heading)))[:LONGEST_CONTEXT]
    body, offsets = without_inline_at(passage.text, Span(0, len(passage.text)))
    before = f"{context}\n" if context else ""
    return PassageText(before + body, len(before), [offset + passage.span.start for offset in offsets])


class ReaderRereading:
    """Rereads with the reader: a candidate's score is the first ranking's and a share of the relevance it finds."""

    depth = READ
    reach = SHARE * LARGEST_LOGIT

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def reread(self, question: str, item: Evidence) -> Evidence:
        """Return a candidate with what the reader finds in it, and the score that follows."""
        text = passage_text(item.passage)
        reading = self._reader.read(question, text.text)
        found = Found(reading.relevance, reading.no_answer, _places(reading, text, item.passage.sentences))
        bounded = min(max(reading.relevance, -LARGEST_LOGIT), LARGEST_LOGIT)
        return replace(item, score=item.score + SHARE * bounded, found=found)


def _places(reading: PairReading, text: PassageText, sentences: Sequence[Span]) -> dict[Span, Place]:
    """Return, for each sentence that has tokens of its own, the likeliest answer in it.

    Title and headings may hold an answer but are not cited; what of the probability they take, no sentence has.
    """
    tokens = [
        (number, text.in_document(Span(start, end)))
        for number, (start, end) in enumerate(reading.offsets.tolist())
        if text.begin <= start < end
    ]
    places = {}
    for sentence in sentences:
        own = [(number, span) for number, span in tokens if sentence.start <= span.start and span.end <= sentence.end]
        if own:
            numbers = [number for number, _ in own]
            first, last = _likeliest(reading.starts[numbers], reading.ends[numbers])
            answer = Span(own[first][1].start, own[last][1].end)
            places[sentence] = Place(answer, float(np.exp(reading.starts[numbers]).sum()))
    return places


def _likeliest(starts: Rows, ends: Rows) -> tuple[int, int]:
    """Return the first and the last token of the likeliest answer."""
    count = len(starts)
    both = np.add.outer(starts, ends)
    both[~(np.tri(count, k=MAX_ANSWER_TOKENS - 1, dtype=bool) & np.tri(count, dtype=bool).T)] = -np.inf
    first, last = divmod(int(both.argmax()), count)
    return first, last
