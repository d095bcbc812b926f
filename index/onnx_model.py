"""A prepared model's folder: its card, its tokenizer and its graph, run by ONNX Runtime without PyTorch."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import cache, cached_property
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf, NoSuchFile
from tokenizers import Encoding, Tokenizer

from index.errors import ModelNotPrepared, ModelUnusable

CARD, ONNX, TOKENIZER = "card.json", "model.onnx", "tokenizer.json"
# What a graph gives: a row for a text, and one for each of its tokens where the model has them.
ROW, TOKENS = "row", "tokens"
# Adding and normalising in one node takes longer than in two.
_SLOWER_FUSION = "SkipLayerNormFusion"
_SUMS = Path(__file__).with_name("sums.onnx")


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of any prepared model; kept as `card.json` beside it.

    `fingerprint` is a digest of the model's files and of how they were exported; `max_tokens` is how much of an input
    is read; `inputs` are the names of the graph's inputs.
    """

    name: str
    fingerprint: str
    max_tokens: int
    precision: str
    inputs: list[str]
    onnx_sha256: str
    tokenizer_sha256: str
    made_with: dict[str, str]


C = TypeVar("C", bound=Card)
Session: TypeAlias = onnxruntime.InferenceSession
# What to do about a damaged model that `rag prepare` has made.
_REMEDY = "run `rag prepare --force`"
Rows = npt.NDArray[np.float32]


def write_card(card: Card, folder: Path) -> None:
    """Write a card into a model's folder."""
    (folder / CARD).write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")


def read_card(kind: type[C], folder: Path, remedy: str = _REMEDY) -> C:
    """Return the card of a model's folder; raise ModelUnusable, with the remedy, where it is damaged."""
    try:
        return kind(**json.loads((folder / CARD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelUnusable(f"The model card in '{folder}' is damaged ({error}); {remedy}.") from error


def find_folder(kind: type[Card], models_dir: Path, name: str, fingerprint: str | None = None) -> Path:
    """Return the folder of a prepared model, of this fingerprint where one is given; or raise ModelNotPrepared."""
    for path in sorted(models_dir.glob(f"*/{CARD}")):
        if _is_of_another_version(kind, path):
            continue
        card = read_card(kind, path.parent)
        if card.name == name and fingerprint in {None, card.fingerprint}:
            return path.parent
    which = f" with fingerprint {fingerprint[:12]}" if fingerprint else ""
    raise ModelNotPrepared(f"Model {name!r}{which} is not prepared in '{models_dir}'; run `rag prepare`.")


def _is_of_another_version(kind: type[Card], path: Path) -> bool:
    """Return whether a card is sound but says other things than this version writes."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.keys() != {field.name for field in fields(kind)}


class OnnxModel:
    """A graph with its tokenizer. Each run is on one core; any number of threads may run it at once.

    Inputs are run one at a time: in dynamic quantisation the scales of a batch depend on all its members, so in a
    batch an input's row would depend on its neighbours.
    """

    def __init__(self, folder: Path, card: Card, remedy: str = _REMEDY) -> None:
        self.tokenizer_json = _checked_file(folder / TOKENIZER, card.tokenizer_sha256, remedy).decode()
        graph = _checked_file(folder / ONNX, card.onnx_sha256, remedy)
        try:
            self._session = session(graph, slow_sums=_sums_overflow())
        except (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
            raise ModelUnusable(f"The model in '{folder}' does not load ({error}); {remedy}.") from error
        self._inputs = tuple(card.inputs)
        self._tokenizer = Tokenizer.from_str(self.tokenizer_json)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(card.max_tokens)

    @cached_property
    def unknown_token(self) -> int | None:
        """The number of the token that stands for whatever the tokenizer does not know; None where it knows all."""
        model = json.loads(self.tokenizer_json)["model"]
        known: int | None = self._tokenizer.token_to_id(model["unk_token"]) if model.get("unk_token") else None
        return known

    def is_token(self, word: str) -> bool:
        """Return whether a word is one token, at the beginning of a text or after a blank, and no unknown one."""
        encodings = (self._tokenizer.encode(text, add_special_tokens=False) for text in (word, f" {word}"))
        return any(len(one.ids) == 1 and one.ids[0] != self.unknown_token for one in encodings)

    def run(self, text: str, pair: str | None = None) -> tuple[list[Rows], Encoding]:
        """Return the outputs for a text, or for a pair of texts that are read together, and its tokens.

        The first output has shape `(width,)`; a second has a row for each token.
        """
        encoding = self._tokenizer.encode(text, pair)
        features = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {name: np.array([features[name]], dtype=np.int64) for name in self._inputs}
        return [output[0] for output in self._session.run(None, feed)], encoding


def session(graph: bytes, *, slow_sums: bool = False) -> Session:
    """Open a graph to be run on one core; with `slow_sums`, sums with weights of int8 are exact on any processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", str(int(slow_sums)))
    return Session(graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=[_SLOWER_FUSION])


@cache
def _sums_overflow() -> bool:
    """Tell whether sums of int8 products overflow here, as they do on x86 processors without VNNI, and are then wrong.

    `sums.onnx` multiplies one row of 64 inputs by weights that are all 127.
    """
    greatest = np.full((1, 64), 255, dtype=np.uint8)
    (sums,) = session(_SUMS.read_bytes()).run(None, {"inputs": greatest})
    return bool((sums != 64 * 255 * 127).any())


def _checked_file(path: Path, sha256: str, remedy: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelUnusable(f"'{path}' cannot be read ({error.strerror}); {remedy}.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelUnusable(f"'{path}' is damaged: its SHA-256 is not {sha256[:12]}…; {remedy}.")
    return content
