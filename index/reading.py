"""Reading files: from bytes to a Document with its canonical text and what the file says of itself.

What a file does not say is None: no title is made up from a file's name, no date from the day it was read.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from index.blocks import LIST_LABEL, Block, BlockKind, markdown_blocks, plain_blocks
from index.dateline import read_dateline
from index.decoding import decoded
from index.document import (
    Document,
    Metadata,
    canonical_text,
    checked_doc_id,
    checked_published_at,
)
from index.errors import DocumentTooLarge, EmptyDocument, InvalidMetadata, UnreadableDocument, UnsupportedFormat
from index.front_matter import split_front_matter
from index.furniture import furniture_spans
from index.limits import STANDARD, Limits
from index.page_frame import article_marked
from index.pdf import read_pdf

if TYPE_CHECKING:
    from lxml.etree import _Element

PLAIN, MARKDOWN, HTML, PDF = "text/plain", "text/markdown", "text/html", "application/pdf"
MEDIA_TYPES: Mapping[str, str] = {
    ".txt": PLAIN,
    ".text": PLAIN,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".pdf": PDF,
}
# First lines that name a part of an article, not the article.
_LABELS = {"highlights", "summary", "abstract", "introduction", "overview", "contents", "key points", "key takeaways"}
# An article has some hundred elements; a page of as many as this takes seconds to read.
_PAGE_ELEMENTS = 50_000
_MARKDOWN_LINES = 200_000
_QUOTES = 10
# Letters that are not Latin.
_OTHER_LETTERS = re.compile(r"(?![\u0000-\u024f\u1e00-\u1eff\u2c60-\u2c7f\ua720-\ua7ff])[^\W\d_]")
# What a title goes on with, and whose page it is begins with a capital.
_SUBTITLE = re.compile(r"\s*[:,–—-]\s*[a-zß-öø-ÿ]")
_DIGEST_CHARS = 8
_SURROGATE = re.compile("[\ud800-\udfff]")
# What the trees of pages cannot hold: control characters, as they are or by their numbers.
_NOT_IN_XML = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#0*(?:[0-8]|1[124-9]|2\d|3[01]|6553[45])(?:;|(?!\d))|"
    r"&#x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])(?:;|(?![0-9a-f]))",
    re.IGNORECASE,
)
# What stands between an article's title and that of the pages around it.
_TITLE_BAR = " | "
_TITLE_JOINTS, _MAX_SOURCE_CHARS = " \t|–—-:·•»«/\\", 100
_DEEP_QUOTE = re.compile(rf"^(?: {{0,3}}>){{{_QUOTES + 1}}}", re.MULTILINE)


def doc_id_of(file_name: str) -> str:
    """Return the document id of a file: its stem, with `-` for what may not stand in an id.

    Of other scripts than the Latin one the letters are transliterated, and a digest tells apart what then reads alike.
    """
    stem = Path(file_name).stem
    if _OTHER_LETTERS.search(unicodedata.normalize("NFKD", stem)):
        # It takes 8 ms to import, and few need it.
        from anyascii import anyascii

        digest = hashlib.sha256(stem.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARS]
        return checked_doc_id(f"{_fit_for_id(anyascii(stem))[:100]}-{digest}")
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return checked_doc_id(_fit_for_id(plain)[:200] or stem)


def _fit_for_id(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-")


def media_type_of(file_name: str) -> str:
    """Return the media type that a file's name stands for; raise UnsupportedFormat where it stands for none."""
    suffix = Path(file_name).suffix.lower()
    if suffix not in MEDIA_TYPES:
        raise UnsupportedFormat(f"{file_name!r} is of no known kind; give a file ending in {', '.join(MEDIA_TYPES)}.")
    return MEDIA_TYPES[suffix]


def read_bytes(file_name: str, raw: bytes, limits: Limits = STANDARD) -> Document:
    """Return the document in a file's bytes; raise a DocumentError that names the file and the remedy."""
    doc_id, media_type = doc_id_of(file_name), media_type_of(file_name)
    if len(raw) > limits.document_bytes:
        raise too_large(file_name, len(raw), limits)
    if media_type == PDF:
        document = _pdf(doc_id, raw, file_name, limits)
    else:
        document = read_text(doc_id, decoded(raw, file_name), media_type, limits=limits)
    return document


