"""Selection: which sentences are quoted, and in which order."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from index.dateline import is_dateline
from index.document import Span
from rag.answer_type import asks_why, compares, gives_reason, names_reason
from rag.casualties import asks_of_casualties, denies_casualties
from rag.content import content_words, words_of_names
from rag.dates import periods_in
from rag.evidence import say_the_same
from rag.interview import Speakers, Utterance, speakers_in, utterance_at
from rag.kinds import lacking_kind
from rag.labels import answers_by_label
from rag.names import codes_in
from rag.quotes import MIN_WORDS, quote_of, readable
from rag.relevance import Sentence
from rag.structure import asked_above, goes_on_to, heads, led_by, numbers_above, section_asked, structure_of
from rag.table_rows import fitting_rows, named_rows, superlative_row
from rag.timeliness import asks_what_happened

MAX_SENTENCES = 3
# A sentence is quoted beside the best one only if it is half as relevant, and also this relevant by itself or about as
# relevant as the best, the time that is asked for counted. What happened, and what is compared, takes more to tell.
QUOTED_SHARE, QUOTED_FROM, ABOUT_AS_RELEVANT = 0.5, 0.35, 0.9
# What answers beyond doubt is the best by a bit.
JUST_ABOVE = 1.01
# One that speaks of the very time that is asked for counts so much more.
TIMELY_FACTOR = 2.5
# A sentence that holds what is asked for is quoted in place of a better one that does not, if it is this relevant
# beside it.
HOLDING_SHARE = 0.5
# One that begins by naming the reason is quoted for it, if it is this relevant beside the best one.
REASON_SHARE = 0.02
# A heading or a title that has no word but the question's says nothing of it: it counts so much less, and the sentence
# below it, which does, at least so much of it.
LINE_SHARE, LENT_SHARE = 0.3, 0.4
_ENDS, _CLOSING = ".!?:;…", '"”’»)]*_'
# One that denies casualties is quoted for what is asked of them, if it is this relevant beside the best one.
DENYING_SHARE = 0.1
# What an interviewer states counts so much beside the answer.
LEADING_SHARE = 0.35
# What follows a question in fewer words says little.
FEW_WORDS = 4
# The answer begins at most so many characters after the question ends.
_REPLIES_WITHIN = 4
_ASKS_HOW = re.compile(r"\bhow (?:do|does|can|should|must|to)\b|\bwhat (?:do|does|must|should) .*\bdo\b", re.IGNORECASE)
# Its passage and where it stands.
_Key = tuple[str, Span]
_OPENING = frozenset("\"“„«‘'")
_MARKS = "*_ "
_ASKS = r"(?:who|what|when|where|why|how|which|is|are|was|were|do|does|did|can|could|will|would|should|has|have|had)\b"
_ENDS_BY_ASKING = re.compile(
    rf"(?!(?:and |but |so |q: )?{_ASKS})\S+(?:\s+\S+){{5,}}?[,;–—]\s?(?:and|but|or) {_ASKS}.*",
    re.IGNORECASE | re.DOTALL,
)
_NAMES_A_TOPIC = re.compile(r"(?:where|what|how|when|who|which|why) to \w+(?: \w+){0,3}[.:]?", re.IGNORECASE)


def chosen_sentences(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences to quote, best first: the best one and what is relevant beside it, each with something new.

    One that speaks of the very time that is asked for counts more; where it is the best, what speaks of another time is
    left out. Where the best holds a number or a date that is asked for, so does every other. What follows a question of
    the article's own is as relevant as that question. What answers by its form is more relevant than any sentence:
    below a heading that asks just this, a row that is named or has the most of what is asked for, the code or the kind
    of thing that is asked for, a label, a reason.
    """
    asked = content_words(question)
    lines = {one.key: one for one in sentences if _names_what_is_asked(asked, one)}
    asking, leading = _asking(question, sentences)
    row = superlative_row(question, sentences)
    rows = [row] if row else fitting_rows(question, sentences)
    answering = _below(lines.values()) | _answering(question, sentences, rows, leading | asking)

    def relevance(sentence: Sentence) -> float:
        key = sentence.key
        own = sentence.relevance * (LINE_SHARE if key in lines else LEADING_SHARE if key in leading else 1)
        return max(own, answering.get(key, 0.0))

    def weight(sentence: Sentence) -> float:
        return relevance(sentence) * (TIMELY_FACTOR if sentence.features.time == 1 else 1)

    highest = max(map(relevance, sentences), default=0.0)
    least = QUOTED_SHARE * highest
    takes_several = asks_what_happened(question) or compares(question)
    beside = least if takes_several else max(least, min(QUOTED_FROM, ABOUT_AS_RELEVANT * highest))
    best: Sentence | None = None
    chosen: list[Sentence] = []
    for sentence in sorted(sentences, key=weight, reverse=True):
        if len(chosen) == max(MAX_SENTENCES, len(rows)) or weight(sentence) < (beside if chosen else least):
            break
        if sentence.key in asking or (_says_nothing(sentence) and sentence.key not in answering):
            continue
        best = best or sentence
        if best in rows and sentence not in rows and _is_row(sentence):
            continue
        is_new = sentence in rows or _is_new(question, sentence, chosen)
        if is_new and not _is_beside_the_point(question, sentence, best):
            chosen.append(sentence)
    # A fragment is better than what has little to do with it; a question without an answer is not.
    instead = [one for one in sentences if one.key not in asking] or sentences
    return chosen or list(instead[:1])


