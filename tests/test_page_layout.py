import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.page_layout import joined, laid_out
from index.page_lines import Line, PageLines, lines_of
from index.reading import document_blocks, read_bytes
from tests.test_reading import pdf_of_content

BODY = ["The harbour handled 4.2 million tonnes of cargo in 2024, a", "rise of six percent, most of it timber."]
PROSE = " ".join(BODY)
STAFF = ["# Staff and training of those who", "# work at night"]
VERSE = [
    "The sea is wide, the sea is deep,",
    "and in its caves the sailors sleep,",
    "while over them the gulls still cry",
]
PRICES = ["Adults ........ 12", "Children under ten . . . . 4", "Families ........ 28"]
CONTENTS = ["Introduction . . . . . . 1", "Harbours of the north ........ 1", "Of the south ........ 2"]


def page(*lines: str) -> list[Line]:
    """Lines of ten points below each other, an empty one left out.

    `# ` makes one of sixteen points, `## ` of thirteen and `~ ` of eight, `**` one that is bold, `> ` one that is
    indented and `| ` one of letters of one width.
    """
    made = []
    for at, text in enumerate(lines):
        size = {"# ": 16.0, "##": 13.0, "~ ": 8.0}.get(text[:2], 10.0)
        x, y = 50.0 + 20.0 * text.startswith("> "), 700.0 - 12.0 * at
        if text:
            made.append(Line(text.lstrip("#*>~| "), x, y, size, text.startswith("**"), text.startswith("| ")))
    return made


def text_of(*lines: str) -> str:
    """The text of a page of a document most of which is prose."""
    # What most of a document is set in are its paragraphs.
    return laid_out([page(*lines), page(*BODY * 3)])[0].text


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
    assert text_of(*lines) == text


@pytest.mark.parametrize(
    ("lines", "headings"),
    [
        (["# The storm", "# A chronicle of the eastern quay"], ["The storm", "A chronicle of the eastern quay"]),
        (
            ["# Harbour handbook of the eastern", "# 1 Introduction"],
            ["Harbour handbook of the eastern", "1 Introduction"],
        ),
        (["# Harbour handbook of the eastern", "## Introduction"], ["Harbour handbook of the eastern", "Introduction"]),
        (["**Staff of the harbour", "**Training"], ["Staff of the harbour", "Training"]),
        (["# 1", "# Introduction"], ["1 Introduction"]),
        (
            ["# A report on the work at night of", "# London and the east"],
            ["A report on the work at night of London and the east"],
        ),
    ],
)
def test_headings_below_each_other_are_told_apart(lines: list[str], headings: list[str]) -> None:
    assert text_of(*lines, *BODY) == "\n\n".join([*headings, PROSE])


def test_many_bold_lines_are_no_headings() -> None:
    bold = ["Apples", "Pears", "Plums", "Figs"]
    assert text_of(*BODY, *(f"**{line}" for line in bold), *BODY) == "\n".join([PROSE, *bold, PROSE])


@pytest.mark.parametrize(
    "lines",
    [
        # A document's longest lines have sixty characters; these are code.
        ["| connection = open_connection(the_host, the_port, timeout=30)", "| connection.send(question)"],
        ["| for line in open_ledger(path_of_the_harbour):", "| print(line)"],
        VERSE,
        [
            "Shall I compare thee to a summer's",
            "Thou art more lovely",
            "Rough winds do shake",
            "And summer's lease hath",
        ],
        ["1. Never jump with a line in your hand, the stones are slippery", "2. Stop the engine"],
        ["Adults and all those who have no ticket of the season ..... 12", "children ..... 4"],
    ],
)
def test_code_verse_items_and_lists_stay_lines(lines: list[str]) -> None:
    assert text_of(*lines) == "\n".join(line.removeprefix("| ") for line in lines)


