"""The answer without a language model: the sentences that bear on the question, quoted, each with its citation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from index.document import Span
from index.furniture import without_inline
from rag.citation import Citation, cite
from rag.evidence import Evidence, SentenceEvidence

MAX_SENTENCES = 4
# A sentence is quoted beside the best one only if it is this near to the question in comparison.
QUOTED_SHARE = 0.75
# Cosine of two sentences above which the second says nothing new.
SAME_SENTENCE = 0.93
# Below this cosine of the nearest sentence the articles are about something else.
MIN_COSINE = 0.3

_FOOTNOTE_MARK = re.compile(r"\s?\[\d+\]")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in words with `[n]` markers: `citations[n - 1]` is what marker n stands for.

    Where it abstains, `text` says so, `reason` says why and there are no citations. `confidence` is None where it has
    not been calibrated.
    """

    text: str
    citations: tuple[Citation, ...]
    abstained: bool = False
    confidence: float | None = None
    reason: str | None = None
    mode: Literal["extractive", "generated"] = "extractive"


def compose(evidence: Sequence[Evidence], *, nothing_found: str) -> Answer:
    """Return the answer that quotes the best of the evidence, or abstains; `nothing_found` is why there is none."""
    if not evidence:
        return abstain(nothing_found)
    chosen = _chosen(evidence)
    if not chosen:
        return abstain("The nearest passages are about something else.")
    citations = tuple(cite(item.passage, sentence.span) for item, sentence in chosen)
    quoted = (f"{_readable(citation)} [{marker}]" for marker, citation in enumerate(citations, start=1))
    return Answer(" ".join(quoted), citations)


def abstain(reason: str) -> Answer:
    """Return the answer that the documents do not say."""
    return Answer("The articles do not answer this question.", (), abstained=True, reason=reason)


def _chosen(evidence: Sequence[Evidence]) -> list[tuple[Evidence, SentenceEvidence]]:
    """Return the sentences to quote, best first: near enough to the question, and each saying something new."""
    pairs = [(item, sentence) for item in evidence for sentence in item.sentences]
    pairs.sort(key=lambda pair: (-_weight(*pair), pair[0].passage_id, pair[1].span.start))
    chosen: list[tuple[Evidence, SentenceEvidence]] = []
    for item, sentence in pairs:
        is_near = sentence.score >= MIN_COSINE and _weight(item, sentence) >= QUOTED_SHARE * _weight(*pairs[0])
        if is_near and len(chosen) < MAX_SENTENCES and not any(_same(item, sentence, *other) for other in chosen):
            chosen.append((item, sentence))
    return chosen


def _weight(item: Evidence, sentence: SentenceEvidence) -> float:
    return (item.likeness + sentence.score) / 2


def _same(item: Evidence, sentence: SentenceEvidence, other: Evidence, said: SentenceEvidence) -> bool:
    return float(item.sentence_vector(sentence.span) @ other.sentence_vector(said.span)) > SAME_SENTENCE


def _readable(citation: Citation) -> str:
    """Return the quote as it reads in an answer: on one line, without inline furniture or the article's own [n]."""
    whole = Span(0, len(citation.cited_text))
    return _FOOTNOTE_MARK.sub("", without_inline(citation.cited_text, whole)).strip()
