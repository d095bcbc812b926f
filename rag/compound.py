"""Compound questions: several in one ("Who founded it, and where is it based?"), each to be answered by itself."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest
from typing import NamedTuple

from index.analysis import CAPITAL, query_words
from rag.context import with_context
from rag.conversation import READ_CHARS, Turn
from rag.english import ASKING, AUXILIARY, PREPOSITION, SENTENCE_END
from rag.evidence import Evidence
from rag.followup import MAX_TURNS, going_on, standalone
from rag.plain_text import plain
from rag.query import MAX_QUERY_CHARS
from rag.spelling import written_out

MAX_PARTS = 3
# A longer text is rather a story with questions in it, and is taken as a whole.
_MAX_WORDS = 60
# "Where and when" asks one thing of two kinds: what comes before an "and" must be a question without it.
_LEAST_WORDS = 3
# A question with fewer words of its own, stop words aside, and no name needs the one beside it to be understood.
_LEAST_SAID = 3
# With so few words and no name a clause may be about what only the next one says; more so before one that is built
# alike or names something.
_MAY_SHARE, _MAY_SHARE_MOST = 1, 3

_PRONOUN = r"(?:it|they|he|she|we|you|i|there|this|that|these|those)"
_DETERMINER = rf"(?:{_PRONOUN}|its|their|his|her|the|an?|any|all|some|and|or)"
# What a question of its own begins with. "What it costs" is no question: nothing in it has changed places.
_INVERTED = (
    rf"(?:{PREPOSITION}\s+)?(?:what|whom|whose|which|when|where|why|how)"
    rf"(?:\s+(?!{AUXILIARY}\b|{_DETERMINER}\b)[\w’'-]+){{0,4}}?(?:[’']s|\s+{AUXILIARY})\s+\S"
)
_WHO_DOES = rf"who(?:[’']s|\s+(?!{_DETERMINER}\b|(?-i:[A-Z]))[\w’'-]+)\s+\S"
_WHAT_DOES = (
    r"what\s+(?:happened|happens|causes|made|led|comes|came|[a-z]{3,}ed)\b"
    rf"|(?:what|which)\s+[a-z]+\s+[a-z]+(?:s|ed)\s+(?:{_PRONOUN}|the|an?|(?-i:[A-Z])\S*)\b"
    rf"|how\s+(?:many|much)\s+\w+\s+(?!{_DETERMINER}\b)\w"
)
_WHETHER = rf"{AUXILIARY}\s+(?:it|they|he|she|there|these|those|we|you|i)\s+\S"
_BARE = r"(?:(?:by |for |since |until )?(?:when|where|why|how(?: (?:much|many|long|often|so))?|whom))(?=\s*\?*\s*$)"
_QUESTION = rf"(?:{_INVERTED}|{_WHO_DOES}|{_WHAT_DOES}|{_WHETHER}|{_BARE})"
_FOLLOWS = re.compile(_BARE, re.IGNORECASE)
_AND = r"(?:and|but)\s+(?:also\s+|then\s+|if so,?\s+)?"
_JOINT = re.compile(rf"(?:\s*[,;]\s*|\s+){_AND}(?={_QUESTION})", re.IGNORECASE)
# Between the first ones of a list there is only a comma.
_JOINT_OF_LIST = re.compile(rf"\s*[,;]\s*(?:{_AND})?(?={_QUESTION})", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<=\?)\s+")
_ASKS = re.compile(rf"\b{ASKING}(?: (?:many|much))?\b", re.IGNORECASE)
_OPENS = re.compile(rf"(?:(?:and|so|but|also)\b,?\s+)?{AUXILIARY}\b", re.IGNORECASE)
_THANKS = re.compile(r"(?:many )?(?:thanks?|thank you|please|cheers)[\w\s!.,]{0,20}", re.IGNORECASE)
# "Can you help me?" asks nothing of the articles, and "do you know" asks what comes after it.
_OF_THE_ANSWERER = re.compile(rf"{AUXILIARY}\s+(?:you|we|i)\b", re.IGNORECASE)
_LEAD = re.compile(
    rf"(?:(?:and|so|but|also)\b,?\s+)?(?:{AUXILIARY}\s+(?:you|we|i)\b(?:(?!\b{ASKING}\b).)*(?=\b{ASKING}\b))?",
    re.IGNORECASE,
)
# What is quoted or in brackets is not divided.
_ASIDE = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|(?<!\w)[‘'][^‘’']*[’'](?!\w)|\([^()]*\)|\[[^\][]*\]")
# A name behind it says whose, and only the question before says what.
_THAT_OF = re.compile(r"\b(?:that|those) (?:of|in|for)\b", re.IGNORECASE)
_POINTS = re.compile(
    r"\b(?:it|its|they|them|their|he|him|his|she|her|this|that|these|those|"
    r"(?<!is )(?<!are )(?<!was )(?<!were )there)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b(?:he|him|his|she|her)\b", re.IGNORECASE)
_FUNCTION_WORD = re.compile(rf"(?:{ASKING}|{AUXILIARY}|{PREPOSITION})\b", re.IGNORECASE)
_FRONTED = re.compile(rf"{PREPOSITION}\s", re.IGNORECASE)
_WORD_OF_NAME = rf"{CAPITAL}[\w’'-]*[a-z][\w’'-]*"
# Neither "the CFO" nor "the Joker" tells whose.
_NAMED = re.compile(rf"(?<!\bthe)\s{_WORD_OF_NAME}|\s{_WORD_OF_NAME}\s+{_WORD_OF_NAME}|[\"“«]")
_NAME = rf"(?:the\s+)?{CAPITAL}[\w’'.-]*(?:\s+{CAPITAL}[\w’'.-]*)*"
_OF_A_NAME = re.compile(rf"(?i:what|who|where)(?:[’']s|\s+(?i:is|are|was|were)|\s+[a-z]+(?:s|ed))\s+{_NAME}\?")
_WHO_IS = re.compile(r"who(?:[’']s|\s+(?:is|was))\b", re.IGNORECASE)


class Part(NamedTuple):
    """A part of a question: as it was put, in plain, and as a question that stands alone.

    `going_on` is one that seems to stand alone with what it may go on from, None where it cannot.
    """

    text: str
    question: str
    going_on: str | None = None


def parts_of(question: str, history: Sequence[Turn] = ()) -> tuple[Part, ...]:
    """Return the parts of a compound question, in order; the question as one where it is none, or a longer list.

    What a part leaves out ("when was it founded?") is taken from the first, and what that one leaves out from the
    conversation so far, in which a compound question counts as so many, without those that have had no answer.
    """
    before: list[Turn] = []
    recent = _written_out(history)
    for turn, answer in zip_longest(recent, recent[1:], fillvalue=Turn("assistant", "")):
        asked = _parts(_divided(turn.content), ()) if turn.role == "user" else ()
        found = [part for part in asked if not_answered(part.text) not in answer.content]
        before += [Turn("user", part.question) for part in found or asked] or [turn]
    parts = _parts(_divided(written_out(question)), before)
    is_short = sum(len(one.question) + 1 for one in parts) <= MAX_QUERY_CHARS
    return parts if parts and is_short else (whole_of(question, before),)


def whole_of(question: str, history: Sequence[Turn] = ()) -> Part:
    """Return a question as one, compound or not."""
    text, before = written_out(question), _written_out(history)
    alone = standalone(text, before)
    return Part(plain(text), alone, going_on(text, before) if alone == text else None)


def _written_out(history: Sequence[Turn]) -> list[Turn]:
    return [
        replace(turn, content=written_out(turn.content[:READ_CHARS])) if turn.role == "user" else turn
        for turn in history[-MAX_TURNS:]
    ]


def not_answered(part: str) -> str:
    """Return how an answer says that it has none to a part of the question."""
    return f"No answer to “{part}” was found."


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
    """Return the questions in a compound one as they were put, in order; none where it is none, or a longer list."""
    if len(question) > MAX_QUERY_CHARS or len(question.split()) > _MAX_WORDS:
        return []
    masked = _ASIDE.sub(lambda found: "_" * len(found[0]), question)
    cuts = [0, *(found.end() for found in _BETWEEN.finditer(masked)), len(question)]
    sentences = [(question[start:end].rstrip(), masked[start:end].rstrip()) for start, end in pairwise(cuts)]
    asked = [one for one in sentences if not _is_courtesy(one[1])]
    if not all(_asks(said) for _, said in asked):
        return []
    texts = [clause for sentence, said in asked for clause in _clauses(sentence, said)]
    return list(map(_as_question, texts)) if 1 < len(texts) <= MAX_PARTS else []


def _is_courtesy(sentence: str) -> bool:
    return bool(_THANKS.fullmatch(sentence) or (_OF_THE_ANSWERER.match(sentence) and not _ASKS.search(sentence)))


def _asks(sentence: str) -> bool:
    """Return whether a sentence is a question alone; a statement before one says what it is about, and stays there."""
    return bool(_ASKS.search(sentence) or _OPENS.match(sentence)) and not SENTENCE_END.search(sentence)


def _clauses(sentence: str, masked: str) -> list[str]:
    """Return the questions that a sentence joins by "and", only where each can stand apart from what comes after it.

    A second "who" may be another clause of the first.
    """
    joints = _JOINT_OF_LIST if len(_JOINT_OF_LIST.findall(masked)) > 1 and _JOINT.search(masked) else _JOINT
    clauses, start = [], 0
    for joint in joints.finditer(masked):
        before, asking = masked[start : joint.start()], _ASKS.match(masked, joint.end())
        goes_on = asking and re.search(rf".\b{asking[0]}\b", before, re.IGNORECASE)
        if len(before.split()) >= _LEAST_WORDS and not goes_on:
            clauses.append(sentence[start : joint.start()])
            start = joint.end()
    clauses.append(sentence[start:])
    return clauses if all(_stands(one, after) for one, after in pairwise(clauses)) else [sentence]


def _stands(clause: str, after: str) -> bool:
    """Return whether a clause is not about what only a later one names.

    "What are the causes and what are the effects of the strike?" asks for the causes of the strike; but what "it" is in
    a later clause, the one before has said.
    """
    if _said(clause) == 0 or (_FRONTED.match(clause) and not re.search(rf"\b{AUXILIARY}\b", clause, re.IGNORECASE)):
        return False
    if _is_named(clause) or _POINTS.search(after) or _FOLLOWS.match(after):
        return True
    asking, again = _ASKS.search(clause), _ASKS.search(after)
    is_parallel = asking is not None and again is not None and asking[0].lower() == again[0].lower()
    return _said(clause) > (_MAY_SHARE_MOST if is_parallel or _is_named(after) else _MAY_SHARE)


def _parts(texts: Sequence[str], history: Sequence[Turn]) -> tuple[Part, ...]:
    if not texts:
        return ()
    first = standalone(texts[0], history)
    return (Part(texts[0], first), *(Part(text, _resolved(text, first)) for text in texts[1:]))


def _resolved(text: str, first: str) -> str:
    """Return a later part as a question that stands alone: one that says too little itself is about the first."""
    is_plain = _OF_A_NAME.fullmatch(first) or (_WHO_IS.match(first) and _PERSON.search(text))
    if is_plain and (resolved := standalone(text, [Turn("user", first)])) != text:
        return resolved
    says_enough = _is_named(text) or (_said(text) >= _LEAST_SAID and not _POINTS.search(text))
    return text if says_enough and not _THAT_OF.search(text) else with_context(text, first.rstrip("?"))


def _as_question(text: str) -> str:
    text = plain(text)
    lead = _LEAD.match(text)
    text = text[lead.end() if lead else 0 :].rstrip(" ,;?!.")
    return f"{text[:1].upper()}{text[1:]}?"


def _said(text: str) -> int:
    """Return how many words a question has of its own."""
    return sum(not _FUNCTION_WORD.fullmatch(word) for word in query_words(text))


def _is_named(text: str) -> bool:
    """Return whether a question names anything; a capital at its beginning is none where a question begins so."""
    return bool(_NAMED.search(text if _FUNCTION_WORD.match(text) else f" {text}")) and not text.isupper()