def test_a_document_of_verse_stays_lines() -> None:
    stanza = [*VERSE, "beneath a never ending sky."]
    assert [page.text for page in laid_out([page(*stanza, "", *stanza)])] == [
        "\n".join(stanza) + "\n\n" + "\n".join(stanza)
    ]


def test_prose_in_letters_of_one_width_is_paragraphs_where_all_is() -> None:
    assert laid_out([page(*(f"| {line}" for line in BODY))])[0].text == PROSE


FULL = "The harbour handled 4.2 million tonnes of cargo as of the"


@pytest.mark.parametrize(
    ("end", "begin", "joined_to", "elsewhere"),
    [
        ("infor-", "mation of", "information of", ""),
        ("infor\u2010", "mation of", "information of", ""),
        ("infor\u00ad", "mation of", "information of", ""),
        ("well-", "known port", "well-known port", ""),
        ("lamp-", "lit quay", "lamplit quay", ""),
        ("lamp-", "lit quay", "lamp-lit quay", "A lamp was lit."),
        ("lamp\u2010", "lit quay", "lamp\u2010lit quay", "A lamp was lit."),
        ("lamp-", "lit quay", "lamplit quay", "A lamp was lit on the lamplit quay."),
        ("under-", "stand it", "understand it", "We stand under it."),
        ("up-", "stream", "up-stream", "It went up-stream."),
        ("e-", "mails", "e-mails", ""),
        ("im-", "and exports", "im- and exports", ""),
        ("SE-", "QUENCE", "SEQUENCE", "A SEQUENCE."),
        ("Anglo-", "Saxon", "Anglo-Saxon", ""),
        ("COVID-", "19", "COVID- 19", ""),
    ],
)
def test_a_broken_word_is_whole_and_a_hyphen_stays(end: str, begin: str, joined_to: str, elsewhere: str) -> None:
    lines = [FULL, elsewhere, "", f"{FULL} {end}", begin] if elsewhere else [f"{FULL} {end}", begin]
    assert text_of(*lines).endswith(f"{FULL} {joined_to}")


def test_a_broken_word_is_whole_in_a_narrow_column_too() -> None:
    assert text_of("Visitors may climb it until Octo-", "ber.") == "Visitors may climb it until October."
    assert text_of("in Octo-", "ber.") == "in October."


def test_a_sentence_goes_on_overleaf() -> None:
    def text(above: str, below: str) -> str:
        return joined([above, below], [frozenset({"The price of copper", "Copper fell and"}), frozenset()])

    assert text("The price of copper", "fell.\nTin rose.") == "The price of copper fell.\nTin rose."
    assert text("Metals\n\nCopper fell and ", "rose.") == "Metals\n\nCopper fell and rose."
    assert text("Tin rose", "and so on") == "Tin rose\n\nand so on"
    assert text("The price of copper", "Tin") == "The price of copper\n\nTin"


@pytest.mark.parametrize(
    ("lines", "goes_on"),
    [
        ([BODY[0]], True),
        (["Copper prices fell, said the"], True),
        (["Copper prices fell."], False),
        ([BODY[0], "", "", "~ 1 See the plan of 1819 in the archive"], False),
        (["# Cargo and timber"], False),
        (VERSE, False),
        (["| for line in ledger:"], False),
        (["| print(line"], False),
    ],
)
def test_only_prose_in_the_letters_of_most_goes_on_overleaf(lines: list[str], *, goes_on: bool) -> None:
    pages = laid_out([page(*lines), page("storm destroyed it.", *BODY * 3)])
    text = joined([page.text for page in pages], [page.open_ends for page in pages])
    assert text.startswith(f"{pages[0].text} storm" if goes_on else f"{pages[0].text}\n\nstorm")


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


