"""The plots of benchmarks/README.md, as SVG that is the same whenever the figures are."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOTS = Path(__file__).parent / "plots"
_FOOTNOTE = "Footnote"


def draw(results: Mapping[str, Result]) -> None:
    """Draw what has been measured."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "footnote", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
    PLOTS.mkdir(exist_ok=True)
    for name, (part, onto) in DRAWN.items():
        if part in results:
            _draw(name, onto, results[part])


def _draw(name: str, onto: Callable[["Axes", Result], None], result: Result) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    onto(axes, result)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PLOTS / f"{name}.svg", metadata={"Date": None})
    pyplot.close(figure)


def _growth(axes: "Axes", result: Result) -> None:
    points = result["points"]
    sizes = [point["documents"] for point in points]
    for name in points[0]["ms"]:
        spreads = [point["ms"][name] for point in points]
        middles = [spread["p50"] for spread in spreads]
        low = [spread["p50"] - spread["q1"] for spread in spreads]
        high = [spread["q3"] - spread["p50"] for spread in spreads]
        axes.errorbar(sizes, middles, yerr=[low, high], label=name, marker="o", capsize=3, lw=_width(name))
    axes.set(xscale="log", yscale="log", xlabel="documents", ylabel="one search, ms (median, quartiles)")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.legend()


def _quality(axes: "Axes", result: Result) -> None:
    for name, one in result["searchers"].items():
        ms = one["ms"]
        axes.errorbar(
            ms["p50"],
            one["nDCG@10"],
            xerr=[[ms["p50"] - ms["q1"]], [ms["q3"] - ms["p50"]]],
            marker="o",
            capsize=3,
            lw=_width(name),
        )
        axes.annotate(name, (ms["p50"], one["nDCG@10"]), xytext=(6, 6), textcoords="offset points")
    axes.set(xscale="log", xlabel="one search, ms (median, quartiles)", ylabel=f"nDCG@10, {result['set']}")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.margins(x=0.2, y=0.2)


def _throughput(axes: "Axes", result: Result) -> None:
    for name, by_connections in result["searches_a_second"].items():
        connections = [int(count) for count in by_connections]
        rates = list(by_connections.values())
        middles = [rate["p50"] for rate in rates]
        low = [rate["p50"] - rate["q1"] for rate in rates]
        high = [rate["q3"] - rate["p50"] for rate in rates]
        axes.errorbar(connections, middles, yerr=[low, high], label=name, marker="o", capsize=3, lw=_width(name))
    bare = result["bare_embeddings_a_second"]["p50"]
    axes.axhline(bare, color="grey", ls="--", lw=1, label="bare embedding of queries")
    axes.set(xscale="log", xlabel="connections", ylabel="searches a second", ylim=(0, None))
    axes.set_xticks(connections, [str(count) for count in connections])
    axes.minorticks_off()
    axes.legend()


def _width(name: str) -> float:
    return 2.0 if name == _FOOTNOTE else 1.0


# Each plot: of which part, and how.
DRAWN: dict[str, tuple[str, Callable[["Axes", Result], None]]] = {
    "quality": ("searching", _quality),
    "growth": ("growth", _growth),
    "throughput": ("serving", _throughput),
}
