"""The articles of `gold/disagreements/`, what is asked of them, and how often a disagreement is rightly shown.

A disagreement that is shown is right where the values of two of its sides are in sentences that the question names as
different sides; a question has one where its kind is "conflict" or "changed".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.written import lines
from rag.answer import Answer
from rag.engine import Engine

FOLDER = Path("gold/disagreements")
DIFFERING = ("conflict", "changed")


@dataclass(frozen=True, slots=True)
class Side:
    """What one article says: a sentence of it, and the value in that."""

    doc_id: str
    quote: str
    value: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """A question and what its sides say, which differs where its kind is one of `DIFFERING`."""

    question: str
    kind: str
    sides: tuple[Side, ...]

    @property
    def differs(self) -> bool:
        """Whether the articles disagree."""
        return self.kind in DIFFERING

    def side_of(self, doc_id: str, text: str) -> str | None:
        """Return the value of the side that a sentence of a document is, None where it is none."""
        held = (side for side in self.sides if side.doc_id == doc_id and (side.quote in text or text in side.quote))
        return next((side.value.casefold() for side in held), None)


def read_disputed(split: str) -> list[Disputed]:
    """Return the questions of a half, "dev" or "test"."""
    return [
        Disputed(
            line["question"],
            line["kind"],
            tuple(Side(side["doc"], side["quote"].strip(), side["value"]) for side in line["sides"]),
        )
        for line in lines(FOLDER / split / "questions.jsonl")
    ]


def measured(engine: Engine, questions: Sequence[Disputed]) -> dict[str, float]:
    """Return precision and recall of the disagreements that are shown, and how many of them are right."""
    shown = right = 0
    for one in questions:
        answer = engine.ask(one.question).answer
        rights = [one.differs and _is_right(answer, at, one) for at in range(len(answer.disagreements))]
        shown += bool(rights)
        right += any(rights)
    having = sum(one.differs for one in questions)
    return {
        "questions": len(questions),
        "questions_with_disagreement": having,
        "disagreements_shown": shown,
        "disagreement_precision": round(right / shown, 4) if shown else 0.0,
        "disagreement_recall": round(right / having, 4) if having else 0.0,
    }


def _is_right(answer: Answer, at: int, question: Disputed) -> bool:
    cited = [answer.citations[marker - 1] for side in answer.disagreements[at].sides for marker in side.markers]
    values = {question.side_of(one.doc_id, one.cited_text.strip()) for one in cited}
    return len(values - {None}) > 1
