import pytest

from index.document import Span
from index.furniture import furniture_spans, without_inline
from index.reading import document_blocks, read_bytes, read_text
from rag.engine import Engine
from tests.conftest import SEEDS

FORM = ["Leave a Reply", "Your email address will not be published. Required fields are marked *"]
MASKED = {
    "000_8d4f07db51574ee3": [
        "Stay informed at rareearthxchanges.com (opens in a new tab), the trusted resource for retail investors "
        "navigating the global rare earth and critical mineral economy.",
        "Spread the word:",
        "CATEGORIES: , , ,",
        *FORM,
    ],
    "001_a398b2530b776cee": ["-", "Read more: Quad forms initiative to challenge China rare minerals control"],
    "002_f862d878ed33022c": ["Leave a Reply"],
    "003_bc6a7292a7714e0f": [
        "Looking to Capitalise on Critical Minerals Supply Chain Disruptions?",
        "Discovery Alert's proprietary Discovery IQ model delivers instant notifications on significant ASX mineral "
        "discoveries, including critical rare earth and strategic metal opportunities that could benefit from ongoing "
        "supply chain reshuffling. Explore historic examples of how major mineral discoveries have generated "
        "substantial returns by visiting Discovery Alert's dedicated discoveries page, then begin your 30-day free "
        "trial today to position yourself ahead of the market during these volatile geopolitical times.",
    ],
    "004_cf58dd7b26a1b221": [
        "Stay tuned to REEx for unbiased insights across upstream, midstream, and downstream developments in this "
        "evolving geopolitical mineral war.",
        "Spread the word:",
        "CATEGORIES: , , ,",
        *FORM,
    ],
}

FURNITURE = [
    "Share this article on Facebook",
    "Facebook | Twitter | LinkedIn",
    "Click to share on WhatsApp (Opens in new window)",
    "Cancel reply",
    "12 comments",
    "Be the first to comment",
    "Tags: mining, copper, Chile",
    "Filed under: Markets",
    "Next post: Copper in June",
    "Back to top",
    "Skip to main content",
    "Advertisement",
    "Related articles",
    "You may also like",
    "Read more: Copper slides again",
    "Related: Why tin rose",
    "Subscribe to our newsletter",
    "Sign up for our daily briefing and never miss a story.",
    "Get the best of our reporting in your inbox every morning.",
    "Follow us on X and LinkedIn for more.",
    "We use cookies to improve your experience.",
    "Accept all cookies",
    "© 2025 Example Media Ltd.",
    "All rights reserved.",
    "* * *",
]

SENTENCES = [
    "Readers who subscribe to that theory point to the tariffs of 2018.",
    "China's share of the market rose to 60% in 2024.",
    "Share prices fell after the announcement.",
    "The newsletter of the Federal Reserve Bank of Dallas reported a shortage of dysprosium.",
    "In comments to reporters, the minister denied the charge.",
    "Comments by the minister unsettled traders.",
    "The categories of goods under licence were widened in April.",
    "Two categories: heavy and light rare earths are controlled separately. Both matter.",
    "Cookie makers pay more for palm oil this year.",
    "Copyright law was not part of the talks.",
    "The company published a reply to its critics on Friday.",
    "Leave was granted to appeal the ruling.",
    "Followers of the market on Wall Street expected worse.",
    "He said he would read more of the treaty before signing it.",
    "Related parties held 40% of the shares.",
    "The previous article of the treaty forbids it.",
    "Print media covered the summit at length.",
    "The advertisement cost the ministry 3 million yuan.",
    "To stay ahead, Beijing invested in refining for decades.",
    "Washington must stay informed by its allies, the general said.",
    "The firm sells a free trial of its software to 200 mines.",
    "The tags of the shipment named Baotou as its origin.",
    "Subscribers to the fund received 5% a year.",
    "Next year the quota falls to 40,000 tonnes.",
    "An app lets miners report accidents.",
    "Telegram channels run by the ministry carried the order first.",
]


@pytest.mark.parametrize("name", MASKED)
def test_what_is_masked_of_each_seed(name: str) -> None:
    path = SEEDS / f"{name}.txt"
    document = read_bytes(path.name, path.read_bytes())
    spans = furniture_spans(document.text, document_blocks(document))
    assert [span.of(document.text) for span in spans] == MASKED[name]


def test_every_seed_is_listed() -> None:
    assert sorted(MASKED) == sorted(path.stem for path in SEEDS.glob("*.txt"))


def test_no_passage_and_no_sentence_of_a_seed_shows_a_masked_line(seeds_engine: Engine) -> None:
    with seeds_engine.corpus.read() as view:
        for passage in view.reading.passages(view.vectors.passage_nos().tolist()):
            lines = {line.strip() for line in passage.text.split("\n")}
            assert not lines & set(MASKED[passage.doc_id])
            for sentence in passage.sentences:
                assert passage.slice(sentence) not in MASKED[passage.doc_id]


@pytest.mark.parametrize("line", FURNITURE)
def test_furniture_of_other_pages_is_masked(line: str) -> None:
    document = read_text("a", f"A title of an article\n\nCopper fell on Monday.\n\n{line}\n\nTin rose.", "text/plain")
    spans = furniture_spans(document.text, document_blocks(document))
    assert [span.of(document.text) for span in spans] == [line]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_real_sentence_is_not_masked(sentence: str) -> None:
    document = read_text("a", f"A title of an article\n\nCopper fell.\n\n{sentence}\n\nTin rose.", "text/plain")
    assert furniture_spans(document.text, document_blocks(document)) == ()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("The Journal (opens in a new tab), says", "The Journal, says"),
        ("The Journal (opens in new window) says", "The Journal says"),
        ("See [the report](https://x.example/a_(b)) now", "See [the report]) now"),
        ("A picture ![of a mine](mine.png) here", "A picture here"),
        ("two\n  lines", "two lines"),
        ("opens in a new tab", "opens in a new tab"),
        ("(see page 3)", "(see page 3)"),
    ],
)
def test_inline_furniture_is_left_out_of_what_is_read(text: str, read: str) -> None:
    assert without_inline(text, Span(0, len(text))) == read
