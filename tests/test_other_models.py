"""Another embedding model by RAG_MODEL."""

import json
from pathlib import Path

import pytest

from tests.command_line import CommandLine
from tests.tiny_models import make_embedder

pytestmark = pytest.mark.slow


def test_any_sentence_transformers_model_can_be_used(tmp_path: Path) -> None:
    model = str(make_embedder(tmp_path))
    rag = CommandLine(tmp_path / "data", tmp_path / "models")
    indexed = rag("index", RAG_MODEL=model)
    assert (indexed.returncode, indexed.stdout[:7]) == (0, "5 added"), indexed.stderr
    assert "Preparing the model" in indexed.stderr
    body = json.loads(rag("search", "magnets", "--json", RAG_MODEL=model).stdout)
    assert len(body["results"]) == 5
    refused = rag("search", "magnets")
    assert refused.returncode == 1
    assert model in refused.stderr
    facts = rag("doctor", RAG_MODEL=model)
    assert (facts.returncode, "32 dimensions" in facts.stdout) == (0, True), facts.stdout
