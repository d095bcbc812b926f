import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfWriter

from index.document import MAX_DOCUMENT_BYTES, Metadata
from index.errors import (
    DocumentError,
    DocumentTooLarge,
    EmptyDocument,
    InvalidDocumentId,
    InvalidMetadata,
    UnreadableDocument,
    UnsupportedFormat,
)
from index.reading import MEDIA_TYPES, doc_id_of, document_blocks, read_bytes, read_text
from tests.conftest import SEEDS

FRENCH = (
    "La Chine contrôle l'essentiel du raffinage des terres rares. Les prix ont augmenté à Genève, d'après la presse. "
    * 8
)
NEWS = (
    "Copper prices fell on Monday after the ministry raised its quota. Traders had expected the opposite to happen. "
    * 6
)
PAGE = f"""<!doctype html><html lang="en"><head><title>Copper falls | The Wire</title>
<meta property="og:title" content="Copper falls"><meta property="og:site_name" content="The Wire">
<meta property="article:published_time" content="2025-05-01T10:00:00+02:00">
<link rel="canonical" href="https://wire.example/copper"></head>
<body><nav><a href="/">Home</a><a href="/m">Markets</a></nav>
<article><h1>Copper falls</h1><p>{NEWS}</p><p>{NEWS}</p></article>
<footer>© 2025 The Wire</footer></body></html>"""
BARE_PAGE = f"<html><body><article><p>On 3 March 2024 it rained. {NEWS}</p><p>{NEWS}</p></article></body></html>"


def pdf(*lines: str, title: str | None = None) -> bytes:
    """A PDF of one page with a line of text each, written by hand."""
    return pdf_of([lines], title)


def pdf_of(pages: Sequence[Sequence[str]], title: str | None = None) -> bytes:
    """A PDF whose pages have these lines; in its font the bytes 1, 2 and 3 are ligatures."""
    shown = (" ".join(f"({line}) Tj 0 -20 Td" for line in lines) for lines in pages)
    return pdf_of_content([f"BT /F1 12 Tf 40 700 Td {lines} ET" for lines in shown], title)


def pdf_of_content(pages: Sequence[str], title: str | None = None) -> bytes:
    """A PDF of what is drawn on its pages."""
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding "
        "<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /fi /fl /ff] >> >>",
        f"<< /Title ({title}) >>" if title else "<< >>",
    ]
    for content in pages:
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {len(objects) + 2} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}"
    return out + end.encode()


def encrypted_pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


