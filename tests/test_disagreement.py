"""Disagreement: sentences of many subjects that contradict each other, and more that only look as if they did."""

from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentencex import get_sentence_boundaries

from index.analysis import words_of
from rag.asked_values import read_asked
from rag.disagreement import find_disagreements
from rag.sides import Difference
from tests.conftest import SEEDS


@dataclass(frozen=True, slots=True)
class Said:
    """A statement as it is given."""

    text: str
    doc_id: str
    as_of: str | None
    relevance: float
    title: str = ""
    published_at: str | None = None


# A question, a sentence of each of two documents, and the values shown where these are not the clauses themselves.
CONFLICTS: list[tuple[str, list[str | None], list[str] | None]] = [
    (
        "How many people were killed in the Lima fire?",
        ["The fire in Lima killed 12 people.", "At least 15 people died in the Lima fire on Sunday."],
        ["12 people", "At least 15 people"],
    ),
    (
        "How many mines does Norvik operate?",
        ["Norvik operates three mines.", "Norvik operates two mines."],
        ["three mines", "two mines"],
    ),
    (
        "How much will Tram Line 5 cost?",
        ["Tram Line 5 will cost 395 million dollars.", "Tram Line 5 will cost 310 million dollars."],
        ["395 million dollars", "310 million dollars"],
    ),
    (
        "How many jobs is Helvora cutting?",
        ["Helvora will cut about 450 jobs.", "Helvora will cut about 600 positions, say two people."],
        ["about 450 jobs", "about 600 positions"],
    ),
    (
        "What did the factory in Brno cost?",
        ["The factory in Brno cost CHF 280 million.", "The Brno factory cost 245 million francs."],
        ["CHF 280 million", "245 million francs"],
    ),
    (
        "When did the library reopen?",
        ["The library reopened on 7 December 2024.", "The library reopened in March 2025."],
        ["7 December 2024", "March 2025"],
    ),
    (
        "When was Acme founded?",
        ["Acme was founded in 1998.", "Acme, a maker of anvils, was established in 1999."],
        ["1998", "1999"],
    ),
    (
        "When was the bridge opened?",
        ["The bridge was opened on 12 May 1932.", "The bridge opened in March 1932."],
        ["12 May 1932", "March 1932"],
    ),
    (
        "When was the engine Victoria steamed again?",
        [
            "The engine Victoria was steamed again on 1 June 1977.",
            "When the engine Victoria was steamed again, in May 1978, a crowd came.",
        ],
        ["1 June 1977", "May 1978"],
    ),
    (
        "When was the hall opened?",
        ["The hall was opened at Easter 1979.", "The hall was opened in May 1977."],
        ["1979", "May 1977"],
    ),
    (
        "How much did the repairs cost?",
        ["Repairs cost £640,000.", "The repairs came to about £750,000."],
        ["£640,000", "about £750,000"],
    ),
    (
        "When was the temple built?",
        ["The temple was built in 1500 BC.", "The temple was built in 1450 BC."],
        ["1500 BC", "1450 BC"],
    ),
    (
        "What share of adults smoke?",
        ["About 20% of adults smoke.", "More than 30 per cent of adults smoke."],
        ["About 20%", "More than 30 per cent"],
    ),
    (
        "How much did the stadium cost?",
        ["The stadium cost $1.5 billion.", "The stadium was built at a cost of $900 million."],
        ["$1.5 billion", "$900 million"],
    ),
    (
        "What is the population of Vardo?",
        ["Vardo has a population of 2,100.", "The population of Vardo is 4,300."],
        ["2,100", "4,300"],
    ),
    (
        "How tall is the tower?",
        ["The tower is 324 metres tall.", "The tower has a height of 300 m."],
        ["324 metres", "300 m"],
    ),
    (
        "How long did the siege last?",
        ["The siege lasted 45 days.", "The siege lasted about 60 days."],
        ["45 days", "about 60 days"],
    ),
    (
        "What percentage of patients recovered?",
        ["90% of patients recovered.", "Three quarters of patients recovered."],
        ["90%", "Three quarters"],
    ),
    (
        "By how much did exports fall in 2023?",
        ["Exports fell by 5% in 2023.", "In 2023 exports fell 12%."],
        ["5%", "12%"],
    ),
    (
        "What is the unemployment rate in Spain?",
        ["Unemployment in Spain stands at 11%.", "Spain has an unemployment rate of 14%."],
        ["11%", "14%"],
    ),
    (
        "How many goals did Haaland score in the final?",
        ["Haaland scored two goals in the final.", "Haaland scored three goals in the final."],
        ["two goals", "three goals"],
    ),
    (
        "How many rare earth mines are there in Norway?",
        ["Fen is the only rare earth mine in Norway.", "Norway has several rare earth mines."],
        ["the only rare earth mine", "several rare earth mines"],
    ),
    (
        "What share of its electricity does France get from nuclear power?",
        [
            "France gets 70% of its electricity from nuclear power.",
            "Nuclear power provides around 62% of electricity in France.",
        ],
        ["70%", "around 62%"],
    ),
    (
        "How many soldiers did Rome lose at Cannae?",
        ["At Cannae Rome lost 50,000 soldiers.", "Rome lost some 70,000 soldiers at Cannae."],
        ["50,000 soldiers", "some 70,000 soldiers"],
    ),
    (
        "Is the vaccine effective against the new strain?",
        ["The vaccine is effective against the new strain.", "The vaccine is not effective against the new strain."],
        None,
    ),
    (
        "Has the company signed the contract?",
        [
            "The company has signed the contract with the union.",
            "The company hasn't signed the contract with the union.",
        ],
        None,
    ),
    (
        "Did the court approve the merger?",
        ["The court approved the merger of the two banks.", "The court rejected the merger of the two banks."],
        None,
    ),
    (
        "What does a barrel of Brent oil cost?",
        ["Brent oil costs $80 a barrel.", "Brent oil costs $65 per barrel."],
        ["$80 a barrel", "$65 per barrel"],
    ),
    (
        "How many people attended the concert?",
        ["Two hundred and fifty people attended the concert.", "The concert was attended by 1,200 people."],
        ["Two hundred and fifty people", "1,200 people"],
    ),
    (
        "How old was Amundsen when he died?",
        ["Amundsen was 55 years old when he died.", "Amundsen died 57 years old."],
        ["55 years old", "57 years old"],
    ),
    (
        "Do the articles agree on the share of cobalt that Congo mines?",
        ["Congo mines about 70% of the world's cobalt.", "The share of cobalt that Congo mines is 60 percent."],
        ["about 70%", "60 percent"],
    ),
    (
        "How many moons does Saturn have?",
        ["Saturn has 146 known moons.", "According to NASA, Saturn has 82 moons."],
        ["146 known moons", "82 moons"],
    ),
    (
        "Did exports of copper increase?",
        ["Exports of copper from Chile increased.", "Exports of copper from Chile decreased."],
        None,
    ),
    (
        "How many homes were built in Leeds in 2020?",
        ["In 2020 4,100 homes were built in Leeds.", "Builders in Leeds constructed 3,000 homes in 2020."],
        ["4,100 homes", "3,000 homes"],
    ),
]

