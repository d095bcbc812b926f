"""Follow-ups: a question asked in a conversation, made into one that stands alone.

Rules over words, in this order: what points at the last answer, a bare "why?", "tell me more", a fragment ("and in
2010?"), a pronoun. What none of them claims is a question of its own and is left as it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from index.analysis import query_words
from index.document import Span
from rag.context import with_context
from rag.dates import ANY_DAY, mentions
from rag.english import ASKING, AUXILIARY, PREPOSITION, SENTENCE_END
from rag.errors import InvalidQuery
from rag.persons import PLACES, is_full_name, is_no_person, is_person
from rag.query import is_unicode

MAX_TURNS = 20
MAX_STANDALONE_CHARS = 2000

# So much of a turn is read, from its beginning.
READ_CHARS = 4000
_MAX_PREVIOUS_CHARS = 400
_MAX_SAID_CHARS = 300
# A question of more words says itself what it is about.
_MAX_FOLLOW_UP_WORDS = 40
# In a longer one "those meetings" are its own.
_MAX_POINTING_WORDS = 9
_MAX_SUBJECT_WORDS = 8
_MAX_FRAGMENT_WORDS = 4
_MAX_NAME_WORDS = 3
_NO_NAMES = frozenset(["many", "most", "several", "some", "all", "few", "other", "people", "responsible", "first"])
_MAX_LED_FRAGMENT_WORDS = 8

_LEAD = r"(?:(?:and|or|but|so|ok|okay|then|also|yes|no)\b,?\s+)*"
_TOKEN = r"[A-Z][\w&.-]*(?:[’'](?!s\b)\w+)*"
_NAME = rf"{_TOKEN}(?:\s+(?:(?:of|de|von|van|du)\s+(?:the\s+)?)?{_TOKEN})*"

_PHRASE = rf"(?!{PREPOSITION}\s|{AUXILIARY}\s)[\w’'-]+(?:\s+(?!(?:{PREPOSITION}|{AUXILIARY})(?!\S))[\w’'-]+)*"

_MARKERS = re.compile(r"\s*\[\d+\]")
_ABSTAINED = re.compile(
    r"(?:the (?:articles|documents|sources)|i) (?:do|does|did|could|can)(?: ?not|n[’']t)\b", re.IGNORECASE
)
_APPENDED = re.compile(r".*?[?.!]? \((?P<previous>.+)\)[?.!]*")
_COURTESY = (
    r"(?:ok(?:ay)?|thanks?|thank you|thx|cheers|great|good|cool|nice|perfect|fine|yes|no|yep|nope|sure|hello|hi|hey|"
    r"bye|goodbye|got it|i see|right|very much|so much|a lot|that(?:[’']s| is) (?:all|great|good|helpful)|interesting|"
    r"wow|please|sorry|never ?mind)"
)
# "goodbye" is "good" and "bye" as well: without a mark between them, each one doubles the ways to read a text.
_SOCIAL = re.compile(rf"{_COURTESY}(?:[\s,.!]+{_COURTESY})*[\s,.!]*", re.IGNORECASE)
_COURTESIES_FIRST = re.compile(
    rf"(?:(?!no\.){_COURTESY}(?:\s{_COURTESY})*\s?[,.!;:–—-]+\s)+(?=\S)|"
    r"(?:ok(?:ay)?|thanks?|thank you|thx)\s(?=(?:and|but|so|what|how|who|when|where|why)\b)",
    re.IGNORECASE,
)

_SAYING = (
    r"(?:said|says|say|wrote|writes|write|claimed|claims|claim|reported|reports|report|argued|argues|stated|states|"
    r"thinks|thought|believes|believed|noted|notes|announced|told (?:you|them))"
)
_IT = r"(?:that|this|it|so)"
_ABOUT_ANSWER = tuple(
    (re.compile(_LEAD + pattern, re.IGNORECASE), form)
    for pattern, form in (
        (rf"(?P<asking>who|when|where|why)(?: exactly)? (?P<saying>{_SAYING}) {_IT}", "{asking} {saying} that {said}?"),
        (rf"(?:who says|says who|according to whom?|who is {_IT} according to)", "Who said that {said}?"),
        (rf"(?:what(?: is|[’']s) )?(?:the|your) source(?: (?:of|for) {_IT})?", "Who said that {said}?"),
        (rf"where (?:does|did) (?:it|he|she|they) say {_IT}", "Where does it say that {said}?"),
        (
            rf"(?:really|are you sure(?: (?:of|about) {_IT})?|(?:is|was) {_IT} (?:really |actually |still )?"
            r"(?:true|right|correct|accurate|certain|confirmed|so|a fact))",
            "Is it true that {said}?",
        ),
        (rf"what (?:does|did|do) {_IT} mean", "What does it mean that {said}?"),
    )
)
_BARE = re.compile(
    rf"{_LEAD}(?P<asking>why|how come|how so|how|when|where)(?: (?:exactly|then|though|so))?"
    rf"(?: (?:is|was) (?:that|this)(?: so)?| (?:did|does) {_IT} happen)?",
    re.IGNORECASE,
)
_MOVABLE = re.compile(
    rf"(?:(?P<asking>when|where|why|how(?: (?:much|long|far|often|fast|soon|quickly))?) )?(?P<rest>{AUXILIARY} .+)",
    re.IGNORECASE,
)
_VERBLESS = re.compile(r"(?:is|are|was|were) (?!.*(?:ed|ing|en|ne)$)", re.IGNORECASE)
_MORE_ABOUT = re.compile(
    r"(?:please )?(?:(?:can you |could you )?tell me more|(?:give me )?more(?: details?)?|say more|go on|continue|"
    r"elaborate|explain)(?: (?:about|on) (?:it|that|this|them))?(?:,? please)?",
    re.IGNORECASE,
)
_MORE = re.compile(
    rf"{_LEAD}(?:who(?:m| else| exactly)?|anything (?:else|more)|what else|(?:by )?how (?:much|many)(?: more| less)?|"
    r"why not|why (?:so|such|the|that) (?-i:[a-z]+(?: [a-z]+)?)|(?:by|until|till|from) when|"
    r"who (?!is\b|was\b|are\b|were\b)(?-i:[a-z]+)|which(?: ones?| of (?:them|these|those))?|since when|"
    r"(?:for )?how long(?: ago)?|how often|how fast|"
    r"(?:by|with|to|for) whom|what for|from where|(?:for |any |some |give me |an )+(?:examples?|details?|"
    r"evidence|proof)|like what|such as|in short|in what way|in which way|what then|so what|"
    r"then|later|before|afterwards?|"
    rf"{AUXILIARY} (?:it|that|they|he|she)|"
    r"(?:can|could) you (?:explain|elaborate|summari[sz]e)(?: (?:it|that|this))?|summari[sz]e(?: (?:it|that|this))?|"
    r"what (?:happens|happened|comes|came|is|was)? ?(?:next|then|later|after(?:wards?)?|before|since)|"
    r"(?:which|what|whose|how many) (?!happened|changed|matters)[a-z]+(?<!ed))",
    re.IGNORECASE,
)

_FRAGMENT_LEAD = re.compile(
    rf"(?P<lead>{_LEAD})(?P<about>(?:what|how) about |what of |(?:the )?same (?:question )?for )?", re.IGNORECASE
)
_ADDS = re.compile(r"\b(?:and|or|but|also)\b", re.IGNORECASE)
_HAS_VERB = re.compile(rf"\b(?:{AUXILIARY}|{ASKING}|(?!united)[a-z]{{3,}}ed)\b", re.IGNORECASE)
_OPENS_FRAGMENT = re.compile(rf"(?:{PREPOSITION}|the) ", re.IGNORECASE)
_DATE_PREPOSITION = re.compile(
    r"(?:\b(?:in|on|since|before|after|by|during|until|from|between|around|at|as of|for)\s+)(?:the\s+)?$", re.IGNORECASE
)
_NOW = re.compile(r"(?:right )?now|nowadays|currently|at present", re.IGNORECASE)
_OPENING_PREPOSITION = re.compile(rf"(?P<preposition>{PREPOSITION})\s+", re.IGNORECASE)
_NAMES = re.compile(rf"{_NAME}(?:(?:,| and| or|, and)\s+(?:the\s+)?{_NAME})*")
_WITH_ARTICLE = re.compile(r"(?:[A-Z]\.?){2,4}|.*(?:States|Union|Kingdom|Nations|Emirates|Netherlands|Philippines)")
_OF = re.compile(
    r"(?P<opening>(?:what|who)(?:[’']s| is| are| was| were) (?:the|an?) ).+?(?P<owner> of .+)", re.IGNORECASE
)
_FUNCTION_WORD = re.compile(
    rf"(?:{AUXILIARY}|{ASKING}|{PREPOSITION}|and|or|but|so|the|an?|if|i|my|me|we|us|you|your|tell|explain|describe|"
    r"define|compare|list|summari[sz]e|give|show|find|please|according|this|that|these|those|there|it|its|he|she|they|his|"
    r"her|their|much|many|long|far|often|soon|not|no|yes|also|then|still|now|just|ever|else|more|most|really|exactly|"
    r"what[’']s|who[’']s|where[’']s|how[’']s)(?![\w’'])",
    re.IGNORECASE,
)

_POSSESSED = re.compile(rf"(?P<owner>(?:the )?{_NAME})[’'](?:s )?(?:[\w-]+ )*?(?P<head>[\w-]+)")
_ATTRIBUTE_LIST = (
    "share rate price cost population capital size age height area number output production capacity revenue"
)
_ATTRIBUTES = frozenset(_ATTRIBUTE_LIST.split())

_PRONOUN = re.compile(
    r"\b(?P<it>it|its|itself|they|them|their|theirs)\b|\b(?P<person>he|him|his|she|her|hers)\b", re.IGNORECASE
)
_POSSESSIVES = ("its", "their", "theirs", "his", "hers")
_OBJECT = re.compile(
    rf"(?:it|them|him|her)(?=\s*(?:$|[,.?!;]|(?:{PREPOSITION}|again|now|then|too|so|today|and)\b))", re.IGNORECASE
)
_CLAUSE = re.compile(
    r"\b(?:and|but|or|if|when|because|that|while|although|before|after|than|as|where|who)\s", re.IGNORECASE
)
_EXPLETIVE = re.compile(
    r"\bit\s+(?:really\s+|usually\s+|typically\s+)?(?:takes?|took|costs?|means?|feels?|seems?|appears?|matters?|helps?|"
    r"pays?|makes? sense|like)\s+(?:\w+\s+){0,3}?(?:to|that|if|whether|when|wh\w+|how)\s+\w|"
    r"\b(?:is|was|be|[’']s|makes?|made|finds?|found)\s+(?:it\s+)?(?:\w+\s+){0,2}?(?:possible|legal|illegal|safe|hard|difficult|easy|necessary|"
    r"worth|expensive|cheap|important|allowed|better|useful|common|normal|true|likely|clear|certain)\s+(?:for .+ )?"
    r"(?:to|that|whether|if)\s+\w|\b(?:is|was) it (?:raining|snowing|cold|hot)\b|\bwhat time is it\b",
    re.IGNORECASE,
)
_DETERMINED = re.compile(
    rf"\b(?:the|an?|each|every|all|some|any|which|whose|what|many|most|these|no)\s+(?!{AUXILIARY}\b|about\b)[a-z]{{3,}}",
    re.IGNORECASE,
)
# "What party does she lead?" asks for the party.
_ASKED_WHICH = re.compile(
    rf"(?:and |so |but )?(?:which|what|whose|how (?:many|much)) [a-z][a-z -]*? {AUXILIARY} ", re.IGNORECASE
)
_POINTING = re.compile(
    rf"\b(?:this|that|these|those)(?=\s*(?:$|[?.!,]))|\b(?:{AUXILIARY}|{PREPOSITION})\s+(?:this|that|these|those)\b"
    r"(?!\s+(?:who|that|years?|weeks?|months?|days|morning|quarter|decade|century|article|page|site|service|document|"
    rf"{_TOKEN.replace('[A-Z]', '(?-i:[A-Z])')}))|"
    r"\b(?:these|those)\s+(?!who|that|days)[a-z]+|\bthis\s+(?:deal|agreement|one|way|issue|problem|decision|move|plan|"
    r"policy|law|rule|claim|event|company|country)\b|\bthen(?=\s*(?:$|[?.!]))|"
    r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere(?=\s*(?:$|[?.!]))|"
    r"\b(?:the same|the latter|the former|the others?|ones?)(?=\s*(?:$|[?.!]))|"
    r"\bwhat\s+(?:happens|happened|comes|came)\s+(?:next|then|later|afterwards?)(?=\s*(?:$|[?.!]))",
    re.IGNORECASE,
)

_OF_A_LIFE = re.compile(
    r"(?:when|where|why|how|in what year)\s+(?:was|did)\s+(?P<name>(?!the\b|an?\b)[\w’'.-]+(?: [\w’'.-]+){0,2})\s+"
    r"(?:born|die|buried|marry|grow up)",
    re.IGNORECASE,
)
_IS_WHAT = re.compile(
    r"(?:what|who|where|when|which|how \w+)(?:[’']s| is| are| was| were) (?P<subject>.+)", re.IGNORECASE
)
_IS_IT = re.compile(r"(?:is|are|was|were) (?P<subject>the .+)", re.IGNORECASE)
_TOLD = re.compile(
    r"(?:tell me (?:more )?about|explain|describe|define|compare|summari[sz]e) (?P<subject>.+)", re.IGNORECASE
)
_WHAT_OF = re.compile(
    r"what (?:has |had )?(?:happened|happens) to (?P<subject>.+)|how (?:much|long) (?:does|did|do|will|would) "
    r"(?P<measured>(?:the|an?|this|my|your|our) .+?) (?:cost|take|last|weigh)|what (?:does|did|do|will|would) "
    r"(?P<does>(?:the|an?|this|my|your|our) .+?) (?:cost|mean|do|include|contain|cover|weigh|measure|offer|need)",
    re.IGNORECASE,
)
_DOES_NAME = re.compile(rf"(?i:(?:{ASKING} )*{AUXILIARY} )(?P<subject>(?:the )?{_NAME})(?P<rest>.*)")
_DOES_TO_NAME = re.compile(
    rf"(?i:who|what|which [a-z]+) (?!happened)[a-z]+ (?P<subject>(?:the |an? )?{_NAME}(?: [a-z]+)?)"
)
_PARTICIPLE = r"(?!(?:speed|need|feed|seed|breed|red|fed|shed|weed|deed|greed|united|bed|led)\b)[a-z]+ed"
_ENDS_SUBJECT = re.compile(
    rf"\s+(?:(?!of\b){PREPOSITION}|{AUXILIARY}|(?<!of )(?<!and )(?:an?|the)|{_PARTICIPLE}|open|closed|available|due|"
    r"[a-z]+ing$|worth)(?!\S)",
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side of a conversation said; raises InvalidQuery where that is not Unicode."""

    role: Literal["user", "assistant"]
    content: str

    def __post_init__(self) -> None:
        """Refuse what cannot be encoded."""
        if not is_unicode(self.content):
            raise InvalidQuery("A message of the history holds a lone surrogate; send it as clean Unicode text.")