BAD = [
    ("a.txt", b"", EmptyDocument, "'a' has no text; give one with text"),
    ("a.txt", b" \n\t\n", EmptyDocument, "'a'"),
    ("a.txt", b"Leave a Reply\n\nCancel reply\n", EmptyDocument, "Leave a Reply"),
    ("a.txt", bytes(range(256)) * 4, UnreadableDocument, "'a.txt'"),
    ("a.txt", b"text with\0a nul", UnreadableDocument, "'a.txt'"),
    ("a.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(200)), UnreadableDocument, "'a.txt'"),
    ("a.txt", b"x" * (MAX_DOCUMENT_BYTES + 1), DocumentTooLarge, "20.0 MB"),
    ("a.pdf", b"%PDF-1.7 broken", UnreadableDocument, "'a.pdf'"),
    ("a.pdf", pdf("Copper fell.")[:150], UnreadableDocument, "'a.pdf'"),
    ("a.pdf", b"no pdf at all", UnreadableDocument, "'a.pdf'"),
    ("a.pdf", encrypted_pdf(), UnreadableDocument, "encrypted"),
    ("a.pdf", pdf(), EmptyDocument, "scanned"),
    ("a.html", b"<html><body></body></html>", EmptyDocument, "'a'"),
    ("a.docx", b"PK", UnsupportedFormat, "'a.docx'"),
    ("a", b"text", UnsupportedFormat, "'a'"),
]


@pytest.mark.parametrize(
    ("name", "raw", "error", "said"), BAD, ids=lambda value: value if isinstance(value, str) else None
)
def test_bad_files_are_refused_in_one_sentence(name: str, raw: bytes, error: type[DocumentError], said: str) -> None:
    with pytest.raises(error) as caught:
        document_blocks(read_bytes(name, raw))
    message = str(caught.value)
    assert said in message
    assert message.endswith(".")
    assert "\n" not in message


@given(name=st.sampled_from([f"a{ending}" for ending in MEDIA_TYPES if ending != ".pdf"]), raw=st.binary(max_size=300))
def test_any_bytes_are_a_document_or_are_refused(name: str, raw: bytes) -> None:
    try:
        document_blocks(read_bytes(name, raw))
    except DocumentError:
        return


@given(st.integers(0, 700), st.binary(min_size=1, max_size=12))
def test_any_damage_to_a_pdf_is_survived(at: int, damage: bytes) -> None:
    whole = pdf("Copper fell.", title="Metals")
    try:
        document_blocks(read_bytes("a.pdf", whole[:at] + damage + whole[at + len(damage) :]))
    except DocumentError:
        return


@pytest.mark.parametrize(
    "text",
    [
        "The umbrella costs £12.",
        "It was 25°C on the day of the test, and 30°C the day after it.",
        "The rent is €900 a month, and the deposit is twice as much.",
        "“deluxe” umbrella costs €45 and is made by Hübner’s of Hamburg.",
        "El señor Muñoz vive en Málaga desde hace años.",
        "The shop’s owner – a man of few words – said “no”.",
        "Die Straße führt über die Brücke nach Köln.",
        "It takes 5 m² and 3 m³ of it.",
    ],
)
def test_a_few_letters_with_accents_are_those_of_western_europe(text: str) -> None:
    assert read_bytes("a.txt", text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Отчет о работе компании за прошлый год."),
        ("cp1250", "Cena wynosi 5 złotych"),
        ("cp1250", "Žluťoučký kůň úpěl ďábelské ódy"),
        ("cp1253", "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας."),
        ("shift_jis", "これは日本語の文章です。価格は五百円です。"),
        ("gb18030", "这是一份关于公司的报告。"),
        ("utf_16", "The report costs £12."),
    ],
)
def test_other_encodings_are_told_from_it(encoding: str, text: str) -> None:
    assert read_bytes("a.txt", text.encode(encoding)).text == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_is_decoded_whatever_its_encoding(encoding: str) -> None:
    assert read_bytes("a.txt", FRENCH.encode(encoding)).text == FRENCH


def test_canonical_text_has_no_mark_and_plain_line_ends() -> None:
    assert read_bytes("a.txt", b"\xef\xbb\xbfone\r\ntwo\rthree \n").text == "one\ntwo\nthree \n"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("000_8d4f07db51574ee3", "China’s Rare Earth Leverage Tightens as U.S. Strikes Fragile Deal"),
        ("001_a398b2530b776cee", "China's rare earth grip forces US concession: FP"),
        ("002_f862d878ed33022c", None),
        ("003_bc6a7292a7714e0f", "Strategic Context of U.S.-China Rare Earth Trade Negotiations"),
        ("004_cf58dd7b26a1b221", "Has U.S.-China Trade Truce Faltered Over Rare Earths?"),
    ],
)
def test_a_seed_says_its_title_and_nothing_else(name: str, title: str | None) -> None:
    path = SEEDS / f"{name}.txt"
    document = read_bytes(path.name, path.read_bytes())
    assert document.metadata == Metadata(title=title)
    assert document.doc_id == name
    assert document.text.encode() == path.read_bytes()


@pytest.mark.parametrize("first", ["Summary", "Key Points", "A sentence is not a title.", "lower case line"])
def test_a_first_line_that_names_no_article_is_no_title(first: str) -> None:
    assert read_text("a", f"{first}\n\nText of the article.", "text/plain").metadata.title is None


