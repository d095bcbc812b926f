"""Quotes: which sentences are quoted, in which order, what is cited for each, and how it reads."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from index.document import Span
from index.furniture import without_inline
from rag.dates import asks_what_happened, periods_in
from rag.evidence import Evidence, say_the_same
from rag.relevance import Sentence

MAX_SENTENCES = 3
# A sentence of fewer words is a fragment, quoted only where there is nothing else.
MIN_WORDS = 3
# A sentence is quoted beside the best one only if it is this relevant in comparison.
QUOTED_SHARE = 0.6
# One that speaks of the very time that is asked for counts so much more.
TIMELY_FACTOR = 2.5
# A bullet is cited together with the line that introduces its list, where both are no longer than this.
MAX_LIST_CHARS = 600
# A sentence that begins so is understood only after the one before it.
_GOES_ON = re.compile(
    r"[\"“‘'(]?(?:(?:it|they|he|she|these|those|its|their|his|her|such|rather|instead|however|but|yet|therefore|thus|"
    r"hence|consequently|accordingly|as a result|for this reason|then|this)\b|that(?! said\b| year\b)\b)",
    re.IGNORECASE,
)
# What it goes on from is cited with it, where both are no longer than this.
MAX_GOING_ON_CHARS = 500
_FOOTNOTE_MARK = re.compile(r"\s?\[\^?\d+(?:\s*[,;–-]\s*\d+)*\]")
_TABLE_RULE = re.compile(r"(?:(?<=\|)|^)\s*\|?(?:\s*:?-{3,}:?\s*\|)+")
_BULLET = re.compile(r"(?:^|\n)[ \t]*(?:[-*•–◦▪]|\d{1,3}[.)])[ \t]+$")


class Quote(NamedTuple):
    """What is cited of a passage: one sentence or more of it, and the bullets of a list with the line above them."""

    evidence: Evidence
    span: Span


def chosen_sentences(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences to quote, best first: about as relevant as the best, and each saying something new.

    One that speaks of the very time that is asked for counts more; where it is the best, what speaks of another time is
    left out. Where the best holds a number or a date that is asked for, so does every other.
    """
    ranked = sorted(sentences, key=_weight, reverse=True)
    chosen: list[Sentence] = []
    for sentence in ranked:
        if len(chosen) == MAX_SENTENCES or _weight(sentence) < QUOTED_SHARE * sentences[0].relevance:
            break
        is_new = not any(say_the_same(sentence.vector, said.vector) for said in chosen)
        if is_new and not _is_beside_the_point(sentence, ranked[0]) and not _says_nothing(sentence):
            chosen.append(sentence)
    return chosen or ranked[:1]


def _weight(sentence: Sentence) -> float:
    return sentence.relevance * (TIMELY_FACTOR if sentence.features.time == 1 else 1)


def _is_beside_the_point(sentence: Sentence, best: Sentence) -> bool:
    """Return whether a sentence lacks what is asked for and the best one has: a number, a date, or the time."""
    lacks = min(sentence.features.number, sentence.features.date) < 0
    holds = max(best.features.number, best.features.date) > 0
    return (lacks and holds) or (sentence.features.time < 0 and best.features.time == 1)


def _says_nothing(sentence: Sentence) -> bool:
    """Return whether a sentence only leads to what follows it, asks something, or is too short to say anything."""
    return sentence.text.rstrip("\"”’').").endswith((":", "?")) or len(sentence.text.split()) < MIN_WORDS


def in_order(question: str, chosen: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences by use, and where the question asks what happened, those that name a time by that time."""
    if not asks_what_happened(question):
        return list(chosen)
    times = [periods_in(one.text, one.evidence.passage.metadata.published_at) for one in chosen]
    dated = iter(sorted((at for at, named in enumerate(times) if named), key=lambda at: times[at][0].first))
    return [chosen[next(dated)] if times[at] else chosen[at] for at in range(len(chosen))]


def quote_of(sentence: Sentence) -> Quote:
    """Return what is cited for a sentence: itself; a bullet from the line above its list, a row from its header.

    One that goes on from the sentence before it ("However", "They") is cited from that one.
    """
    passage = sentence.evidence.passage
    start, before = sentence.span.start, [span for span in passage.sentences if span.end <= sentence.span.start]
    head: Span | None = None
    for is_part in (_is_bullet, _is_row):
        if is_part(sentence.evidence, sentence.span):
            while before and is_part(sentence.evidence, before[-1]):
                head = before.pop()
            if is_part is _is_bullet:
                head = before[-1] if before and passage.slice(before[-1]).endswith(":") else None
    if head is not None and sentence.span.end - head.start < MAX_LIST_CHARS:
        start = head.start
    else:
        while before and _goes_on(passage.slice(Span(before[-1].start, sentence.span.end)), start - before[-1].start):
            start = before.pop().start
    return Quote(sentence.evidence, Span(start, sentence.span.end))


def _goes_on(text: str, at: int) -> bool:
    """Return whether what begins at a place of a text is understood only after what is before it in its paragraph."""
    return len(text) <= MAX_GOING_ON_CHARS and "\n" not in text and _GOES_ON.match(text, at) is not None


def _is_bullet(evidence: Evidence, span: Span) -> bool:
    passage = evidence.passage
    return _BULLET.search(passage.text[: span.start - passage.span.start]) is not None


def _is_row(evidence: Evidence, span: Span) -> bool:
    return evidence.passage.slice(span).startswith("|")


def merged(quotes: Sequence[Quote]) -> list[Quote]:
    """Return the quotes, those of one passage that overlap made one, in the place of the first."""
    kept: list[Quote] = []
    for quote in quotes:
        for at, other in enumerate(kept):
            shared = min(quote.span.end, other.span.end) - max(quote.span.start, other.span.start)
            if quote.evidence.passage_id == other.evidence.passage_id and shared > 0:
                start, end = min(quote.span.start, other.span.start), max(quote.span.end, other.span.end)
                kept[at] = Quote(quote.evidence, Span(start, end))
                break
        else:
            kept.append(quote)
    return kept


def readable(quote: Quote) -> str:
    """Return the quote as it reads in an answer: on one line, without inline furniture or the article's own [n]."""
    return plain(quote.evidence.passage.slice(quote.span))


def plain(text: str) -> str:
    """Return a text on one line, without inline furniture or any marks that could be taken for markers."""
    text = _TABLE_RULE.sub(" ", without_inline(text, Span(0, len(text))))
    while (fewer := _FOOTNOTE_MARK.sub("", text)) != text:
        text = fewer
    return " ".join(text.split())
