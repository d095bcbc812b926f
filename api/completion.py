"""What the shell completes: the values of options, read from the data folder without its model."""

import os
import re
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

import typer

from index.errors import FootnoteError

_MAX_SHOWN = 200
# Where there are more documents, the sources of the first ones are completed.
_MAX_READ = 5000
# What an article says of itself is put into a command: nothing that a shell would take for more than a word.
_HARMLESS = re.compile(r"[\w.,@%+ -]+")


def doc_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Return the ids of documents that begin so; an id that is whole needs no completion."""
    found = takewhile(lambda line: line[0].startswith(incomplete), _documents(context, incomplete, _MAX_SHOWN))
    return [doc_id for doc_id, _ in found]


def sources(context: typer.Context, incomplete: str) -> list[str]:
    """Return the sources of documents that begin so."""
    found = {source for _, source in _documents(context, "", _MAX_READ) if source and _HARMLESS.fullmatch(source)}
    begun = sorted(source for source in found if source.startswith(incomplete))[:_MAX_SHOWN]
    return [_for_bash(source) for source in begun] if "COMP_WORDS" in os.environ else begun


def _for_bash(value: str) -> str:
    """Return a value as bash is to insert it; the other shells escape by themselves."""
    word = os.environ["COMP_WORDS"].split("\n")[-1]
    return value if word.startswith(("'", '"')) else value.replace(" ", "\\ ")


def _documents(context: typer.Context, after: str, limit: int) -> list[tuple[str, str | None]]:
    """Return id and source of documents in the order of their ids; none where the data cannot be read.

    An error would be written into the line that is being typed.
    """
    try:
        return list(_read(context.params.get("data"), after, limit))
    except FootnoteError:
        return []


def _read(data: Path | None, after: str, limit: int) -> Iterator[tuple[str, str | None]]:
    from index.listing import all_documents
    from index.store import Store
    from rag.settings import Settings

    settings = Settings.read(data_dir=data)
    if settings.milvus is not None:
        # Another machine would have to be asked at each press of a key.
        return
    # The shell hands over a line in which it has not replaced ~ yet.
    store = Store(settings.data_dir.expanduser())
    yield from ((line.doc_id, line.metadata.source) for line in islice(all_documents(store.read, after), limit))
    store.close()
