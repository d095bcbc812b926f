"""Disagreement: evidence of different documents that gives different values for what a question asks.

Precision before recall. A value counts only where the question asks for its kind, where what it is said of has the
question's words, and where nothing else tells two values apart: another place, another year, another group of people.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple, Protocol

from rag.asked_values import CONTAINERS, SCOPE, AskedValue, read_asked
from rag.content import content_words, is_negated, names_in
from rag.quantities import Kind, Quantity, clauses_of, is_forecast, read_quantities
from rag.values import agree, has_number

# A statement far less relevant than the best is about something else.
RELEVANT_SHARE = 0.05
_MAX_DISAGREEMENTS = 2
_MAX_TOPIC_WORDS = 8
# A question of fewer words asks about too many things.
_MIN_ASKED = 2
# Of two clauses one of which denies the other, so many words are the same.
_MIN_SHARED = 3
_HEDGED = re.compile(r"\?|\b(?:could|may|might|should|would|if|unless|whether|potential(?:ly)?|not only)\b")

_AMOUNT_KINDS: frozenset[Kind] = frozenset({"share", "points", "money", "measure", "count"})


_WORD = re.compile(r"\w(?:[\w’'%-]*\w)?")
_VERB_BEFORE_VALUE = re.compile(r" (?:has|have|had|is|are|was|were)\b(?!.*\b(?:when|while|before|after)\b)")
# Who speaks of "it" speaks of something that another sentence names.
_ANAPHOR = re.compile(
    r"\W*(?:it|they|he|she|this|these|those|both|all|its|their|his|her|another|others?|such)\b", re.IGNORECASE
)
# What an article calls that which it is about.
_REFERS = re.compile(
    r"\W*(?:[^,;:]{1,40}, )?(?:it|the (?:company|firm|group|club|team|city|town|country|university|school|bank|agency|"
    r"museum|maker|organi[sz]ation)|the (\w+))\s+(?!(?:said|says|told|argued|claims?|claimed)\b)"
    r"(?:(?:now|also|currently|still) )?(?:[a-z]+(?:s|ed)|is|has|was|had|will|would)\b",
    re.IGNORECASE,
)
# Something of it, which may have less: "the plant employs".
_PART = re.compile(r"\W*(?:[^,;:]{1,40}, )?(?:the|this|that|an?|its|their|one) ([\w’'-]+)", re.IGNORECASE)
_MOVED = re.compile(
    r"\b(?:postponed|delayed|moved|brought forward|put (?:back|off)|pushed back|rescheduled|instead of|originally|"
    r"rather than|changed)\b",
    re.IGNORECASE,
)
_NEUTRAL = content_words("known total different separate individual official people")
NAME_RUN = re.compile(r"[A-Z][\w’'.-]*(?: (?:of )?[A-Z][\w’'.-]*)*")
_TITLES = content_words("President Chancellor Minister Prime King Queen Prince Sir Lord Lady Dr Mr Mrs Ms General Pope")
_PEOPLE = content_words("people")
# Whoever has one of these speaks of another part of the same thing.
QUALIFIERS = content_words(
    "men women boys girls children adults urban rural domestic foreign annual monthly weekly daily quarterly yearly "
    "import imports export exports gross net average median mean maximum minimum record revenue sales profit loss "
    "losses killed injured missing arrested rescued displaced production processing refining mining reserves "
    "consumption demand north south east west northern southern eastern western primary secondary first second third "
    "half quarter summer winter old new former civilian civilians soldiers military passengers crew win wins draws "
    "father mother parents wife husband son daughter brother sister widow predecessor successor namesake sequel remake "
    "region area suburbs metropolitan district county province greater youth young elderly teenagers "
    "repair repairs repairing maintenance maintain renovation renovate restoration restore rebuild demolish partially "
    "partly fully private public indoor outdoor early late additional further extra initial initially original "
    "originally"
)
# What happens once has one date: to be founded, born or opened.
_ONCE = content_words(
    "founded established created born birth died death built constructed completed opened reopened launched released "
    "published relaunched rebuilt "
    "invented discovered introduced signed ratified began started begin start ended end independence married first "
    "incorporated adopted abolished merged sank erupted crowned formed become acquired announced joined elected "
    "appointed passed discontinued closed destroyed awarded debuted invaded captured conquered declared renamed "
    "retired graduated resigned surrendered banned approved negotiated"
)
_ANTONYM_PAIRS = """
increase/decrease increased/decreased rise/fall rising/falling accept/reject succeeded/failed legal/illegal safe/unsafe
effective/ineffective possible/impossible guilty/innocent supports/opposes confirmed/denied open/closed known/unknown
known/undisclosed
"""
_ANTONYMS = {
    min(content_words(other)): min(content_words(one))
    for one, other in (pair.split("/") for pair in _ANTONYM_PAIRS.split())
}


class Statement(Protocol):
    """A sentence of the evidence. Most have no value to compare, so that their dates are not looked for."""

    @property
    def text(self) -> str:
        """Its words."""

    @property
    def doc_id(self) -> str:
        """The document that says it."""

    @property
    def title(self) -> str:
        """The document's title, "" where it has none."""

    @property
    def as_of(self) -> str | None:
        """The time it speaks of, in ISO 8601, None where that is not known."""

    @property
    def published_at(self) -> str | None:
        """The day its document was published, in ISO 8601, None where that is not known."""

    @property
    def relevance(self) -> float:
        """How relevant it is to the question, in (0, 1)."""


