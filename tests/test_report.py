"""The pages of the benchmarks say what was measured, and what was missed as missed."""

import importlib.util
import json
from pathlib import Path

import pytest

from benchmarks import plots
from benchmarks.goals import Goal, goals, ratios
from benchmarks.measuring import Result, in_turn, spread, spread_of_rounds
from benchmarks.report import BEGIN, END, figures, page, read_results, with_figures

ON = {
    "machine": "a machine, 2 cores",
    "load": 0.1,
    "python": "3.11.0",
    "versions": {"numpy": "2.0"},
    "date": "2026-01-01",
}
CONNECTIONS = ("1", "32")


def searching(footnote: float, ndcg: float = 0.73) -> Result:
    times = {"Footnote": footnote, "LlamaIndex": 20.0, "txtai": 30.0}
    quality = {"Footnote": ndcg, "LlamaIndex": 0.71, "txtai": 0.65}
    return {
        "set": "scifact",
        "queries": 3,
        "k": 30,
        "searchers": {
            name: {"ms": spread_of_rounds([[ms, ms], [ms * 1.1]]), "nDCG@10": quality[name], "resident_mb": 200.4}
            for name, ms in times.items()
        },
        **ON,
    }


def serving(footnote: float) -> Result:
    def rates(rate: float) -> Result:
        return spread([rate, rate * 1.1], 1) | {"rounds": [rate, rate * 1.1], "refused": 0}

    one = spread_of_rounds([[1.2, 1.4, 1.3]])
    return {
        "set": "scifact",
        "k": 10,
        "seconds": 3.0,
        "on_top_ms": dict.fromkeys(("http", "in_process", "difference", "beyond_took_ms"), one),
        "bare_embeddings_a_second": rates(1000.0),
        "searches_a_second": {
            name: {count: rates(rate) for count in CONNECTIONS}
            for name, rate in (("Footnote", footnote), ("LlamaIndex", 40.0))
        },
        "start": {name: spread([1.0]) for name in ("seconds", "resident_mb", "resident_mb_after_searches")},
        **ON,
    }


def growth() -> Result:
    points = [{"documents": size, "ms": {"Footnote": spread([2.0, 3.0])}} for size in (1000, 20_000)]
    return {"sets": ["scifact"], "queries": 3, "points": points, **ON}


def by_measure(results: dict[str, Result]) -> dict[str, Goal]:
    return {goal.measure: goal for goal in goals(results)}


def test_a_spread_has_the_median_and_the_quartiles() -> None:
    assert spread([1, 2, 3, 4, 100]) == {"p50": 3.0, "q1": 2.0, "q3": 4.0, "n": 5}
    assert spread_of_rounds([[1, 3], [5, 7, 9]])["rounds"] == [2.0, 7.0]


def test_each_has_its_turn_and_the_first_round_does_not_count() -> None:
    asked: list[str] = []

    def run(name: str) -> int:
        asked.append(name)
        return len(asked)

    given = in_turn({"a": lambda: run("a"), "b": lambda: run("b")}, 2)
    assert asked == ["a", "b", "b", "a", "a", "b"]
    assert given == {"a": [4, 5], "b": [3, 6]}


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratios({"rounds": [2.0, 4.0]}, {"rounds": [10.0, 8.0]}) == [5.0, 2.0]


def test_a_goal_is_met_or_missed() -> None:
    fast, slow = by_measure({"searching": searching(4.0)}), by_measure({"searching": searching(5.0, 0.70)})
    beside_llama_index = "one search in process, scifact, of LlamaIndex's time"
    assert (fast[beside_llama_index].met, slow[beside_llama_index].met) == (True, False)
    assert fast[beside_llama_index].reached == "1/5.0 (1/5.0 to 1/5.0)"
    assert (fast["its nDCG@10"].met, slow["its nDCG@10"].met) == (True, False)


def test_throughput_is_compared_with_bare_embedding_and_with_a_peer() -> None:
    shares = "searches a second at 32 connections, of bare embeddings of queries"
    assert by_measure({"serving": serving(400)})[shares].met
    missed = by_measure({"serving": serving(300)})
    assert (missed[shares].reached, missed[shares].met) == ("30% (30% to 30%)", False)
    assert missed["the same, of LlamaIndex's behind such a server"].reached == "7.5 times (7.5 to 7.5)"


def test_what_was_missed_is_written_as_missed() -> None:
    results = {"searching": searching(5.0, 0.70)}
    for written in (page(results), figures(results)):
        assert "| at most 1/5 | 1/4.0 (1/4.0 to 1/4.0) | **missed** |" in written
        assert "| more than 0.710, the better of both | 0.700 | **missed** |" in written
        assert "a machine, 2 cores, load at the end 0.1, Python 3.11.0, 2026-01-01; numpy 2.0." in written


def test_only_what_was_measured_is_on_the_page() -> None:
    written = page({"serving": serving(400), "growth": growth()})
    assert "| 32 | 420 (410 to 430) | 42 (41 to 43) |" in written
    assert "| 20,000 | 2.5 (2.25 to 2.75) |" in written
    assert "plots/throughput.svg" in written
    assert "With a cross-encoder" not in written


def test_every_plot_on_the_page_is_there() -> None:
    for name, (part, _) in plots.DRAWN.items():
        assert (plots.PLOTS / f"{name}.svg").is_file() == (part in read_results())


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="matplotlib is of the group `peers`")
def test_plots_are_drawn_and_are_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "PLOTS", tmp_path)
    results = {"searching": searching(4.0), "serving": serving(400), "growth": growth()}
    plots.draw(results)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    plots.draw(results)
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"quality.svg", "growth.svg", "throughput.svg"}


def test_figures_are_put_between_their_marks_and_nowhere_else() -> None:
    assert with_figures(f"before\n{BEGIN}\nold\n{END}\nafter\n", "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(SystemExit, match="has no figures between"):
        with_figures("no marks", "new")


def test_results_are_read_by_their_part(tmp_path: Path) -> None:
    (tmp_path / "shell.json").write_text(json.dumps({"question": "?"}), encoding="utf-8")
    assert read_results(tmp_path) == {"shell": {"question": "?"}}
