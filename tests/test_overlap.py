from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import indexed_words
from index.corpus import Corpus
from index.document import Document, Metadata
from index.errors import DataCorrupt
from index.overlap import inverse_frequency, overlaps, packed
from index.records import PassageWords

WORD = st.sampled_from(["copper", "tin", "lead", "zinc", "the", "42", "größer", "naïveté", "鉛"])
TEXT = st.lists(WORD, max_size=12).map(" ".join)
PASSAGES = st.lists(st.builds(PassageWords, TEXT, TEXT, TEXT), max_size=6)
IDFS = st.dictionaries(WORD.map(lambda word: indexed_words(word)[0]), st.floats(0.01, 12), max_size=6)
# How each field counts in BM25, and how many words it has on average.
FIELDS = {"title": (0.5, 8.0), "heading": (0.5, 4.0), "body": (1.0, 100.0)}


def twin(idfs: Mapping[str, float], passage: PassageWords) -> float:
    """Two thirds of the share of the words, one third BM25 as the textbook has it, k1 = 1.2 and b = 0.75."""
    overlap = 0.0
    for word, idf in idfs.items():
        anywhere = False
        for name, (weight, mean) in FIELDS.items():
            bag = Counter(indexed_words(getattr(passage, name)))
            saturation = bag[word] / (bag[word] + 1.2 * (0.25 + 0.75 * bag.total() / mean))
            overlap += idf * weight * saturation / 3
            anywhere = anywhere or word in bag
        overlap += idf * anywhere * 2 / 3
    return overlap / sum(idfs.values()) if idfs else 0.0


@given(IDFS, PASSAGES)
def test_an_overlap_is_that_of_the_textbook(idfs: dict[str, float], passages: list[PassageWords]) -> None:
    expected = {number: overlap for number, one in enumerate(passages) if (overlap := twin(idfs, one))}
    found = overlaps(idfs, {number: packed(one) for number, one in enumerate(passages)})
    assert found == pytest.approx(expected)
    assert list(found) == sorted(found)


@given(IDFS, PASSAGES)
def test_an_overlap_does_not_depend_on_which_passages_are_asked_for(
    idfs: dict[str, float], passages: list[PassageWords]
) -> None:
    kept = {number: packed(one) for number, one in enumerate(passages)}
    alone = [overlaps(idfs, {number: words}) for number, words in kept.items()]
    assert overlaps(idfs, kept) == {number: overlap for one in alone for number, overlap in one.items()}


def test_a_word_that_all_passages_have_counts_least() -> None:
    frequencies = [inverse_frequency(having, 1000) for having in (0, 1, 10, 999, 1000, 1001)]
    assert frequencies == sorted(frequencies, reverse=True)
    assert all(frequency > 0 for frequency in frequencies)


def test_words_are_compared_by_their_stems_in_body_title_and_headings(corpus: Corpus) -> None:
    corpus.put(Document("a", "Nothing here.", "text/plain", Metadata(title="Mining licences")))
    corpus.put(Document("b", "# Licences\n\nNothing either.", "text/markdown", Metadata()))
    corpus.put(Document("c", "They licensed it twice, a licence each.", "text/plain", Metadata()))
    corpus.put(Document("d", "Copper.", "text/plain", Metadata()))
    with corpus.read() as view:
        numbers = {doc_id: view.reading.passage_nos(doc_id)[0] for doc_id in "abcd"}
        found = view.reading.overlaps(view.words.idfs("What licence?"), [*numbers.values()])
        assert set(found) == {numbers["a"], numbers["b"], numbers["c"]}
        assert all(2 / 3 < overlap < 4 / 3 for overlap in found.values())
        assert view.reading.overlaps(view.words.idfs("unheard of"), [*numbers.values()]) == {}
        assert view.reading.overlaps({}, [*numbers.values()]) == {}
        assert view.reading.overlaps(view.words.idfs("licence"), []) == {}


def test_the_words_of_a_passage_go_with_it(corpus: Corpus) -> None:
    corpus.put(Document("a", "Copper fell.", "text/plain", Metadata()))
    with corpus.read() as view:
        numbers = view.reading.passage_nos("a")
    corpus.put(Document("a", "Tin rose.", "text/plain", Metadata()))
    with corpus.read() as view:
        both = [*numbers, *view.reading.passage_nos("a")]
        assert view.reading.overlaps({"copper": 1.0}, both) == {}
        assert set(view.reading.overlaps({"tin": 1.0}, both)) == set(both) - set(numbers)


@pytest.mark.parametrize("damage", [b"", b"\0" * 8, b"\0" * 13, b"\1\0\0\0" * 3, b"\xff" * 16])
def test_damaged_words_are_said_to_be(damage: bytes) -> None:
    sound = packed(PassageWords("", "", "copper"))
    for kept in ({1: damage}, {1: sound, 2: damage}, {1: damage, 2: sound}):
        with pytest.raises(DataCorrupt, match="rag doctor"):
            overlaps({"copper": 1.0}, kept)
