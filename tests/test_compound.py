"""Compound questions: which are divided and where, one ranking of several, and an answer to each part."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.compound import MAX_PARTS, one_ranking, parts_of
from rag.conversation import Turn
from rag.engine import Engine
from rag.generation import Generator
from rag.plain_text import plain
from rag.query import Query
from tests.scripted_llm import saying, scripted_llm
from tests.test_answer import ask, checked

BOTH = "Where is the Brook Mine, and what did China restrict in 2010?"
FOREIGN = "Who won the World Cup in 2018?"
HALF = "Where is the Brook Mine, and who won the World Cup in 2018?"


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who leads Acme and when was it founded?", ["Who leads Acme?", "When was Acme founded?"]),
        (
            "Who is the head of Acme and where was he born?",
            ["Who is the head of Acme?", "Where was the head of Acme born?"],
        ),
        (
            "Is the deal binding, and who enforces it?",
            ["Is the deal binding?", "Who enforces it? (Is the deal binding)"],
        ),
        ("Who founded Acme, and when?", ["Who founded Acme?", "When? (Who founded Acme)"]),
        ("Who won in 2010 and by how much?", ["Who won in 2010?", "By how much? (Who won in 2010)"]),
        ("What happened in May and what happened in June?", ["What happened in May?", "What happened in June?"]),
        (
            "What did Trump say about the deal, and what do analysts answer?",
            ["What did Trump say about the deal?", "What do analysts answer? (What did Trump say about the deal)"],
        ),
        (
            "how long is the bridge in san francisco and what is it called",
            [
                "How long is the bridge in san francisco?",
                "What is it called? (How long is the bridge in san francisco)",
            ],
        ),
        (
            "How long is the crossing? How many stone steps are there?",
            ["How long is the crossing?", "How many stone steps are there?"],
        ),
        (
            "What does Acme make? How many people does Acme employ? Who leads Acme?",
            ["What does Acme make?", "How many people does Acme employ?", "Who leads Acme?"],
        ),
        (
            "who owns the mine and where is the nearest port",
            ["Who owns the mine?", "Where is the nearest port? (Who owns the mine)"],
        ),
        (
            "who owns the mine and how much copper does the region export",
            ["Who owns the mine?", "How much copper does the region export?"],
        ),
        (
            "Who leads Acme, when was it founded, and where is it based?",
            ["Who leads Acme?", "When was Acme founded?", "Where is Acme based?"],
        ),
        (
            "Who is the founder of Acme and when was it founded?",
            ["Who is the founder of Acme?", "When was it founded? (Who is the founder of Acme)"],
        ),
        ("WHO LEADS ACME AND WHEN WAS IT FOUNDED?", ["WHO LEADS ACME?", "WHEN WAS IT FOUNDED? (WHO LEADS ACME)"]),
        (
            "How many workers did the mine employ in 2010 and how many in 2015?",
            [
                "How many workers did the mine employ in 2010?",
                "How many in 2015? (How many workers did the mine employ in 2010)",
            ],
        ),
        (
            "Where is the mine? Can you help me? Who owns it?",
            ["Where is the mine?", "Who owns it? (Where is the mine)"],
        ),
        (
            'Who wrote "What Is Art? And Why Does It Matter?" and when did he die?',
            [
                'Who wrote "What Is Art? And Why Does It Matter?"?',
                'When did he die? (Who wrote "What Is Art? And Why Does It Matter?")',
            ],
        ),
        (
            "What did the U.S. Trade Representative say and what did Dr. Berg answer?",
            ["What did the U.S. Trade Representative say?", "What did Dr. Berg answer?"],
        ),
        (
            "Who is the CEO of Acme and who is the CFO?",
            ["Who is the CEO of Acme?", "Who is the CFO? (Who is the CEO of Acme)"],
        ),
        (
            "Who played Batman in 1989 and who played the Joker?",
            ["Who played Batman in 1989?", "Who played the Joker? (Who played Batman in 1989)"],
        ),
        (
            "What is the capital of Kenya and who is its president?",
            ["What is the capital of Kenya?", "Who is its president? (What is the capital of Kenya)"],
        ),
        (
            "What is the GDP of China and what is that of Japan?",
            ["What is the GDP of China?", "What is that of Japan? (What is the GDP of China)"],
        ),
        ("Do you know who wrote it and when?", ["Who wrote it?", "When? (Who wrote it)"]),
        (
            "who built the palace in warsaw and when was it built? thanks",
            ["Who built the palace in warsaw?", "When was it built? (Who built the palace in warsaw)"],
        ),
        (
            'Who wrote "Who am I and what am I?" and when?',
            ['Who wrote "Who am I and what am I?"?', 'When? (Who wrote "Who am I and what am I?")'],
        ),
        ("Acme makes what, and which company owns Acme?", ["Acme makes what?", "Which company owns Acme?"]),
    ],
)
def test_each_part_is_a_question_of_its_own(question: str, parts: list[str]) -> None:
    assert [part.question for part in parts_of(question)] == parts


@pytest.mark.parametrize(
    "question",
    [
        "What is China's processing share?",
        "Where and when did they meet?",
        "What are the capitals of France and Germany?",
        "What was said and done in Geneva?",
        "What was built in 1990 and was destroyed in 2000?",
        "Does it say where they met and what they agreed?",
        "Who is the man who wrote Faust and who was born in Frankfurt?",
        "I run a factory. What does it say of tariffs and what does it say of prices?",
        "Explain the deal and its terms.",
        "Who said that? What? When? Where? Why?",
        "Who, what, when and where?",
        "How many people died and how many were injured in the Arvia flood?",
        "When did the war start and who won the French and Indian War?",
        "I have a question about Kenya. When did it become independent and who was its first president?",
        "What is the relation between force and how much mass there is?",
        "What are the causes and what are the effects of China's export controls?",
        "Who is mining and who is processing rare earths in the US?",
        "In what year and by whom was MP Materials founded?",
        "Under what law and in which court was it tried?",
        "Where is the Brook Mine? Can you answer?",
        'Who is the author of "What is Life and how is it made"?',
        'Who wrote "What Is Art? And Why Does It Matter?"',
        "Why? (What did China restrict in 2010)",
        "Who owns it (and how was it bought)?",
        "",
        "?",
    ],
)
def test_what_asks_one_thing_is_left_as_it_is(question: str) -> None:
    (part,) = parts_of(question)
    assert part.text == part.question == question


@given(st.text("Who what is and, ?wWhen.A(“é\n", min_size=1, max_size=60) | st.text(min_size=1, max_size=60))
def test_a_part_is_of_the_question(question: str) -> None:
    parts, at = parts_of(question), 0
    asked = plain(question)
    assert 1 <= len(parts) <= MAX_PARTS
    for part in parts:
        said = part.text if len(parts) == 1 else part.text.removesuffix("?")[1:]
        at = asked.index(said, at) + len(said)


def test_each_part_follows_the_conversation() -> None:
    history = [Turn("user", "Where is the Brook Mine?"), Turn("assistant", "The Brook Mine is in Wyoming.")]
    assert [part.question for part in parts_of("Who owns it, and when was it opened?", history)] == [
        "Who owns the Brook Mine?",
        "When was the Brook Mine opened?",
    ]
    assert [part.question for part in parts_of("Who else?", history)] == ["Who else? (Where is the Brook Mine)"]
    after = [Turn("user", "Where is the Brook Mine and who owns it?")]
    assert [part.question for part in parts_of("And when was it opened?", after)] == [
        "And when was the Brook Mine opened?"
    ]


def test_a_follow_up_is_about_what_was_answered(seeds_engine: Engine) -> None:
    said = Turn("assistant", ask(seeds_engine, HALF).answer.text)
    (part,) = parts_of("And who owns it?", [Turn("user", HALF), said])
    assert part.question == "And who owns the Brook Mine?"


@pytest.mark.slow
def test_a_long_text_is_read_at_once() -> None:
    assert len(parts_of("what is it and " * 4000)) == 1
    assert len(parts_of("and what " + "x" * 2000)) == 1
    for piece in (" ", "“", '"', "(", "and what is ", ", "):
        history = [Turn("user", piece * 100_000)] * 20
        assert len(parts_of(piece * (2000 // len(piece)), history)) == 1


def test_one_ranking_has_the_best_of_each_part(seeds_engine: Engine) -> None:
    first, second = (
        list(seeds_engine.grounds(Query.parse(question)).evidence)
        for question in ("Where is the Brook Mine?", "What did China restrict in 2010?")
    )
    together = one_ranking([first, second])
    assert {one.passage_id for one in together} == {one.passage_id for one in (*first, *second)}
    assert [one.score for one in together] == sorted((one.score for one in together), reverse=True)
    assert together[0].score == max(first[0].score, second[0].score)
    assert {first[0].passage_id, second[0].passage_id} <= {one.passage_id for one in together[:3]}
    assert one_ranking([first]) == first
    assert one_ranking([first, []]) == first
    assert one_ranking([[], []]) == []
    # What bears on nothing keeps its place behind what bears on something.
    nothing = [replace(one, score=-one.score) for one in second if one.passage_id != first[0].passage_id]
    assert one_ranking([first, nothing])[0].passage_id == first[0].passage_id


def test_both_parts_are_answered_and_searched_for(seeds_engine: Engine) -> None:
    response = ask(seeds_engine, BOTH)
    assert response.standalone.text == "Where is the Brook Mine? What did China restrict in 2010?"
    cited = [one.cited_text for one in response.answer.citations]
    assert any("Wyoming" in one for one in cited)
    assert any("exports to Japan in 2010" in one for one in cited)
    assert response.answer.reason is None
    assert response.hits == seeds_engine.search(BOTH).hits
    apart = [seeds_engine.ask(part.question).answer for part in parts_of(BOTH)]
    assert response.answer.confidence == pytest.approx(min(one.confidence or 0 for one in apart), abs=0.001)
    assert response.answer.answerable == min(one.answerable or 0 for one in apart)


def test_what_answers_two_parts_is_quoted_once(seeds_engine: Engine) -> None:
    answer = ask(seeds_engine, "Where is the Brook Mine, and in which state is the Brook Mine?").answer
    assert answer.text.count("Wyoming") == 1


def test_markers_are_in_order_though_disagreements_come_last(seeds_engine: Engine) -> None:
    answer = ask(seeds_engine, "What is China's processing share, and where is the Brook Mine?").answer
    assert answer.disagreements
    assert answer.text.index("Wyoming") < answer.text.index("disagree")


def test_the_same_disagreement_is_said_once(seeds_engine: Engine) -> None:
    asked = "What is China's processing share, and what is China's share of processing?"
    assert len(ask(seeds_engine, asked).answer.disagreements) == 1


@pytest.mark.parametrize("question", [HALF, "Who won the World Cup in 2018, and where is the Brook Mine?"])
def test_a_part_that_is_not_answered_is_said(seeds_engine: Engine, question: str) -> None:
    answer = ask(seeds_engine, question).answer
    assert not answer.abstained
    (part,) = answer.unanswered
    assert f"No answer to “{part}” was found." in answer.text
    assert answer.reason is not None
    assert answer.reason.startswith(f"“{part}”: The nearest passages do not mention")
    assert [one.cited_text for one in answer.citations if "Wyoming" in one.cited_text]
    # The whole question is answered as surely as the part of which nothing is known.
    assert answer.confidence is not None
    assert answer.confidence < 0.5


def test_where_no_part_is_answered_the_whole_question_is(seeds_engine: Engine) -> None:
    response = ask(seeds_engine, "Who is the king of Norway, and what does he eat?")
    assert response.answer.abstained
    assert response.answer.unanswered == ()
    assert response.standalone.text == "Who is the king of Norway, and what does he eat?"


def test_marks_in_a_part_are_not_taken_for_markers(seeds_engine: Engine) -> None:
    answer = ask(seeds_engine, "Where is the Brook Mine, and who won the [7] World Cup [1] in 2018?").answer
    assert answer.unanswered == ("Who won the World Cup in 2018?",)
    assert [int(marker) for marker in re.findall(r"\[(\d+)\]", answer.text)] == [1]


def test_a_language_model_answers_both_parts_and_what_is_not_answered_is_said(seeds_engine: Engine) -> None:
    with scripted_llm(saying("The Brook Mine is in Wyoming [1].")) as llm:
        generator = Generator(llm.base_url, "m", None)
        engine = Engine(seeds_engine.corpus, generator=generator)
        answer = checked(engine, engine.ask(HALF)).answer
        (request,) = llm.requests
    assert "World Cup" not in str(request)
    assert answer.mode == "generated"
    assert answer.text == f"The Brook Mine is in Wyoming. [1] No answer to “{FOREIGN}” was found."
    assert answer.reason is not None
    assert answer.reason.startswith(f"“{FOREIGN}”: ")
