"""Denials: what one article affirms and another denies."""

import re
from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

from rag.asked_values import AskedValue
from rag.clauses import clauses_of, is_forecast
from rag.content import content_words, is_negated, words_of_names
from rag.sides import QUALIFIERS, Difference, Statement, Value, kind_of_times

_MAX_TOPIC_WORDS = 8
# Of two clauses one of which denies the other, so many words are the same.
_MIN_SHARED = 3
_HEDGED = re.compile(r"\?|\b(?:could|may|might|should|would|if|unless|whether|potential(?:ly)?|not only)\b")
_WORD = re.compile(r"\w(?:[\w’'%-]*\w)?")
_VERB_BEFORE_VALUE = re.compile(r" (?:has|have|had|is|are|was|were)\b(?!.*\b(?:when|while|before|after)\b)")
_ANTONYM_PAIRS = """
increase/decrease increased/decreased rise/fall rising/falling accept/reject succeeded/failed legal/illegal safe/unsafe
effective/ineffective possible/impossible guilty/innocent supports/opposes confirmed/denied open/closed known/unknown
known/undisclosed
"""
_ANTONYMS = {
    min(content_words(other)): min(content_words(one))
    for one, other in (pair.split("/") for pair in _ANTONYM_PAIRS.split())
}


class _Claim(NamedTuple):
    """A clause that affirms or denies: its words, each antonym as its opposite, and whether it denies."""

    at: int
    statement: Statement
    value: str
    words: frozenset[str]
    denies: bool


def find_denials(asked: AskedValue, statements: Iterable[tuple[int, Statement]]) -> list[Difference]:
    """Return what one document affirms and another denies, the most relevant."""
    claims = [claim for at, statement in statements for claim in _claims(asked, at, statement)]
    opposed = [pair for pair in combinations(claims, 2) if _are_opposed(asked, *pair)]
    if not opposed:
        return []
    one, other = min((tuple(sorted(pair, key=_claim_order)) for pair in opposed), key=lambda pair: _pair_order(*pair))
    sides = tuple(Value(side.value, side.statement.as_of, (side.at,)) for side in (one, other))
    topic = _topic(asked, (other if one.denies else one).value, one.words & other.words)
    return [Difference(kind_of_times([(one.statement.as_of, other.statement.as_of)]), topic, sides)]


def _topic(asked: AskedValue, text: str, shared: frozenset[str]) -> str:
    """Return what claims are about: the question's phrase, else the words they share as they stand in the text.

    Small words between two of them stay.
    """
    if asked.phrase:
        return asked.phrase
    parts: list[str] = []
    end, kept, left = 0, 0, shared
    for found in _WORD.finditer(text):
        said = content_words(found[0]) & left
        if found[0].isdigit() or not said:
            continue
        gap = text[end : found.start()]
        parts += [_joint(gap) if parts else "", found[0]]
        end, kept, left = found.end(), kept + 1, left - said
        if kept == _MAX_TOPIC_WORDS:
            break
    return "".join(parts) or asked.question


def _joint(gap: str) -> str:
    """Return what joins two shared words: the small words between them, of a longer gap its verb."""
    if not content_words(gap) and not is_negated(gap) and re.fullmatch(r"[\w’' -]*", gap):
        return gap
    verb = _VERB_BEFORE_VALUE.match(gap)
    return f"{verb[0]} " if verb and not is_negated(gap) else " "


def _claim_order(claim: _Claim) -> tuple[float, str, str, str]:
    return -claim.statement.relevance, claim.statement.doc_id, claim.statement.text, claim.value


def _pair_order(one: _Claim, other: _Claim) -> tuple[float, tuple[float, str, str, str], tuple[float, str, str, str]]:
    return -min(one.statement.relevance, other.statement.relevance), _claim_order(one), _claim_order(other)


def _claims(asked: AskedValue, at: int, statement: Statement) -> list[_Claim]:
    if not _bears_on(asked, content_words(statement.text)) or _HEDGED.search(statement.text):
        return []
    claims = []
    for start, end, plain in clauses_of(statement.text):
        words = content_words(plain)
        value = statement.text[start:end].strip(" \n\t,.;:|•—-–")
        if value and _bears_on(asked, words):
            opposites = words & _ANTONYMS.keys()
            denies = is_negated(plain) is not (len(opposites) % 2 == 1)
            claims.append(
                _Claim(at, statement, value, words - opposites | {_ANTONYMS[one] for one in opposites}, denies)
            )
    return claims


def _bears_on(asked: AskedValue, words: frozenset[str]) -> bool:
    return asked.names <= words and 2 * len(words & asked.words) >= len(asked.words) > 0


def _are_opposed(asked: AskedValue, one: _Claim, other: _Claim) -> bool:
    shared, apart = one.words & other.words, one.words ^ other.words
    return (
        one.statement.doc_id != other.statement.doc_id
        and one.denies is not other.denies
        and len(shared) >= _MIN_SHARED
        and 3 * len(apart) <= len(shared)
        and _bears_on(asked, shared)
        and not apart & (words_of_names(one.value) | words_of_names(other.value) | QUALIFIERS)
        and not any(word.isdigit() for word in apart)
        and is_forecast(one.value) is is_forecast(other.value)
    )