@dataclass(frozen=True, slots=True)
class _Before:
    """What a follow-up follows: the last question, standing alone, without its mark, and what the answer said first.

    Either is empty where there is none.
    """

    question: str
    said: str


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Return a question of at most 2,000 characters as one that stands alone; itself where it does already.

    The last 20 turns are looked at, oldest first, and each question in them is made to stand alone by those before it.
    """
    before = _Before("", "")
    for turn in history[-MAX_TURNS:]:
        text = _clean(turn.content)
        if turn.role == "assistant":
            before = replace(before, said=_first_statement(text))
        elif text and not _SOCIAL.fullmatch(text):
            asked = _without_courtesies(_last_question(text))
            resolved = _core(_resolved(asked, before))
            # What says nothing by itself is not what the next question is about.
            before = _Before(resolved if _says_something(resolved) else before.question, "")
    return _resolved(question, before)


def _resolved(question: str, before: _Before) -> str:
    asked = _without_courtesies(_clean(question))
    if not 0 < len(asked.split()) <= _MAX_FOLLOW_UP_WORDS or "“" in asked:
        return question
    if _SOCIAL.fullmatch(_clean(question)) or _APPENDED.fullmatch(asked):
        return question
    for rule in (_about_the_answer, _bare, _more, _fragment, _pronouns):
        composed = rule(asked, before)
        if composed:
            return composed if len(composed) <= MAX_STANDALONE_CHARS else question
    return question


def _about_the_answer(asked: str, before: _Before) -> str | None:
    """Return "who said that?" with what was said."""
    for pattern, form in _ABOUT_ANSWER:
        if found := pattern.fullmatch(_bare_text(asked)):
            if not before.said:
                return _appended(asked, before)
            return _capital(form.format(said=f"“{before.said}”", **found.groupdict()))
    return None


def _bare(asked: str, before: _Before) -> str | None:
    """Return "why?" as the last question asked with "why"."""
    found = _BARE.fullmatch(_bare_text(asked))
    if not found or not before.question:
        return None
    asking = {"how come": "Why", "how so": "How"}.get(found["asking"].lower(), found["asking"].capitalize())
    movable = _MOVABLE.fullmatch(before.question)
    if movable and (movable["asking"] or "").lower() == asking.lower():
        return f"{asking} is it that “{before.said}”?" if before.said else _appended(asked, before)
    if not movable or (movable["asking"] and _VERBLESS.match(movable["rest"])):
        return _appended(asked, before)
    return f"{asking} {movable['rest'][0].lower()}{movable['rest'][1:]}?"


def _more(asked: str, before: _Before) -> str | None:
    """Return "tell me more" with what about, and other words that say nothing of their own."""
    text = _bare_text(asked)
    if _MORE_ABOUT.fullmatch(text):
        subject = _subject(before.question)
        return f"Tell me more about {subject}." if subject else _appended(asked, before)
    if not _MORE.fullmatch(text) or (_names_a_person(text) and not _person(before)):
        return None
    return _appended(asked, before)


def _fragment(asked: str, before: _Before) -> str | None:
    """Return the last question with a date or a name changed for that of a question without a verb."""
    body, has_lead = _fragment_of(asked, before)
    if not body or not before.question or _POINTING.search(body):
        return None
    if _PRONOUN.search(body):
        return _appended(asked, before) if has_lead else None
    question, rest = before.question, body
    if dated := _date_in(body):
        preposition, span = dated
        question = _with_date(question, preposition, span.of(body))
        rest = _bare_text(f"{body[: span.start - len(preposition)]} {body[span.end :]}")
    elif _NOW.fullmatch(body):
        question, rest = _with_date(question, "", body), ""
    changed = _with_rest(question, rest) if rest else question
    if changed:
        return f"{changed}?"
    # "The German economy?" is a subject of its own.
    return None if not has_lead and body.lower().startswith("the ") and _names(body) else _appended(asked, before)


def _pronouns(asked: str, before: _Before) -> str | None:
    """Return the question with what its pronouns stand for; None where they stand for something in it."""
    if not before.question or _EXPLETIVE.search(asked):
        return None
    free = [found for found in _PRONOUN.finditer(asked) if not _is_bound(asked, found)]
    points = bool(_POINTING.search(asked)) and len(asked.split()) <= _MAX_POINTING_WORDS
    if not free and not points:
        return None
    kinds = {found.lastgroup for found in free}
    person = _person(before)
    if "person" in kinds and not person:
        return None
    subject = None if points or len(kinds) > 1 else person if "person" in kinds else _subject(before.question)
    if "it" in kinds and subject == person:
        # After "Who is the founder of Acme?", "it" is not the founder.
        subject = None
    if not subject:
        return _appended(asked, before)
    if all(_is_possessive(asked, found) for found in free):
        subject = _owner(subject, asked)
    for found in reversed(free):
        stands_for = _possessive(subject) if _is_possessive(asked, found) else subject
        asked = asked[: found.start()] + stands_for + asked[found.end() :]
    return _capital(asked) if free[0].start() == 0 else asked


def _fragment_of(asked: str, before: _Before) -> tuple[str | None, bool]:
    """Return what a question without a verb names, None where it has one or is a subject of its own, and if it is led.

    "And Tesla's share?" is led; without a lead only what can be no subject of its own follows another question.
    """
    text = _bare_text(asked)
    lead = _FRAGMENT_LEAD.match(text)
    body = text[lead.end() :] if lead else text
    about = bool(lead and lead["about"])
    if len(body.split()) > _MAX_LED_FRAGMENT_WORDS or (not about and _HAS_VERB.search(body)):
        return None, False
    if about or (lead and _ADDS.search(lead["lead"])):
        return body, True
    opens = _OPENS_FRAGMENT.match(body)
    follows = (asked.endswith("?") or opens) and (_is_when(body) or _is_name(body, before) or _points_back(body))
    return (body if follows else None), False


def _is_when(body: str) -> bool:
    """Return whether a text is a date or a period and nothing else."""
    dated = _date_in(body)
    if not dated:
        return bool(_NOW.fullmatch(body))
    preposition, span = dated
    return not _bare_text(f"{body[: span.start - len(preposition)]} {body[span.end :]}")


def _is_name(body: str, before: _Before) -> bool:
    """Return whether a text is a name: of one word, only if it is known, or a name where it stands in a sentence."""
    name = _bare_name(body)
    if not _NAMES.fullmatch(name) or _date_in(name):
        return False
    is_shaped = " " in name or re.search(r".[A-Z]", name) or name in PLACES
    said = f"{before.question} {before.said}"
    return bool(is_shaped or re.search(rf"(?<=[a-z,;] ){re.escape(name)}(?![\w-])", said))


def _points_back(body: str) -> bool:
    """Return whether a short text begins with "the" or a preposition; "the 2010 World Cup" is a name, not a date."""
    if not _OPENS_FRAGMENT.match(body) or len(body.split()) > _MAX_FRAGMENT_WORDS:
        return False
    dated = _date_in(body)
    return not (dated and not dated[0] and body.lower().startswith("the "))


def _date_in(text: str) -> tuple[str, Span] | None:
    """Return the first date in a text with the preposition before it, "" where it has none."""
    named = mentions(text, ANY_DAY)
    if not named:
        return None
    preposition = _DATE_PREPOSITION.search(text[: named[0].span.start])
    return (preposition[0] if preposition else "", named[0].span)


def _with_date(question: str, preposition: str, when: str) -> str:
    """Return a question with another date in the place of its own, or at its end."""
    own = _date_in(question)
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
    """Return a question with its first name changed, the first after the preposition where that says a place."""
    other = _names(name)
    own = _names(question)
    if preposition in ("in", "to", "from", "at", "on"):
        own = [
            span for span in own if re.search(rf"\b{preposition}\s+(?:the\s+)?$", question[: span.start], re.IGNORECASE)
        ]
    if not own or not other:
        return None
    said_already = set(re.findall(r"[a-z]+", question)) | {"the", "and", "or", "s"}
    if not said_already.issuperset(re.findall(r"\b[a-z]+", _without(name, other))):
        return None
    new = name[other[0].start : other[-1].end] if _NAMES.fullmatch(_bare_name(name)) else other[0].of(name)
    article = re.search(r"\bthe\s+$", question[: own[0].start])
    start = own[0].start
    if article and _WITH_ARTICLE.fullmatch(own[0].of(question)):
        start = article.start()
    if name.lower().startswith("the ") and not (article and start == own[0].start):
        new = f"the {new}"
    return question[:start] + new + question[own[0].end :]


def _with_attribute(question: str, attribute: str) -> str | None:
    """Return "What is the capital of France" as "What is the population of France"."""
    found = _OF.fullmatch(question)
    if not found or not attribute.startswith("the ") or _names(attribute):
        return None
    return f"{found['opening']}{attribute.removeprefix('the ')}{found['owner']}"


def _names(text: str) -> list[Span]:
    """Return where a text has names: words with a capital that are neither its first small word nor a date."""
    first = _FUNCTION_WORD.match(text)
    start = first.end() if first else 0
    dates = [one.span for one in mentions(text, ANY_DAY)]
    spans = (Span(*found.span()) for found in re.compile(rf"(?<![\w’'-]){_NAME}").finditer(text, start))
    return [span for span in spans if not any(span.start < day.end and day.start < span.end for day in dates)]


def _subject(question: str) -> str | None:
    """Return the noun phrase that a question is about, None where that cannot be told with confidence."""
    if not _HAS_VERB.search(question) and not _TOLD.fullmatch(question):
        return question if len(question.split()) <= _MAX_SUBJECT_WORDS else None
    for pattern in (_IS_WHAT, _IS_IT, _TOLD, _WHAT_OF):
        if found := pattern.fullmatch(question):
            cut = _noun_phrase(next(filter(None, found.groups())))
            return None if pattern is _IS_IT and cut == found["subject"] else cut
    if (found := _DOES_NAME.fullmatch(question)) and len(found["rest"].split()) <= 1 and found["rest"][:1] in ("", " "):
        return found["subject"]
    found = _DOES_TO_NAME.fullmatch(question)
    return found["subject"] if found else None


def _noun_phrase(text: str) -> str | None:
    """Return the noun phrase that a text begins with, None where it is long or begins otherwise."""
    if dated := _date_in(text):
        text = text[: dated[1].start - len(dated[0])]
    phrase = _ENDS_SUBJECT.split(text, maxsplit=1)[0].strip(" ,")
    if name := re.match(rf"{_NAME}(?=\s+(?!and\b|or\b)[a-z])", phrase):
        phrase = name[0]
    first = phrase.split(" ", 1)[0].lower()
    if phrase.lower() in ("the", "a", "an"):
        return None
    says_nothing = first.endswith("ing") or _PRONOUN.search(phrase) or _POINTING.search(phrase) or first == "there"
    return phrase if phrase and not says_nothing and len(phrase.split()) <= _MAX_SUBJECT_WORDS else None


def _person(before: _Before) -> str | None:
    """Return who "he" or "she" is, None where nothing says that it is a person: a country or a firm is none.

    It is whom the last question is about, or the first full name of an answer to "who".
    """
    question = before.question
    if found := re.match(r"who(?:[’']s| is| was) (?P<subject>.+)", question, re.IGNORECASE):
        phrase = _noun_phrase(found["subject"]) or ""
        is_known = re.match(r"(?:the|an?)\s", phrase) or (_NAMES.fullmatch(phrase) and not is_no_person(phrase))
        # Who writes all small writes names so too.
        return phrase if is_known or (question.islower() and _may_be_name(phrase)) else None
    if (found := _OF_A_LIFE.fullmatch(question)) and _may_be_name(found["name"], least=1):
        return found["name"]
    if re.match(r"who\b", question, re.IGNORECASE):
        said = (span.of(before.said) for span in _names(before.said))
        return next((name for name in said if is_full_name(name) and name not in question), None)
    names = [span.of(question) for span in _names(question)]
    found = _DOES_NAME.fullmatch(question)
    name = found["subject"] if found else names[0] if len(names) == 1 else ""
    return name if name and is_person(name, before.question, before.said) else None


def _may_be_name(phrase: str, least: int = 2) -> bool:
    """Return whether words without a capital may name a person: a few, none of them a small word or a quantifier."""
    words = phrase.split()
    is_name = not any(_FUNCTION_WORD.fullmatch(word) or word.lower() in _NO_NAMES for word in words)
    return is_name and least <= len(words) <= _MAX_NAME_WORDS


def _names_a_person(text: str) -> bool:
    return any(found.lastgroup == "person" for found in _PRONOUN.finditer(text))


def _owner(subject: str, asked: str) -> str:
    """Return what has a thing, not the thing, where that is an attribute, or what the question asks for again.

    After "China's processing share", "its production share" is China's.
    """
    found = _POSSESSED.fullmatch(subject)
    if not found:
        return subject
    is_repeated = _bare_text(asked).lower().endswith(found["head"].lower())
    return found["owner"] if is_repeated or found["head"].lower() in _ATTRIBUTES else subject


def _is_bound(asked: str, pronoun: re.Match[str]) -> bool:
    """Return whether the question itself has what a pronoun may stand for.

    The object of a clause is not its subject: in "What did China say about it?", "it" is not China.
    """
    before = asked[: pronoun.start()]
    if _ASKED_WHICH.fullmatch(before):
        return False
    if pronoun[0].istitle() and re.match(r"\s+[A-Z][a-z]", asked[pronoun.end() :]):
        # He Lifeng is a name.
        return True
    contents = [word for word in re.findall(r"[\w’'-]+", before) if not _FUNCTION_WORD.fullmatch(word)]
    if not (_names(before) or _DETERMINED.search(before) or len(contents) > 1):
        return False
    return not _OBJECT.match(asked, pronoun.start()) or bool(_CLAUSE.search(before.split(" ", 1)[-1]))


def _is_possessive(asked: str, pronoun: re.Match[str]) -> bool:
    word = pronoun[0].lower()
    return word in _POSSESSIVES or (word == "her" and not _OBJECT.match(asked, pronoun.start()))


def _possessive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def _appended(asked: str, before: _Before) -> str | None:
    return with_context(_capital(asked), before.question) if before.question else None


def _core(question: str) -> str:
    """Return a question without its mark, and without what was appended to by _appended."""
    found = _APPENDED.fullmatch(question)
    return _shortened(_bare_text(found["previous"] if found else question), _MAX_PREVIOUS_CHARS)


def _last_question(text: str) -> str:
    """Return the last question of what a person wrote, all of it where none has a mark."""
    questions = re.findall(r"[^?]*\?", text)
    if not questions:
        return text
    return SENTENCE_END.split(questions[-1])[-1].strip() or text


def _first_statement(answer: str) -> str:
    """Return what an answer says first, as it stands in a sentence; empty where it says that it does not know."""
    if _ABSTAINED.match(answer):
        return ""
    first = next((part for part in _MARKERS.split(answer) if part.strip()), "").lstrip(" •*-–—")
    first = SENTENCE_END.split(first)[0].strip(" .!?,;:")
    first = re.sub(r"[\"”]", "’", re.sub(r"(?:(?<=\s)|^)\"|“", "‘", first))
    if re.fullmatch(r"‘[^‘]*’", first):
        first = first.strip("‘’ .!?,;:")
    if re.match(
        r"(?:The|An?|This|That|These|Those|It|Its|In|On|At|By|For|While|Even|There|They|Over|More|About)\s", first
    ):
        first = first[0].lower() + first[1:]
    return _shortened(first, _MAX_SAID_CHARS)


def _says_something(question: str) -> bool:
    return any(not _FUNCTION_WORD.fullmatch(word) for word in query_words(question))


def _without(text: str, spans: Sequence[Span]) -> str:
    for span in reversed(spans):
        text = f"{text[: span.start]} {text[span.end :]}"
    return text


def _without_courtesies(text: str) -> str:
    """Return "and Japan?" of "Thanks, and Japan?"; what is nothing else stays."""
    found = _COURTESIES_FIRST.match(text)
    return text[found.end() :] if found else text


def _bare_name(text: str) -> str:
    return re.sub(r"^the\s+|[’']s$", "", text)


def _bare_text(text: str) -> str:
    text = " ".join(text.split()).strip(" ?!,;:")
    return text if re.search(r"\b[A-Z]\.$", text) else text.strip(" ?!.,;:")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _clean(text: str) -> str:
    """Return a text on one line, of a length that rules can be tried on."""
    return " ".join("".join(one if one.isprintable() else " " for one in text[:READ_CHARS]).split())


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + "…"
