"""Pronouns: whom or what the pronouns of a question stand for, after another one."""

import re
from collections.abc import Sequence

from index.analysis import CAPITAL
from rag.conversation import (
    FUNCTION_WORD,
    HAS_VERB,
    NAME,
    NAMES,
    POINTING,
    PRONOUN,
    Before,
    appended,
    bare_text,
    capital,
    capitalised,
    date_in,
    numbered,
)
from rag.english import ASKING, AUXILIARY, PREPOSITION, SENTENCE_END
from rag.persons import is_full_name, is_no_person, is_person

# In a longer one "those meetings" are its own.
_MAX_POINTING_WORDS = 9
_MAX_SUBJECT_WORDS = 8
_MAX_NAME_WORDS = 3
_ARTICLE = re.compile(r"\b(?:the|an?) $", re.IGNORECASE)
_NO_NAMES = frozenset(["many", "most", "several", "some", "all", "few", "other", "people", "responsible", "first"])
_POSSESSED = re.compile(rf"(?P<owner>(?:the )?{NAME})[’'](?:s )?(?:[\w-]+ )*?(?P<head>[\w-]+)")
_ATTRIBUTE_LIST = (
    "share rate price cost population capital size age height area number output production capacity revenue"
)
_ATTRIBUTES = frozenset(_ATTRIBUTE_LIST.split())
_ATTRIBUTE_OF = re.compile(
    r"the (?:(?:average|total|current|exact) )?(?:height|length|width|depth|weight|speed|temperature|name|"
    rf"{'|'.join(sorted(_ATTRIBUTES - {'capital'}))}) of (?P<owner>.+)",
    re.IGNORECASE,
)
# What is done to a thing, and not to a measure of it.
_OF_A_THING = re.compile(
    r"\b(?:built|build|builds|designed|constructed|erected|founded|established|opened|closed|located|situated|made|owned|"
    r"owns|restored|destroyed|demolished|discovered|invented|mined|named|visit(?:ed)?)\b",
    re.IGNORECASE,
)
_POSSESSIVES = ("its", "their", "theirs", "his", "hers")
_OBJECT = re.compile(
    rf"(?:it|them|him|her)(?=\s*(?:$|[,.?!;]|(?:{PREPOSITION}|again|now|then|too|so|today|and)\b))", re.IGNORECASE
)
_CLAUSE = re.compile(
    r"\b(?:and|but|or|if|when|because|that|while|although|before|after|than|as|where|who)\s", re.IGNORECASE
)
_EXPLETIVE = re.compile(
    r"\bhow far is it (?:from .+ to|to .+ from)\b|"
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
_DOES_NAME = re.compile(rf"(?i:(?:{ASKING} )*{AUXILIARY} )(?P<subject>(?:the )?{NAME})(?P<rest>.*)")
_DOES_TO_NAME = re.compile(
    rf"(?i:who|what|which [a-z]+) (?!happened)[a-z]+ (?P<subject>(?:the |an? )?{NAME}(?: [a-z]+)?)"
)
_ASKS_FOR_ONE = re.compile(r"which\b", re.IGNORECASE)
_SINGULAR = frozenset(["it", "its", "itself"])
_GOES_ON_FROM_NAME = re.compile(r" (?:–|is|was|has|had|will|[a-z]+(?:s|ed))(?!\S)")
_GOES = "get|got|go|going|travel|drive|fly|walk|cycle|come|move|moved|went|sail"
# "Hello there", "is there" and "over there" name no place.
_BEFORE_THERE = ("hello", "hi", "hey", "out", "over", "up", "down", "is", "are", "was", "were")
_NO_PLACE = "".join(rf"(?<!\b{word} )" for word in _BEFORE_THERE)
_THERE = re.compile(
    rf"\b(?P<led>from|to|around|near) there\b|\b(?P<goes>{_GOES}) there\b|\b{_NO_PLACE}there(?=\s*[,?.!]|$)",
    re.IGNORECASE,
)
_AT_PLACE = re.compile(r"\b(?:in|to|from|at|near|around|visit|reach|leave) (?:the )?$")
_PERSONAL = re.compile(r"\b(?:he|him|his|she|hers?)\b", re.IGNORECASE)
# Whose or where a thing is that has no name itself: "the course at Harn Rowing Club".
_AT_NAME = re.compile(rf" (?:at|in|of|on|near) (?:the )?{NAME}")
# "Who was Jane Moe married to?" asks for somebody else.
_ASKS_FOR_OTHER = re.compile(rf" (?:[a-z]+(?:ed|en|ght)|with)(?: {PREPOSITION})?$", re.IGNORECASE)
_PARTICIPLE = r"(?!(?:speed|need|feed|seed|breed|red|fed|shed|weed|deed|greed|united|bed|led)\b)[a-z]+ed"
_ENDS_SUBJECT = re.compile(
    rf"\s+(?:(?!of\b){PREPOSITION}|{AUXILIARY}|(?<!of )(?<!and )(?:an?|the)|{_PARTICIPLE}|open|closed|available|due|"
    r"[a-z]+ing$|worth)(?!\S)",
)


def of_pronouns(asked: str, before: Before) -> str | None:
    """Return the question with what its pronouns stand for; None where they stand for something in it."""
    if not before.question:
        return None
    located = _located(asked, before.question)
    if _EXPLETIVE.search(asked):
        return located
    asked = located or asked
    free = [found for found in PRONOUN.finditer(asked) if not _is_bound(asked, found)]
    points = bool(POINTING.search(asked)) and len(asked.split()) <= _MAX_POINTING_WORDS
    if not free and not points:
        return located
    of_persons = [found for found in free if found.lastgroup == "person"]
    of_things = [found for found in free if found.lastgroup != "person"]
    person = person_of(before, of_persons[0][0] if of_persons else "")
    if of_persons and not person:
        return appended(asked, before) if persons_told(before) else None
    if of_persons and (of_things or points):
        return appended(_put(asked, of_persons, person or ""), before)
    subject = None if points else person if of_persons else _what(free, before, person)
    return _put(asked, free, subject) if subject else appended(asked, before)


def _put(asked: str, pronouns: Sequence[re.Match[str]], subject: str) -> str:
    """Return a question with what pronouns stand for in their place."""
    subject = _owner(subject, asked, is_possessive=all(_is_possessive(asked, found) for found in pronouns))
    put = asked
    for found in reversed(pronouns):
        stands_for = _possessive(subject) if _is_possessive(asked, found) else subject
        put = put[: found.start()] + stands_for + put[found.end() :]
    return capital(put) if pronouns[0].start() == 0 else put


def _located(asked: str, before: str) -> str | None:
    """Return a question with the place for its "there", None where the one before it has not one name, of a place."""
    there, names = _THERE.search(asked), capitalised(before)
    if not there or len(names) != 1 or not _AT_PLACE.search(before, 0, names[0].start):
        return None
    led = f"{there['goes']} to" if there["goes"] else there["led"] or "in"
    place = f"the {names[0].of(before)}" if before[: names[0].start].endswith("the ") else names[0].of(before)
    return f"{asked[: there.start()]}{led} {place}{asked[there.end() :]}"


def subject_of(question: str) -> str | None:
    """Return the noun phrase that a question is about, None where that cannot be told with confidence."""
    if not HAS_VERB.search(question) and not _TOLD.fullmatch(question):
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
    if dated := date_in(text):
        text = text[: dated[1].start - len(dated[0])]
    phrase = _ENDS_SUBJECT.split(text, maxsplit=1)[0].strip(" ,")
    if not capitalised(phrase) and (at := _AT_NAME.match(text, len(phrase))):
        phrase += at[0]
    if name := re.match(rf"{NAME}(?=\s+(?!and\b|or\b)[a-z])", phrase):
        phrase = name[0]
    first = phrase.split(" ", 1)[0].lower()
    if phrase.lower() in ("the", "a", "an"):
        return None
    says_nothing = first.endswith("ing") or PRONOUN.search(phrase) or POINTING.search(phrase) or first == "there"
    return phrase if phrase and not says_nothing and len(phrase.split()) <= _MAX_SUBJECT_WORDS else None


def person_of(before: Before, pronoun: str = "") -> str | None:
    """Return who "he" or "she" is, None where nothing says that it is a person: a country or a firm is none.

    It is whom the last question is about, or the first full name of an answer to "who". Where that is asked of somebody
    else, the answer must tell by its own pronouns which of the two is meant.
    """
    question = before.question
    if found := re.match(r"who(?:[’']s| is| was) (?P<subject>.+)", question, re.IGNORECASE):
        phrase = _noun_phrase(found["subject"]) or ""
        told = [name for name in persons_told(before) if name not in question]
        if NAMES.fullmatch(phrase) and _ASKS_FOR_OTHER.match(found["subject"], len(phrase)):
            said = set(map(_gender, _PERSONAL.findall(before.told)))
            if len(said) != 1 or not pronoun:
                return None
            return phrase if _gender(pronoun) in said else told[0] if len(told) == 1 else None
        if len(told) == 1 and (_POSSESSED.fullmatch(phrase) or re.match(r"(?:the|an?)\s", phrase)):
            return told[0]
        is_known = re.match(r"(?:the|an?)\s", phrase) or (NAMES.fullmatch(phrase) and not is_no_person(phrase))
        # Who writes all small writes names so too.
        return phrase if is_known or (question.islower() and _may_be_name(phrase)) else None
    if (found := _OF_A_LIFE.fullmatch(question)) and _may_be_name(found["name"], least=1):
        return found["name"]
    if re.match(r"who\b", question, re.IGNORECASE):
        told = [name for name in persons_told(before) if name not in question]
        return told[0] if len(told) == 1 else None
    names = [span.of(question) for span in capitalised(question)]
    found = _DOES_NAME.fullmatch(question)
    name = found["subject"] if found else names[0] if len(names) == 1 else ""
    if name and is_person(name, before.question, before.said):
        return name
    told = persons_told(before)
    return told[0] if len(told) == 1 else None


def _gender(pronoun: str) -> str:
    """Return "she" for a pronoun of a woman, "he" for one of a man."""
    return "she" if pronoun.lower() in ("she", "her", "hers") else "he"


def persons_told(before: Before) -> list[str]:
    """Return the full names that an answer told, each once; what has an article is no person."""
    told = [
        bare_text(name.of(said))
        for said in SENTENCE_END.split(before.told)
        for name in capitalised(said)
        if not _ARTICLE.search(said, 0, name.start)
    ]
    return list(dict.fromkeys(filter(is_full_name, told)))


def _what(pronouns: Sequence[re.Match[str]], before: Before, person: str | None) -> str | None:
    """Return what "it" and "they" are; after "Who is the founder of Acme?" it is not the founder."""
    thing = _thing(before) if all(found[0].lower() in _SINGULAR for found in pronouns) else None
    subject = thing or subject_of(before.question)
    return None if subject == person else subject


def _thing(before: Before) -> str | None:
    """Return what "it" is after "which pump …?": the first name of the answer, with its number, None where it has none.

    A name that the question has is not the one asked for.
    """
    if not _ASKS_FOR_ONE.match(before.question):
        return None
    for name in capitalised(before.said):
        whole = numbered(before.said, name).of(before.said)
        # What begins a sentence has a capital anyway.
        is_name = name.start or " " in whole or _GOES_ON_FROM_NAME.match(before.said, name.end)
        if is_name and name.of(before.said) not in before.question:
            return whole
    return None


def _may_be_name(phrase: str, least: int = 2) -> bool:
    """Return whether words without a capital may name a person: a few, none of them a small word or a quantifier."""
    words = phrase.split()
    is_name = not any(FUNCTION_WORD.fullmatch(word) or word.lower() in _NO_NAMES for word in words)
    return is_name and least <= len(words) <= _MAX_NAME_WORDS


def names_a_person(text: str) -> bool:
    """Return whether a text has a pronoun of a person."""
    return any(found.lastgroup == "person" for found in PRONOUN.finditer(text))


def _owner(subject: str, asked: str, *, is_possessive: bool) -> str:
    """Return what has a thing, not the thing, where that is an attribute, or what the question asks for again.

    After "China's processing share", "its production share" is China's; after "the height of the tower", "it" is the
    tower where it is asked when it was built.
    """
    attribute = _ATTRIBUTE_OF.fullmatch(subject)
    if attribute and (is_possessive or _OF_A_THING.search(asked)):
        return attribute["owner"]
    found = _POSSESSED.fullmatch(subject) if is_possessive else None
    if not found:
        return subject
    is_repeated = bare_text(asked).lower().endswith(found["head"].lower())
    return found["owner"] if is_repeated or found["head"].lower() in _ATTRIBUTES else subject


def _is_bound(asked: str, pronoun: re.Match[str]) -> bool:
    """Return whether the question itself has what a pronoun may stand for.

    The object of a clause is not its subject: in "What did China say about it?", "it" is not China.
    """
    before = asked[: pronoun.start()]
    if _ASKED_WHICH.fullmatch(before):
        return False
    if pronoun[0].istitle() and re.match(rf"\s+{CAPITAL}[^\W\dA-Z_]", asked[pronoun.end() :]):
        # He Lifeng is a name.
        return True
    contents = [word for word in re.findall(r"[\w’'-]+", before) if not FUNCTION_WORD.fullmatch(word)]
    if not (capitalised(before) or _DETERMINED.search(before) or len(contents) > 1):
        return False
    return not _OBJECT.match(asked, pronoun.start()) or bool(_CLAUSE.search(before.split(" ", 1)[-1]))


def _is_possessive(asked: str, pronoun: re.Match[str]) -> bool:
    word = pronoun[0].lower()
    return word in _POSSESSIVES or (word == "her" and not _OBJECT.match(asked, pronoun.start()))


def _possessive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"
