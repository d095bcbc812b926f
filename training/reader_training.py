"""Training the reader on examples of `training.examples`.

    python -m training.reader_training FOLDER OUT [--steps N] [--minutes M] [--layers N] [--rate R] [--threads N]

A step reads GROUPS questions, each with one relevant passage and NEGATIVES that the first ranking placed well and that
do not answer. What is lost: in ranking, by a softmax over the passages of each question, in which the first ranking has
a say, so that what it knew is not unlearned; in saying whether a passage answers; and in where. Training goes on from
the checkpoint in OUT where there is one, and on a processor ends as it would have. OUT has `progress.jsonl`: what was
lost, and at each checkpoint how the questions kept apart are ranked. At the end it prints that, beside what chance
would give.
"""

import argparse
import json
import math
import random
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Encoding, Tokenizer
from torch.nn import functional

from training.examples import Candidate, Example, Examples
from training.questions import DEV, TRAIN
from training.reader import READ_AT_ONCE, Reader, base_model, begin, half, padded, read_all, save, tokenizer_of

GROUPS, NEGATIVES = 8, 4
PEAK_RATE, WARM_UP, WEIGHT_DECAY = 1.5e-4, 0.06, 0.01
AVERAGED = 0.998
# What the first ranking has to say in the target of a ranking, and how sharp it is.
FIRST_SHARE, FIRST_WIDTH = 0.2, 0.1
ANSWER_WEIGHT, SPAN_WEIGHT = 0.5, 0.25
# How often an example of each kind stands in one pass over all.
REPEATS = {"nq": 2, "claim": 3}
CHECKPOINT_S = 600.0
# Of each kind so many of the questions kept apart are ranked at a checkpoint, and at the end.
RANKED_ON_THE_WAY, RANKED = 20, 100
# How often a question is put in another way: its telling words alone, with slips of the pen, or a part of its words.
KEYWORDS, SLIPS, SHORTENED = 0.15, 0.12, 0.08
_STOPWORDS = """
    a an the of in on at to for from by with and or is are was were be been do does did has have had who whom whose
    what when where which why how that this these those it its as if than then there their his her he she they you
    i we me my your our us them him not no can could will would should may might
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a passage as they are read, with what is known of the passage."""

    encoding: Encoding
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training has come."""

    step: int = 0
    seconds: float = 0.0


def reworded(question: str, chance: random.Random) -> str:
    """Return a question as others might put it, most often as it is."""
    drawn = chance.random()
    if drawn < KEYWORDS:
        telling = [word for word in re.findall(r"[\w’'-]+", question) if word.lower() not in _STOPWORDS.split()]
        return " ".join(telling) if len(telling) > 1 else question
    if drawn < KEYWORDS + SLIPS:
        return _slipped(question, chance)
    if drawn < KEYWORDS + SLIPS + SHORTENED:
        words = question.split()
        return " ".join(word for word in words if chance.random() > 0.25) or question
    return question


def _slipped(question: str, chance: random.Random) -> str:
    """Return a question in which about every sixth longer word has a letter left out, doubled or exchanged."""
    words = question.split(" ")
    for number, word in enumerate(words):
        if len(word) > 3 and chance.random() < 1 / 6:
            at = chance.randrange(1, len(word) - 1)
            words[number] = chance.choice(
                (
                    word[:at] + word[at + 1 :],
                    word[:at] + word[at] + word[at:],
                    word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                )
            )
    return " ".join(words)


def drawn(example: Example, chance: random.Random) -> list[Candidate]:
    """Return the best relevant candidate, if there is one, and wrong ones, more often such as are ranked well."""
    relevant = [candidate for candidate in example.candidates if candidate.is_relevant][:1]
    wrong = [(rank, one) for rank, one in enumerate(example.candidates) if not one.is_relevant]
    wrong.sort(key=lambda item: chance.random() ** (item[0] + 4), reverse=True)
    return [*relevant, *(one for _, one in wrong[: NEGATIVES + 1 - len(relevant)])]


def order(examples: Sequence[Example], seed: int) -> Iterator[Example]:
    """Yield examples without end, pass after pass, each kind as often as REPEATS says."""
    repeated = [example for example in examples for _ in range(REPEATS.get(example.kind, 1))]
    for number in range(sys.maxsize):
        yield from random.Random(f"{seed} {number}").sample(repeated, len(repeated))


def losses(reader: Reader, groups: Sequence[Sequence[Pair]], device: torch.device) -> dict[str, torch.Tensor]:
    """Return what is lost in ranking, in saying whether a passage answers, and in where."""
    pairs = [pair for group in groups for pair in group]
    of_pair, starts, ends = _read(reader, pairs, device)
    rankings, at = [], 0
    for group in groups:
        logits = functional.log_softmax(of_pair[at : at + len(group), 0], dim=0)
        rankings.append(-(_target(group).to(device) * logits).sum())
        at += len(group)
    known = [number for number, pair in enumerate(pairs) if pair.candidate.answers is not None]
    lacking = torch.tensor([not pairs[number].candidate.answers for number in known], dtype=torch.float32)
    answering = functional.binary_cross_entropy_with_logits(of_pair[known, 1], lacking.to(device))
    placed = [
        _missed(starts[number], firsts) + _missed(ends[number], lasts)
        for number, pair in enumerate(pairs)
        for firsts, lasts in [_span_tokens(pair)]
        if firsts and lasts
    ]
    nothing = torch.zeros((), device=device)
    return {
        "ranking": torch.stack(rankings).mean(),
        "answering": answering if known else nothing,
        "span": torch.stack(placed).mean() if placed else nothing,
    }


def _read(
    reader: Reader, pairs: Sequence[Pair], device: torch.device
) -> tuple[torch.Tensor, dict[int, torch.Tensor], dict[int, torch.Tensor]]:
    """Return the logits of the pairs in their order, and by its number each relevant pair's of beginning and ending."""
    by_length = sorted(range(len(pairs)), key=lambda number: len(pairs[number].encoding.ids))
    rows, starts, ends = [], {}, {}
    for at in range(0, len(by_length), READ_AT_ONCE):
        numbers = by_length[at : at + READ_AT_ONCE]
        with half(device):
            of_pair, of_token = reader(**padded([pairs[number].encoding for number in numbers], device))
        rows.append(of_pair.float())
        for row, number in enumerate(numbers):
            if pairs[number].candidate.spans:
                types = torch.tensor(pairs[number].encoding.type_ids, device=device)
                logits = of_token[row, : len(types)].float().masked_fill(types[:, None] == 0, -1e4)
                starts[number], ends[number] = logits[:, 0], logits[:, 1]
    back = torch.tensor(np.argsort(by_length), device=device)
    return torch.cat(rows)[back], starts, ends