# What tells two sentences apart, a question, and a sentence of each of two documents.
NONE: list[tuple[str, str, list[str | None]]] = [
    (
        "the same amount in other words",
        "How much did the firm raise?",
        ["The firm raised $1.5 billion.", "The firm raised $1,500 million."],
    ),
    (
        "the same number spelt",
        "How many people attended the concert?",
        ["1,200 people attended the concert.", "About 1200 people attended the concert."],
    ),
    (
        "thousands set apart by a blank",
        "How many people attended the concert?",
        ["12 000 people attended the concert.", "12,000 people attended the concert."],
    ),
    (
        "a point that may set thousands apart",
        "How many people attended the concert?",
        ["12.000 people attended the concert.", "12,000 people attended the concert."],
    ),
    (
        "crores",
        "How much did the stadium cost?",
        ["The stadium cost ₹5 crore.", "The stadium cost ₹50 million."],
    ),
    (
        "dollars and cents",
        "How much does the ticket to Velm cost?",
        ["The ticket to Velm costs 5 dollars 50.", "The ticket to Velm costs $5.50."],
    ),
    (
        "feet and inches",
        "How tall is the statue?",
        ["The statue is 6 feet 2 inches tall.", "The statue is 188 cm tall."],
    ),
    (
        "a number word",
        "How many mines does Norvik operate?",
        ["Norvik operates three mines.", "Norvik operates 3 mines."],
    ),
    (
        "only modifiers differ",
        "What share of adults smoke?",
        ["Over 85% of adults smoke.", "Approximately 85% of adults smoke."],
    ),
    ("percent spelt", "What share of adults smoke?", ["20% of adults smoke.", "Twenty per cent of adults smoke."]),
    ("a fraction", "What share of adults smoke?", ["Half of adults smoke.", "50% of adults smoke."]),
    ("a share in words", "What share of adults smoke?", ["One in five adults smoke.", "20% of adults smoke."]),
    ("a rounded number", "How tall is Everest?", ["Everest is 8,848 metres tall.", "Everest is 8,850 m tall."]),
    (
        "at least",
        "How many people died in the fire?",
        ["At least 12 people died in the fire.", "15 people died in the fire."],
    ),
    (
        "up to",
        "How many people died in the fire?",
        ["Up to 20 people died in the fire.", "15 people died in the fire."],
    ),
    ("a range", "What share of adults smoke?", ["5-10% of adults smoke.", "7% of adults smoke."]),
    ("one document", "What share of adults smoke?", ["20% of adults smoke.", None, "30% of adults smoke."]),
    (
        "different things counted",
        "How many mines does Norvik operate?",
        ["Norvik operates three mines.", "Norvik operates two smelters."],
    ),
    (
        "killed and injured",
        "How many people were killed in the Lima fire?",
        ["12 people were killed in the Lima fire.", "15 people were injured in the Lima fire."],
    ),
    (
        "killed and injured, the question vague",
        "How many people in the Lima fire?",
        ["12 people were killed in the Lima fire.", "15 people were injured in the Lima fire."],
    ),
    (
        "two shares in one sentence",
        "What is China's processing share?",
        ["China accounts for 60% of production and 90% of processing.", "China holds 90% of processing."],
    ),
    (
        "two shares in one sentence, the other asked",
        "What is China's processing share?",
        [
            "China accounts for 60% of rare earth production and 90% of processing.",
            "China accounts for 70% of rare earth production.",
        ],
    ),
    ("different populations", "What share of people smoke?", ["20% of women smoke.", "30% of men smoke."]),
    (
        "different populations of one kind",
        "What share of adults smoke?",
        ["20% of adults in urban areas smoke.", "30% of adults in rural areas smoke."],
    ),
    (
        "different places",
        "What share of adults smoke?",
        ["In Norway 20% of adults smoke.", "In Greece 30% of adults smoke."],
    ),
    (
        "growth and level",
        "What is the inflation rate in Peru?",
        ["Inflation in Peru rose by 5%.", "Inflation in Peru is 8%."],
    ),
    (
        "percent and percentage points",
        "By how much did the rate rise in Peru?",
        ["The rate rose by 5% in Peru.", "The rate rose by 2 percentage points in Peru."],
    ),
    (
        "different years, no dates",
        "What is the population of Vardo?",
        ["The population of Vardo was 2,100 in 2010.", "The population of Vardo was 4,300 in 1950."],
    ),
    (
        "another year asked",
        "What was the population of Vardo in 2010?",
        ["In 2010 the population of Vardo was 2,100.", "In 1950 the population of Vardo was 4,300."],
    ),
    (
        "a question about something else",
        "Who founded Acme?",
        ["Acme was founded in 1998.", "Acme was founded in 1999."],
    ),
    (
        "a question about another firm",
        "When was Bolt founded?",
        ["Acme was founded in 1998.", "Acme was founded in 1999."],
    ),
    (
        "different events",
        "When did China restrict exports?",
        ["China restricted exports to Japan in 2010.", "China restricted exports in April 2025."],
    ),
    ("founded and listed", "When was Acme founded?", ["Acme was founded in 1998.", "Acme was listed in 2004."]),
    (
        "a less exact date",
        "When was the bridge opened?",
        ["The bridge was opened on 12 May 1932.", "The bridge opened in 1932."],
    ),
    ("a decade", "When was Acme founded?", ["Acme was founded in the 1990s.", "Acme was founded in 1998."]),
    ("before that date", "When was Acme founded?", ["Acme was founded before 2001.", "Acme was founded in 1998."]),
    (
        "different currencies",
        "How much did the stadium cost?",
        ["The stadium cost $900 million.", "The stadium cost €800 million."],
    ),
    (
        "other dollars",
        "How much did the stadium cost?",
        ["The stadium cost R$10 billion.", "The stadium cost $1.9 billion."],
    ),
    ("different units", "How long did the siege last?", ["The siege lasted 14 days.", "The siege lasted two weeks."]),
    (
        "a forecast",
        "What share of cars sold in Norway are electric?",
        ["82% of cars sold in Norway are electric.", "95% of cars sold in Norway will be electric by 2027."],
    ),
    (
        "a fiscal year",
        "What was the revenue of Acme in 2024?",
        ["The revenue of Acme was $5 million in 2024.", "The revenue of Acme was $6 million in fiscal 2024."],
    ),
    (
        "when it began and ended",
        "When was the bridge built?",
        ["The bridge was built from 1850 to 1855.", "The bridge was built in 1850."],
    ),
    (
        "not surprisingly",
        "Did Acme Steel close the plant in Brno?",
        ["Not surprisingly, Acme Steel closed the plant in Brno.", "Acme Steel closed the plant in Brno."],
    ),
    (
        "what may be done again",
        "When was the bridge in Velm painted?",
        ["The bridge in Velm was painted in 1977.", "The bridge in Velm was painted in 1998."],
    ),
    (
        "what is done often",
        "When was the Velm marathon held?",
        ["The Velm marathon was held in May 1977.", "The Velm marathon was held in May 1978."],
    ),
    (
        "what happens again",
        "When did the river Velm flood?",
        ["The river Velm flooded in May 1977.", "The river Velm flooded in May 1978."],
    ),
    (
        "what was done in part",
        "When was the bridge in Velm painted?",
        ["The bridge in Velm was painted in 1977.", "The bridge in Velm was painted green in 1978."],
    ),
    (
        "what another thing came to",
        "How much did the Velm tower cost?",
        ["The Velm tower cost £5 million.", "Donations for the Velm tower came to £3 million."],
    ),
    (
        "another sum",
        "How much did the repairs cost?",
        ["Repairs cost £640,000.", "For the repairs the appeal raised £750,000."],
    ),
    (
        "what it was before",
        "What is the unemployment rate in Spain?",
        ["Unemployment in Spain fell to 11% from 14%.", "Unemployment in Spain is 11%."],
    ),
    (
        "revenue and profit",
        "How much money did Acme make in 2020?",
        ["Acme had a profit of $5 million in 2020.", "Acme had revenue of $80 million in 2020."],
    ),
    (
        "denied about something else",
        "Is the vaccine effective?",
        ["The vaccine is effective in adults.", "The trial is not finished in Peru."],
    ),
    (
        "a possibility",
        "Will the company sign the contract?",
        [
            "The company has signed the contract with the union.",
            "The company may not have signed the contract with the union.",
        ],
    ),
    (
        "a list of a document",
        "How many people live in the towns?",
        ["The towns have 1,200 people and 5,000 people.", "The towns have 9,000 people."],
    ),
    ("version numbers and scores", "How many goals did they score?", ["They won 3-1 with COVID-19.", "They won 2-0."]),
    (
        "numbers of names",
        "How many patents did Tesla hold?",
        ["Tesla held U.S. Patent 1,655,114.", "Tesla held 300 patents."],
    ),
    (
        "a why question",
        "Why did OPEC raise the oil price?",
        ["OPEC raised the oil price to $5 a barrel.", "OPEC raised the oil price to $8 a barrel."],
    ),
    (
        "what somebody else has",
        "How old was Katharina when she married Luther?",
        ["Luther was 41 years old.", "Luther was 44 years old."],
    ),
    (
        "not said of the question's subject",
        "What share of adults smoke?",
        ["It says that 20% of adults smoke.", "They found that 30% of adults smoke."],
    ),
    ("denied", "What share of adults smoke?", ["Not 20% of adults smoke.", "30% of adults smoke."]),
    ("another rate", "How much does oil cost?", ["Oil costs $80 a barrel.", "Oil costs $2 a litre."]),
    (
        "something else counted where people are",
        "What is the population of Vardo?",
        ["The population of Vardo is 4,300.", "For its population Vardo has 12 schools."],
    ),
    (
        "denied of another year",
        "Did Acme open the new plant in Texas?",
        ["Acme did not open the new plant in Texas in 2010.", "Acme opened the new plant in Texas in 2012."],
    ),
    (
        "denied of others",
        "Is the new vaccine effective against the new strain?",
        [
            "The new vaccine of Acme is effective against the new strain of the flu.",
            "The new vaccine of Acme is not effective against the new strain of the flu in children.",
        ],
    ),
    (
        "a namesake",
        "When did Tesla die?",
        ["Tesla died on 7 January 1943.", "On 17 April 1879, Milutin Tesla died at the age of 60."],
    ),
    (
        "a relative",
        "When did Tesla die?",
        ["Tesla died on 7 January 1943.", "After his father's death in 1879, Tesla found a package of letters."],
    ),
    (
        "a kind of what is counted",
        "How many medals did Norway win in 2018?",
        ["Norway won 14 gold medals in 2018.", "Norway won 39 medals in 2018."],
    ),
    (
        "a part of the place",
        "How many employees does Siemens have?",
        ["Siemens has 320,000 employees worldwide.", "Siemens has 86,000 employees in Germany."],
    ),
    (
        "two kinds",
        "What percentage of patients had side effects?",
        ["5% of patients had serious side effects.", "40% of patients had mild side effects."],
    ),
    (
        "a namesake that goes on",
        "When was Ford founded?",
        ["Ford was founded in 1903.", "The Ford Foundation was founded in 1936."],
    ),
    (
        "two rounds",
        "What share of voters backed the Greens?",
        ["In the first round 12% of voters backed the Greens.", "In the second round 8% of voters backed the Greens."],
    ),
    (
        "two states",
        "What share of the vote did Smith win?",
        ["Smith won 45% of the vote in Ohio.", "Smith won 52% of the vote in Iowa."],
    ),
    (
        "two games",
        "How many medals did Norway win?",
        ["Norway won 39 medals in Pyeongchang.", "Norway won 37 medals in Beijing."],
    ),
    (
        "a year and a quarter",
        "How much did Apple earn in 2020?",
        ["Apple earned $57 billion in 2020.", "Apple earned $12 billion in the first quarter of 2020."],
    ),
    (
        "a change and a record",
        "What is the price of copper?",
        ["The price of copper rose to $9,000 a tonne.", "The price of copper hit a record of $11,000 a tonne."],
    ),
    (
        "in winter",
        "How long does the battery last?",
        ["The battery lasts 10 hours.", "The battery lasts 8 hours in winter."],
    ),
    (
        "effective against another thing",
        "How effective is the vaccine?",
        ["The vaccine is 95% effective.", "The vaccine is 60% effective against infection."],
    ),
    (
        "to build and to repair",
        "How much did the Velm tower cost?",
        ["The Velm tower cost $4.2 million.", "The Velm tower cost $6.8 million to repair."],
    ),
    (
        "repairs",
        "How much did the Velm tower cost?",
        ["The Velm tower cost $4.2 million.", "Repairing the Velm tower cost $6.8 million."],
    ),
    (
        "opened to some",
        "When was the Velm bridge opened?",
        ["The Velm bridge was opened on 12 May 1932.", "The Velm bridge opened to rail traffic in 1934."],
    ),
    (
        "drug and placebo",
        "What percentage of patients on the drug had side effects?",
        ["5% of patients on the drug had side effects.", "15% of patients on placebo had side effects."],
    ),
    (
        "a forecast of a part",
        "How many jobs will be cut at Ford?",
        ["Ford will cut 3,000 jobs.", "Ford said it could cut 7,000 jobs in Europe."],
    ),
    (
        "two theatres of war",
        "When did the war end?",
        ["The war in Europe ended on 8 May 1945.", "The war in the Pacific ended on 2 September 1945."],
    ),
    (
        "two editions",
        "When was the first edition published?",
        ["The first edition was published in 1859.", "The second edition was published in 1860."],
    ),
    (
        "a namesake with first names",
        "When was Einstein born?",
        ["Einstein was born in Ulm in 1879.", "Hans Albert Einstein was born in 1904 in Bern."],
    ),
    (
        "a part of the whole",
        "How many children did Bach have?",
        ["Bach had 20 children.", "Bach had seven children with his first wife."],
    ),
    (
        "per head",
        "What is the GDP of France?",
        ["The GDP of France is $2.9 trillion.", "The GDP of France per head is $44,000."],
    ),
    (
        "inflation of food",
        "How high is the inflation rate in Turkey?",
        ["The inflation rate in Turkey is 61%.", "The annual food inflation rate in Turkey is 72%."],
    ),
    (
        "youth unemployment",
        "What is the unemployment rate in Spain?",
        ["The unemployment rate in Spain is 11%.", "The youth unemployment rate in Spain is 27%."],
    ),
    (
        "one place and all",
        "How many people were arrested at the protest?",
        [
            "Police arrested 40 people at the protest in Paris.",
            "1,200 people were arrested at the protest, police said.",
        ],
    ),
    (
        "a distance and a radius",
        "How far is the moon?",
        ["The moon is 384,400 km from Earth.", "The moon is 1,737 km in radius."],
    ),
    (
        "all and those of a country",
        "How many species of ants are there?",
        ["There are 12,000 species of ants.", "There are 30 species of ants in Britain."],
    ),
    ("no statements", "How many?", []),
]


