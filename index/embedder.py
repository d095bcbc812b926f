"""Embedding texts: the prepared model, run by ONNX Runtime and the Rust tokenizer, without PyTorch."""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf, NoSuchFile
from tokenizers import Tokenizer

from index.errors import ModelNotPrepared, ModelUnusable

Vectors = npt.NDArray[np.float32]

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
CARD, ONNX, TOKENIZER = "card.json", "model.onnx", "tokenizer.json"


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
class ModelCard:
    """What is known of a prepared model; kept as `card.json` beside it."""

    name: str
    fingerprint: str
    dimension: int
    max_tokens: int
    precision: str
    query_prompt: str
    document_prompt: str
    inputs: list[str]
    onnx_sha256: str
    tokenizer_sha256: str
    lowest_cosine: float
    made_with: dict[str, str]

    def write(self, folder: Path) -> None:
        """Write the card into the model's folder."""
        (folder / CARD).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "ModelCard":
        """Return the card of a model's folder; raise ModelUnusable where it is damaged."""
        try:
            return cls(**json.loads((folder / CARD).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ModelUnusable(
                f"The model card in '{folder}' is damaged ({error}); run `rag prepare --force`."
            ) from error


def find_model(models_dir: Path, name: str, fingerprint: str | None = None) -> Path:
    """Return the folder of a prepared model, by the fingerprint where the data names one; or raise ModelNotPrepared."""
    for folder in sorted(models_dir.glob(f"*/{CARD}")):
        card = ModelCard.read(folder.parent)
        if card.name == name and fingerprint in {None, card.fingerprint}:
            return folder.parent
    which = f" with fingerprint {fingerprint[:12]}" if fingerprint else ""
    raise ModelNotPrepared(f"Model {name!r}{which} is not prepared in '{models_dir}'; run `rag prepare`.")


class OnnxEmbedder:
    """An embedder over a model's folder.

    Each text is run alone: in dynamic quantisation the scales of a batch depend on all its members, so in a batch a
    text's vector would depend on its neighbours. Texts are spread over `threads` instead, each run on one core.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        self.card = ModelCard.read(folder)
        self._tokenizer_json = _checked_file(folder / TOKENIZER, self.card.tokenizer_sha256).decode()
        model = _checked_file(folder / ONNX, self.card.onnx_sha256)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
            raise ModelUnusable(
                f"The model in '{folder}' does not load ({error}); run `rag prepare --force`."
            ) from error
        self._tokenizer = Tokenizer.from_str(self._tokenizer_json)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.card.max_tokens)
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
        return self._tokenizer_json

    def embed_query(self, text: str) -> Vectors:
        """Return the vector of a question, shape `(dimension,)`."""
        return self._embed(self.card.query_prompt + text)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages or sentences, shape `(len(texts), dimension)`."""
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        prompted = (self.card.document_prompt + text for text in texts)
        for row, vector in enumerate(self._pool.map(self._embed, prompted)):
            rows[row] = vector
        return rows

    def _embed(self, text: str) -> Vectors:
        encoding = self._tokenizer.encode(text)
        features = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {name: np.array([features[name]], dtype=np.int64) for name in self.card.inputs}
        vector: Vectors = self._session.run(None, feed)[0][0]
        return vector


def _checked_file(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelUnusable(f"'{path}' cannot be read ({error.strerror}); run `rag prepare --force`.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelUnusable(f"'{path}' is damaged: its SHA-256 is not {sha256[:12]}…; run `rag prepare --force`.")
    return content
