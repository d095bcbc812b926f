"""Metrics in Prometheus' text form. The only file that imports prometheus_client.

No label has values that a caller can choose: routes are templates, methods and codes those that there are.
"""

from collections.abc import Iterable, Mapping
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from index.corpus import Corpus
from index.errors import FootnoteError
from index.extent import CorpusMeter, Extent
from rag.engine import AskResponse
from rag.stages import STAGES

CONTENT_TYPE = CONTENT_TYPE_LATEST

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
# Seconds. A search takes some milliseconds, a language model some seconds.
_REQUEST_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_STAGE_BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 20)


class Metrics:
    """What one application counts and measures, in a registry of its own."""

    def __init__(self, corpus: Corpus) -> None:
        # When each series began says nothing here and doubles the text.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "footnote_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "footnote_request_seconds",
            "Seconds from a request's arrival to the end of its answer.",
            ["route"],
            registry=registry,
            buckets=_REQUEST_BUCKETS,
        )
        self._active = Gauge("footnote_requests_active", "Requests being answered now.", registry=registry)
        self._errors = Counter("footnote_errors", "Errors by their code.", ["code"], registry=registry)
        stage_seconds = Histogram(
            "footnote_stage_seconds",
            "Seconds that a question spends in a stage.",
            ["stage"],
            registry=registry,
            buckets=_STAGE_BUCKETS,
        )
        self._stages = {stage: stage_seconds.labels(stage) for stage in STAGES}
        self._answers = Counter("footnote_answers", "Answers by their outcome.", ["outcome"], registry=registry)
        for outcome in ("extractive", "generated", "abstained"):
            self._answers.labels(outcome)
        self._disagreements = Counter(
            "footnote_disagreements", "Disagreements of articles that answers show.", registry=registry
        )
        self._at_work = Gauge("footnote_work_active", "Pieces of work in hand.", ["pool"], registry=registry)
        self._waiting = Gauge("footnote_work_waiting", "Pieces of work that wait.", ["pool"], registry=registry)
        embedder = corpus.embedder
        Info("footnote", "What is served.", registry=registry).info(
            {"version": version("footnote"), "model": embedder.name, "fingerprint": embedder.fingerprint}
        )
        ProcessCollector(registry=registry)
        registry.register(_Data(CorpusMeter(corpus)))

    def text(self) -> bytes:
        """Return all of it as it stands now."""
        return generate_latest(self._registry)

    def begin_request(self) -> None:
        """Count a request as active."""
        self._active.inc()

    def end_request(self, route: str, method: str, status: int, seconds: float, code: str | None) -> None:
        """Count a request that has been answered; `code` is that of its error, if it had one."""
        self._active.dec()
        self._requests.labels(route, method if method in _METHODS else "other", str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)
        if code is not None:
            self._errors.labels(code).inc()

    def stage(self, stage: str, seconds: float) -> None:
        """Note how long a question was in a stage."""
        self._stages[stage].observe(seconds)

    def answer(self, response: AskResponse) -> None:
        """Count an answer, or an abstention."""
        answer = response.answer
        self._answers.labels("abstained" if answer.abstained else answer.mode).inc()
        self._disagreements.inc(len(answer.disagreements))

    def work(self, pools: Mapping[str, tuple[int, int]]) -> None:
        """Note how much each pool has in hand, and how much waits for it."""
        for pool, (active, waiting) in pools.items():
            self._at_work.labels(pool).set(active)
            self._waiting.labels(pool).set(waiting)


class _Data(Collector):
    """The stored data, measured when it is asked for."""

    def __init__(self, meter: CorpusMeter) -> None:
        self._meter = meter

    def collect(self) -> Iterable[Metric]:
        try:
            extent, sizes = self._meter.extent(), self._meter.disk_bytes()
        except (FootnoteError, OSError):
            # What can still be measured is most wanted just then.
            yield GaugeMetricFamily("footnote_data_up", "Whether the stored data can be read.", 0)
            return
        yield GaugeMetricFamily("footnote_data_up", "Whether the stored data can be read.", 1)
        yield from _extent_families(extent)
        on_disk = GaugeMetricFamily("footnote_index_bytes", "Bytes on the disk.", labels=["part"])
        for part, size in sizes.items():
            on_disk.add_metric([part], size)
        yield on_disk


def _extent_families(extent: Extent) -> Iterable[Metric]:
    yield GaugeMetricFamily("footnote_documents", "Documents stored.", extent.documents)
    yield GaugeMetricFamily("footnote_passages", "Passages stored.", extent.passages)
    seqs = GaugeMetricFamily(
        "footnote_seq", "Number of the last change that the database has, and that searches see.", labels=["part"]
    )
    for part, seq in (
        ("database", extent.seq),
        ("vectors", extent.reached.vectors),
        ("words", extent.reached.words),
    ):
        seqs.add_metric([part], seq)
    yield seqs
    yield GaugeMetricFamily(
        "footnote_snapshot_timestamp_seconds", "When the snapshot that is searched was made.", extent.reached.at
    )