def sentences_of_the_seeds(question: str) -> list[Said]:
    """Return every sentence of the seeds, the more relevant the more words of the question it has."""
    asked = words_of(question)
    return [
        Said(text, path.stem, None, 0.01 + 0.98 * len(words_of(text) & asked) / len(asked))
        for path in sorted(SEEDS.glob("*.txt"))
        for line in path.read_text(encoding="utf-8-sig").splitlines()
        for bounds in get_sentence_boundaries("en", line)
        if (text := line[bounds["start_index"] : bounds["end_index"]].strip())
    ]


def stated(texts: list[str | None], *dates: str) -> list[Said]:
    """Return a statement a text, each of its own document; a None keeps the next in the document before it."""
    statements: list[Said] = []
    document = 0
    for text in texts:
        if text is None:
            document -= 1
        else:
            document += 1
            as_of = dates[len(statements)] if dates else None
            statements.append(Said(text, f"d{document}", as_of, 0.9 - len(statements) / 100))
    return statements


def shown(found: list[Difference]) -> list[tuple[str, list[str]]]:
    return [(one.kind, [value.value for value in one.values]) for one in found]


@pytest.mark.parametrize(("question", "texts", "values"), CONFLICTS)
def test_what_contradicts(question: str, texts: list[str | None], values: list[str] | None) -> None:
    (found,) = find_disagreements(question, stated(texts))
    assert found.kind == "conflict"
    assert found.topic
    if values:
        assert [value.value for value in found.values] == values


