"""Turns: who speaks in an interview that names its speakers, and what is only asked there."""

import re
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from index.analysis import CAPITAL
from index.document import Span
from index.records import StoredPassage

# "ODUYA: " or "**Lena Forst:** " at the beginning of a line.
_LABEL = re.compile(
    rf"^[ \t>]*(?P<mark>\*\*|__)?(?P<speaker>{CAPITAL}[\w’'.-]*(?: [\w’'.-]+){{0,3}}):"
    r"(?(mark)(?P=mark)|(?!\*))[ \t]+(?=\S)",
    re.MULTILINE,
)
# So many turns at least, of so many speakers, make a conversation and no list of labels.
_FEWEST_TURNS, _SPEAKERS = 3, range(2, 5)
# A question is answered from the same passages more than once.
_PASSAGES = 256


class Turn(NamedTuple):
    """What one speaker says until the next one does; one who only asks is the interviewer."""

    span: Span
    speaker: str
    only_asks: bool


@lru_cache(_PASSAGES)
def turns_of(passage: StoredPassage) -> tuple[Turn, ...]:
    """Return the turns in a passage, in order; none where it is no conversation."""
    labels = list(_LABEL.finditer(passage.text))
    said = Counter(label["speaker"] for label in labels)
    if len(labels) < _FEWEST_TURNS or len(said) not in _SPEAKERS or len(said) == len(labels):
        return ()
    ends = [*(label.start() for label in labels[1:]), len(passage.text)]
    turns = list(zip(labels, ends, strict=True))
    asked = Counter(label["speaker"] for label, end in turns if "?" in passage.text[label.end() : end])
    most = max(said, key=lambda speaker: asked[speaker])
    asks_most = 2 * asked[most] >= said[most] and asked.total() - asked[most] < asked[most]
    start = passage.span.start
    return tuple(
        Turn(Span(start + label.start(), start + end), label["speaker"], asks_most and label["speaker"] == most)
        for label, end in turns
    )


def turn_at(passage: StoredPassage, span: Span) -> Turn | None:
    """Return the turn that a sentence is of, None where it is of none."""
    return next((turn for turn in turns_of(passage) if turn.span.start <= span.start < turn.span.end), None)