class TestMarkdown:
    def test_front_matter_is_read_and_is_no_passage(self) -> None:
        text = (
            "---\ntitle: Metals\nsource: Wire\nurl: https://wire.example/1\ndate: 2025-05-01\n---\n\n# Other\n\nText.\n"
        )
        document = read_text("a", text, "text/markdown")
        assert document.metadata == Metadata("Metals", "Wire", "https://wire.example/1", "2025-05-01")
        assert document.text == text
        assert document_blocks(document)[0].span.of(text) == "# Other"

    @pytest.mark.parametrize(
        ("front", "expected"),
        [
            ("date: 2025-05-01T10:00:00+02:00", "2025-05-01T08:00:00Z"),
            ("published: '2025-05-01'", "2025-05-01"),
            ("published: '20250501'", "2025-05-01"),
            ("published: '2025W184'", "2025-05-01"),
            ("published: '2025-W18-4'", "2025-05-01"),
            ("published: '20250501T100000Z'", "2025-05-01T10:00:00Z"),
            ("date: last week", None),
            ("date: [1, 2]", None),
            ("date: 20250501", None),
        ],
    )
    def test_a_date_is_read_where_it_is_one(self, front: str, expected: str | None) -> None:
        assert read_text("a", f"---\n{front}\n---\nText.\n", "text/markdown").metadata.published_at == expected

    def test_a_colon_in_a_title_is_of_the_title(self) -> None:
        front = "title: The lido: questions\nsource: 'Elmbridge: Leisure'\nauthor:\ndate: 2026-04-20"
        metadata = read_text("a", f"---\n{front}\n---\nText.\n", "text/markdown").metadata
        assert metadata == Metadata("The lido: questions", "Elmbridge: Leisure", None, "2026-04-20")

    def test_nor_is_it_lost_beside_a_list(self) -> None:
        front = (
            "title: The lido's reopening: what's new\ntags:\n  - leisure: pools\n  - news\ndate: 2026-04-20\na: b: c:"
        )
        metadata = read_text("a", f"---\n{front}\n---\nText.\n", "text/markdown").metadata
        assert (metadata.title, metadata.published_at) == ("The lido's reopening: what's new", "2026-04-20")

    def test_nor_where_it_begins_with_a_word_in_quotation_marks(self) -> None:
        text = "---\ntitle: 'Emma': a review\nsource: \"half\ndate: 2026-04-20\n---\nText.\n"
        assert read_text("a", text, "text/markdown").metadata == Metadata(
            "'Emma': a review", '"half', None, "2026-04-20"
        )

    def test_a_long_line_of_colons_takes_no_time(self) -> None:
        text = f"---\ntitle: {'a: ' * 20_000}\n---\nText.\n"
        assert read_text("a", text, "text/markdown").text.endswith("Text.\n")

    @pytest.mark.parametrize("front", ["title: [unclosed", "a: &a [*a]", "- a list", "title: 'x", "\t- : :"])
    def test_broken_front_matter_loses_nothing(self, front: str) -> None:
        document = read_text("a", f"---\n{front}\n---\n\nText of the article.\n", "text/markdown")
        assert any("Text of the article." in block.span.of(document.text) for block in document_blocks(document))

    def test_the_first_heading_is_the_title_where_nothing_else_is(self) -> None:
        assert read_text("a", "# Metals\n\nText.", "text/markdown").metadata.title == "Metals"
        assert read_text("a", "## Metals\n\nText.", "text/markdown").metadata.title is None

    def test_an_address_that_is_none_is_passed_over(self) -> None:
        assert read_text("a", "---\nurl: javascript:alert(1)\n---\nText.", "text/markdown").metadata.url is None


class TestHtml:
    def test_a_page_says_its_title_date_site_and_address(self) -> None:
        document = read_text("a", PAGE, "text/html")
        assert document.metadata.title == "Copper falls"
        assert document.metadata.source == "The Wire"
        assert document.metadata.url == "https://wire.example/copper"
        assert document.metadata.published_at is not None
        assert document.metadata.published_at.startswith("2025-05-01")

    def test_the_text_is_the_article_without_the_page(self) -> None:
        document = read_text("a", PAGE, "text/html")
        assert "Copper prices fell on Monday" in document.text
        assert "Markets" not in document.text
        assert "<" not in document.text

    def test_nothing_is_invented(self) -> None:
        assert read_text("a", BARE_PAGE, "text/html").metadata == Metadata()