def _is_new(question: str, sentence: Sentence, chosen: Sequence[Sentence]) -> bool:
    """Return whether a sentence says what is not chosen yet, as each row does of what a question compares."""
    return (_is_row(sentence) and compares(question)) or not any(
        say_the_same(sentence.vector, said.vector) for said in chosen
    )


def _is_row(sentence: Sentence) -> bool:
    return structure_of(sentence.evidence.passage)[sentence.span.start].is_row


def _below(lines: Iterable[Sentence]) -> dict[_Key | None, float]:
    """Return how relevant the sentences below lines are at least, by their keys."""
    return {one.next_key: LENT_SHARE * one.relevance for one in lines}


def _answering(
    question: str, sentences: Sequence[Sentence], rows: Sequence[Sentence], answers: Mapping[_Key, _Key | None]
) -> dict[_Key | None, float]:
    """Return how relevant some sentences are by what they are beside their words, by their keys."""
    answering: dict[_Key | None, float] = {}
    for one in reversed(sentences):
        if one.key in answers:
            answering[answers[one.key]] = one.relevance
    most = max((one.relevance for one in sentences), default=0.0)
    passages = {one.evidence.passage_id: one.evidence.passage for one in sentences}
    asked = [(name, span) for name, one in passages.items() for span in asked_above(question, one)]
    others = [*named_rows(question, sentences), *rows]
    others += [*_of_its_code(question, sentences), *_of_its_kind(question, sentences)]
    others += [*_of_its_section(question, sentences), *_steps(question, sentences)]
    others += [*_of_its_article(question, sentences), *_of_casualties(question, sentences)]
    return answering | dict.fromkeys([*asked, *(one.key for one in others)], JUST_ABOVE * most)


