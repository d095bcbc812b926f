"""Answers: what is quoted and in which order, disagreements, follow-ups, and a language model's prose."""

import re
from collections.abc import Callable
from contextlib import closing
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.corpus import Corpus
from index.document import Document, Metadata, Span
from index.embedder import OnnxEmbedder
from rag import citation
from rag.answer_type import compares
from rag.answerability import probability, read_features
from rag.citation import Claim
from rag.conversation import Turn
from rag.engine import AskResponse, Engine, Listener
from rag.errors import InvalidQuery
from rag.evidence import Evidence, unread
from rag.generation import Generator
from rag.gold import read_gold
from rag.query import Query
from rag.quotes import Quote, merged, readable, told
from rag.reranking import CrossEncoderRereading, Reranking
from rag.selection import ABOUT_AS_RELEVANT, QUOTED_FROM, TIMELY_FACTOR, chosen_sentences
from rag.timeliness import asks_what_happened
from tests.command_line import ROOT
from tests.conftest import Over
from tests.scripted_llm import breaking_off, refusing, saying, scripted_llm, silent

PROCESSING = "What is China's processing share?"


def checked(engine: Engine, response: AskResponse) -> AskResponse:
    """The response, which keeps what every answer promises."""
    answer = response.answer
    markers = [int(marker) for marker in re.findall(r"\[(\d+)\]", answer.text)]
    assert list(dict.fromkeys(markers)) == list(range(1, len(answer.citations) + 1))
    assert answer.abstained != bool(answer.citations)
    for cited in answer.citations:
        claim = Claim(cited.doc_id, cited.span.start, cited.span.end, cited.cited_text)
        assert citation.fault(engine.corpus, claim) is None
    for found in answer.disagreements:
        assert len(found.sides) >= 2
        for side in found.sides:
            assert side.markers
            for marker in side.markers:
                assert side.value in answer.citations[marker - 1].cited_text
    assert (answer.confidence is None) == (answer.answerable is None)
    # What is quoted cannot be surer to answer than that anything does.
    assert 0 <= (answer.confidence or 0) <= (answer.answerable or 0) <= 1
    return response


def ask(engine: Engine, question: str, *history: Turn) -> AskResponse:
    return checked(engine, engine.ask(Query.parse(question), history))


@given(st.text(max_size=80))
def test_any_question_gets_an_answer_that_keeps_its_promises(seeds_engine: Engine, question: str) -> None:
    try:
        query = Query.parse(question)
    except InvalidQuery:
        return
    checked(seeds_engine, seeds_engine.ask(query))


@pytest.mark.parametrize("question", ["Is the accord a lasting settlement?", PROCESSING, "Which ETF is watched?"])
def test_the_answer_is_the_same_however_many_passages_are_shown(seeds_engine: Engine, question: str) -> None:
    answers = {seeds_engine.ask(Query.parse(question, top_k)).answer for top_k in (1, 5, 12, 100)}
    assert len(answers) == 1


def test_a_reranker_changes_no_chance_of_an_answer(seeds_engine: Engine) -> None:
    class Flat:
        name = "flat"

        def score(self, question: str, text: str) -> float:
            return 0.5

    reranked = Engine(seeds_engine.corpus, Reranking(CrossEncoderRereading(Flat())))
    for question in (PROCESSING, "Who bakes bread?", "Where is the Brook Mine?"):
        query = Query.parse(question)
        assert reranked.ask(query).answer.answerable == seeds_engine.ask(query).answer.answerable


def test_copies_of_an_article_take_no_confidence(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, embedder, create=True)
    news = "Storms tore the roof off the fishermen's hall in Arvia on Sunday. Nobody was hurt."
    other = "The museum of Arvia shows ships and nets. It opens at nine."
    corpus.put(Document("museum", other, "text/plain", Metadata()))
    answers = []
    for copy in range(8):
        corpus.put(Document(f"news{copy}", news, "text/plain", Metadata()))
        answers.append(Engine(corpus).ask("What did storms do to the fishermen's hall?").answer)
    assert min(one.answerable or 0 for one in answers) > (answers[0].answerable or 0) - 0.1
    assert min(one.confidence or 0 for one in answers) > (answers[0].confidence or 0) - 0.1 > 0


def test_among_more_passages_the_same_evidence_is_less_sure(seeds_engine: Engine) -> None:
    grounds = seeds_engine.grounds(Query.parse("Where is the Brook Mine?"))
    assert grounds.features is not None
    by_count = [
        read_features("Where is the Brook Mine?", grounds.evidence, grounds.sentences, grounds.idfs, searched)
        for searched in (0, 1, 30, 1000, 10**6)
    ]
    # The evidence is among what was searched, whatever a store that counts at another instant says.
    assert by_count[0] == by_count[1] == grounds.features._replace(by_chance=by_count[0].by_chance)
    # The greatest of 30, 1,000 and 1,000,000 normal draws, by the tables of order statistics.
    assert [one.by_chance for one in by_count[2:]] == pytest.approx([2.04, 3.24, 4.86], abs=0.02)
    assert [probability(one) for one in by_count[1:]] == sorted(map(probability, by_count[1:]), reverse=True)


