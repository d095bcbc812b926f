"""Names that a question turns on and no article mentions: then there is no answer, and that is said."""

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.corpus import Corpus
from index.document import Document, Metadata
from index.embedder import OnnxEmbedder
from index.records import Filters
from rag.engine import Engine
from rag.names import names_in, unmentioned, unmentioned_codes, unmentioned_numbers
from rag.query import Query


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How much does Myanmar export to China?", ["Myanmar", "China"]),
        ("What rate did the European Central Bank set?", ["Central Bank"]),
        ("Who is Zhang Wei-Liu's brother?", ["Zhang Wei-Liu"]),
        ("Who is Elon Musk of the Boring Company?", ["Elon Musk of the Boring Company"]),
        ("Scott Bessent met Élise Dupont", ["Bessent", "Élise Dupont"]),
        (
            "Did the Food and Drug Administration or Elon Musk's SpaceX say so?",
            ["Food and Drug Administration", "Elon Musk's SpaceX"],
        ),
        ("¿Cuántos vendió Apple?", ["Apple"]),
        # Beside what asks, names do not count, and what begins a sentence is none.
        ("It rose in Oslo. What did Bessent say: Greer left?", ["Bessent"]),
        ("I'm Maria from Bonn. - What is it, Anna?", []),
        # Nothing tells a name where all or none have capitals, and these are none.
        ("WHEN DID NIXON GO TO CHINA", []),
        ("What Is The Price Of Oil Today", []),
        ("who wrote middlemarch", []),
        ("What did the American, Dutch and Chinese sides say in May on a Monday?", []),
        ("What did Iraqis, Brits and Germans do in Jan 2024 and on 3 Sept 2025?", []),
        ("Is NATO in the EU?", []),
        ("", []),
    ],
)
def test_names_are_found_by_their_capitals(question: str, names: list[str]) -> None:
    assert [name.of(question) for name in names_in(question)] == names


def test_what_begins_a_sentence_is_told_by_what_stands_near_before_it() -> None:
    assert names_in(f"it is. {'•' * 30} Bonn") == []
    assert len(names_in(f"is it{' ' * 1990}Bonn")) == 1
    assert len(names_in("is it " + "Bonn or " * 240)) == 240


def missing(question: str, idfs: dict[str, float], *mentioned: str) -> list[str]:
    return [name.of(question) for name in unmentioned(question, idfs, lambda word: word in mentioned)]


def test_a_name_counts_where_most_of_it_is_missing_and_the_question_turns_on_it() -> None:
    idfs = {"rate": 1.0, "elect": 1.0, "central": 1.0, "bank": 1.0}
    assert missing("What rate did the Central Bank elect?", idfs) == ["Central Bank"]
    assert missing("What rate did the Central Bank elect?", idfs, "Bank") == []
    assert missing("What rate did the Central Bank elect?", idfs | {"long": 20.0}) == []


@pytest.mark.parametrize("form", ["Organization", "NATO", "NorthAtlanticTreatyOrganization"])
def test_its_last_word_its_initials_and_its_words_as_one_mention_a_name(form: str) -> None:
    idfs = {"north": 1.0, "atlant": 1.0, "treati": 1.0, "organ": 1.0}
    assert missing("What did the North Atlantic Treaty Organization do?", idfs) == [
        "North Atlantic Treaty Organization"
    ]
    assert missing("What did the North Atlantic Treaty Organization do?", idfs, form) == []


def test_a_title_is_no_part_of_a_name() -> None:
    idfs = {"prime": 1.0, "minist": 1.0, "carney": 1.0}
    assert missing("What did Prime Minister Carney say?", idfs, "Carney") == []
    assert missing("What did Prime Minister Carney say?", idfs) == ["Prime Minister Carney"]
    assert missing("What did the Prime Minister say?", idfs) == []


@pytest.fixture
def engine(embedder: OnnxEmbedder, tmp_path: Path) -> Engine:
    corpus = Corpus(tmp_path, embedder, create=True)
    text = "The bank raised its interest rate to 4% in June. The rate of the bank had been 3% before."
    corpus.put(Document("riksbank", text, "text/plain", Metadata("The rate", source="Riksbank")))
    corpus.put(Document("oslo", "In Oslo the bank keeps its interest rate at 2%.", "text/plain", Metadata("Oslo")))
    return Engine(corpus)


def test_what_is_asked_of_a_name_that_no_article_mentions_is_not_answered(engine: Engine) -> None:
    answer = engine.ask("What interest rate does the bank of Ankara have?").answer
    assert answer.abstained
    assert answer.reason == "Nothing that was searched mentions 'Ankara' by that name."
    assert (answer.confidence or 0) < 0.1
    assert not engine.ask("What interest rate does the bank in Oslo have?").answer.abstained


def test_a_name_is_said_once(engine: Engine) -> None:
    answer = engine.ask("What rate has Ankara, and why has the bank of Ankara that rate in Ankara?").answer
    assert answer.reason == "Nothing that was searched mentions 'Ankara' by that name."


def test_a_source_counts_as_mentioned_and_what_filters_leave_out_does_not(engine: Engine) -> None:
    asked = "What interest rate does the bank have, says Riksbank?"
    assert engine.grounds(Query.parse(asked)).unmentioned == ()
    elsewhere = Filters(doc_ids=("riksbank",))
    found = engine.grounds(Query.parse("What interest rate does the bank in Oslo have?", filters=elsewhere))
    assert found.unmentioned == ("Oslo",)


