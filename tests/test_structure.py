"""What sentences of lists, tables and sections stand under, and what a label in bold belongs to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.document import Metadata, Span
from index.embedder import OnnxEmbedder
from index.passages import Splitter
from index.reading import MARKDOWN, document_blocks, read_text
from index.records import StoredPassage
from rag.structure import Standing, completed_by, goes_on_to, led_by, structure_of

ARTICLE = """# The guide

Quillbase is a tool. It is free.

## Limits

| Limit | Free | Team |
| --- | --- | --- |
| Storage | 5 GB | 50 GB |
| Users | 3 | 100 |

| Year | Users |
| --- | --- |
| 2020 | 7 |

## Zone

Exempt are:

- taxis and buses. They pay nothing.
- residents

Whoever has a permit may enter the old harbour at any time of the day:

1. drivers of cars
2. others without one

Note: it rains.

## Fines

A fine is 80 dollars:

It is doubled at night.

The board has three wishes.

- more light

### By night

By night nobody pays. It is dark.

## 2022

Prices rose.

## 2023

Prices fell.
"""


@pytest.fixture(scope="module")
def passage(embedder: OnnxEmbedder) -> StoredPassage:
    document = read_text("guide", ARTICLE, MARKDOWN)
    first, *others = Splitter(embedder.tokenizer_json).split(document.text, document_blocks(document), "The guide")
    whole = Span(first.span.start, [first, *others][-1].span.end)
    sentences = tuple(sentence for one in (first, *others) for sentence in one.sentences)
    return StoredPassage("guide", Metadata("The guide"), whole, first.heading, whole.of(document.text), sentences)


def standing(passage: StoredPassage, begin: str) -> Standing:
    return structure_of(passage)[span_of(passage, begin).start]


def span_of(passage: StoredPassage, begin: str) -> Span:
    return next(span for span in passage.sentences if passage.slice(span).startswith(begin))


@pytest.mark.parametrize(
    ("begin", "lead", "heading"),
    [
        ("Quillbase", None, ""),
        ("It is free", None, ""),
        ("| Limit", None, "Limits"),
        ("| Storage", "| Limit | Free | Team |", "Limits"),
        ("| Users", "| Limit | Free | Team |", "Limits"),
        ("| Year", None, "Limits"),
        ("| 2020", "| Year | Users |", "Limits"),
        ("Exempt", None, "Zone"),
        ("taxis", "Exempt are:", "Zone"),
        ("They pay", "Exempt are:", "Zone"),
        ("residents", "Exempt are:", "Zone"),
        ("Note", None, "Zone"),
        ("A fine", None, "Fines"),
        ("more light", "The board has three wishes.", "Fines"),
        ("By night", None, "Fines › By night"),
        ("Prices rose", None, "2022"),
        ("Prices fell", None, "2023"),
    ],
)
def test_what_a_sentence_stands_under(passage: StoredPassage, begin: str, lead: str | None, heading: str) -> None:
    found = standing(passage, begin)
    assert (passage.slice(found.lead) if found.lead else None) == lead
    assert found.heading == heading


def test_what_a_sentence_leads_to(passage: StoredPassage) -> None:
    begins = ("Exempt", "A fine", "The board")
    led = {begin: [passage.slice(one) for one in led_by(passage, span_of(passage, begin))] for begin in begins}
    assert led == {
        "Exempt": ["taxis and buses.", "They pay nothing.", "residents"],
        "A fine": ["It is doubled at night."],
        "The board": ["more light"],
    }
    assert led_by(passage, span_of(passage, "Note")) == []


@pytest.mark.parametrize(
    ("before", "leads"),
    [
        ("It has three rooms.", True),
        ("It has 12 rooms.", True),
        ("It cost 90 crowns.", False),
        ("It took 3 years.", False),
    ],
)
def test_a_sentence_leads_to_a_table_by_the_number_of_its_things(
    embedder: OnnxEmbedder, before: str, leads: bool
) -> None:
    document = read_text("house", f"# House\n\n{before}\n\n| Room | Size |\n| --- | --- |\n| Hall | 20 |\n", MARKDOWN)
    (made,) = Splitter(embedder.tokenizer_json).split(document.text, document_blocks(document), "House")
    passage = StoredPassage(
        "house", Metadata("House"), made.span, made.heading, made.span.of(document.text), made.sentences
    )
    assert bool(led_by(passage, span_of(passage, "It"))) == leads


def test_an_item_leads_to_no_later_item(embedder: OnnxEmbedder) -> None:
    text = "# Minutes\n\n1. Damage. It was said that 412 homes were flooded.\n2. Cause. A wall broke.\n"
    document = read_text("minutes", text, MARKDOWN)
    (one,) = Splitter(embedder.tokenizer_json).split(document.text, document_blocks(document), "Minutes")
    minutes = StoredPassage("a", Metadata(), one.span, one.heading, one.span.of(document.text), one.sentences)
    assert led_by(minutes, span_of(minutes, "It was said that 412 homes")) == []


def test_what_a_sentence_is_completed_by(passage: StoredPassage) -> None:
    completed = {
        begin: completed_by(passage, standing(passage, begin)) for begin in ("taxis", "They pay", "others", "| Users")
    }
    assert completed == {
        "taxis": span_of(passage, "Exempt"),
        "They pay": None,
        # The line above says enough by itself.
        "others": None,
        "| Users": span_of(passage, "| Limit"),
    }


def test_what_goes_on(passage: StoredPassage) -> None:
    after = {
        begin: goes_on_to(passage, span_of(passage, begin))
        for begin in ("Quillbase", "It is free", "By night", "taxis")
    }
    assert after == {
        "Quillbase": span_of(passage, "It is free"),
        "It is free": None,
        "By night": span_of(passage, "It is dark"),
        "taxis": span_of(passage, "They pay"),
    }


def test_a_wrapped_line_goes_on_and_another_paragraph_does_not() -> None:
    wrapped = "The launch of the device has been postponed to the spring of 2025.\n"
    for text, goes_on in ((wrapped + "Its battery is weak.", True), ("It is late.\nBonn is wet.", False)):
        cut = text.index("\n")
        sentences = (Span(0, cut), Span(cut + 1, len(text)))
        passage = StoredPassage("a", Metadata(), Span(0, len(text)), "", text, sentences)
        assert (goes_on_to(passage, sentences[0]) is not None) is goes_on


LINES = ["- a.", "b:", "| c |", "| --- |", "## d", "e f.", "1. g", "", "**h.** i.", "| |", "|x|y|z|"]


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_the_laws_hold_on_any_text(embedder: OnnxEmbedder, lines: list[str]) -> None:
    document = read_text("a", "\n".join(["x y.", *lines]), MARKDOWN)
    for one in Splitter(embedder.tokenizer_json).split(document.text, document_blocks(document), None):
        passage = StoredPassage("a", Metadata(), one.span, one.heading, one.span.of(document.text), one.sentences)
        assert list(structure_of(passage)) == [span.start for span in one.sentences]
        for span in one.sentences:
            found = structure_of(passage)[span.start]
            for other in (found.lead, completed_by(passage, found), goes_on_to(passage, span), *led_by(passage, span)):
                assert other is None or other in passage.sentences
            assert all(span.end <= other.start for other in led_by(passage, span))
            assert "\n" not in found.heading
