import shutil
import threading
from collections import Counter
from contextlib import closing
from math import log
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import words
from index.corpus import Corpus
from index.database import DATABASE
from index.document import Document, Metadata
from index.records import Filters
from index.store import Store
from index.words import FOLDER, _remove, load
from tests.doubles import HashingEmbedder

ARTICLES = {
    "copper": "Copper prices fell. Copper is red and copper conducts.",
    "tin": "Tin prices rose while the price of lead fell.",
    "lead": "Lead is heavy.",
    "zinc": "Zinc, lead and copper are metals that miners in the north of the country have dug for a long time.",
}


def put(corpus: Corpus, **texts: str) -> None:
    for doc_id, text in texts.items():
        corpus.put(Document(doc_id, text, "text/plain", Metadata()))


def matching(corpus: Corpus, text: str, filters: Filters | None = None) -> list[tuple[str, float]]:
    with corpus.read() as view:
        found = view.words.matching(text, 100, view.reading.doc_nos(filters or Filters()))
        passages = view.reading.passages([number for number, _ in found])
        return [(passage.doc_id, score) for passage, (_, score) in zip(passages, found, strict=True)]


def twin(word: str) -> dict[str, float]:
    """BM25 of a stemless word as the textbook has it, k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009).

    The row in which the index keeps its own state counts as a document without words.
    """
    bags = {
        doc_id: Counter(text.lower().replace(".", "").replace(",", "").split()) for doc_id, text in ARTICLES.items()
    }
    mean = sum(bag.total() for bag in bags.values()) / (len(bags) + 1)
    with_word = sum(word in bag for bag in bags.values())
    idf = log(1 + (len(bags) + 1 - with_word + 0.5) / (with_word + 0.5))
    return {
        doc_id: idf * bag[word] * 2.2 / (bag[word] + 1.2 * (0.25 + 0.75 * bag.total() / mean))
        for doc_id, bag in bags.items()
        if word in bag
    }


@pytest.mark.parametrize("word", ["copper", "lead", "tin", "heavy"])
def test_scores_are_those_of_the_textbook(corpus: Corpus, word: str) -> None:
    for doc_id, text in ARTICLES.items():
        corpus.put(Document(doc_id, text, "text/plain", Metadata()), publish=False)
    expected = twin(word)
    found = matching(corpus, word)
    assert [doc_id for doc_id, _ in found] == sorted(expected, key=lambda doc_id: -expected[doc_id])
    assert dict(found) == pytest.approx(expected, rel=0.01)


def test_a_folder_is_removed_although_something_is_begun_in_it_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "links"
    folder.mkdir()

    def begin_locks() -> None:
        while folder.exists():
            try:
                (folder / "a.lock").touch()
            except FileNotFoundError:
                return

    thread = threading.Thread(target=begin_locks, daemon=True)
    thread.start()
    _remove(folder)
    assert not folder.exists()


def test_dotted_abbreviations_are_one_word(corpus: Corpus) -> None:
    put(
        corpus,
        a="The U.S. mines it.",
        b="The US mines it.",
        c="They sell it to us, e.g. by sea. S. is a letter, U too.",
    )
    assert {doc_id for doc_id, _ in matching(corpus, "U.S.")} >= {"a", "b"}
    assert matching(corpus, "U.S.") == matching(corpus, "US")


def test_words_are_matched_by_their_stems_in_body_title_and_heading(corpus: Corpus) -> None:
    corpus.put(Document("a", "Nothing here.", "text/plain", Metadata(title="Mining licences")))
    corpus.put(Document("b", "# Exports\n\nNothing either.", "text/markdown", Metadata()))
    corpus.put(Document("c", "They exported it.", "text/plain", Metadata()))
    assert [doc_id for doc_id, _ in matching(corpus, "licence")] == ["a"]
    assert {doc_id for doc_id, _ in matching(corpus, "exporting")} == {"b", "c"}


@pytest.mark.parametrize(
    "text",
    [
        '"',
        'title:"x',
        "a AND",
        "((",
        "[a TO b]",
        "\\",
        "+-!",
        "🙂",
        "\u0000",
        "*",
        "lead~2",
        "lead^9",
        "x " * 1000,
        "lead:" * 400,
    ],
)
def test_query_text_of_any_kind_is_safe(corpus: Corpus, text: str) -> None:
    put(corpus, **ARTICLES)
    matching(corpus, text)


@given(st.text(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_may_be_asked(corpus: Corpus, text: str) -> None:
    matching(corpus, text)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("5 m²", "m2"),
        ("CO₂", "co2"),
        ("ＮＶＩＤＩＡ", "nvidia"),
        ("２０２４", "2024"),
        ("H₂O", "h2o"),
        ("Genève", "geneve"),
    ],
)
def test_other_forms_of_letters_and_digits_are_the_plain_ones(corpus: Corpus, written: str, asked: str) -> None:
    put(corpus, a=f"It has {written} there.", b="It has none.")
    assert [doc_id for doc_id, _ in matching(corpus, asked)] == ["a"]
    put(corpus, a=f"It has {asked} there.")
    assert "a" in dict(matching(corpus, written))


def test_stop_words_count_only_where_there_is_nothing_else(corpus: Corpus) -> None:
    put(corpus, **ARTICLES)
    assert {doc_id for doc_id, _ in matching(corpus, "the")} == {"tin", "zinc"}
    assert {doc_id for doc_id, _ in matching(corpus, "what is the copper?")} == {"copper", "zinc"}


def test_inline_furniture_is_not_matched(corpus: Corpus) -> None:
    put(corpus, a="The Journal (opens in a new tab) reports on copper.")
    assert matching(corpus, "tab") == []
    assert matching(corpus, "journal") != []