def _of_its_article(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences of the best one's article that answer by their form: by a label, or by naming the reason."""
    own = [one for one in sentences if one.doc_id == sentences[0].doc_id]
    found = [one for one in own if answers_by_label(question, one.text, one.title)]
    if asks_why(question) and own and not gives_reason(own[0].text):
        found += [one for one in own if names_reason(one.text) and _is_about(question, one, own[0])]
    return found


def _of_casualties(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the best sentence that says that nobody was harmed, where it is asked who was.

    It is of the event that is asked about by its relevance, or by being in the best one's article. Nothing else of its
    article, nor the best one, says that anybody was.
    """
    if not asks_of_casualties(question):
        return []
    least = DENYING_SHARE * max((one.relevance for one in sentences), default=0.0)
    for denying in sentences:
        is_of_it = denying.relevance >= least or denying.doc_id == sentences[0].doc_id
        beside = [sentences[0], *(one for one in sentences if one.doc_id == denying.doc_id)]
        others = [one.text for one in beside if one is not denying]
        if is_of_it and denies_casualties(question, denying.text, others):
            return [denying]
    return []


def _is_about(question: str, reason: Sentence, best: Sentence) -> bool:
    """Return whether a sentence that names a reason is of what is asked, by its words."""
    is_of_it = bool(content_words(question) & content_words(reason.text))
    return is_of_it and reason.relevance >= REASON_SHARE * best.relevance


def _of_its_code(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences with a code that the question gives, where the best of all has another: "E7" for "E3"."""
    codes = codes_in(question)
    others = codes_in(sentences[0].text) if codes and sentences else codes
    return [one for one in sentences if codes & codes_in(one.text)] if others and not codes & others else []


def _of_its_section(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences below the number that a question gives, as of a version: "What was fixed in 3.2.0?".

    They are those below a further heading that has more of the question's words ("Fixed"), where there is one.
    """
    below: dict[int, list[Sentence]] = defaultdict(list)
    for one in sentences if section_asked(question) else ():
        if _is_below(question, one):
            below[len(content_words(question) & content_words(_heading(one)))].append(one)
    return below[max(below)] if below else []


def _steps(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the steps below a heading that says what it is asked how to do: a numbered list, which is cited whole."""
    if not _ASKS_HOW.search(question):
        return []
    return [
        one
        for one in sentences
        if structure_of(one.evidence.passage)[one.span.start].is_numbered and heads(question, _heading(one))
    ]


def _is_below(question: str, sentence: Sentence) -> bool:
    """Return whether a question gives the number of a version or a section that a sentence stands below."""
    asked = section_asked(question)
    return bool(asked) and bool(asked & numbers_above(_heading(sentence)))


def _heading(sentence: Sentence) -> str:
    return structure_of(sentence.evidence.passage)[sentence.span.start].heading


def _of_its_kind(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the best sentence that holds what is asked for, such as an age, where what is cited for the best does not.

    None where the best may well hold it, or none else that is relevant at all does.
    """
    if not sentences or not lacking_kind(question, [readable(quote_of(question, sentences[0]))]):
        return []
    relevant = (one for one in sentences if one.relevance >= HOLDING_SHARE * sentences[0].relevance)
    return list(islice((one for one in relevant if not lacking_kind(question, [one.text])), 1))


def _is_beside_the_point(question: str, sentence: Sentence, best: Sentence) -> bool:
    """Return whether a sentence lacks what is asked for and the best one has: a number, a date, a time, a code."""
    lacks = min(sentence.features.number, sentence.features.date) < 0
    holds = max(best.features.number, best.features.date) > 0
    codes, own = codes_in(question), codes_in(sentence.text)
    has_another = bool(codes & codes_in(best.text)) and bool(own) and not codes & own
    has_another |= _is_below(question, best) and not _is_below(question, sentence)
    return (lacks and holds) or (sentence.features.time < 0 and best.features.time == 1) or has_another


def _asking(question: str, sentences: Sequence[Sentence]) -> tuple[dict[_Key, _Key | None], dict[_Key, _Key | None]]:
    """Return the questions of the articles' own by their keys, each with what answers it, and what leads to an answer.

    A question is answered by the next sentence, an interviewer's by what the other says next where little follows it.
    Where the one who is asked is named, what that one says next answers all that the interviewer asks and states, but
    for what alone holds the kind of thing asked for.
    """
    speakers = speakers_in(one.evidence.passage for one in sentences)
    named = words_of_names(question) if speakers else frozenset[str]()
    asking: dict[_Key, _Key | None] = {}
    leading: dict[_Key, _Key | None] = {}
    for one in sentences:
        said = utterance_at(one.evidence.passage, one.span, speakers)
        reply = None
        if said is not None and said.by_interviewer:
            goes_on = one.next_key is not None and len(one.evidence.passage.slice(one.next_key[1]).split()) >= FEW_WORDS
            is_asked = named & _asked_in(speakers[one.doc_id]) or (_is_question(one) and not goes_on)
            reply = _reply_to(one.doc_id, said, sentences) if is_asked else None
        if _is_question(one):
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


def _is_question(sentence: Sentence) -> bool:
    """Return whether a sentence asks, or stands for a question ("Where to stay.").

    One that somebody is quoted with does not, nor does a statement that ends by asking ("…, and who wants that?").
    """
    text = sentence.text.strip(_MARKS)
    asks = text.endswith("?") and text[0] not in _OPENING and not _ENDS_BY_ASKING.match(text)
    return asks or _NAMES_A_TOPIC.fullmatch(text) is not None


def _names_what_is_asked(asked: frozenset[str], sentence: Sentence) -> bool:
    """Return whether a line that nothing ends, such as a heading, has only the question's words; no item of a list."""
    text = sentence.text.rstrip(_CLOSING)
    if text[-1:] in _ENDS or "|" in text or not content_words(text) <= asked:
        return False
    return structure_of(sentence.evidence.passage)[sentence.span.start].lead is None


def _says_nothing(sentence: Sentence) -> bool:
    """Return whether a sentence only leads to another, names columns, or is too short to say it."""
    passage, span = sentence.evidence.passage, sentence.span
    leads = sentence.text.endswith(":") and not led_by(passage, span)
    is_short = len(sentence.text.split()) < MIN_WORDS and not goes_on_to(passage, span)
    no_answer = structure_of(passage)[span.start].is_header or is_dateline(sentence.text)
    return leads or is_short or no_answer


def in_order(question: str, chosen: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences by use, and where the question asks what happened, those that name a time by that time."""
    if not asks_what_happened(question):
        return list(chosen)
    times = [periods_in(one.text, one.evidence.passage.metadata.published_at) for one in chosen]
    dated = iter(sorted((at for at, named in enumerate(times) if named), key=lambda at: times[at][0].first))
    return [chosen[next(dated)] if times[at] else chosen[at] for at in range(len(chosen))]
