"""What a Markdown file says of itself in front, as YAML. What is not in order there is text like any other."""

import re
from collections.abc import Hashable

import yaml
from frontmatter.default_handlers import YAMLHandler

# Front matter is a few lines; parsing takes a second for some hundred thousand characters.
_MAX_CHARS = 64 * 1024
_HANDLER = YAMLHandler()
# What PyYAML lets through beside its own errors: a tag that its value does not fit, for one.
_FAULTS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, yaml.YAMLError)

_LINE = re.compile(r"(?P<key>[A-Za-z][\w-]*:[ \t]+)(?P<value>[^\s\[{|>&*!%@`#-].*)")
_IN_QUOTES = re.compile(r"\"[^\"]*\"|'[^']*'")


class _Loader(yaml.SafeLoader):
    """Loads what `yaml.safe_load` does but without merging: merged aliases of aliases grow without bound."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge nothing; a key to merge by is refused then as of an unknown kind."""


def _read(head: str) -> object:
    """Return what YAML says, with titles that have a colon or a quotation mark in them taken as they stand."""
    try:
        return yaml.load(head, _Loader)  # nosec B506
    except yaml.YAMLError:
        return yaml.load("\n".join(map(_quoted, head.splitlines())), _Loader)  # nosec B506


def _quoted(line: str) -> str:
    """Return a line with its value in quotation marks where it is no YAML without them."""
    found = _LINE.fullmatch(line.rstrip())
    if found is None or _IN_QUOTES.fullmatch(found["value"]) or not re.search("[:'\"]", found["value"]):
        return line
    return found["key"] + "'" + found["value"].replace("'", "''") + "'"


def split_front_matter(text: str) -> tuple[dict[Hashable, object], int]:
    """Return what a Markdown text says of itself in front, and where its body starts; nothing and 0 without."""
    if not _HANDLER.detect(text):
        return {}, 0
    try:
        head, body = _HANDLER.split(text)
        if len(head) > _MAX_CHARS:
            return {}, 0
        said = _read(head)
    except _FAULTS:
        return {}, 0
    return (said, len(text) - len(body)) if isinstance(said, dict) else ({}, 0)
