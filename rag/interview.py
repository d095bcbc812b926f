"""Interviews: who speaks in an article that names its speakers at the beginning of lines, and who of them asks."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
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
# So many utterances at least, of so many speakers, make a conversation and no list of labels.
_FEWEST, _SPEAKERS = 3, range(2, 5)
# A question is answered from the same passages more than once.
_PASSAGES = 256


class Utterance(NamedTuple):
    """What one speaker says until the next one does."""

    span: Span
    speaker: str
    by_interviewer: bool


class Speakers(NamedTuple):
    """Who speaks in an article, and who of two asks the other, None where nobody does."""

    names: frozenset[str]
    interviewer: str | None


def speakers_in(passages: Iterable[StoredPassage]) -> dict[str, Speakers]:
    """Return who speaks in the articles that passages are of, by document, where that is a conversation."""
    said: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for passage in sorted(dict.fromkeys(passages), key=lambda one: (one.doc_id, one.span.start)):
        said[passage.doc_id] += [(speaker, "?" in passage.slice(span)) for span, speaker in _labelled(passage)]
    return {
        doc_id: Speakers(frozenset(names), _interviewer(own))
        for doc_id, own in said.items()
        if len(names := dict(own)) in _SPEAKERS and len(own) >= max(_FEWEST, len(names) + 1)
    }


def utterance_at(passage: StoredPassage, span: Span, speakers: Mapping[str, Speakers]) -> Utterance | None:
    """Return the utterance that a sentence is of, None where it is of none."""
    if (held := speakers.get(passage.doc_id)) is None:
        return None
    within = (one for one in _labelled(passage) if one[0].start <= span.start < one[0].end)
    utterance, speaker = next(within, (None, ""))
    return Utterance(utterance, speaker, speaker == held.interviewer) if utterance else None


@lru_cache(_PASSAGES)
def _labelled(passage: StoredPassage) -> tuple[tuple[Span, str], ...]:
    """Return where each speaker named at the beginning of a line speaks, to the next one or the end."""
    labels = list(_LABEL.finditer(passage.text))
    ends = [*(label.start() for label in labels[1:]), len(passage.text)] if labels else []
    start = passage.span.start
    return tuple(
        (Span(start + label.start(), start + end), label["speaker"]) for label, end in zip(labels, ends, strict=True)
    )


def _interviewer(said: Sequence[tuple[str, bool]]) -> str | None:
    """Return who of two that speak in turn asks in at least half of what one says, and more often than the other."""
    in_all, asked = Counter(speaker for speaker, _ in said), Counter(speaker for speaker, asks in said if asks)
    if len(in_all) > 2 or any(one == other for (one, _), (other, _) in pairwise(said)):
        return None
    most = max(in_all, key=lambda speaker: asked[speaker])
    asks_most = 2 * asked[most] >= in_all[most] and asked.total() < 2 * asked[most]
    return most if asks_most else None
