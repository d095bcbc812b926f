"""The questions that articles ask themselves, and what answers them there."""

import re
from collections.abc import Sequence

from rag.content import content_words, words_of_names
from rag.interview import Speakers, Utterance, speakers_in, utterance_at
from rag.kinds import lacking_kind
from rag.relevance import Key, Sentence

# What follows a question in fewer words says little.
FEW_WORDS = 4
# The answer begins at most so many characters after the question ends.
_REPLIES_WITHIN = 4
_OPENING = frozenset("\"“„«‘'")
_MARKS = "*_ "
_ASKS = r"(?:who|what|when|where|why|how|which|is|are|was|were|do|does|did|can|could|will|would|should|has|have|had)\b"
_ENDS_BY_ASKING = re.compile(
    rf"(?!(?:and |but |so |q: )?{_ASKS})\S+(?:\s+\S+){{5,}}?[,;–—]\s?(?:and|but|or) {_ASKS}.*",
    re.IGNORECASE | re.DOTALL,
)
_NAMES_A_TOPIC = re.compile(r"(?:where|what|how|when|who|which|why) to \w+(?: \w+){0,3}[.:]?", re.IGNORECASE)


def own_questions(question: str, sentences: Sequence[Sentence]) -> tuple[dict[Key, Key | None], dict[Key, Key | None]]:
    """Return the questions of the articles' own by their keys, each with what answers it, and what leads to an answer.

    A question is answered by the next sentence, an interviewer's by what the other says next where little follows it.
    Where the one who is asked is named, what that one says next answers all that the interviewer asks and states, but
    for what alone holds the kind of thing asked for.
    """
    speakers = speakers_in(one.evidence.passage for one in sentences)
    named = words_of_names(question) if speakers else frozenset[str]()
    asking: dict[Key, Key | None] = {}
    leading: dict[Key, Key | None] = {}
    for one in sentences:
        said = utterance_at(one.evidence.passage, one.span, speakers)
        reply = None
        if said is not None and said.by_interviewer:
            goes_on = one.next_key is not None and len(one.evidence.passage.slice(one.next_key[1]).split()) >= FEW_WORDS
            is_asked = named & _asked_in(speakers[one.doc_id]) or (is_question(one) and not goes_on)
            reply = _reply_to(one.doc_id, said, sentences) if is_asked else None
        if is_question(one):
            asking[one.key] = reply.key if reply else one.next_key
        elif reply and not _holds_what(question, one, reply):
            leading[one.key] = reply.key
    return asking, leading


def _holds_what(question: str, one: Sentence, other: Sentence) -> bool:
    """Return whether one of two sentences alone holds a number, a date or the kind of thing that is asked for."""
    held, beside = (max(each.features.number, each.features.date) for each in (one, other))
    lacking, alone = (lacking_kind(question, [each.text]) for each in (other, one))
    return held > beside or bool(lacking and not alone)


def _asked_in(speakers: Speakers) -> frozenset[str]:
    """Return the words of the names of those who are asked."""
    others = speakers.names - {speakers.interviewer}
    return content_words(" ".join(map(str, sorted(others)))) if speakers.interviewer else frozenset()


def _reply_to(doc_id: str, said: Utterance, sentences: Sequence[Sentence]) -> Sentence | None:
    after = (one for one in sentences if one.doc_id == doc_id and one.span.start >= said.span.end)
    reply = min(after, key=lambda one: one.span.start, default=None)
    return reply if reply and reply.span.start - said.span.end <= _REPLIES_WITHIN else None


def is_question(sentence: Sentence) -> bool:
    """Return whether a sentence asks, or stands for a question ("Where to stay.").

    One that somebody is quoted with does not, nor does a statement that ends by asking ("…, and who wants that?").
    """
    text = sentence.text.strip(_MARKS)
    asks = text.endswith("?") and text[0] not in _OPENING and not _ENDS_BY_ASKING.match(text)
    return asks or _NAMES_A_TOPIC.fullmatch(text) is not None
