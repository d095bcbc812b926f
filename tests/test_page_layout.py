import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.page_layout import Line, PageLines, joined, laid_out, lines_of
from index.reading import document_blocks, read_bytes
from tests.test_reading import pdf_of_content

BODY = ["The harbour handled 4.2 million tonnes of cargo in 2024, a", "rise of six percent, most of it timber."]
PROSE = " ".join(BODY)
STAFF = ["# Staff and training of those who", "# work at night"]


def page(*lines: str) -> list[Line]:
    """Lines of ten points below each other, an empty one left out.

    `# ` makes one of sixteen points, `**` one that is bold, `> ` one that is indented.
    """
    made = []
    for at, text in enumerate(lines):
        size, is_bold, indented = 16.0 if text.startswith("# ") else 10.0, text.startswith("**"), text.startswith("> ")
        if text:
            made.append(Line(text.lstrip("#*> "), 50.0 + 20.0 * indented, 700.0 - 12.0 * at, size, is_bold))
    return made


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (BODY, PROSE),
        (["# Cargo", *BODY], f"Cargo\n\n{PROSE}"),
        (["**Cargo", *BODY], f"Cargo\n\n{PROSE}"),
        ([*BODY, *STAFF, BODY[0]], f"{PROSE}\n\nStaff and training of those who work at night\n\n{BODY[0]}"),
        # Bold prose is no heading, nor is one large letter.
        (["**Nobody enters without a helmet.", *BODY], f"Nobody enters without a helmet.\n{PROSE}"),
        (["# T", *BODY], f"T\n{PROSE}"),
        # Paragraphs: apart, indented, of a list.
        ([*BODY, "", *BODY], f"{PROSE}\n\n{PROSE}"),
        ([*BODY, f"> {BODY[0]}", BODY[1]], f"{PROSE}\n{PROSE}"),
        ([*BODY, "212 employees", "31 apprentices"], f"{PROSE}\n212 employees\n31 apprentices"),
        ([*BODY, f"• {BODY[0]}", f"> {BODY[1]}"], f"{PROSE}\n• {PROSE}"),
        # Words that were broken, and one with a hyphen of its own.
        (["Of all the cargo that the harbour handled there is no infor-", "mation."], None),
        (["Of the long-term plan of the harbour there are only the long-", "term aims."], None),
    ],
)
def test_paragraphs_are_lines_and_headings_stand_apart(lines: list[str], text: str | None) -> None:
    text = text or lines[0].replace("infor-", "information.").replace("only the long-", "only the long-term aims.")
    # What most of a document is set in are its paragraphs.
    assert laid_out([page(*lines), page(*BODY * 3)])[0] == text


def test_a_sentence_goes_on_overleaf() -> None:
    assert joined(["The price of copper", "fell.\nTin rose."]) == "The price of copper fell.\nTin rose."
    assert joined(["Copper fell.", "and so on"]) == "Copper fell.\n\nand so on"
    assert joined(["The price of copper", "Tin"]) == "The price of copper\n\nTin"


def test_cells_of_a_row_are_one_line_and_bullets_are_with_their_items() -> None:
    told = PageLines()
    for text, x, y in (
        ("Year\n", 50, 700),
        ("Cargo\n", 90, 700.4),
        ("•\n", 50, 680),
        ("31 apprentices\n", 60, 681),
        ("•", 50, 660),
    ):
        told.take(text, (1, 0, 0, 1, 0, 0), (1, 0, 0, 1, x, y), {"/BaseFont": "/Times"}, 10)
    assert [line.text for line in told.lines] == ["Year Cargo", "• 31 apprentices"]
    assert told.text == "Year\nCargo\n•\n31 apprentices\n•"


def test_what_is_not_level_has_no_place() -> None:
    told = PageLines()
    told.take("upright", (1, 0, 0, 1, 0, 0), (0, 1, -1, 0, 50, 700), None, 10)
    assert math.isnan(told.lines[0].size)


def test_a_table_of_contents_is_left_out() -> None:
    told = PageLines()
    told.take("1 Introduction . . . . . . 3\nIt begins.", (1, 0, 0, 1, 0, 0), (1, 0, 0, 1, 0, 0), None, 10)
    assert [line.text for line in told.lines] == ["It begins."]


@given(st.lists(st.text(max_size=30), max_size=8))
def test_lines_of_which_nothing_is_known_stay(lines: list[str]) -> None:
    text = "\n".join("".join(line.split("\n")) for line in lines)
    assert laid_out([lines_of(text)]) == [text]


@given(st.lists(st.sampled_from([*BODY, "# Cargo", "**Staff", "> He said", "• one", "", "31"]), max_size=12))
def test_no_word_is_lost(lines: list[str]) -> None:
    made = page(*lines)
    [text] = laid_out([made])
    assert text.split() == " ".join(line.text for line in made).split()


def test_a_pdf_has_headings_by_its_type() -> None:
    content = (
        "BT /F1 18 Tf 40 700 Td (Harbour review) Tj ET"
        " BT /F1 10 Tf 40 670 Td (The harbour handled 4.2 million tonnes of) Tj"
        " 0 -12 Td (cargo in 2024, most of it timber.) Tj ET"
        " BT /F1 14 Tf 40 630 Td (2. Staff) Tj ET"
        " BT /F1 10 Tf 40 610 Td (It has 212 employees, who work by day and by) Tj 0 -12 Td (night.) Tj ET"
    )
    document = read_bytes("review.pdf", pdf_of_content([content]))
    assert [(block.kind.value, block.span.of(document.text)) for block in document_blocks(document)] == [
        ("heading", "Harbour review"),
        ("paragraph", "The harbour handled 4.2 million tonnes of cargo in 2024, most of it timber."),
        ("heading", "2. Staff"),
        ("paragraph", "It has 212 employees, who work by day and by night."),
    ]
    assert document.metadata.title == "Harbour review"
