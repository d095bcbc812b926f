from contextlib import closing
from pathlib import Path

import pytest

from index.corpus import Corpus
from index.document import Document, Metadata
from index.embedder import OnnxEmbedder
from index.records import Filters
from rag.conversation import Turn
from rag.engine import Engine, Listener
from rag.query import Query
from rag.welcome import asks_nothing


@pytest.mark.parametrize(
    "question",
    [
        "Hello",
        "hi there!",
        "Good morning.",
        "Thanks a lot!",
        "OK, thank you",
        "help",
        "Who are you?",
        "What can you do?",
        "what articles do you have?",
        "How many documents are indexed?",
        "List all the sources",
        "Hi 👋",
        "Summarize the articles",
        "summarise all documents",
        "Can you summarize everything?",
        "Give me an overview of the articles",
        "Tell me about these documents.",
        "What is this about?",
        "What are these about?",
        "Summarize it",
        "Summarize this article",
        "What are the articles about?",
        "what do the documents say",
        "  hey  ",
    ],
)
def test_what_asks_nothing_of_the_articles_is_known(question: str) -> None:
    assert asks_nothing(question)


@pytest.mark.parametrize(
    "question",
    [
        "Hello World programs",
        "Who are you to judge?",
        "What articles does the law have?",
        "help for farmers",
        "How many documents were stolen?",
        "What can you do with cerium?",
        "Which sources of tin are there?",
        "Summarize the Geneva agreement",
        "What do the articles say about tin?",
        "What is this agreement about?",
        "Tell me about tin",
    ],
)
def test_what_may_be_answered_is_asked(question: str) -> None:
    assert not asks_nothing(question)


def test_a_greeting_is_told_which_articles_there_are(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    told: list[str] = []
    turns = [Turn("user", "How do I replace a cartridge?"), Turn("assistant", "Press the lever. [1]")]
    with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
        engine = Engine(corpus)
        assert engine.ask("Hello").answer.text == "The articles do not answer this question."
        for number, title in enumerate(["Tin [1]", "Zinc", None, "Lead"]):
            corpus.put(Document(f"doc-{number}", "Metal is dear.", "text/plain", Metadata(title)))
        response = engine.ask(Query.parse("Hello!"), listener=Listener(on_text=told.append))
        followed = engine.ask("How does it work?", turns)
        filtered = engine.ask(Query.parse("Hello!", filters=Filters(doc_ids=("doc-1",))))
    assert told == [response.answer.text]
    assert response.answer.text == "There are 4 articles, among them “Tin”, “Zinc” and “doc-2”. Ask what they say."
    assert followed.hits
    assert filtered.answer.text == "Ask what these articles say."
    assert (response.hits, response.answer.citations, response.answer.abstained) == ((), (), True)
