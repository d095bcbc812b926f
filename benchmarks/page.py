"""How soon the chat page shows an answer, measured in a real browser; with `--screenshots`, what it looks like.

Run by `make bench-page` and `make screenshots` over data that holds the seeds.
"""

import argparse
import json
import platform
import statistics
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.children import serving
from tests.browser import chromium

RESULTS = Path(__file__).parent / "results" / "page.json"
SCREENSHOTS = Path(__file__).parent.parent / "docs"
ROUNDS = 10
QUESTIONS = (
    "What is China's processing share?",
    "what happened after Geneva?",
    "Who delayed the export licences?",
    "How do I bake sourdough bread?",
)
# Notes when Enter was pressed, and the first frame after the passages and after the first words of an answer are there.
WATCH = """() => {
    window.seen = {};
    const frame = name => requestAnimationFrame(() => requestAnimationFrame(() => seen[name] ??= performance.now()));
    addEventListener("keydown", event => { if (event.key === "Enter") seen = {enter: performance.now()}; }, true);
    new MutationObserver(() => {
        const turn = document.querySelector("#turns .turn:last-child");
        if (!turn || !seen.enter) return;
        if (turn.querySelector(".passages")) frame("passages");
        if (turn.querySelector(".answer").textContent || turn.querySelector(".unanswered")) frame("words");
    }).observe(document.getElementById("turns"), {childList: true, subtree: true, characterData: true});
}"""

SEEN = (
    "() => new Promise(done => { const look = () => seen.words ? done(seen) : requestAnimationFrame(look); look(); })"
)


def main() -> None:
    """Measure the page, or take its pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screenshots", action="store_true")
    arguments = parser.parse_args()
    with serving(["api.cli", "serve", "--port", "0"], RAG_DATA_DIR="var") as (address, _), chromium() as browser:
        if arguments.screenshots:
            take_screenshots(browser, address)
        else:
            measure(browser, address)


def measure(browser: Browser, address: str) -> None:
    """Print and keep the times from Enter to the passages and to the first words, medians and the 95th percentiles."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.goto(address)
    page.evaluate(WATCH)
    taken: dict[str, list[float]] = {"passages": [], "words": []}
    for _ in range(ROUNDS):
        page.click("#new-conversation")
        for question in QUESTIONS:
            asked(page, question)
            seen = page.evaluate(SEEN)
            for name, times in taken.items():
                times.append(seen[name] - seen["enter"])
    figures: dict[str, object] = {
        name: {"p50_ms": round(statistics.median(times), 1), "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1)}
        for name, times in taken.items()
    }
    figures |= {
        "questions": ROUNDS * len(QUESTIONS),
        "browser": f"Chromium {browser.version}",
        "python": platform.python_version(),
        "machine": platform.machine(),
        "onnxruntime": version("onnxruntime"),
    }
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


def take_screenshots(browser: Browser, address: str) -> None:
    """Take the pictures that the README shows."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page = browser.new_page(viewport={"width": 1200, "height": 760})
    page.goto(address)
    asked(page, "what happened after Geneva?")
    page.click(".answer .marker >> nth=1")
    page.wait_for_selector("#reader-body mark")
    shot(page, "answer")
    page.keyboard.press("Escape")
    page.click("#new-conversation")
    asked(page, "What is China's processing share?")
    shot(page, "disagreement")
    page.goto(f"{address}/source/004_cf58dd7b26a1b221?start=3864&end=3972")
    shot(page, "source")
    phone = browser.new_page(viewport={"width": 390, "height": 760}, color_scheme="dark")
    phone.goto(address)
    asked(phone, "what happened after Geneva?")
    shot(phone, "phone")


def asked(page: Page, question: str) -> None:
    """Ask a question and wait until its answer stands."""
    page.fill("#question", question)
    page.press("#question", "Enter")
    page.wait_for_selector(".turn:last-child .turn-foot button")


def shot(page: Page, name: str) -> None:
    """Keep a picture of what a reader sees."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


if __name__ == "__main__":
    main()
