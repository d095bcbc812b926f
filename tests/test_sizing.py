"""The arithmetic of deploy/sizing.md, on figures that can be followed by eye."""

from dataclasses import replace

import pytest

from benchmarks.sizing import BEGIN, END, PAGE, Assumptions, Measured, cluster, measured_results, one_machine, rendered

MILLION = {
    "passages": 1_000_000,
    "search_ms_p50": 12.0,
    "search_ms_p95": 20.0,
    "small_search_ms_p50": 6.0,
    "small_passages": 10_000,
    "stages_ms": {"embed": 2.0, "vectors": 3.0, "words": 4.0, "read": 3.0},
    "resident_mb": 2300,
    "disk_mb": {"database": 20_000, "vectors": 800, "words": 700},
    "open_s": 2.0,
}
INDEXING = {
    "passages_a_second": {"SentenceTransformer.encode": {"p50": 900.0}, "rag index": {"p50": 100.0}},
    "cores_at_work": {"rag index": {"p50": 2.0}},
}
SOAK = {"resident_mb": {"after_first_minute": 300.0}}
MEASURED = Measured.of(MILLION, INDEXING, SOAK)


def test_a_machine_at_what_was_measured_is_what_was_measured() -> None:
    assert one_machine(MEASURED, 1_000_000) == ["1,000,000", "22 GB", "2.3 GB", "12.0", "20.0", "83", "5.6"]


def test_search_time_passes_through_both_that_were_measured() -> None:
    assert one_machine(MEASURED, 10_000)[3] == "6.0"
    assert 6.0 < float(one_machine(MEASURED, 100_000)[3]) < 12.0 < float(one_machine(MEASURED, 10_000_000)[3])


def test_a_cluster_s_sizes_grow_with_passages_and_copies() -> None:
    assumed = Assumptions()
    small, large = (cluster(MEASURED, passages, assumed) for passages in (10_000_000, 1_000_000_000))
    assert large.memory_gb == pytest.approx(100 * small.memory_gb)
    assert large.ssd_gb == pytest.approx(100 * small.ssd_gb)
    assert large.core_hours == pytest.approx(1e9 / 50 / 3600)
    tripled = cluster(MEASURED, 10_000_000, replace(assumed, copies=3))
    assert tripled.memory_gb == pytest.approx(1.5 * small.memory_gb)
    assert tripled.object_gb == small.object_gb
    # 10 million passages of 1,536, 144 and 840 bytes, twice, of which 70% is used.
    assert small.memory_gb == pytest.approx(10e6 * 2520 * 2 / 0.7 / 1e9)


def test_cores_grow_with_questions_and_what_each_takes() -> None:
    assumed = Assumptions(questions_a_second=500, busy=0.5, other_cores=0)
    # 1,000 questions a second of 5 ms beside Milvus, and of 7 ms for each million in it.
    assert cluster(MEASURED, 1_000_000, assumed).service_cores == 5
    assert cluster(MEASURED, 2_000_000, assumed).milvus_cores == 14


def test_what_is_not_measured_is_said_to_be() -> None:
    said = rendered({"soak": SOAK})
    assert "`benchmarks/results/million.json`" in said
    assert "`benchmarks/results/indexing.json`" in said
    assert "|" not in said


def test_the_page_is_of_the_results() -> None:
    text = PAGE.read_text(encoding="utf-8")
    written = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert written == rendered(measured_results()).strip(), "run `make sizing`"
    assert rendered({"million": MILLION, "indexing": INDEXING, "soak": SOAK}).count("| 1,000,000 |") == 2
