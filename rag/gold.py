"""Gold questions: what people ask, and the exact slices of the articles that answer it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from index.corpus import Corpus
from index.document import Span
from index.errors import DocumentNotFound
from index.listing import all_documents
from rag.errors import InvalidGold

Kind = Literal["fact", "paraphrase", "keyword", "noisy", "temporal", "conflict", "multi", "unanswerable"]
Split = Literal["dev", "test"]


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """A slice of a document that answers a question, quoted."""

    doc_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A question with the evidence for its answer; an unanswerable one has none."""

    question_id: str
    question: str
    kind: Kind
    evidence: tuple[GoldEvidence, ...]
    split: Split


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece of evidence stands."""

    doc_id: str
    span: Span

    def covered_by(self, doc_id: str, span: Span) -> bool:
        """Tell whether a slice covers at least half of the quote's characters."""
        return doc_id == self.doc_id and 2 * self.span.shared(span) >= self.span.end - self.span.start


def read_gold(path: Path) -> list[GoldQuestion]:
    """Return the questions in a file of JSON lines; raise InvalidGold naming the line that is not one."""
    try:
        # Other ends of lines than these may stand in a quote as they are.
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidGold(f"'{path}' cannot be read ({error}); give a file of gold questions in UTF-8.") from error
    questions = [_question(f"{path}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    seen: set[str] = set()
    for question in questions:
        if question.question_id in seen:
            raise InvalidGold(f"'{path}' has two questions of the id {question.question_id!r}; rename one.")
        if question.question_id.split() != [question.question_id]:
            raise InvalidGold(f"'{path}' has a question of the id {question.question_id!r}; give one without spaces.")
        seen.add(question.question_id)
    return questions


def places(corpus: Corpus, question: GoldQuestion) -> list[Place]:
    """Return where a question's evidence stands; raise InvalidGold for a quote that is not in its document."""
    return [Place(evidence.doc_id, _find(corpus, question, evidence)) for evidence in question.evidence]


def _question(where: str, line: str) -> GoldQuestion:
    try:
        said = json.loads(line)
        evidence = tuple(GoldEvidence(item["doc"], item["quote"]) for item in said["evidence"])
        question = GoldQuestion(said["id"], said["question"], said["kind"], evidence, said["split"])
    except ValueError as error:
        raise InvalidGold(f"{where} is not JSON ({error}); give one object a line, as gold/README.md does.") from error
    except KeyError as error:
        raise InvalidGold(f"{where} has no {error.args[0]!r}; gold/README.md says what a gold question has.") from error
    except TypeError as error:
        raise InvalidGold(f"{where} is not an object as gold/README.md describes it; see there.") from error
    _check_words(where, question)
    for value, allowed in ((question.kind, get_args(Kind)), (question.split, get_args(Split))):
        if value not in allowed:
            raise InvalidGold(f"{where} has {value!r}; give one of {', '.join(allowed)}.")
    if question.kind == "unanswerable" and evidence:
        raise InvalidGold(
            f"{where} is of the kind 'unanswerable' and has evidence; leave it out, or name another kind."
        )
    if question.kind != "unanswerable" and not evidence:
        raise InvalidGold(
            f"{where} is of the kind {question.kind!r} and has no evidence; give a quote, or the kind 'unanswerable'."
        )
    return question


def _check_words(where: str, question: GoldQuestion) -> None:
    """Raise InvalidGold where what is to be words is none: JSON has numbers, lists and nothing, too."""
    named = [("id", question.question_id), ("question", question.question)]
    for one in question.evidence:
        named += [("doc", one.doc_id), ("quote", one.quote)]
    for name, value in named:
        if not isinstance(value, str) or not value.strip():
            raise InvalidGold(f"{where} has {name} {repr(value)[:80]}; give a string that is not blank.")


def _find(corpus: Corpus, question: GoldQuestion, evidence: GoldEvidence) -> Span:
    try:
        text = corpus.document(evidence.doc_id).text
    except DocumentNotFound as error:
        raise InvalidGold(f"Question {question.question_id!r}: {error}") from error
    start = text.find(evidence.quote) if evidence.quote else -1
    if start < 0:
        raise InvalidGold(
            f"Question {question.question_id!r}: {evidence.doc_id!r} does not hold {evidence.quote[:80]!r}"
            f"{_elsewhere(corpus, evidence.quote, text)}."
        )
    return Span(start, start + len(evidence.quote))


def _elsewhere(corpus: Corpus, quote: str, text: str) -> str:
    """Return where a missing quote would be: in another document, or in this one but for case and white space."""
    for line in all_documents(corpus.store.read):
        if quote and quote in corpus.document(line.doc_id).text:
            return f"; it is in {line.doc_id!r}"
    wanted = "".join(quote.split()).casefold()
    # Without case some characters become two, which stand at one place.
    places = [(at, one) for at, character in enumerate(text) if not character.isspace() for one in character.casefold()]
    found = "".join(one for _, one in places).find(wanted) if wanted else -1
    if found < 0:
        return "; no document does"
    first, last = places[found][0], places[found + len(wanted) - 1][0]
    return f"; but for case and white space it stands at {first} to {last + 1}: {text[first : last + 1][:80]!r}"
