import os

# Before numpy or FAISS are loaded, so that timings and float sums do not wander with the machine.
os.environ["OMP_NUM_THREADS"] = "1"

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from index.corpus import Corpus, open_corpus
from index.embedder import DEFAULT_MODEL, OnnxEmbedder, find_model
from index.errors import ModelNotPrepared
from index.ingestion import article_files, ingest
from index.reading import MARKDOWN, read_text
from rag.engine import Engine
from tests.command_line import ROOT, CommandLine
from tests.doubles import HashingEmbedder

SEEDS = ROOT / "seeds"
MODELS = ROOT / "var" / "models"

Over = Callable[..., Engine]

settings.register_profile("house", deadline=None, max_examples=50)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)


@pytest.fixture
def _without_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin processes whose lines are not counted: they work long, and counting would take half of the time."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """The prepared default model, made once and kept where `make run` keeps it."""
    try:
        return find_model(MODELS, DEFAULT_MODEL)
    except ModelNotPrepared:
        from index.preparation import prepare

        return prepare(DEFAULT_MODEL, MODELS)


@pytest.fixture(scope="session")
def embedder(model_folder: Path) -> OnnxEmbedder:
    return OnnxEmbedder(model_folder)


@pytest.fixture(scope="session")
def seeds_data(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the seeds in it; a test that changes it takes a copy."""
    folder = tmp_path_factory.mktemp("seeds") / "data"
    corpus = open_corpus(folder, DEFAULT_MODEL, model_folder.parent, create=True)
    assert not ingest(corpus, article_files([SEEDS])).failures
    corpus.close()
    return folder


@pytest.fixture(scope="session")
def seeds_engine(seeds_data: Path, model_folder: Path) -> Iterator[Engine]:
    """An engine with the real model over the seeds, for tests that change nothing."""
    corpus = open_corpus(seeds_data, DEFAULT_MODEL, model_folder.parent)
    yield Engine(corpus)
    corpus.close()


@pytest.fixture
def own_seeds_data(seeds_data: Path, tmp_path: Path) -> Path:
    """A copy of the seeds' data that the test may change."""
    return Path(shutil.copytree(seeds_data, tmp_path / "seeds-data"))


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    """An empty corpus with the embedder that can be computed by hand."""
    opened = Corpus(tmp_path / "data", HashingEmbedder(), create=True)
    yield opened
    opened.close()


@pytest.fixture
def rag(own_seeds_data: Path, model_folder: Path) -> CommandLine:
    return CommandLine(own_seeds_data, model_folder.parent)


@pytest.fixture
def empty_rag(tmp_path: Path, model_folder: Path) -> CommandLine:
    return CommandLine(tmp_path / "data", model_folder.parent)


@pytest.fixture
def over(tmp_path: Path, embedder: OnnxEmbedder) -> Iterator[Over]:
    """Opens an engine with the real model over articles, given by name in Markdown."""
    corpus = Corpus(tmp_path, embedder, create=True)

    def engine(**texts: str) -> Engine:
        for doc_id, text in texts.items():
            corpus.put(read_text(doc_id, text, MARKDOWN))
        return Engine(corpus)

    yield engine
    corpus.close()