STRANGE = [
    "How do I bake sourdough bread?",
    "What is the capital of France?",
    "Who won the World Cup?",
    "What is the boiling point of water?",
    "How do I reset my password?",
    "What is the best restaurant in town?",
]


@pytest.mark.parametrize("question", STRANGE)
def test_what_the_articles_are_not_about_is_not_answered(seeds_engine: Engine, question: str) -> None:
    answer = ask(seeds_engine, question).answer
    assert answer.abstained
    assert (answer.confidence or 0) < 0.3


def test_nor_is_it_by_one_short_article(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    text = (
        "Employees get 28 days of annual leave. Part-time staff receive leave in proportion to their hours. "
        "Unused leave may be carried over until March. Sick leave is paid for six weeks."
    )
    with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
        corpus.put(Document("leave", text, "text/plain", Metadata()))
        engine = Engine(corpus)
        for question in ("How long is sick leave paid?", "annual leave days", "Can I carry over leave?"):
            assert not ask(engine, question).answer.abstained
        for question in (*STRANGE, "tell me a joke", "who is the president", "what is the weather tomorrow", "hello"):
            assert ask(engine, question).answer.abstained


@pytest.mark.parametrize(
    "question", ["What was China's processing share in 1987?", "What will China's share be in 2040?"]
)
def test_a_time_that_nothing_speaks_of_is_not_answered_for(seeds_engine: Engine, question: str) -> None:
    assert ask(seeds_engine, question).answer.abstained


def test_a_marker_in_a_question_is_none_in_the_answer(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    texts = {
        "guide": "Meridian Hall opened in 1958 with a concert by the city's orchestra.",
        "history": "Meridian Hall opened in 1961 with a concert by the city's orchestra.",
    }
    with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
        for doc_id, text in texts.items():
            corpus.put(Document(doc_id, text, "text/plain", Metadata("Meridian Hall")))
        answer = ask(Engine(corpus), "When did Meridian Hall open [7]?").answer
    (found,) = answer.disagreements
    assert found.topic == "“When did Meridian Hall open?”"


def evidence_of(corpus: Corpus, text: str) -> Evidence:
    """What is found in an article of one passage in Markdown."""
    corpus.put(Document("limits", text, "text/markdown", Metadata()))
    with corpus.read() as view:
        passage_nos = view.reading.passage_nos("limits")
        (passage,), (tokens,) = view.reading.passages(passage_nos), view.reading.passage_tokens(passage_nos)
    return Evidence(passage, unread(tokens), 0.0, 0.0, 0.0)


def test_a_quote_joins_all_that_it_overlaps(corpus: Corpus) -> None:
    evidence = evidence_of(corpus, "Tin is soft and melts early, and copper does not.")
    quotes = [Quote(evidence, Span(*span)) for span in ((0, 10), (30, 40), (20, 30), (5, 25))]
    assert [quote.span for quote in merged(quotes)] == [Span(0, 30), Span(30, 40)]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=8))
def test_no_two_quotes_overlap(seeds_engine: Engine, cited: list[tuple[int, int]]) -> None:
    evidence = seeds_engine.grounds(Query.parse(PROCESSING)).evidence[0]
    quotes = [Quote(evidence, Span(start, start + length)) for start, length in cited]
    spans = [quote.span for quote in merged(quotes)]
    assert not any(one.shared(other) for one, other in combinations(spans, 2))
    assert {at for one in spans for at in range(one.start, one.end)} == {
        at for one in quotes for at in range(one.span.start, one.span.end)
    }
    assert all(spans[0].holds(quote.span) for quote in quotes[:1])


@pytest.mark.parametrize(
    "question", ["How much did the repair of the oven cost in 2021?", "How high was the nitrate level in 2023?"]
)
def test_what_is_said_of_another_time_is_no_answer(embedder: OnnxEmbedder, tmp_path: Path, question: str) -> None:
    texts = {
        "bakery": "In February 2020 the oven broke, and the repair cost 23,000 euros. In 2021 another shop opened.",
        "river": "The nitrate level fell by 18% compared with 2023, to a mean of 21.4 mg/l. Fish came back.",
    }
    with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
        for doc_id, text in texts.items():
            corpus.put(Document(doc_id, text, "text/plain", Metadata(published_at="2025-03-01")))
        assert ask(Engine(corpus), question).answer.abstained


def test_a_heading_tells_the_time_of_what_stands_below_it(embedder: OnnxEmbedder, tmp_path: Path) -> None:
    text = (
        "# The club Otter\n\n## 2022\n\nThe club had 340 members at the end of the year.\n\n## 2023\n\n"
        "The club had 390 members at the end of the year.\n\n## 2024\n\nMembership: 420.\n"
    )
    with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
        corpus.put(Document("club", text, "text/markdown", Metadata("The club Otter")))
        answer = ask(Engine(corpus), "How many members did the club Otter have in 2023?").answer
        assert answer.text.startswith("The club had 390 members")
        assert ask(Engine(corpus), "How many members did the club Otter have in 2019?").answer.abstained


