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

_LINE = re.compile(r"(?P<key>[A-Za-z][\w-]*):(?:\s+(?P<value>\S.*?))?\s*")
_QUOTED = re.compile(r"^(?:\"([^\"]*)\"|'([^']*)')$")
_NOTHING = ("", "null", "~")


class _Loader(yaml.SafeLoader):
    """Loads what `yaml.safe_load` does but without merging: merged aliases of aliases grow without bound."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge nothing; a key to merge by is refused then as of an unknown kind."""


def _read(head: str) -> object:
    """Return what YAML says, or where it is none for a colon in a title, what each of its lines says as it stands."""
    try:
        return yaml.load(head, _Loader)  # nosec B506
    except yaml.scanner.ScannerError:
        lines = [_LINE.fullmatch(line) for line in head.strip().splitlines() if line.strip()]
        if None in lines:
            raise
        said = {line["key"]: _QUOTED.sub(r"\1\2", line["value"] or "") for line in filter(None, lines)}
        return {key: value for key, value in said.items() if value not in _NOTHING}


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
