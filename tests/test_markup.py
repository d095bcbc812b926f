import re

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
    assert lines(f"<center>It began <b>in</b> 1850.<p>It grew.</p>It <i>fell</i>.</center>{more}")[:3] == [
        "It began in 1850.",
        "It grew.",
        "It fell.",
    ]


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
        ("Na<sup>+</sup> and x<sup>(2)</sup> are there.", "Na⁺ and x⁽²⁾ are there."),
        ("It is big<sup>(note 2)</sup>.", "It is big(note 2)."),
        ("It is big<sup>[note 1]</sup>.", "It is big[note 1]."),
        ("It is non<sup>-binding</sup>.", "It is non-binding."),
        ("P<sub>max-min</sub> fell.", "Pmax-min fell."),
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
        ("<dt>Post</dt><dd>It is of iron.</dd><!-- one --><dd>Or stone.</dd>", ["Post: It is of iron. Or stone."]),
        ("<dt>Is it open?</dt><dd><p>It is.</p><p>Daily.</p></dd>", ["Is it open? It is. Daily."]),
        ("<dt><b>Opened:</b></dt><dd><i>In May.</i></dd><dd>Or June</dd>", ["Opened: In May. Or June"]),
        ("<dt>Tin</dt><dt><i>Sn</i></dt><dd>A metal</dd>", ["Tin, Sn: A metal"]),
    ],
)
def test_a_term_and_its_definition_are_one_item(definitions: str, items: list[str]) -> None:
    document = page(f"<p>The baths are old.</p><dl>{definitions}</dl>")
    said = [block.span.of(document.text) for block in document_blocks(document)][1:]
    assert said == [f"- {item}" for item in items]


@pytest.mark.parametrize("more", ["", NEWS])
def test_what_else_a_list_of_definitions_holds_is_kept(more: str) -> None:
    inside = (
        "<dt>Post</dt><dd>It is of <b>iron</b>.</dd> Loose <i>words</i><h4>Ropes</h4><dt>Line</dt><dd>It is thin.</dd>"
    )
    said = ["Tin rose.", "It is here.", "Post", "It is of iron.", "Loose words", "Ropes", "Line", "It is thin."]
    for body in (f"<dl><p>It is here.</p>{inside}</dl>", f"<dl>It is here.<div>{inside}</div></dl>"):
        assert lines(f"<p>Tin rose.</p>{body}<p>Lead fell.</p>{more}")[: len(said)] == said


PARTS = ["<dt>{}</dt>", "<dd>{}</dd>", "<dd><p>{}</p></dd>", "<dd><ul><li>{}</li></ul></dd>", "<p>{}</p>", "{}"]
PARTS += ["<b>{}</b> ", "<h4>{}</h4>", "<div><dt>{}</dt></div>", "<div>{}</div>", "<div><p>{}</p><dd>{}</dd></div>"]


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=6))
def test_no_word_of_a_list_of_definitions_is_lost(parts: list[str]) -> None:
    inside = "".join(part.format(f"Of {n}.", f"At {n}.") for n, part in enumerate(parts))
    said = re.findall(r"(?:Of|At) \d\.", page(f"<p>Tin rose.</p><dl>{inside}</dl><p>Lead fell.</p>{NEWS}").text)
    assert said == re.findall(r"(?:Of|At) \d\.", inside)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<ul><li>Male: 5 kg</li>\n<li>Female: <b>4 kg</b></li>\n</ul>", "Male: 5 kg; Female: 4 kg"),
        ("<ol><li><p>It is big.</p></li><li>It is old.</li></ol>", "It is big. It is old."),
        ("About<ul><li>5 kg</li></ul>each", "About 5 kg each"),
        ("<ul><li>Male<ul><li>old</li><li>young</li></ul></li><li>Female</li></ul>", "Male old; young; Female"),
        ("<dl><dt>Male</dt><dd>5 kg</dd><dt>Female</dt><dd>4 kg</dd></dl>", "Male: 5 kg; Female: 4 kg"),
        ("<ul><li><a href='/t'>Tin</a></li><li><a href='/l'>Lead</a></li></ul>", "Tin; Lead"),
    ],
)
def test_a_list_in_a_cell_is_its_text(cell: str, text: str) -> None:
    assert f"| Weight | {text} |" in lines(f"{NEWS}</p><table><tr><th>Weight</th><td>{cell}</td></tr></table>")


def test_a_paragraph_that_is_one_link_stays_among_paragraphs_of_text() -> None:
    linked = "<p><a href='/w'>The <b>works</b> of 2019</a></p>"
    for more in ("<p>Tin rose.</p>", f"{NEWS}</p>"):
        assert lines(f"{more}<p>Lead fell.</p>{linked}")[-1] == "The works of 2019"
    for around in (
        "<nav><p>Go there.</p><p>Or here.</p>{}</nav>",
        "<div><p>More:</p>{0}{0}</div>",
        "<ul><li>{}</li></ul>",
    ):
        assert "works" not in page(f"<article>{NEWS}</p></article>{around.format(linked)}").text


@pytest.mark.parametrize("more", ["", NEWS])
@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<figure><img src='a.jpg'><figcaption>The quay in <i>Kiel</i>.</figcaption></figure>", ["The quay in Kiel."]),
        ("<figure><blockquote>It <b>fell</b>.</blockquote></figure>", ["It fell."]),
        ("<figure><pre>a = 1</pre><figcaption><p>It sets a.</p></figcaption></figure>", ["a = 1", "It sets a."]),
        ("<blockquote><p>It fell.</p><footer>Ann Lee, mayor</footer></blockquote>", ["It fell.", "Ann Lee, mayor"]),
        ("<section>It <b>fell</b>.<p>It rose.</p></section>", ["It fell.", "It rose."]),
        ("<ul><li>It <div>fell</div>twice</li><li>Tin<table><tr><td>rose</td></tr></table></li></ul>",
         ["- It fell twice", "- Tin rose"]),
    ],
)  # fmt: skip
def test_words_in_blocks_of_other_kinds_are_kept(html: str, said: list[str], more: str) -> None:
    assert lines(f"<p>Tin rose.</p>{html}<p>Lead fell.</p>{more}")[1 : len(said) + 1] == said


def test_a_menu_of_links_stays_out_of_the_article() -> None:
    menu = (
        "<div class='menu'><ul>" + "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(9)) + "</ul></div>"
    )
    assert "Section 3" not in page(f"{menu}<div>{NEWS}</p></div>").text
    assert "Section 3" not in page(f"<table><tr><td>{menu}</td><td>{NEWS}</p></td></tr></table>").text


def test_code_keeps_its_lines() -> None:
    assert "a = 1\n  b = 2" in page("<p>It runs.</p><pre><code>a = 1\n  b = 2</code></pre>").text
