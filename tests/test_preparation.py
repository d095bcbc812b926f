"""The prepared model against the reference it was made from."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from index import onnx_model
from index.corpus import Corpus
from index.embedder import DEFAULT_MODEL, ModelCard, OnnxEmbedder, find_model
from index.errors import ModelNotPrepared, ModelUnusable
from index.export import attention_shape, probes
from index.ingestion import article_files, ingest
from index.onnx_model import CARD, ONNX, TOKENIZER, OnnxModel, read_card
from index.preparation import DEFAULT_WEIGHTS_SHA256, LOWEST_COSINE, prepare, prepared
from tests.command_line import ROOT, CommandLine
from tests.conftest import SEEDS

NEAR_TIE = 0.03
Array = npt.NDArray[Any]

QUESTIONS = (Path(__file__).parent / "questions.txt").read_text(encoding="utf-8").splitlines()

# Embeds the lines of standard input with the reference, in a process of its own: only there is PyTorch loaded.
REFERENCE = """
import json, sys
from index.preparation import load_reference
vectors = load_reference(sys.argv[1]).encode(json.load(sys.stdin), normalize_embeddings=True)
json.dump(vectors.tolist(), sys.stdout)
"""


def reference(texts: list[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", REFERENCE, DEFAULT_MODEL],
        input=json.dumps(texts), cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return np.array(json.loads(done.stdout), dtype=np.float32)


class QAttention(OpRun):
    """Attention over a row of int8 products as ONNX Runtime documents it; the reference has none."""

    op_domain = "com.microsoft"

    def _run(self, *inputs: Array, num_heads: int, **_: object) -> tuple[Array]:
        read, weights, bias, read_scale, weight_scales, length, read_zero, weight_zeros, _past = inputs
        assert length == [read.shape[1]]
        sums = (read.astype(np.int64) - int(read_zero)) @ (weights.astype(np.int64) - weight_zeros.astype(np.int64))
        projected = (sums * read_scale * weight_scales + bias).astype(np.float32)
        queries, keys, values = np.split(projected.reshape(projected.shape[1], 3 * num_heads, -1).swapaxes(0, 1), 3)
        cosines = queries @ keys.swapaxes(1, 2) / np.sqrt(queries.shape[-1])
        shares = np.exp(cosines - cosines.max(axis=-1, keepdims=True))
        attended = (shares / shares.sum(axis=-1, keepdims=True)) @ values
        return (attended.swapaxes(0, 1).reshape(1, projected.shape[1], -1).astype(np.float32),)


@pytest.mark.slow
def test_its_sums_are_exact_whatever_the_processor(model_folder: Path) -> None:
    graph = onnx.load(model_folder / ONNX)
    # The same operators, of which the reference has an implementation only by this name.
    graph.opset_import[0].version = 19
    expected = ReferenceEvaluator(graph, new_ops=[QAttention])
    model = OnnxModel(model_folder, read_card(ModelCard, model_folder))
    for text in QUESTIONS[:3]:
        (vector, tokens), encoding = model.run(text)
        features = {
            "input_ids": encoding.ids, "attention_mask": encoding.attention_mask, "token_type_ids": encoding.type_ids,
        }  # fmt: skip
        exact: Any = expected.run(None, {name: np.array([values]) for name, values in features.items()})
        assert float(vector @ exact[0][0]) > 0.999
        assert (tokens * exact[1][0]).sum(axis=1).min() > 0.995


@pytest.mark.slow
def test_the_attention_of_each_layer_is_one_node(model_folder: Path) -> None:
    nodes = Counter(node.op_type for node in onnx.load(model_folder / ONNX).graph.node)
    assert nodes["QAttention"] == 6
    assert nodes["Softmax"] == 0


@pytest.mark.parametrize(
    ("configs", "shape"),
    [
        ([{"num_attention_heads": 12, "hidden_size": 384}], (12, 384)),
        ([{}, {"num_attention_heads": 4, "hidden_size": 32}, {"num_attention_heads": 2, "hidden_size": 8}], (4, 32)),
        ([{"num_attention_heads": 6, "hidden_size": 512}], None),
        ([{"num_attention_heads": 6}, {"hidden_size": 512}], None),
        ([{"num_attention_heads": None, "hidden_size": 512}], None),
        ([{"num_attention_heads": [2, 4], "hidden_size": [8, 16]}], None),
        ([], None),
    ],
)
def test_attention_is_fused_only_where_its_shape_is_known(
    configs: list[dict[str, object]], shape: tuple[int, int] | None
) -> None:
    modules: Any = SimpleNamespace(
        modules=lambda: [object(), *(SimpleNamespace(config=SimpleNamespace(**config)) for config in configs)]
    )
    assert attention_shape(modules) == shape


def test_what_tries_the_sums_is_what_it_says() -> None:
    (graph,) = [onnx.load(Path(onnx_model.__file__).with_name("sums.onnx")).graph]
    assert [node.op_type for node in graph.node] == ["MatMulInteger"]
    weights = onnx.numpy_helper.to_array(graph.initializer[0])
    assert weights.dtype == np.int8
    assert weights.shape == (64, 16)
    assert (weights == 127).all()


@pytest.mark.slow
def test_it_agrees_with_the_reference_on_probes_and_on_the_seeds(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    corpus = Corpus(tmp_path / "data", embedder, create=True)
    ingest(corpus, article_files([SEEDS]))
    with corpus.read() as view:
        numbers = view.vectors.passage_nos().tolist()
        passages = view.reading.passages(numbers)
    texts = [passage.text for passage in passages]
    asked = [question for question in QUESTIONS if len(question.split()) > 3]
    expected = reference([*probes(), *texts, *asked])
    made = np.stack([embedding.vector for embedding in embedder.embed_texts([*probes(), *texts, *asked])])
    assert (made * expected).sum(axis=1).min() >= LOWEST_COSINE
    first, last = len(probes()), len(probes()) + len(texts)
    by_reference = expected[last:] @ expected[first:last].T
    by_prepared = made[last:] @ made[first:last].T
    for question, reference_cosines, cosines in zip(asked, by_reference, by_prepared, strict=True):
        first = cosines.argmax()
        # Only passages that the reference itself hardly tells apart may change places.
        assert reference_cosines.max() - reference_cosines[first] < NEAR_TIE, question
    corpus.close()


def test_a_text_s_vector_does_not_depend_on_its_neighbours(embedder: OnnxEmbedder) -> None:
    texts = probes()[:12]
    together = embedder.embed_texts(texts)
    alone = [embedder.embed_texts([text])[0] for text in reversed(texts)][::-1]
    for one, other, text in zip(together, alone, texts, strict=True):
        assert np.array_equal(one.vector, other.vector)
        assert np.array_equal(one.tokens, other.tokens)
        assert one.vector.shape == (embedder.dimension,)
        assert one.tokens.shape == (len(one.spans), embedder.token_dimension)
        assert np.allclose(np.linalg.norm([one.vector], axis=1), 1, atol=1e-5)
        assert np.allclose(np.linalg.norm(one.tokens, axis=1), 1, atol=1e-5)
        assert "".join(span.of(text) for span in one.spans) == text.replace(" ", "")
    assert embedder.embed_texts([]) == []


def test_an_apostrophe_is_one_however_it_is_typed(embedder: OnnxEmbedder) -> None:
    typed, *others = (embedder.embed_query(f"What is China{mark}s share?") for mark in "'’‘´`ʼ")
    for other in others:
        assert other.spans == typed.spans
        assert np.array_equal(other.vector, typed.vector)
        assert np.array_equal(other.tokens, typed.tokens)


def test_the_card_says_what_the_model_is(model_folder: Path) -> None:
    card = read_card(ModelCard, model_folder)
    assert card.name == DEFAULT_MODEL
    assert model_folder.name == card.fingerprint[:16]
    assert card.precision == "int8"
    assert card.lowest_cosine >= LOWEST_COSINE
    assert (model_folder / ONNX).stat().st_size < 25_000_000


@pytest.mark.parametrize("name", [ONNX, TOKENIZER, CARD])
@pytest.mark.parametrize("damage", ["missing", "shortened"])
def test_a_damaged_model_is_not_used(model_folder: Path, tmp_path: Path, name: str, damage: str) -> None:
    folder = Path(shutil.copytree(model_folder, tmp_path / "models" / model_folder.name))
    path = folder / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises((ModelUnusable, ModelNotPrepared), match=r"rag prepare"):
        OnnxEmbedder(find_model(tmp_path / "models", DEFAULT_MODEL))
    assert prepared(DEFAULT_MODEL, tmp_path / "models") is None


@pytest.mark.slow
def test_a_model_that_is_prepared_and_whole_is_left_alone(empty_rag: CommandLine, model_folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in model_folder.iterdir()}
    # It would end with 98 if PyTorch had been loaded.
    done = empty_rag("prepare")
    assert (done.returncode, done.stderr) == (0, f"The model {DEFAULT_MODEL} is prepared in {model_folder}.\n")
    assert {path: path.stat().st_mtime_ns for path in model_folder.iterdir()} == before


@pytest.mark.slow
def test_nothing_is_kept_of_how_the_model_is_used(rag: CommandLine, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = rag("ask", "what happened after Geneva?", HOME=str(home), XDG_CACHE_HOME="", ORT_DISABLE_TELEMETRY="")
    assert (done.returncode, done.stderr) == (0, "")
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_a_model_whose_source_has_changed_needs_preparing(
    model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepared(DEFAULT_MODEL, model_folder.parent) == model_folder
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr("index.preparation.source_folder", lambda _: tmp_path)
    assert prepared(DEFAULT_MODEL, model_folder.parent) is None


@pytest.mark.slow
def test_a_model_that_cannot_be_had_is_said_in_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "index.preparation", str(tmp_path), str(tmp_path / "models")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr.splitlines()[-1]
    assert not list(tmp_path.glob("models/*"))


def test_passages_are_found_by_what_they_say(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    corpus = Corpus(tmp_path / "data", embedder, create=True)
    for name, text in (("animals", "The zebra lives on grass."), ("metals", "Copper conducts electricity.")):
        (tmp_path / f"{name}.txt").write_text(text)
    ingest(corpus, article_files([tmp_path / "animals.txt", tmp_path / "metals.txt"]))
    with corpus.read() as view:
        nearest, *_ = view.vectors.nearest(embedder.embed_query("which animal eats plants?").vector, 2)
        assert view.reading.passages([nearest.passage_no])[0].doc_id == "animals"
    corpus.close()


def test_a_model_that_another_version_prepared_is_passed_over(model_folder: Path, tmp_path: Path) -> None:
    older = shutil.copytree(model_folder, tmp_path / "0older")
    said = json.loads((older / CARD).read_text("utf-8"))
    del said["token_dimension"]
    (older / CARD).write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(ModelNotPrepared, match="rag prepare"):
        find_model(tmp_path, DEFAULT_MODEL)
    shutil.copytree(model_folder, tmp_path / "1newer")
    assert find_model(tmp_path, DEFAULT_MODEL).name == "1newer"


def test_weights_that_are_not_the_official_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"others")
    monkeypatch.setattr("index.preparation.source_folder", lambda _: tmp_path)
    with pytest.raises(ModelUnusable) as refused:
        prepare(DEFAULT_MODEL, tmp_path / "models")
    assert DEFAULT_WEIGHTS_SHA256 in str(refused.value)
    assert hashlib.sha256(b"others").hexdigest() in str(refused.value)
    assert not (tmp_path / "models").exists()
