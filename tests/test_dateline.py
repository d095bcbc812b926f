"""The day that an article gives in a line near its top, and lines that only look as if they gave it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.dateline import is_dateline, read_dateline
from index.document import Metadata, checked_published_at
from index.reading import MARKDOWN, PLAIN, read_text


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("9 April 2025", "2025-04-09"),
        ("Wednesday, 9 April 2025", "2025-04-09"),
        ("April 9th, 2025", "2025-04-09"),
        ("Sept. 3, 2021.", "2021-09-03"),
        ("2024-05-06", "2024-05-06"),
        ("Published: 2024-05-06", "2024-05-06"),
        ("Posted on Jan 2, 2023", "2023-01-02"),
        ("By Ann Lee | March 3rd, 2024", "2024-03-03"),
        ("By A. B. on May 5, 2020", "2020-05-05"),
        ("*By Neil Farrow, Northern Gazette, 29 May 2023*", "2023-05-29"),
        ("The Marlow Courier / 9 April 2025", "2025-04-09"),
        ("Süddeutsche Zeitung, 9 April 2025", "2025-04-09"),
        ("9 April 2025 ſept", None),
        ("9 ſept 2025", "2025-09-09"),
        ("31 February 2024", None),
        ("Spring 2025", None),
        ("March 2025", None),
        ("Adopted on 14 March 2023", None),
        ("Version 4, valid from 1 January 2025", None),
        ("It was opened on 9 April 2025", None),
        ("He was born on a farm, 9 April 2025", None),
        ("12 March 2024, 14:30", "2024-03-12"),
        ("LONDON (Reuters) - 3 May 2024", "2024-05-03"),
        ("Jan. 5, 2024 | 4 min read", "2024-01-05"),
        ("9 April 2025 | Ann Lee", "2025-04-09"),
        ("Last updated 4 June 2022", "2022-06-04"),
        ("Posted on 9 February 2025 by Henrik Solberg", "2025-02-09"),
        ('Posted on 9 February 2025 by Henrik Solberg, on his blog "Loose Change"', "2025-02-09"),
        ("9 February 2025 by order of the council, the gate was shut", None),
        ("Published by Hollis & Tremayne, estate agents, on 18 January 2023", "2023-01-18"),
        ("WELLINGTON BAY, 8 August 2024 – A worn seal", "2024-08-08"),
        ("Date: Saturday, 8 February 2025, 10:30 to 12:45", "2025-02-08"),
        ("Brevik Post, 13 March 2025. Text: Jonas Rekdal", "2025-03-13"),
        ("Press release of the Lorne Institute, Oban, 22 May 2025", "2025-05-22"),
        ("PRESS RELEASE – 22 May 2025", "2025-05-22"),
        ("13 March 2025. It rained.", None),
        ("31 December 2999", None),
        ("", None),
    ],
)
def test_a_line_says_when_an_article_was_published_or_does_not(line: str, day: str | None) -> None:
    assert read_dateline(f"A title of an article\n\n{line}\n\nIt rained.") == day


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("By Priya Lomax*", True),
        ("Words by Ann Lee and Tom O’Hara", True),
        ("*Posted on 9 February 2025 by Henrik Solberg*", True),
        ("By Monday Ann Lee had won.", False),
        ("By contrast", False),
        ("Date: 8 February 2025", True),
        ("Published: 8 February 2025", True),
        ("Bylaws of Ann Lee", False),
    ],
)
def test_a_line_says_who_wrote_an_article_or_does_not(line: str, is_one: bool) -> None:
    assert is_dateline(line) is is_one


def test_it_stands_near_the_top_and_before_the_article() -> None:
    assert read_dateline("A line.\n" * 5 + "9 April 2025") == "2025-04-09"
    assert read_dateline("A line.\n" * 6 + "9 April 2025") is None
    assert read_dateline("It rained all day. " * 10 + "\n9 April 2025") is None


@pytest.mark.parametrize("media_type", [PLAIN, MARKDOWN])
def test_it_dates_a_document_that_is_not_dated_otherwise(media_type: str) -> None:
    text = "# The mine\n\nBy Ann Lee, 9 April 2025\n\nIt is open again."
    assert read_text("a", text, media_type).metadata.published_at == "2025-04-09"
    given = Metadata(published_at="2020-01-01")
    assert read_text("a", text, media_type, given).metadata.published_at == "2020-01-01"
    front = f"---\ndate: 2021-01-01\n---\n{text}"
    assert read_text("a", front, MARKDOWN).metadata.published_at == "2021-01-01"


@given(
    st.text(max_size=200)
    | st.from_regex(r"[A-Z]?[a-z ,]{0,9}[0-9]{1,2} (jan|ſep|May|DEC)\.? [12][0-9]{3}", fullmatch=True)
)
def test_any_text_has_a_day_or_none(text: str) -> None:
    day = read_dateline(text)
    assert day is None or checked_published_at(day) == day