@pytest.mark.parametrize(("question", "texts"), [case[1:] for case in NONE], ids=[case[0] for case in NONE])
def test_what_does_not_contradict(question: str, texts: list[str | None]) -> None:
    assert shown(find_disagreements(question, stated(texts))) == []


@pytest.mark.parametrize(
    "question",
    [
        "What is China's processing share?",
        "How much of the world's rare earth processing is in Chinese hands?",
        "Do the sources agree on the share of processing that China controls?",
        "What share of rare earth processing does China control?",
    ],
)
def test_the_processing_share_of_the_seeds(question: str) -> None:
    statements = sentences_of_the_seeds(question)
    (found,) = find_disagreements(question, statements)
    assert found.kind == "conflict"
    assert "share" in found.topic or "processing" in found.topic
    assert {value.value for value in found.values} == {"more than 90%", "over 85%", "approximately 85%"}
    assert len({statements[value.statements[0]].doc_id for value in found.values}) == 3


@pytest.mark.parametrize(
    "question",
    [
        "What is China's share of the world's rare earth reserves?",
        "What share of the world's rare earths does Australia process?",
        "By how much did China's rare earth exports fall in value in May 2025?",
        "When did Nixon first travel to China?",
        "When did the export licensing requirement start?",
        "What happened in May 2025?",
        "Who is the US Trade Representative and what did he accuse China of?",
        "What tariff level is the US threatening if there is no deal?",
        "How do plants turn light into sugar?",
    ],
)
def test_on_other_questions_the_seeds_do_not_disagree(question: str) -> None:
    assert shown(find_disagreements(question, sentences_of_the_seeds(question))) == []