@dataclass(frozen=True, slots=True)
class Value:
    """One side: the value as it stands in the text, its date, and the positions of the statements that say so."""

    value: str
    as_of: str | None
    statements: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Values of different documents for one thing, the most relevant first.

    They changed over time where each has a date and those that differ have different dates. `topic` names the thing
    in a phrase of the question, or else is the question itself, or the words that an affirmation and its denial share.
    """

    kind: Literal["conflict", "changed_over_time"]
    topic: str
    values: tuple[Value, ...]


class Said(NamedTuple):
    """A value of a statement: `at` is the statement's position, `covered` what of the question it is said of.

    `as_of` is the statement's time, but of a date and of what is expected the day when that was said, where known.
    """

    at: int
    statement: Statement
    value: str
    quantity: Quantity
    covered: frozenset[str]
    as_of: str | None


class _Claim(NamedTuple):
    """A clause that affirms or denies: its words, each antonym as its opposite, and whether it denies."""

    at: int
    statement: Statement
    value: str
    words: frozenset[str]
    denies: bool


def find_disagreements(question: str, statements: Sequence[Statement]) -> list[Disagreement]:
    """Return on what the statements' documents disagree in answer to the question, at most two; mostly none."""
    asked = read_asked(question)
    enough = RELEVANT_SHARE * max((statement.relevance for statement in statements), default=0.0)
    relevant = [(at, one) for at, one in enumerate(statements) if one.relevance >= enough]
    found = [*_of_values(asked, relevant), *_of_claims(asked, relevant)]
    return found[:_MAX_DISAGREEMENTS]


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


def _of_values(asked: AskedValue, statements: Sequence[tuple[int, Statement]]) -> list[Disagreement]:
    """Return the values that differ most relevantly, with all that are said of the same thing."""
    if not asked.kinds or len(asked.words - SCOPE) < _MIN_ASKED:
        return []
    said = _without_lists([one for at, statement in statements for one in _answering(asked, at, statement)])
    same = [pair for pair in combinations(sorted(said, key=_order), 2) if _same_thing(asked, *pair)]
    texts: dict[str, str] = defaultdict(str)
    for _, statement in statements:
        texts[statement.doc_id] += f"{statement.text}\n"
    differing = [
        (one, other)
        for one, other in same
        if not agree(one.quantity, other.quantity)
        and (one.quantity.kind == "date" or not has_number(texts[one.statement.doc_id], other.value))
        and (one.quantity.kind == "date" or not has_number(texts[other.statement.doc_id], one.value))
    ]
    if not differing:
        return []
    first = min(differing, key=lambda pair: (-pair[1].statement.relevance, *map(_order, pair)))
    return [of_values(asked, first, same)]