class TestPdf:
    def test_headers_and_footers_are_no_text(self) -> None:
        footers = [f"file:///copper.html {page}/2" for page in (1, 2)]
        document = read_bytes("a.pdf", pdf_of([["Copper fell.", footers[0]], ["Tin rose.", footers[1]]]))
        assert document.text.split() == ["Copper", "fell.", "Tin", "rose."]

    def test_ligatures_are_letters(self) -> None:
        document = read_bytes("a.pdf", pdf("The \\001rm's pro\\001t is o\\003set.", "Tin \\002ew.", title="Metals"))
        assert document.text.rstrip() == "The firm's profit is offset.\nTin flew."

    def test_a_word_that_was_broken_before_a_ligature_is_whole(self) -> None:
        document = read_bytes("a.pdf", pdf("Copper fell, and so did all of the pro-", "\\001t of the mine."))
        assert document.text.rstrip() == "Copper fell, and so did all of the profit of the mine."

    def test_a_note_at_the_foot_of_a_page_is_apart_from_the_next_page(self) -> None:
        first = "BT /F1 12 Tf 40 700 Td (The ledger was kept until the) Tj /F1 8 Tf 0 -600 Td (1 See the plan of) Tj ET"
        second = "BT /F1 12 Tf 40 700 Td (storm destroyed the office in which it lay.) Tj ET"
        text = read_bytes("a.pdf", pdf_of_content([first, second])).text
        assert text.rstrip().endswith("1 See the plan of\n\nstorm destroyed the office in which it lay.")

    def test_headings_of_pages_stay_where_they_count_as_the_pages_do(self) -> None:
        document = read_bytes("a.pdf", pdf_of([[f"Lesson {no}", f"It is about {no}.", f"{no}"] for no in range(1, 6)]))
        assert document.text.split("\n\n")[4].split("\n") == ["Lesson 5", "It is about 5."]

    def test_text_and_title_are_read(self) -> None:
        document = read_bytes("report.pdf", pdf("Copper prices fell.", "Tin rose.", title="Metals in May"))
        assert document.metadata == Metadata(title="Metals in May")
        assert "Copper prices fell." in document.text
        assert document.media_type == "application/pdf"

    @pytest.mark.parametrize("stated", ["untitled", "Microsoft Word - draft 3.docx", "report_final.docx", "Untitled-1"])
    def test_what_a_program_states_is_no_title(self, stated: str) -> None:
        assert read_bytes("report.pdf", pdf("Copper prices fell.", title=stated)).metadata.title is None

    def test_no_title_is_made_up(self) -> None:
        assert read_bytes("report.pdf", pdf("Copper prices fell.", "Tin rose.")).metadata.title is None


class TestGiven:
    def test_what_is_given_stands_before_what_is_found(self) -> None:
        given = Metadata(title="Given", published_at="2025-05-01T12:00:00+02:00")
        assert read_text("a", "# Found\n\nText.", "text/markdown", given).metadata == Metadata(
            title="Given", published_at="2025-05-01T10:00:00Z"
        )

    @pytest.mark.parametrize(
        "given",
        [
            Metadata(url="javascript:alert(1)"),
            Metadata(url="http://"),
            Metadata(url="http://[x"),
            Metadata(published_at="soon"),
        ],
    )
    def test_what_cannot_be_so_is_refused(self, given: Metadata) -> None:
        with pytest.raises(InvalidMetadata):
            read_text("a", "Text.", "text/plain", given)

    @pytest.mark.parametrize("doc_id", ["", ".", "..", "a/b", "../a", "a b", "é", "a" * 201, "a\n"])
    def test_an_id_that_cannot_be_one_is_refused(self, doc_id: str) -> None:
        with pytest.raises(InvalidDocumentId):
            read_text(doc_id, "Text.", "text/plain")

    @pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
    def test_text_that_could_not_be_stored_whole_is_refused(self, text: str) -> None:
        with pytest.raises(UnreadableDocument, match="'a'"):
            read_text("a", text, "text/plain")


@pytest.mark.parametrize(
    ("file_name", "doc_id"),
    [
        ("article.txt", "article"),
        ("two words.md", "two-words"),
        ("Genève 2025.html", "Geneve-2025"),
        ("Trump’s tariffs.md", "Trumps-tariffs"),
        ("отчет 2024.txt", "otchet-2024-41cf690e"),
        ("北京.txt", "BeiJing-68c77e15"),
        ("背景.txt", "BeiJing-f4b669c5"),
        ("a.b.c.txt", "a.b.c"),
        ("--a--.txt", "a"),
        ("x" * 300 + ".txt", "x" * 200),
    ],
)
def test_a_file_s_name_gives_its_id(file_name: str, doc_id: str) -> None:
    assert doc_id_of(file_name) == doc_id