@pytest.mark.parametrize(
    ("question", "texts", "topic"),
    [
        (
            "Is the Norvik bridge safe for heavy trucks?",
            ["The Norvik bridge is not safe for heavy trucks.", "The Norvik bridge is safe for heavy trucks."],
            "Norvik bridge is safe for heavy trucks",
        ),
        (
            "What is China's processing share?",
            ["China holds 90% of processing.", "China has 60% of processing."],
            "China's processing share",
        ),
        (
            "When was Acme founded?",
            ["Acme was founded in 1998.", "Acme was founded in 1999."],
            "“When was Acme founded?”",
        ),
        (
            "How many moons does Saturn have?",
            ["Saturn has 146 moons.", "Saturn has 82 moons."],
            "“How many moons does Saturn have?”",
        ),
        (
            "How many homes were built in Leeds in 2020?",
            ["In 2020 4,100 homes were built in Leeds.", "Builders in Leeds constructed 3,000 homes in 2020."],
            "“How many homes were built in Leeds in 2020?”",
        ),
    ],
)
def test_a_topic_can_be_read(question: str, texts: list[str | None], topic: str) -> None:
    assert [one.topic for one in find_disagreements(question, stated(texts))] == [topic]


class TestTime:
    TEXTS: ClassVar[list[str | None]] = ["Vardo has a population of 2,100.", "The population of Vardo is 4,300."]
    QUESTION = "What is the population of Vardo?"

    @pytest.mark.parametrize(
        ("dates", "kind"),
        [
            (("2010", "1950"), "changed_over_time"),
            (("2010-05", "2010-06"), "changed_over_time"),
            (("2010", "2010"), "conflict"),
            (("2010", "2010-05-02"), "conflict"),
        ],
    )
    def test_values_of_different_dates_changed(self, dates: tuple[str, str], kind: str) -> None:
        (found,) = find_disagreements(self.QUESTION, stated(self.TEXTS, *dates))
        assert found.kind == kind
        assert [value.as_of for value in found.values] == list(dates)

    def test_people_of_two_dates_changed(self) -> None:
        texts: list[str | None] = [
            "Dorland has a population of 9,000 people.",
            "Dorland has a population of 12,000 people.",
        ]
        statements = stated(texts, "1990-05-01", "2020-05-01")
        for question in ("What is the population of Dorland?", "How many people live in Dorland?"):
            assert [one.kind for one in find_disagreements(question, statements)] == ["changed_over_time"]

    def test_different_months_changed_where_the_dates_do(self) -> None:
        texts: list[str | None] = [
            "The unemployment rate in Dorland was 5% in May.",
            "The unemployment rate in Dorland was 7% in June.",
        ]
        question = "What was the unemployment rate in Dorland?"
        assert find_disagreements(question, stated(texts)) == []
        assert find_disagreements(question, stated(texts, "2020-06-30", "2020-06-30")) == []
        (found,) = find_disagreements(question, stated(texts, "2020-05-30", "2020-06-30"))
        assert found.kind == "changed_over_time"

    def test_a_side_without_a_date_is_a_conflict(self) -> None:
        dated, undated = stated(self.TEXTS)
        (found,) = find_disagreements(self.QUESTION, [replace(dated, as_of="2010"), undated])
        assert found.kind == "conflict"

    def test_three_sides_of_which_two_have_one_date_are_a_conflict(self) -> None:
        texts = [*self.TEXTS, "Vardo has a population of 9,000."]
        (found,) = find_disagreements(self.QUESTION, stated(texts, "2010", "1950", "1950"))
        assert (found.kind, len(found.values)) == ("conflict", 3)

    def test_what_is_expected_is_of_the_day_on_which_it_was_said(self) -> None:
        texts: list[str | None] = [
            "Helvora expects an operating margin of around 19% for 2024.",
            "The company now expects an operating margin of around 16.5%.",
        ]
        question = "What operating margin does Helvora expect for 2024?"
        july, october = (
            replace(one, published_at=day, title="Helvora reports results")
            for one, day in zip(stated(texts, "2024", "2024-10-24"), ("2024-07-25", "2024-10-24"), strict=True)
        )
        (found,) = find_disagreements(question, [july, october])
        assert found.kind == "changed_over_time"
        assert [value.as_of for value in found.values] == ["2024-07-25", "2024-10-24"]

    def test_a_date_that_is_told_beside_the_other_has_changed(self) -> None:
        texts: list[str | None] = [
            "The Lumen device will be launched in November 2024.",
            "The launch of the Lumen device is postponed from November 2024 to March 2025.",
        ]
        (found,) = find_disagreements("When will the Lumen device be launched?", stated(texts))
        assert found.kind == "changed_over_time"

    def test_an_event_has_one_date_whenever_it_is_told(self) -> None:
        statements = stated(["Acme was founded in 1998.", "Acme was founded in 1999."], "1998", "1999")
        (found,) = find_disagreements("When was Acme founded?", statements)
        assert found.kind == "conflict"


