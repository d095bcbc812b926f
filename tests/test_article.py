import re
import time
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import HtmlElement, fromstring

from api.article import article_html
from index.document import Document, Metadata, Span
from index.ingestion import article_files
from index.reading import MARKDOWN, PLAIN, read_bytes
from tests.conftest import SEEDS
from tests.test_blocks import TEXTS


def parsed(text: str, cited: Span | None = None, media_type: str = PLAIN) -> HtmlElement:
    return fromstring(article_html(Document("d", text, media_type, Metadata()), cited))


def marked(article: HtmlElement) -> str:
    return "".join(mark.text_content() for mark in article.iter("mark"))


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


# What no parser of HTML leaves as it is stands in no document, or is white space to it.
PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


@given(st.one_of(TEXTS, PRINTABLE), st.sampled_from([PLAIN, MARKDOWN]), st.data())
def test_the_text_of_the_element_is_the_documents_and_the_marks_what_is_cited(
    text: str, media_type: str, data: st.DataObject
) -> None:
    text = "".join(character for character in text if character.isprintable() or character in "\n\t")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    article = parsed(text, Span(start, end), media_type)
    assert article.text_content() == text
    assert bare(marked(article)) == bare(text[start:end])


def test_every_seed_is_set_whole_with_its_structure() -> None:
    for file in article_files([SEEDS]):
        document = read_bytes(file.name, file.read_bytes())
        article = fromstring(article_html(document, Span(100, 900)))
        assert article.text_content() == document.text
        assert bare(marked(article)) == bare(document.text[100:900])
        assert len(article.findall(".//p")) > 3


@pytest.mark.parametrize(
    ("text", "media_type", "expected"),
    [
        ("A Title of Words\n\nIt fell.", PLAIN, "<h2>A Title of Words</h2>\n\n<p>It fell.</p>"),
        ("It fell:\n- tin\n- lead", PLAIN, "<p>It fell:</p>\n<ul><li>- tin</li>\n<li>- lead</li></ul>"),
        ("## Tin ##", MARKDOWN, '<h2><span class="markup">## </span>Tin<span class="markup"> ##</span></h2>'),
        ("```\na = 1\n```", MARKDOWN, "<pre>```\na = 1\n```</pre>"),
        ("It fell.\n\nLeave a Reply", PLAIN, '<p>It fell.</p>\n\n<p class="furniture">Leave a Reply</p>'),
        ("---\nn: 1\n---\nIt fell.", MARKDOWN, '<div class="front-matter">---\nn: 1\n---\n</div><p>It fell.</p>'),
        ("<b>&amp;", PLAIN, "<p>&lt;b&gt;&amp;amp;</p>"),
    ],
)
def test_an_articles_structure(text: str, media_type: str, expected: str) -> None:
    assert (
        article_html(Document("d", text, media_type, Metadata()), None) == f'<article dir="auto">{expected}</article>'
    )


@pytest.mark.parametrize(
    ("table", "cells"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |", [["a", "b"], ["1", "2"]]),
        ("a | b\n--- | ---\n1 | 2", [["a", "b"], ["1", "2"]]),
        ("| a |\n|---|\n| 1 \\| 2 |", [["a"], ["1 \\| 2"]]),
        ("| a | b |\n|---|---|\n|  | 2 |", [["a", "b"], ["", "2"]]),
    ],
)
def test_a_tables_cells_are_cells(table: str, cells: list[list[str]]) -> None:
    article = parsed(table, media_type=MARKDOWN)
    rows = [row for row in article.iter("tr") if row.get("class") != "markup"]

    def shown(cell: HtmlElement) -> str:
        return "".join(cell.xpath("./text()")).strip()

    assert [[shown(cell) for cell in row] for row in rows] == cells
    assert [cell.tag for cell in rows[0]] == ["th"] * len(cells[0])


@pytest.mark.parametrize(
    "line", ["| y " + " " * 20_000 + "x |", " " * 20_000 + "| y | z |", "|" * 20_000, "| a " * 5_000]
)
def test_a_hostile_table_is_set_in_good_time(line: str) -> None:
    started = time.process_time()
    text = f"| a | b |\n|---|---|\n{line}\n| c |"
    assert parsed(text).text_content() == text
    assert time.process_time() - started < 2


def test_what_is_cited_across_blocks_is_marked_in_each() -> None:
    text = "Tin fell.\n\nLead rose.\n\nZinc stood."
    html = article_html(Document("d", text, PLAIN, Metadata()), Span(4, 17))
    assert '<p>Tin <mark id="cited">fell.</mark></p>\n\n<p><mark>Lead r</mark>ose.</p>' in html


def test_markup_in_an_article_is_text() -> None:
    text = "<script>alert(1)</script> <img src=x onerror=alert(1)>"
    html = article_html(Document("d", text, PLAIN, Metadata()), Span(0, len(text)))
    assert escape(text) in html
    assert "<script" not in html
    assert "<img" not in html