def read_text(
    doc_id: str, text: str, media_type: str, given: Metadata | None = None, limits: Limits = STANDARD
) -> Document:
    """Return the document in a text of `media_type`; what is `given` stands before what the text says of itself."""
    checked_doc_id(doc_id)
    if media_type not in {PLAIN, MARKDOWN, HTML}:
        raise UnsupportedFormat(f"Media type {media_type!r} is not one of {PLAIN!r}, {MARKDOWN!r} and {HTML!r}.")
    if _storable(text) is None:
        raise UnreadableDocument(f"{doc_id!r} holds a NUL or a lone surrogate; send it as clean Unicode text.")
    if len(text) > limits.document_bytes or len(text.encode()) > limits.document_bytes:
        raise too_large(doc_id, len(text.encode()), limits)
    text = canonical_text(text)
    if media_type == HTML:
        text, found = _html(doc_id, text)
    elif media_type == MARKDOWN:
        _check_markdown(doc_id, text)
        found = _markdown_metadata(text)
    else:
        found = Metadata(title=_first_line_title(text, plain_blocks(text)), published_at=read_dateline(text))
    return Document(doc_id, text, media_type, _merged(given, found))


def document_blocks(document: Document) -> tuple[Block, ...]:
    """Return the blocks of a document, front matter left out; raise EmptyDocument where nothing can be cited."""
    text = document.text
    is_markdown = document.media_type == MARKDOWN
    blocks = markdown_blocks(text, split_front_matter(text)[1]) if is_markdown else plain_blocks(text)
    if not blocks:
        remedy = "a scanned page needs text recognition first" if document.media_type == PDF else "give one with text"
        raise EmptyDocument(f"{document.doc_id!r} has no text; {remedy}.")
    if len(furniture_spans(text, blocks)) == len(blocks):
        raise EmptyDocument(
            f"{document.doc_id!r} holds only page furniture such as {blocks[0].span.of(text)[:60]!r}; "
            "give the text of the article."
        )
    return blocks


def too_large(name: str, size: int, limits: Limits = STANDARD) -> DocumentTooLarge:
    """Return the error for a document of `size` bytes."""
    limit = limits.document_bytes / 2**20
    return DocumentTooLarge(f"{name!r} has {size / 2**20:.1f} MB; split it into documents of at most {limit:g} MB.")


def _storable(text: str | None) -> str | None:
    """Return a text, None where it holds what could not be stored whole."""
    # A NUL ends a text early in SQLite and in C, and a lone surrogate has no UTF-8.
    fits = text is not None and "\0" not in text and (text.isascii() or not _SURROGATE.search(text))
    return text if fits else None


def _merged(given: Metadata | None, found: Metadata) -> Metadata:
    found = Metadata(**{name: _storable(getattr(found, name)) for name in Metadata.__slots__})
    if given is None:
        return found
    if given.url is not None and not _is_web_address(given.url):
        raise InvalidMetadata(
            f"{given.url[:80]!r} is not the address of a web page; give one with http:// or https://."
        )
    published_at = None if given.published_at is None else checked_published_at(given.published_at)
    return Metadata(
        title=_given(given.title) or found.title,
        source=_given(given.source) or found.source,
        url=given.url or found.url,
        published_at=published_at or found.published_at,
    )


def _given(text: str | None) -> str | None:
    """Return what somebody gives for a title or a source, None where it is blank."""
    if text is not None and _storable(text) is None:
        raise InvalidMetadata(f"{text[:80]!r} holds a NUL or a lone surrogate; send it as clean Unicode text.")
    return text if text and text.strip() else None


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and not re.search(r"[\s\0\ud800-\udfff<>\"]", url)


def _first_line_title(text: str, blocks: tuple[Block, ...]) -> str | None:
    """Return the first line where it reads as a title: a heading that does not merely label the list under it."""
    if not blocks or blocks[0].kind is not BlockKind.HEADING or blocks[0].level == LIST_LABEL:
        return None
    label = blocks[0].span.of(text)
    return None if label.rstrip(":").lower() in _LABELS else label


def _check_markdown(doc_id: str, text: str) -> None:
    """Refuse what takes minutes to parse: each line is looked at once for every quotation that it stands in."""
    lines = text.count("\n")
    if lines > _MARKDOWN_LINES:
        raise DocumentTooLarge(
            f"{doc_id!r} has {lines:,} lines; split it into documents of at most {_MARKDOWN_LINES:,}."
        )
    if _DEEP_QUOTE.search(text):
        raise UnreadableDocument(
            f"{doc_id!r} has quotations more than {_QUOTES} levels deep; quote fewer, or send it as {PLAIN}."
        )