@pytest.mark.parametrize("file_name", ["!?.txt", "...txt"])
def test_a_name_that_gives_no_id_is_refused(file_name: str) -> None:
    with pytest.raises(InvalidDocumentId):
        doc_id_of(file_name)


@pytest.mark.parametrize(
    ("stated", "source"),
    [
        ("Lindgren plc – Annual report: The year", "Lindgren plc – Annual report"),
        ("The year | The Wire", "The Wire"),
        ("The year", None),
        ("Lindgren plc", None),
        ("A: The year in brief", None),
        ("", None),
    ],
)
def test_what_a_page_is_called_beside_its_article_is_its_source(stated: str, source: str | None) -> None:
    body = f"<body><article><h1>The year</h1><p>{NEWS}</p></article></body>"
    found = read_bytes("a.html", f"<html><head><title>{stated}</title></head>{body}</html>".encode()).metadata
    assert (found.title, found.source) == ("The year", source)


def test_what_a_title_goes_on_with_in_small_letters_is_of_the_title() -> None:
    body = f"<body><article><h1>“It forgives you nothing”</h1><p>{NEWS}</p></article></body>"
    stated = "“It forgives you nothing”: an interview with Ruth Amsel"
    found = read_bytes("a.html", f"<html><head><title>{stated}</title></head>{body}</html>".encode()).metadata
    assert (found.title, found.source) == (stated, None)


@pytest.mark.parametrize("held", ["\x0c", "\ufffe", "&#1;", "&#x1;", "&#12", "&#xB;"])
def test_what_a_page_s_tree_cannot_hold_is_a_space(held: str) -> None:
    for page in (f"Copper{held}fell.", f"<html><body>Copper{held}fell.<p>Tin{held}rose.</p></body></html>"):
        assert read_bytes("a.html", page.encode()).text.startswith("Copper fell.")


def test_a_page_without_a_frame_keeps_its_lists_and_headings() -> None:
    said = "The festival takes place from Friday to Sunday at the farm, two miles east of the town, on three stages."
    tickets = "<h2>Tickets</h2><ul><li>Weekend: £115</li><li>Day: £40</li></ul>"
    body = f"<h1>The festival</h1><p>{said}</p>{tickets}<p>{said}</p>"
    page = "<html><head><title>The festival</title></head><body>{}</body></html>"
    text = read_text("a", page.format(body), "text/html").text
    assert "Tickets" in text
    assert "£115" in text
    menu = "<nav><ul><li><a href='/'>Home</a></li><li><a href='/news'>All the news</a></li></ul></nav>"
    assert "All the news" not in read_text("a", page.format(f"{menu}<article>{body}</article>"), "text/html").text


def test_whose_a_page_is_its_own_title_tells_where_the_article_has_another() -> None:
    head = "<head><title>Questions and answers | Hollis &amp; Daughter</title></head>"
    page = f"<html>{head}<body><h1>Frequently asked</h1><p>{NEWS}</p></body></html>"
    metadata = read_text("a", page, "text/html").metadata
    assert (metadata.title, metadata.source) == ("Frequently asked", "Hollis & Daughter")


@pytest.mark.parametrize(
    "around",
    [
        "<nav><a href='/'>Home</a> <a href='/news'>All the news</a></nav>{}<footer><p>Said by nobody.</p></footer>",
        "<header><a href='/'>All the news</a></header>{}",
        "<header><nav><a href='/'>All the news</a></nav><h1>The festival</h1></header><div>{}</div>",
        "<div role='banner'>All the news</div>{}<aside><h2>Most read</h2><p>All the news of today.</p></aside>",
        "<div class='top-nav'><a href='/'>All the news</a></div><main>{}</main>",
    ],
)
def test_nor_does_one_lose_them_where_nothing_else_stands_around_it(around: str) -> None:
    said = "The festival takes place from Friday to Sunday at the farm, two miles east of the town, on three stages."
    body = f"<p>{said}</p><h2>Tickets</h2><ul><li>Weekend: £115</li><li>Day: £40</li></ul><p>{said}</p>"
    text = read_text("a", f"<html><body>{around.format(body)}</body></html>", "text/html").text
    assert [one for one in ("Tickets", "- Weekend: £115", "- Day: £40") if one not in text] == []
    assert "All the news" not in text
    assert "nobody" not in text
