"""The corpora that are measured and trained on, indexed where `rag eval --beir` keeps its own."""

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
