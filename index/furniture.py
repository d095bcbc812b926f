"""Furniture: what a page carries around its article, such as share links, comment forms and newsletter tails.

Furniture is masked, never deleted: it is left out of passages, and the inline kind out of what is embedded, but the
text stays as it is so that offsets and quotes stay true. The patterns name habits of web pages at large. They are
narrow, because to lose a real sentence is worse than to keep a line of furniture: a line is masked only as a whole.
"""

import re
from collections.abc import Iterator, Sequence

from index.blocks import Block, BlockKind
from index.document import Span

_NETWORKS = (
    r"(?:facebook|twitter|x|linked ?in|whats ?app|telegram|reddit|e-?mail|print|pinterest|instagram|youtube|tiktok|"
    r"tumblr|pocket|bluesky|mastodon|threads|wechat|weibo|copy (?:the )?link|rss)"
)
_PROMOTED = (
    r"(?:newsletters?|mailing list|inbox|e-?mail (?:updates|alerts)|(?:daily|weekly) (?:updates|digest|briefing))"
)

_FURNITURE = [
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        # Comment forms.
        r"(?:leave|post|write|add) a (?:reply|comment)\b.{0,30}",
        r"cancel reply",
        r"your e-?mail address will not be published\b.{0,80}",
        r"required fields are marked\b.{0,20}",
        r"(?:no|\d+) (?:comments?|replies|shares?|likes?|views?)",
        r"(?:comments|be the first to comment)[.!]?",
        # Share links.
        r"spread the word\s*:?",
        r"share\s*:",
        r"share (?:this|the)(?: (?:article|story|post|page|news|entry))?(?: (?:on|via|with) .{0,60})?\s*:?",
        rf"(?:share|tweet|post|follow us|like us|find us|join us|connect with us) (?:on|via|by) {_NETWORKS}\W{{0,3}}",
        rf"{_NETWORKS}(?:[\s|,·•/]+(?:and )?{_NETWORKS})+",
        r"click to (?:share|print|e-?mail)\b.{0,80}",
        # Labels of a content-management system.
        r"(?:categories|category|tags|tagged|filed under|posted in)\s*:[^.!?]{0,120}",
        r"(?:previous|next|older|newer) (?:post|article|story|page|entry)\b.{0,120}",
        r"skip to (?:main )?content|back to top|scroll to (?:continue|top)|continue reading\W{0,3}|read more\W{0,3}",
        r"(?:advertisement|advertorial|sponsored content|story continues below.{0,30})",
        # Links to other pages.
        r"(?:read|see|watch|listen|learn|explore|discover) (?:more|also|next|further)\s*:.{0,200}",
        r"(?:also read|also see|related|more on this|recommended)\s*:.{0,200}",
        r"(?:related|recommended|trending|popular|latest) "
        r"(?:articles?|posts?|stories|news|reading|content|coverage)\W{0,3}",
        r"(?:you (?:may|might) also (?:like|enjoy)|more from (?:the author|this author)|up next|most read)\W{0,3}",
        r"click here (?:to|for)\b.{0,160}",
        # Newsletter and product tails.
        rf"(?:subscribe|sign up|register|join)\b[^.!?]{{0,120}}\b{_PROMOTED}\b.{{0,200}}",
        r"(?:subscribe|sign up|register)(?: (?:now|today|here|for free|free))?[!.]?",
        r"stay (?:informed|tuned|updated|up[- ]to[- ]date|connected|ahead)\b\W{0,2}\s*"
        r"(?:at|to|with|via|by|for|on)\b.{0,400}",
        r"(?:get|receive|have)\b[^.!?]{0,160}\b(?:to|in) your inbox\b.{0,200}",
        r".{0,600}\b(?:start|begin|claim|try|activate)\b[^.!?]{0,20}\b(?:free|\d+-day) (?:\S+ )?trial\b.{0,300}",
        r"follow (?:us|me)\b[^.!?]{0,40}\b(?:on|at)\b.{0,120}",
        r"download (?:our|the) [^.!?]{0,40}\bapp\b.{0,120}",
        # Cookie notes and legal lines.
        r"(?:we|this (?:web ?site|site)) uses? cookies\b.{0,400}",
        r"(?:accept|reject|manage) (?:all )?(?:cookies|consent|preferences)\b.{0,40}",
        r"(?:©|\(c\)|copyright\W+(?:©|\(c\)|\d{4})).{0,160}",
        r"all rights reserved\b.{0,80}",
        # Rules and stray bullets: no letter or digit in them.
        r"[\W_]+",
    )
]
_INLINE = re.compile(
    r"[^\S\n]?\((?:opens in (?:a )?new (?:tab|window)|external link)\)"
    r"|!\[[^\]\n]{0,300}\]\([^)\n]{0,2000}\)"
    r"|(?<=\])\((?:https?://|mailto:|/|#)[^)\n]{0,2000}\)",
    re.IGNORECASE,
)


def furniture_spans(text: str, blocks: Sequence[Block]) -> tuple[Span, ...]:
    """Return the spans of the blocks that are furniture, in order.

    A short line at the end of the article that leads to nothing but furniture ("Looking to capitalise?" above an
    offer of a trial) is furniture too.
    """
    masked = [block.kind is not BlockKind.TABLE and _is_furniture(text, block) for block in blocks]
    leads_on = False
    for position in range(len(blocks) - 1, 0, -1):
        if not masked[position]:
            if not leads_on or blocks[position].kind is not BlockKind.HEADING:
                break
            masked[position] = True
        leads_on = leads_on or not _is_rule(text, blocks[position])
    return tuple(block.span for block, is_masked in zip(blocks, masked, strict=True) if is_masked)


def inline_spans(text: str, span: Span) -> Iterator[Span]:
    """Yield the furniture inside a passage or sentence: notes on links, images and link targets."""
    for match in _INLINE.finditer(text, span.start, span.end):
        yield Span(match.start(), match.end())


def without_inline(text: str, span: Span) -> str:
    """Return the slice as it is to be read aloud or embedded: without inline furniture, white space made single."""
    return without_inline_at(text, span)[0]


def without_inline_at(text: str, span: Span) -> tuple[str, list[int]]:
    """Return the slice likewise, and for each of its characters where that stands in `text`."""
    kept: list[int] = []
    at = span.start
    for inline in inline_spans(text, span):
        kept.extend(range(at, inline.start))
        at = inline.end
    kept.extend(range(at, span.end))
    read: list[str] = []
    offsets: list[int] = []
    for offset in kept:
        character = " " if text[offset].isspace() else text[offset]
        if character != " " or (read and read[-1] != " "):
            read.append(character)
            offsets.append(offset)
    if read and read[-1] == " ":
        del read[-1], offsets[-1]
    return "".join(read), offsets


def _is_furniture(text: str, block: Block) -> bool:
    content = " ".join(block.span.of(text).split())
    return any(pattern.fullmatch(content) for pattern in _FURNITURE)


def _is_rule(text: str, block: Block) -> bool:
    return not any(character.isalnum() for character in block.span.of(text))
