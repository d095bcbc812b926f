"""Embedding texts with the prepared model."""

import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.document import Span
from index.onnx_model import Card, OnnxModel, find_folder, read_card

Vectors = npt.NDArray[np.float32]

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """What a model makes of a text: a vector of the whole, shape `(dimension,)`, and one of each token in its context.

    `tokens` has shape `(n_tokens, token_dimension)` and `spans` where each token stands in the text, ascending. Every
    vector has unit length, so that an inner product is a cosine. What is beyond the text that a model reads has no
    tokens.
    """

    vector: Vectors
    tokens: Vectors
    spans: tuple[Span, ...]


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """The model's name, as the data records it."""

    @property
    def fingerprint(self) -> str:
        """What the vectors depend on: a digest of the model's files and of how they were exported."""

    @property
    def dimension(self) -> int:
        """The length of a text's vector."""

    @property
    def token_dimension(self) -> int:
        """The length of a token's vector."""

    @property
    def tokenizer_json(self) -> str:
        """The tokenizer, in the format of the `tokenizers` library."""

    def is_word(self, word: str) -> bool:
        """Return whether the model knows a word as a whole, and not by its pieces."""

    def embed_query(self, text: str) -> Embedding:
        """Return the embedding of a question."""

    def embed_texts(self, texts: Sequence[str]) -> list[Embedding]:
        """Return the embeddings of passages, each from its text alone."""


@dataclass(frozen=True, slots=True)
class ModelCard(Card):
    """What is known of a prepared embedding model. `lowest_cosine` is to the reference, over the probes."""

    dimension: int
    token_dimension: int
    query_prompt: str
    document_prompt: str
    lowest_cosine: float


def find_model(models_dir: Path, name: str, fingerprint: str | None = None) -> Path:
    """Return the folder of a prepared model, by the fingerprint where the data names one; or raise ModelNotPrepared."""
    return find_folder(ModelCard, models_dir, name, fingerprint)


# As phones and word processors set it, in one character each, so that offsets stay.
_APOSTROPHES = str.maketrans("’‘´`ʼ", "'" * 5)


class OnnxEmbedder:
    """An embedder over a model's folder. Texts are spread over `threads`, each text run on one core."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.card = read_card(ModelCard, folder)
        self._model = OnnxModel(folder, self.card)
        self._unknown = self._model.unknown_token
        self._opened_with = folder, threads
        self._pool = ThreadPoolExecutor(
            threads or os.cpu_count() or 1, thread_name_prefix="embed", initializer=give_way
        )

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
        """The length of a text's vector."""
        return self.card.dimension

    @property
    def token_dimension(self) -> int:
        """The length of a token's vector."""
        return self.card.token_dimension

    @property
    def tokenizer_json(self) -> str:
        """The tokenizer, in the format of the `tokenizers` library."""
        return self._model.tokenizer_json

    def is_word(self, word: str) -> bool:
        """Return whether the model knows a word as a whole, and not by its pieces."""
        return self._model.is_token(word)

    def embed_query(self, text: str) -> Embedding:
        """Return the embedding of a question. What the tokenizer does not know has no tokens: it would match itself.

        Every apostrophe is read as the one that keyboards have.
        """
        return self._embedded(self.card.query_prompt, text.translate(_APOSTROPHES), leave_out=self._unknown)

    def embed_texts(self, texts: Sequence[str]) -> list[Embedding]:
        """Return the embeddings of passages, each from its text alone."""
        return list(self._pool.map(partial(self._embedded, self.card.document_prompt), texts))

    def __reduce__(self) -> tuple[type["OnnxEmbedder"], tuple[Path, int]]:
        """Return how another process opens the same model."""
        return OnnxEmbedder, self._opened_with

    def _embedded(self, prompt: str, text: str, leave_out: int | None = None) -> Embedding:
        (vector, of_tokens), encoding = self._model.run(prompt + text)
        # Neither the prompt's tokens nor the model's own marks are of the text.
        kept, spans, begin = [], [], len(prompt)
        # Each of these makes a list when it is read.
        tokens = zip(encoding.offsets, encoding.special_tokens_mask, encoding.ids, strict=True)
        for position, ((start, end), mark, token) in enumerate(tokens):
            if begin <= start < end and not mark and token != leave_out:
                kept.append(position)
                spans.append(Span(start - begin, end - begin))
        return Embedding(vector, of_tokens[kept], tuple(spans))


def give_way() -> None:
    """Have this thread embed in what questions leave of the cores; on Linux each thread has a priority of its own."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
