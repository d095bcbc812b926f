"""The conversations of `gold/conversations/`, and how many of their turns are answered.

A turn is answered where the citation of the first thing quoted holds one of its answers. Each is asked after those
before it, with the answers that these got; and each once more by itself, in the words that stand alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.written import holds_one, lines
from rag.conversation import Turn as Said
from rag.engine import AskResponse, Engine

FOLDER = Path("gold/conversations")
KINDS = ("first", "follow_up", "new_subject")
# What names nothing, and none of the articles says.
FOREIGN = ("how do I renew a passport?", "who won the world cup?", "what is the boiling point of iron?")


@dataclass(frozen=True, slots=True)
class Turn:
    """What is asked in a turn, as it stands alone, and what an answer may hold; nothing where no article says it."""

    question: str
    standalone: str
    kind: str
    answers: tuple[str, ...]

    def is_answered(self, response: AskResponse) -> bool:
        """Return whether the first citation holds an answer."""
        return holds_one(self.answers, response.answer.citations[:1])


def read_conversations(split: str) -> list[list[Turn]]:
    """Return the conversations of a half, "dev" or "test", each as its turns."""
    return [
        [Turn(one["question"], one["standalone"], one["kind"], tuple(one["answers"])) for one in line["turns"]]
        for line in lines(FOLDER / split / "conversations.jsonl")
    ]


def measured(engine: Engine, conversations: Sequence[Sequence[Turn]]) -> dict[str, float]:
    """Return of each kind how many turns have an answer, and which shares are answered as asked and in full.

    Of the turns that no article answers, and of FOREIGN questions put after each first turn, it is how many are left
    unanswered.
    """
    asked: dict[str, list[tuple[bool, bool]]] = {kind: [] for kind in KINDS}
    unanswerable: list[bool] = []
    foreign: list[tuple[bool, bool]] = []
    for turns in conversations:
        history: list[Said] = []
        for turn in turns:
            response = engine.ask(turn.question, history)
            history += [Said("user", turn.question), Said("assistant", response.answer.text)]
            if turn.answers:
                asked[turn.kind].append((turn.is_answered(response), turn.is_answered(engine.ask(turn.standalone))))
            else:
                unanswerable.append(response.answer.abstained)
            if turn.kind == "first":
                foreign += [
                    (engine.ask(one, history).answer.abstained, engine.ask(one).answer.abstained) for one in FOREIGN
                ]
    figures: dict[str, float] = {
        "unanswerable_turns": len(unanswerable),
        "unanswerable_abstained": round(sum(unanswerable) / len(unanswerable), 4),
        "foreign_abstained": round(sum(within for within, _ in foreign) / len(foreign), 4),
        "foreign_abstained_where_asked_alone": round(sum(alone for _, alone in foreign) / len(foreign), 4),
    }
    for kind, answered in asked.items():
        as_asked, alone = zip(*answered, strict=True)
        figures[f"{kind}_turns"] = len(answered)
        figures[f"{kind}_answered"] = round(sum(as_asked) / len(answered), 4)
        figures[f"{kind}_answered_where_asked_in_full"] = round(sum(alone) / len(answered), 4)
    return figures
