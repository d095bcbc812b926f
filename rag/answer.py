"""The answer: the sentences that bear on the question, quoted or put into words by a model, each with its citation."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Literal, NamedTuple

from index.analysis import says_something, words_of
from index.dateline import is_dateline
from rag.answerability import Features, is_answered, probability
from rag.aptness import apt_share
from rag.citation import Citation, cite
from rag.comparison import with_both_sides
from rag.compound import not_answered
from rag.confidence import confidence_in
from rag.disagreement import find_disagreements
from rag.evidence import Evidence
from rag.grounding import Generated
from rag.kinds import lacking_kind
from rag.plain_text import plain
from rag.quotes import Quote, quotes_of, readable, told
from rag.relevance import PRESUMED, Sentence
from rag.rivals import WHERE_ASKED, find_rivals
from rag.second_hop import with_second_hop
from rag.selection import chosen_sentences, in_order
from rag.sources import Source
from rag.subject import of_the_subject
from rag.summary import summary_of, told_in_short
from rag.timeliness import time_asked

# Among so many of the most relevant sentences values are compared, and so many are shown to a language model.
COMPARED, SHOWN = 12, 10
# What the probability that the evidence answers is at most where nothing speaks of the time that is asked for.
UNTIMELY = 0.25
# And at most where only the day speaks of it on which an article was published.
AS_PUBLISHED = 0.75
# Where a number or a date is asked for, one of the time that is asked for is told only by a sentence that is at least
# this much as relevant as the best one.
TIMELY_SHARE = 0.1
# What is left of it where a name that the question turns on is not mentioned.
UNMENTIONED_SHARE = 0.1
# And where what would be quoted holds nothing of the kind that is asked for.
OF_ANOTHER_KIND_SHARE = 0.1
# So many of the question's words are named at most where an answer abstains.
MAX_MISSING = 5

_WORD = re.compile(r"\w[\w’'.-]*\w|\w")
# What a question is asked with beside its words; an article need not mention it.
_OF_THE_ASKER = frozenset([
    "i", "me", "my", "mine", "we", "us", "our", "you", "your", "much", "many", "please", "tell", "explain", "show",
    "know", "can", "could", "would", "should", "might", "must", "has", "have", "had", "been", "were", "am", "any",
    "some", "about", "so", "too", "very", "really", "just", "even", "ever", "still", "actually", "exactly", "happen",
    "happened", "happens", "thing", "things", "anything", "something", "long", "far", "old", "big", "large", "high",
    "tall", "deep", "wide", "kind", "sort", "type", "wrong", "go", "goes", "get", "gets", "got", "keep", "take",
    "takes",
])  # fmt: skip
_MARKER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """What an answer is made from: the best of the ranking, and its sentences, most relevant first.

    `idfs` are the words of the question with their inverse document frequencies; `features` are what the probability
    of an answer follows from, None where there is no evidence. They are of the ranking before any reranker.
    `unmentioned` are the names that the question turns on and no passage mentions.
    """

    evidence: tuple[Evidence, ...]
    sentences: tuple[Sentence, ...]
    idfs: dict[str, float]
    features: Features | None
    unmentioned: tuple[str, ...] = ()


class Asked(NamedTuple):
    """A question, or a part of one, as it was put, in plain, as it was understood, and what its answer is made from."""

    text: str
    question: str
    grounds: Grounds


class Side(NamedTuple):
    """One of the values that articles give: as it stands there, the time it is of, and the markers of who says so."""

    value: str
    as_of: str | None
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Values of one thing that do not agree; an answer ends with the `sentence` of each."""

    kind: Literal["conflict", "changed_over_time"]
    topic: str
    sides: tuple[Side, ...]

    @property
    def lead(self) -> str:
        """What the values are of, as a sentence begins."""
        if self.kind == "conflict":
            return f"The articles disagree on {self.topic}"
        return f"What the articles say of {self.topic} changed over time"

    @property
    def values(self) -> tuple[str, ...]:
        """Each side's value in words, with the time it is of where that is what differs, and its markers."""
        return tuple(
            plain(side.value)
            + (f" (as of {side.as_of})" if side.as_of and self.kind == "changed_over_time" else "")
            + "".join(f" [{marker}]" for marker in side.markers)
            for side in self.sides
        )

    @property
    def sentence(self) -> str:
        """The disagreement in a sentence."""
        return f"{self.lead}: {', '.join(self.values)}."


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in words with `[n]` markers: `citations[n - 1]` is what marker n stands for.

    Where it abstains, `text` says so, `reason` says why and there are no citations. Where a language model was asked,
    `reason` says what of its answer was not used.

    `answerable` is the calibrated probability that the evidence answers the question, and `confidence` that what is
    quoted does, or would be if it did not abstain; both of all of a compound question, and None where there is no
    evidence. `span` is the characters that the reader takes for the answer, in the most relevant of the sentences that
    are quoted and inside one of the citations; None where none is found or cited, or no reader has read. `unanswered`
    are the parts of a compound question that the text says are not answered.
    """

    text: str
    citations: tuple[Citation, ...]
    abstained: bool = False
    answerable: float | None = None
    confidence: float | None = None
    reason: str | None = None
    mode: Literal["extractive", "generated"] = "extractive"
    disagreements: tuple[Disagreement, ...] = ()
    span: Citation | None = None
    unanswered: tuple[str, ...] = ()


def compose(asked: Sequence[Asked]) -> Answer:
    """Return the answer that quotes the best of the grounds of each part of a question, or abstains.

    Where a part has no answer, that is said in its place and `reason` says why; all of the question is answered as
    surely as its least sure part.
    """
    book = _Citations()
    answers = [_quoted(one, book) for one in asked]
    answered = [one for one in answers if not one.abstained]
    if not answered:
        return answers[0]
    parts = [(one.text, answer) for one, answer in zip(asked, answers, strict=True)]
    texts = [not_answered(text) if answer.abstained else answer.text for text, answer in parts]
    told = [one for one, answer in zip(asked, answers, strict=True) if not answer.abstained]
    disagreements = _disagreements(told, book)
    citations = book.citations()
    confidences = [
        confidence_in(answer.answerable or 0.0, one.grounds.sentences, () if answer.abstained else citations)
        for one, answer in zip(asked, answers, strict=True)
    ]
    reasons = [f"“{text}”: {answer.reason}" for text, answer in parts if answer.abstained]
    return Answer(
        " ".join(filter(None, [*texts, *(disagreement.sentence for disagreement in disagreements)])),
        citations,
        answerable=min(one.answerable or 0.0 for one in answers),
        confidence=round(min(confidences), 4),
        reason=" ".join(reasons) or None,
        disagreements=disagreements,
        span=answered[0].span,
        unanswered=tuple(text for text, answer in parts if answer.abstained),
    )


def _quoted(asked: Asked, book: "_Citations") -> Answer:
    """Return the quotes that answer a part and are not in `book`, where they are put."""
    question, grounds = asked.question, asked.grounds
    if not says_something(question):
        return abstain("It names nothing that could be looked for.", 0.0, 0.0)
    answerable = probability(grounds.features) if grounds.features else 0.0
    if grounds.unmentioned:
        answerable *= UNMENTIONED_SHARE
    if not grounds.sentences or not is_answered(answerable):
        return abstain(_reason(question, grounds), answerable, confidence_in(answerable, grounds.sentences))
    time = time_asked(question)
    if time is not None and time.relation == "in" and time.period:
        timely = _timeliness(grounds.sentences)
        if timely <= 0:
            answerable = min(answerable, UNTIMELY)
            reason = f"The nearest passages do not say it of {time.period.iso()}."
            return abstain(reason, answerable, confidence_in(answerable, grounds.sentences))
        answerable = min(answerable, AS_PUBLISHED) if timely <= PRESUMED else answerable
    in_short = told_in_short(asked.text, grounds.sentences)
    chosen = in_short or to_quote(question, grounds)
    quotes = quotes_of(question, in_short or in_order(question, chosen))
    lacking = lacking_kind(question, [_in_context(quote) for quote in quotes])
    answerable *= OF_ANOTHER_KIND_SHARE if lacking else 1
    answerable *= 1 if in_short else apt_share(question, chosen, grounds.sentences)
    if not is_answered(answerable):
        reason = f"The nearest passages tell of no {lacking}." if lacking else _reason(question, grounds)
        return abstain(reason, answerable, confidence_in(answerable, grounds.sentences))
    new = [quote for quote in quotes if not book.has(quote)]
    text = " ".join(f"{told(question, quote)} [{book.marker(quote)}]" for quote in new)
    span = cite(chosen[0].evidence.passage, chosen[0].answer) if chosen[0].answer else None
    return Answer(text, (), answerable=round(answerable, 4), span=span)


def to_quote(question: str, grounds: Grounds) -> list[Sentence]:
    """Return the sentences to quote from grounds that have any, those that another article adds among them."""
    chosen = chosen_sentences(question, grounds.sentences)
    chosen = with_second_hop(question, chosen, grounds.sentences, grounds.idfs)
    return with_both_sides(question, chosen, grounds.sentences)


def _in_context(quote: Quote) -> str:
    """Return a quote as it reads, below the heading of its passage unless that only says who wrote it or when."""
    heading = quote.evidence.passage.heading
    return readable(quote) if is_dateline(heading) else f"{heading}\n{readable(quote)}"


def abstain(reason: str, answerable: float | None = None, confidence: float | None = None) -> Answer:
    """Return the answer that the documents do not say."""
    return Answer(
        "The articles do not answer this question.",
        (),
        abstained=True,
        answerable=None if answerable is None else round(answerable, 4),
        confidence=None if confidence is None else round(confidence, 4),
        reason=reason,
    )


def _is_cited(sentence: Sentence, citations: Sequence[Citation]) -> bool:
    return any(one.doc_id == sentence.doc_id and one.span.holds(sentence.span) for one in citations)


class Rewording:
    """A language model's answer in place of a quoted one, under the same guarantees.

    The model sees `sources`, numbered; in the answer they have the markers of their first use. It is asked only what
    the quoted answer answers: `question`.
    """

    def __init__(self, asked: Sequence[Asked], quoted: Answer, on_text: Callable[[str], None]) -> None:
        self._asked = [one for one in asked if one.text not in quoted.unanswered]
        self._quoted, self._on_text = quoted, on_text
        in_turn = chain.from_iterable(zip_longest(*(one.grounds.sentences for one in self._asked)))
        found = list({one.key: one for one in in_turn if one}.values())
        led_to = [one for one in found[SHOWN:] if _is_cited(one, quoted.citations)][:SHOWN]
        self._sentences = [*found[: SHOWN - len(led_to)], *led_to]
        self._book = _Citations()
        self._begun = False

    @property
    def question(self) -> str:
        """What the model is asked."""
        return " ".join(one.text if summary_of(one.text) else one.question for one in self._asked)

    @property
    def sources(self) -> list[Source]:
        """The sentences that the model may answer from."""
        return [
            Source(
                number,
                readable(Quote(sentence.evidence, sentence.span)),
                sentence.evidence.passage.metadata.title,
                sentence.evidence.passage.metadata.published_at,
            )
            for number, sentence in enumerate(self._sentences, start=1)
        ]

    def take(self, sentence: str) -> None:
        """Pass a sentence of the model on that has been found grounded."""
        self._on_text((" " if self._begun else "") + self._marked(sentence))
        self._begun = True

    def answer(self, generated: Generated) -> Answer:
        """Return what stands of the model's answer, or the quoted one where nothing does, with the reason."""
        quoted = self._quoted
        if not generated.sentences:
            self._on_text(quoted.text)
            failure = generated.failure or "The language model found no answer; this is quoted."
            return replace(quoted, reason=" ".join(filter(None, [quoted.reason, failure])))
        text = " ".join(self._marked(sentence.marked) for sentence in generated.sentences)
        disagreements = _disagreements(self._asked, self._book)
        for sentence in [*map(not_answered, quoted.unanswered), *(one.sentence for one in disagreements)]:
            self._on_text(f" {sentence}")
            text = f"{text} {sentence}"
        left_out = [f"“{one.text}” was left out: {one.reason}" for one in generated.dropped]
        reason = " ".join(filter(None, [quoted.reason, *left_out, generated.cut_short])) or None
        citations = self._book.citations()
        answerable = quoted.answerable or 0.0
        confidence = min(confidence_in(answerable, one.grounds.sentences, citations) for one in self._asked)
        return replace(
            quoted,
            text=text,
            citations=citations,
            confidence=round(confidence, 4),
            span=quoted.span if any(quoted.span and cited.holds(quoted.span) for cited in citations) else None,
            reason=reason,
            mode="generated",
            disagreements=disagreements,
        )

    def _marked(self, sentence: str) -> str:
        def marker(found: re.Match[str]) -> str:
            source = self._sentences[int(found[1]) - 1]
            return f"[{self._book.marker(Quote(source.evidence, source.span))}]"

        return _MARKER.sub(marker, sentence)


