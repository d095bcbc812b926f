"""Follow-ups: a question asked in a conversation, made into one that stands alone.

Rules over words, in this order: what points at the last answer, a bare "why?", "tell me more", a fragment ("and in
2010?"), a pronoun. What none of them claims is a question of its own and is left as it is.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.content import is_negated
from rag.context import context_of
from rag.conversation import (
    LEAD,
    PRONOUN,
    READ_CHARS,
    Before,
    Turn,
    appended,
    bare_text,
    capital,
    capitalised,
    has_content,
)
from rag.english import AUXILIARY, SENTENCE_END
from rag.fragment import of_fragment
from rag.pronouns import names_a_person, of_pronouns, person_of, subject_of

MAX_TURNS = 20
MAX_STANDALONE_CHARS = 2000
_MAX_PREVIOUS_CHARS = 400
_MAX_SAID_CHARS, _MAX_TOLD_CHARS = 300, 1000
# A question of more words says itself what it is about.
_MAX_FOLLOW_UP_WORDS = 40
# And one of more words that names nothing.
_MAX_UNNAMED_WORDS = 10
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
    (re.compile(LEAD + pattern, re.IGNORECASE), form)
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
    rf"{LEAD}(?P<asking>why(?: not)?|how come|how so|how|when|where)(?: (?:exactly|then|though|so))?"
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
    rf"{LEAD}(?:who(?:m| else| exactly)?|anything (?:else|more)|what else|(?:by )?how (?:much|many)(?: more| less)?|"
    r"why (?:so|such|the|that) (?-i:[a-z]+(?: [a-z]+)?)|(?:by|until|till|from) when|"
    r"who (?!is\b|was\b|are\b|were\b)(?-i:[a-z]+)|which(?: ones?| of (?:them|these|those))?|since when|"
    r"(?:for )?how long(?: ago)?|how often|how fast|"
    r"(?:by|with|to|for) whom|what for|from where|(?:for |any |some |give me |an )+(?:examples?|details?|"
    r"evidence|proof)|like what|such as|in short|in what way|in which way|what then|so what|"
    r"then|later|before|afterwards?|what happened(?: exactly)?|"
    rf"{AUXILIARY} (?:it|that|they|he|she)|"
    r"(?:can|could) you (?:explain|elaborate|summari[sz]e)(?: (?:it|that|this))?|summari[sz]e(?: (?:it|that|this))?|"
    r"what (?:happens|happened|comes|came|is|was)? ?(?:next|then|later|after(?:wards?)?|before|since)|"
    r"(?:which|what|whose|how many) (?!happened|changed|matters)[a-z]+(?<!ed))",
    re.IGNORECASE,
)


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Return a question of at most 2,000 characters as one that stands alone; itself where it does already.

    The last 20 turns are looked at, oldest first, and each question in them is made to stand alone by those before it.
    """
    return _resolved(question, _before(history)) if history else question


def going_on(question: str, history: Sequence[Turn]) -> str | None:
    """Return a question that names nothing with the one before it, which it may go on from though no word says so.

    "Who directed the film?" is about the novel that was spoken of, or about another film. None where the question is a
    long one, says by itself what it is about, or is the first.
    """
    asked = _clean(question)
    is_named = any(span.of(asked) != "I" for span in capitalised(asked)) or "“" in asked or _APPENDED.fullmatch(asked)
    if not history or is_named or not 1 < len(asked.split()) <= _MAX_UNNAMED_WORDS:
        return None
    composed = appended(asked, _before(history))
    return composed if composed and len(composed) <= MAX_STANDALONE_CHARS else None


def _before(history: Sequence[Turn]) -> Before:
    before = Before("", "")
    for turn in history[-MAX_TURNS:]:
        text = _clean(turn.content)
        if turn.role == "assistant":
            before = replace(before, said=_first_statement(text), told=_statements(text))
        elif text and not _SOCIAL.fullmatch(text):
            asked = _without_courtesies(_last_question(text))
            resolved = _resolved(asked, before)
            core, own = _core(resolved), _own(resolved)
            # What says nothing by itself is not what the next question is about, nor what asks about an answer.
            is_open = resolved == asked and PRONOUN.search(asked) and not capitalised(asked)
            if (is_open and before.question) or not has_content(core) or (before.said and before.said in core):
                core = before.question
            before = Before(core, "", asked=own if own != core else "")
    return before


