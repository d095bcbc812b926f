import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.running_lines import without_running_lines

BODIES = ["Copper fell.\nIt had risen.", "Tin rose.\nIt had fallen.", "Lead stayed.\nNobody knew why.", "Zinc is rare."]
PRINTED = "11/30/26, 1:37 AM Annual report on metals"


def pages(edges: str, count: int = 4) -> list[str]:
    """Pages with a header above and a footer below their text; `#` is the page's number."""
    header, _, footer = edges.partition(" … ")
    shown = [(header.replace("#", str(at)), footer.replace("#", str(at))) for at in range(1, count + 1)]
    return [
        "\n".join(filter(None, (above, body, below)))
        for (above, below), body in zip(shown, BODIES[:count], strict=True)
    ]


@pytest.mark.parametrize(
    "edges",
    [
        "Annual report 2024 … #",
        "Annual report 2024 … Page # of 4",
        " … - # -",
        "# Metals and mines\nVolume 3 … © 2025 Example Ltd.",
        " … Confidential draft. Do not distribute this report.",
        " … Metals 2024 · Seite #",
        f" … {PRINTED}\nfile:///tmp/report.html #/4",
    ],
)
def test_headers_and_footers_of_most_pages_are_left_out(edges: str) -> None:
    assert without_running_lines(pages(edges)) == BODIES


@pytest.mark.parametrize("edges", [f" … {PRINTED}\nfile:///tmp/report.html #/2", " … Page #", "# … https://x.example"])
def test_of_two_pages_a_date_an_address_or_a_number_tells(edges: str) -> None:
    assert without_running_lines(pages(edges, 2)) == BODIES[:2]


def test_what_a_browser_prints_is_left_out_of_a_single_page() -> None:
    assert without_running_lines(pages(f" … {PRINTED}\nfile:///tmp/report.html 1/1", 1)) == BODIES[:1]


@pytest.mark.parametrize(
    ("edges", "count"),
    [
        ("Annual report … Metals and mines", 2),
        ("Copper mines: # … Total output #", 2),
        ("Week # … ", 4),
        ("Lesson plan # … ", 4),
        ("Question # of 4 … ", 4),
        ("202# … ", 4),
        (" … In week # it fell by 3 percent.", 4),
        (f"{PRINTED} … ", 1),
    ],
)
def test_what_may_be_the_article_stays(edges: str, count: int) -> None:
    assert without_running_lines(pages(edges, count)) == pages(edges, count)


def test_of_chapters_the_titles_with_the_page_s_number_are_left_out() -> None:
    above = ["Chapter 1: Copper", "Chapter 1: Copper 2", "", "Chapter 2: Tin 4", "Chapter 2: Tin 5"]
    below = ["1", "", "3", "", ""]
    bodies = [*BODIES, "Iron is cheap."]
    given = ["\n".join(filter(None, page)) for page in zip(above, bodies, below, strict=True)]
    assert without_running_lines(given) == [f"{above[0]}\n{bodies[0]}", *bodies[1:]]


@pytest.mark.parametrize("heading", ["Lesson #", "# {}", "{} #", "Lesson #\n# {}"])
def test_headings_that_count_as_the_pages_do_stay(heading: str) -> None:
    names = ["Gather wood", "Light it", "Boil water", "Drink tea"]
    texts = [
        f"{heading.format(name).replace('#', str(at))}\n{body}"
        for at, (name, body) in enumerate(zip(names, BODIES, strict=True), 1)
    ]
    assert without_running_lines([f"{text}\n{at}" for at, text in enumerate(texts, 1)]) == texts
    # The number of the first page is seldom there.
    assert without_running_lines([texts[0], *(f"{text}\n{at}" for at, text in enumerate(texts[1:], 2))]) == texts
    beside = [f"{text}\nMetals today {at}" for at, text in enumerate(texts[1:], 2)]
    assert without_running_lines([f"{texts[0]}\n1", *beside]) == [texts[0], *beside]


def test_totals_of_pages_stay() -> None:
    given = [f"{body}\nTotal output {total} tonnes" for body, total in zip(BODIES, (40, 12, 31, 7), strict=True)]
    assert without_running_lines(given) == given


def test_what_repeats_inside_pages_stays() -> None:
    given = [f"{body}\n{body}\nMetals and mines\n{body}\n{body}" for body in BODIES[:3]]
    assert without_running_lines(given) == given


def test_left_and_right_pages_may_differ() -> None:
    given = [f"{'Metals today' if at % 2 else 'Mines and men'}\n{BODIES[at % 4]} {'I' * at}" for at in range(8)]
    assert without_running_lines(given)[1:] == [f"{BODIES[at % 4]} {'I' * at}" for at in range(1, 8)]


def test_what_may_be_the_title_stays_once() -> None:
    assert without_running_lines(pages("Metals in May … Page #"))[:2] == [f"Metals in May\n{BODIES[0]}", BODIES[1]]


def test_pages_that_are_all_alike_stay() -> None:
    assert without_running_lines(["An order of 1 May 2025"] * 3) == ["An order of 1 May 2025"] * 3


LINES = st.sampled_from(
    ["Page 1", "Page 2", "1", "2", "Metals and mines", "It fell.", "", " ", "9" * 5000, "https://x.example"]
)


@given(st.lists(st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=12).map("\n".join), max_size=6))
def test_only_whole_lines_at_the_edges_of_pages_go(given: list[str]) -> None:
    left = without_running_lines(given)
    assert len(left) == len(given)
    for text, page in zip(left, given, strict=True):
        assert f"\n{text}\n" in f"\n{page}\n" or not text
