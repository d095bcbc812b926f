"""Reading a question and a passage together: a prepared cross-encoder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from index.onnx_model import Card, OnnxModel, find_folder, read_card

# Prepared cross-encoders are kept in a folder of their own among the prepared models.
FOLDER = "rerankers"


class Reranker(Protocol):
    """Scores how well a passage answers a question, having read both."""

    @property
    def name(self) -> str:
        """The model's name."""

    def score(self, question: str, text: str) -> float:
        """Return the relevance of a text to a question in [0, 1]."""


@dataclass(frozen=True, slots=True)
class CrossEncoderCard(Card):
    """What is known of a prepared cross-encoder. `largest_error` is of a score to the reference's, over the probes."""

    largest_error: float


class CrossEncoder:
    """A cross-encoder over a model's folder. Each pair is read on one core; threads may read at once."""

    def __init__(self, folder: Path) -> None:
        self.card = read_card(CrossEncoderCard, folder)
        self._model = OnnxModel(folder, self.card)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.card.name

    def score(self, question: str, text: str) -> float:
        """Return the relevance of a text to a question in [0, 1]: the logistic function of the model's logit."""
        return float(self._model.run(question, text)[0][0][0])


def open_cross_encoder(models_dir: Path, name: str) -> CrossEncoder:
    """Return the prepared cross-encoder `name`; raise ModelNotPrepared where it is not prepared."""
    return CrossEncoder(find_folder(CrossEncoderCard, models_dir / FOLDER, name))