def test_what_the_company_does_is_said_of_whom_the_article_is_about() -> None:
    texts: list[str | None] = ["The company employs 6,840 people.", "Helvora has 5,200 people in its employ, it says."]
    first, second = stated(texts)
    question = "How many people does Helvora employ?"
    about, elsewhere = (replace(first, title=title) for title in ("Helvora reports results", "Tessel reports results"))
    assert len(find_disagreements(question, [about, second])) == 1
    assert find_disagreements(question, [elsewhere, second]) == []
    for text in ("The plant in Lyon employs 180 people.", "The plant employs 180 people.", "A new plant employs 180."):
        assert find_disagreements(question, [replace(about, text=text), second]) == []


def test_what_names_nobody_is_said_of_what_the_title_names() -> None:
    texts: list[str | None] = ["By dawn, 340 homes were flooded.", "In Harrowby 412 homes were flooded."]
    first, second = stated(texts)
    question = "How many homes were flooded in Harrowby?"
    titled = replace(first, title="A flood in Harrowby")
    assert len(find_disagreements(question, [titled, second])) == 1
    assert find_disagreements(question, [replace(first, title="A flood in Lund"), second]) == []
    assert find_disagreements(question, [replace(titled, text="In Lund 340 homes were flooded."), second]) == []


def test_a_difference_of_years_that_the_dates_do_not_tell_apart_is_none() -> None:
    texts: list[str | None] = [
        "The population of Vardo was 2,100 in 2010.",
        "The population of Vardo was 4,300 in 1950.",
    ]
    question = "What is the population of Vardo?"
    assert shown(find_disagreements(question, stated(texts, "2025", "2025"))) == []
    assert [one.kind for one in find_disagreements(question, stated(texts, "2010", "1950"))] == ["changed_over_time"]


