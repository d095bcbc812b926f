"""The stages of a question, and what each of them takes."""

import time
from collections.abc import Callable

# In the order of `rag/engine.py`; a question passes `rerank` and `generate` only where there is what does it. The word
# search begins beside `embed`; `words` is how much longer it takes than `embed` and `vectors`.
STAGES = ("open", "embed", "vectors", "words", "candidates", "read", "fuse", "fetch", "rerank", "answer", "generate")

# Hears of a stage's name and seconds as soon as it is over, in the thread that went through it.
OnStage = Callable[[str, float], None]


class Stages:
    """A stopwatch along the path of one question: each stage lasts from the end of the one before."""

    __slots__ = ("_on_stage", "_since")

    def __init__(self, on_stage: OnStage) -> None:
        self._on_stage = on_stage
        self._since = time.perf_counter()

    def over(self, stage: str) -> None:
        """Tell of a stage that it is over."""
        now = time.perf_counter()
        self._on_stage(stage, now - self._since)
        # What the listener itself took belongs to no stage.
        self._since = time.perf_counter()
