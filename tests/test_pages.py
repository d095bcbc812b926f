"""The pages in a real browser, over a real server and the real model."""

import math
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, Route, expect

from api.pages import original_link
from tests.browser import chromium, find_chromium
from tests.command_line import CommandLine
from tests.conftest import SEEDS
from tests.scripted_llm import Reply, saying, scripted_llm, silent_after

in_browser = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_chromium() is None and not os.environ.get("CI"),
        reason="there is no Chromium; install Debian's package chromium",
    ),
]
Colours = Literal["light", "dark"]
SHARE, GENEVA = "What is China's processing share?", "what happened after Geneva?"
WIDTHS = {"desktop": (1280, 860), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def service(seeds_data: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service over the seeds, for tests that change nothing."""
    with CommandLine(seeds_data, model_folder.parent).serving() as (client, _):
        yield str(client.base_url)


def opened(browser: Browser, address: str, width: str = "desktop", colours: Colours = "light") -> Page:
    """A page of its own storage, which fails the test at any error, and at any request to elsewhere."""
    across, down = WIDTHS[width]
    context = browser.new_context(
        base_url=address,
        viewport={"width": across, "height": down},
        color_scheme=colours,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    faults: list[str] = []

    def on_request(request: Request) -> None:
        if not request.url.startswith(address):
            faults.append(f"asked for {request.url}")

    page.on("request", on_request)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("close", lambda _: _assert_none(faults))
    page.goto(address)
    expect(page.locator("#article-count")).not_to_be_empty()
    return page


def _assert_none(faults: list[str]) -> None:
    assert not faults, faults


@pytest.fixture
def page(browser: Browser, service: str) -> Iterator[Page]:
    shown = opened(browser, service)
    yield shown
    shown.context.close()


def ask(page: Page, question: str) -> None:
    page.fill("#question", question)
    page.press("#question", "Enter")


def answered(page: Page, question: str) -> None:
    ask(page, question)
    expect(page.locator(".turn").last.locator(".turn-foot button").first).to_be_visible()


def body_of(page: Page, question: str, **more: object) -> dict[str, Any]:
    """What the service answers a question by HTTP."""
    data = {"question": question, **more}
    body = page.request.post("/v1/ask", data=data).json()
    assert isinstance(body, dict)
    return body


def bare(text: str | None) -> str:
    return re.sub(r"\s", "", text or "")


def axe_violations(page: Page) -> list[tuple[str, list[str]]]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


class TestAnswers:
    pytestmark = in_browser

    @pytest.mark.parametrize("question", [SHARE, GENEVA])
    def test_an_answer_is_shown_with_its_sources(self, page: Page, question: str) -> None:
        answered(page, question)
        body = body_of(page, question)
        turn = page.locator(".turn").last
        assert turn.locator("h2").inner_text() == question
        # What the articles disagree on is shown below.
        prose = body["answer"]["text"].partition(" The articles disagree on ")[0]
        assert turn.locator(".answer").text_content() == prose
        cards = turn.locator(".sources").first.locator(".source-card")
        assert cards.count() == len(body["citations"])
        for card, cited in zip(cards.all(), body["citations"], strict=True):
            assert card.locator(".title").inner_text() == (cited["title"] or cited["doc_id"])
            assert card.locator("blockquote").text_content() == cited["cited_text"]
        expect(turn).to_contain_text(f"Confidence: {math.floor(100 * body['answer']['confidence'] + 0.5)}%")

    @pytest.mark.parametrize("question", [SHARE, GENEVA])
    def test_a_marker_opens_the_article_at_what_is_cited(self, page: Page, question: str) -> None:
        answered(page, question)
        for cited in body_of(page, question)["citations"]:
            # One that only a disagreement has stands beside its side.
            page.locator(".answer .marker, .side .marker", has_text=str(cited["marker"])).first.click()
            expect(page.locator("#reader-title")).to_have_text(cited["title"] or cited["doc_id"])
            mark = page.locator("#reader-body mark").first
            expect(mark).to_be_in_viewport()
            marks = page.locator("#reader-body mark").all_text_contents()
            assert bare("".join(marks)) == bare(cited["cited_text"])
            article = page.locator("#reader-body article").text_content()
            assert article == (SEEDS / f"{cited['doc_id']}.txt").read_text("utf-8").removeprefix("\ufeff")

    def test_hovering_and_focus_show_the_quote(self, page: Page) -> None:
        answered(page, GENEVA)
        cited = body_of(page, GENEVA)["citations"][0]
        page.locator(".answer .marker").first.hover()
        expect(page.locator("#quote-tip")).to_contain_text(cited["cited_text"])
        page.mouse.move(0, 0)
        expect(page.locator("#quote-tip")).to_be_hidden()
        page.locator("#show-articles").focus()
        page.keyboard.press("Tab")
        for _ in range(20):
            if page.evaluate("document.activeElement.classList.contains('marker')"):
                break
            page.keyboard.press("Tab")
        expect(page.locator("#quote-tip")).to_be_visible()

    def test_sources_that_disagree_stand_side_by_side_with_their_quotes(self, page: Page) -> None:
        answered(page, SHARE)
        body = body_of(page, SHARE)
        (found,) = body["disagreements"]
        quotes = {cited["marker"]: cited["cited_text"] for cited in body["citations"]}
        sides = page.locator(".disagreement .side")
        assert sides.count() == len(found["values"]) > 1
        for side, value in zip(sides.all(), found["values"], strict=True):
            assert side.locator("strong").inner_text() == value["value"]
            assert side.locator("blockquote").all_text_contents() == [quotes[marker] for marker in value["markers"]]
        assert page.locator(".turn").inner_text().count("The articles disagree on") == 1
        tops = {round(box["y"]) for box in map(lambda side: side.bounding_box(), sides.all()) if box}
        assert len(tops) == 1

    def test_what_the_articles_do_not_say_is_said(self, page: Page) -> None:
        ask(page, "How do I bake sourdough bread?")
        notice = page.locator(".notice.unanswered")
        expect(notice).to_contain_text("The articles do not answer this question.")
        expect(notice).to_contain_text("'sourdough'")
        expect(page.locator(".passages[open] .source-card")).to_have_count(5)
        # What does not answer has no sentence that stands out as if it did.
        assert page.locator(".passages b").count() == 0
        expect(page.locator(".turn").last).to_contain_text(re.compile(r"Chance that they answer: \d%"))
        assert page.locator(".answer .marker").count() == 0

    def test_an_answer_to_a_part_has_no_figure_for_the_whole(self, page: Page) -> None:
        answered(page, "Where is the Brook Mine? How do I bake bread?")
        turn = page.locator(".turn").last
        expect(turn.locator(".answer")).to_contain_text("No answer to “How do I bake bread?” was found.")
        expect(turn).to_contain_text("do not mention 'bake', 'bread'")
        assert turn.locator(".source-card").first.is_visible()
        assert "%" not in turn.locator(".turn-foot").inner_text()
        answered(page, "Where is the Brook Mine?")
        expect(page.locator(".turn").last.locator(".turn-foot")).to_contain_text("Confidence:")

    def test_a_question_that_follows_is_understood(self, page: Page) -> None:
        answered(page, "What did China agree to in Geneva?")
        answered(page, "and in London?")
        expect(page.locator(".turn").last.locator(".understood").first).to_contain_text("Understood as:")

    def test_filters_are_asked_with(self, page: Page) -> None:
        page.locator("#filters summary").click()
        page.fill("#published-after", "2025-01-01")
        expect(page.locator("#filters-said")).to_have_text("(1 on)")
        page.keyboard.press("Escape")
        expect(page.locator("#filters summary")).to_be_focused()
        expect(page.locator("#published-after")).to_be_hidden()
        ask(page, GENEVA)
        notice = page.locator(".notice.unanswered")
        expect(notice).to_contain_text("No document passes the filters.")
        notice.get_by_role("button", name="Clear filters").click()
        expect(page.locator("#filters-said")).to_have_text("")
        page.locator("#show-articles").click()
        page.get_by_role("button", name="Ask only China's rare earth grip").click()
        answered(page, "What did Washington concede?")
        titles = page.locator(".turn").last.locator(".passages .title").all_text_contents()
        assert set(titles) == {"China's rare earth grip forces US concession: FP"}
        # A new conversation is one with all articles.
        page.locator("#new-conversation").click()
        expect(page.locator("#filters-said")).to_have_text("")

    def test_an_answer_is_copied_as_markdown_with_its_citations(self, page: Page) -> None:
        answered(page, GENEVA)
        page.get_by_role("button", name="Copy as Markdown").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = str(page.evaluate("navigator.clipboard.readText()"))
        body = body_of(page, GENEVA)
        assert copied.startswith(f"**{GENEVA}**\n\n")
        for cited in body["citations"]:
            assert f"[^{cited['marker']}]: “" in copied
            assert cited["location"] in copied

    def test_conversations_are_kept_and_cleared_by_one_click(self, page: Page) -> None:
        answered(page, GENEVA)
        text = page.locator(".answer").text_content()
        page.reload()
        expect(page.locator(".answer")).to_have_text(str(text))
        page.locator("#new-conversation").click()
        expect(page.locator("#welcome")).to_be_visible()
        page.locator("#show-conversations").click()
        page.get_by_role("button", name=GENEVA).click()
        assert page.locator(".answer").text_content() == text
        page.locator("#show-conversations").click()
        page.get_by_role("button", name="Clear all conversations").click()
        expect(page.locator("#conversation-list")).to_contain_text("There are none.")
        assert page.evaluate("localStorage.getItem('footnote.conversations')") is None
        assert page.locator(".turn").count() == 0


class TestStreaming:
    pytestmark = in_browser

    def test_passages_come_before_the_first_words_and_words_before_the_last(
        self, browser: Browser, rag: CommandLine
    ) -> None:
        passages_seen = threading.Event()
        said = "Sources familiar with the Geneva meeting say the agreement lacked clear benchmarks [{}]. "

        def script(reply: Reply) -> None:
            shown = reply.body["messages"][-1]["content"]
            numbered = re.search(r"\"number\": (\d+)[^\n]*lacked clear benchmarks", shown)
            assert numbered is not None
            passages_seen.wait(10)
            silent_after(said.format(numbered[1]), "And then")(reply)

        with scripted_llm(script) as llm:
            model = {"RAG_LLM_BASE_URL": llm.base_url, "RAG_LLM_MODEL": "m"}
            with rag.serving(**model) as (client, process):
                page = opened(browser, str(client.base_url))
                ask(page, GENEVA)
                expect(page.locator(".passages[open] .source-card").first).to_be_visible()
                passages_seen.set()
                expect(page.locator(".answer")).to_contain_text("lacked clear benchmarks. [1]")
                expect(page.locator(".progress button")).to_have_text("Stop")
                process.send_signal(signal.SIGKILL)
                fault = page.locator(".fault")
                expect(fault).to_contain_text("The answer broke off")
                expect(page.locator(".answer")).to_contain_text("lacked clear benchmarks")
                fault.get_by_role("button", name="Try again").click()
                expect(page.locator(".fault")).to_contain_text("The service does not answer.")
                page.context.close()

    def test_an_answer_can_be_stopped(self, browser: Browser, rag: CommandLine) -> None:
        with scripted_llm(silent_after("And")) as llm:
            model = {"RAG_LLM_BASE_URL": llm.base_url, "RAG_LLM_MODEL": "m"}
            with rag.serving(**model) as (client, _):
                page = opened(browser, str(client.base_url))
                ask(page, GENEVA)
                page.fill("#question", "Another one?")
                expect(page.locator("#send")).to_be_disabled()
                page.get_by_role("button", name="Stop").click()
                expect(page.locator("#announcements")).to_have_text("Stopped.")
                expect(page.get_by_role("button", name="Ask again")).to_be_visible()
                expect(page.locator("#send")).to_be_enabled()
                expect(page.locator("#question")).to_be_focused()
                page.context.close()

    def test_what_of_a_language_models_prose_was_not_used_is_said(self, browser: Browser, rag: CommandLine) -> None:
        with scripted_llm(saying("Quaggas graze [1].")) as llm:
            model = {"RAG_LLM_BASE_URL": llm.base_url, "RAG_LLM_MODEL": "m"}
            with rag.serving(**model) as (client, _):
                page = opened(browser, str(client.base_url))
                answered(page, GENEVA)
                expect(page.locator(".turn .understood").last).to_contain_text(
                    "None of the language model's sentences stands"
                )
                page.context.close()


HOSTILE = """<script>window.hit = 1</script> Tungsten prices doubled <img src=x onerror="window.hit = 2"> in Hanoi.

<svg onload="window.hit = 3"></svg> “<b>Bold</b>” &amp; entities stay as they are."""


class TestArticles:
    pytestmark = in_browser

    def test_files_are_dropped_found_and_deleted(self, browser: Browser, empty_rag: CommandLine) -> None:
        with empty_rag.serving() as (client, _):
            page = opened(browser, str(client.base_url))
            expect(page.locator("#welcome")).to_contain_text("There are no articles yet.")
            ask(page, "Who bought the mine?")
            expect(page.locator(".notice.unanswered")).to_contain_text("There are no documents yet.")
            drop(page, {"mine.txt": "The Brook Mine was bought by Ramaco in 2011.", "data.csv": "a,b", "bad.txt": "\0"})
            lines = page.locator("#uploads li")
            expect(lines.nth(0)).to_contain_text("added, 1 passage")
            expect(lines.nth(1)).to_contain_text("not added: 'data.csv' is of no known kind")
            expect(lines.nth(2)).to_contain_text("not added: ")
            expect(page.locator("#article-count")).to_have_text("(1)")
            page.keyboard.press("Escape")
            answered(page, "Who bought the Brook Mine?")
            expect(page.locator(".answer").last).to_contain_text("Ramaco")
            page.locator("#show-articles").click()
            page.get_by_role("button", name="Delete mine").click()
            page.get_by_role("button", name="Really delete mine?").click()
            expect(page.locator("#article-list")).to_contain_text("There are no articles yet.")
            expect(page.locator("#articles .announcements")).to_have_text("mine is deleted.")
            page.locator("#articles [data-close]").click()
            page.locator(".answer .marker").last.click()
            expect(page.locator("#reader-body")).to_contain_text("no longer stored")
            expect(page.locator("#reader-body blockquote")).to_contain_text("Ramaco")
            page.context.close()

    def test_an_article_that_has_changed_is_shown_with_what_was_quoted(
        self, browser: Browser, empty_rag: CommandLine
    ) -> None:
        with empty_rag.serving() as (client, _):
            client.put("/v1/documents/mine", json={"text": "It is old. The Brook Mine was bought by Ramaco."})
            page = opened(browser, str(client.base_url))
            answered(page, "Who bought the Brook Mine?")
            client.put("/v1/documents/mine", json={"text": "It was sold."})
            page.locator(".answer .marker").last.click()
            expect(page.locator("#reader-body article")).to_have_text("It was sold.")
            expect(page.locator("#reader-body .notice")).to_contain_text("has changed since")
            expect(page.locator("#reader-body .notice")).to_contain_text("bought by Ramaco")
            page.context.close()

    def test_a_long_source_fits_on_a_phone_and_is_asked_for(self, browser: Browser, empty_rag: CommandLine) -> None:
        with empty_rag.serving() as (client, _):
            for number in range(15):
                body = {"text": f"Mine {number} was bought by Ramaco.", "source": f"Wire{number}" * 20}
                client.put(f"/v1/documents/mine{number}", json=body)
            page = opened(browser, str(client.base_url), "phone")
            page.locator("#filters summary").click()
            page.fill("#find-source", "wire7")
            page.locator("#filter-sources label").first.click()
            assert page.locator("body").evaluate("body => body.scrollWidth - body.clientWidth") <= 0
            answered(page, "Who bought mine 7?")
            expect(page.locator(".turn .understood").first).to_contain_text("Asked only from Wire7Wire7")
            assert page.locator(".source-card .facts").first.inner_text() == "Wire7" * 20
            page.context.close()

    def test_items_of_a_list_stand_on_lines_of_their_own(self, browser: Browser, empty_rag: CommandLine) -> None:
        with empty_rag.serving() as (client, _):
            text = "Ramaco has bought two mines:\n\n- the Brook Mine\n- the Elk Mine\n"
            client.put("/v1/documents/mines", json={"text": text, "media_type": "text/markdown"})
            page = opened(browser, str(client.base_url))
            answered(page, "Which mines has Ramaco bought?")
            quote = page.locator(".source-card blockquote").first
            assert quote.inner_text().split("\n")[-2:] == ["- the Brook Mine", "- the Elk Mine"]
            page.context.close()

    def test_a_passage_is_shown_without_the_marks_of_its_article(
        self, browser: Browser, empty_rag: CommandLine
    ) -> None:
        text = "## Depots\n\nBuses sleep there.\n\n| Depot | Chargers |\n| --- | --- |\n| Wexley | 6 |\n| Tolland | 4 |"
        with empty_rag.serving() as (client, _):
            client.put("/v1/documents/depots", json={"text": text, "media_type": "text/markdown"})
            client.put("/v1/documents/plain", json={"text": "Few.\nNow not.\n\nBuses slept\nin the street."})
            page = opened(browser, str(client.base_url))
            answered(page, "How many chargers does the Wexley depot have?")
            page.locator(".passages summary").click()
            quotes = page.locator(".passages blockquote")
            marked, wrapped = (quotes.filter(has_text=said) for said in ("Chargers", "street"))
            assert marked.text_content() == text
            shown = "Depots Buses sleep there. Depot | Chargers Wexley | 6 Tolland | 4"
            assert " ".join(marked.inner_text().split()) == shown
            assert wrapped.inner_text().split("\n\n") == ["Few. Now not.", "Buses slept in the street."]
            page.context.close()

    def test_chosen_files_are_added(self, browser: Browser, empty_rag: CommandLine, tmp_path: Path) -> None:
        file = tmp_path / "mine.md"
        file.write_text("# The mine\n\nThe Brook Mine was bought by Ramaco.")
        with empty_rag.serving() as (client, _):
            page = opened(browser, str(client.base_url))
            page.locator("#add-first").click()
            page.set_input_files("#files", str(file))
            expect(page.locator("#uploads li")).to_contain_text("added, 1 passage")
            expect(page.locator("#article-list")).to_contain_text("The mine")
            page.context.close()

    def test_what_an_article_holds_is_text(self, browser: Browser, empty_rag: CommandLine) -> None:
        with empty_rag.serving() as (client, _):
            body = {"text": HOSTILE, "title": "<img src=x onerror=alert(1)>", "source": "<b>Wire</b>"}
            assert client.put("/v1/documents/hostile", json=body).status_code == 201
            page = opened(browser, str(client.base_url))
            answered(page, "What did tungsten prices do in Hanoi?")
            page.locator(".answer .marker").first.hover()
            page.locator(".answer .marker").first.click()
            assert page.locator("#reader-body article").text_content() == HOSTILE
            expect(page.locator("#reader-title")).to_have_text(body["title"])
            assert page.locator("#turns script, #turns img, #reader script, #reader img, #reader svg").count() == 0
            page.goto(f"{client.base_url}/source/hostile?start=0&end=20")
            assert page.locator("article").text_content() == HOSTILE
            assert page.locator("body img, body svg, article script").count() == 0
            assert page.evaluate("window.hit") is None
            page.context.close()


def drop(page: Page, files: dict[str, str]) -> None:
    """Drop files onto the page as a hand would."""
    page.evaluate(
        """files => {
            const carried = new DataTransfer();
            for (const [name, text] of Object.entries(files)) carried.items.add(new File([text], name));
            for (const kind of ["dragover", "drop"]) {
                const event = {dataTransfer: carried, bubbles: true, cancelable: true};
                document.body.dispatchEvent(new DragEvent(kind, event));
            }
        }""",
        files,
    )


def refusing(status: int, headers: dict[str, str] | None = None, code: str = "refused") -> Callable[[Route], None]:
    """A service that refuses; such as this one becomes behind a proxy that asks for a key."""
    error = {"error": {"code": code, "message": "Not now.", "details": None}}

    def fulfil(route: Route) -> None:
        route.fulfill(status=status, headers=headers or {}, json=error)

    return fulfil


class TestFaults:
    pytestmark = in_browser

    def test_a_key_that_is_needed_is_asked_for_and_sent(self, page: Page) -> None:
        page.route("**/v1/ask", refusing(401))
        ask(page, GENEVA)
        expect(page.locator(".fault")).to_contain_text("This service answers only those who have a key.")
        expect(page.locator("#key")).to_be_focused()
        assert axe_violations(page) == []
        page.unroute("**/v1/ask")
        sent: list[str | None] = []
        page.on("request", lambda request: sent.append(request.headers.get("authorization")))
        page.keyboard.type("secret")
        page.keyboard.press("Enter")
        expect(page.locator(".answer .marker").first).to_be_visible()
        expect(page.locator(".turn > h2")).to_have_text([GENEVA])
        assert page.locator(".fault").count() == 0
        assert "Bearer secret" in sent
        assert page.evaluate("sessionStorage.length") == 1

    def test_a_key_that_cannot_be_one_is_not_taken(self, page: Page) -> None:
        page.route("**/v1/ask", refusing(401))
        ask(page, GENEVA)
        give_key(page, "ключ")
        expect(page.locator("#key-dialog")).to_be_visible()
        assert "no spaces" in page.locator("#key").evaluate("key => key.validationMessage")

    def test_who_gives_no_key_now_may_later_and_is_answered_all(self, page: Page) -> None:
        page.route("**/v1/ask", refusing(401))
        for question in (GENEVA, SHARE):
            ask(page, question)
            page.get_by_role("button", name="Not now").click()
            expect(page.locator("#question")).to_be_focused()
        page.unroute("**/v1/ask")
        page.get_by_role("button", name="Give a key").last.click()
        give_key(page, "secret")
        expect(page.locator(".turn-foot button")).to_have_count(2)
        expect(page.locator(".turn > h2")).to_have_text([GENEVA, SHARE])
        assert page.locator(".fault").count() == 0

    def test_a_service_that_was_gone_at_first_costs_no_answer(self, page: Page) -> None:
        page.route("**/readyz", lambda route: route.abort("connectionrefused"))
        page.reload()
        expect(page.locator("#service-fault")).to_contain_text("The service does not answer.")
        answered(page, GENEVA)
        page.unroute("**/readyz")
        page.locator("#service-fault button").click()
        expect(page.locator("#service-fault .fault")).to_have_count(0)
        expect(page.locator(".answer .marker").first).to_be_visible()

    def test_a_question_that_is_too_long_is_said_and_not_cut(self, page: Page) -> None:
        page.fill("#question", "x" * 2001)
        expect(page.locator("#composer-fault")).to_contain_text("this has 2,001")
        page.press("#question", "Enter")
        assert page.locator(".turn").count() == 0
        page.fill("#question", "⛏" * 2000)
        expect(page.locator("#composer-fault")).to_be_hidden()

    def test_an_answer_of_nothing_has_no_null_about_it(self, page: Page) -> None:
        page.locator("#filters summary").click()
        page.fill("#published-after", "2090-01-01")
        answered(page, GENEVA)
        assert "null" not in page.locator(".turn").inner_text()

    def test_a_browser_that_keeps_nothing_asks_all_the_same(self, browser: Browser, service: str) -> None:
        context = browser.new_context(base_url=service)
        context.add_init_script(
            "for (const name of ['localStorage', 'sessionStorage'])"
            " Object.defineProperty(window, name, {get() { throw new Error('denied'); }});"
        )
        page = context.new_page()
        page.goto(service)
        answered(page, GENEVA)
        page.locator("#theme").click()
        expect(page.locator("#theme")).to_have_attribute("aria-label", "Colours: Light")
        context.close()

    def test_two_tabs_go_on_with_one_conversation(self, page: Page, service: str) -> None:
        answered(page, GENEVA)
        other = page.context.new_page()
        other.goto(page.url)
        answered(other, "and in London?")
        answered(page, SHARE)
        page.reload()
        expect(page.locator(".turn > h2")).to_have_text([GENEVA, "and in London?", SHARE])

    def test_what_is_kept_and_damaged_is_passed_over(self, page: Page) -> None:
        for kept in ("{}", "[{}]", '[{"id": "a", "turns": []}]', "nonsense", "null"):
            page.evaluate("kept => localStorage.setItem('footnote.conversations', kept)", kept)
            page.reload()
            page.locator("#show-conversations").click()
            expect(page.locator("#conversation-list")).to_contain_text("There are none.")

    def test_a_busy_service_says_when_to_ask_again(self, page: Page) -> None:
        page.route("**/v1/ask", refusing(429, {"Retry-After": "1"}, "too_many_questions"))
        ask(page, GENEVA)
        again = page.locator(".fault button")
        expect(page.locator(".fault")).to_contain_text("has its hands full")
        expect(again).to_be_disabled()
        page.unroute("**/v1/ask")
        again.click()
        expect(page.locator(".answer .marker").first).to_be_visible()

    def test_a_service_without_room_has_its_hands_full(self, page: Page) -> None:
        page.route("**/v1/ask", refusing(503, {"Retry-After": "5"}, "overloaded"))
        ask(page, GENEVA)
        expect(page.locator(".fault")).to_contain_text("The service has its hands full. Not now.")

    def test_who_asks_too_often_is_told_so(self, browser: Browser, rag: CommandLine) -> None:
        with rag.serving(RAG_RATE_LIMIT="2/minute") as (client, _):
            page = opened(browser, str(client.base_url))
            # The list of the articles was the first.
            answered(page, GENEVA)
            ask(page, SHARE)
            fault = page.locator(".fault")
            expect(fault).to_contain_text("You have reached this service's limit. More than 2 requests a minute")
            expect(fault.get_by_role("button")).to_have_text(re.compile(r"Try again in \d+ s"))
            page.context.close()

    def test_what_is_too_large_is_said(self, page: Page) -> None:
        page.route("**/v1/documents", refusing(413))
        drop(page, {"large.txt": "x"})
        expect(page.locator("#uploads li")).to_contain_text("not added: That is too much at once.")

    def test_a_service_that_is_gone_is_said_and_asked_again(self, page: Page) -> None:
        page.route("**/v1/ask", lambda route: route.abort("connectionrefused"))
        ask(page, GENEVA)
        expect(page.locator(".fault")).to_contain_text("The service does not answer.")
        page.unroute("**/v1/ask")
        page.locator(".fault").get_by_role("button", name="Try again").click()
        expect(page.locator(".answer .marker").first).to_be_visible()

    def test_an_article_that_was_not_reached_is_opened_at_another_try(self, page: Page) -> None:
        answered(page, GENEVA)
        page.route("**/source/**", lambda route: route.abort("connectionrefused"))
        page.locator(".answer .marker").first.click()
        expect(page.locator("#reader-body .fault")).to_contain_text("The service does not answer.")
        page.unroute("**/source/**")
        page.locator("#reader-body").get_by_role("button", name="Try again").click()
        expect(page.locator("#reader-body mark").first).to_be_in_viewport()

    def test_a_service_with_keys_is_used_from_the_page_once_it_is_given_one(
        self, browser: Browser, rag: CommandLine
    ) -> None:
        entries = "reader:read:the-key-of-a-reader, loader:write:the-key-of-a-loader"
        with rag.serving(RAG_API_KEYS=entries) as (client, _):
            page = browser.new_context(base_url=str(client.base_url)).new_page()
            page.goto("/")
            notice = page.locator("#service-fault .fault")
            expect(notice).to_contain_text("This service answers only those who have a key.")
            assert "Bearer" not in page.locator("body").inner_text()
            assert column_of(page, "#service-fault .fault") == column_of(page, ".composer-inner")
            ask(page, GENEVA)
            give_key(page, "not-a-key-of-this-service")
            expect(notice).to_contain_text("The service does not know this key.")
            # The box is back, and says the same.
            expect(page.get_by_role("dialog")).to_contain_text("The service does not know this key.")
            give_key(page, "the-key-of-a-reader")
            expect(page.locator("#article-count")).to_have_text("(5)")
            expect(page.locator(".turn-foot button").first).to_be_visible()
            assert page.locator(".fault").count() == 0
            page.locator(".answer .marker").first.click()
            expect(page.locator("#reader-body mark").first).to_be_visible()
            cited = page.locator("#reader-body mark").first.text_content()
            # The page of its own is given the key by the tab that opens it.
            with page.context.expect_page() as shown:
                page.get_by_role("link", name="Open on a page of its own").click()
            expect(shown.value.locator("mark")).to_have_text(cited or "")
            drop(page, {"mine.txt": "The Brook Mine was bought by Ramaco."})
            expect(page.locator("#uploads li")).to_contain_text("not added: The key 'reader' may only read")
            page.locator("#uploads").get_by_role("button", name="Give a key").click()
            give_key(page, "the-key-of-a-loader")
            expect(page.locator("#article-count")).to_have_text("(6)")
            page.context.close()

    def test_a_link_to_a_source_asks_for_the_key_in_its_place(self, browser: Browser, rag: CommandLine) -> None:
        entry = "reader:read:the-key-of-a-reader"
        with rag.serving(RAG_API_KEYS=entry) as (client, _):
            page = opened_at(browser, f"{client.base_url}/source/004_cf58dd7b26a1b221?start=214&end=338")
            expect(page.locator("h1")).to_have_text("A key is needed")
            assert axe_violations(page) == []
            for key in ("not-a-key-of-this-service", "the-key-of-a-reader"):
                page.get_by_label("Key").fill(key)
                page.get_by_role("button", name="Show it").click()
                if key.startswith("not"):
                    expect(page.get_by_role("alert")).to_contain_text("The service does not know this key.")
            expect(page.locator("mark")).to_be_in_viewport()
            assert page.get_by_role("button", name="Copy link").is_visible()
            page.reload()
            expect(page.locator("mark")).to_be_in_viewport()
            page.context.close()


def column_of(page: Page, selector: str) -> tuple[float, float]:
    """Where an element begins and how wide it is."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"], box["width"]


def give_key(page: Page, key: str) -> None:
    page.fill("#key", key)
    page.get_by_role("button", name="Use it").click()


def opened_at(browser: Browser, address: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(address)
    return page


class TestEveryone:
    pytestmark = in_browser

    @pytest.mark.parametrize("width", list(WIDTHS))
    @pytest.mark.parametrize("colours", ["light", "dark"])
    def test_axe_finds_nothing(self, browser: Browser, service: str, width: str, colours: Colours) -> None:
        page = opened(browser, service, width, colours)
        assert axe_violations(page) == []
        answered(page, SHARE)
        assert axe_violations(page) == []
        page.locator(".answer .marker").first.click()
        expect(page.locator("#reader-body mark").first).to_be_visible()
        assert axe_violations(page) == []
        page.keyboard.press("Escape")
        answered(page, "How do I bake sourdough bread?")
        page.locator("#filters summary").click()
        assert axe_violations(page) == []
        page.locator("#show-articles").click()
        assert axe_violations(page) == []
        page.goto(f"{service}/source/004_cf58dd7b26a1b221?start=214&end=338")
        assert axe_violations(page) == []
        page.context.close()

    @pytest.mark.parametrize("width", list(WIDTHS))
    def test_nothing_is_wider_than_the_page(self, browser: Browser, service: str, width: str) -> None:
        page = opened(browser, service, width)
        answered(page, SHARE)
        page.locator(".answer .marker").first.click()
        expect(page.locator("#reader-body mark").first).to_be_visible()
        for selector in ("body", "#conversation-side", "#reader-body"):
            assert (
                page.evaluate(
                    "s => {const e = document.querySelector(s); return e.scrollWidth - e.clientWidth}", selector
                )
                <= 0
            )
        page.context.close()

    def test_what_an_article_covers_on_a_phone_cannot_be_reached(self, browser: Browser, service: str) -> None:
        page = opened(browser, service, "phone")
        answered(page, GENEVA)
        page.locator(".answer .marker").first.click()
        assert page.locator("#composer").evaluate("composer => composer.inert")
        page.locator("#reader-close").click()
        expect(page.locator("#reader")).to_be_hidden()
        assert not page.locator("#composer").evaluate("composer => composer.inert")
        page.locator(".answer .marker").first.click()
        page.go_back()
        expect(page.locator("#reader")).to_be_hidden()
        expect(page.locator(".answer")).to_be_visible()
        page.context.close()

    def test_the_keyboard_alone_asks_opens_and_closes(self, page: Page) -> None:
        assert page.evaluate("document.activeElement.id") == "question"
        page.keyboard.type(GENEVA)
        page.keyboard.press("Enter")
        expect(page.locator(".turn-foot button").first).to_be_visible()
        tab_to(page, "document.activeElement.matches('.answer .marker')", "Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#reader-title")).to_be_focused()
        tab_to(page, "document.activeElement.id === 'reader-body'")
        page.keyboard.press("PageDown")
        page.keyboard.press("Escape")
        expect(page.locator("#reader")).to_be_hidden()
        assert page.evaluate("document.activeElement.matches('.answer .marker')")
        page.keyboard.press("/")
        expect(page.locator("#question")).to_be_focused()
        assert page.input_value("#question") == ""
        tab_to(page, "document.activeElement.id === 'show-articles'", "Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#articles")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#articles")).to_be_hidden()
        expect(page.locator("#show-articles")).to_be_focused()

    def test_a_screen_reader_hears_of_the_answer(self, page: Page) -> None:
        answered(page, GENEVA)
        expect(page.locator("#announcements")).to_contain_text("The answer is here, with")

    def test_colours_are_chosen_and_kept(self, page: Page, service: str) -> None:
        def paper() -> str:
            return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

        light = paper()
        page.locator("#theme").click()
        page.locator("#theme").click()
        expect(page.locator("#theme")).to_have_attribute("aria-label", "Colours: Dark")
        dark = paper()
        assert dark != light
        page.goto(f"{service}/source/004_cf58dd7b26a1b221")
        assert paper() == dark


def tab_to(page: Page, condition: str, key: str = "Tab") -> None:
    for _ in range(40):
        if page.evaluate(condition):
            return
        page.keyboard.press(key)
    raise AssertionError(
        f"{condition} was never true; the focus is on {page.evaluate('document.activeElement.outerHTML')}"
    )


# Whether the text of an element stands on one line.
ON_ONE_LINE = """element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range.getBoundingClientRect().height < 1.5 * parseFloat(getComputedStyle(element).lineHeight);
}"""


class TestSource:
    pytestmark = in_browser

    def test_the_page_of_a_source_shows_what_is_cited(self, page: Page, service: str) -> None:
        cited = body_of(page, GENEVA)["citations"][0]
        page.goto(service + cited["location"])
        expect(page.locator("mark")).to_be_in_viewport()
        assert page.locator("mark").text_content() == cited["cited_text"]
        assert page.locator("h1").inner_text() == cited["title"]
        page.get_by_role("button", name="Copy link").click()
        expect(page.locator("#copied")).to_have_text("Copied.")
        assert page.evaluate("navigator.clipboard.readText()") == service + cited["location"]

    @pytest.mark.parametrize("way", ["page", "panel"])
    def test_a_wide_table_is_scrolled_by_itself_and_no_word_is_divided(
        self, browser: Browser, empty_rag: CommandLine, way: str
    ) -> None:
        header = "| Pump | Refrigerant | Manufacturer | Efficiency | Warranty | Distributor |"
        table = f"{header}\n|{'---|' * 6}\n| NordTherm | R290 | Northwind | 5.1 | seven | Weissmueller |"
        with empty_rag.serving() as (client, _):
            client.put("/v1/documents/pumps", json={"text": f"# Pumps\n\n{table}", "media_type": "text/markdown"})
            page = opened(browser, str(client.base_url), "phone")
            if way == "page":
                page.goto("/source/pumps")
            else:
                answered(page, "Which refrigerant does the NordTherm pump have?")
                page.locator(".source-card .title").first.click()
            shown = page.locator("article table")
            expect(shown).to_be_visible()
            assert shown.evaluate("table => table.scrollWidth > table.clientWidth")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            for cell in shown.locator("th, tr:not(.markup) > td").all():
                assert cell.evaluate(ON_ONE_LINE), cell.inner_text()
            page.context.close()

    def test_a_source_that_is_gone_is_said_on_a_page(self, page: Page, service: str) -> None:
        response = page.goto(f"{service}/source/gone?start=0&end=5")
        assert response is not None
        assert response.status == 404
        expect(page.locator("main")).to_contain_text("'gone'")


@pytest.mark.parametrize(
    ("url", "cited", "expected"),
    [
        ("https://a.example/x", None, "https://a.example/x"),
        ("https://a.example/x", "Tin fell.", "https://a.example/x#:~:text=Tin%20fell."),
        ("https://a.example/x#y", "Tin  fell.\nA", "https://a.example/x#y:~:text=Tin%20fell.%20A"),
        ("https://a.example/x", "U.S.-China, & more", "https://a.example/x#:~:text=U.S.%2DChina%2C%20%26%20more"),
        ("https://a.example/x", "one two three four five six " + "x " * 50 + "a b c d e f",
         "https://a.example/x#:~:text=one%20two%20three%20four%20five%20six,a%20b%20c%20d%20e%20f"),
    ],
)  # fmt: skip
def test_a_link_to_the_original_leads_to_what_is_cited(url: str, cited: str | None, expected: str) -> None:
    assert original_link(url, cited) == expected
