"""Laws of splitting. `python -m tests.test_passages` writes the snapshot of the seeds anew."""

import json
from collections.abc import Sequence, Set
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.blocks import BlockKind, item_content
from index.document import Document, Passage, Span
from index.embedder import DEFAULT_MODEL, OnnxEmbedder, find_model
from index.errors import DocumentError
from index.furniture import furniture_spans
from index.passages import Splitter
from index.reading import document_blocks, read_bytes, read_text
from tests.conftest import MODELS, SEEDS

SNAPSHOT = Path(__file__).parent / "snapshots" / "passages.json"

LINES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "",
            "A Heading of the Article",
            "# Markdown heading",
            "## Second level",
            "- an item of a list",
            "  • another item",
            "1. a numbered item",
            "| a | b |",
            "|---|---|",
            "Leave a Reply",
            "Two sentences stand here. The second is short.",
            "Naïve café 🙂 e\u0301 中国稀土 stands here.",
            "word " * 300,
            "x" * 3000,
            "中" * 900,
            "```",
            "> a quotation",
            "[1]: https://x.example",
        ]
    ),
)
TEXTS = st.lists(LINES, max_size=30).map("\n".join)


@pytest.fixture(scope="module")
def splitter(embedder: OnnxEmbedder) -> Splitter:
    return Splitter(embedder.tokenizer_json)


def split(splitter: Splitter, document: Document) -> tuple[Passage, ...]:
    return splitter.split(document.text, document_blocks(document), document.metadata.title)


def check_laws(splitter: Splitter, document: Document) -> None:
    text, passages = document.text, split(splitter, document)
    masked = furniture_spans(text, document_blocks(document))
    in_passage = [False] * len(text)
    end = 0
    for passage in passages:
        assert end <= passage.span.start < passage.span.end <= len(text)
        end = passage.span.end
        assert splitter.count(passage.span.of(text)) <= splitter.splitting.max_tokens
        assert len(passage.span.of(text)) <= splitter.splitting.max_chars
        in_passage[passage.span.start : passage.span.end] = [True] * (passage.span.end - passage.span.start)
        at = passage.span.start
        for sentence in passage.sentences:
            assert at <= sentence.start < sentence.end <= passage.span.end
            at = sentence.end
    for span in masked:
        assert not any(in_passage[span.start : span.end])
        in_passage[span.start : span.end] = [True] * (span.end - span.start)
    body = min((block.span.start for block in document_blocks(document)), default=0)
    assert all(
        covered or character.isspace() for character, covered in zip(text[body:], in_passage[body:], strict=True)
    )
    check_sentences(document, passages, set(masked))
    assert split(splitter, document) == passages


def check_sentences(document: Document, passages: Sequence[Passage], masked: Set[Span]) -> None:
    """Every letter and digit that is neither masked nor of a heading is in exactly one sentence of one passage."""
    text = document.text
    in_sentences = [0] * len(text)
    for passage in passages:
        for sentence in passage.sentences:
            for at in range(sentence.start, sentence.end):
                in_sentences[at] += 1
    for block in document_blocks(document):
        # The mark of an item, which may be a number, is in no sentence.
        span = item_content(text, block.span) if block.kind is BlockKind.ITEM else block.span
        expected = int(block.span not in masked and block.kind is not BlockKind.HEADING)
        assert all(in_sentences[at] == expected for at in range(span.start, span.end) if text[at].isalnum())


@given(text=TEXTS, media_type=st.sampled_from(["text/plain", "text/markdown"]))
def test_the_laws_hold_on_any_text(text: str, media_type: str) -> None:
    try:
        document = read_text("any", text, media_type)
        document_blocks(document)
    except DocumentError:
        return
    check_laws(_splitter(), document)


@cache
def _splitter() -> Splitter:
    return Splitter(OnnxEmbedder(find_model(MODELS, DEFAULT_MODEL)).tokenizer_json)


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.txt")), ids=lambda path: path.stem)
def test_the_laws_hold_on_every_seed(splitter: Splitter, path: Path) -> None:
    check_laws(splitter, read_bytes(path.name, path.read_bytes()))


def seeds_passages(splitter: Splitter) -> dict[str, list[list[object]]]:
    documents = [read_bytes(path.name, path.read_bytes()) for path in sorted(SEEDS.glob("*.txt"))]
    return {
        document.doc_id: [
            [passage.span.start, passage.span.end, len(passage.sentences), passage.heading]
            for passage in split(splitter, document)
        ]
        for document in documents
    }


def test_the_seeds_are_split_as_they_were(splitter: Splitter) -> None:
    stored = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert seeds_passages(splitter) == stored, "if that is meant, run `python -m tests.test_passages`"


def passages_of(splitter: Splitter, text: str, media_type: str = "text/plain") -> list[str]:
    document = read_text("a", text, media_type)
    return [passage.span.of(document.text) for passage in split(splitter, document)]


