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
QUOTED_SHARE = 0.5
# One that speaks of the very time that is asked for may be less so.
TIMELY_SHARE = 0.2
# A bullet is cited together with the line that introduces its list, where both are no longer than this.
MAX_LIST_CHARS = 600
_FOOTNOTE_MARK = re.compile(r"\s?\[\^?\d+(?:\s*[,;–-]\s*\d+)*\]")
_TABLE_RULE = re.compile(r"(?:(?<=\|)|^)\s*\|?(?:\s*:?-{3,}:?\s*\|)+")
_BULLET = re.compile(r"(?:^|\n)[ \t]*(?:[-*•–◦▪]|\d{1,3}[.)])[ \t]+$")


class Quote(NamedTuple):
    """What is cited of a passage: one sentence or more of it, and the bullets of a list with the line above them."""

    evidence: Evidence
    span: Span


def chosen_sentences(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences to quote, best first: about as relevant as the best, and each saying something new.

    Where the best holds a number or a date that is asked for, so does every other.
    """
    chosen: list[Sentence] = []
    for sentence in sentences:
        share = TIMELY_SHARE if sentence.features.time == 1 else QUOTED_SHARE
        if len(chosen) == MAX_SENTENCES or sentence.relevance < share * sentences[0].relevance:
            continue
        lacks = min(sentence.features.number, sentence.features.date) < 0
        holds = max(sentences[0].features.number, sentences[0].features.date) > 0
        is_new = not any(say_the_same(sentence.vector, said.vector) for said in chosen)
        if is_new and not (lacks and holds) and not _is_label(sentence):
            chosen.append(sentence)
    return chosen or list(sentences[:1])


def _is_label(sentence: Sentence) -> bool:
    """Return whether a sentence only leads to what follows it, or is too short to say anything."""
    return sentence.text.endswith(":") or len(sentence.text.split()) < MIN_WORDS


def in_order(question: str, chosen: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences by use, and where the question asks what happened, those that name a time by that time."""
    if not asks_what_happened(question):
        return list(chosen)
    times = [periods_in(one.text, one.evidence.passage.metadata.published_at) for one in chosen]
    dated = iter(sorted((at for at, named in enumerate(times) if named), key=lambda at: times[at][0].first))
    return [chosen[next(dated)] if times[at] else chosen[at] for at in range(len(chosen))]


def quote_of(sentence: Sentence) -> Quote:
    """Return what is cited for a sentence: itself; a bullet from the line above its list, a row from its header."""
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
    return Quote(sentence.evidence, Span(start, sentence.span.end))


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
