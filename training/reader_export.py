"""Exports a trained reader to int8 ONNX, checked against its float weights, with cards for programs and people.

    python -m training.reader_export FOLDER READER OUT

FOLDER has the examples it was trained on, of which those kept apart are read once more. The model card's figures are
filled in by `training/reader_evaluation.py`.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from index.errors import ModelUnusable
from index.export import RECIPE, digest, made_with, precisions, write_graph
from index.onnx_model import ONNX, ROW, TOKENIZER, TOKENS, Card, OnnxModel, write_card
from training.examples import Examples
from training.questions import CLAIM_DEV, DEV, NQ_DEV
from training.reader import MAX_TOKENS, Logits, Reader, load, padded, read_all, tokenizer_of

NAME = "footnote-reader"
MODEL_CARD = "README.md"
LARGEST_FILE = 25_000_000
# Of the probabilities that a passage answers, in float and in int8, on the pairs kept apart: the mean difference.
LARGEST_ERROR = 0.05
CHECKED = 300

_PEOPLE = """# Footnote's reader

Reads a question and a passage together, in English. In one pass it gives two logits of the pair, that the passage is
relevant and that it has no answer (`row`), and for each token those of an answer's beginning and ending there
(`tokens`). {layers} layers of 384 dimensions, {precision}, {size:.1f} MB, at most {max_tokens} tokens.

SHA-256 of `{onnx}`: `{onnx_sha256}`

## Made from

all-MiniLM-L6-v2 (Apache-2.0), trained by `training/reader_training.py` on examples of `training/examples.py`, with hard
negatives from the first ranking:

| set | used | licence |
| --- | --- | --- |
| SQuAD 1.1 dev | questions with answers | CC BY-SA 4.0 |
| SQuAD 2.0 dev, half | questions without an answer | CC BY-SA 4.0 |
| Natural Questions, `train` of nq_open_oracle | questions with answers | CC BY-SA 3.0 |
| TimeQA, human, train | questions with and without answers | BSD-3 |
| SciFact, `train` | claims; titles of judged abstracts | claims CC BY 4.0, abstracts ODC-By |

Kept apart: one article in eight of SQuAD and TimeQA, {nq_dev} questions of Natural Questions, {claim_dev} claims.

## Figures

int8 against float32 on {checked} pairs kept apart: probabilities of an answer differ by {error:.4f} in the mean,
relevance correlates by {correlation:.4f}.

Below, of the first ranking's best 10: score = the first ranking's + 0.02 × the logit of relevance, bounded to ±6; that
was chosen on what was kept apart.

<!-- figures -->
<!-- end of figures -->

## Limits

Short passages of encyclopedic text and abstracts are most of what it has read; of news it has read none. Its
probabilities are not calibrated. Questions that compare several articles have no answer in any one passage, and it says
so of each.
"""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How an export agrees with its reference: the mean error of probabilities, and the correlation of relevance."""

    error: float
    correlation: float


def export(folder: Path, out: Path, examples: Examples) -> Card:
    """Write graph, tokenizer and cards of the reader in `folder` into `out`; raise ModelUnusable where int8 strays."""
    reader, tokenizer = load(folder), tokenizer_of(folder)
    out.mkdir(parents=True, exist_ok=True)
    pairs = _pairs(examples)
    with tempfile.TemporaryDirectory(dir=out) as made:
        inputs = write_graph(
            lambda features: reader(**features),
            reader,
            padded(tokenizer.encode_batch(pairs[:2]), torch.device("cpu")),
            [ROW, TOKENS],
            Path(made),
        )
        precision = next(precisions(Path(made), reader))
        shutil.move(Path(made) / ONNX, out / ONNX)
    described = json.loads(tokenizer.to_str()) | {"truncation": None, "padding": None}
    (out / TOKENIZER).write_text(json.dumps(described), encoding="utf-8")
    card = Card(
        name=NAME,
        fingerprint=hashlib.sha256(f"{RECIPE} {digest(folder / 'reader.pt')}".encode()).hexdigest(),
        max_tokens=MAX_TOKENS,
        precision=precision,
        inputs=inputs,
        onnx_sha256=digest(out / ONNX),
        tokenizer_sha256=digest(out / TOKENIZER),
        made_with=made_with(),
    )
    write_card(card, out)
    agreement = _agreement(reader, tokenizer, OnnxModel(out, card), pairs)
    _check(agreement, out / ONNX)
    _write_model_card(reader, card, agreement, len(pairs), out)
    return card


def _pairs(examples: Examples) -> list[tuple[str, str]]:
    kept_apart = [
        (example.question, examples.passages[candidate.passage])
        for example in examples.of(DEV)
        for candidate in example.candidates[:3]
    ]
    return kept_apart[:CHECKED]


def _agreement(reader: Reader, tokenizer: Tokenizer, model: OnnxModel, pairs: list[tuple[str, str]]) -> Agreement:
    expected = read_all(reader, tokenizer, pairs)
    made: Logits = np.stack([model.run(question, text)[0][0] for question, text in pairs])
    error = np.abs(_probability(made[:, 1]) - _probability(expected[:, 1])).mean()
    return Agreement(float(error), float(np.corrcoef(made[:, 0], expected[:, 0])[0, 1]))


def _probability(logits: Logits) -> Logits:
    probabilities: Logits = (1 / (1 + np.exp(-logits))).astype(np.float32)
    return probabilities


def _check(agreement: Agreement, onnx: Path) -> None:
    if agreement.error > LARGEST_ERROR:
        raise ModelUnusable(
            f"The int8 export strays from its reference by {agreement.error:.3f} in the mean, at most {LARGEST_ERROR} "
            "is let through; train longer."
        )
    if onnx.stat().st_size > LARGEST_FILE:
        raise ModelUnusable(
            f"'{onnx}' has {onnx.stat().st_size} bytes, at most {LARGEST_FILE} are let through; keep fewer layers."
        )


def _write_model_card(reader: Reader, card: Card, agreement: Agreement, checked: int, out: Path) -> None:
    said = _PEOPLE.format(
        layers=reader.encoder.config.num_hidden_layers,
        precision=card.precision,
        size=(out / ONNX).stat().st_size / 1e6,
        max_tokens=card.max_tokens,
        onnx=ONNX,
        onnx_sha256=card.onnx_sha256,
        nq_dev=NQ_DEV,
        claim_dev=CLAIM_DEV,
        checked=checked,
        error=agreement.error,
        correlation=agreement.correlation,
    )
    (out / MODEL_CARD).write_text(said, encoding="utf-8")


def main() -> None:
    """Export and say what was made."""
    parser = argparse.ArgumentParser(prog="python -m training.reader_export")
    parser.add_argument("folder", type=Path)
    parser.add_argument("reader", type=Path)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    card = export(asked.reader, asked.out, Examples.read(asked.folder))
    sys.stdout.write(f"{asked.out}: {card.precision}, {card.onnx_sha256}\n")


if __name__ == "__main__":
    main()