def test_a_code_that_nothing_mentions_is_not_answered_about(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, embedder, create=True)
    text = "Error E05 means that the tank is empty. Error QB-1042 means that the index is old. EOS 215 is a course."
    corpus.put(Document("guide", text, "text/plain", Metadata("The guide")))
    missing = {
        "What does error E06 mean?": ("E06",),
        "What does E05 mean?": (),
        "What does QB-1042 mean?": (),
        "What does QB-2042 mean?": ("QB-2042",),
        "Which course is EOS 999?": ("EOS 999",),
        "WHAT IS E06?": (),
        "Does it have 3D maps?": ("3D",),
        # A year after capitals is of no code.
        "What is in the EU 2024 budget?": (),
        "What does EOS 1905 mean?": (),
        "Which course is EOS 2150?": ("EOS 2150",),
    }
    for question, names in missing.items():
        assert Engine(corpus).grounds(Query.parse(question)).unmentioned == names, question


def test_another_form_of_a_name_is_a_mention(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, embedder, create=True)
    text = "The U.S. put a tariff of 25% on imported steel. The Fed left its rate at 4%. Ukrainian troops left Kyiv."
    corpus.put(Document("news", text, "text/plain", Metadata("The week")))
    for question in (
        "What tariff did the United States put on steel?",
        "At what did the Federal Reserve leave its rate?",
        "What did the troops of Ukraine leave?",
        "Who left Kiev?",
    ):
        assert Engine(corpus).grounds(Query.parse(question)).unmentioned == (), question
    assert Engine(corpus).grounds(Query.parse("What tariff did Brazil put on steel?")).unmentioned == ("Brazil",)


def test_a_name_of_the_same_kind_is_no_other_form(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, embedder, create=True)
    text = "The limit for a hotel is £210 in London, €200 in Paris and S$310 in Singapore."
    corpus.put(Document("policy", text, "text/plain", Metadata("Travel policy")))
    for city in ("Madrid", "Tokyo", "Berlin", "Lisbon"):
        assert Engine(corpus).grounds(Query.parse(f"What is the hotel limit in {city}?")).unmentioned == (city,)


@pytest.mark.parametrize("question", [" or ".join(f"is it E{number}" for number in range(99)), f"is it E{'-1' * 900}"])
def test_of_many_codes_the_first_are_looked_up(question: str) -> None:
    looked_up: list[str] = []

    def is_mentioned(word: str) -> bool:
        looked_up.append(word)
        return False

    assert unmentioned_codes(question, {}, is_mentioned)
    assert len(looked_up) == 8


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    assert all(name.of(text).strip() for name in names_in(text))


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What does the NordTherm 12 cost?", ["NordTherm 12"]),
        ("What does the NordTherm 8 cost?", []),
        ("When did Apollo 11 land?", []),
        ("When did Apollo 13 land?", ["Apollo 13"]),
        # A year, a day and a share are no numbers of a name, nor is what follows a small word.
        ("What did NordTherm 2024 say in May 12 on 5%?", []),
        ("By 12 what was sold?", []),
        # In the plural, in a cell, in Roman numerals and in words; a year is no number of a name.
        ("Where is Gate 7?", []),
        ("What does Level 3 mean?", []),
        ("What is Apollo 14?", []),
        ("What is Falcon 9?", []),
        ("What is Berlin 7?", []),
        ("Where is Pier 42?", []),
        ("Where is Pier 43?", ["Pier 43"]),
        # So many are of a question, and more of a list.
        (" or ".join(["is it NordTherm 12"] * 20), ["NordTherm 12"] * 8),
        # A version is one of its number's, and of no other version.
        ("Does Tidewater 5 run on Windows?", []),
        ("When was Tidewater 5.0 released?", []),
        ("When is Tidewater 5.1 released?", ["Tidewater 5.1"]),
        ("Does Tidewater 6 run on Windows?", ["Tidewater 6"]),
        # Nothing has a number behind this one.
        ("What does the Kaltwerk 9 cost?", []),
    ],
)
def test_a_number_of_a_name_is_missed_where_the_name_has_others(question: str, found: list[str]) -> None:
    texts = [
        "The NordTherm 8 costs 12,400 euros. The Kaltwerk is dearer.",
        "The Apollo missions 10 and 11 were the first to reach the moon; Apollo 12 and Apollo XIV followed.",
        "Gate 4 is for Rome. Gates 5 to 9 are for Asia. Level 1 means calm.\n| Level | Meaning |\n| 3 | danger |",
        "Falcon 1 and Falcon Nine. Berlin 1945. Pier 2 is closed, Pier Forty-Two is not.",
        "Tidewater 5.0 is out. It reads what Tidewater 4.3 has written.",
    ]
    assert [one.of(question) for one in unmentioned_numbers(question, texts)] == found


def test_what_is_asked_of_a_number_that_a_name_has_not_is_not_answered(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    text = "| Model | Price |\n| --- | --- |\n| NordTherm 8 | 12,400 euros |\n| NordTherm 11 | 15,100 euros |\n"
    with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
        corpus.put(Document("pumps", f"# Heat pumps\n\n{text}", "text/markdown", Metadata("Heat pumps")))
        answer = Engine(corpus).ask("What does the NordTherm 12 cost?").answer
        assert answer.abstained
        assert answer.reason == "Nothing that was searched mentions 'NordTherm 12' by that name."
        assert not Engine(corpus).ask("What does the NordTherm 11 cost?").answer.abstained
