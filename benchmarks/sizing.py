"""How many machines it takes: what one holds by what was measured, and a cluster by the same arithmetic.

    python -m benchmarks.sizing

Reads million.json, indexing.json and soak.json in benchmarks/results/ and writes the tables of deploy/sizing.md anew.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.measuring import RESULTS, Result

PAGE = Path(__file__).parent.parent / "deploy" / "sizing.md"
BEGIN, END = "<!-- benchmarks/sizing.py writes what follows. -->", "<!-- Here it ends. -->"
READ = ("million", "indexing", "soak")

ONE_MACHINE = (10_000, 100_000, 1_000_000, 5_000_000, 10_000_000)
CLUSTERS = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)

_OF_ONE = (
    "passages", "disk", "memory", "search p50, ms", "p95, ms", "searches a second and core", "core hours to index",
)  # fmt: skip
_OF_CLUSTER = (
    "passages", "service, cores", "Milvus, cores", "memory for HNSW", "for DISKANN", "SSDs", "object storage",
    "core hours to index", "a month, USD",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What was not measured here; each is a row of the page."""

    questions_a_second: float = 20.0
    copies: int = 2
    busy: float = 0.7
    dimension: int = 384
    # Of an HNSW graph, neighbours in the lowest layer: twice Milvus' M of 18, four bytes each.
    graph_bytes: int = 144
    # DISKANN keeps this share of the vectors in memory: its codes and its cache.
    diskann_share: float = 0.225
    # Terms of a passage, each with its number and weight, and what filters read.
    words_bytes: int = 80 * 8 + 200
    # Token vectors are stored as text.
    content_growth: float = 4 / 3
    gb_a_core: int = 4
    # Coordinators, proxies, the log and etcd, whatever they hold.
    other_cores: int = 16
    core_month: float = 25.0
    memory_gb_month: float = 3.0
    ssd_gb_month: float = 0.10
    object_gb_month: float = 0.02

    @property
    def vector_bytes(self) -> int:
        """A vector in float32."""
        return 4 * self.dimension


