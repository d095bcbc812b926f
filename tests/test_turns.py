"""Interviews: who speaks, and that what is only asked there answers nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Metadata, Span
from index.records import StoredPassage
from rag.turns import turn_at, turns_of
from tests.conftest import Over

INTERVIEW = """# A talk with Ingrid Solheim

She has measured the glacier for 31 years.

ODUYA: Your critics, such as the economist Paul Renner, say the money would be better spent on adaptation.

SOLHEIM: Renner is right about one thing: we need dams in the valley. I do not see the conflict.

ODUYA: You were trapped in a crevasse in 2008. What happened?

SOLHEIM: A snow bridge gave way. I fell eleven metres and broke my wrist.

ODUYA: What about the hydropower company? They want to build a reservoir below the tongue.

SOLHEIM: I am not against hydropower. I am against building below a lake that may burst.
"""
LINES = st.lists(st.sampled_from(["ANN: Is it so?", "BO: It is.", "**Cy D:** No.", "Plain words.", "", "1: one"]))


def passage_of(text: str, start: int = 7) -> StoredPassage:
    span = Span(start, start + len(text))
    return StoredPassage("talk", Metadata(), span, "", text, (span,))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does Solheim think of Renner's criticism?", "SOLHEIM: Renner is right about one thing"),
        ("What happened to Solheim in 2008?", "SOLHEIM: A snow bridge gave way."),
        ("What did Solheim say about hydropower?", "SOLHEIM: I am not against hydropower."),
    ],
)
def test_who_is_asked_answers(over: Over, question: str, text: str) -> None:
    assert over(talk=INTERVIEW).ask(question).answer.text.startswith(text)


def test_who_asks_most_is_the_interviewer() -> None:
    passage = passage_of(INTERVIEW)
    assert [(turn.speaker, turn.only_asks) for turn in turns_of(passage)] == [("ODUYA", True), ("SOLHEIM", False)] * 3
    beside = turn_at(passage, Span(passage.span.start, passage.span.start + 5))
    assert beside is None


@pytest.mark.parametrize(
    "text",
    [
        "Place: the hall\nDate: 5 May\nChair: Ann Lee\nPresent: all of them\n",
        "Note: it rains.\nNote: it pours.\nNote: it stops.\n",
        "ANN: Is it so?\nBO: It is.\n",
        "It is said: no.\nIt is: no.\n",
    ],
)
def test_labels_are_no_conversation(text: str) -> None:
    assert turns_of(passage_of(text)) == ()


@given(LINES)
def test_turns_follow_each_other_to_the_end(lines: list[str]) -> None:
    passage = passage_of("\n".join(lines))
    turns = turns_of(passage)
    assert [one.span.end for one in turns] == [
        *(one.span.start for one in turns[1:]),
        *([passage.span.end] if turns else []),
    ]
    assert all(passage.slice(one.span).lstrip("*").startswith(one.speaker) for one in turns)
    assert len({one.speaker for one in turns if one.only_asks}) <= 1
