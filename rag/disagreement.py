"""Disagreement: evidence of different documents that gives different values for what a question asks.

Precision before recall. A value counts only where the question asks for its kind, where what it is said of has the
question's words, and where nothing else tells two values apart: another place, another year, another group of people.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from rag.amounts import Kind
from rag.asked_values import CONTAINERS, SCOPE, AskedValue, read_asked
from rag.clauses import clauses_of
from rag.content import content_words, words_of_names
from rag.denials import find_denials
from rag.quantities import Quantity, read_quantities
from rag.sides import (
    NAME_RUN,
    QUALIFIERS,
    Difference,
    Said,
    Statement,
    by_relevance,
    may_be_one_age,
    of_values,
    places_beyond,
    said_by,
    same_time,
    titles_apart,
)
from rag.values import agree, has_number

# A statement far less relevant than the best is about something else.
RELEVANT_SHARE = 0.05
_MAX_DISAGREEMENTS = 2
# A question of fewer words asks about too many things.
_MIN_ASKED = 2
# Sentences that say the same but for a value have so many words in common.
_MIN_SHARED = 3
_AMOUNT_KINDS: frozenset[Kind] = frozenset({"share", "points", "money", "measure", "count"})
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
# What says that something cost so much: its clause up to there, and the sum.
_CAME_TO = re.compile(
    r"(?:^|[,;:])([^,;:]*)\b(?:c[ao]mes? to|(?:is|are|was|were) (?:priced|put) at|total(?:s|led|ed)|amount(?:s|ed) to) "
    r"(?:\w+ ){0,2}[$€£¥₹\d]",
    re.IGNORECASE,
)
_COST = content_words("cost")
_NEUTRAL = content_words("known total different separate individual official people")
_TITLES = content_words("President Chancellor Minister Prime King Queen Prince Sir Lord Lady Dr Mr Mrs Ms General Pope")
_PEOPLE = content_words("people")
# A smaller number without a noun counts what only its own sentence tells.
_LARGE = 1000
# What happens once has one date: to be founded, born or opened.
_ONCE = content_words(
    "founded established created born birth died death built constructed completed opened reopened launched released "
    "published relaunched rebuilt "
    "invented discovered introduced signed ratified began started begin start ended end independence married first "
    "incorporated adopted abolished merged sank erupted crowned formed become acquired announced joined elected "
    "appointed passed discontinued closed destroyed awarded debuted invaded captured conquered declared renamed "
    "retired graduated resigned surrendered banned approved negotiated"
)
# What was done to something may be done again: only dates as near as this are of one time, none of what is done often.
_NEAR = 2 * 372
_WAS = re.compile(r"\W*when (?:was|were)\b", re.IGNORECASE)
_OFTEN = content_words(
    "held celebrated played beaten visited fined arrested raised cut paid shown seen "
    "sued charged repaired inspected updated changed attacked bombed robbed flooded"
)


def find_disagreements(question: str, statements: Sequence[Statement]) -> list[Difference]:
    """Return on what the statements' documents disagree in answer to the question, at most two; mostly none."""
    asked = read_asked(question)
    enough = RELEVANT_SHARE * max((statement.relevance for statement in statements), default=0.0)
    relevant = [(at, one) for at, one in enumerate(statements) if one.relevance >= enough]
    found = [*_of_values(asked, relevant), *find_denials(asked, relevant)]
    return found[:_MAX_DISAGREEMENTS]


def _of_values(asked: AskedValue, statements: Sequence[tuple[int, Statement]]) -> list[Difference]:
    """Return the values that differ most relevantly, with all that are said of the same thing."""
    if not asked.kinds or len(asked.words - SCOPE) < _MIN_ASKED:
        return []
    given = [one for at, statement in statements for one in _answering(asked, at, statement)]
    said = _without_lists(given)
    same = [pair for pair in combinations(sorted(said, key=by_relevance), 2) if _same_thing(asked, *pair)]
    texts: dict[str, str] = defaultdict(str)
    for _, statement in statements:
        texts[statement.doc_id] += f"{statement.text}\n"
    differing = [
        (one, other)
        for one, other in same
        if not (_gives(given, one, other) or _gives(given, other, one))
        and (one.quantity.kind == "date" or not has_number(texts[one.statement.doc_id], other.value))
        and (one.quantity.kind == "date" or not has_number(texts[other.statement.doc_id], one.value))
    ]
    if not differing:
        return []
    first = min(differing, key=lambda pair: (-pair[1].statement.relevance, *map(by_relevance, pair)))
    return [of_values(asked, first, same)]


def _gives(given: Sequence[Said], one: Said, other: Said) -> bool:
    """Return whether the document of one value gives any that agrees with another."""
    own = [said.quantity for said in given if said.statement.doc_id == one.statement.doc_id]
    return any(_same_unit(quantity, other.quantity) and agree(quantity, other.quantity) for quantity in own)


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


def _said_beside(asked: AskedValue, statement: Statement) -> frozenset[str]:
    """Return the question's words that are said of all values of a statement.

    They are the numbers in it as the question has them ("line 5"), "cost" where what is asked about "came to" a sum,
    and where it names nobody, the words of its document's title, that is what the article is about: where it begins
    with "it" or "the company", and where the title has the names of the question.
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
    is_of_title = (refers or is_titled) and not words_of_names(statement.text) - asked.words
    sum_of = _CAME_TO.search(statement.text) if "money" in asked.kinds else None
    cost = asked.words & _COST if sum_of and content_words(sum_of[1]) <= asked.words else frozenset[str]()
    return numbers | cost | (asked.words & title if is_of_title else frozenset())


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
        return _is_once(asked, one) or _is_all_asked(asked, one)
    return one.kind not in _AMOUNT_KINDS or one.is_change is asked.is_change


def _is_once(asked: AskedValue, one: Quantity) -> bool:
    return bool(_ONCE & asked.words & one.own)


def _is_all_asked(asked: AskedValue, one: Quantity) -> bool:
    """Return whether a date is of what was done to something: of all that the question says, and of nothing besides."""
    is_done = _WAS.match(asked.question) is not None and not asked.words & _OFTEN
    return is_done and asked.words - SCOPE <= one.context and not one.own - asked.words - SCOPE


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
        return one.low >= _LARGE
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
        and _is_one_event(asked, one.quantity, other.quantity)
        and may_be_one_age(asked, one, other)
    )


def _is_one_event(asked: AskedValue, one: Quantity, other: Quantity) -> bool:
    """Return whether two values, where they are dates, are of what happens once, or near enough to be of one time."""
    is_once = one.kind != "date" or (_is_once(asked, one) and _is_once(asked, other))
    return is_once or max(one.low, other.low) - min(one.high, other.high) <= _NEAR


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


def _names_beyond(asked: AskedValue, one: Said, other: Said) -> frozenset[str]:
    """Return the names of a statement, those of who said it left out, that neither the other has nor the question."""
    said = " ".join(clause for _, _, clause in clauses_of(one.statement.text))
    return words_of_names(said) - asked.words - content_words(other.statement.text)


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