@pytest.mark.slow
def test_one_document_in_many_is_found_through_a_filter(corpus: Corpus) -> None:
    put(corpus, **{f"d{number}": "Copper fell." for number in range(150)}, last="Copper fell and then fell again.")
    assert [doc_id for doc_id, _ in matching(corpus, "copper", Filters(doc_ids=("last",)))] == ["last"]
    assert matching(corpus, "copper", Filters(doc_ids=())) == []


def test_what_is_replaced_or_deleted_is_not_matched(corpus: Corpus) -> None:
    put(corpus, **ARTICLES)
    put(corpus, copper="Silver now.")
    corpus.delete("zinc")
    assert matching(corpus, "copper") == []
    assert [doc_id for doc_id, _ in matching(corpus, "silver")] == ["copper"]


@pytest.mark.parametrize("damage", ["missing", "emptied", "garbage", "foreign"])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "data"
    first = Corpus(folder, HashingEmbedder(), create=True)
    put(first, **ARTICLES)
    expected = matching(first, "copper")
    first.close()
    words = folder / FOLDER
    if damage == "missing":
        _remove(words)
    elif damage == "emptied":
        for path in words.iterdir():
            path.write_bytes(b"")
    elif damage == "garbage":
        (words / "meta.json").write_text("{]")
    else:
        other = Corpus(tmp_path / "other", HashingEmbedder(), create=True)
        put(other, zebra="Zebra.")
        other.close()
        _remove(words)
        shutil.copytree(tmp_path / "other" / FOLDER, words)
    embedder = HashingEmbedder()
    again = Corpus(folder, embedder)
    assert [doc_id for doc_id, _ in matching(again, "copper")] == [doc_id for doc_id, _ in expected]
    assert embedder.embedded == []
    again.close()


def test_an_index_ahead_of_a_restored_database_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = Corpus(folder, HashingEmbedder(), create=True)
    put(first, copper="Copper fell.")
    first.close()
    backup = shutil.copytree(folder, tmp_path / "backup")
    later = Corpus(folder, HashingEmbedder())
    put(later, tin="Tin rose.")
    later.close()
    shutil.copy(backup / DATABASE, folder / DATABASE)
    restored = Corpus(folder, HashingEmbedder())
    assert matching(restored, "tin") == []
    assert [doc_id for doc_id, _ in matching(restored, "copper")] == ["copper"]
    restored.close()


def test_two_processes_share_the_index(corpus: Corpus, tmp_path: Path) -> None:
    other = Corpus(tmp_path / "data", HashingEmbedder())
    put(other, a="Copper fell.")
    assert [doc_id for doc_id, _ in matching(corpus, "copper")] == ["a"]
    put(corpus, b="Copper rose.")
    assert {doc_id for doc_id, _ in matching(other, "copper")} == {"a", "b"}
    other.close()


def test_what_was_deleted_makes_no_word_count_below_nothing(corpus: Corpus) -> None:
    for number in range(8):
        corpus.put(Document(f"a{number}", "Copper fell.", "text/plain", Metadata()), publish=False)
    corpus.save()
    for number in range(3):
        corpus.delete(f"a{number}")
    with corpus.read() as view:
        assert view.words.idfs("copper")["copper"] > 0
        assert all(weight > 0 for _, weight in view.words.weights("copper"))


NAMED = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]), st.lists(st.sampled_from(["copper", "tin", "lead", "zinc"]), min_size=1)
)


@pytest.mark.slow
@pytest.mark.parametrize("few", [0, 1000])
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=NAMED, after=NAMED.filter(bool))
def test_what_was_deleted_leaves_no_trace(
    few: int, before: dict[str, list[str]], after: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("words")
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(Corpus(folder / "used", HashingEmbedder(), create=True)) as used,
        closing(Corpus(folder / "fresh", HashingEmbedder(), create=True)) as fresh,
    ):
        patch.setattr(words, "_FEW", few)
        for corpus in (used, fresh):
            put(corpus, **{doc_id: f"{' '.join(said)} rose." for doc_id, said in after.items()})
        gone = {f"gone-{doc_id}": f"{' '.join(said)} fell." for doc_id, said in [*before.items(), ("x", ["copper"])]}
        put(used, **gone)
        for doc_id in gone:
            used.delete(doc_id)
        for text in ("copper", "tin rose", "fell"):
            with used.read() as one, fresh.read() as other:
                assert one.words.idfs(text) == other.words.idfs(text)
            if few:
                assert dict(matching(used, text)).keys() == dict(matching(fresh, text)).keys()


def test_scores_are_those_of_a_fresh_index_after_a_deletion(corpus: Corpus, tmp_path: Path) -> None:
    put(corpus, **ARTICLES)
    put(corpus, more="Copper and tin. " * 20, tin="Copper alone.")
    put(corpus, tin=ARTICLES["tin"])
    corpus.delete("more")
    with closing(Corpus(tmp_path / "fresh", HashingEmbedder(), create=True)) as fresh:
        for doc_id, text in ARTICLES.items():
            fresh.put(Document(doc_id, text, "text/plain", Metadata()), publish=False)
        fresh.save()
        for text in ("copper", "tin prices", "lead is heavy"):
            assert dict(matching(corpus, text)) == pytest.approx(dict(matching(fresh, text)))


def test_deletions_that_another_process_is_writing_are_no_damage(corpus: Corpus, tmp_path: Path) -> None:
    put(corpus, copper=ARTICLES["copper"], tin=ARTICLES["tin"])
    folder = tmp_path / "data"
    segment = next((folder / FOLDER).glob("*.term")).stem
    (folder / FOLDER / f"{segment}.99999.del").write_bytes(b"not")
    found = load(folder, Store(folder).database_id)
    assert found is not None
    assert found.passage_nos().tolist() == [1, 2]
