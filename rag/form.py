"""Form: which sentences answer by what they are, whatever their words: a row, a step, a label, the reason."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from rag.answer_type import asks_why, gives_reason, names_reason
from rag.casualties import asks_of_casualties, denies_casualties
from rag.content import content_words
from rag.kinds import lacking_kind
from rag.labels import answers_by_label
from rag.names import codes_in
from rag.quotes import quote_of, readable
from rag.relevance import Key, Sentence
from rag.structure import asked_above, heads, numbers_above, section_asked
from rag.table_rows import named_rows

# A sentence that holds what is asked for is quoted in place of a better one that does not, if it is this relevant
# beside it.
HOLDING_SHARE = 0.5
# One that begins by naming the reason is quoted for it, if it is this relevant beside the best one.
REASON_SHARE = 0.02
# One that denies casualties is quoted for what is asked of them, if it is this relevant beside the best one.
DENYING_SHARE = 0.1
_ASKS_HOW = re.compile(r"\bhow (?:do|does|can|should|must|to)\b|\bwhat (?:do|does|must|should) .*\bdo\b", re.IGNORECASE)


def answering_by_form(question: str, sentences: Sequence[Sentence]) -> Iterator[Key]:
    """Yield the keys of those of the sentences, which come best first, that answer by their form.

    These stand below a heading that asks just this or has the number that is asked for, are a row that is named or a
    step of what it is asked how to do, hold the code or the kind of thing that is asked for, are a label, name the
    reason, or say that nobody was harmed.
    """
    for name, passage in {one.evidence.passage_id: one.evidence.passage for one in sentences}.items():
        yield from ((name, span) for span in asked_above(question, passage))
    for found in (
        named_rows(question, sentences),
        _of_its_code(question, sentences),
        _of_its_kind(question, sentences),
        _of_its_section(question, sentences),
        _steps(question, sentences),
        _of_its_article(question, sentences),
        _of_casualties(question, sentences),
    ):
        yield from (one.key for one in found)


def stands_below_number(question: str, sentence: Sentence) -> bool:
    """Return whether a question gives the number of a version or a section that a sentence stands below."""
    asked = section_asked(question)
    return bool(asked) and bool(asked & numbers_above(sentence.standing.heading))


def _of_its_code(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences with a code that the question gives, where the best of all has another: "E7" for "E3"."""
    codes = codes_in(question)
    others = codes_in(sentences[0].text) if codes and sentences else codes
    return [one for one in sentences if codes & codes_in(one.text)] if others and not codes & others else []


def _of_its_kind(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the best sentence that holds what is asked for, such as an age, where what is cited for the best does not.

    None where the best may well hold it, or none else that is relevant at all does.
    """
    if not sentences or not lacking_kind(question, [readable(quote_of(question, sentences[0]))]):
        return []
    relevant = (one for one in sentences if one.relevance >= HOLDING_SHARE * sentences[0].relevance)
    return list(islice((one for one in relevant if not lacking_kind(question, [one.text])), 1))


def _of_its_section(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences below the number that a question gives, as of a version: "What was fixed in 3.2.0?".

    They are those below a further heading that has more of the question's words ("Fixed"), where there is one.
    """
    below: dict[int, list[Sentence]] = defaultdict(list)
    for one in sentences if section_asked(question) else ():
        if stands_below_number(question, one):
            below[len(content_words(question) & content_words(one.standing.heading))].append(one)
    return below[max(below)] if below else []


def _steps(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the steps below a heading that says what it is asked how to do: a numbered list, which is cited whole."""
    if not _ASKS_HOW.search(question):
        return []
    return [one for one in sentences if one.standing.is_numbered and heads(question, one.standing.heading)]


def _of_its_article(question: str, sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences of the best one's article that answer by their form: by a label, or by naming the reason."""
    own = [one for one in sentences if one.doc_id == sentences[0].doc_id]
    found = [one for one in own if answers_by_label(question, one.text, one.title)]
    if asks_why(question) and own and not gives_reason(own[0].text):
        found += [one for one in own if names_reason(one.text) and _is_about(question, one, own[0])]
    return found


def _is_about(question: str, reason: Sentence, best: Sentence) -> bool:
    """Return whether a sentence that names a reason is of what is asked, by its words."""
    is_of_it = bool(content_words(question) & content_words(reason.text))
    return is_of_it and reason.relevance >= REASON_SHARE * best.relevance


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