def _resolved(question: str, before: Before) -> str:
    asked = _without_courtesies(_clean(question))
    if not 0 < len(asked.split()) <= _MAX_FOLLOW_UP_WORDS or "“" in asked:
        return question
    if _SOCIAL.fullmatch(_clean(question)) or _APPENDED.fullmatch(asked):
        return question
    for rule in (_about_the_answer, _bare, _more, of_fragment, of_pronouns):
        composed = rule(asked, before)
        if composed:
            return composed if len(composed) <= MAX_STANDALONE_CHARS else question
    return question


def _about_the_answer(asked: str, before: Before) -> str | None:
    """Return "who said that?" with what was said."""
    for pattern, form in _ABOUT_ANSWER:
        if found := pattern.fullmatch(bare_text(asked)):
            if not before.said:
                return appended(asked, before)
            return capital(form.format(said=f"“{before.said}”", **found.groupdict()))
    return None


def _bare(asked: str, before: Before) -> str | None:
    """Return "why?" as the last question asked with "why"."""
    found = _BARE.fullmatch(bare_text(asked))
    if not found or not before.question:
        return None
    asking = {"how come": "Why", "how so": "How"}.get(found["asking"].lower(), found["asking"].capitalize())
    last = before.asked or before.question
    movable = _MOVABLE.fullmatch(last)
    is_asked_again = movable and (movable["asking"] or "").lower() == asking.lower()
    is_denied = asking == "Why not" and " " in before.said and is_negated(before.said)
    if is_asked_again or is_denied or (asking == "Why" and before.asked and not movable):
        asking = asking.removesuffix(" not")
        return f"{asking} is it that “{before.said}”?" if before.said else appended(asked, before)
    if asking == "Why not":
        return appended(asked, before)
    if not movable or (movable["asking"] and _VERBLESS.match(movable["rest"])):
        return appended(asked, before)
    composed = f"{asking} {movable['rest'][0].lower()}{movable['rest'][1:]}?"
    return appended(composed, before) if before.asked else composed


def _more(asked: str, before: Before) -> str | None:
    """Return "tell me more" with what about, and other words that say nothing of their own."""
    text = bare_text(asked)
    if _MORE_ABOUT.fullmatch(text):
        subject = subject_of(before.question)
        return f"Tell me more about {subject}." if subject else appended(asked, before)
    if not _MORE.fullmatch(text) or (names_a_person(text) and not person_of(before)):
        return None
    return appended(asked, before)


def _core(question: str) -> str:
    """Return a question without its mark, and without what was appended to by appended."""
    found = _APPENDED.fullmatch(question)
    return _shortened(bare_text(found["previous"] if found else question), _MAX_PREVIOUS_CHARS)


def _own(question: str) -> str:
    """Return a question without its mark, and without what it goes on from."""
    context = context_of(question)
    return bare_text(question[: context.start] if context else question)


def _last_question(text: str) -> str:
    """Return the last question of what a person wrote, all of it where none has a mark."""
    questions = re.findall(r"[^?]*\?", text)
    if not questions:
        return text
    return SENTENCE_END.split(questions[-1])[-1].strip() or text


def _statements(answer: str) -> str:
    """Return what an answer says, empty where it says that it does not know."""
    return "" if _ABSTAINED.match(answer) else _shortened(_MARKERS.sub("", answer), _MAX_TOLD_CHARS)


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


def _without_courtesies(text: str) -> str:
    """Return "and Japan?" of "Thanks, and Japan?"; what is nothing else stays."""
    found = _COURTESIES_FIRST.match(text)
    return text[found.end() :] if found else text


def _clean(text: str) -> str:
    """Return a text on one line, of a length that rules can be tried on."""
    return " ".join(_printable(text[:READ_CHARS]).split())


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + "…"
