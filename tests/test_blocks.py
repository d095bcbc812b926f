import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.blocks import LIST_LABEL, Block, BlockKind, markdown_blocks, plain_blocks

LINES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            "A Heading",
            "# H",
            "- item",
            "  - nested",
            "1. one",
            "| a | b |",
            "|---|---|",
            "```",
            "> q",
            "---",
            "[a]: /b",
        ]
    ),
)
TEXTS = st.lists(LINES, max_size=25).map("\n".join)


def shown(text: str, blocks: tuple[Block, ...]) -> list[tuple[str, str]]:
    return [(block.kind.value, block.span.of(text)) for block in blocks]


def check_cover(text: str, blocks: tuple[Block, ...]) -> None:
    at = 0
    for block in blocks:
        assert block.span.start >= at
        assert block.span.start < block.span.end
        assert not text[at : block.span.start].strip()
        at = block.span.end
    assert not text[at:].strip()


@given(TEXTS)
def test_every_character_of_plain_text_is_in_one_block(text: str) -> None:
    check_cover(text, plain_blocks(text))


@given(TEXTS)
def test_every_character_of_markdown_is_in_one_block(text: str) -> None:
    text = text.replace("\r", "").replace("\0", "")
    check_cover(text, markdown_blocks(text, 0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\n ", []),
        ("One paragraph.", [("paragraph", "One paragraph.")]),
        ("A Title of Words\n\nText follows.", [("heading", "A Title of Words"), ("paragraph", "Text follows.")]),
        ("It is wrapped so\nand goes on.", [("paragraph", "It is wrapped so\nand goes on.")]),
        ("- a b\n• c d", [("item", "- a b"), ("item", "• c d")]),
        ("1. one\n2) two", [("item", "1. one"), ("item", "2) two")]),
        ("| a | b |\n|---|---|\n| c | d |", [("table", "| a | b |\n|---|---|\n| c | d |")]),
        ("Is it so?\n\nYes.", [("heading", "Is it so?"), ("paragraph", "Yes.")]),
        ("He left. She Stayed\n\nText.", [("paragraph", "He left. She Stayed"), ("paragraph", "Text.")]),
        ("2.1. Safe Work\n\nText.", [("heading", "2.1. Safe Work"), ("paragraph", "Text.")]),
        (
            "Text.\n\n2. Safe Work\n\nMore.",
            [("paragraph", "Text."), ("heading", "2. Safe Work"), ("paragraph", "More.")],
        ),
        ("1. One Thing\n\n2. Two\n\nText.", [("item", "1. One Thing"), ("item", "2. Two"), ("paragraph", "Text.")]),
        ("Do:\n1. Go home\n\nText.", [("paragraph", "Do:"), ("item", "1. Go home"), ("paragraph", "Text.")]),
        ("2023 3.96\n\nText.", [("paragraph", "2023 3.96"), ("paragraph", "Text.")]),
        ("2023\n\nText.", [("heading", "2023"), ("paragraph", "Text.")]),
        ("lower case line\n\nText.", [("paragraph", "lower case line"), ("paragraph", "Text.")]),
    ],
)
def test_plain_text_has_structure(text: str, expected: list[tuple[str, str]]) -> None:
    assert shown(text, plain_blocks(text)) == expected


def test_lines_that_were_wrapped_are_one_paragraph() -> None:
    text = (
        "The committee met on Monday to talk of the price of copper, which\n"
        "had fallen by a tenth since the spring and was expected to go on\n"
        "falling until the mines in the north were open again.\n"
    )
    assert len(plain_blocks(text)) == 1


def test_a_label_over_a_list_names_the_list_alone() -> None:
    blocks = plain_blocks("Highlights\n- one thing\n- another\n\nThe article.")
    assert (blocks[0].kind, blocks[0].level) == (BlockKind.HEADING, LIST_LABEL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title\n\nText *here*.", [("heading", "# Title"), ("paragraph", "Text *here*.")]),
        ("Title\n=====\n\nText.", [("heading", "Title\n====="), ("paragraph", "Text.")]),
        ("- a\n  - b\n- c", [("item", "- a\n  - b"), ("item", "- c")]),
        ("```\n# no heading\n```", [("paragraph", "```\n# no heading\n```")]),
        ("| a | b |\n|---|---|\n| c | d |", [("table", "| a | b |\n|---|---|\n| c | d |")]),
        ("Text.\n\n[x]: https://x.example\n", [("paragraph", "Text."), ("paragraph", "[x]: https://x.example")]),
    ],
)
def test_markdown_has_structure(text: str, expected: list[tuple[str, str]]) -> None:
    assert shown(text, markdown_blocks(text, 0)) == expected


def test_a_heading_s_label_is_without_its_markup() -> None:
    (heading, _) = markdown_blocks("## The *Title* ##\n\nText.", 0)
    assert (heading.label, heading.level) == ("The *Title*", 2)


def test_short_lines_below_each_other_are_a_list_and_the_first_line_may_be_the_title() -> None:
    dates = "6 March - World Book Day\n4 April - Last day of term\nChoir: Tuesdays, free"
    text = f"The newsletter\n\nDates\n\n{dates}\n\nIt rains."
    headings = [block.label for block in plain_blocks(text) if block.kind is BlockKind.HEADING]
    assert headings == ["The newsletter", "Dates"]
    byline = "The tram is late\nThe Courier\n9 April 2025\n\nIt will open a year later than planned."
    assert [block.label for block in plain_blocks(byline) if block.kind is BlockKind.HEADING] == ["The tram is late"]