def test_a_list_stays_with_the_line_above_it(splitter: Splitter) -> None:
    filler = "The market was calm that day and little was traded anywhere. " * 8
    items = "\n".join(f"- item number {number} of the list" for number in range(8))
    passages = passages_of(splitter, f"{filler}\n\nFour things matter:\n{items}\n\n{filler}")
    assert any(
        "Four things matter:" in passage and "number 0" in passage and "number 7" in passage for passage in passages
    )


def test_a_table_stays_whole(splitter: Splitter) -> None:
    rows = "\n".join(f"| metal {number} | {number} tonnes |" for number in range(9))
    filler = "The market was calm that day and little was traded anywhere. " * 9
    passages = passages_of(splitter, f"{filler}\n\n| metal | output |\n|---|---|\n{rows}\n\n{filler}", "text/markdown")
    assert any("| metal | output |" in passage and "metal 8" in passage for passage in passages)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("\n".join(f"- item {number} of a list that goes on and on" for number in range(80)), "- item"),
        ("| a | b |\n|---|---|\n" + "\n".join(f"| row {number} | value of the row |" for number in range(80)), "|"),
        (" ".join(f"Sentence number {number} of a paragraph that goes on." for number in range(80)), "Sentence"),
    ],
)
def test_a_block_too_large_is_divided_at_its_parts(splitter: Splitter, text: str, bound: str) -> None:
    passages = passages_of(splitter, text, "text/markdown")
    assert len(passages) > 2
    assert all(passage.startswith(bound) for passage in passages)


def test_a_passage_knows_the_headings_above_it(splitter: Splitter) -> None:
    filler = "The market was calm that day and little was traded anywhere. " * 12
    document = read_text(
        "a", f"# Title\n\n## Metals\n\n### Copper\n\n{filler}\n\n## Fuels\n\n{filler}", "text/markdown"
    )
    headings = [passage.heading for passage in split(splitter, document)]
    assert headings[0].startswith("Metals")
    assert "Copper" in headings[0]
    assert headings[-1] == "Fuels"


def test_sentences_are_found_inside_paragraphs_items_and_rows(splitter: Splitter) -> None:
    text = "Copper fell to $4.50 a pound. Dr. Smith of the U.S. Geological Survey disagreed.\n\n- First point.\n- Last."
    document = read_text("a", text, "text/plain")
    sentences = [sentence.of(text) for passage in split(splitter, document) for sentence in passage.sentences]
    assert sentences == [
        "Copper fell to $4.50 a pound.",
        "Dr. Smith of the U.S. Geological Survey disagreed.",
        "First point.",
        "Last.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Error 7: out of date.** Run it again. It helps.", ["**Error 7: out of date.** Run it again.", "It helps."]),
        ("**How do I start?** Press it.", ["**How do I start?** Press it."]),
        ("**Note**. It rains.", ["**Note**. It rains."]),
        ("It rains. And it is **cold.** Wait.", ["It rains.", "And it is **cold.**", "Wait."]),
        ("_It rains._ Wait.", ["_It rains._", "Wait."]),
        ("**Nothing else.**", ["**Nothing else.**"]),
        ("2 ** 3 is 8. Wait.", ["2 ** 3 is 8.", "Wait."]),
    ],
)
def test_a_label_in_bold_stays_with_what_it_labels(splitter: Splitter, text: str, expected: list[str]) -> None:
    document = read_text("a", text, "text/markdown")
    assert [one.of(text) for passage in split(splitter, document) for one in passage.sentences] == expected


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u3000", "\u0085", "\u2028", "\t", " "])
def test_any_kind_of_space_may_stand_in_a_sentence(splitter: Splitter, space: str) -> None:
    # At the first of these sentencex panicked.
    text = f"It was said by Harry T{space}.{space}It rose by 5{space}%. Tin is soft."
    document = read_text("a", text, "text/plain")
    sentences = [sentence.of(text) for passage in split(splitter, document) for sentence in passage.sentences]
    assert sentences[-1] == "Tin is soft."
    check_laws(splitter, document)


def test_first_tokens_stop_at_a_token(splitter: Splitter) -> None:
    assert splitter.first_tokens("copper tin lead", 2) == "copper tin"
    assert splitter.first_tokens("copper", 2) == "copper"
    assert splitter.first_tokens("", 2) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", ["Copper fell on Monday. ", "word and more ", "x", "Short line.\n", "- an item\n", "\n"]
)
def test_a_large_document_is_split_in_good_time(splitter: Splitter, part: str) -> None:
    # Half a megabyte of each took minutes once; the time must grow with the text and not with its square.
    text = "A text. " + part * (500_000 // len(part)) + " The end."
    document = read_text("a", text, "text/plain")
    assert split(splitter, document)[-1].span.end == len(text.rstrip())


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(seeds_passages(_splitter()), indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
