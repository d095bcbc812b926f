"""Asked names: whom or what a question asks for by an office or by its name, and whether a text has any.

Only questions that want a name are looked at: "who" may well be answered by "the jury" or "tenants".
"""

import re
from collections.abc import Iterable

from index.analysis import CAPITAL
from rag.english import AUXILIARY, MONTHS, NUMBERS, ORDINALS, WEEKDAYS, any_of

# Whom a question asks for by an office, and how that may stand in a text.
_OFFICES = {
    "ceo": "ceo|chief exec|managing dir",
    "cfo": "cfo|chief fin|finance dir",
    "cto": "cto|chief tech|technology off",
    "coo": "coo|chief op",
    "chief executive": "ceo|chief exec|managing dir",
    "chief financial officer": "cfo|chief fin|finance dir",
    "chief technology officer": "cto|chief tech|technology off",
    "chief operating officer": "coo|chief op",
    "vice president": "vice[ -]presid",
    "director": "direct",
    "president": "presid",
    "chairman": "chair|presid",
    "chairwoman": "chair|presid",
    "chairperson": "chair|presid",
    "chair": "chair|presid",
    "mayor": "mayor",
    "treasurer": "treasur",
    "secretary": "secretar",
    "principal": "principal|head",
    "headmaster": "head|principal",
    "curator": "curat",
    "bishop": "bishop",
    "ambassador": "ambassad",
    "spokesperson": "spoke",
    "spokesman": "spoke",
    "spokeswoman": "spoke",
}
# How a text may say of somebody that he holds an office without its name.
_LEADS = (
    r"\b(?:boss|head(?:s|ed)|head of|led by|led the|leads the|run by|the helm|in charge|looks? after|made by|film by|"
    r"takes? over)\b"
)
_OFFICE = re.compile(
    r"^\W*(?i:who(?:[’']s| is| was| are| were)) (?i:the |its |their |our )?(?:[\w.&’'-]+[’']s? )?"
    r"(?i:(?:current|new|first|last|former|present|acting|deputy|vice|managing|museum) )*"
    rf"(?i:(?P<office>{any_of(_OFFICES)}))s?(?i: of| at| for|[?.]*$)"
)

# What ends as names of persons do and is none.
_NO_PERSON = any_of([
    "another", "answer", "boiler", "border", "cancer", "center", "centre", "chapter", "character", "coffee", "color",
    "colour", "committee", "computer", "container", "corner", "counter", "degree", "dinner", "disorder", "door",
    "error", "factor", "fee", "filter", "flavor", "floor", "gender", "laser", "layer", "letter", "list", "master",
    "matter", "monster", "motor", "newspaper", "number", "order", "other", "paper", "parameter", "poster", "power",
    "printer", "register", "river", "sector", "server", "summer", "theater", "tower", "trailer", "transfer", "tree",
    "vector", "water", "weather", "winter",
])  # fmt: skip
# What has a name of its own: persons by what they do or are to others, then bodies, places and works.
_PERSON = (
    rf"(?!(?:{_NO_PERSON})s?\b)\w{{3,}}(?:er|or|ist|ian|ee)s?|"
    r"\w*(?:man|men|woman|women|person|people|mother|father|brother|sister|son|daughter|"
    r"child|children|wife|husband|partner|twin)s?|boys?|girls?|baby|aunt|uncle|nephew|niece|cousin|friend|boss|"
    r"captain|surgeon|chef|cook|coach|guide|nurse|judge|priest|vicar|monk|king|queen|guest|pilot|poet|consultant|"
    r"accountant|assistant|student|dog|cat|horse|pet"
)
_PLACE = (
    r"hotels?|hostels?|pubs?|inns?|bars?|caf[eé]s?|restaurants?|shops?|banks?|clubs?|schools?|universit(?:y|ies)|"
    r"colleges?|compan(?:y|ies)|firms?|brands?|suppliers?|cit(?:y|ies)|towns?|villages?|streets?|countr(?:y|ies)|"
    r"islands?|rivers?|newspapers?|airlines?|airports?|museums?|hospitals?|part(?:y|ies)|teams?|bands?|films?|movies?|"
    r"songs?|albums?|books?|novels?"
)
_MAKER = r"(?:manufactur|produc|suppli|publish|design|mak|retail|contract|employ|own|operat|invest|sponsor)(?:er|or)s?"
# A longer question says much of whom it asks for, which is found out first.
_MOST_WORDS = 14
_NAME = re.compile(
    rf"\bwhat(?:[’']s| is| was| are| were) (?:(?:the |his |her |their |our )?(?:\w+ ){{0,2}}names? of [^?]*?"
    rf"\b(?:{_PERSON}|{_PLACE})\b|(?:the )?(?:[\w.-]+ ){{0,3}}(?:{_PERSON})[’']s? (?:\w+ )?names?\b|"
    rf"[^?]*?\b(?:{_PERSON}|{_PLACE})\b[^?]*\b(?:called|named)\W*$)|"
    rf"^\W*(?:(?:in|at|for|from|by|of|to|on|with) )?which (?P<which>{_PLACE}|{_MAKER}) "
    rf"(?:{AUXILIARY}|\w+ed|made|won|built|wrote|sold|led|runs?|owns?|gave|took|lost)\b",
    re.IGNORECASE,
)

