"""Articles written for questions of their own: a folder of `gold/` with `articles.jsonl`, and other lines of JSON."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.corpus import Corpus, open_corpus
from index.reading import MARKDOWN, read_text
from rag.citation import Citation
from rag.engine import Engine
from rag.settings import Settings


@contextmanager
def articles(settings: Settings, folder: Path) -> Iterator[Engine]:
    """Open an engine over the articles of a folder, in another folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as data:
        corpus = open_corpus(Path(data), settings.model, settings.prepared_models, settings.threads, create=True)
        with Engine(corpus) as engine:
            put_articles(corpus, folder)
            yield engine


def put_articles(corpus: Corpus, folder: Path) -> None:
    """Put the articles of a folder into a corpus; they are in Markdown where nothing else is said."""
    for line in lines(folder / "articles.jsonl"):
        corpus.put(read_text(line["doc"], line["text"], line.get("media_type", MARKDOWN)), publish=False)
    corpus.save()


def holds_one(answers: Sequence[str], citations: Sequence[Citation]) -> bool:
    """Return whether a citation holds one of the answers, emphasis, the bars of tables and case aside."""
    texts = [in_line(one.cited_text) for one in citations]
    return any(in_line(answer) in text for answer in answers for text in texts)


def in_line(text: str) -> str:
    """Return a text on one line as it is compared: without emphasis, without the bars of tables, in small letters."""
    return " ".join(text.replace("*", "").replace("|", " ").split()).casefold()


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file that has one a line."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
