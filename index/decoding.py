"""Decoding: the text in a file's bytes, whatever its encoding."""

import re
import unicodedata

import charset_normalizer

from index.errors import UnreadableDocument

# What next to no text of Western Europe has: many letters with accents in a row, a capital one after a small letter, a
# sign within a word, a currency before a word, and the letters of Icelandic, which in other encodings are others.
_NOT_WESTERN = re.compile(
    r"[À-ÖØ-öø-ÿŒœŠšŽžŸƒ]{3}|[a-zß-öø-ÿ][À-ÖØ-ÞŒŠŽŸ]|[£¥€¢](?=[^\W\d_])|[ðþýÐÞÝ]|"
    r"[^\W\d_](?:[¹²³¼½¾]|(?![’‘–—…·\u00ad])[^\w\s\x00-\x7f])(?=[^\W\d_])"
)
_MAX_NONSENSE = 0.05


def decoded(raw: bytes, file_name: str) -> str:
    """Return the text in a file's bytes; raise UnreadableDocument, which names the file, where they are none."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        guess = (
            None if charset_normalizer.is_binary(raw) else _western(raw) or charset_normalizer.from_bytes(raw).best()
        )
        if guess is None:
            raise UnreadableDocument(
                f"{file_name!r} is not text in any known encoding; save it as UTF-8 or name its kind by its ending."
            ) from None
        text = str(guess)
    controls = sum(unicodedata.category(character) == "Cc" for character in text[:4096])
    allowed = sum(text[:4096].count(space) for space in "\t\n\r\f\v")
    if "\0" in text or controls - allowed > len(text[:4096]) // 20:
        raise UnreadableDocument(f"{file_name!r} is binary, not text; save it as UTF-8 text.")
    return text


def _western(raw: bytes) -> str | None:
    """Return what bytes say in Windows-1252, the commonest encoding but UTF-8, None where that would be nonsense.

    A few letters with accents are too little for charset-normalizer to tell the encodings of Europe apart.
    """
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        return None
    beyond = sum(not character.isascii() for character in text)
    is_nonsense = "\0" in text or len(_NOT_WESTERN.findall(text)) > _MAX_NONSENSE * beyond
    return None if is_nonsense else text
