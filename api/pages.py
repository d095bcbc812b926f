"""The pages: the chat, and an article with what is cited of it marked, to be seen with one's own eyes."""

import re
from html import escape
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.article import article_html
from index.document import Document, Metadata, Span

STATIC = Path(__file__).parent / "static"

# Articles are other people's text: whatever stands in one, nothing but this service's own files takes effect.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # A page is asked for anew, and answered with 304 where it has not changed, so that no old one meets a new service.
    "Cache-Control": "no-cache",
}

# A quote of up to so many characters is named whole in a link to it, a longer one by its first and last words.
_WHOLE_FRAGMENT_CHARS = 100
_FRAGMENT_WORDS = 6
# What turns the direction of all that follows on its line; an article's text keeps it, and ends it at each paragraph.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# From the page of a source to the chat.
_UP = "../"


class PageFiles(StaticFiles):
    """The pages' own files, under the same headers as the pages."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, or 304 where the browser has it."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


def source_page(document: Document, span: Span | None) -> str:
    """Return the HTML page of an article with the slice at `span` marked and scrolled to."""
    title = _TURNS.sub("", document.metadata.title or document.doc_id)
    cited = None if span is None else span.of(document.text)
    place = "" if span is None else f" · characters {span.start:,} to {span.end:,}"
    facts = [fact for fact in (document.metadata.source, document.metadata.published_at) if fact]
    return _page(
        title,
        f'<header class="article-head">{_crumb(_UP)}<h1 dir="auto">{escape(title)}</h1>'
        f'<p class="facts">{escape(_TURNS.sub("", " · ".join([*facts, document.doc_id])))}{place}</p>'
        f'<p class="ways">{_original(document.metadata, cited)}'
        '<button type="button" id="copy-link">Copy link</button> <span id="copied" role="status"></span></p></header>'
        f'<main tabindex="-1">{article_html(document, span)}</main>',
    )


def fault_page(message: str, up: str) -> str:
    """Return the HTML page that says why what a link leads to is not shown; `up` is the way from it to the chat."""
    return _page(
        "Not shown",
        f'<main class="article-head">{_crumb(up)}<h1>This cannot be shown</h1><p>{escape(message)}</p></main>',
        up=up,
    )


def locked_page() -> str:
    """Return the HTML page that asks for a key and then shows the article in its own place.

    A link cannot carry a key; so this page sends it, from where the chat page keeps it too.
    """
    return _page(
        "A key is needed",
        f'<main class="article-head">{_crumb(_UP)}<h1>A key is needed</h1>'
        "<p>This article is shown to those who have a key. It is kept in this tab until it is closed.</p>"
        '<form id="unlock"><p><label for="key">Key</label> '
        '<input type="password" id="key" autocomplete="off" required> <button type="submit">Show it</button></p></form>'
        '<p id="said" role="alert"></p>'
        "<noscript><p>Without JavaScript the key cannot be sent from here.</p></noscript></main>",
        "locked.js",
    )


def original_link(url: str, cited: str | None) -> str:
    """Return a link to an article's own page, scrolled by a browser to what is cited (a WICG text fragment)."""
    words = (cited or "").split()
    if not words:
        return url
    whole = " ".join(words)
    ends = [whole]
    if len(whole) > _WHOLE_FRAGMENT_CHARS and len(words) >= 2 * _FRAGMENT_WORDS:
        ends = [" ".join(words[:_FRAGMENT_WORDS]), " ".join(words[-_FRAGMENT_WORDS:])]
    # A hyphen means something in a text fragment and is left alone by `quote`.
    fragment = ",".join(quote(end, safe="").replace("-", "%2D") for end in ends)
    return f"{url}{'' if '#' in url else '#'}:~:text={fragment}"


def _original(metadata: Metadata, cited: str | None) -> str:
    if metadata.url is None:
        return ""
    link = escape(original_link(metadata.url, cited))
    host = escape(_TURNS.sub("", re.sub(r"^https?://(?:www\.)?([^/?#]+).*$", r"\1", metadata.url, flags=re.DOTALL)))
    return (
        f'<a class="original" href="{link}" target="_blank" rel="noreferrer noopener">Read the original on {host}</a> '
    )


def _crumb(up: str) -> str:
    return f'<p class="crumb"><a href="{up}">Footnote</a></p>'


def _page(title: str, body: str, script: str = "source.js", up: str = _UP) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f'<link rel="icon" href="{up}static/icon.svg"><link rel="stylesheet" href="{up}static/article.css">'
        f'<script src="{up}static/theme.js"></script><script type="module" src="{up}static/{script}"></script>'
        f'</head><body class="source">{body}</body></html>'
    )
