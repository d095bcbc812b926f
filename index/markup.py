"""The markup inside a page's text, made plain where the extraction of the article would lose words that stand in it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

# What only changes how words look, wherever it stands.
_FORMATS = frozenset(
    ("b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "small", "big", "mark", "cite", "code", "kbd", "samp",
     "var", "tt", "font", "dfn", "bdi", "bdo", "q")
)  # fmt: skip
# What is part of a sentence inside a paragraph; elsewhere it is a form's, a menu's, or says when the page was made.
_INLINE = frozenset(("span", "abbr", "time", "label", "output", "button", "progress", "data", "meter", "a"))
_PARAGRAPHS = frozenset(("p", "li", "td", "th", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"))
# What stands in a line of text beside those.
_IN_LINE = _FORMATS | _INLINE | {"sup", "sub", "br", "wbr", "img", "ruby", "acronym", "nobr"}
_PARTS = frozenset(("p", "div", "h1", "h2", "h3", "h4", "h5", "h6"))
_TEXT_BLOCKS = _PARAGRAPHS | {"figcaption", "caption", "summary", "div"}
_HOLDERS = frozenset(("ul", "ol", "dl", "table", "pre", "div", "section", "blockquote"))
# A page may hide all of its article until a script runs, but no paragraph of it.
_HIDEABLE = _PARAGRAPHS | {"figcaption", "tr", "span"}
# What holds links that lead elsewhere.
_FRAMES = frozenset(("nav", "header", "footer", "aside", "form", "table", "ul", "ol", "dl", "menu"))
_HIDES = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?:;…。][\"'”’»)\]]*\s*$")
_TERM_END = re.compile(r"[.:?!]\s*$")
_FIGURES = re.compile(r"[\s\d+\-−=()]+")
_RAISED = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_DROPPED = "dropped"


def make_plain(tree: "_Element") -> None:
    """Change a page's tree in place.

    Inside paragraphs, items, cells and headings inline elements become their text, and exponents and indices that are
    figures those of Unicode. A term and its definition become one item, a list in a cell its text, loose words between
    blocks paragraphs, `<center>` and `<figure>` divisions. Hidden paragraphs go, and comments.
    """
    from lxml import etree

    etree.strip_elements(tree, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    for element in [one for one in tree.iter(*_HIDEABLE) if _is_hidden(one)]:
        remove(element)
    _set_blocks(tree)
    for element in list(tree.iter("dl")):
        _list_definitions(element)
    for element in _lists_in_cells(tree):
        _put_into_cell(element)
    for element in tree.iter("sup", "sub"):
        _set_off(element)
    blocks = _Blocks()
    for element in tree.iter(*_FORMATS, *_INLINE):
        if blocks.has_inline(element):
            if element.tag == "q":
                _put_around(element, "“", "”")
            element.tag = _DROPPED
    etree.strip_tags(tree, _DROPPED)


def _set_blocks(tree: "_Element") -> None:
    """Make blocks that the extraction knows of those that it leaves out, and of words between blocks."""
    for element in tree.iter("center", "figure"):
        element.tag = "div"
        _divide(element)
    for element in tree.iter("section"):
        _divide(element)
    for element in [one for one in tree.iter("dl") if not _is_of_definitions(one)]:
        element.tag = "div"
        for group in [element, *element.iterchildren("div")]:
            _divide(group)
    for element in [*tree.iter("figcaption"), *tree.xpath(".//blockquote//footer")]:
        element.tag = "div" if next(element.iterchildren(*_TEXT_BLOCKS), None) is not None else "p"
    for link in list(_linked_paragraphs(tree)):
        link.tag = _DROPPED
    for element in tree.iter(*_TEXT_BLOCKS, *_HOLDERS):
        _set_apart(element)


class _Blocks:
    """What is known of the paragraphs in which inline elements stand, so that each is read once."""

    def __init__(self) -> None:
        self._of: dict[_Element, tuple[bool, bool]] = {}

    def has_inline(self, element: "_Element") -> bool:
        """Tell whether an element is nothing but a part of the words around it."""
        block = next((one for one in element.iterancestors() if one.tag in _TEXT_BLOCKS or one.tag == "pre"), None)
        if block is None or block.tag == "pre" or element.tag in _FORMATS:
            return element.tag in _FORMATS and (block is None or block.tag != "pre")
        if next(element.iter(*_TEXT_BLOCKS, *_HOLDERS), None) is not None:
            return False
        if block not in self._of:
            self._of[block] = _is_text(block), _is_more_than_links(block)
        is_text, is_more_than_links = self._of[block]
        return is_text and (element.tag != "a" or is_more_than_links)


def _is_text(block: "_Element") -> bool:
    """Tell a paragraph from a byline, whose date is the article's, and from what holds paragraphs."""
    if sum(1 for _ in block.iter(*_PARTS)) > (block.tag in _PARTS):
        return False
    return block.tag not in {"p", "div"} or _SENTENCE_END.search(_text(block)) is not None