def test_what_agrees_is_listed_once_there_is_a_difference() -> None:
    texts: list[str | None] = [
        "20% of adults smoke.",
        "About 20% of adults smoke.",
        "Over 30% of adults smoke.",
        "20% of adults smoke.",
    ]
    (found,) = find_disagreements("What share of adults smoke?", stated(texts))
    sides = [(value.value, value.statements) for value in found.values]
    assert sides == [("20%", (0, 3)), ("About 20%", (1,)), ("Over 30%", (2,))]


def test_a_statement_far_less_relevant_than_the_best_is_not_read() -> None:
    first, second = stated(["20% of adults smoke.", "30% of adults smoke."])
    assert find_disagreements("What share of adults smoke?", [first, second])
    assert not find_disagreements("What share of adults smoke?", [first, replace(second, relevance=0.01)])


WORDS = """
20% 30% about over 45-day $5 million three mines several only one half of adults smoke Norway In 2010 was founded 1998
12 May 2010 not rose fell by to from and , ; ( ) — | people died 1,200 two-thirds a dozen - ? . the
"""
PIECES = st.sampled_from(WORDS.split())
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=14).map(" ".join))
STATEMENTS = st.builds(
    Said,
    text=TEXTS,
    doc_id=st.sampled_from("abc"),
    as_of=st.sampled_from([None, "2010", "2010-05", "2025-05-01"]),
    relevance=st.floats(0.01, 0.99),
)
QUESTIONS = st.one_of(
    TEXTS, st.sampled_from([case[0] for case in CONFLICTS]), st.just("What share of adults in Norway smoke?")
)


