"""Interviews: who speaks, and that what is only asked there answers nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Metadata, Span
from index.records import StoredPassage
from rag.interview import Speakers, speakers_in, utterance_at
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


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("When was the clock made?", "The clock of St Anne was made in 1740 by Tobias Wend."),
        ("Who made the clock of St Anne?", "The clock of St Anne was made in 1740 by Tobias Wend."),
        ("When did Lena Forst take over?", "You took over in 2015."),
    ],
)
def test_what_an_interviewer_states_can_be_quoted(over: Over, question: str, text: str) -> None:
    clock = (
        "# The clock\n\nODUYA: The clock of St Anne was made in 1740 by Tobias Wend. How do you look after it?\n\n"
        "LENA FORST: I oil it on Mondays, with oil from the abbey.\n\nODUYA: You took over in 2015. Was it hard?\n\n"
        "LENA FORST: Not at all. I had been the apprentice for years."
    )
    assert text in over(clock=clock).ask(question).answer.text


def test_who_asks_most_is_the_interviewer_in_all_passages() -> None:
    first, _, second = INTERVIEW.partition("ODUYA: You were")
    passages = [passage_of(first), passage_of(f"ODUYA: You were{second}", 500)]
    held = speakers_in(passages)
    assert held == {"talk": Speakers(frozenset({"ODUYA", "SOLHEIM"}), "ODUYA")}
    said = {passage.span.start: said_in(passage, held) for passage in passages}
    assert said == {7: [("ODUYA", True), ("SOLHEIM", False)], 500: [("ODUYA", True), ("SOLHEIM", False)] * 2}
    assert utterance_at(passages[0], Span(7, 9), held) is None
    assert said_in(passages[0], {}) == []


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
    assert speakers_in([passage_of(text)]) == {}


@given(LINES)
def test_each_line_is_of_the_last_who_was_named(lines: list[str]) -> None:
    passage = passage_of("\n".join(lines))
    held = speakers_in([passage])
    speaker, at = None, passage.span.start
    for line in lines:
        speaker = line.strip("*").partition(":")[0] if line.startswith(("ANN:", "BO:", "**Cy")) else speaker
        turn = utterance_at(passage, Span(at, at + len(line)), held)
        assert not held or not line or (turn.speaker if turn else None) == speaker
        at += len(line) + 1


def said_in(passage: StoredPassage, held: dict[str, Speakers]) -> list[tuple[str, bool]]:
    """Return who speaks in a passage, turn by turn, and whether that is the interviewer."""
    turns = (utterance_at(passage, Span(at, at + 1), held) for at in range(passage.span.start, passage.span.end))
    return [(turn.speaker, turn.by_interviewer) for turn in dict.fromkeys(filter(None, turns))]