def of_values(asked: AskedValue, first: tuple[Said, Said], same: Sequence[tuple[Said, Said]]) -> Disagreement:
    """Return the disagreement of two values and of all that are said of the same thing as either, given as pairs."""
    sides = {id(one): one for pair in same if pair[0] in first or pair[1] in first for one in pair}
    shown = [
        pair for pair in same if all(id(one) in sides for one in pair) and not agree(*(one.quantity for one in pair))
    ]
    is_date = first[0].quantity.kind == "date"
    kind = _kind_of_dates(shown) if is_date else _kind((one.as_of, other.as_of) for one, other in shown)
    return Disagreement(kind, asked.phrase or f"“{asked.question}?”", _values(list(sides.values())))


def _answering(asked: AskedValue, at: int, statement: Statement) -> list[Said]:
    """Return the values of a statement that are of the kind the question asks for and said of what it asks about."""
    beside = _said_beside(asked, statement)
    words = content_words(statement.text) - asked.numbers.keys() | beside
    if not _is_said_in(asked, words) or (not asked.names and _ANAPHOR.match(statement.text)):
        return []
    return [
        said_by(asked, at, statement, one, beside)
        for one in read_quantities(statement.text)
        if one.kind in asked.kinds
        and _is_as_asked(asked, one)
        and _covers(asked, one, beside)
        and _in_the_years(asked, one, statement)
    ]


def said_by(asked: AskedValue, at: int, statement: Statement, one: Quantity, beside: frozenset[str]) -> Said:
    """Return a value of the statement at a position; `beside` are the question's words that are said of it besides."""
    said_on = statement.published_at if one.is_forecast or one.kind == "date" else None
    covered = asked.words & (one.context | beside)
    return Said(at, statement, statement.text[one.start : one.end], one, covered, said_on or statement.as_of)


def _said_beside(asked: AskedValue, statement: Statement) -> frozenset[str]:
    """Return the question's words that are said of all values of a statement.

    They are the numbers in it as the question has them ("line 5"), and where it names nobody, the words of its
    document's title, that is what the article is about: where it begins with "it" or "the company", and where the title
    has the names of the question.
    """
    numbers = frozenset(
        number
        for number, word in asked.numbers.items()
        if re.search(rf"\b{word} {number}\b", statement.text, re.IGNORECASE)
    )
    found = _REFERS.match(statement.text)
    refers = found is not None and (found[1] is None or bool(content_words(found[1]) & asked.words))
    title, part = content_words(statement.title), _PART.match(statement.text)
    is_titled = bool(asked.names) and asked.names <= title and not _ANAPHOR.match(statement.text)
    is_titled = is_titled and (part is None or bool(content_words(part[1]) & asked.words))
    is_of_title = (refers or is_titled) and not names_in(statement.text) - asked.words
    return numbers | (asked.words & title if is_of_title else frozenset())


def _is_said_in(asked: AskedValue, words: frozenset[str]) -> bool:
    """Return whether words have the question's: its names and numbers, and at least half of all."""
    missing = asked.words - words - SCOPE
    return not missing & (asked.names | asked.numbers.keys()) and 2 * len(missing) <= len(asked.words - SCOPE)


def _is_as_asked(asked: AskedValue, one: Quantity) -> bool:
    """Return whether a value is a change where one is asked for and a level where not, a date of what happens once."""
    if one.kind == "time":
        # The first train and the first bus leave at a time that the same words tell.
        return False
    if one.kind == "date":
        return bool(_ONCE & asked.words & one.own)
    return one.kind not in _AMOUNT_KINDS or one.is_change is asked.is_change


def _covers(asked: AskedValue, one: Quantity, beside: frozenset[str]) -> bool:
    if asked.head is not None and asked.head not in one.own:
        return False
    if one.kind == "count" and not _counts_what_is_asked(asked, one):
        return False
    parts = one.counted - SCOPE - CONTAINERS - asked.names
    if one.kind == "share" and parts and not parts & asked.words:
        return False
    return _is_said_in(asked, one.context | beside)


def _counts_what_is_asked(asked: AskedValue, one: Quantity) -> bool:
    """Return whether the noun counted is the one asked for, not those of a name, or where none is asked for, people."""
    if not one.unit:
        return True
    known = asked.head in one.counted if asked.head else one.unit in asked.words | _PEOPLE
    return known and not (one.counted & one.names) - asked.words


def _may_miss(asked: AskedValue) -> int:
    return len(asked.words - SCOPE) // 5


