"""The questions of `gold/domains/`, on articles of many subjects, and how they are answered.

Of each subject the articles are asked by themselves. An answer is right where a citation holds one of its answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.written import holds_one, lines
from index.records import Filters
from rag.abstention import Judged, abstention_measures
from rag.citation import Citation
from rag.engine import Engine
from rag.query import Query

FOLDER = Path("gold/domains")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the articles on a subject, and what an answer may hold; nothing where no article says it."""

    query: Query
    answers: tuple[str, ...]

    def is_held(self, citations: Sequence[Citation]) -> bool:
        """Return whether a citation holds an answer."""
        return holds_one(self.answers, citations)


def read_questions(split: str) -> list[Asked]:
    """Return the questions of a half, "dev" or "test"."""
    folder, doc_ids = FOLDER / split, dict[str, list[str]]()
    for line in lines(folder / "articles.jsonl"):
        doc_ids.setdefault(line["subject"], []).append(line["doc"])
    filters = {subject: Filters(doc_ids=tuple(own)) for subject, own in doc_ids.items()}
    return [
        Asked(Query.parse(line["question"], filters=filters[line["subject"]]), tuple(line["answers"]))
        for line in lines(folder / "questions.jsonl")
    ]


def measured(engine: Engine, questions: Sequence[Asked]) -> dict[str, float]:
    """Return which shares of questions are answered rightly, first and at all, and how the others are refused."""
    first, held, judged = 0, 0, []
    for asked in questions:
        answer = engine.ask(asked.query).answer
        first += asked.is_held(answer.citations[:1])
        held += asked.is_held(answer.citations)
        judged.append(
            Judged(
                answerable=answer.answerable or 0.0,
                confidence=answer.confidence or 0.0,
                abstained=answer.abstained,
                is_answerable=bool(asked.answers),
            )
        )
    answerable = sum(bool(asked.answers) for asked in questions)
    return {
        "questions": len(questions),
        "answerable": answerable,
        "answer in the first citation": round(first / answerable, 4),
        "answer in any citation": round(held / answerable, 4),
        **abstention_measures(judged),
    }