class _Citations:
    """The citations of one answer, numbered from 1 as they are first used."""

    def __init__(self) -> None:
        self._quotes: list[Quote] = []

    def has(self, quote: Quote) -> bool:
        """Return whether a citation holds the quote already."""
        return self._number(quote) is not None

    def marker(self, quote: Quote) -> int:
        number = self._number(quote)
        if number is None:
            self._quotes.append(quote)
        return number or len(self._quotes)

    def _number(self, quote: Quote) -> int | None:
        for number, known in enumerate(self._quotes, start=1):
            if known.evidence.passage_id == quote.evidence.passage_id and known.span.holds(quote.span):
                return number
        return None

    def citations(self) -> tuple[Citation, ...]:
        return tuple(cite(quote.evidence.passage, quote.span) for quote in self._quotes)


def _reason(question: str, grounds: Grounds) -> str:
    """Return why the grounds do not answer: what of the question they do not mention, where that is so."""
    if grounds.unmentioned:
        names = ", ".join(map(repr, grounds.unmentioned[:MAX_MISSING]))
        return f"Nothing that was searched mentions {names} by that name."
    mentioned = frozenset[str]().union(*(sentence.words for sentence in grounds.sentences))
    missing = [
        word
        for word in dict.fromkeys(_WORD.findall(question))
        if word.lower() not in _OF_THE_ASKER and words_of(word) & grounds.idfs.keys() and not words_of(word) & mentioned
    ]
    if not missing:
        return "The nearest passages do not answer it."
    return f"The nearest passages do not mention {', '.join(repr(word) for word in missing[:MAX_MISSING])}."


