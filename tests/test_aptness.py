"""Aptness: whether what would be quoted speaks of all that is asked, word by word, and what is then refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.domains import FOLDER, measured, read_questions
from benchmarks.written import in_line, lines
from index.analysis import words_of
from index.document import Span
from index.reading import read_text
from index.records import PassageTokens
from rag.answer import to_quote
from rag.aptness import apt_share, read_aptness
from rag.asked_words import asked_words, weakest
from rag.engine import Engine
from rag.evidence import QueryTokens, Reading, read
from rag.query import Query
from tests.conftest import Over

WIND = """# Velden Wind

Velden Wind of Aarhus builds turbines for use at sea. The V15 is its largest machine, at 15 megawatts.
Its blades are made by Nord Composite, which employs 640 people in Esbjerg. The first 40 were shipped in May.
"""


@pytest.mark.parametrize(
    ("question", "words", "names"),
    [
        ("What is the rotor diameter of the Velden V15?", ["rotor", "diameter", "Velden", "V15"], ["Velden"]),
        ("who built it", ["built"], []),
        ("How many people work for you?", ["people", "work"], []),
        ("", [], []),
        ("What happened after Geneva?", ["Geneva"], ["Geneva"]),
        # What it goes on from need not be spoken of.
        ("And how tall? (What is the diameter of the Velden mast)", ["tall"], []),
    ],
)
def test_words_that_mean_something_are_asked(question: str, words: list[str], names: list[str]) -> None:
    asked = asked_words(question)
    assert [one.span.of(question) for one in asked] == words
    assert [one.span.of(question) for one in asked if one.is_name] == names


def reading(text: str, number: int = 1, tokens: int = 4) -> Reading:
    """Return a passage of some token vectors as it is read beside "amber kettle"."""
    query = QueryTokens(np.eye(2, 8, dtype=np.float32), np.full(2, 0.5, dtype=np.float32), (Span(0, 5), Span(6, 12)))
    vectors = np.random.default_rng(number).integers(-100, 100, (tokens, 8)).astype(np.int8)
    bounds = np.array([[0, len(text), 0, tokens]], dtype=np.int32)
    (found,) = read(query, [PassageTokens(f"d{number}", Span(0, len(text)), bounds, vectors)])
    return found


@given(st.lists(st.sampled_from(["an amber light", "a kettle", "amber kettles", "nothing"]), min_size=1, max_size=4))
def test_more_passages_come_no_less_near(texts: list[str]) -> None:
    words, readings = asked_words("amber kettle"), [reading(text, at) for at, text in enumerate(texts)]
    had = [words_of(" ".join(texts[: count + 1])) for count in range(len(texts))]
    nearness = [weakest(words, own, readings[: count + 1]) for count, own in enumerate(had)]
    assert nearness == sorted(nearness)
    assert (nearness[-1] == 1) == all(any(word in text for text in texts) for word in ("amber", "kettle"))


def test_a_word_that_the_model_has_not_seen_does_not_count() -> None:
    near = weakest(asked_words("amber kettle"), words_of("an amber light"), [reading("an amber light")])
    assert near < 1
    # It stands where there is no token any more.
    assert weakest(asked_words("amber kettle stove"), words_of("an amber light"), [reading("an amber light")]) == near


@pytest.mark.parametrize(
    ("question", "counted"),
    [
        ("How many people does Nord Composite employ?", 1),
        ("How many blades were shipped?", 0),
        ("How many megawatts has the V15?", 1),
        ("Who makes the blades?", 0),
    ],
)
def test_what_is_counted_stands_beside_a_number(over: Over, question: str, counted: int) -> None:
    engine = over(wind=WIND)
    grounds = engine.grounds(Query.parse(question))
    assert read_aptness(question, to_quote(question, grounds), grounds.sentences).counted == counted


@pytest.mark.parametrize(
    "question",
    [
        "Why was the strike at Velden called off?",
        "What salary has Velden's pilot?",
        "Who painted the portrait of the founder?",
    ],
)
def test_what_is_near_the_subject_and_not_said_is_refused(over: Over, question: str) -> None:
    answer = over(wind=WIND).ask(question).answer
    assert answer.abstained
    assert "do not mention" in (answer.reason or "")


@pytest.mark.parametrize("question", ["Who makes the blades of the V15?", "how many people work at Nord Composite"])
def test_what_is_said_is_answered(over: Over, question: str) -> None:
    assert "Nord Composite" in over(wind=WIND).ask(question).answer.text


@given(question=st.text(max_size=60))
def test_a_share_only_takes_away(seeds_engine: Engine, question: str) -> None:
    asked = f"What is China's share? {question}"
    grounds = seeds_engine.grounds(Query.parse(asked))
    assert 0 < apt_share(asked, to_quote(asked, grounds), grounds.sentences) <= 1


@pytest.mark.parametrize("split", ["dev", "test"])
def test_what_a_question_on_another_subject_may_be_answered_by_stands_in_an_article(split: str) -> None:
    texts: dict[str, str] = {}
    for line in lines(FOLDER / split / "articles.jsonl"):
        article = read_text(line["doc"], line["text"], line["media_type"])
        # What stands around a page's article is not read, but may be asked for.
        said = f"{line['text']} {article.metadata.title or ''} {article.text}"
        texts[line["subject"]] = f"{texts.get(line['subject'], '')} {in_line(said)}"
    for line in lines(FOLDER / split / "questions.jsonl"):
        stand = [in_line(answer) in texts[line["subject"]] for answer in line["answers"]]
        assert any(stand) or not stand, line


def test_questions_on_other_subjects_are_measured(over: Over) -> None:
    engine = over(wind=WIND)
    asked = read_questions("test")[0]
    said = replace(asked, query=Query.parse("Who makes the blades of the V15?"), answers=("Nord Composite",))
    unsaid = replace(asked, query=Query.parse("Why was the strike at Velden called off?"), answers=())
    figures = measured(engine, [said, unsaid])
    assert figures["answer in the first citation"] == figures["abstention_recall"] == 1
    assert (figures["questions"], figures["answerable"], figures["answerable_refused"]) == (2, 1, 0)
