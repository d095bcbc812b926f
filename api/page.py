"""The page that shows a slice in its article, so that a reader can see with their own eyes what was cited."""

import base64
import hashlib
from html import escape

from index.document import Document, Span

_SCRIPT = "document.getElementById('cited')?.scrollIntoView({block: 'center'});"
_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 1.06rem/1.65 Georgia, 'Times New Roman', serif; background: Canvas; color: CanvasText; }
header, main { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1.25rem; }
header { padding-bottom: 0; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .4rem; }
header p { font: .9rem/1.5 system-ui, sans-serif; opacity: .75; margin: 0; overflow-wrap: anywhere; }
article { white-space: pre-wrap; overflow-wrap: anywhere; }
mark { background: #ffe58a; color: #1b1400; padding: .1em 0; scroll-margin: 30vh; }
@media (prefers-color-scheme: dark) { mark { background: #d9b13b; } }
"""


def _source(content: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


# Articles are other people's text: whatever stands in one, nothing but this script and this style takes effect.
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src {_source(_SCRIPT)}; style-src {_source(_STYLE)}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def source_page(document: Document, span: Span | None) -> str:
    """Return the HTML page of an article with the slice at `span` marked and scrolled to."""
    metadata = document.metadata
    title = metadata.title or document.doc_id
    link = (
        f'<a href="{escape(metadata.url)}" rel="noreferrer noopener">{escape(metadata.url)}</a>'
        if metadata.url
        else None
    )
    facts = [escape(fact) for fact in (metadata.source, metadata.published_at) if fact]
    facts += [link] if link else []
    if span is not None:
        facts.append(f"characters {span.start:,} to {span.end:,} of {escape(document.doc_id)}")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>{escape(title)}</h1><p>{' · '.join(facts)}</p></header>"
        f"<main><article>{_marked(document.text, span)}</article></main>"
        f"<script>{_SCRIPT}</script></body></html>"
    )


def _marked(text: str, span: Span | None) -> str:
    if span is None:
        return escape(text)
    before, after = escape(text[: span.start]), escape(text[span.end :])
    return f'{before}<mark id="cited">{escape(span.of(text))}</mark>{after}'
