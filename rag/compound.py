"""Compound questions: several in one ("Who founded it, and where is it based?"), each to be answered by itself."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from index.analysis import query_words
from rag.evidence import Evidence
from rag.followup import Turn, standalone

MAX_PARTS = 3
# A longer text is rather a story with questions in it, and is taken as a whole.
_MAX_WORDS = 60
# "Where and when" asks one thing of two kinds: what comes before an "and" must be a question without it.
_LEAST_WORDS = 3
# A part with fewer words of its own, stop words aside, and no name goes on with the subject of the first.
_LEAST_SAID = 3

_AUXILIARY = (
    r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|might|must|may|"
    r"(?:isn|aren|wasn|weren|don|doesn|didn|won|can|couldn)[’']t)"
)
_PREPOSITION = r"(?:in|on|at|for|to|from|with|by|about|after|before|during|since|under|of)"
_PRONOUN = r"(?:it|they|he|she|we|you|i|there|this|that|these|those)"
_DETERMINER = rf"(?:{_PRONOUN}|its|their|his|her|the|an?|any|all|some|and|or)"
_ASKING = re.compile(r"\b(?:what|who|whom|whose|which|when|where|why|how)\b", re.IGNORECASE)
_OPENS = re.compile(rf"(?:(?:and|so|but|also)\b,?\s+)?{_AUXILIARY}\b", re.IGNORECASE)
# What a question of its own begins with. "What it costs" is no question: nothing in it has changed places.
_QUESTION = (
    rf"(?:(?:{_PREPOSITION}\s+)?(?:what|whom|whose|which|when|where|why|how)"
    rf"(?:\s+(?!{_AUXILIARY}\b|{_DETERMINER}\b)[\w’'-]+){{0,4}}?(?:[’']s|\s+{_AUXILIARY})\s+\S"
    rf"|who(?:[’']s|\s+(?!{_DETERMINER}\b|(?-i:[A-Z]))[\w’'-]+)\s+\S"
    r"|what\s+(?:happened|happens|causes|made|led|comes|came|[a-z]{3,}ed)\b"
    r"|how\s+(?:many|much)\s+\w+\s+\w"
    rf"|(?:what|which)\s+[a-z]+\s+[a-z]+(?:s|ed)\s+(?:{_PRONOUN}|the|an?|(?-i:[A-Z])\S*)\b"
    rf"|{_AUXILIARY}\s+(?:it|they|he|she|there|these|those|we|you|i)\s+\S"
    r"|(?:(?:by |for |since |until )?(?:when|where|why|how(?: (?:much|many|long|often|so))?|whom))(?=\s*\?*\s*$))"
)
_JOINT = re.compile(rf"(?:\s*[,;]\s*|\s+)(?:and|but)\s+(?:also\s+|then\s+|if so,?\s+)?(?={_QUESTION})", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<=\?)\s+")
_NAMED = re.compile(r"\s[A-Z0-9]")


class Part(NamedTuple):
    """A part of a question: its words as they were put, and as a question that stands alone."""

    text: str
    question: str


def parts_of(question: str) -> tuple[Part, ...]:
    """Return the parts of a compound question, in order; the question itself where it is not one, or a longer list.

    What a later part leaves out ("when was it founded?") is taken from the first.
    """
    texts = _divided(question)
    if not 1 < len(texts) <= MAX_PARTS:
        return (Part(question, question),)
    first, *later = texts
    opening = Part(first, _as_question(first))
    return (opening, *(Part(text, _standing_alone(_as_question(text), opening.question)) for text in later))


def one_ranking(rankings: Sequence[Sequence[Evidence]]) -> list[Evidence]:
    """Return the rankings of the parts as one, in which every passage has its highest score.

    Half way, as a geometric mean, the parts' best scores are made equal: what answers a part is not behind all that
    bears on another, and what does not answer is behind what does.
    """
    first, *others = [ranking for ranking in rankings if ranking] or [[]]
    if not others:
        return list(first)
    highest = max(ranking[0].score for ranking in (first, *others))
    found: dict[str, Evidence] = {}
    for ranking in (first, *others):
        scale = math.sqrt(highest / ranking[0].score) if ranking[0].score > 0 else 1.0
        for item in ranking:
            score = item.score * scale if item.score > 0 else item.score
            if item.passage_id not in found or score > found[item.passage_id].score:
                found[item.passage_id] = replace(item, score=score)
    return sorted(found.values(), key=lambda item: (-item.score, item.passage_id))


def _divided(question: str) -> list[str]:
    if len(question.split()) > _MAX_WORDS:
        return [question]
    sentences = _BETWEEN.split(question.strip())
    if not all(_OPENS.match(one) or _ASKING.search(one) for one in sentences):
        return [question]
    return [part for sentence in sentences for part in _clauses(sentence)]


def _clauses(sentence: str) -> list[str]:
    """Return the questions that a sentence joins by "and"; a second "who" may be another clause of the first."""
    clauses, start = [], 0
    for joint in _JOINT.finditer(sentence):
        before, asking = sentence[start : joint.start()], _ASKING.match(sentence, joint.end())
        goes_on = asking and re.search(rf".\b{asking[0]}\b", before, re.IGNORECASE)
        if len(before.split()) >= _LEAST_WORDS and not goes_on:
            clauses.append(before)
            start = joint.end()
    return [*clauses, sentence[start:]]


def _as_question(text: str) -> str:
    text = re.sub(r"^(?:and|so|but|also)\b,?\s+", "", text, flags=re.IGNORECASE).rstrip(" ,;?!.")
    return f"{text[:1].upper()}{text[1:]}?"


def _standing_alone(text: str, first: str) -> str:
    """Return a later part as a question that stands alone: one that says too little itself is about the first."""
    resolved = standalone(text, [Turn("user", first)])
    says_enough = _NAMED.search(text) or len(query_words(text)) >= _LEAST_SAID
    return resolved if resolved != text or says_enough else f"{text} ({first.rstrip('?')})"
