"""Follow-ups: what is completed from the conversation, and what is left alone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.conversations import FOLDER, measured, read_conversations
from benchmarks.written import lines, put_articles
from index.reading import read_text
from rag.conversation import Turn
from rag.errors import InvalidQuery
from rag.followup import MAX_STANDALONE_CHARS, going_on, standalone
from tests.conftest import Over

ANSWER = "The agreement lacked clear benchmarks, timelines, or penalties. [1] China delayed licences. [2]"
SHARE = "What was China's processing share in 2025?"
DEAL = "What is the Geneva agreement?"
AFTER = "What happened after Geneva?"

# Words that rules are made of, so that random text meets them.
PIECES = st.sampled_from(
    [
        *("and", "what", "about", "why", "who", "said", "that", "it", "they", "he", "is", "the", "in", "2010", "China"),
        *(
            "Geneva's",
            "U.S.",
            "?",
            ".",
            "(",
            ")",
            "“",
            "”",
            "[1]",
            "deal",
            "did",
            "tell",
            "me",
            "more",
            "thanks",
            "how",
        ),
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=15).map(" ".join))
TURNS = st.builds(Turn, st.sampled_from(["user", "assistant"]), TEXTS)


def conversation(*said: str) -> list[Turn]:
    """Return the turns of a person who begins and an assistant who answers."""
    return [Turn("assistant" if number % 2 else "user", content) for number, content in enumerate(said)]


@pytest.mark.parametrize(
    ("question", "said", "expected"),
    [
        # What says little by itself.
        ("Why so much?", ["How much will Tram Line 5 cost?"], "Why so much? (How much will Tram Line 5 cost)"),
        ("who pays?", ["How much will Tram Line 5 cost?"], "Who pays? (How much will Tram Line 5 cost)"),
        ("until when?", ["Is the bridge closed?"], "Until when? (Is the bridge closed)"),
        (
            "When will it open?",
            ["How much will Tram Line 5 cost?", "395 million.", "Why so much?", "Steel."],
            "When will it open? (How much will Tram Line 5 cost)",
        ),
        # Names in small letters, and what a question asks something of.
        ("when did she die?", ["who was maren holt"], "when did maren holt die?"),
        ("when did she die?", ["where was holt born"], "when did holt die?"),
        ("what about her mother?", ["Who is Maren Holt?"], "What about her mother? (Who is Maren Holt)"),
        ("Why was it introduced?", ["What does the speed limit mean?"], "Why was the speed limit introduced?"),
        ("how much does it cost?", ["When is the museum open?"], "how much does the museum cost?"),
        ("Which party does she lead?", ["Who is Johanna Reuter?"], "Which party does Johanna Reuter lead?"),
        (
            "What about Germany's east?",
            ["What is the jobless rate in Germany?"],
            "What about Germany's east? (What is the jobless rate in Germany)",
        ),
        ("who was he?", ["How did many people die?"], "who was he?"),
        ("Why the Brexit vote?", ["What is the GDP of Germany?"], "Why the Brexit vote?"),
        ("who paid for it?", ["What happened to the old library in 2021?"], "who paid for the old library?"),
        ("does it have sign-on?", ["What does the Team edition cost?"], "does the Team edition have sign-on?"),
        # A date for a date.
        ("and in 2010?", [SHARE], "What was China's processing share in 2010?"),
        ("2010?", [SHARE], "What was China's processing share in 2010?"),
        ("and before 2010?", [SHARE], "What was China's processing share before 2010?"),
        ("and between 2010 and 2015?", [SHARE], "What was China's processing share between 2010 and 2015?"),
        ("and now?", [SHARE], "What was China's processing share now?"),
        ("and in 2010?", ["What is China's processing share?"], "What is China's processing share in 2010?"),
        ("and last year?", ["What is China's processing share?"], "What is China's processing share last year?"),
        ("in May?", ["What did China cut in April 2025?"], "What did China cut in May 2025?"),
        ("and in May?", ["What did copper prices do on Monday?"], "What did copper prices do in May?"),
        ("and to tin?", ["What happened to copper prices?"], "What happened to tin?"),
        ("and for the plant?", ["What did Ramaco pay for the mine?"], "What did Ramaco pay for the plant?"),
        (
            "and of refining?",
            ["What is China's share of mining in 2024?"],
            "What is China's share of refining in 2024?",
        ),
        ("and to Japan?", ["What did China agree to do in Geneva?"], "What did China agree to do in Geneva to Japan?"),
        # A name for a name.
        ("and Japan?", [SHARE], "What was Japan's processing share in 2025?"),
        ("And Japan's share?", [SHARE], "What was Japan's processing share in 2025?"),
        ("and Japan in 2010?", [SHARE], "What was Japan's processing share in 2010?"),
        ("what about Lynas?", ["What does MP Materials mine?"], "What does Lynas mine?"),
        ("what about the U.S.?", ["What did China export?"], "What did the U.S. export?"),
        ("and China?", ["What did the U.S. export?"], "What did China export?"),
        ("and London?", [AFTER], "What happened after London?"),
        ("and the London agreement?", ["What did the Geneva agreement say?"], "What did the London agreement say?"),
        ("and in Paris?", ["What is the weather in London?"], "What is the weather in Paris?"),
        ("in Japan?", ["What are rare earths used for?"], "What are rare earths used for in Japan?"),
        ("and for Lynas?", ["What is the capacity of MP Materials?"], "What is the capacity of Lynas?"),
        ("and the population?", ["What is the capital of France?"], "What is the population of France?"),
        # With its number, a quarter in its year, and whatever is the same question again is asked beside the last one.
        ("And Apollo 12?", ["When did Apollo 11 land?"], "When did Apollo 12 land?"),
        ("And Python 3.12?", ["When was Python 3.11 released?"], "When was Python 3.12 released?"),
        ("and macOS?", ["What does Windows 10 cost?"], "And macOS? (What does Windows 10 cost)"),
        ("And Apollo 11?", ["When did Apollo 11 land?"], "And Apollo 11? (When did Apollo 11 land)"),
        ("and in Q3?", ["What was Tesla's profit in Q2 2024?"], "What was Tesla's profit in Q3 2024?"),
        # Like for like: a place for a place, an owner for an owner; an era is no name.
        ("And Japan?", ["What is the GDP of China?"], "What is the GDP of Japan?"),
        ("And Japan?", ["What did the Bank of England say?"], "What did the Bank of Japan say?"),
        ("And Ford?", ["Who is the CEO of Tesla?"], "Who is the CEO of Ford?"),
        ("And for Japan?", ["What is the IMF's forecast for Germany?"], "What is the IMF's forecast for Japan?"),
        ("And Japan?", ["What is NATO's plan for Germany?"], "What is NATO's plan for Japan?"),
        ("And the EU's?", ["What is NATO's plan for Germany?"], "What is the EU's plan for Germany?"),
        ("And India?", ["What did Tesla sell in China?"], "What did Tesla sell in India?"),
        ("And BYD?", ["What did Tesla sell in China?"], "What did BYD sell in China?"),
        ("and 44 BC?", ["Who ruled Rome in 27 BC?"], "And 44 BC? (Who ruled Rome in 27 BC)"),
        ("What about the US?", ["What is the GDP of China?"], "What is the GDP of the US?"),
        # Of a measure, or of what has it.
        ("What was it in 2010?", ["What is the share of tin?"], "What was the share of tin in 2010?"),
        ("Who sets it?", ["What is the price of copper?"], "Who sets the price of copper?"),
        ("What is its population?", ["What is the capital of France?"], "What is the capital of France's population?"),
        ("When was it built?", ["What is the height of the Eiffel Tower?"], "When was the Eiffel Tower built?"),
        ("Who is its president?", ["What is the population of France?"], "Who is France's president?"),
        ("Is it growing?", ["What is the population of France?"], "Is the population of France growing?"),
        # Nothing that it is for.
        ("and Japan?", ["What are rare earths used for?"], "And Japan? (What are rare earths used for)"),
        ("the price?", [SHARE], "The price? (What was China's processing share in 2025)"),
        ("and the tariffs?", [DEAL], "And the tariffs? (What is the Geneva agreement)"),
        # A name alone, and what points back.
        ("Japan?", ["What is China's processing share?"], "What is Japan's processing share?"),
        ("South Africa?", ["What is China's processing share?"], "What is South Africa's processing share?"),
        ("the United States?", [SHARE], "What was the United States's processing share in 2025?"),
        ("Lynas?", ["What does MP Materials mine?", "It mines what only Lynas does. [1]"], "What does Lynas mine?"),
        ("its production share?", ["What is China's processing share?"], "China's production share?"),
        ("what is its price?", ["What is Tesla's new car?"], "what is Tesla's new car's price?"),
        # Courtesies first.
        ("Thanks, and Japan?", ["What is China's processing share?"], "What is Japan's processing share?"),
        ("Thanks. Japan?", ["What is China's processing share?"], "What is Japan's processing share?"),
        ("Thank you very much! And in 2010?", [SHARE], "What was China's processing share in 2010?"),
        ("ok and Japan?", [SHARE], "What was Japan's processing share in 2025?"),
        ("Great, why?", ["Did China restrict exports to Japan?"], "Why did China restrict exports to Japan?"),
        ("and Japan?", ["Thanks, what is China's processing share?"], "what is Japan's processing share?"),
        # A word that asks.
        ("why?", ["Did China restrict exports to Japan?"], "Why did China restrict exports to Japan?"),
        ("why?", ["When did China restrict exports?"], "Why did China restrict exports?"),
        ("how so?", ["Is the deal a resolution?"], "How is the deal a resolution?"),
        ("why is that?", ["Does China require licences?"], "Why does China require licences?"),
        ("where?", ["Does MP Materials mine dysprosium?"], "Where does MP Materials mine dysprosium?"),
        ("when?", [AFTER], "When? (What happened after Geneva)"),
        ("why?", [AFTER], "Why? (What happened after Geneva)"),
        ("why?", ["Where is MP Materials?"], "Why? (Where is MP Materials)"),
        ("why?", ["Why did Rome fall?", "Rome fell in debt. [1]"], "Why is it that “Rome fell in debt”?"),
        (
            "why?",
            ["When does the pool close?", "Closed.", "what about the sauna?", "It is shut in May. [1]"],
            "Why is it that “it is shut in May”?",
        ),
        ("why not?", ["Can I use water?", "Never use water. [1]"], "Why is it that “Never use water”?"),
        ("but why not then?", ["Can I use water?"], "But why not then? (Can I use water)"),
        ("who?", ["Did anyone criticise the deal?"], "Who? (Did anyone criticise the deal)"),
        ("by how much?", ["Did prices rise?"], "By how much? (Did prices rise)"),
        ("which company?", ["Who mines dysprosium?"], "Which company? (Who mines dysprosium)"),
        # What the answer said.
        (
            "who said that?",
            [DEAL, ANSWER],
            "Who said that “the agreement lacked clear benchmarks, timelines, or penalties”?",
        ),
        (
            "who wrote it?",
            [DEAL, ANSWER],
            "Who wrote that “the agreement lacked clear benchmarks, timelines, or penalties”?",
        ),
        (
            "is that true?",
            [DEAL, ANSWER],
            "Is it true that “the agreement lacked clear benchmarks, timelines, or penalties”?",
        ),
        ("says who?", [DEAL, "“It has paid off,” he said. [1]"], "Who said that “‘It has paid off,’ he said”?"),
        ("who said that?", [DEAL, "“It has paid off.” [1]"], "Who said that “it has paid off”?"),
        ("says who?", [DEAL, "U.S. firms wait. [1]"], "Who said that “U.S. firms wait”?"),
        ("says who?", [DEAL, "The articles do not answer this question."], "Says who? (What is the Geneva agreement)"),
        # Pronouns.
        ("How much does it cost?", [DEAL], "How much does the Geneva agreement cost?"),
        ("is it still in force?", [DEAL], "is the Geneva agreement still in force?"),
        ("Where are they mined?", ["What are rare earths used for?"], "Where are rare earths mined?"),
        ("What did China say about it?", [DEAL], "What did China say about the Geneva agreement?"),
        ("what is its capacity?", ["What does MP Materials mine?"], "what is MP Materials' capacity?"),
        ("Where is it based?", ["Who owns MP Materials?"], "Where is MP Materials based?"),
        ("who founded it?", ["SpaceX"], "who founded SpaceX?"),
        ("what did he accuse China of?", ["Who is Scott Bessent?"], "what did Scott Bessent accuse China of?"),
        (
            "what did he say?",
            ["Who criticised China?", "Trade envoy Jamieson Greer did so on CNBC. [1]"],
            "what did Jamieson Greer say?",
        ),
        (
            "is it still in force?",
            ["What did China agree to in Geneva?"],
            "Is it still in force? (What did China agree to in Geneva)",
        ),
        ("What happened after that?", [AFTER], "What happened after that? (What happened after Geneva)"),
        ("Who criticised this deal?", [DEAL], "Who criticised this deal? (What is the Geneva agreement)"),
        ("When did he die?", ["When was Einstein born?"], "When did Einstein die?"),
        ("What did he sign?", ["What did President Xi say?"], "What did President Xi sign?"),
        ("How old is he?", ["Who is the president of France?"], "How old is the president of France?"),
        # Asked for more.
        ("tell me more", [DEAL], "Tell me more about the Geneva agreement."),
        ("tell me more", [AFTER], "Tell me more (What happened after Geneva)"),
        ("anything else?", [AFTER], "Anything else? (What happened after Geneva)"),
        ("what happened?", ["How many died on the Lea?"], "What happened? (How many died on the Lea)"),
        ("so what happened exactly?", ["Who won?"], "So what happened exactly? (Who won)"),
        (
            "who teaches it?",
            ["How much does the course at Harn Rowing Club cost?"],
            "who teaches the course at Harn Rowing Club?",
        ),
        # One of several.
        (
            "when does the last one go?",
            ["How much is the funicular?"],
            "When does the last one go? (How much is the funicular)",
        ),
        (
            "and the blue one, is it free?",
            ["Which card do I need?"],
            "And the blue one, is it free? (Which card do I need)",
        ),
        # A place.
        ("how many live there?", ["How long does the ferry to Morada take?"], "how many live in Morada?"),
        ("how do I get there?", ["Who lives in Puerto Vik?"], "how do I get to Puerto Vik?"),
        ("how far is it from there to Rome?", ["Is it hot in Ostia?"], "how far is it from Ostia to Rome?"),
        ("Will there be a strike?", ["Which ferries sail to Sarn?"], "Will there be a strike?"),
        ("What is out there?", ["Which ferries sail to Sarn?"], "What is out there? (Which ferries sail to Sarn)"),
        ("How far is it from Odense?", ["Where is the town of Ribe?"], "How far is the town of Ribe from Odense?"),
        ("What is the one child policy?", ["Who was Mao?"], "What is the one child policy?"),
        ("why not?", ["Can I swim?", "No. [1]"], "Why not? (Can I swim)"),
        ("who lives there?", ["What is the capital of Ruria?"], "Who lives there? (What is the capital of Ruria)"),
        ("what can I see there?", ["Who lives near the port?"], "What can I see there? (Who lives near the port)"),
    ],
)
def test_a_follow_up_is_completed(question: str, said: list[str], expected: str) -> None:
    history = conversation(*said)
    assert standalone(question, history) == expected
    assert standalone(expected, history) == expected


FOUNDED = "Our grandmother, Remedios Auñón, bought it for next to nothing in 1970. [1]"
CRASH = "The ferry was steered by Captain Mateo Sarabia. [1] It hit the Faro Viejo. [2]"


@pytest.mark.parametrize(
    ("question", "said", "expected"),
    [
        (
            "When did she open it?",
            ["Who founded the Almendral?", FOUNDED],
            "When did Remedios Auñón open it? (Who founded the Almendral)",
        ),
        ("how old is he?", ["What happened in the harbour?", CRASH], "how old is Captain Mateo Sarabia?"),
        ("who succeeded him?", ["Who is Álvaro Quint?", "He resigned. [1]"], "who succeeded Álvaro Quint?"),
        (
            "what did he do?",
            ["Who was Ilse Marandt's husband?", "She married Edmund Hale. [1]"],
            "what did Edmund Hale do?",
        ),
        (
            "what did he do?",
            ["Who was Ilse Marandt married to?", "She married Edmund Hale. [1]"],
            "what did Edmund Hale do?",
        ),
        (
            "when did she die?",
            ["Who was Ilse Marandt married to?", "She married Edmund Hale. [1]"],
            "when did Ilse Marandt die?",
        ),
        (
            "what did he do?",
            ["Who was Ilse Marandt married to?", "Otto Marandt gave her to Edmund Hale. [1]"],
            "What did he do? (Who was Ilse Marandt married to)",
        ),
        # Two are told, and either may be meant.
        (
            "Where was she born?",
            ["Who is the mayor of Vik?", "After Karl Berg left, Ingrid Moe became mayor. [1]"],
            "Where was the mayor of Vik born?",
        ),
        (
            "what did he say?",
            ["What happened?", "Ann Lee saw Edmund Hale. [1]"],
            "What did he say? (What happened)",
        ),
        # What was asked last, and what that went on from.
        (
            "when is that?",
            ["How many houses burned in 1903?", "400. [1]", "Is there a festival about it?", "The Noche. [1]"],
            "When is there a festival about it? (How many houses burned in 1903)",
        ),
        # Who asks about an answer is not what the next question is about.
        (
            "what did it cost?",
            ["What is the Faro?", "It is a light. [1]", "who said that?", "Nobody. [1]"],
            "what did the Faro cost?",
        ),
    ],
)
def test_who_and_what_an_answer_told_is_meant(question: str, said: list[str], expected: str) -> None:
    assert standalone(question, conversation(*said)) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("who directed the film?", "Who directed the film? (Who wrote Salt Ledger)"),
        ("can I watch it in the hall?", "Can I watch it in the hall? (Who wrote Salt Ledger)"),
        ("who directed The Ferryman?", None),
        ("why?", None),
        ("what do those who read the novel in one night say of the people in it?", None),
    ],
)
def test_a_question_that_names_nothing_may_go_on_from_the_last(question: str, expected: str | None) -> None:
    history = conversation("Who wrote Salt Ledger?", "Tobias Lind did. [1]")
    assert going_on(question, history) == expected
    assert going_on(question, []) is None


def test_what_goes_on_is_what_the_articles_rather_answer(over: Over) -> None:
    engine = over(
        lind="# Tobias Lind\n\nLind wrote Salt Ledger in 1975. The film of 1981 was directed by Paolo Venn.",
        school="# School rules\n\nPhones stay in the locker until the last lesson of the day.",
        ferry="# The ferry\n\nThe crash was shown in a film about the harbour, which nobody liked.",
    )
    history = conversation("Who wrote Salt Ledger?", "Lind wrote Salt Ledger in 1975. [1]")
    assert "Paolo Venn" in engine.ask("who directed it, the film?", history).answer.text
    for question in ("where do phones stay?", "how do I bake bread?", "how many students are there?"):
        assert engine.ask(question, history).standalone.text == question


@pytest.mark.parametrize("split", ["dev", "test"])
def test_what_a_turn_of_a_conversation_may_be_answered_by_stands_in_an_article(split: str) -> None:
    articles = [
        read_text(line["doc"], line["text"], line["media_type"]) for line in lines(FOLDER / split / "articles.jsonl")
    ]
    texts = [" ".join(article.text.replace("*", "").split()) for article in articles]
    for turns in read_conversations(split):
        assert [turn.kind == "first" for turn in turns] == [True] + [False] * (len(turns) - 1)
        for answer in (answer for turn in turns for answer in turn.answers):
            assert any(answer in text for text in texts), answer


@pytest.mark.slow
def test_most_of_what_goes_on_is_answered_and_what_does_not_is_not_dragged_back(over: Over) -> None:
    engine = over()
    put_articles(engine.corpus, FOLDER / "dev")
    figures = measured(engine, read_conversations("dev"))
    assert figures["follow_up_answered"] >= 0.55
    assert figures["new_subject_answered"] >= 0.85


@pytest.mark.parametrize(
    "question",
    [
        "What is China's processing share?",
        "who is Scott Bessent?",
        "And what does Lynas mine?",
        "MP Materials",
        "dysprosium and terbium prices",
        "Geneva accord benchmarks",
        "the Wall Street Journal rare earth licenses",
        "recycling of rare earths",
        "How long does it take to build a processing plant?",
        "How much does it cost to build a plant?",
        "Is it true that China restricted exports?",
        "What did China say about its exports?",
        "Did Trump say that he would sign the deal?",
        "Why did prices rise and what did they reach?",
        "What do companies that mine dysprosium earn?",
        "Is there a mine in Wyoming?",
        "What happened this year?",
        "What happened in May 2025?",
        "Which alliances are suggested?",
        "Why is refining the bottleneck?",
        "Who won the 2010 World Cup?",
        "how many years to develop a mine",
        "Summarise the London talks",
        "Can you explain the Geneva agreement?",
        "What about renewable energy in Germany and the cost of it to households?",
        "Who said “it is over”?",
        "He Lifeng",
        "what comes next in the talks",
        "What makes it so easy for Beijing to squeeze buyers?",
        "Does it matter which users the ministry in Beijing lets through?",
        "Where did the negotiators meet, and what did the first of those meetings yield?",
        "thanks",
        "ok",
        "Great, thank you!",
    ],
)
def test_a_question_of_its_own_is_left_alone(question: str) -> None:
    assert standalone(question, conversation("What did MP Materials mine in 2010?", ANSWER)) == question


@pytest.mark.parametrize(
    "question",
    [
        "Tesla stock price?",
        "Best pizza in Rome?",
        "Weather in Paris?",
        "Tokyo population?",
        "Gallium export bans?",
        "Magnets?",
        "Weather?",
        "Tokyo 2020?",
        "The 2010 World Cup?",
        "the German economy?",
        "a recession?",
        "So, Tesla stock price?",
        "Great. Weather in Paris?",
        "Thanks, what is dysprosium?",
        "When did he die?",
        "Is he?",
        "Did she sign that?",
    ],
)
def test_a_new_subject_is_left_alone(question: str) -> None:
    assert standalone(question, conversation("What is China's processing share?", ANSWER)) == question


@pytest.mark.parametrize(
    "before",
    [
        "What did Saudi Arabia export?",
        "What does MP Materials mine?",
        "What does General Motors make?",
        "What did Rio Tinto say?",
        "Who are MP Materials?",
        "Who owns Tesla?",
        "Who is responsible for the ban?",
        "How many people died in Chernobyl?",
    ],
)
def test_no_country_and_no_firm_is_he_or_she(before: str) -> None:
    assert standalone("When did he die?", conversation(before)) == "When did he die?"
    assert standalone("When did she die?", conversation(before)) == "When did she die?"


REPEATED = [
    *("goodbye" * 300, "goodbye" * 22 + "x", "thanks " * 280 + "x", "and " * 500, "what about " * 200, "it is " * 300),
    *("the " * 500, "A b " * 400, "…" * 900, "? " * 900, "who said that " * 140, "A " * 39, "and " * 39, " (" * 900),
]


@pytest.mark.parametrize("text", REPEATED, ids=[text[:14] for text in REPEATED])
def test_words_said_again_and_again_take_no_time(text: str) -> None:
    histories = [[], conversation(DEAL, ANSWER), conversation(text), conversation(DEAL, text), conversation(text, text)]
    for history in histories:
        for question in (text, "why?", "who said that?", "and Japan in 2010?", "When did he die?"):
            started = time.perf_counter()
            standalone(question, history)
            assert time.perf_counter() - started < 0.5


def test_follow_ups_follow_follow_ups() -> None:
    said = [SHARE, ANSWER, "and in 2010?", ANSWER, "thanks!", "You are welcome."]
    assert standalone("and Japan?", conversation(*said)) == "What was Japan's processing share in 2010?"
    assert standalone("and London?", conversation(AFTER, ANSWER, "why?", ANSWER)) == "What happened after London?"


def test_the_last_of_several_questions_is_followed() -> None:
    said = f"I read about magnets. Who makes them? And at last: {DEAL}"
    assert standalone("When was it signed?", [Turn("user", said)]).startswith("When was it signed? (")
    said = f"Who makes magnets? {DEAL}"
    assert standalone("When was it signed?", [Turn("user", said)]) == "When was the Geneva agreement signed?"


def test_what_is_more_than_twenty_turns_back_is_forgotten() -> None:
    courtesies = ["thanks", "Welcome."]
    assert standalone("why?", conversation("Did it rain?", "Yes. [1]", *courtesies * 9)) == "Why did it rain?"
    assert standalone("why?", conversation("Did it rain?", "Yes. [1]", *courtesies * 10)) == "why?"


@pytest.mark.parametrize("content", ["", "  ", "🙂" * 50, "\x00\x1b[1m", "why " * 100_000, "?" * 5000, "[1]"])
@pytest.mark.parametrize("question", ["why?", "who said that?", "is it?", "and Japan in 2010?", "tell me more"])
def test_any_history_is_safe(content: str, question: str) -> None:
    for history in ([Turn("user", content)], conversation(DEAL, content), conversation(content, content)):
        assert 0 < len(standalone(question, history)) <= MAX_STANDALONE_CHARS


def test_a_turn_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="lone surrogate"):
        Turn("user", "\ud800")


@given(TEXTS)
def test_a_question_without_a_history_is_itself(question: str) -> None:
    assert standalone(question, []) == question


@given(TEXTS.filter(bool), st.lists(TURNS, max_size=8))
def test_any_conversation_gives_a_question_that_can_be_asked(question: str, history: list[Turn]) -> None:
    assert 0 < len(standalone(question, history).strip() or question) <= MAX_STANDALONE_CHARS


@pytest.mark.parametrize(
    ("question", "answer", "asked", "resolved"),
    [
        (
            "Which heat pump is the quietest?",
            "NordTherm 8 – Price (€): 12,400; SCOP: 5.1 [1] It wins. [2]",
            "And how much does it cost?",
            "And how much does NordTherm 8 cost?",
        ),
        ("Which country leads?", "China holds 60% of it. [1]", "What does it export?", "What does China export?"),
        (
            "Which company bought Acme?",
            "Acme was bought by Brill Industries in 2010. [1]",
            "Where is it based?",
            "Where is Brill Industries based?",
        ),
        # Several are not one, nothing was told, and a word that begins a sentence is no name.
        (
            "Which countries signed?",
            "China signed. [1]",
            "When did they sign?",
            "When did they sign? (Which countries signed)",
        ),
        (
            "Which deal ended it?",
            "The articles do not answer this question.",
            "When was it signed?",
            "When was it signed? (Which deal ended it)",
        ),
        ("Which sector grew?", "Exports of cars rose. [1]", "Is it big?", "Is it big? (Which sector grew)"),
    ],
)
def test_it_is_what_was_asked_for_and_told(question: str, answer: str, asked: str, resolved: str) -> None:
    history = [Turn("user", question), Turn("assistant", answer)]
    assert standalone(asked, history) == resolved
