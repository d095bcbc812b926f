"""The reader that comes along: one small model that reads a question and a passage together, and finds the answer."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.onnx_model import Card, OnnxModel, Rows, read_card
from index.records import Numbers

WEIGHTS = Path(__file__).with_name("weights")
_REMEDY = "install footnote anew"


@dataclass(frozen=True, slots=True, eq=False)
class PairReading:
    """What the reader says of a question and a text.

    `relevance` and `no_answer` are logits: that the text is relevant, and that it has no answer. `offsets`, shape
    `(tokens, 2)`, is where each token of the text begins and ends in it; `starts` and `ends`, shape `(tokens,)`, are
    the logarithms of the probabilities that an answer begins and ends with the token. A text too long is read in part.
    """

    relevance: float
    no_answer: float
    offsets: Numbers
    starts: Rows
    ends: Rows


class Reader:
    """The reader in a folder, by default the one that comes along. Each pair is read on one core; threads may at once.

    Raises ModelUnusable where a file is not the one that its card names.
    """

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self.card = read_card(Card, folder, _REMEDY)
        self._model = OnnxModel(folder, self.card, _REMEDY)

    def read(self, question: str, text: str) -> PairReading:
        """Return what the reader says of a question and a text, in one pass."""
        (of_pair, of_tokens), encoding = self._model.run(question, text)
        own = (np.array(encoding.type_ids) == 1) & (np.array(encoding.special_tokens_mask) == 0)
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)[own]
        chances = _log_softmax(of_tokens[own])
        return PairReading(float(of_pair[0]), float(of_pair[1]), offsets, chances[:, 0], chances[:, 1])


def _log_softmax(logits: Rows) -> Rows:
    if not len(logits):
        return logits
    shifted = logits - logits.max(axis=0)
    chances: Rows = shifted - np.log(np.exp(shifted).sum(axis=0))
    return chances