def _in_the_years(asked: AskedValue, one: Quantity, statement: Statement) -> bool:
    return one.kind == "date" or asked.years <= _years(one, statement)


def _years(one: Quantity, statement: Statement) -> frozenset[str]:
    return one.years | ({statement.as_of[:4]} if statement.as_of else frozenset())


def _same_thing(asked: AskedValue, one: Said, other: Said) -> bool:
    """Return whether values of two documents are of one kind and nothing tells apart what they are said of."""
    return (
        one.statement.doc_id != other.statement.doc_id
        and _same_unit(one.quantity, other.quantity)
        and (asked.is_forecast or one.quantity.is_forecast is other.quantity.is_forecast)
        and (_both_answer(asked, one, other) or _are_alike(one, other))
        and _same_part(asked, one, other)
        and _same_names(asked, one, other)
        and same_time(one, other)
    )


def _both_answer(asked: AskedValue, one: Said, other: Said) -> bool:
    """Return whether both values are said of all that the question asks about, or of the same nearly all."""
    may_miss = 0 if one.quantity.kind == "date" else _may_miss(asked)
    missing = [asked.words - said.covered - SCOPE for said in (one, other)]
    return max(map(len, missing)) <= may_miss and len(missing[0] ^ missing[1]) <= may_miss


def _are_alike(one: Said, other: Said) -> bool:
    """Return whether two sentences say the same but for the value, so that one is of what the other is of."""
    first, second = one.quantity.context, other.quantity.context
    apart = (first ^ second) - SCOPE
    names = (one.quantity.names | other.quantity.names) & apart
    return len(first & second) >= _MIN_SHARED and 4 * len(apart) <= len(first & second) and not names


def _same_unit(one: Quantity, other: Quantity) -> bool:
    if one.kind == "count" and not (one.unit and other.unit):
        return other.kind == "count"
    return (one.kind, one.unit) == (other.kind, other.unit)


def _same_part(asked: AskedValue, one: Said, other: Said) -> bool:
    """Return whether nothing that is said with a value narrows it to what the other is not said of."""
    known = asked.words | SCOPE | CONTAINERS | _NEUTRAL | {one.quantity.unit, other.quantity.unit}
    narrowed = [(said.quantity.own & QUALIFIERS) | _counted_as(said) for said in (one, other)]
    if narrowed[0] - known != narrowed[1] - known or _has_another_purpose(asked, one, other):
        return False
    known |= one.quantity.years | other.quantity.years
    after, others = one.quantity.after - known, other.quantity.after - known
    return not (after and others) or bool(after & others)


def _has_another_purpose(asked: AskedValue, one: Said, other: Said) -> bool:
    """Return whether a value is for something that the other's statement does not speak of: "to repair"."""
    alone = one.quantity.purpose - content_words(other.statement.text)
    others = other.quantity.purpose - content_words(one.statement.text)
    return bool((alone | others) - asked.words)


def _counted_as(said: Said) -> frozenset[str]:
    """Return the words between a number and the noun it counts: "gold" of "14 gold medals"."""
    return said.quantity.counted & content_words(said.value) if said.quantity.kind == "count" else frozenset()


def _same_names(asked: AskedValue, one: Said, other: Said) -> bool:
    """Return whether neither value is said of somebody or something that the other's statement does not name."""
    if not asked.names:
        beyond = _names_beyond(asked, one, other) | _names_beyond(asked, other, one)
        return not beyond and not titles_apart(asked, one.statement.title, other.statement.title)
    if _full_names(asked, one) != _full_names(asked, other) or places_beyond(asked, one, other):
        return False
    alone = one.quantity.names - asked.words - content_words(other.statement.text)
    others = other.quantity.names - asked.words - content_words(one.statement.text)
    return not (alone and others)


def _full_names(asked: AskedValue, one: Said) -> frozenset[str]:
    """Return what the names of the question are parts of: "Milutin" where it asks about Tesla."""
    runs = [content_words(run) for run in NAME_RUN.findall(one.statement.text)]
    full = frozenset[str]().union(*(run for run in runs if run & asked.names))
    return full - asked.words - _TITLES


def titles_apart(asked: AskedValue, one: str, other: str) -> bool:
    """Return whether a question names nobody and the articles, by their titles, are about different ones."""
    names = [names_in(f"Of {title}") for title in (one, other)]
    return not asked.names and all(names) and not names[0] & names[1]


