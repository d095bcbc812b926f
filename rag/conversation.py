"""Conversation: its turns, and how the words of a question asked in one are read."""

import re
from dataclasses import dataclass
from typing import Literal

from index.analysis import CAPITAL, query_words
from index.document import Span
from rag.context import with_context
from rag.dates import ANY_DAY, mentions
from rag.english import ASKING, AUXILIARY, PREPOSITION
from rag.errors import InvalidQuery
from rag.query import is_unicode

# So much of a turn is read, from its beginning.
READ_CHARS = 4000
LEAD = r"(?:(?:and|or|but|so|ok|okay|then|also|yes|no)\b,?\s+)*"
TOKEN = rf"{CAPITAL}[\w&.-]*(?:[’'](?!s\b)\w+)*"
NAME = rf"{TOKEN}(?:\s+(?:(?:of|de|von|van|du)\s+(?:the\s+)?)?{TOKEN})*"
HAS_VERB = re.compile(rf"\b(?:{AUXILIARY}|{ASKING}|(?!united)[a-z]{{3,}}ed)\b", re.IGNORECASE)
_DATE_PREPOSITION = re.compile(
    r"(?:\b(?:in|on|since|before|after|by|during|until|from|between|around|at|as of|for)\s+)(?:the\s+)?$", re.IGNORECASE
)
_NUMBER_OF_NAME = re.compile(r" (?!(?:1\d|20)\d\d\b)\d{1,4}(?:\.\d{1,3})*(?![\d.,]*[\d%])")
NAMES = re.compile(rf"{NAME}(?:(?:,| and| or|, and)\s+(?:the\s+)?{NAME})*")
_NAME = re.compile(rf"(?<![\w’'-])(?!(?<=\d )(?:BCE?|CE|AD)\b){NAME}")
FUNCTION_WORD = re.compile(
    rf"(?:{AUXILIARY}|{ASKING}|{PREPOSITION}|and|or|but|so|the|an?|if|i|my|me|we|us|you|your|tell|explain|describe|"
    r"define|compare|list|summari[sz]e|give|show|find|please|according|this|that|these|those|there|it|its|he|she|they|his|"
    r"her|their|much|many|long|far|often|soon|not|no|yes|also|then|still|now|just|ever|else|more|most|really|exactly|"
    r"what[’']s|who[’']s|where[’']s|how[’']s)(?![\w’'])",
    re.IGNORECASE,
)
_DOES = r"(?:go|cost|open|close|start|leave|arrive|fail|work|look|come|take|last|mean)(?:e?s|e?d)?"
PRONOUN = re.compile(
    r"\b(?P<it>it|its|itself|they|them|their|theirs)\b|\b(?P<person>he|him|his|she|her|hers)\b", re.IGNORECASE
)
POINTING = re.compile(
    rf"\b(?:this|that|these|those)(?=\s*(?:$|[?.!,]))|\b(?:{AUXILIARY}|{PREPOSITION})\s+(?:this|that|these|those)\b"
    r"(?!\s+(?:who|that|years?|weeks?|months?|days|morning|quarter|decade|century|article|page|site|service|document|"
    rf"{TOKEN.replace(CAPITAL, f'(?-i:{CAPITAL})')}))|"
    r"\b(?:these|those)\s+(?!who|that|days)[a-z]+|\bthis\s+(?:deal|agreement|one|way|issue|problem|decision|move|plan|"
    r"policy|law|rule|claim|event|company|country)\b|\bthen(?=\s*(?:$|[?.!]))|"
    r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere(?=\s*(?:$|[?.!]))|"
    r"\b(?:the same|the latter|the former|the others?|ones?)(?=\s*(?:$|[?.!]))|"
    rf"\bthe (?:(?!only\b|no\b)[a-z]+ )?ones?\b(?=\s*[,?.!]|\s+{AUXILIARY}\b|\s+(?:{_DOES})\b)|"
    r"\bwhat\s+(?:happens|happened|comes|came)\s+(?:next|then|later|afterwards?)(?=\s*(?:$|[?.!]))",
    re.IGNORECASE,
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
class Before:
    """What a follow-up follows: the last question, standing alone, without its mark, and what the answer said first.

    Either is empty where there is none. `told` is all of the answer's text, `asked` the last question where it goes on
    from `question` and is another.
    """

    question: str
    said: str
    told: str = ""
    asked: str = ""


def date_in(text: str) -> tuple[str, Span] | None:
    """Return the first date in a text with the preposition before it, "" where it has none."""
    named = mentions(text, ANY_DAY)
    if not named:
        return None
    preposition = _DATE_PREPOSITION.search(text[: named[0].span.start])
    return (preposition[0] if preposition else "", named[0].span)


def capitalised(text: str) -> list[Span]:
    """Return where a text has names: words with a capital, neither its first small word, a date nor an era."""
    first = FUNCTION_WORD.match(text)
    start = first.end() if first else 0
    dates = [one.span for one in mentions(text, ANY_DAY)]
    spans = (Span(*found.span()) for found in _NAME.finditer(text, start))
    return [span for span in spans if not any(span.start < day.end and day.start < span.end for day in dates)]


def numbered(text: str, name: Span) -> Span:
    """Return where a name stands with the number behind it: "Apollo 12", "Python 3.11"."""
    number = _NUMBER_OF_NAME.match(text, name.end)
    return Span(name.start, number.end() if number else name.end)


def appended(asked: str, before: Before) -> str | None:
    """Return a question with the last one behind it, None where there is none."""
    return with_context(capital(asked), before.question) if before.question else None


def has_content(question: str) -> bool:
    """Return whether a question has a word that is no function word."""
    return any(not FUNCTION_WORD.fullmatch(word) for word in query_words(question))


def bare_name(text: str) -> str:
    """Return a name without its article and without what makes it an owner."""
    return re.sub(r"^the\s+|[’']s$", "", text)


def bare_text(text: str) -> str:
    """Return a text on one line without the marks around it; the full stop of an initial stays."""
    text = " ".join(text.split()).strip(" ?!,;:")
    return text if re.search(r"\b[A-Z]\.$", text) else text.strip(" ?!.,;:")


def capital(text: str) -> str:
    """Return a text with a capital in front, as a sentence begins."""
    return text[:1].upper() + text[1:]