@given(QUESTIONS, st.lists(STATEMENTS, max_size=6), st.randoms(use_true_random=False))
def test_whatever_is_said_the_sides_are_what_documents_say(
    question: str, statements: list[Said], random: Random
) -> None:
    found = find_disagreements(question, statements)
    assert len(found) <= 2
    for one in found:
        sides = [statements[at] for value in one.values for at in value.statements]
        assert len(one.values) >= 2
        assert len({side.doc_id for side in sides}) >= 2
        for value in one.values:
            assert value.value
            assert value.value in statements[value.statements[0]].text
            assert {statements[at].as_of for at in value.statements} == {value.as_of}
    shuffled = random.sample(statements, len(statements))
    assert told(question, shuffled) == told(question, statements)


@given(st.sampled_from(CONFLICTS), st.randoms(use_true_random=False))
def test_the_order_of_the_statements_does_not_matter(
    case: tuple[str, list[str | None], object], random: Random
) -> None:
    question, texts, _ = case
    statements = stated([*texts, "It rained on 3 May 2010.", "20% of adults vote."])
    assert told(question, random.sample(statements, len(statements))) == told(question, statements)


def told(question: str, statements: list[Said]) -> list[tuple[str, str, set[tuple[str, str | None, str]]]]:
    """Return the disagreements with the texts in place of their positions."""
    return [
        (
            one.kind,
            one.topic,
            {(value.value, value.as_of, statements[at].text) for value in one.values for at in value.statements},
        )
        for one in find_disagreements(question, statements)
    ]


@pytest.mark.parametrize(
    ("question", "phrase"),
    [
        ("What is China's processing share?", "China's processing share"),
        ("What about China's processing share?", "China's processing share"),
        ("Who delayed licences?", ""),
    ],
)
def test_what_a_question_asks_for_is_named_in_its_own_words(question: str, phrase: str) -> None:
    assert read_asked(question).phrase == phrase
