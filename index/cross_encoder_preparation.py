"""Preparing a cross-encoder: from sentence-transformers to a checked int8 ONNX file, as for the embedding model."""

import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from index.cross_encoder import FOLDER, CrossEncoder, CrossEncoderCard
from index.errors import ModelUnusable
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
from index.onnx_model import ONNX, ROW, TOKENIZER, write_card

if TYPE_CHECKING:
    import torch
    from sentence_transformers import CrossEncoder as Reference

# Between the scores of an export and of its reference, both in [0, 1].
LARGEST_ERROR = 0.1
# Each of the first probes, which are questions, is paired with each of as many of the last, which are passages.
PAIRED = 8


def prepare_cross_encoder(name: str, models_dir: Path, *, force: bool = False) -> Path:
    """Return the folder of the cross-encoder `name` under `models_dir`, prepared now unless it is there and whole.

    Raises ModelNotPrepared where the model cannot be had, ModelUnusable where it does not give one score to a pair
    or where no export agrees with it.
    """
    if not force and (there := prepared_cross_encoder(name, models_dir)) is not None:
        return there
    folder = _source_folder(name)
    with loading(name, folder, "RAG_RERANKER"):
        from sentence_transformers import CrossEncoder as Reference

        reference = Reference(name, device="cpu", model_kwargs={"attn_implementation": "eager"}).eval()
    if reference.num_labels != 1:
        raise ModelUnusable(
            f"{name!r} gives {reference.num_labels} scores to a pair; a reranker gives one. Choose another model."
        )
    with tempfile.TemporaryDirectory() as saved:
        if folder is None:
            reference.save_pretrained(saved)
        fingerprint = fingerprint_of(folder or Path(saved))
    return write_folder(models_dir / FOLDER, fingerprint, lambda made: _export(reference, name, fingerprint, made))


def prepared_cross_encoder(name: str, models_dir: Path) -> Path | None:
    """Return the folder of the cross-encoder `name` where it needs no preparing, else None."""
    return prepared_folder(CrossEncoderCard, models_dir / FOLDER, name, _source_folder(name))


def _source_folder(name: str) -> Path | None:
    return Path(name) if Path(name).is_dir() else None


def _export(reference: "Reference", name: str, fingerprint: str, folder: Path) -> None:
    """Write graph, tokenizer and card into `folder`: in int8, or in float32 where int8 strays from the reference."""
    import torch

    def forward(features: "dict[str, torch.Tensor]") -> "tuple[torch.Tensor, ...]":
        return (torch.sigmoid(reference(features)["scores"].reshape(-1, 1)),)

    pairs = list(product(probes()[:PAIRED], probes()[-PAIRED:]))
    inputs = write_graph(forward, reference, reference.preprocess(pairs[:2]), [ROW], folder)
    write_tokenizer(reference.tokenizer, name, folder)
    expected = reference.predict(pairs, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False)
    for precision in precisions(folder, reference):
        card = CrossEncoderCard(
            name=name,
            fingerprint=fingerprint,
            max_tokens=int(reference.max_length or 512),
            precision=precision,
            inputs=inputs,
            onnx_sha256=digest(folder / ONNX),
            tokenizer_sha256=digest(folder / TOKENIZER),
            largest_error=1.0,
            made_with=made_with(),
        )
        write_card(card, folder)
        largest = _largest_error(CrossEncoder(folder), pairs, np.asarray(expected, dtype=np.float32))
        if largest <= LARGEST_ERROR:
            write_card(replace(card, largest_error=round(largest, 4)), folder)
            return
    raise ModelUnusable(
        f"The export of {name!r} strays from its reference: by {largest:.3f} on a probe, at most {LARGEST_ERROR} "
        "is let through; choose another model."
    )


def _largest_error(made: CrossEncoder, pairs: list[tuple[str, str]], expected: npt.NDArray[np.float32]) -> float:
    scores = np.array([made.score(question, text) for question, text in pairs], dtype=np.float32)
    return float(np.abs(scores - expected).max())
