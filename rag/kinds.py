"""Kinds: what an answer must hold to be one: an age where it is asked how old, money where it is asked what it costs.

Only what can be told without doubt: a text that has no number and no word of time says nothing of when.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from rag.english import MONTHS, NUMBERS, SCALES, any_of

_WORDS = any_of([*NUMBERS, *SCALES, "hundred", "dozen", "half", "several"])
_NUMBER = rf"(?:\d[\d.,/]*|an?|{_WORDS})[\s-]*(?:[a-z]+ ){{0,2}}?"
_LENGTH = (
    rf"{_NUMBER}(?:[mck]?m|ft|in|(?:kilo|centi|milli)?met(?:re|er)s?|miles?|feet|foot|inch(?:es)?|yards?|fathoms?|"
    r"store?ys?|stories|floors?|levels?|stops?|blocks?|light[- ]years?|hands?|paces)\b|\d\s?[×x]\s?\d|\d['′\"″’]"
)
_DURATION = (
    rf"{_NUMBER}(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies)|terms?)\b|"
    r"\b(?:until|since|from|throughout|through|always|ever|never|forever|life\w*|permanent\w*|overnight|indefinite\w*|"
    r"day|week|month|year|time|term|hours?)\b"
)
_MONEY = (
    r"[£€$¥₹%]|\d\s?(?:p|bn|m|k)\b|\b(?:[A-Z]{3}(?= ?\d)|free|charge[ds]?|refund\w*|reimburs\w*|expensive|cheap\w*|"
    r"dollars?|euros?|pounds?|cents?|pence|pennies|kron\w+|yen|yuan|rupees?|francs?|marks?|rubles?|roubles?|pesos?|"
    r"shillings?|guilders?|per ?cent|million|billion|trillion|thousand|salar\w+|wages?|earn\w*|paid|pays?|fees?|"
    r"cost\w*|pric\w+|rents?|fares?|bills?|bonus\w*)\b"
)
_TIME = (
    rf"\d|\b(?:{any_of(MONTHS)}|\w+day|day|spring|summer|autumn|winter|fall|night|morning|evening|afternoon|noon|midnight|"
    r"hours?|minutes?|weeks?|months?|years?|decades?|centur\w+|seasons?|today|tomorrow|tonight|before|after\w*|during|until|till|since|"
    r"while|when|once|whenever|every|always|never|late\w*|earl\w+|first|now|current\w*|soon|recent\w*|times?|ages?|eras?|"
    r"periods?|war|birth|death|christmas|easter|annual\w*|daily|ago|immediate\w*|already|still|ever|last|next|end\w*|"
    r"begin\w*|start\w*|at|upon|by)\b"
)


class _Kind(NamedTuple):
    """What a question asks for by its words, and what a text of that kind has."""

    name: str
    asked: re.Pattern[str]
    held: re.Pattern[str]


def _kind(name: str, asked: str, held: str) -> _Kind:
    return _Kind(name, re.compile(asked, re.IGNORECASE), re.compile(held, re.IGNORECASE))


_KINDS = (
    _kind(
        "age",
        r"\bhow old\b|\bat (?:what|which) age\b",
        r"\bage[ds]?\b|\bold\w*|\bborn\b|birth|\byears?\b|\b(?:built|founded|opened|established|dat(?:es?|ed|ing))\b|"
        rf"\b(?:was|were|is|at|turned|turning) (?:only |just )?(?:\d{{1,3}}|{_WORDS})"
        r"(?=[,;)]|\.\s|$| (?:when|as|her|his|the)\b)|"
        r"centur|\bBC\b|millenni|\(\D{0,20}(?:1\d|20)\d\d\b",
    ),
    _kind("length", r"\bhow (?:tall|wide|thick|deep)\b", rf"{_LENGTH}|\b(?:deep|thick|tall|wide|high)\b"),
    _kind("distance", r"\bhow far\b", rf"{_LENGTH}|{_DURATION}|\b(?:walk|near|next to|close|beside|distance)\b"),
    _kind(
        "weight",
        r"\bhow heavy\b|\bhow much (?:does|do|did|will) [^?]*\bweigh\b|\bwhat (?:does|do|did) [^?]*\bweigh\b|"
        r"\bwhat(?:[’']s| is| was) the weight\b",
        rf"{_NUMBER}(?:k?g|mg|t|lbs?|oz|kilos?|(?:kilo|milli)?grams?|(?:kilo|milli)?grammes?|tonn?es?|tons?|pounds?|"
        r"ounces?|stones?)\b",
    ),
    _kind("length or duration", r"\bhow long\b", rf"{_LENGTH}|{_DURATION}"),
    _kind(
        "price",
        r"\bhow much\b[^?]*\b(?:costs?|pay|charge[ds]?|earns?|paid|worth|price)\b|"
        r"\bwhat(?:[’']s| is| are| was| were| does| did)\b[^?]*\b(?:price|cost|salary|fee|fare|rent)\b",
        _MONEY,
    ),
    _kind(
        "date",
        r"^\W*(?:when|what time|(?:in )?(?:what|which) year)\b(?!.*,.*\b(?:what|which|who|how|where|why)\b)",
        _TIME,
    ),
    _kind(
        "number",
        r"\bpopulation (?:of|in)\b|\bwhat(?:[’']s| is| was) (?:the|its) population\b",
        r"\d{3}|\d[.,]\d|thousand|million|hundred",
    ),
)
# Whom a question asks for by an office, and how that may stand in a text.
_OFFICES = {
    "ceo": "ceo|chief exec",
    "cfo": "cfo|chief fin|finance dir",
    "cto": "cto|chief tech|technology off",
    "coo": "coo|chief op",
    "director": "direct",
    "president": "presid",
    "chairman": "chair",
    "chairwoman": "chair",
    "chairperson": "chair",
    "chair": "chair",
    "mayor": "mayor",
    "treasurer": "treasur",
    "secretary": "secretar",
    "principal": "principal|head",
    "headmaster": "head",
    "curator": "curat",
    "bishop": "bishop",
    "ambassador": "ambassad",
    "spokesperson": "spoke",
    "spokesman": "spoke",
    "spokeswoman": "spoke",
}
_OFFICE = re.compile(
    r"^\W*(?i:who(?:[’']s| is| was| are| were)) (?i:the |its |their |our )?(?:[\w.&’'-]+[’']s? )?"
    r"(?i:(?:current|new|first|last|former|present|acting|deputy|vice|managing|museum) )*"
    rf"(?i:(?P<office>{any_of(_OFFICES)}))s?(?i: of| at| for|[?.]*$)"
)


def lacking_kind(question: str, texts: Iterable[str]) -> str | None:
    """Return what a question asks for where no text holds anything of that kind, None where one does or none is known.

    It is the name of the kind, or the office of whom is asked for.
    """
    said = list(texts)
    kind = next((one for one in _KINDS if one.asked.search(question)), None)
    if kind is not None:
        return None if any(map(kind.held.search, said)) else kind.name
    office = _OFFICE.match(question)
    if office is None:
        return None
    named = re.compile(rf"\b(?:{_OFFICES[office['office'].lower()]})", re.IGNORECASE)
    return None if any(map(named.search, said)) else office["office"]
