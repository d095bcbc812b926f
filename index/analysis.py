"""What counts as a word, and which words are one: lower case, without accents, English stems."""

import re
from functools import cache, lru_cache

import tantivy

from index.document import Span, without_hidden

_ABBREVIATION = re.compile(r"(?<!\w)(?:[^\W\d_]\.){2,}")
# A word of letters alone, without what joins two.
LETTERS = re.compile(r"[^\W\d_]+")
# A capital letter of a script that has two cases and is read from the left: "Álvaro", "Łódź".
CAPITAL = f"[{''.join(letter for letter in map(chr, range(0x530)) if letter.isupper())}]"
_WORD = re.compile(rf"{_ABBREVIATION.pattern}|[^\W_]+")
# Words beyond these say nothing that the first ones do not, and each costs time.
_MAX_QUERY_WORDS = 256
# A question is taken apart more than once on its way; so many are kept.
_QUESTIONS = 16
# Questions that follow on each other are answered from the same sentences; so many texts are kept.
_TEXTS = 1024
# What a question is asked with, and what is left of "what's" and "doesn't" when they are taken apart.
_QUESTION_WORDS = (
    "what",
    "which",
    "who",
    "whom",
    "whose",
    "when",
    "where",
    "why",
    "how",
    "do",
    "does",
    "did",
    "s",
    "t",
)

# What a regular expression without regard to case takes for another letter, which no table of words has.
_CASE_ALIKE = re.compile("[ſıİ\u212a]")
_IN_PLAIN_CASE = str.maketrans("ſıİ\u212a", "siik")


def plain_case(text: str) -> str:
    """Return a text, as long as before, with plain letters for those that match others where case does not count."""
    return text.translate(_IN_PLAIN_CASE) if _CASE_ALIKE.search(text) else text


def indexed_words(text: str) -> list[str]:
    """Return the words of a text as they are indexed, in order and as often as they stand there."""
    words: list[str] = analyzer().analyze(without_dots(text))
    return words


@lru_cache(_TEXTS)
def words_of(text: str) -> frozenset[str]:
    """Return the words of a text as they are indexed, each once."""
    return frozenset(indexed_words(text))


@lru_cache(_QUESTIONS)
def word_spans(text: str) -> tuple[tuple[Span, frozenset[str]], ...]:
    """Return where each word of a question stands, and what it is indexed as."""
    spans = (Span(*found.span()) for found in _WORD.finditer(text))
    return tuple((span, words_of(span.of(text))) for span in spans)


def query_words(text: str) -> list[str]:
    """Return the words that a query asks for, each once."""
    # Stop words are indexed but asked for only where a query has no others: "the who" is a question too.
    text = without_dots(text)
    found = analyzer(without_stop_words=True).analyze(text) or analyzer().analyze(text)
    return list(dict.fromkeys(found))[:_MAX_QUERY_WORDS]


def says_something(text: str) -> bool:
    """Return whether a text has any word beside stop words and those that a question is asked with, or a name.

    What has a capital and is not the first word may be one: "What is the WHO?".
    """
    others = LETTERS.findall(text)[1:]
    is_named = not text.isupper() and any(word[0].isupper() and word != "I" for word in others)
    return is_named or bool(analyzer(without_stop_words=True).analyze(without_dots(text)))


def without_dots(text: str) -> str:
    """Return the text as it is read: abbreviations without dots, "U.S." and "US" being one word, and nothing hidden."""
    return _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), without_hidden(text))


@cache
def analyzer(*, without_stop_words: bool = False) -> tantivy.TextAnalyzer:
    """Return what takes a text without dots apart into words as they are indexed."""
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
    )
    if without_stop_words:
        builder = builder.filter(tantivy.Filter.stopword("english")).filter(
            tantivy.Filter.custom_stopword(list(_QUESTION_WORDS))
        )
    return builder.filter(tantivy.Filter.ascii_fold()).filter(tantivy.Filter.stemmer("english")).build()