class TestDisagreements:
    def test_the_three_figures_of_processing_are_set_against_each_other(self, seeds_engine: Engine) -> None:
        answer = ask(seeds_engine, PROCESSING).answer
        (found,) = answer.disagreements
        assert found.kind == "conflict"
        assert {side.value for side in found.sides} >= {"more than 90%", "over 85%", "approximately 85%"}
        assert not any("60%" in side.value for side in found.sides)
        assert "disagree" in answer.text

    def test_articles_that_agree_do_not_disagree(self, corpus: Corpus) -> None:
        for doc_id in ("a", "b"):
            corpus.put(Document(doc_id, "The mine employs 300 people in Wyoming.", "text/plain", Metadata()))
        answer = ask(Engine(corpus), "How many people does the mine in Wyoming employ?").answer
        assert answer.disagreements == ()


class TestQuotes:
    @pytest.mark.parametrize("question", ["Do I need a helmet?", "is a helmet needed"])
    def test_what_stands_below_a_heading_that_asks_the_question_comes_first(
        self, embedder: OnnxEmbedder, tmp_path: Path, question: str
    ) -> None:
        text = (
            "# Hiring a bicycle\n\n## How old must I be?\n\nYou must be at least 14 years old.\n\n"
            "## Do I need a helmet?\n\nNo, but we recommend one. Helmets are compulsory in France for children.\n"
        )
        with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
            corpus.put(Document("hire", text, "text/markdown", Metadata("Hiring a bicycle")))
            answer = ask(Engine(corpus), question).answer
        assert answer.text.startswith("No, but we recommend one. [1]")

    @pytest.mark.parametrize(
        ("question", "first"),
        [
            ("Why did the budget of the works double?", "The overrun had one cause: salt."),
            ("What is insured?", "Insured are fire and water."),
            ("What is not insured?", "Floods and moths."),
        ],
    )
    def test_a_heading_asks_without_a_mark_but_not_the_opposite(
        self, embedder: OnnxEmbedder, tmp_path: Path, question: str, first: str
    ) -> None:
        text = (
            "# The works\n\nThe works cost twice what had been budgeted.\n\n## Why the budget doubled\n\n"
            "The overrun had one cause: salt. The bricks were wet.\n\n## What is insured\n\n"
            "Insured are fire and water.\n\n## What is not insured\n\nFloods and moths.\n"
        )
        with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
            corpus.put(Document("works", text, "text/markdown", Metadata("The works")))
            assert ask(Engine(corpus), question).answer.text.startswith(first)

    @pytest.mark.parametrize(
        ("question", "cited"),
        [
            (
                "Who built the orrery?",
                "Do not miss the Great Orrery of 1764 in the Round Room. It was built by Thomas Wray for a duke.",
            ),
            (
                "What happened to the stolen watches?",
                "In 2018 thieves took eleven gold watches. Seven of them were found in a garage in Leeds.",
            ),
            (
                "When was the canal closed?",
                "The Tarn canal opened in 1871. It is 40 km long. It was closed in 1950.",
            ),
            ("How old is the ferry?", "The ferry was built in Ulsten in 1998."),
            ("What does error E3 mean?", "| E3 | Brewing unit not in place |"),
        ],
    )
    def test_what_says_more_of_what_is_asked_is_cited(
        self, embedder: OnnxEmbedder, tmp_path: Path, question: str, cited: str
    ) -> None:
        text = (
            "# The museum\n\nDo not miss the Great Orrery of 1764 in the Round Room. It was built by Thomas Wray for a "
            "duke.\n\nIn 2018 thieves took eleven gold watches. Seven of them were found in a garage in Leeds.\n\n"
            "## The canal\n\nThe Tarn canal opened in 1871. It is 40 km long. It was closed in 1950.\n\n"
            "## The ferry\n\nThe ferry, run by the town, was carrying passengers when it struck the rocks. "
            "The ferry was built in Ulsten in 1998.\n\n"
            "## Errors of the coffee machine\n\nIf the error E7 appears, contact customer service.\n\n"
            "| Error | Cause |\n| --- | --- |\n| E3 | Brewing unit not in place |\n| E5 | Overheating |\n"
        )
        with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
            corpus.put(Document("museum", text, "text/markdown", Metadata("The museum")))
            answer = ask(Engine(corpus), question).answer
        assert answer.citations[0].cited_text == cited

    @pytest.mark.parametrize(
        ("question", "reason"),
        [
            ("Who is the CEO of the ferry company Norrlinje?", "The nearest passages tell of no CEO."),
            ("How old is the captain of the Tindra, Ada Berg?", "The nearest passages tell of no age."),
        ],
    )
    def test_what_holds_nothing_of_the_kind_is_no_answer(
        self, embedder: OnnxEmbedder, tmp_path: Path, question: str, reason: str
    ) -> None:
        text = (
            "The ferry company Norrlinje runs the Tindra between the islands.\n\n"
            "The captain of the Tindra, Ada Berg, apologised to the passengers of Norrlinje."
        )
        with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
            corpus.put(Document("ferry", text, "text/plain", Metadata("The ferry")))
            answer = ask(Engine(corpus), question).answer
        assert (answer.abstained, answer.reason) == (True, reason)

    def test_a_bullet_is_cited_from_the_line_above_its_list(self, corpus: Corpus) -> None:
        text = "The plan has two parts:\n\n- more recycling of magnets\n- new mines in Utah\n\nIt starts soon."
        corpus.put(Document("plan", text, "text/plain", Metadata()))
        answer = ask(Engine(corpus), "new mines in Utah plan").answer
        assert (
            answer.citations[0].cited_text
            == "The plan has two parts:\n\n- more recycling of magnets\n- new mines in Utah"
        )

    def test_a_row_is_cited_alone_and_reads_with_its_header(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = "# Arvia\n\n| Year | Population |\n| --- | --- |\n| 1991 | 120,000 |\n| 2001 | 159,000 |\n"
        corpus.put(Document("town", text, "text/markdown", Metadata("Arvia")))
        answer = ask(Engine(corpus), "What was the population of Arvia in 2001?").answer
        assert answer.citations[0].cited_text == "| 2001 | 159,000 |"
        assert answer.text == "2001 – Population: 159,000 [1]"

    def test_a_table_is_cited_with_the_line_that_leads_to_it(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        text = (
            "# Travel\n\n## Hotels\n\nThe following limits for hotels are per night.\n\n"
            "| City | Limit |\n| --- | --- |\n| London | £210 |\n| Paris | €200 |\n\nRent no cars.\n"
        )
        with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
            corpus.put(Document("travel", text, "text/markdown", Metadata("Travel")))
            answer = ask(Engine(corpus), "What are the limits for hotels per night?").answer
        shown = "The following limits for hotels are per night. London – Limit: £210. Paris – Limit: €200 [1]"
        assert answer.text.startswith(shown)

    def test_what_names_the_reason_is_quoted_for_it(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        text = (
            "The ferry hit the Skarv reef in fog on Tuesday morning. It had left the quay at six.\n\n"
            "The cause of the accident on the reef is not yet known. Divers will look at the hull."
        )
        with closing(Corpus(tmp_path, embedder, create=True)) as corpus:
            corpus.put(Document("ferry", text, "text/plain", Metadata("The ferry")))
            answer = ask(Engine(corpus), "Do we know why the ferry hit the reef?").answer
        assert answer.text.startswith("The cause of the accident on the reef is not yet known.")

    def test_a_list_is_cited_with_the_line_that_leads_to_it(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = (
            "# The tool\n\n## Limits\n\nIt holds three files:\n\n- a log\n- a key\n\n## Backups\n\n"
            "To restore a backup:\n\n1. Stop the server.\n2. Run the restore.\n\n## Errors\n\n"
            "**Error QB-7: the index is out of date.** It was made by an earlier version."
        )
        corpus.put(Document("tool", text, "text/markdown", Metadata("The tool")))
        restoring = "To restore a backup:\n\n1. Stop the server.\n2. Run the restore."
        assert ask(Engine(corpus), "How do I restore a backup?").answer.citations[0].cited_text == restoring
        assert ask(Engine(corpus), "What does error QB-7 mean?").answer.text == (
            "Error QB-7: the index is out of date. It was made by an earlier version. [1]"
        )

    @pytest.mark.parametrize(
        ("question", "text"),
        [
            ("What was fixed in 3.2.0?", "Rotated videos are shown upright. The map no longer crashes."),
            ("Which features did 3.1.0 add?", "Face recognition, off by default. Dark theme."),
            ("How do I rent a locker?", "1. Buy a token at reception. 2. Put it in and turn the key."),
            ("How do I clean the pump of the lido?", "1. Switch the pump off. 2. Rinse it with water."),
        ],
    )
    def test_a_list_is_cited_whole_below_the_heading_that_is_asked(self, over: Over, question: str, text: str) -> None:
        answer = over(
            changes="# Changes of Lantern\n\n## 3.2.0 (2026-05-18)\n\n### Added\n- Albums can be shared.\n\n"
            "### Fixed\n- Rotated videos are shown upright.\n- The map no longer crashes.\n\n"
            "## 3.1.0 (2025-11-27)\n\n### Added\n- Face recognition, off by default.\n- Dark theme.\n\n"
            "### Fixed\n- Deleting an album is quick.",
            pool="# The lido\n\n## Renting a locker\n\n1. Buy a token at reception.\n2. Put it in and turn the key.\n\n"
            "## 3. Cleaning the pump\n\nClean the pump of the lido once a week.\n\n1. Switch the pump off.\n"
            "2. Rinse it with water.\n\n## Lost property\n\nAsk at reception.",
        ).ask(question)
        assert answer.answer.text.startswith(f"{text} [1]")

    def test_one_item_is_cited_alone_where_one_is_asked_for(self, over: Over) -> None:
        items = "- Store no food.\n- Keys are kept by the porter, Max Orr.\n- They are emptied in July."
        pool = f"# The lido\n\n## Lockers\n\n{items}"
        answer = over(pool=pool).ask("Who keeps the keys of the lockers?").answer
        assert answer.text == "Keys are kept by the porter, Max Orr. [1]"

    @pytest.mark.parametrize(
        ("question", "text"),
        [
            ("What takes 4.2 litres of glycol?", "The ring takes 4.2 litres of glycol."),
            ("What does section 4.2 say about draining?", "Open the tap and wait for an hour."),
        ],
    )
    def test_an_amount_is_no_section(self, over: Over, question: str, text: str) -> None:
        boiler = (
            "# The boiler\n\n## 4.1 Filling\n\nThe ring takes 4.2 litres of glycol.\n\n"
            "## 4.2 Draining\n\nOpen the tap and wait for an hour."
        )
        assert over(boiler=boiler).ask(question).answer.text.startswith(text)

    @pytest.mark.parametrize(
        ("question", "text"),
        [
            ("Does the lido have a sauna?", "Do I need to book? No. Booking is only required for the sauna."),
            ("Is booking needed?", "No. Booking is only required for the sauna."),
        ],
    )
    def test_a_no_to_another_question_is_told_with_it(self, over: Over, question: str, text: str) -> None:
        lido = (
            "# The lido\n\n### Do I need to book?\n\nNo. Booking is only required for the sauna.\n\n### Dogs\n\nNone."
        )
        answer = over(lido=lido).ask(question).answer
        assert answer.text == f"{text} [1]"
        assert answer.citations[0].cited_text == "No. Booking is only required for the sauna."

    def test_what_is_asked_may_stand_in_the_sentence_after(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = "The launch of the Lumen device is postponed. Its battery lost capacity too fast. It rains in Bonn."
        corpus.put(Document("lumen", text, "text/plain", Metadata("The Lumen device")))
        cited = ask(Engine(corpus), "Why is the launch of the Lumen device postponed?").answer.citations[0].cited_text
        assert cited == "The launch of the Lumen device is postponed. Its battery lost capacity too fast."
        cited = ask(Engine(corpus), "Is the launch of the Lumen device postponed?").answer.citations[0].cited_text
        assert cited == "The launch of the Lumen device is postponed."

    def test_a_no_is_cited_with_what_it_is_asked_and_what_comes_after_it(
        self, embedder: OnnxEmbedder, tmp_path: Path
    ) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = "Tickets are sold online. May I bring my dog? No. Two sheep were chased last year. It rains in Bonn."
        corpus.put(Document("fair", text, "text/plain", Metadata("The fair")))
        cited = ask(Engine(corpus), "Can I bring my dog to the fair?").answer.citations[0].cited_text
        assert cited == "May I bring my dog? No. Two sheep were chased last year."

    @pytest.mark.parametrize(
        ("row", "read"),
        [
            ("| Storage | 5 GB | 50 GB |", "Storage – Free: 5 GB; Team: 50 GB"),
            ("| Storage | | 50 GB |", "Storage – Team: 50 GB"),
            ("| | 5 GB | 50 GB |", "Free: 5 GB; Team: 50 GB"),
            ("| Storage a \\| b | 5 GB | 50 GB |", "Storage a | b – Free: 5 GB; Team: 50 GB"),
            ("| Storage |", "Storage"),
            ("| Storage | 1 | 2 | 3 |", "| Storage | 1 | 2 | 3 |"),
        ],
    )
    def test_a_row_reads_with_the_names_of_its_columns(self, corpus: Corpus, row: str, read: str) -> None:
        evidence = evidence_of(corpus, f"| | Free | Team |\n| --- | --- | --- |\n{row}\n")
        assert readable(Quote(evidence, evidence.passage.sentences[-1])) == read

    @pytest.mark.parametrize(
        ("asked", "read"),
        [
            ("How much of it is free?", "Storage – Free: 5 GB"),
            ("What is the storage of a team?", "Storage – Team (of up to 9): 50 GB"),
            ("What is the storage of a team, and who pays?", "Storage – Free: 5 GB; Team (of up to 9): 50 GB"),
            ("How many GB are there up to May?", "Storage – Free: 5 GB; Team (of up to 9): 50 GB"),
        ],
    )
    def test_of_a_row_the_columns_are_read_that_are_asked_for(self, corpus: Corpus, asked: str, read: str) -> None:
        table = "| | Free | Team (of up to 9) |\n| --- | --- | --- |\n| Storage | 5 GB | 50 GB |\n"
        evidence = evidence_of(corpus, table)
        assert told(asked, Quote(evidence, evidence.passage.sentences[-1])) == read

    @pytest.mark.parametrize(
        ("text", "read"),
        [
            ('> "It cannot be repaired," says the fitter.', '"It cannot be repaired," says the fitter.'),
            ("> > Copper fell\n> > on Monday.", "Copper fell on Monday."),
            ("> 5 % of it is lost every year.", "> 5 % of it is lost every year."),
            ("The **NordTherm 8** wins.", "The NordTherm 8 wins."),
            ("**The NordTherm wins.", "The NordTherm wins."),
            ("It wins **by far.**", "It wins by far."),
            ("2 ** 3 is 8 and 2**3 is, too.", "2 ** 3 is 8 and 2**3 is, too."),
            ("““We were told so,”” he says.", "“We were told so,” he says."),
            ("Take home:\n\n- Salt\n- **Oil** (a litre)\n- Bread", "Take home: Salt; Oil (a litre); Bread"),
            ("Take home:\n\n* Salt.\n* Oil,\n* Bread.", "Take home: Salt. Oil, Bread."),
            ("Run this:\n\n```sh\nrag index\n```\n\nThen ask.", "Run this: rag index Then ask."),
            ("Three less one is\n3 - 1, or 2.", "Three less one is 3 - 1, or 2."),
            ("A: In 2020 the oven broke.", "In 2020 the oven broke."),
            ("**A:** In 2020 the oven broke.", "In 2020 the oven broke."),
            ("**A**: In 2020 the oven broke.", "In 2020 the oven broke."),
            ("**A: In 2020 the oven broke.**", "In 2020 the oven broke."),
            ("Answer: In 2020 the oven broke.", "In 2020 the oven broke."),
            ("Q: When did it break?\nA: In 2020.", "When did it break? In 2020."),
            ("Vitamin A: it is good for the eyes.", "Vitamin A: it is good for the eyes."),
            (
                "A: thirty seats in the hall.\nB: forty seats in the hall.",
                "A: thirty seats in the hall. B: forty seats in the hall.",
            ),
        ],
    )
    def test_a_quote_reads_without_the_marks_of_its_article(self, corpus: Corpus, text: str, read: str) -> None:
        evidence = evidence_of(corpus, text)
        assert readable(Quote(evidence, evidence.passage.span)) == read

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("Copper fell\non Monday.", "“Copper fell on Monday.”"),
            ("“It fell,” he said.", "“It fell,” he said."),
            ('He said: "It fell."', 'He said: "It fell."'),
            ("It “fell” sharply.", "“It “fell” sharply.”"),
        ],
    )
    def test_quotation_marks_are_not_doubled(self, text: str, shown: str) -> None:
        assert citation.quoted(text) == shown

    def test_what_a_heading_denies_is_said_with_it(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = "# The policy\n\n## What is not insured\n\n- Damage caused by vermin, moths or pets\n- Rust and wear"
        corpus.put(Document("policy", text, "text/markdown", Metadata("The policy")))
        answer = ask(Engine(corpus), "Is damage by moths insured?").answer
        assert answer.text == "What is not insured: Damage caused by vermin, moths or pets [1]"
        assert answer.citations[0].cited_text == "Damage caused by vermin, moths or pets"

    def test_what_names_nothing_is_not_answered(self, seeds_engine: Engine) -> None:
        for question in ("why?", "What is it?", "Who is it and where is it?"):
            answer = ask(seeds_engine, question).answer
            assert answer.abstained
            assert answer.reason == "It names nothing that could be looked for.", question

    def test_no_mark_of_an_article_is_taken_for_a_marker(self, corpus: Corpus) -> None:
        for doc_id, text in (
            ("a", "The bridge is safe [4] for trucks [1[2]]."),
            ("b", "The bridge is not safe [7] for trucks."),
        ):
            corpus.put(Document(doc_id, text, "text/plain", Metadata()))
        ask(Engine(corpus), "bridge safe for trucks")

    @pytest.mark.slow
    def test_what_is_quoted_beside_the_best_is_likely_to_answer_by_itself(self, seeds_engine: Engine) -> None:
        beside = 0
        for question in read_gold(ROOT / "gold" / "questions.jsonl"):
            sentences = seeds_engine.grounds(Query.parse(question.question)).sentences
            chosen = chosen_sentences(question.question, sentences)
            if asks_what_happened(question.question) or compares(question.question):
                continue
            for one in chosen[1:]:
                counted = one.relevance * (TIMELY_FACTOR if one.features.time == 1 else 1)
                assert counted >= min(QUOTED_FROM, ABOUT_AS_RELEVANT * sentences[0].relevance)
                beside += 1
        assert beside

    def test_a_heading_gives_way_to_what_stands_below_it(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = (
            "MINUTES OF THE COUNCIL\n\n6. Playground at Jubilee Field\nThe contract goes to Robin & Daughters of Hale. "
            "Work begins on 8 January.\n\n7. Allotments\nThe rent will rise in April."
        )
        corpus.put(Document("minutes", text, "text/plain", Metadata()))
        for question in ("Who will build the Jubilee Field playground?", "What about the playground at Jubilee Field?"):
            cited = ask(Engine(corpus), question).answer.citations[0].cited_text
            assert cited == "The contract goes to Robin & Daughters of Hale."

    def test_a_line_that_is_no_heading_is_quoted_where_nothing_says_more(
        self, embedder: OnnxEmbedder, tmp_path: Path
    ) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = "Our year was good.\n\nWe sold less board and made more of it.\n\nPriya Raman, Chief Executive"
        corpus.put(Document("report", text, "text/plain", Metadata("Review of the year")))
        assert "Priya Raman" in ask(Engine(corpus), "Who is the chief executive?").answer.text

    def test_that_nobody_was_killed_answers_how_many_died(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = (
            "A fire in the early hours of Sunday gutted the rope works of Tarnmouth and drove two hundred residents of "
            "the quay out of their homes. Nine engines and sixty firefighters fought the fire at the rope works of "
            "Tarnmouth until noon. Nobody was killed, and by evening all of the injured had been sent home."
        )
        corpus.put(Document("fire", text, "text/plain", Metadata("Fire guts the rope works")))
        question = "How many people died in the fire at the rope works of Tarnmouth?"
        assert ask(Engine(corpus), question).answer.text.startswith("Nobody was killed")

    def test_what_happened_is_told_in_its_order(self, corpus: Corpus) -> None:
        texts = {
            "a": "In June 2025 the copper strike ended at the mine.",
            "b": "In March 2025 the copper strike began at the mine.",
            "c": "In April 2025 the copper strike spread at the mine.",
        }
        for doc_id, text in texts.items():
            corpus.put(Document(doc_id, text, "text/plain", Metadata()))
        answer = ask(Engine(corpus), "What happened in the copper strike at the mine?").answer
        months = re.findall(r"March|April|June", answer.text)
        assert len(months) > 1
        assert months == sorted(months, key=["March", "April", "June"].index)

    def test_the_time_that_is_asked_for_comes_first(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        for year in (2010, 2015, 2020):
            text = f"In {year} the mine of Bayan produced copper worth a fortune to the town."
            corpus.put(Document(str(year), text, "text/plain", Metadata()))
        for year in (2010, 2015, 2020):
            answer = ask(Engine(corpus), f"What did the mine of Bayan produce in {year}?").answer
            assert answer.citations[0].doc_id == str(year)

    def test_what_lasted_through_the_time_asked_for_is_quoted(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = (
            "Anna Berg (3 May 1950 – 9 June 2021) was the best known minister of Bayan. Anna Berg was the minister of "
            "trade of Bayan from March 1998 to June 2004. Carl Dahl was the minister of trade of Bayan until 1998. "
            "Since 2004 Erik Lund is the minister of trade of Bayan."
        )
        corpus.put(Document("bayan", text, "text/plain", Metadata("Ministers of Bayan")))
        for year, cited in (("1996", "Carl Dahl"), ("2001", "from March 1998"), ("2015", "Since 2004")):
            answer = ask(Engine(corpus), f"Who was the minister of trade of Bayan in {year}?").answer
            assert cited in answer.citations[0].cited_text

    def test_what_is_in_the_news_of_a_time_may_be_of_that_time(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = "The smelter of Bayan was closed by the council after a fire."
        corpus.put(Document("news", text, "text/plain", Metadata("The smelter", published_at="2023-11-21")))
        question = "Why was the smelter of Bayan closed in {}?"
        assert not ask(Engine(corpus), question.format("November 2023")).answer.abstained
        assert ask(Engine(corpus), question.format("March 2021")).answer.abstained
        for year in ("0900", "2150"):
            corpus.put(Document("news", text, "text/plain", Metadata("The smelter", published_at=f"{year}-03-01")))
            assert ask(Engine(corpus), question.format("November 2023")).answer.abstained

    def test_what_came_after_an_event_is_quoted_though_it_does_not_name_it(
        self, embedder: OnnxEmbedder, tmp_path: Path
    ) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = (
            "The café opened in May 2011 with two ovens. In July 2022 a fire destroyed the kitchen of the café. "
            "The café reopened in March 2023."
        )
        corpus.put(Document("cafe", text, "text/plain", Metadata("The café on Mill Street")))
        after, before = (
            ask(Engine(corpus), f"What happened at the café {relation} the fire?").answer.text
            for relation in ("after", "before")
        )
        assert "reopened" in after
        assert "opened in May 2011" not in after
        assert "reopened" not in before

    def test_what_goes_on_is_cited_with_what_it_goes_on_from(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = (
            "The museum of salt opened in Halle in 1990.\n\nIts founder was Ada Berg. She sold lamps. "
            "However, she kept the oldest lamp of the museum. "
            "This Tuesday the council votes on the salt bridge of Halle. "
            "IT costs of the museum fell by 9%.\n\nWhen is the salt museum open? From Tuesday to Sunday, 10 to 6. "
            "When was the old salt mill built? In 1931."
        )
        corpus.put(Document("museum", text, "text/plain", Metadata("The museum")))
        quoted = {
            "Who kept the oldest lamp of the museum?": "Its founder was Ada Berg. She sold lamps. "
            "However, she kept the oldest lamp of the museum.",
            "By how much did IT costs of the museum fall?": "IT costs of the museum fell by 9%.",
            "When is the vote on Halle's salt bridge?": "This Tuesday the council votes on the salt bridge of Halle.",
            "When was the old salt mill built?": "When was the old salt mill built? In 1931.",
            "When is the salt museum open?": "When is the salt museum open? From Tuesday to Sunday, 10 to 6.",
        }
        for question, cited in quoted.items():
            assert cited in [one.cited_text for one in ask(Engine(corpus), question).answer.citations], question

    def test_what_goes_on_from_an_event_needs_no_date(self, embedder: OnnxEmbedder, tmp_path: Path) -> None:
        corpus = Corpus(tmp_path, embedder, create=True)
        text = (
            "The Lausanne accord was welcomed by both sides. The talks in Lausanne had taken eight days. "
            "Only weeks later, the miners went on strike again. The weather in the valley is mild."
        )
        corpus.put(Document("accord", text, "text/plain", Metadata("The miners and the company")))
        answer = ask(Engine(corpus), "What happened after the Lausanne talks?").answer
        assert answer.citations[0].cited_text == "Only weeks later, the miners went on strike again."


class TestFollowUps:
    def test_the_question_that_is_answered_is_returned(self, seeds_engine: Engine) -> None:
        history = (Turn("user", PROCESSING), Turn("assistant", "It is over 85%. [1]"))
        response = ask(seeds_engine, "and its production share?", *history)
        assert response.question.text == "and its production share?"
        assert "China" in response.standalone.text

    def test_a_new_subject_is_not_dragged_back(self, seeds_engine: Engine) -> None:
        question = "Where is the Brook Mine?"
        assert ask(seeds_engine, question, Turn("user", PROCESSING)).standalone.text == question


SOURCES = "The Brook Mine is in Wyoming. It is run by Ramaco."
ASKED = "Where is the Brook Mine?"


class TestLanguageModel:
    @pytest.fixture
    def mine(self, corpus: Corpus) -> Corpus:
        corpus.put(Document("mine", SOURCES, "text/plain", Metadata("Mines")))
        return corpus

    def test_its_sentences_are_cited_in_the_order_of_their_use(self, mine: Corpus) -> None:
        said: list[str] = []
        with scripted_llm(saying("The Brook Mine lies in Wyoming [1]. It was sold for $9 billion [1].")) as llm:
            engine = Engine(mine, generator=Generator(llm.base_url, "m", None))
            response = checked(engine, engine.ask(Query.parse(ASKED), (), Listener(on_text=said.append)))
        answer = response.answer
        assert (answer.mode, answer.text) == ("generated", "The Brook Mine lies in Wyoming. [1]")
        assert "".join(said) == answer.text
        assert answer.reason is not None
        assert "$9 billion" in answer.reason

    def test_one_that_cites_what_answers_less_is_given_with_less_confidence(self, mine: Corpus) -> None:
        given = {}
        for said in ("The Brook Mine lies in Wyoming [1].", "It is run by Ramaco [2]."):
            with scripted_llm(saying(said)) as llm:
                answer = Engine(mine, generator=Generator(llm.base_url, "m", None)).ask(ASKED).answer
            assert answer.mode == "generated"
            given[said] = answer.confidence or 0
        best, less = given.values()
        assert best == Engine(mine).ask(ASKED).answer.confidence
        assert less < best - 0.1

    @pytest.mark.parametrize(
        ("script", "deadline_s", "reason"),
        [
            (saying("HACKED [1]."), 30, ""),
            (saying("It is in Utah [7]."), 30, ""),
            (refusing(500), 30, "status 500"),
            (breaking_off(), 30, "broke off"),
            (silent, 0.2, "0.2 seconds"),
        ],
    )
    def test_where_it_fails_the_quoted_answer_stands(
        self, mine: Corpus, script: Callable[..., None], deadline_s: float, reason: str
    ) -> None:
        said: list[str] = []
        quoted = ask(Engine(mine), ASKED).answer
        with scripted_llm(script) as llm:
            engine = Engine(mine, generator=Generator(llm.base_url, "m", None, deadline_s))
            answer = engine.ask(Query.parse(ASKED), (), Listener(on_text=said.append)).answer
        assert (answer.mode, answer.text, answer.citations) == ("extractive", quoted.text, quoted.citations)
        assert "".join(said) == answer.text
        assert reason in (answer.reason or "")
        assert answer.reason

    def test_it_is_not_asked_where_the_articles_do_not_know(self, mine: Corpus) -> None:
        with scripted_llm(saying("Quaggas graze [1].")) as llm:
            engine = Engine(mine, generator=Generator(llm.base_url, "m", None))
            assert engine.ask(Query.parse("quagga")).answer.abstained
        assert llm.requests == []


@pytest.mark.parametrize("question", ["🎈", "ꙮ", "😀", "???"])
def test_what_the_tokenizer_does_not_know_is_no_answer_to_itself(
    embedder: OnnxEmbedder, tmp_path: Path, question: str
) -> None:
    corpus = Corpus(tmp_path / "data", embedder, create=True)
    corpus.put(Document("a", "It rained on Monday 😀.", "text/plain", Metadata()))
    assert Engine(corpus).ask(question).answer.abstained
    assert not Engine(corpus).ask(f"When did it rain? {question}").answer.abstained
    corpus.close()


BLOG = """# The Kestrel e-bike

I rode it for a month. The Kestrel takes three and a half hours to charge with the supplied brick, which is heavy, and
who carries one of those? Now for the bad habit. It creaks.

**Q: How does football compare with teaching?**

Football is louder, but a class of thirty is harder to face, she says.

Where to stay.

The Old Mill has six rooms from 80 euros.

Posted on 9 February 2025 by Henrik Solberg
"""


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        # A statement that ends by asking is none of the article's own questions.
        ("How long does it take to charge the Kestrel?", "The Kestrel takes three and a half hours"),
        ("How does she compare football with teaching?", "Football is louder"),
        ("Where can I stay?", "The Old Mill"),
    ],
)
def test_questions_and_topics_of_an_article_are_answered_by_what_follows(
    embedder: OnnxEmbedder, tmp_path: Path, question: str, begins: str
) -> None:
    corpus = Corpus(tmp_path, embedder, create=True)
    corpus.put(Document("blog", BLOG, "text/markdown", Metadata("The Kestrel e-bike")))
    answer = ask(Engine(corpus), question).answer
    assert answer.text.startswith(begins)
    assert "Posted" not in answer.text