@pytest.mark.parametrize(("mark", "shown"), [("1. ", "1. "), ("12)", "12) "), ("•", "• "), ("–", "• ")])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_mark_that_is_drawn_apart_stands_before_its_item(mark: str, shown: str, *, is_first: bool) -> None:
    told = PageLines()
    drawn = [(f"{mark}\n", 50, 681), ("Approach slowly.\n", 68, 680), ("It is steep.\n", 300, 640)]
    for text, x, y in drawn if is_first else [*drawn[1:], drawn[0]]:
        told.take(text, (1, 0, 0, 1, 0, 0), (1, 0, 0, 1, x, y), {"/BaseFont": "/Times"}, 10)
    assert [line.text for line in told.lines if line.text] == [f"{shown}Approach slowly.", "It is steep."]


@pytest.mark.parametrize(
    ("name", "is_fixed"),
    [
        ("ABCDEF+DejaVuSansMono", True),
        ("Courier-Bold", True),
        ("CMTT10", True),
        ("MonotypeCorsiva", False),
        ("Times", False),
    ],
)
def test_letters_of_one_width_are_told_by_the_font(name: str, *, is_fixed: bool) -> None:
    told = PageLines()
    told.take("print(line)", (1, 0, 0, 1, 0, 0), (1, 0, 0, 1, 50, 700), {"/BaseFont": f"/{name}"}, 10)
    assert [line.is_fixed for line in told.lines] == [is_fixed]


@pytest.mark.parametrize("matrix", [(0, 1, -1, 0, 50, 700), (1, 0, 0, 1, math.inf, 700), (1e200, 0, 0, 1e200, 50, 700)])
def test_what_is_not_level_or_nowhere_has_no_place(matrix: tuple[float, ...]) -> None:
    told = PageLines()
    told.take("upright", (1, 0, 0, 1, 0, 0), matrix, None, 10)
    assert math.isnan(told.lines[0].size)


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (CONTENTS, []),
        (
            ["Preface ........ iv", CONTENTS[0], "Of the harbours that are farther to", CONTENTS[1]],
            ["Of the harbours that are farther to"],
        ),
        (["Contents", "Metals ........ 213"], ["Contents"]),
        (["Inhalt", "", CONTENTS[2], CONTENTS[0]], ["Inhalt", ""]),
        (["Concept index", CONTENTS[2], "B", CONTENTS[0], CONTENTS[1]], ["Concept index", "B"]),
        # Prices and statistics.
        (PRICES, PRICES),
        (CONTENTS[:2], CONTENTS[:2]),
        ([CONTENTS[2], *CONTENTS[:2]], [CONTENTS[2], *CONTENTS[:2]]),
        (["Price index", *PRICES], ["Price index", *PRICES]),
        (["Contents", *BODY * 2, *PRICES], ["Contents", *BODY * 2, *PRICES]),
    ],
)
def test_a_table_of_contents_is_left_out_and_a_list_of_prices_stays(lines: list[str], left: list[str]) -> None:
    assert [page.text for page in laid_out([lines_of("\n".join(lines)), lines_of("It begins.")])] == [
        "\n".join(left),
        "It begins.",
    ]


def test_a_table_of_contents_may_go_on_overleaf() -> None:
    pages = [*CONTENTS[:2], "Harbours today"], ["Harbours today", CONTENTS[2]]
    assert [page.text for page in laid_out([lines_of("\n".join(lines)) for lines in pages])] == ["Harbours today"] * 2


def test_the_time_is_checked_while_a_page_is_laid_out() -> None:
    def check_time() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        laid_out([page(*BODY)], check_time)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_lines_of_which_nothing_is_known_stay(lines: list[str]) -> None:
    text = "\n".join("".join(line.split("\n")) for line in lines)
    assert [page.text for page in laid_out([lines_of(text)])] == [text]


@given(
    st.lists(
        st.sampled_from([*BODY, *VERSE, "# Cargo", "**Staff", "> He said", "• one", "", "31", "| x = 1", "~ 1 See"]),
        max_size=12,
    )
)
def test_no_word_is_lost(lines: list[str]) -> None:
    made = page(*lines)
    [laid] = laid_out([made])
    assert laid.text.split() == " ".join(line.text for line in made).split()


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
