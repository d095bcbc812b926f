"""Relevance: how well each sentence of the evidence answers the question."""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from index.analysis import LETTERS, query_words, words_of
from index.document import Span
from index.embedder import Vectors
from rag.answer_type import AnswerType, answer_type, holds
from rag.calibration import fitted
from rag.dates import Mention, Period, as_of, mentions_in, periods_in
from rag.evidence import Evidence
from rag.interview import Speakers, speakers_in, utterance_at
from rag.structure import Standing, completed_by, structure_of
from rag.term_weights import weighted
from rag.timeliness import Relation, TimeAsked, fits, time_asked

# Which sentence: the id of its passage, and where it stands in the document.
Key = tuple[str, Span]
# How a sentence says that something came before an event, or after it.
_CUES: Mapping[Relation, re.Pattern[str]] = {
    "before": re.compile(r"\b(?:before|ahead of|prior to|led (?:up )?to|leading up to|run-up|until)\b", re.IGNORECASE),
    "after": re.compile(r"\b(?:after|since|following|in the wake of|resulted in|result of|outcome)\b", re.IGNORECASE),
}
# How it goes on from a sentence before it that names the event.
_SEQUELS: Mapping[Relation, re.Pattern[str]] = {
    "before": re.compile(r"\b(?:beforehand|earlier|previously|until then|by then)\b", re.IGNORECASE),
    "after": re.compile(
        r"\b(?:later|since then|subsequent(?:ly)?|afterwards?|after that|thereafter|eventually|no longer)\b",
        re.IGNORECASE,
    ),
}
# The time that something is set beside is not the time that it is said of.
_COMPARED_WITH = re.compile(
    r"\b(?:compared (?:with|to)|(?:more|less|fewer|higher|lower|larger|smaller|up|down|better|worse) (?:than|from|on)|"
    r"than(?: it was)?|versus|vs\.?|as against)(?: (?:in|at the end of|the))*\s*$",
    re.IGNORECASE,
)
# How well a sentence that names no time fits the day its article was published, and so what that gives for `time`.
PUBLISHED_THEN = 0.55
PRESUMED = 2 * PUBLISHED_THEN - 1
# Such a sentence stands so many sentences after the other at most.
_SEQUEL_WITHIN = 2


class SentenceFeatures(NamedTuple):
    """What a sentence's relevance is a function of.

    `passage` is its passage's match, `cosine` its passage's cosine and `behind` how far its passage's strength is below
    the strongest's; `match` is its own, `gap` how far that is below the best sentence's, `joined` what it is together
    with the sentence before it; `likeness` is the cosine of the means of its tokens and the question's. `coverage` is
    the share of the question's words, by inverse document frequency, in the sentence, `in_context` with its title and
    headings.
    `number`, `date` and `name` are 0 but for the one that the question asks for: that is 1 where the sentence holds
    such a thing, −1 where it does not. `time` is 1 where it speaks of the time asked for, −1 where of another, between
    them where in part or where only its article's day is of that time, 0 where either names none; before or after an
    event, 1 where it names it and says so, or goes on from a sentence that names it ("weeks later"), 0 where it or its
    passage names it, −1 where neither does or where it says the opposite. What goes on so is matched and covered
    together with the other; so are an item with the few words above its list and a row with its table's header.
    """

    passage: float
    cosine: float
    behind: float
    match: float
    gap: float
    joined: float
    likeness: float
    coverage: float
    in_context: float
    number: float
    date: float
    name: float
    time: float


class FoundFeatures(NamedTuple):
    """What the relevance of a sentence that the reader has read is a function of.

    `relevance` is the logit of what it is without the reader. `begins` is the logarithm of the probability that an
    answer begins in it, and a little more; `answers` the logit of its passage's having an answer. `rank` is minus the
    logarithm of its passage's rank.
    """

    relevance: float
    begins: float
    answers: float
    rank: float


