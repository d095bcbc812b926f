"""Timeliness: what a question asks of time, and how well what a sentence mentions fits it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from index.analysis import plain_case
from rag.dates import Mention, Period, mentions
from rag.english import MONTHS

# How well what was on some day of a time fits a part of it.
MAY_BE = 0.6
# How well what lasts fits a time of which it is asked what happened, where it lasts so many times as long.
LASTED, LASTING = 0.75, 4

Relation = Literal["in", "after", "before"]

_RELATIONS: dict[str, Relation] = {
    "after": "after",
    "since": "after",
    "following": "after",
    "in the wake of": "after",
    "subsequent to": "after",
    "before": "before",
    "prior to": "before",
    "ahead of": "before",
    "until": "before",
    "till": "before",
    "leading up to": "before",
    "led up to": "before",
    "during": "in",
}
_RELATION = re.compile(rf"(?<![\w-])(?<!\bis )(?<!\bare )(?P<word>{'|'.join(_RELATIONS)})(?![\w-])\s*", re.IGNORECASE)
_NOT_OF_TIME = re.compile(
    r"\b(?:looks?|looking|looked|named?|called|sought|takes?|took|taking|go|goes|going|went|asks?|asked|inquire\w*|"
    r"runs?|chas\w+|model\w*|appear\w*|testif\w+|brought|cases?|the|these|ever)\s+$",
    re.IGNORECASE,
)
_IDIOM = re.compile(
    r"after\s+all\b|since\s+when\b|(?:after|before|since)\s+(?:that|this|then|it|them)(?=\s*(?:[?.!,]|$))",
    re.IGNORECASE,
)
_BEFORE_PERIOD = re.compile(r"\s*(?:(?:the|about|around|early|late|mid|end\s+of|beginning\s+of|start\s+of)[\s-]+)*")
_HOW_SOON = re.compile(r"\W*how\s+\w+\s+(?:\w+\s+)?$", re.IGNORECASE)
_ENDS_EVENT = re.compile(r"\s*[!;:,.](?=\s|$)|\s*\?\s*$|\n")
_ENDS_FRONTED = re.compile(
    r"\s+(?:what|who|how|why|when|where|which|did|does|do|was|were|is|are|has|have|had|will|would|could|can|should)\b",
    re.IGNORECASE,
)
_ASKED_MONTH = re.compile(
    rf"\b(?:in|since|during)\s+(?:early\s+|late\s+|mid[-\s])?(?P<month>{'|'.join(MONTHS)})(?![\w-])", re.IGNORECASE
)
_HAPPENED = re.compile(
    r"\bwhat(?:[’']s|\s+has|\s+had|\s+have|\s+all|\s+else|\s+exactly|\s+really)*\s+happened\b|"
    r"\bwhat\s+(?:came|comes|follow(?:ed|s)|occurred|took\s+place|went\s+(?:on|wrong)|led\s+(?:up\s+)?to)\b|"
    r"\btime-?\s?lines?\b|\bchronolog\w+|\b(?:sequence|course|order|chain)\s+of\s+events\b|\bin\s+what\s+order\b|"
    r"\bhow\s+(?:did|has|have|had)\b.*\b(?:unfold|develop|evolve|play|come|progress|proceed)(?:e?d|s)?\b|"
    r"\b(?:what|which)\s+events\b|\bwhat\s+(?:did|happens)\b.*\bnext\b|\b(?:history|story)\s+of\b|"
    r"\bwhat\s+(?:were|are)\s+the\s.*\b(?:events|milestones|stages|steps)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TimeAsked:
    """What a question asks of time: a relation to a period, or to an event in the question's own words.

    It may be what happened then that is asked, and not what was so.
    """

    relation: Relation
    period: Period | None
    event: str | None
    happened: bool = False


def time_asked(question: str) -> TimeAsked | None:
    """Return what a question asks of time, None where it asks nothing.

    A month without a year is an event, its name. "Last month" is of no certain time: articles have a last one of
    theirs.
    """
    question = plain_case(question)
    named = mentions(question, None)
    for found in _RELATION.finditer(question):
        # "From 2004 until 2006" asks for all of it, and for nothing before.
        within = any(one.span.start < found.start() < one.span.end for one in named)
        if within or _NOT_OF_TIME.search(question, 0, found.start()) or _IDIOM.match(question, found.start()):
            continue
        relation = _RELATIONS[" ".join(found["word"].lower().split())]
        period = next((one.period for one in named if _starts_with(question, found.end(), one.span.start)), None)
        if period:
            return TimeAsked(relation, period, None, asks_what_happened(question))
        if event := _event(question, found):
            return TimeAsked(relation, None, event)
    if named:
        # "In 2010 and in 2025" asks about both, and about nothing outside them.
        periods = [one.period for one in named]
        whole = Period(min(one.first for one in periods), max(one.last for one in periods))
        return TimeAsked("in", whole, None, asks_what_happened(question))
    month = _ASKED_MONTH.search(question)
    return TimeAsked("in", None, month["month"].capitalize()) if month else None


def asks_what_happened(question: str) -> bool:
    """Return whether a question's answer is told in order of time."""
    return bool(_HAPPENED.search(question))


def fits(asked: TimeAsked, spoken: Sequence[Mention]) -> float | None:
    """Return how well the best of what a sentence mentions fits the time asked for, in [0, 1]; None without either.

    It is the share of the period's days that are in the asked one, or after or before it, where a day inside it counts
    half: what was "since May" may have been in May. What lasts fits as well as it covers the time asked for, though
    less where it lasts long and is asked what happened; what was on some day of a longer time, or lasted into what is
    before or after, may have been in it.
    """
    if asked.period is None or not spoken:
        return None
    return max(_fit(asked, asked.period, mention) for mention in spoken)


def _fit(time: TimeAsked, asked: Period, mention: Mention) -> float:
    spoken, relation = mention.period, time.relation
    days, inside = _days(spoken), _shared(spoken, asked)
    if relation == "in":
        covered = _shared(mention.stretch, asked) if mention.stretch else MAY_BE * inside
        is_long = mention.stretch is not None and _days(mention.stretch) > LASTING * _days(asked)
        most = LASTED if time.happened and is_long else 1.0
        return max(inside / days, min(covered / _days(asked), most))
    after = min((spoken.last - asked.last).days, days)
    before = min((asked.first - spoken.first).days, days)
    share = (inside / 2 + max(after if relation == "after" else before, 0)) / days
    lasted = mention.stretch or spoken
    outlasts = lasted.last > asked.last if relation == "after" else lasted.first < asked.first
    return max(share, MAY_BE) if mention.stretch and outlasts else share


def _days(period: Period) -> int:
    return (period.last - period.first).days + 1


def _shared(one: Period, other: Period) -> int:
    """Return how many days are in both periods."""
    return max((min(one.last, other.last) - max(one.first, other.first)).days + 1, 0)


def _starts_with(question: str, start: int, named: int) -> bool:
    return named >= start and _BEFORE_PERIOD.fullmatch(question, start, named) is not None


def _event(question: str, found: re.Match[str]) -> str | None:
    """Return the event that a relation word is followed by, up to where the question itself begins or it ends."""
    end = _ENDS_EVENT.search(question, found.end())
    event = question[found.end() : end.start() if end else len(question)]
    # "How soon after Geneva did China …", but "After the deal was signed, what …".
    if _HOW_SOON.match(question[: found.start()]) or (not question[: found.start()].strip() and not end):
        event = _ENDS_FRONTED.split(event)[0]
    return event.strip(" \t\"'“”‘’()") or None
