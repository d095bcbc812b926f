"""Selection: which sentences are quoted, and in which order."""

from collections.abc import Iterable, Mapping, Sequence

from index.dateline import is_dateline
from rag.answer_type import compares
from rag.content import content_words
from rag.dates import periods_in
from rag.evidence import say_the_same
from rag.form import answering_by_form, stands_below_number
from rag.names import codes_in
from rag.own_questions import own_questions
from rag.quotes import MIN_WORDS
from rag.relevance import Key, Sentence
from rag.structure import goes_on_to, led_by
from rag.table_rows import fitting_rows, superlative_row
from rag.timeliness import asks_what_happened

MAX_SENTENCES = 3
# A sentence is quoted beside the best one only if it is half as relevant, and also this relevant by itself or about as
# relevant as the best, the time that is asked for counted. What happened, and what is compared, takes more to tell.
QUOTED_SHARE, QUOTED_FROM, ABOUT_AS_RELEVANT = 0.5, 0.35, 0.9
# What answers beyond doubt is the best by a bit.
JUST_ABOVE = 1.01
# One that speaks of the very time that is asked for counts so much more.
TIMELY_FACTOR = 2.5
# A heading or a title that has no word but the question's says nothing of it: it counts so much less, and the sentence
# below it, which does, at least so much of it.
LINE_SHARE, LENT_SHARE = 0.3, 0.4
_ENDS, _CLOSING = ".!?:;…", '"”’»)]*_'
# What an interviewer states counts so much beside the answer.
LEADING_SHARE = 0.35


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
    asking, leading = own_questions(question, sentences)
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
        if sentence.key in asking or (says_nothing(sentence) and sentence.key not in answering):
            continue
        best = best or sentence
        if best in rows and sentence not in rows and sentence.standing.is_row:
            continue
        is_new = sentence in rows or _is_new(question, sentence, chosen)
        if is_new and not _is_beside_the_point(question, sentence, best):
            chosen.append(sentence)
    # A fragment is better than what has little to do with it; a question without an answer is not.
    instead = [one for one in sentences if one.key not in asking] or sentences
    return chosen or list(instead[:1])


def _is_new(question: str, sentence: Sentence, chosen: Sequence[Sentence]) -> bool:
    """Return whether a sentence says what is not chosen yet, as each row does of what a question compares."""
    return (sentence.standing.is_row and compares(question)) or not any(
        say_the_same(sentence.vector, said.vector) for said in chosen
    )


def _below(lines: Iterable[Sentence]) -> dict[Key | None, float]:
    """Return how relevant the sentences below lines are at least, by their keys."""
    return {one.next_key: LENT_SHARE * one.relevance for one in lines}


def _answering(
    question: str, sentences: Sequence[Sentence], rows: Sequence[Sentence], answers: Mapping[Key, Key | None]
) -> dict[Key | None, float]:
    """Return how relevant some sentences are by what they are beside their words, by their keys."""
    answering: dict[Key | None, float] = {}
    for one in reversed(sentences):
        if one.key in answers:
            answering[answers[one.key]] = one.relevance
    most = max((one.relevance for one in sentences), default=0.0)
    by_form = [*answering_by_form(question, sentences), *(row.key for row in rows)]
    return answering | dict.fromkeys(by_form, JUST_ABOVE * most)


def _is_beside_the_point(question: str, sentence: Sentence, best: Sentence) -> bool:
    """Return whether a sentence lacks what is asked for and the best one has: a number, a date, a time, a code."""
    lacks = min(sentence.features.number, sentence.features.date) < 0
    holds = max(best.features.number, best.features.date) > 0
    codes, own = codes_in(question), codes_in(sentence.text)
    has_another = bool(codes & codes_in(best.text)) and bool(own) and not codes & own
    has_another |= stands_below_number(question, best) and not stands_below_number(question, sentence)
    return (lacks and holds) or (sentence.features.time < 0 and best.features.time == 1) or has_another


def _names_what_is_asked(asked: frozenset[str], sentence: Sentence) -> bool:
    """Return whether a line that nothing ends, such as a heading, has only the question's words; no item of a list."""
    text = sentence.text.rstrip(_CLOSING)
    if text[-1:] in _ENDS or "|" in text or not content_words(text) <= asked:
        return False
    return sentence.standing.lead is None


def says_nothing(sentence: Sentence) -> bool:
    """Return whether a sentence only leads to another, names columns, or is too short to say it."""
    passage, span = sentence.evidence.passage, sentence.span
    leads = sentence.text.endswith(":") and not led_by(passage, span)
    is_short = len(sentence.text.split()) < MIN_WORDS and not goes_on_to(passage, span)
    no_answer = sentence.standing.is_header or is_dateline(sentence.text)
    return leads or is_short or no_answer


def in_order(question: str, chosen: Sequence[Sentence]) -> list[Sentence]:
    """Return the sentences by use, and where the question asks what happened, those that name a time by that time."""
    if not asks_what_happened(question):
        return list(chosen)
    times = [periods_in(one.text, one.evidence.passage.metadata.published_at) for one in chosen]
    dated = iter(sorted((at for at, named in enumerate(times) if named), key=lambda at: times[at][0].first))
    return [chosen[next(dated)] if times[at] else chosen[at] for at in range(len(chosen))]
