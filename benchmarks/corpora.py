"""The corpora that are measured and trained on, indexed where `rag eval --beir` keeps its own."""

import json
from collections.abc import Iterator
from pathlib import Path

from index.corpus import Corpus, open_corpus
from index.ingestion import article_files, ingest
from index.passages import STANDARD, Splitting
from rag.beir import index_corpus, index_folder
from rag.settings import Settings


def indexed(settings: Settings, folder: Path, splitting: Splitting = STANDARD) -> Corpus:
    """Return the corpus of a collection, indexed now unless it is already."""
    data = index_folder(folder, _cache(settings, splitting))
    corpus = _opened(settings, data, splitting)
    index_corpus(folder, corpus, data, lambda: None)
    return corpus


def first_documents(data: Path, sets: tuple[str, ...], count: int, home: Path) -> Path:
    """Return a collection, kept under `home`, of the first `count` documents of several sets, one set after another."""
    lines = list(_documents(data, sets))[:count]
    folder = home / f"first-{len(lines)}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def _documents(data: Path, sets: tuple[str, ...]) -> Iterator[str]:
    for name in sets:
        with (data / name / "corpus.jsonl").open(encoding="utf-8") as file:
            for line in file:
                document = json.loads(line)
                yield json.dumps({**document, "_id": f"{name}-{document['_id']}"})


def seeds(settings: Settings, splitting: Splitting = STANDARD) -> Corpus:
    """Return the corpus of the seeds."""
    corpus = _opened(settings, _cache(settings, splitting) / "seeds", splitting)
    ingest(corpus, article_files([Path("seeds")]))
    return corpus


def _cache(settings: Settings, splitting: Splitting) -> Path:
    collections = settings.data_dir / "collections"
    return collections if splitting == STANDARD else collections / splitting.name


def _opened(settings: Settings, data: Path, splitting: Splitting) -> Corpus:
    return open_corpus(
        data, settings.model, settings.prepared_models, settings.threads, create=True, splitting=splitting
    )
