"""Compound questions: several in one ("Who founded it, and where is it based?"), each to be answered by itself."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from index.analysis import query_words
from rag.english import ASKING, AUXILIARY, PREPOSITION
from rag.evidence import Evidence
from rag.followup import MAX_TURNS, Turn, standalone
from rag.query import MAX_QUERY_CHARS

MAX_PARTS = 3
# A longer text is rather a story with questions in it, and is taken as a whole.
_MAX_WORDS = 60
# "Where and when" asks one thing of two kinds: what comes before an "and" must be a question without it.
_LEAST_WORDS = 3
# A question with fewer words of its own, stop words aside, and no name needs the one beside it to be understood.
_LEAST_SAID = 3

_PRONOUN = r"(?:it|they|he|she|we|you|i|there|this|that|these|those)"
_DETERMINER = rf"(?:{_PRONOUN}|its|their|his|her|the|an?|any|all|some|and|or)"
# What a question of its own begins with. "What it costs" is no question: nothing in it has changed places.
_QUESTION = (
    rf"(?:(?:{PREPOSITION}\s+)?(?:what|whom|whose|which|when|where|why|how)"
    rf"(?:\s+(?!{AUXILIARY}\b|{_DETERMINER}\b)[\w’'-]+){{0,4}}?(?:[’']s|\s+{AUXILIARY})\s+\S"
    rf"|who(?:[’']s|\s+(?!{_DETERMINER}\b|(?-i:[A-Z]))[\w’'-]+)\s+\S"
    r"|what\s+(?:happened|happens|causes|made|led|comes|came|[a-z]{3,}ed)\b"
    r"|how\s+(?:many|much)\s+\w+\s+\w"
    rf"|(?:what|which)\s+[a-z]+\s+[a-z]+(?:s|ed)\s+(?:{_PRONOUN}|the|an?|(?-i:[A-Z])\S*)\b"
    rf"|{AUXILIARY}\s+(?:it|they|he|she|there|these|those|we|you|i)\s+\S"
    r"|(?:(?:by |for |since |until )?(?:when|where|why|how(?: (?:much|many|long|often|so))?|whom))(?=\s*\?*\s*$))"
)
_AND = r"(?:and|but)\s+(?:also\s+|then\s+|if so,?\s+)?"
_JOINT = re.compile(rf"(?:\s*[,;]\s*|\s+){_AND}(?={_QUESTION})", re.IGNORECASE)
# Between the first ones of a list there is only a comma.
_JOINT_OF_LIST = re.compile(rf"\s*[,;]\s*(?:{_AND})?(?={_QUESTION})", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<=\?)\s+")
_ASKS = re.compile(rf"\b{ASKING}\b", re.IGNORECASE)
_LEAD = re.compile(r"(?:and|so|but|also)\b,?\s+", re.IGNORECASE)
_OPENS = re.compile(rf"(?:(?:and|so|but|also)\b,?\s+)?{AUXILIARY}\b", re.IGNORECASE)
# "Can you help me?" asks nothing of the articles.
_OF_THE_ANSWERER = re.compile(rf"{AUXILIARY}\s+(?:you|we|i)\b", re.IGNORECASE)
# What is quoted or in brackets is not divided.
_ASIDE = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|(?<!\w)[‘'][^‘’']*[’'](?!\w)|\([^()]*\)|\[[^\][]*\]")
_POINTS = re.compile(r"\b(?:it|its|they|them|their|he|him|his|she|her|this|that|these|those|there)\b", re.IGNORECASE)
_FRONTED = re.compile(rf"{PREPOSITION}\s", re.IGNORECASE)
_FUNCTION_WORD = re.compile(rf"(?:{ASKING}|{AUXILIARY}|{PREPOSITION})\b", re.IGNORECASE)
_NAMED = re.compile(r"\s[A-Z](?:[\w’'-]*[a-z]|[A-Z])")


class Part(NamedTuple):
    """A part of a question: as it was put, and as a question that stands alone."""

    text: str
    question: str


def parts_of(question: str, history: Sequence[Turn] = ()) -> tuple[Part, ...]:
    """Return the parts of a compound question, in order; the question as one where it is none, or a longer list.

    What a part leaves out ("when was it founded?") is taken from the first, and what that one leaves out from the
    conversation so far.
    """
    before = [Turn(turn.role, text) for turn in history[-MAX_TURNS:] for text in _asked_or_said(turn)]
    texts = _divided(question)
    if not texts:
        return (Part(question, standalone(question, before)),)
    first = standalone(texts[0], before)
    parts = (Part(texts[0], first), *(Part(text, _resolved(text, first)) for text in texts[1:]))
    is_short = sum(len(one.question) + 1 for one in parts) <= MAX_QUERY_CHARS
    return parts if is_short else (Part(question, standalone(question, before)),)


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


def _asked_or_said(turn: Turn) -> list[str]:
    """Return what a turn says, the questions of a compound one each by itself."""
    texts = _divided(turn.content) if turn.role == "user" else []
    return [texts[0], *(_resolved(text, texts[0]) for text in texts[1:])] if texts else [turn.content]


def _divided(question: str) -> list[str]:
    """Return the questions in a compound one as they were put, in order; none where it is none, or a longer list."""
    if len(question) > MAX_QUERY_CHARS or len(question.split()) > _MAX_WORDS:
        return []
    masked = _ASIDE.sub(lambda found: "_" * len(found[0]), question)
    cuts = [0, *(found.end() for found in _BETWEEN.finditer(masked)), len(question)]
    sentences = [(question[start:end].rstrip(), masked[start:end]) for start, end in pairwise(cuts)]
    if not all(_asks(said) for _, said in sentences):
        return []
    asked = [one for one in sentences if _ASKS.search(one[1]) or not _OF_THE_ANSWERER.match(one[1])]
    texts = [clause for sentence, said in asked for clause in _clauses(sentence, said.rstrip())]
    is_several = 1 < len(texts) <= MAX_PARTS and all(_stands(one, after) for one, after in pairwise(texts))
    return list(map(_as_question, texts)) if is_several else []


def _asks(sentence: str) -> bool:
    return bool(_ASKS.search(sentence) or _OPENS.match(sentence))


def _clauses(sentence: str, masked: str) -> list[str]:
    """Return the questions that a sentence joins by "and"; a second "who" may be another clause of the first."""
    joints = _JOINT_OF_LIST if len(_JOINT_OF_LIST.findall(masked)) > 1 and _JOINT.search(masked) else _JOINT
    clauses, start = [], 0
    for joint in joints.finditer(masked):
        before, asking = masked[start : joint.start()], _ASKS.match(masked, joint.end())
        goes_on = asking and re.search(rf".\b{asking[0]}\b", before, re.IGNORECASE)
        if len(before.split()) >= _LEAST_WORDS and not goes_on:
            clauses.append(sentence[start : joint.start()])
            start = joint.end()
    return [*clauses, sentence[start:]]


def _as_question(text: str) -> str:
    lead = _LEAD.match(text)
    text = text[lead.end() if lead else 0 :].rstrip(" ,;?!.")
    return f"{text[:1].upper()}{text[1:]}?"


def _resolved(text: str, first: str) -> str:
    """Return a later part as a question that stands alone: one that says too little itself is about the first."""
    resolved = standalone(text, [Turn("user", first)])
    is_alone = _is_named(text) or (_said(text) >= _LEAST_SAID and not _POINTS.search(text))
    return resolved if resolved != text or is_alone else f"{text} ({first.rstrip('?')})"


def _said(text: str) -> int:
    """Return how many words a question has of its own."""
    return sum(not _FUNCTION_WORD.fullmatch(word) for word in query_words(text))


def _is_named(text: str) -> bool:
    """Return whether a question names anything; a capital at its beginning is none where a question begins so."""
    return bool(_NAMED.search(text if _FUNCTION_WORD.match(text) else f" {text}")) and not text.isupper()


def _stands(text: str, after: str) -> bool:
    """Return whether a part asks something that does not hang on the part after it.

    The causes in "What are the causes and what are the effects of the strike?" are those of the strike; but what "it"
    is in a later part, the part before has said.
    """
    said = _said(text)
    if not said or (_FRONTED.match(text) and not re.search(rf"\b{AUXILIARY}\b", text, re.IGNORECASE)):
        return False
    if said >= _LEAST_SAID or _is_named(text) or _POINTS.search(after) or not _said(after):
        return True
    asking, again = _ASKS.search(text), _ASKS.search(after)
    return said > 1 and not (asking and again and asking[0].lower() == again[0].lower())
