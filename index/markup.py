"""The markup inside a page's text, made so plain that the extraction of the article loses none of the words in it."""

import re
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
_PARTS = frozenset(("p", "div", "h1", "h2", "h3", "h4", "h5", "h6"))
_TEXT_BLOCKS = _PARAGRAPHS | {"figcaption", "caption", "summary", "div"}
_HOLDERS = frozenset(("ul", "ol", "dl", "table", "pre", "div", "section", "blockquote"))
# A page may hide all of its article until a script runs, but no paragraph of it.
_HIDEABLE = _PARAGRAPHS | {"figcaption", "tr", "span"}
_HIDES = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?:;…。][\"'”’»)\]]*\s*$")
_TERM_END = re.compile(r"[.:?!]\s*$")
_RAISED = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_DROPPED = "dropped"


def make_plain(tree: "_Element") -> None:
    """Change a page's tree in place.

    Inside paragraphs, items, cells and headings inline elements become their text, and the digits of exponents and
    indices those of Unicode. A term and its definition become one item, `<center>` a division. Hidden paragraphs go.
    """
    from lxml import etree

    for element in [one for one in tree.iter(*_HIDEABLE) if _is_hidden(one)]:
        _remove(element)
    for element in tree.iter("center"):
        _make_division(element)
    for element in list(tree.iter("dl")):
        _list_definitions(element)
    for element in tree.iter("sup", "sub"):
        _set_off(element)
    blocks = _Blocks()
    for element in tree.iter(*_FORMATS, *_INLINE):
        if blocks.has_inline(element):
            if element.tag == "q":
                _put_around(element, "“", "”")
            element.tag = _DROPPED
    etree.strip_tags(tree, _DROPPED)


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


def _remove(element: "_Element") -> None:
    """Take an element out, and leave what stands after it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _make_division(element: "_Element") -> None:
    """Make `<center>` a division, and what it begins with a paragraph where others follow."""
    from lxml import etree

    element.tag = "div"
    if element.text and element.text.strip() and next(element.iterchildren(*_TEXT_BLOCKS), None) is not None:
        paragraph = etree.Element("p")
        paragraph.text, element.text = element.text, None
        element.insert(0, paragraph)


def _set_off(element: "_Element") -> None:
    """Put the digits of an exponent or index as what they are, so that they join no number; "21st" is joined."""
    is_mark = next(element.iter("a"), None) is not None and not _text(element).strip().isdecimal()
    if not is_mark:
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

    lines = list(_lines(definitions))
    if not lines or any(next(line.iter(*_HOLDERS), None) is not None for line in lines):
        return
    items: list[_Element] = []
    for line, before in zip(lines, [None, *lines], strict=False):
        if before is None or (line.tag == "dt" and before.tag == "dd"):
            items.append(etree.Element("li"))
        for paragraph in line.iter("p"):
            paragraph.tag, paragraph.tail = _DROPPED, f"{paragraph.tail or ''} "
        _join(items[-1], _joint(before, line), line.text or "")
        items[-1].extend(list(line))
    definitions.tag, definitions.text = "ul", None
    definitions[:] = items


def _joint(before: "_Element | None", line: "_Element") -> str:
    """Return what stands between two terms, two definitions, or a term and its definition; nothing between items."""
    if before is None or (line.tag == "dt" and before.tag == "dd"):
        return ""
    if line.tag == before.tag:
        return ", " if line.tag == "dt" else "; "
    return " " if _TERM_END.search(_text(before)) else ": "


def _lines(definitions: "_Element") -> Iterator["_Element"]:
    """Yield the terms and definitions of a list, which may stand in groups."""
    for child in definitions:
        if child.tag in {"dt", "dd"}:
            yield child
        elif child.tag == "div":
            yield from (one for one in child if one.tag in {"dt", "dd"})


def _join(item: "_Element", joint: str, text: str) -> None:
    """Put a text after all that an item holds, with a joint between in place of white space."""
    if len(item):
        item[-1].tail = (item[-1].tail or "").rstrip() + joint + text.lstrip()
    else:
        item.text = (item.text or "").rstrip() + joint + text.lstrip()