def places_beyond(asked: AskedValue, one: Said, other: Said) -> bool:
    """Return whether one value is said of a place that the other's statement and the question do not have."""
    places = (one.quantity.places - content_words(other.statement.text)) | (
        other.quantity.places - content_words(one.statement.text)
    )
    return bool(places - asked.words)


def _names_beyond(asked: AskedValue, one: Said, other: Said) -> frozenset[str]:
    """Return the names of a statement, those of who said it left out, that neither the other has nor the question."""
    said = " ".join(clause for _, _, clause in clauses_of(one.statement.text))
    return names_in(said) - asked.words - content_words(other.statement.text)


def same_time(one: Said, other: Said) -> bool:
    """Return whether two values are of one time, of no stated time, or of two that the statements' dates tell apart."""
    first, second = one.quantity, other.quantity
    are_same = _meet(first.years, second.years) and _meet(first.months, second.months)
    return first.kind == "date" or are_same or _apart(one.as_of, other.as_of)


def _meet(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one & other) or not (one or other)


def _without_lists(said: Sequence[Said]) -> list[Said]:
    """Return the values without those of documents that give several: they are of several things."""
    return [one for one in said if not any(_is_beside(one, other) for other in said)]


def _is_beside(one: Said, other: Said) -> bool:
    return (
        one.statement.doc_id == other.statement.doc_id
        and _same_unit(one.quantity, other.quantity)
        and not agree(one.quantity, other.quantity)
        and one.covered <= other.covered
    )


def _order(said: Said) -> tuple[float, str, str, int]:
    return -said.statement.relevance, said.statement.doc_id, said.statement.text, said.quantity.start


def _values(sides: Sequence[Said]) -> tuple[Value, ...]:
    """Return the sides, those of the same words and date as one, most relevant first."""
    grouped: dict[tuple[str, str | None], list[Said]] = {}
    for one in sorted(sides, key=_order):
        grouped.setdefault((one.value.casefold(), one.as_of), []).append(one)
    return tuple(
        Value(group[0].value, as_of, tuple(dict.fromkeys(one.at for one in group)))
        for (_, as_of), group in grouped.items()
    )


def _kind(times: Iterable[tuple[str | None, str | None]]) -> Literal["conflict", "changed_over_time"]:
    return "changed_over_time" if all(_apart(one, other) for one, other in times) else "conflict"


def _kind_of_dates(pairs: Iterable[tuple[Said, Said]]) -> Literal["conflict", "changed_over_time"]:
    """Return whether dates changed: whether of each two one is told as moved, "postponed from May to June"."""
    tell = all(_is_moved(one, other) or _is_moved(other, one) for one, other in pairs)
    return "changed_over_time" if tell else "conflict"


def _is_moved(one: Said, other: Said) -> bool:
    has_other = re.search(rf"(?<!\w){re.escape(other.value)}(?!\w)", one.statement.text)
    return has_other is not None and _MOVED.search(one.statement.text) is not None


def _apart(one: str | None, other: str | None) -> bool:
    return bool(one and other) and not (str(one).startswith(str(other)) or str(other).startswith(str(one)))


def _of_claims(asked: AskedValue, statements: Iterable[tuple[int, Statement]]) -> list[Disagreement]:
    """Return what one document affirms and another denies, the most relevant."""
    claims = [claim for at, statement in statements for claim in _claims(asked, at, statement)]
    opposed = [pair for pair in combinations(claims, 2) if _are_opposed(asked, *pair)]
    if not opposed:
        return []
    one, other = min((tuple(sorted(pair, key=_claim_order)) for pair in opposed), key=lambda pair: _pair_order(*pair))
    sides = tuple(Value(side.value, side.statement.as_of, (side.at,)) for side in (one, other))
    topic = _topic(asked, (other if one.denies else one).value, one.words & other.words)
    return [Disagreement(_kind([(one.statement.as_of, other.statement.as_of)]), topic, sides)]


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
        and not apart & (names_in(one.value) | names_in(other.value) | QUALIFIERS)
        and not any(word.isdigit() for word in apart)
        and is_forecast(one.value) is is_forecast(other.value)
    )
