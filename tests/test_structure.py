"""What sentences of lists, tables and sections stand under, and what a label in bold belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Metadata, Span
from index.embedder import OnnxEmbedder
from index.passages import Splitter
from index.reading import MARKDOWN, document_blocks, read_text
from index.records import StoredPassage
from rag.structure import completed_by, heading_of, is_bullet, is_header, is_row, lead_of, led_by

ARTICLE = """# The guide

Quillbase is a tool. It is free.

## Limits

| Limit | Free | Team |
| --- | --- | --- |
| Storage | 5 GB | 50 GB |
| Users | 3 | 100 |

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

### By night

By night nobody pays.
"""


@pytest.fixture(scope="module")
def passage(embedder: OnnxEmbedder) -> StoredPassage:
    document = read_text("guide", ARTICLE, MARKDOWN)
    first, *others = Splitter(embedder.tokenizer_json).split(document.text, document_blocks(document), "The guide")
    whole = Span(first.span.start, [first, *others][-1].span.end)
    sentences = tuple(sentence for one in (first, *others) for sentence in one.sentences)
    return StoredPassage("guide", Metadata("The guide"), whole, first.heading, whole.of(document.text), sentences)


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
        ("Exempt", None, "Zone"),
        ("taxis", "Exempt are:", "Zone"),
        ("They pay", None, "Zone"),
        ("residents", "Exempt are:", "Zone"),
        ("Note", None, "Zone"),
        ("A fine", None, "Fines"),
        ("By night", None, "Fines › By night"),
    ],
)
def test_what_a_sentence_stands_under(passage: StoredPassage, begin: str, lead: str | None, heading: str) -> None:
    span = span_of(passage, begin)
    found = lead_of(passage, span)
    assert (passage.slice(found) if found else None) == lead
    assert completed_by(passage, span) == found
    assert heading_of(passage, span) == heading


def test_what_a_sentence_leads_to(passage: StoredPassage) -> None:
    led = {
        begin: [passage.slice(one) for one in led_by(passage, span_of(passage, begin))]
        for begin in ("Exempt", "A fine")
    }
    assert led == {
        "Exempt": ["taxis and buses.", "They pay nothing.", "residents"],
        "A fine": ["It is doubled at night."],
    }
    assert led_by(passage, span_of(passage, "Note")) == []


def test_a_long_line_above_a_list_needs_not_be_read_with_it(passage: StoredPassage) -> None:
    span = span_of(passage, "others")
    lead = lead_of(passage, span)
    assert lead is not None
    assert passage.slice(lead).startswith("Whoever has a permit")
    assert completed_by(passage, span) is None


def test_rows_bullets_and_headers_are_told(passage: StoredPassage) -> None:
    kinds = {
        begin: (is_bullet(passage, span), is_row(passage, span), is_header(passage, span))
        for begin in ("taxis", "They pay", "| Limit", "| Storage")
        for span in [span_of(passage, begin)]
    }
    assert kinds == {
        "taxis": (True, False, False),
        "They pay": (False, False, False),
        "| Limit": (False, True, True),
        "| Storage": (False, True, False),
    }


LINES = ["- a.", "b:", "| c |", "| --- |", "## d", "e f.", "1. g", "", "**h.** i."]


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_the_laws_hold_on_any_text(embedder: OnnxEmbedder, lines: list[str]) -> None:
    document = read_text("a", "\n".join(["x y.", *lines]), MARKDOWN)
    for one in Splitter(embedder.tokenizer_json).split(document.text, document_blocks(document), None):
        passage = StoredPassage("a", Metadata(), one.span, one.heading, one.span.of(document.text), one.sentences)
        for span in passage.sentences:
            for other in (lead_of(passage, span), completed_by(passage, span), *led_by(passage, span)):
                assert other is None or other in passage.sentences
            assert all(span.end <= other.start for other in led_by(passage, span))
            assert "\n" not in heading_of(passage, span)
