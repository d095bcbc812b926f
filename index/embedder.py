"""Embedding texts with the prepared model."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.onnx_model import Card, OnnxModel, find_folder, read_card

Vectors = npt.NDArray[np.float32]

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


class Embedder(Protocol):
    """Turns texts into rows of unit length, so that an inner product is the cosine of two texts."""

    @property
    def name(self) -> str:
        """The model's name, as the data records it."""

    @property
    def fingerprint(self) -> str:
        """What the vectors depend on: a digest of the model's files and of how they were exported."""

    @property
    def dimension(self) -> int:
        """The length of each row."""

    @property
    def tokenizer_json(self) -> str:
        """The tokenizer, in the format of the `tokenizers` library."""

    def embed_query(self, text: str) -> Vectors:
        """Return the vector of a question, shape `(dimension,)`."""

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages or sentences, shape `(len(texts), dimension)`, each from its text alone."""


@dataclass(frozen=True, slots=True)
class ModelCard(Card):
    """What is known of a prepared embedding model. `lowest_cosine` is to the reference, over the probes."""

    dimension: int
    query_prompt: str
    document_prompt: str
    lowest_cosine: float


def find_model(models_dir: Path, name: str, fingerprint: str | None = None) -> Path:
    """Return the folder of a prepared model, by the fingerprint where the data names one; or raise ModelNotPrepared."""
    return find_folder(ModelCard, models_dir, name, fingerprint)


class OnnxEmbedder:
    """An embedder over a model's folder. Texts are spread over `threads`, each text run on one core."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.card = read_card(ModelCard, folder)
        self._model = OnnxModel(folder, self.card)
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="embed")

    @property
    def name(self) -> str:
        """The model's name, as the data records it."""
        return self.card.name

    @property
    def fingerprint(self) -> str:
        """A digest of the model's files and of how they were exported."""
        return self.card.fingerprint

    @property
    def dimension(self) -> int:
        """The length of each row."""
        return self.card.dimension

    @property
    def tokenizer_json(self) -> str:
        """The tokenizer, in the format of the `tokenizers` library."""
        return self._model.tokenizer_json

    def embed_query(self, text: str) -> Vectors:
        """Return the vector of a question, shape `(dimension,)`."""
        return self._model.row(self.card.query_prompt + text)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages or sentences, shape `(len(texts), dimension)`."""
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        prompted = (self.card.document_prompt + text for text in texts)
        for row, vector in enumerate(self._pool.map(self._model.row, prompted)):
            rows[row] = vector
        return rows