def _target(group: Sequence[Pair]) -> torch.Tensor:
    """Return what a ranking should be: all for the relevant passage, but for the first ranking's share."""
    scores = torch.tensor([pair.candidate.score for pair in group])
    relevant = torch.tensor([float(pair.candidate.is_relevant) for pair in group])
    return (1 - FIRST_SHARE) * relevant + FIRST_SHARE * functional.softmax(scores / FIRST_WIDTH, dim=0)


def _span_tokens(pair: Pair) -> tuple[list[int], list[int]]:
    """Return the first tokens and the last tokens of the answers in a passage."""
    firsts, lasts = set(), set()
    for start, end in pair.candidate.spans:
        first, last = pair.encoding.char_to_token(start, 1), pair.encoding.char_to_token(end - 1, 1)
        if first is not None and last is not None:
            firsts.add(first)
            lasts.add(last)
    return sorted(firsts), sorted(lasts)


def _missed(logits: torch.Tensor, tokens: Sequence[int]) -> torch.Tensor:
    return torch.logsumexp(logits, dim=0) - torch.logsumexp(logits[list(tokens)], dim=0)


class Training:
    """Training that can be left and taken up again. It ends after some steps, or after some seconds of its own.

    Every `checkpoint_s` seconds a checkpoint is written, and it is evaluated.
    """

    def __init__(
        self,
        examples: Examples,
        reader: Reader,
        tokenizer: Tokenizer,
        out: Path,
        seed: int = 7,
        rate: float = PEAK_RATE,
        checkpoint_s: float = CHECKPOINT_S,
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.reader = reader.to(self.device).train()
        # The words' own vectors stay: there are more of them than examples could teach.
        self.reader.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        self._examples, self._tokenizer, self._out, self._seed = examples, tokenizer, out, seed
        self._rate, self._checkpoint_s = rate, checkpoint_s
        self._trained = [weight for weight in self.reader.parameters() if weight.requires_grad]
        self._average = [weight.detach().clone() for weight in self._trained]
        self._optimizer = torch.optim.AdamW(self._trained, lr=rate, weight_decay=WEIGHT_DECAY)
        self.progress = Progress()

    def run(self, steps: int, seconds: float = float("inf")) -> None:
        """Train to the end, and leave the averaged weights in the reader."""
        torch.manual_seed(self._seed)
        self._resume()
        examples = order(self._examples.of(TRAIN), self._seed)
        for _ in range(self.progress.step * GROUPS):
            next(examples)
        saved_at = self.progress.seconds
        while (share := self._share(steps, seconds)) < 1:
            started = time.monotonic()
            lost = self._step([next(examples) for _ in range(GROUPS)], share)
            self.progress = Progress(self.progress.step + 1, self.progress.seconds + time.monotonic() - started)
            if self.progress.step % 20 == 0:
                self._say({"share": share, **lost})
            if self.progress.seconds - saved_at >= self._checkpoint_s:
                self._keep()
                self._say(self._evaluated())
                saved_at = self.progress.seconds
        self._exchange()
        self.reader.eval()

    def _exchange(self) -> None:
        """Put the averaged weights in the reader and keep those that were there, or the other way round."""
        with torch.no_grad():
            for weight, average in zip(self._trained, self._average, strict=True):
                kept = weight.clone()
                weight.copy_(average)
                average.copy_(kept)

    def _share(self, steps: int, seconds: float) -> float:
        return max(self.progress.step / steps, self.progress.seconds / seconds)

    def _step(self, examples: Sequence[Example], share: float) -> dict[str, float]:
        chance = random.Random(f"{self._seed} {self.progress.step}")
        groups = []
        for example in examples:
            question = reworded(example.question, chance)
            candidates = drawn(example, chance)
            texts = [(question, self._examples.passages[candidate.passage]) for candidate in candidates]
            groups.append([*map(Pair, self._tokenizer.encode_batch(texts), candidates)])
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * min(share / WARM_UP, (1 - share) / (1 - WARM_UP))
        lost = losses(self.reader, groups, self.device)
        (lost["ranking"] + ANSWER_WEIGHT * lost["answering"] + SPAN_WEIGHT * lost["span"]).backward()
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        kept = min(AVERAGED, self.progress.step / (self.progress.step + 10))
        with torch.no_grad():
            for weight, average in zip(self._trained, self._average, strict=True):
                average.lerp_(weight, 1 - kept)
        return {name: float(value) for name, value in lost.items()}

    def _evaluated(self) -> dict[str, float]:
        """Return the reciprocal ranks that the averaged weights reach so far."""
        self._exchange()
        self.reader.eval()
        ranks = reciprocal_ranks(self.reader, self._tokenizer, self._examples, RANKED_ON_THE_WAY)
        self.reader.train()
        self._exchange()
        return {f"reciprocal rank, {kind}": reached for kind, (reached, _) in ranks.items()}

    def _say(self, values: Mapping[str, float]) -> None:
        said = json.dumps({name: round(value, 4) for name, value in (asdict(self.progress) | dict(values)).items()})
        with (self._out / "progress.jsonl").open("a", encoding="utf-8") as file:
            file.write(said + "\n")
        sys.stderr.write(said + "\n")

    def _keep(self) -> None:
        kept = {
            "reader": self.reader.state_dict(),
            "average": self._average,
            "optimizer": self._optimizer.state_dict(),
            "progress": asdict(self.progress),
            "random": torch.get_rng_state(),
        }
        torch.save(kept, self._out / "checkpoint.new")
        (self._out / "checkpoint.new").replace(self._out / "checkpoint.pt")

    def _resume(self) -> None:
        self._out.mkdir(parents=True, exist_ok=True)
        if not (self._out / "checkpoint.pt").exists():
            return
        kept = torch.load(self._out / "checkpoint.pt", map_location=self.device, weights_only=True)
        self.reader.load_state_dict(kept["reader"])
        self._average = kept["average"]
        self._optimizer.load_state_dict(kept["optimizer"])
        self.progress = Progress(**kept["progress"])
        torch.set_rng_state(kept["random"].cpu())


def reciprocal_ranks(
    reader: Reader, tokenizer: Tokenizer, examples: Examples, limit: int
) -> dict[str, tuple[float, float]]:
    """Return by kind, over the examples kept apart, the mean reciprocal rank and the one that chance would give."""
    found: dict[str, list[tuple[float, float]]] = {}
    for example in examples.of(DEV):
        relevant = [candidate.is_relevant for candidate in example.candidates]
        ranks = found.setdefault(example.kind, [])
        if any(relevant) and len(ranks) < limit:
            texts = [(example.question, examples.passages[one.passage]) for one in example.candidates]
            by_score = np.argsort(-read_all(reader, tokenizer, texts)[:, 0], kind="stable")
            reached = 1 / (1 + next(rank for rank, number in enumerate(by_score) if relevant[number]))
            ranks.append((reached, by_chance(sum(relevant), len(relevant))))
    means = {kind: np.mean(ranks, axis=0).tolist() for kind, ranks in found.items() if ranks}
    return {kind: (round(reached, 4), round(expected, 4)) for kind, (reached, expected) in means.items()}


def by_chance(relevant: int, candidates: int) -> float:
    """Return the expected reciprocal rank of the first relevant of candidates in random order."""
    return sum(
        math.comb(candidates - rank, relevant - 1) / math.comb(candidates, relevant) / rank
        for rank in range(1, candidates - relevant + 2)
    )


def main() -> None:
    """Train, save and say how the examples kept apart are ranked."""
    parser = argparse.ArgumentParser(prog="python -m training.reader_training")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--layers", type=int)
    parser.add_argument("--rate", type=float, default=PEAK_RATE, help="the learning rate at its highest")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    examples, tokenizer = Examples.read(asked.folder), tokenizer_of(base_model())
    training = Training(examples, begin(base_model(), asked.layers), tokenizer, asked.out, rate=asked.rate)
    training.run(asked.steps, asked.minutes * 60)
    save(training.reader, tokenizer, asked.out)
    ranks = reciprocal_ranks(training.reader, tokenizer, examples, RANKED)
    sys.stdout.write(json.dumps(ranks) + "\n")


if __name__ == "__main__":
    main()
