"""Fragments: "and in 2010?" as the question before it with another date, name or phrase."""

import re
from collections.abc import Sequence

from index.document import Span
from rag.conversation import (
    HAS_VERB,
    LEAD,
    NAMES,
    POINTING,
    PRONOUN,
    Before,
    appended,
    bare_name,
    bare_text,
    capitalised,
    date_in,
    numbered,
)
from rag.dates import mentions
from rag.english import AUXILIARY, PREPOSITION
from rag.persons import PLACES

_MAX_FRAGMENT_WORDS = 4
_MAX_LED_FRAGMENT_WORDS = 8
_PHRASE = rf"(?!{PREPOSITION}\s|{AUXILIARY}\s)[\w’'-]+(?:\s+(?!(?:{PREPOSITION}|{AUXILIARY})(?!\S))[\w’'-]+)*"
_FRAGMENT_LEAD = re.compile(
    rf"(?P<lead>{LEAD})(?P<about>(?:what|how) about |what of |(?:the )?same (?:question )?for )?", re.IGNORECASE
)
_ADDS = re.compile(r"\b(?:and|or|but|also)\b", re.IGNORECASE)
_OPENS_FRAGMENT = re.compile(rf"(?:{PREPOSITION}|the) ", re.IGNORECASE)
_NOW = re.compile(r"(?:right )?now|nowadays|currently|at present", re.IGNORECASE)
_OPENING_PREPOSITION = re.compile(rf"(?P<preposition>{PREPOSITION})\s+", re.IGNORECASE)
_WITH_ARTICLE = re.compile(r"(?:[A-Z]\.?){2,4}|.*(?:States|Union|Kingdom|Nations|Emirates|Netherlands|Philippines)")
_OF_PLACES = ("in", "to", "from", "at", "on")
_PLACE_IN_SHORT = re.compile(r"U\.?S\.?(?:A\.?)?|U\.?K\.?|E\.?U\.?|U\.?A\.?E\.?")
_YEAR = re.compile(r"\b(?:1\d|20)\d\d\b")
_PART_OF_YEAR = re.compile(r"\b(?:Q[1-4]|H[12]|(?:first|second|third|fourth|last) (?:quarter|half))\b", re.IGNORECASE)
_OF_NAME = re.compile(r"(?P<of>\S+) of (?:the )?(?P<name>.+)")
_OWNS = re.compile(r"[’']s?(?!\w)")
_OF = re.compile(
    r"(?P<opening>(?:what|who)(?:[’']s| is| are| was| were) (?:the|an?) ).+?(?P<owner> of .+)", re.IGNORECASE
)


def of_fragment(asked: str, before: Before) -> str | None:
    """Return the last question with a date or a name changed for that of a question without a verb."""
    body, has_lead = _fragment_of(asked, before)
    if not body or not before.question or POINTING.search(body):
        return None
    if PRONOUN.search(body):
        return appended(asked, before) if has_lead else None
    question, body = before.question, _in_its_year(body, before.question)
    rest = body
    if dated := date_in(body):
        preposition, span = dated
        question = _with_date(question, preposition, span.of(body))
        rest = bare_text(f"{body[: span.start - len(preposition)]} {body[span.end :]}")
    elif _NOW.fullmatch(body):
        question, rest = _with_date(question, "", body), ""
    changed = _with_rest(question, rest) if rest else question
    if changed and changed != before.question:
        return f"{changed}?"
    # "The German economy?" is a subject of its own.
    return None if not has_lead and body.lower().startswith("the ") and capitalised(body) else appended(asked, before)


def _fragment_of(asked: str, before: Before) -> tuple[str | None, bool]:
    """Return what a question without a verb names, None where it has one or is a subject of its own, and if it is led.

    "And Tesla's share?" is led; without a lead only what can be no subject of its own follows another question.
    """
    text = bare_text(asked)
    lead = _FRAGMENT_LEAD.match(text)
    body = text[lead.end() :] if lead else text
    about = bool(lead and lead["about"])
    if len(body.split()) > _MAX_LED_FRAGMENT_WORDS or (not about and HAS_VERB.search(body)):
        return None, False
    if about or (lead and _ADDS.search(lead["lead"])):
        return body, True
    opens = _OPENS_FRAGMENT.match(body)
    follows = (asked.endswith("?") or opens) and (_is_when(body) or _is_name(body, before) or _points_back(body))
    return (body if follows else None), False


def _in_its_year(body: str, question: str) -> str:
    """Return a text with a quarter or a half year as that of the year which the question before is of."""
    year = _YEAR.search(question)
    return _PART_OF_YEAR.sub(lambda found: f"{found[0]} {year[0]}", body) if year and not _YEAR.search(body) else body


def _is_when(body: str) -> bool:
    """Return whether a text is a date or a period and nothing else."""
    dated = date_in(body)
    if not dated:
        return bool(_NOW.fullmatch(body))
    preposition, span = dated
    return not bare_text(f"{body[: span.start - len(preposition)]} {body[span.end :]}")


def _is_name(body: str, before: Before) -> bool:
    """Return whether a text is a name: of one word, only if it is known, or a name where it stands in a sentence."""
    name = bare_name(body)
    if not NAMES.fullmatch(name) or date_in(name):
        return False
    is_shaped = " " in name or re.search(r".[A-Z]", name) or name in PLACES
    said = f"{before.question} {before.said}"
    return bool(is_shaped or re.search(rf"(?<=[a-z,;] ){re.escape(name)}(?![\w-])", said))