@dataclass(frozen=True, slots=True)
class Measured:
    """What one machine took for `passages`; `exponent` is how search time grows with their number, as a power."""

    passages: int
    search_ms: float
    search_ms_p95: float
    exponent: float
    searching_ms: float
    answering_ms: float
    idle_mb: float
    resident_mb: float
    database_mb: float
    disk_mb: float
    open_s: float
    passages_a_core_second: float

    @classmethod
    def of(cls, million: Result, indexing: Result, soak: Result) -> Self:
        """Return what the results say. What searches vectors and words is Milvus' part, the rest the service's."""
        stages = million["stages_ms"]
        searching = sum(stages[stage] for stage in ("vectors", "words"))
        growth = million["search_ms_p50"] / million["small_search_ms_p50"]
        rates, busy = indexing["passages_a_second"], indexing["cores_at_work"]
        return cls(
            passages=million["passages"],
            search_ms=million["search_ms_p50"],
            search_ms_p95=million["search_ms_p95"],
            exponent=max(0.0, math.log(growth) / math.log(million["passages"] / million["small_passages"])),
            searching_ms=searching,
            answering_ms=sum(stages.values()) - searching,
            idle_mb=soak["resident_mb"]["after_first_minute"],
            resident_mb=million["resident_mb"],
            database_mb=million["disk_mb"]["database"],
            disk_mb=sum(million["disk_mb"].values()),
            open_s=million["open_s"],
            passages_a_core_second=max(rates[name]["p50"] / busy[name]["p50"] for name in busy),
        )


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a corpus takes on Milvus; cores, memory and disks are of all copies together."""

    service_cores: int
    milvus_cores: int
    memory_gb: float
    diskann_gb: float
    ssd_gb: float
    object_gb: float
    core_hours: float
    month: float


def one_machine(measured: Measured, passages: int) -> list[str]:
    """Return the row of a corpus on one machine: sizes grow with it, search time as it was seen to."""
    times = passages / measured.passages
    slower = times**measured.exponent
    search_ms = measured.search_ms * slower
    return [
        _count(passages),
        _gb(measured.disk_mb * times / 1000),
        _gb((measured.idle_mb + max(0.0, measured.resident_mb - measured.idle_mb) * times) / 1000),
        f"{search_ms:.1f}",
        f"{measured.search_ms_p95 * slower:.1f}",
        f"{1000 / search_ms:.0f}",
        _hours(passages / measured.passages_a_core_second / 3600),
    ]


def cluster(measured: Measured, passages: int, assumed: Assumptions) -> Cluster:
    """Return what a corpus takes on Milvus, with every million searched at the cost that it has on one machine."""
    times = passages / measured.passages
    a_second = assumed.questions_a_second / assumed.busy / 1000
    # Two of two cores at least, so that one may fail.
    service_cores = max(4, math.ceil(a_second * measured.answering_ms))
    in_graph = assumed.vector_bytes + assumed.graph_bytes + assumed.words_bytes
    on_disk = assumed.vector_bytes * assumed.diskann_share + assumed.words_bytes
    memory_gb, diskann_gb = (passages * size * assumed.copies / assumed.busy / 1e9 for size in (in_graph, on_disk))
    contents = measured.database_mb * 1e6 / measured.passages * assumed.content_growth
    held_gb = passages * (contents + in_graph) / 1e9
    milvus_cores = assumed.other_cores + math.ceil(
        max(4 * assumed.copies, memory_gb / assumed.gb_a_core, a_second * measured.searching_ms * times)
    )
    ssd_gb = held_gb * assumed.copies
    cores = milvus_cores + service_cores
    month = (
        cores * assumed.core_month
        + (memory_gb + (assumed.other_cores + service_cores) * assumed.gb_a_core) * assumed.memory_gb_month
        + ssd_gb * assumed.ssd_gb_month
        + held_gb * assumed.object_gb_month
    )
    hours = passages / measured.passages_a_core_second / 3600
    return Cluster(service_cores, milvus_cores, memory_gb, diskann_gb, ssd_gb, held_gb, hours, month)


def rendered(results: Mapping[str, Result], assumed: Assumptions | None = None) -> str:
    """Return the tables, or which results are still to be measured."""
    missing = [f"`benchmarks/results/{name}.json`" for name in READ if name not in results]
    if missing:
        return f"Not measured yet: {', '.join(missing)}.\n"
    return "\n".join(_tables(Measured.of(*(results[name] for name in READ)), assumed or Assumptions()))


def _tables(measured: Measured, assumed: Assumptions) -> Iterator[str]:
    yield f"### One machine\n\nMeasured at {_count(measured.passages)} passages, opened in {measured.open_s:.1f} s.\n"
    yield _table(_OF_ONE, [one_machine(measured, passages) for passages in ONE_MACHINE])
    yield f"### On Milvus\n\n{assumed.questions_a_second:g} questions a second, {assumed.copies} copies.\n"
    yield _table(_OF_CLUSTER, [_cluster_row(passages, cluster(measured, passages, assumed)) for passages in CLUSTERS])
    yield "### Assumed\n"
    yield _table(("", ""), list(_assumed_rows(measured, assumed)))


def _cluster_row(passages: int, it: Cluster) -> list[str]:
    return [
        _count(passages), f"{it.service_cores:,}", f"{it.milvus_cores:,}", _gb(it.memory_gb), _gb(it.diskann_gb),
        _gb(it.ssd_gb), _gb(it.object_gb), _hours(it.core_hours), f"{it.month:,.0f}",
    ]  # fmt: skip


def _assumed_rows(measured: Measured, assumed: Assumptions) -> Iterator[list[str]]:
    yield ["busy at the most", f"{assumed.busy:.0%} of cores and memory"]
    yield ["a core of Milvus has", f"{assumed.gb_a_core} GB"]
    yield ["coordinators, proxies, log and etcd", f"{assumed.other_cores} cores"]
    yield ["a vector in memory, HNSW", f"{assumed.vector_bytes} bytes, and {assumed.graph_bytes} of the graph"]
    yield ["a vector in memory, DISKANN", f"{assumed.diskann_share:.1%} of it"]
    yield ["a passage's words and filters in memory", f"{assumed.words_bytes} bytes"]
    yield ["a passage's text and token vectors, mapped from SSDs", f"{assumed.content_growth:.2f} times the database's"]
    yield ["search time on one machine grows with passages to the power of", f"{measured.exponent:.2f}, as measured"]
    yield [
        f"Milvus' search of {_count(measured.passages)} passages, core ms",
        f"{measured.searching_ms:.1f}, as the embedded store's",
    ]
    yield ["the service's part of a question, core ms", f"{measured.answering_ms:.1f}, as measured"]
    yield ["prices a month, USD", f"core {assumed.core_month:g}, GB of memory {assumed.memory_gb_month:g}, "
           f"of SSD {assumed.ssd_gb_month:g}, of object storage {assumed.object_gb_month:g}"]  # fmt: skip


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _count(passages: int) -> str:
    return f"{passages:,}"


def _gb(size: float) -> str:
    return f"{size / 1000:,.1f} TB" if size >= 1000 else f"{size:.1f} GB" if size < 10 else f"{size:.0f} GB"


def _hours(hours: float) -> str:
    return f"{hours:.1f}" if hours < 10 else f"{hours:,.0f}"


def main() -> None:
    """Write the tables anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{rendered(measured_results())}\n{END}{after}", encoding="utf-8")


def measured_results(folder: Path = RESULTS) -> dict[str, Result]:
    """Return the results that are there."""
    files = {name: folder / f"{name}.json" for name in READ}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.is_file()}


if __name__ == "__main__":
    main()
