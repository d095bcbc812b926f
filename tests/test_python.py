"""The service from Python: what `rag` exports, and the README's example."""

import doctest
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import index
import rag
from rag import Answer, Engine, Query, Turn, parse_filters
from tests.command_line import ROOT


def test_the_public_names_are_sorted_and_each_is_there() -> None:
    assert rag.__all__ == sorted(rag.__all__)
    assert set(rag.__all__) == rag._MODULES.keys()
    for name in rag.__all__:
        public = getattr(rag, name)
        assert public.__module__ == rag._MODULES[name]
        assert (public.__doc__ or "").strip(), name
    with pytest.raises(AttributeError, match="'rag' has no attribute 'Nonsense'"):
        rag.Nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_the_readme_s_example_runs(
    seeds_data: Path, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```python\n(>>> .*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    parsed = doctest.DocTestParser().get_doctest(example, {}, "README.md", None, None)
    assert sum(one.source.count("\n") for one in parsed.examples) == 5
    data = shutil.copytree(seeds_data, tmp_path / "var")
    (data / "models").symlink_to(model_folder.parent)
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    assert doctest.DocTestRunner().run(parsed, out=said.append).failed == 0, "".join(said)


def test_words_and_queries_are_answered_alike(seeds_engine: Engine) -> None:
    question = "what happened after Geneva?"
    by_words: Answer = seeds_engine.ask(question).answer
    assert by_words == seeds_engine.ask(Query.parse(question)).answer
    assert seeds_engine.search(question).hits == seeds_engine.search(Query.parse(question)).hits
    followed = seeds_engine.ask("and in London?", [Turn("user", question), Turn("assistant", by_words.text)])
    assert "Geneva" in followed.standalone.text
    assert seeds_engine.search(Query.parse(question, 10, parse_filters(sources=["nowhere"]))).hits == ()


def test_words_that_are_no_question_are_refused(seeds_engine: Engine) -> None:
    for words in ("", "x" * 2001):
        with pytest.raises(rag.FootnoteError, match=r"1 to 2,000|at most 2,000"):
            seeds_engine.ask(words)
        with pytest.raises(rag.FootnoteError, match=r"1 to 2,000|at most 2,000"):
            seeds_engine.search(words)


def test_data_that_is_not_there_is_said(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(rag.FootnoteError, match="There is no data"):
        Engine.open(tmp_path / "none", models_dir=model_folder.parent)
    with pytest.raises(rag.FootnoteError, match="'a/reranker' is not prepared"):
        Engine.open(tmp_path / "none", models_dir=model_folder.parent, reranker="a/reranker")
    with Engine.open(tmp_path / "new", models_dir=model_folder.parent, create=True) as engine:
        assert engine.search("anything").hits == ()


def test_the_types_come_along() -> None:
    for package in (rag, index):
        assert files(package).joinpath("py.typed").is_file()
        declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        assert re.search(rf'^{package.__name__} = \[.*"py\.typed".*\]$', declared, re.M)


@pytest.mark.slow
def test_importing_the_package_loads_none_of_what_it_names() -> None:
    said = "import sys, rag; sys.exit(bool({'numpy', 'faiss', 'onnxruntime', 'openai', 'pydantic'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", said], cwd=ROOT, check=True)
