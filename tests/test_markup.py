import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Document
from index.reading import document_blocks, read_text

NEWS = "<p>" + "Copper prices fell on Monday after the ministry raised its quota. Traders expected the opposite. " * 6
INLINE = ["b", "i", "em", "strong", "span", "u", "small", "mark", "abbr", "cite", "code", "font", "s"]
INLINE += ["time", "label", "output", "button", "progress", "data", "meter", "kbd", "dfn"]


def page(body: str) -> Document:
    return read_text("a", f"<html><head><title>T</title></head><body>{body}</body></html>", "text/html")


def lines(body: str) -> list[str]:
    return page(body).text.split("\n")


@pytest.mark.parametrize("more", ["", NEWS])
@pytest.mark.parametrize("tag", INLINE)
def test_a_sentence_keeps_its_inline_elements(tag: str, more: str) -> None:
    element = f"<{tag}>3 <{tag}>May</{tag}> 2019</{tag}>"
    assert lines(f"<p>The wing opened on {element} in Bern.</p>{more}")[0] == "The wing opened on 3 May 2019 in Bern."


@pytest.mark.parametrize(
    ("body", "first"),
    [
        ("<ul><li>Opened on <time>3 May</time> in Bern</li><li>Closed</li></ul>", "- Opened on 3 May in Bern"),
        ("<h2>The wing of <time>2019</time></h2><p>It opened.</p>", "The wing of 2019"),
        ("<p>It <b>weighs <i>100 kg</i></b>.</p>", "It weighs 100 kg."),
        ("<div>It <b>weighs <i>100 kg</i></b>.</div>", "It weighs 100 kg."),
        ('<p>It <a href="/w">weighs <b>100 kg</b></a> without the rope.</p>', "It weighs 100 kg without the rope."),
        ("<p>He said <q>it <b>fell</b></q>.</p>", "He said “it fell”."),
    ],
)
def test_inline_elements_become_their_text(body: str, first: str) -> None:
    assert lines(body)[0] == first


words = st.text("abcdefgh ", min_size=1, max_size=8)
nested = st.recursive(
    words, lambda inner: st.builds("<{0}>{1}</{0}> {2}".format, st.sampled_from(INLINE), inner, inner), max_leaves=8
)


@given(nested)
def test_no_word_of_a_paragraph_is_lost_or_doubled(inside: str) -> None:
    plain = inside
    for tag in INLINE:
        plain = plain.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    assert page(f"<p>Tin {inside} rose.</p>").text.split() == ["Tin", *plain.split(), "rose."]


def test_a_time_in_a_sentence_is_not_the_article_s_and_that_of_a_byline_is() -> None:
    time = '<time datetime="2019-05-03">3 May 2019</time>'
    assert page(f"<p>The wing opened on {time} in Bern.</p>").metadata.published_at is None
    for byline in (f"<header>{time}</header>", f"<p>By Ann Lee, {time}</p>", f"<div>{time}</div>", f"<h1>A</h1>{time}"):
        for around in ("{}", "<div>{}</div>", "<table><tr><td>{}</td></tr></table>"):
            document = page(around.format(f"{byline}<p>The wing opened.</p>"))
            assert document.metadata.published_at == "2019-05-03"


@pytest.mark.parametrize("more", ["", NEWS])
def test_what_is_centred_is_text(more: str) -> None:
    assert lines(f"<center>The bank was founded in 1850.</center>{more or '<p>It grew.</p>'}")[0] == (
        "The bank was founded in 1850."
    )
    assert lines(f"<center>It began in 1850.<p>It grew.</p></center>{more}")[:2] == ["It began in 1850.", "It grew."]


@pytest.mark.parametrize("hides", ["hidden", 'hidden=""', 'style="color:red; display: none"', 'style="DISPLAY:NONE"'])
def test_hidden_paragraphs_are_left_out(hides: str) -> None:
    assert page(f"<p>Tin rose.</p><p {hides}>Not said.</p><p>Lead fell.</p>").text == "Tin rose.\nLead fell."
    assert page(f"<p>Tin <span {hides}>never</span> rose.</p>").text.split() == ["Tin", "rose."]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("It has 10<sup>6</sup> members.", "It has 10⁶ members."),
        ("It takes 10<sup>-6</sup> s.", "It takes 10⁻⁶ s."),
        ("It has 5 m<sup>2</sup>.", "It has 5 m²."),
        ("It has 5 m<sup><b>2</b></sup>.", "It has 5 m²."),
        ("CO<sub>2</sub> rose.", "CO₂ rose."),
        ("The 21<sup>st</sup> century began.", "The 21st century began."),
        ('It opened in 1965.<sup><a href="#n1">[1]</a></sup> It closed.', "It opened in 1965.[1] It closed."),
    ],
)
@pytest.mark.parametrize("more", ["", NEWS])
def test_exponents_and_indices_join_no_number(html: str, text: str, more: str) -> None:
    assert lines(f"<p>{html}</p>{more}")[0] == text


@pytest.mark.parametrize(
    ("definitions", "items"),
    [
        ("<dt>Opened</dt><dd>1965</dd>\n<dt>Closed</dt>\n<dd>1999</dd>", ["Opened: 1965", "Closed: 1999"]),
        (
            "<div><dt>Opened</dt><dd>1965</dd></div><div><dt>Ends</dt><dd>1999</dd></div>",
            ["Opened: 1965", "Ends: 1999"],
        ),
        ("<dt>Opened:</dt><dd>in <b>1965</b></dd><dd>in May</dd>", ["Opened: in 1965; in May"]),
        ("<dt>Is it open?</dt><dd><p>It is.</p><p>Daily.</p></dd>", ["Is it open? It is. Daily."]),
        ("<dt>Tin</dt><dt><i>Sn</i></dt><dd>A metal</dd>", ["Tin, Sn: A metal"]),
    ],
)
def test_a_term_and_its_definition_are_one_item(definitions: str, items: list[str]) -> None:
    document = page(f"<p>The baths are old.</p><dl>{definitions}</dl>")
    said = [block.span.of(document.text) for block in document_blocks(document)][1:]
    assert said == [f"- {item}" for item in items]


def test_a_menu_of_links_stays_out_of_the_article() -> None:
    menu = (
        "<div class='menu'><ul>" + "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(9)) + "</ul></div>"
    )
    assert "Section 3" not in page(f"{menu}<div>{NEWS}</p></div>").text


def test_code_keeps_its_lines() -> None:
    assert "a = 1\n  b = 2" in page("<p>It runs.</p><pre><code>a = 1\n  b = 2</code></pre>").text