def _markdown_metadata(text: str) -> Metadata:
    said, body_start = split_front_matter(text)
    first = next(iter(markdown_blocks(text, body_start)), None)
    heading = first.label if first and first.kind is BlockKind.HEADING and first.level == 1 else None
    names = {key.lower(): value for key, value in said.items() if isinstance(key, str)}

    def said_of(*keys: str) -> str | None:
        values = (names.get(key) for key in keys)
        return next((" ".join(value.split()) for value in values if isinstance(value, str) and value.strip()), None)

    url = said_of("url", "link", "canonical", "canonical_url", "source_url")
    dates = (names.get(key) for key in ("published_at", "published", "date", "pubdate"))
    return Metadata(
        title=said_of("title") or heading,
        source=said_of("source", "site", "site_name", "publisher", "publication"),
        url=url if url and _is_web_address(url) else None,
        published_at=next((found for found in map(_date_said, dates) if found), None)
        or read_dateline(text[body_start:]),
    )


def _date_said(value: object) -> str | None:
    """Return a date found in a file in its stored form, None where it is not one: a file's slip loses no document."""
    text = value.isoformat() if isinstance(value, date | datetime) else value
    try:
        return checked_published_at(text) if isinstance(text, str) else None
    except InvalidMetadata:
        return None


def _html(doc_id: str, source: str) -> tuple[str, Metadata]:
    """Return the article in a page and what the page's own markup says of it."""
    # Loaded here because it takes a third of a second that a search does not need.
    from trafilatura import bare_extraction

    source = _NOT_IN_XML.sub(" ", source)
    tree = _checked_page(doc_id, source)
    page = bare_extraction(
        source if tree is None else article_marked(tree),
        with_metadata=True,
        include_comments=False,
        # Only what the page states: the extensive search guesses dates from the text around.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    if page is None or not page.text:
        raise EmptyDocument(f"No article was found in the page {doc_id!r}; save the page of one article as HTML.")
    text = canonical_text("\n".join(line.rstrip() for line in page.text.split("\n")))
    url = page.url if page.url and _is_web_address(page.url) else None
    published_at = _date_said(page.date) or read_dateline(text)
    stated = " ".join("".join(tree.xpath("//title[1]//text()")).split()) if tree is not None else ""
    title = _with_subtitle(page.title or "", stated)
    return text, Metadata(title or None, page.sitename or _beside_title(stated, title), url, published_at)


def _with_subtitle(title: str, stated: str) -> str:
    """Return the title of an article with what goes on in small letters in its page's: "Tower clocks: an interview"."""
    said = " ".join(title.split())
    return stated if said and stated.startswith(said) and _SUBTITLE.match(stated, len(said)) else title


def _beside_title(stated: str, title: str) -> str | None:
    """Return what a page's own title, as `stated`, says beside that of its article, None where that is nothing.

    It is whose page that is: "Lindgren plc – Annual report" of "Lindgren plc – Annual report: The year".
    """
    before, found, after = stated.partition(" ".join(title.split())) if title else ("", "", "")
    if title and not found and _TITLE_BAR in stated:
        # The page has another name than its article: "Questions and answers | Hollis & Daughter".
        before, found, after = "", title, stated.rpartition(_TITLE_BAR)[2]
    beside = (before or after).strip(_TITLE_JOINTS) if found and not (before and after) else ""
    return beside if 2 <= len(beside) <= _MAX_SOURCE_CHARS else None


def _checked_page(doc_id: str, source: str) -> "_Element | None":
    """Return a page's tree, None where it is empty.

    Refuses a page nested so deeply that the parser would leave out the rest, and one that takes minutes to read.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8")
    try:
        tree = etree.fromstring(source.encode(), parser)
    except etree.XMLSyntaxError:
        # Nothing in it at all, which is said when no article is found.
        tree = None
    if any(fault.type_name == "ERR_RESOURCE_LIMIT" for fault in parser.error_log):
        raise UnreadableDocument(
            f"The page {doc_id!r} nests its elements over 255 levels deep; save its article alone."
        )
    elements = 0 if tree is None else sum(1 for _ in tree.iter())
    if elements > _PAGE_ELEMENTS:
        raise DocumentTooLarge(
            f"The page {doc_id!r} has {elements:,} elements; save an article with at most {_PAGE_ELEMENTS:,}."
        )
    return tree


def _pdf(doc_id: str, raw: bytes, file_name: str, limits: Limits) -> Document:
    text, title = read_pdf(file_name, raw, limits)
    title = _storable(title)
    document = read_text(doc_id, text, PLAIN, limits=limits)
    return replace(
        document, media_type=PDF, metadata=replace(document.metadata, title=title or document.metadata.title)
    )