def _is_more_than_links(block: "_Element") -> bool:
    """Tell a paragraph with links in it from an item of a menu, which is one by being nothing but a link."""
    linked = sum(len(_text(link).strip()) for link in block.iter("a"))
    return len(_text(block).strip()) > 2 * linked


def _text(element: "_Element") -> str:
    return "".join(str(text) for text in element.itertext())


def _is_hidden(element: "_Element") -> bool:
    return element.get("hidden", "until-found") != "until-found" or bool(_HIDES.search(element.get("style", "")))


def remove(element: "_Element") -> None:
    """Take an element out, and leave what stands after it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _divide(element: "_Element") -> None:
    """Make paragraphs of the words between the blocks of a division, and divisions of its terms and definitions."""
    from lxml import etree

    if all(_is_in_line(child) for child in element):
        return
    parts, paragraph = [], etree.Element("p")
    paragraph.text, element.text = element.text, None
    for child in list(element):
        if _is_in_line(child):
            paragraph.append(child)
            continue
        child.tag = "div" if child.tag in {"dt", "dd"} else child.tag
        parts += [paragraph, child]
        paragraph = etree.Element("p")
        paragraph.text, child.tail = child.tail, None
    parts.append(paragraph)
    element[:] = [part for part in parts if len(part) or part.getparent() is not None or _text(part).strip()]
    for part in parts:
        if part.tag == "p" and not _is_more_than_links(part):
            part.tag = "div"


def _is_in_line(element: "_Element") -> bool:
    return element.tag in _IN_LINE and next(element.iter(*_TEXT_BLOCKS, *_HOLDERS), None) is None


def _linked_paragraphs(tree: "_Element") -> Iterator["_Element"]:
    """Yield the links that are all of a paragraph, where it stands among more paragraphs of text than of links."""
    paragraphs: dict[_Element | None, list[_Element]] = defaultdict(list)
    for paragraph in tree.iter("p"):
        paragraphs[paragraph.getparent()].append(paragraph)
    for siblings in paragraphs.values():
        links = [link for one in siblings if (link := _only_link(one)) is not None]
        said = sum(_is_more_than_links(one) for one in siblings)
        if said > len(links) and not any(one.tag in _FRAMES for one in siblings[0].iterancestors()):
            yield from links


def _only_link(paragraph: "_Element") -> "_Element | None":
    """Return the link that a paragraph is nothing but, None where there is none."""
    link = next(paragraph.iter("a"), None)
    said = "" if link is None else _text(link).strip()
    return link if said and said == _text(paragraph).strip() else None


def _set_apart(block: "_Element") -> None:
    """Put white space around a block in an item or a cell, whose words would be joined with those of the block."""
    parent, before = block.getparent(), block.getprevious()
    if parent is None or parent.tag not in {"li", "dd", "td", "th"}:
        return
    if block.tag == "div" and all(_is_in_line(child) for child in block):
        # The extraction keeps what follows a paragraph apart.
        block.tag = "p"
    block.tail = block.tail and f" {block.tail.lstrip()}"
    if before is not None:
        before.tail = before.tail and f"{before.tail.rstrip()} "
    else:
        parent.text = parent.text and f"{parent.text.rstrip()} "


def _set_off(element: "_Element") -> None:
    """Put an exponent or index of figures as what it is, so that it joins no number; "21st" is joined."""
    if _FIGURES.fullmatch(_text(element)):
        table = _RAISED if element.tag == "sup" else _LOWERED
        for part in element.iter():
            part.text = part.text and part.text.translate(table)
            if part is not element:
                part.tail = part.tail and part.tail.translate(table)
    element.tag = _DROPPED


def _put_around(element: "_Element", before: str, after: str) -> None:
    element.text = before + (element.text or "")
    if len(element):
        element[-1].tail = (element[-1].tail or "") + after
    else:
        element.text += after


def _list_definitions(definitions: "_Element") -> None:
    """Make a list of definitions one of items, each a term with what is said of it; one that holds more is left."""
    from lxml import etree

    lines = list(definitions.iter("dt", "dd"))
    if not lines or any(next(line.iter(*_HOLDERS), None) is not None for line in lines):
        return
    joints = [_joint(before, line) for line, before in zip(lines, [None, *lines], strict=False)]
    items: list[_Element] = []
    for line, joint in zip(lines, joints, strict=True):
        if not joint:
            items.append(etree.Element("li"))
        for paragraph in line.iter("p"):
            paragraph.tag, paragraph.tail = _DROPPED, f"{paragraph.tail or ''} "
        _join(items[-1], joint, line.text or "")
        items[-1].extend(list(line))
    definitions.tag, definitions.text = "ul", None
    definitions[:] = items


def _is_of_definitions(element: "_Element") -> bool:
    """Tell whether all that a list or a group in it holds is terms, definitions and groups of them."""
    texts = [element.text, *(child.tail for child in element)]
    return not any(text and text.strip() for text in texts) and all(
        child.tag in {"dt", "dd"} or (child.tag == "div" and _is_of_definitions(child)) for child in element
    )


def _lists_in_cells(tree: "_Element") -> Iterator["_Element"]:
    """Yield the lists in cells of tables, those in a list before it.

    A list of links in a table without headers is a menu in a layout, and is not among them.
    """
    with_headers = {next(header.iterancestors("table"), None) for header in tree.iter("th")}
    for items in reversed(list(tree.iter("ul", "ol"))):
        table = next(items.iterancestors("table"), None)
        is_laid_out = table is None or table.get("role") in {"presentation", "none"}
        if is_laid_out or next(items.iterancestors("td", "th"), None) is None:
            continue
        if table in with_headers or _is_more_than_links(items):
            yield items


def _put_into_cell(items: "_Element") -> None:
    """Make a list its text, so that a cell holds it."""
    for item in items.iterchildren("li"):
        for paragraph in item.iterchildren("p", "div"):
            paragraph.tag, paragraph.tail = _DROPPED, f" {(paragraph.tail or '').lstrip()}"
        is_last = next(item.itersiblings("li"), None) is None
        joint = "" if is_last else " " if _SENTENCE_END.search(_text(item)) else "; "
        item.tag, item.tail = _DROPPED, joint + (item.tail or "").lstrip()
        _strip_ends(item)
    items.tag, items.text, items.tail = _DROPPED, f" {(items.text or '').lstrip()}", f" {(items.tail or '').lstrip()}"


def _strip_ends(element: "_Element") -> None:
    element.text = element.text and element.text.lstrip()
    if len(element):
        element[-1].tail = element[-1].tail and element[-1].tail.rstrip()
    else:
        element.text = element.text and element.text.rstrip()


def _joint(before: "_Element | None", line: "_Element") -> str:
    """Return what stands between two terms, two definitions, or a term and its definition; nothing between items."""
    if before is None or (line.tag == "dt" and before.tag == "dd"):
        return ""
    if line.tag == before.tag == "dt":
        return ", "
    if line.tag == before.tag:
        return " " if _SENTENCE_END.search(_text(before)) else "; "
    return " " if _TERM_END.search(_text(before)) else ": "


def _join(item: "_Element", joint: str, text: str) -> None:
    """Put a text after all that an item holds, with a joint between in place of white space."""
    if len(item):
        item[-1].tail = (item[-1].tail or "").rstrip() + joint + text.lstrip()
    else:
        item.text = (item.text or "").rstrip() + joint + text.lstrip()