# What the probability that an answer begins in a sentence is at least taken for.
_LITTLE = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A sentence of the evidence, its words as they are indexed, and the probability in (0, 1) that it answers.

    That follows from `features` alone, or where the reader has read its passage, from `found`.
    """

    evidence: Evidence
    span: Span
    words: frozenset[str]
    features: SentenceFeatures
    found: FoundFeatures | None
    relevance: float

    @property
    def text(self) -> str:
        """The sentence as it stands in the document."""
        return self.evidence.passage.slice(self.span)

    @property
    def standing(self) -> Standing:
        """How it stands in its passage."""
        return structure_of(self.evidence.passage)[self.span.start]

    @property
    def key(self) -> Key:
        """Its passage and where it stands."""
        return self.evidence.passage_id, self.span

    @property
    def next_key(self) -> Key | None:
        """The same of the sentence after it in its passage, None where it is the last."""
        spans = self.evidence.passage.sentences
        after = spans.index(self.span) + 1
        return (self.evidence.passage_id, spans[after]) if after < len(spans) else None

    @property
    def answer(self) -> Span | None:
        """The characters in it that answer, None where the reader finds none in its passage or has not read it."""
        found = self.evidence.found
        place = found.places.get(self.span) if found and found.no_answer <= 0 else None
        return place.span if place else None

    @property
    def doc_id(self) -> str:
        """The document that says it."""
        return self.evidence.passage.doc_id

    @property
    def title(self) -> str:
        """The document's title, "" where it has none."""
        return self.evidence.passage.metadata.title or ""

    @property
    def published_at(self) -> str | None:
        """The day its document was published, in ISO 8601, None where that is not known."""
        published_at = self.evidence.passage.metadata.published_at
        return published_at[:10] if published_at else None

    @property
    def as_of(self) -> str | None:
        """The time it speaks of, in ISO 8601; where it names none, the day its document was published, where known."""
        return as_of(self.text, self.published_at) or self.published_at

    @property
    def vector(self) -> Vectors:
        """The mean of its tokens' vectors at unit length, shape `(token_dimension,)`."""
        return self.evidence.sentence_vector(self.span)


class _Asked(NamedTuple):
    """What sentences are read for: a question's words, with what each counts, and the kind of thing and the time."""

    words: frozenset[str]
    idfs: Mapping[str, float]
    kind: AnswerType | None
    time: TimeAsked | None


def read_sentences(question: str, evidence: Sequence[Evidence], idfs: Mapping[str, float]) -> list[Sentence]:
    """Return the sentences of the evidence, most relevant first; `idfs` are those of the question's words."""
    best = max((item.reading.best_sentence for item in evidence), default=0.0)
    strongest = max((item.strength for item in evidence), default=0.0)
    time = _dated(time_asked(question), evidence)
    asked = _Asked(words_of(question), weighted(question, idfs), answer_type(question), time)
    speakers = speakers_in(item.passage for item in evidence)
    found = []
    for rank, item in enumerate(evidence, start=1):
        for span, words, features in _read_in(item, asked, best, strongest, speakers):
            relevance = fitted("relevance").probability(features)
            by_reader = _by_reader(relevance, item, span, rank)
            if by_reader:
                relevance = fitted("found").probability(by_reader)
            found.append(Sentence(item, span, words, features, by_reader, relevance))
    return sorted(found, key=lambda one: (-one.relevance, one.evidence.passage_id, one.span.start))


def _read_in(
    item: Evidence, asked: _Asked, best: float, strongest: float, speakers: Mapping[str, Speakers]
) -> Iterator[tuple[Span, frozenset[str], SentenceFeatures]]:
    """Yield the sentences of a passage, each with its words and features; `best` is the best match of any passage's."""
    naming, structure, reading = _naming(item, asked.time), structure_of(item.passage), item.reading
    matches = reading.sentence_matches.tolist(), reading.joined_matches.tolist(), reading.likenesses.tolist()
    for span, match, joined, likeness in zip(reading.tokens.sentences, *matches, strict=True):
        text = item.passage.slice(span)
        words = read = words_of(text)
        event, standing = naming.get(span) if naming else None, structure[span.start]
        if beside := [one for one in (event, completed_by(item.passage, standing)) if one]:
            match = reading.match_of([span, *beside])
            read = words.union(*(words_of(item.passage.slice(one)) for one in beside))
        around = context_words(item, f"{standing.heading} {_speaker(item, span, speakers)}")
        holding = 1.0 if asked.kind and holds(asked.kind, text, asked.words) else -1.0
        yield (
            span,
            words,
            SentenceFeatures(
                passage=reading.match,
                cosine=item.cosine,
                behind=item.strength - strongest,
                match=match,
                gap=match - best,
                joined=joined,
                likeness=likeness,
                coverage=coverage(read, asked.idfs),
                in_context=coverage(read, asked.idfs, around),
                number=holding if asked.kind is AnswerType.NUMBER else 0.0,
                date=holding if asked.kind is AnswerType.DATE else 0.0,
                name=holding if asked.kind is AnswerType.NAME else 0.0,
                time=1.0 if event else _time(text, standing.heading, item, asked.time),
            ),
        )


def alone(sentences: Sequence[Sentence], cited: Collection[Key] = ()) -> float:
    """Return how much of the relevance of the passages' best sentences is the best one's, in (0, 1].

    The sentences are given most relevant first. Those whose keys are `cited` do not count beside the best one, nor do
    those that say the same in the same words, as copies of an article do.
    """
    best_of: dict[str, Sentence] = {}
    for sentence in sentences:
        best_of.setdefault(sentence.evidence.passage_id, sentence)
    best, *others = best_of.values()
    beside = [one for one in others if one.words != best.words and one.key not in cited]
    return best.relevance / (best.relevance + sum(one.relevance for one in beside))


