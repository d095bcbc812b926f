"""Slips in a question give way to the words of the articles."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.corpus import Corpus
from index.document import Document, Metadata
from index.records import Filters
from rag.engine import Engine
from rag.query import MAX_QUERY_CHARS, Query
from rag.spelling import corrected, is_slip_of, not_shouted, written_out
from tests.doubles import HashingEmbedder

BESIDE = {"a": "", "b": "", "c": "d", "d": "ce", "e": "d"}
LETTERS = st.text("abcdeé", min_size=1, max_size=8)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """A corpus of two documents that nothing is changed in."""
    with closing(with_two_documents(tmp_path_factory.mktemp("words"))) as opened:
        yield opened


def with_two_documents(folder: Path) -> Corpus:
    corpus = Corpus(folder, HashingEmbedder(), create=True)
    corpus.put(
        Document(
            "a",
            "The Treaty of Maastricht governs processing in Céleron's province, says Petrova of Hartford on sulphates.",
            "text/plain",
            Metadata(),
        )
    )
    corpus.put(
        Document("b", "Processing of protein needs exports, and causes of cases are known.", "text/plain", Metadata())
    )
    return corpus


@pytest.mark.parametrize(
    ("question", "read_as"),
    [
        ("who signed the Maastrich treaty", "who signed the Maastricht treaty"),
        ("share of procesing", "share of processing"),
        ("WHAT ABOUT PROCESING?", "WHAT ABOUT processing?"),
        ("protien and exprots", "protein and exports"),
        ("the casues of it", "the causes of it"),
        ("on Celeron's river", "on Celeron's river"),
        ("on Celleron's river", "on Céleron's river"),
        ("prptein", "protein"),
        ("the cqses, the csaes, the cuses", "the cqses, the cases, the causes"),
        ("pracessing", "processing"),
        ("Pracessing", "Pracessing"),
        ("protien, protien and protien", "protein, protein and protein"),
        ("sulphites and phosphite", "sulphites and phosphite"),
        # A letter that is not beside the right one, and a vowel at the end, make other names.
        ("the mill of Hertford", "the mill of Hertford"),
        ("what Petrov says", "what Petrov says"),
        # Too short, begun with another letter, two letters away, an ending, a code, a word that is known.
        ("protien4 protien_", "protien4 protien_"),
        ("govrn case", "govrn case"),
        ("drocessing", "drocessing"),
        ("procesin", "procesin"),
        ("proteiny", "proteiny"),
        ("the PROtien gene", "the PROtien gene"),
        ("processing protein", "processing protein"),
        ("?? !!", "?? !!"),
        # A name of the articles with an "s" and what is its; not a plural, nor a word that the articles have.
        ("maastrichts treaty", "Maastricht's treaty"),
        ("Hartfords mills", "Hartford's mills"),
        ("in hartfords", "in hartfords"),
        ("proteins processing", "proteins processing"),
        ("sulphatess petrovas", "sulphatess petrovas"),
    ],
)
def test_what_is_one_letter_off_gives_way_and_nothing_else_does(corpus: Corpus, question: str, read_as: str) -> None:
    with corpus.read() as view:
        assert corrected(question, view, lambda _: False, Filters()) == read_as


def test_an_office_in_short_is_read_in_full_where_only_so_the_articles_have_it(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, HashingEmbedder(), create=True)
    text = "Pieter de Wit is the chief financial officer. The CEO, Ada Berg, left."
    corpus.put(Document("a", text, "text/plain", Metadata()))
    with corpus.read() as view:
        for question, read_as in (
            ("Who is the CFO?", "Who is the chief financial officer?"),
            ("who is the cfo", "who is the chief financial officer"),
            ("Who is the CEO?", "Who is the CEO?"),
            ("Where is the HQ?", "Where is the HQ?"),
        ):
            assert corrected(question, view, lambda _: False, Filters()) == read_as
        none = Filters(doc_ids=("b",))
        assert corrected("Who is the CFO?", view, lambda _: False, none) == "Who is the CFO?"
    corpus.close()


def test_what_the_model_knows_whole_is_no_slip(corpus: Corpus) -> None:
    with corpus.read() as view:
        assert corrected("about protien", view, lambda word: word == "protien", Filters()) == "about protien"


@pytest.mark.parametrize("word", ["protiens", "protiened", "protiening", "protienning", "protienly"])
def test_nor_is_what_is_made_of_it(tmp_path: Path, word: str) -> None:
    text = word.replace("ie", "ei")
    with closing(with_two_documents(tmp_path)) as corpus:
        corpus.put(Document("c", f"It was {text}.", "text/plain", Metadata()))
        with corpus.read() as view:
            assert corrected(word, view, lambda _: False, Filters()) == text
            assert corrected(word, view, lambda one: one == "protien", Filters()) == word


def test_no_word_is_taken_from_what_filters_leave_out(corpus: Corpus) -> None:
    with corpus.read() as view:
        assert corrected("exprots", view, lambda _: False, Filters(doc_ids=("a",))) == "exprots"
        assert corrected("exprots", view, lambda _: False, Filters(doc_ids=("b",))) == "exports"
        assert corrected("exprots", view, lambda _: False, Filters(doc_ids=())) == "exprots"


def test_a_word_keeps_its_capital_or_has_none(corpus: Corpus) -> None:
    with corpus.read() as view:
        assert corrected("maastrich Maastrich", view, lambda _: False, Filters()) == "maastricht Maastricht"


def test_only_so_many_words_are_looked_up(corpus: Corpus) -> None:
    words = [f"qwert{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(40)]
    with corpus.read() as view:
        assert corrected(" ".join([*words, "procesing"]), view, lambda _: False, Filters()).endswith("procesing")
        assert corrected(" ".join([*words[:20], "procesing"]), view, lambda _: False, Filters()).endswith("processing")


def test_the_question_as_it_was_understood_is_returned(corpus: Corpus) -> None:
    engine = Engine(corpus)
    response = engine.ask("What governs procesing?")
    assert response.question.text == "What governs procesing?"
    assert response.standalone.text == "What governs processing?"
    assert engine.search("What governs procesing?").query.text == "What governs procesing?"


def test_a_question_does_not_grow_too_long(corpus: Corpus) -> None:
    question = "procesing " * (MAX_QUERY_CHARS // 10)
    assert Engine(corpus).ask(question).standalone.text == Query.parse(question).text


@given(LETTERS, LETTERS)
def test_a_slip_is_one_change_away(one: str, other: str) -> None:
    slip, word = one.replace("é", "e"), other.replace("é", "e")
    kept = range(1, len(word))
    changes = {word[:at] + word[at + 1 :] for at in kept}
    if len(slip) > 5:
        changes |= {word[:at] + letter + word[at:] for at in kept for letter in "abcde"}
        # Of these keys, d and e lie beside each other, and c beside d.
        changes |= {word[:at] + beside + word[at + 1 :] for at in kept for beside in BESIDE[word[at]]}
    changes |= {word[:at] + word[at : at + 2][::-1] + word[at + 2 :] for at in kept}
    if word[-1] in "ae":
        changes -= {word[:-1]}
    assert is_slip_of(one, other) is (slip in changes and slip != word)


@given(st.text(max_size=60))
def test_any_question_is_read(seeds_engine: Engine, question: str) -> None:
    with seeds_engine.corpus.read() as view:
        read_as = corrected(question, view, lambda _: False, Filters())
        assert corrected(read_as, view, lambda _: False, Filters()) == read_as


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("wat is its share", "what is its share"),
        ("Wats the share, and wheres the mine", "What's the share, and where's the mine"),
        ("WHATS THE PRICE", "WHAT'S THE PRICE"),
        ("wen did it end in wich country", "when did it end in which country"),
        ("why dont they, Isnt it", "why don't they, Isn't it"),
        ("What about Wat Pho", "What about Wat Pho"),
        ("Wen Jiabao met whom", "Wen Jiabao met whom"),
        ("the hows and whys of it", "the hows and whys of it"),
        ("who is wen jiabao", "who is wen jiabao"),
        ("what is wat pho temple", "what is wat pho temple"),
        ("60 wat bulb power", "60 wat bulb power"),
        ("whose ants were warned", "whose ants were warned"),
        ("", ""),
    ],
)
def test_words_that_ask_are_written_out(typed: str, written: str) -> None:
    assert written_out(typed) == written


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("WHAT IS CHINA'S SHARE?", "what is china's share?"),
        ("What is CHINA'S share?", "What is CHINA'S share?"),
        ("NATO AND EU", "NATO AND EU"),
        ("1 2 3 4", "1 2 3 4"),
    ],
)
def test_what_is_shouted_is_read_in_small_letters(typed: str, read_as: str) -> None:
    assert not_shouted(typed) == read_as


def test_what_would_become_too_long_stays_as_it_was_typed() -> None:
    question = "whats it " * (MAX_QUERY_CHARS // len("whats it ")) + "x"
    assert written_out(question) == question