def _points_back(body: str) -> bool:
    """Return whether a short text begins with "the" or a preposition; "the 2010 World Cup" is a name, not a date."""
    if not _OPENS_FRAGMENT.match(body) or len(body.split()) > _MAX_FRAGMENT_WORDS:
        return False
    dated = date_in(body)
    return not (dated and not dated[0] and body.lower().startswith("the "))


def _with_date(question: str, preposition: str, when: str) -> str:
    """Return a question with another date in the place of its own, or at its end."""
    own = date_in(question)
    if own is None:
        stands_alone = preposition or not re.search(r"[0-9]", when)
        return f"{question} {preposition if stands_alone else 'in '}{when}"
    own_preposition, span = own
    start = span.start - len(own_preposition)
    year = re.search(r" [0-9]{4}$", span.of(question))
    if year and mentions(f"{when}{year[0]}", None) and not re.search(r"[0-9]{4}|[A-Z]", when[1:]):
        # "And in June?" after "May 2025" means that year's.
        when += year[0]
    if not preposition and re.search(r"[0-9]", when):
        is_range = own_preposition.lower().startswith(("between", "from"))
        preposition = "in " if is_range else own_preposition
    elif not own_preposition and not _OPENING_PREPOSITION.match(span.of(question)):
        preposition = ""
    return f"{question[:start]}{preposition}{when}{question[span.end :]}"


def _with_rest(question: str, rest: str) -> str | None:
    """Return a question with another name in the place of its own, or with a place added, None where neither fits."""
    opening = _OPENING_PREPOSITION.match(rest)
    preposition = opening["preposition"].lower() if opening else ""
    name = rest[opening.end() :] if opening else rest
    changed = _with_name(question, preposition, name)
    if changed or not opening:
        return changed or _with_attribute(question, name)
    return _with_phrase(question, preposition, name) or f"{question} {rest}"


def _with_phrase(question: str, preposition: str, phrase: str) -> str | None:
    """Return a question with another phrase in the place of what stands after its own such preposition."""
    # "To" mostly stands before a verb; after these it does not.
    before = r"(?<=\bhappened )|(?<=\bhappen )|(?<=\bhappening )" if preposition == "to" else ""
    own = re.search(rf"(?:{before})\b{preposition}\s+(?P<phrase>{_PHRASE})", question, re.IGNORECASE)
    return question[: own.start("phrase")] + phrase + question[own.end("phrase") :] if own else None


def _with_name(question: str, preposition: str, name: str) -> str | None:
    """Return a question with the name changed that is most like the other one, its number too; None where none is.

    After a preposition that is one after such a preposition, which of a place must be there.
    """
    other = _names_with_numbers(name)
    own = _parted(question, _names_with_numbers(question), bool(other) and _is_place(other[0].of(name)))
    if preposition:
        led = re.compile(rf"\b{preposition}\s+(?:the\s+)?$", re.IGNORECASE)
        after = [span for span in own if led.search(question[: span.start])]
        own = after if preposition in _OF_PLACES else after or own
    if not own or not other:
        return None
    if _is_place(other[0].of(name)) and not _owns(name, other[0]):
        own = [span for span in own if _is_place(span.of(question))] or own
    own = [_most_like(name, other[0], question, own)]
    said_already = set(re.findall(r"[a-z]+", question)) | {"the", "and", "or", "s"}
    if not said_already.issuperset(re.findall(r"\b[a-z]+", _without(name, other))):
        return None
    new = name[other[0].start : other[-1].end] if NAMES.fullmatch(bare_name(name)) else other[0].of(name)
    article = re.search(r"\bthe\s+$", question[: own[0].start])
    start = own[0].start
    if article and _WITH_ARTICLE.fullmatch(own[0].of(question)):
        start = article.start()
    if name.lower().startswith("the ") and not (article and start == own[0].start):
        new = f"the {new}"
    return question[:start] + new + question[own[0].end :]


def _names_with_numbers(text: str) -> list[Span]:
    return [numbered(text, span) for span in capitalised(text)]


def _is_place(name: str) -> bool:
    said = bare_name(name)
    return said in PLACES or _PLACE_IN_SHORT.fullmatch(said) is not None


def _owns(text: str, name: Span) -> bool:
    return bool(_OWNS.match(text, name.end)) or bare_name(name.of(text)) != name.of(text)


def _parted(question: str, names: Sequence[Span], by_place: bool) -> list[Span]:
    """Return names with those apart that only an "of" joins: "GDP of China", and before a place "Bank of England"."""
    parted: list[Span] = []
    for name in names:
        of = _OF_NAME.fullmatch(name.of(question))
        if of and (of["of"].isupper() or (by_place and of["name"] in PLACES)):
            parted += [Span(name.start, name.start + of.end("of")), Span(name.start + of.start("name"), name.end)]
        else:
            parted.append(name)
    return parted


def _most_like(name: str, other: Span, question: str, own: Sequence[Span]) -> Span:
    """Return the first name of a question that is an owner, a place or an abbreviation as another name is."""

    def kind(text: str, span: Span) -> tuple[bool, bool, bool]:
        said = bare_name(span.of(text))
        return _owns(text, span), _is_place(said), said.isupper()

    wanted = kind(name, other)
    return max(
        own, key=lambda span: [one == another for one, another in zip(kind(question, span), wanted, strict=True)]
    )


def _with_attribute(question: str, attribute: str) -> str | None:
    """Return "What is the capital of France" as "What is the population of France"."""
    found = _OF.fullmatch(question)
    if not found or not attribute.startswith("the ") or capitalised(attribute):
        return None
    return f"{found['opening']}{attribute.removeprefix('the ')}{found['owner']}"


def _without(text: str, spans: Sequence[Span]) -> str:
    for span in reversed(spans):
        text = f"{text[: span.start]} {text[span.end :]}"
    return text
