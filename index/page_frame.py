"""What stands around the article of a page, its menus and its footer, and whether all the rest is the article."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from index.markup import make_plain, remove

if TYPE_CHECKING:
    from lxml.etree import _Element

# An article that is marked, what stands around one by what it is, and what may by what it is called.
_MARKED = ".//article | .//main"
_AROUND = (
    ".//nav | .//footer[not(ancestor::blockquote)] | .//aside | .//*[@role='navigation' or @role='contentinfo']"
    " | .//*[self::header or @role='banner']"
    "[not(.//h1 or .//h2 or .//time or .//p[string-length(normalize-space()) > 60])]"
)
_BESIDE = re.compile(
    r"(?:^|[\s_-])(?:(?:top|main|site|sub|side)?nav(?:bar|igation)?|menu|side-?bar|footer|comments?|share|social|related|"
    r"cookies?|banner|promo|advert|newsletter|subscribe|widgets?|bread-?crumbs?|popup|modal|log-?in|recommended|trending|"
    r"teasers?|cards?|read-?next|most-?read|popular)(?![a-z])",
    re.IGNORECASE,
)
# A page that leads elsewhere with more of its text is not all article.
_MOST_LINKED = 0.3
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def article_marked(tree: "_Element") -> str:
    """Return a page with its body marked as the article where nothing is marked, without what stands around it.

    Otherwise lists and headings would be taken for menus. A page with more that may be beside the article, by what that
    is called, is left to the extraction. The markup inside its text is made plain.
    """
    from lxml import etree

    body = tree.find("body")
    if body is not None:
        around = body.xpath(_AROUND)
        is_article = not body.xpath(_MARKED) and _is_all_article(body, around)
        make_plain(body)
        if is_article:
            for frame in around:
                remove(frame)
            _mark(body)
    framed: str = etree.tostring(tree, encoding="unicode", method="html")
    return framed


def _is_all_article(body: "_Element", around: Sequence["_Element"]) -> bool:
    """Return whether a page is its article but for what stands around it: most is not, and seldom leads elsewhere.

    Nothing else is called as what stands beside an article.
    """
    within: set[_Element] = set()
    beside = 0
    for frame in around:
        # They come in the order of the page: what is inside another comes after it.
        if frame not in within:
            within.update(frame.iter())
            beside += _said_in(frame)
    rest = _said_in(body) - beside
    linked = sum(_said_in(one) for one in body.iter("a") if one not in within)
    is_most = 2 * rest > _said_in(body) and linked <= _MOST_LINKED * rest
    return is_most and all(one in within or not _is_beside(one) for one in body.iter("*"))


def _said_in(element: "_Element") -> int:
    """Return how many characters of text an element has."""
    texts = element.xpath(".//text()[not(parent::script or parent::style)]")
    return sum(len(text.strip()) for text in texts)


def _is_beside(element: "_Element") -> bool:
    """Return whether an element is called as what stands beside an article."""
    called = f"{element.get('class', '')} {element.get('id', '')}"
    return _BESIDE.search(_HUMP.sub("-", called)) is not None


def _mark(body: "_Element") -> None:
    """Put all of a body into an article."""
    from lxml import etree

    article = etree.Element("article")
    article.text, body.text = body.text, None
    article.extend(list(body))
    body.append(article)