_WORD = re.compile(r"[^\W\d_][\w-]*")
# What is in a cell, or in an item of a list, may be the name and nothing else.
_FEW_WORDS = 2
# What begins with a capital where a sentence does, or anywhere, and names nobody.
_NO_NAMES = frozenset([
    *MONTHS, *WEEKDAYS, *NUMBERS, *ORDINALS,
    "a", "an", "the", "this", "that", "these", "those", "he", "she", "it", "they", "we", "you", "i", "his", "her",
    "its", "their", "our", "your", "my", "in", "on", "at", "by", "for", "from", "to", "of", "with", "and", "but", "or",
    "if", "when", "where", "what", "who", "which", "how", "why", "as", "after", "before", "during", "since", "while",
    "although", "though", "because", "so", "then", "there", "here", "no", "not", "all", "some", "many", "most", "each",
    "every", "both", "such", "other", "another", "more", "last", "also", "however", "only", "even", "now", "today",
    "yesterday", "is", "was", "were", "are", "be", "has", "have", "had", "do", "does", "did", "can", "could", "will",
    "would", "may", "might", "should", "must", "once", "until", "about", "over", "under", "between", "two-thirds",
])  # fmt: skip
_BEGINS = re.compile(r"(?:^|[.!?:;•|\n])[\s•*–—|-]*[\"'“‘«„(]*$")
_READS_ON = re.compile(
    rf"[’']s\b|,| (?:is|was|are|were|has|had|have|will|would|can|could|who|which|and|or|of (?:the )?(?={CAPITAL})|"
    r"also|later|then|first|never|still|now|did|wrote|said|told|made|took|won|gave|led|became|began|sold|built|found|left|"
    r"came|went|spoke|held|fought|taught|thought|brought|bought|wore|ran|sang|drew|drove|saw|met|put|set|beat|kept|felt|fell|grew|knew)"
    rf"\b| (?!(?:this|its|his|as|less|across|perhaps|towards)\b)\w+(?:ed|s)\b| \(?{CAPITAL}"
)
# What tells that a sentence begins stands so near before its first word.
_NEAR = 20
# A name may stand without a capital where a text says that it is one, or sets it apart.
_SAID_TO_BE_ONE = re.compile(
    r"[“\"‘«„*_]\w|(?:^|\s)'\w|\bthe \d+\b|"
    r"\b(?:call(?:ed|s)|named?|known as|dubbed|titled|entitled|termed|nicknamed|referred)\b"
)


def lacking_name(question: str, texts: Iterable[str]) -> str | None:
    """Return what a question asks for by its name where no text names anything; None where one does or none is asked.

    It is the office of whom is asked for, or "name".
    """
    said = list(texts)
    office = _OFFICE.match(question)
    if office is not None:
        held = re.compile(rf"\b(?:{_OFFICES[office['office'].lower()]})|{_LEADS}", re.IGNORECASE)
        return None if any(map(held.search, said)) else office["office"]
    asking = _NAME.search(question)
    if asking is None or len(question.split()) > _MOST_WORDS:
        return None
    asked = frozenset(word.lower() for word in _WORD.findall(question))
    which = re.compile(rf"\b{asking['which']}\b", re.IGNORECASE) if asking["which"] else _SAID_TO_BE_ONE
    if any(_is_name_alone(text) or which.search(text) or _has_another_name(text, asked) for text in said):
        return None
    return "name"


def _is_name_alone(text: str) -> bool:
    """Return whether a text, below its heading, is so short that it may be no more than the name."""
    return len(_WORD.findall(text.rpartition("\n")[2])) <= _FEW_WORDS


def _has_another_name(text: str, asked: frozenset[str]) -> bool:
    """Return whether a text has a name with a word that the question, whose words are given, does not have.

    What begins a sentence has a capital anyway: it is one where it reads on as a name does. In scripts without
    capitals any word may be one.
    """
    return any(
        not word[0][0].islower()
        and word[0].lower() not in asked
        and word[0].lower() not in _NO_NAMES
        and (not _BEGINS.search(text, max(0, word.start() - _NEAR), word.start()) or _READS_ON.match(text, word.end()))
        for word in _WORD.finditer(text)
    )