def _timeliness(sentences: Sequence[Sentence]) -> float:
    """Return how well the best of the sentences that hold the kind of thing asked for speaks of the time asked for."""
    best = max(sentences, key=lambda one: one.relevance)
    is_value = bool(best.features.number or best.features.date)
    enough = TIMELY_SHARE * best.relevance if is_value else 0.0
    likely = (one for one in sentences[:COMPARED] if one.relevance >= enough)
    fitting = (one for one in likely if min(one.features.number, one.features.date) >= 0)
    return max((one.features.time for one in fitting), default=0.0)


def _disagreements(asked: Sequence[Asked], book: _Citations) -> tuple[Disagreement, ...]:
    """Return what the sentences disagree on, each side cited in `book`, and the same sides once."""
    shown: dict[object, Disagreement] = {}
    for one in asked:
        sentences, features = one.grounds.sentences, one.grounds.features
        disagreements = find_disagreements(one.question, sentences[:COMPARED])
        if features and not disagreements:
            rivals = find_rivals(one.question, sentences, probability(features), _rivals_from(one))
            disagreements = [rivals] if rivals else []
        for found in disagreements:
            sides = []
            for value in found.values:
                quotes = [Quote(sentences[at].evidence, sentences[at].span) for at in value.statements]
                sides.append(Side(value.value, value.as_of, tuple(dict.fromkeys(map(book.marker, quotes)))))
            shown.setdefault((found.kind, *sides), Disagreement(found.kind, plain(found.topic), tuple(sides)))
    return tuple(shown.values())


def _rivals_from(asked: Asked) -> float | None:
    """Return from which probability on values are rivals: a lower one where it is asked whether the articles agree."""
    return WHERE_ASKED if of_the_subject(asked.text) != asked.text else None