def coverage(words: frozenset[str], idfs: Mapping[str, float], around: frozenset[str] = frozenset()) -> float:
    """Return the share of the question's words that are among `words` or `around`, by inverse document frequency."""
    total = sum(idfs.values())
    return sum([idf for word, idf in idfs.items() if word in words or word in around]) / total if total else 0.0


def _speaker(item: Evidence, span: Span, speakers: Mapping[str, Speakers]) -> str:
    """Return who says a sentence in an interview, "" where nobody is named."""
    utterance = utterance_at(item.passage, span, speakers)
    return utterance.speaker if utterance else ""


def context_words(item: Evidence, heading: str) -> frozenset[str]:
    """Return the words of a passage's title and of the headings that a sentence of it stands under."""
    return words_of(f"{item.passage.metadata.title or ''} {heading}")


def _by_reader(relevance: float, item: Evidence, span: Span, rank: int) -> FoundFeatures | None:
    """Return what the reader says of a sentence beside its own relevance, None where it has not read the sentence."""
    if item.found is None or (place := item.found.places.get(span)) is None:
        return None
    return FoundFeatures(
        relevance=math.log(relevance / (1 - relevance)),
        begins=math.log(place.begins + _LITTLE),
        answers=-item.found.no_answer,
        rank=-math.log(rank),
    )


def _dated(asked: TimeAsked | None, evidence: Sequence[Evidence]) -> TimeAsked | None:
    """Return what a question asks of time, an event with the first period that a sentence gives it."""
    if asked is None or asked.event is None:
        return asked
    for item in evidence:
        for span, _ in item.sentences:
            text = item.passage.slice(span)
            named = periods_in(text, item.passage.metadata.published_at) if _names(text, asked.event) else []
            if named:
                return replace(asked, period=named[0])
    return asked


def _naming(item: Evidence, asked: TimeAsked | None) -> dict[Span, Span]:
    """Return for each sentence that goes on to what came before or after an event the one before it that names it."""
    if asked is None or asked.event is None or asked.relation not in _SEQUELS:
        return {}
    spans = item.passage.sentences
    texts = [item.passage.slice(span) for span in spans]
    named = [at for at, text in enumerate(texts) if _names(text, asked.event)]
    sequel = _SEQUELS[asked.relation]
    return {
        spans[at]: spans[event]
        for event in named
        for at in range(event + 1, min(event + 1 + _SEQUEL_WITHIN, len(spans)))
        if at not in named and sequel.search(texts[at])
    }


def _time(text: str, heading: str, item: Evidence, asked: TimeAsked | None) -> float:
    """Return how well a sentence, or the heading above one that names no time, speaks of the time asked for."""
    if asked is None:
        return 0.0
    published_at = item.passage.metadata.published_at
    own = mentions_in(text, published_at) if asked.period else []
    spoken = [one for one in own if not _COMPARED_WITH.search(text, 0, one.span.start)]
    fit = fits(asked, spoken or (mentions_in(heading, published_at) if asked.period else []))
    fit = _as_published(published_at, asked) if fit is None else fit
    if asked.event is not None and fit in (None, 0.5):
        return _of_event(text, item, asked.event, asked.relation)
    return 0.0 if fit is None else 2 * fit - 1


def _as_published(published_at: str | None, asked: TimeAsked) -> float | None:
    """Return how well a sentence that names no time fits by the day its article was published, None where it does not.

    What is in the news of a month may well be of that month.
    """
    if published_at is None or asked.event is not None:
        return None
    day = date.fromisoformat(published_at[:10])
    return PUBLISHED_THEN * (fits(asked, [Mention(Span(0, 0), Period(day, day))]) or 0.0) or None


def _of_event(text: str, item: Evidence, event: str, relation: Relation) -> float:
    if _names(text, event):
        said = {which for which, cue in _CUES.items() if cue.search(text)}
        is_said = relation in said or relation == "in"
        return 1.0 if is_said else -1.0 if said else 0.0
    return 0.0 if _names(item.passage.text, event) else -1.0


def _names(text: str, event: str) -> bool:
    """Return whether a text names an event: by the names in it and one of its other words, or by all where none is."""
    words, said = frozenset(query_words(event)), words_of(text)
    names = words & words_of(" ".join(word for word in LETTERS.findall(event) if word[0].isupper()))
    others = words - names
    return names <= said and (not others or bool(others & said)) if names else words <= said
