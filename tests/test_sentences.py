from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import sentence_bounds

WHOLE = [
    "The Zentralbahn carried approx. 12.4 million passengers in 2023.",
    "The plant cost approx. $4 million.",
    "Revenue was approx. CHF 160 mn. in 2023.",
    "It cost approx. EUR 5 mn. Euro bonds aside.",
    "It employs 120 people, incl. 15 apprentices.",
    "The price is 5 euros incl. VAT.",
    "The annual output is est. 300 tonnes.",
    "The output (est. 300 tonnes) fell.",
    "The boiler has a temp. of 300 degrees.",
    "It runs at a temp. of max. 300 degrees.",
    "Visitors wait max. 20 minutes and avg. 5 minutes.",
    "It takes min. 5 and max. 10 units.",
    "Max. Leistung 30 kW.",
    "The site lies approx. 2 mi. from Mt. Hood.",
    "The site covers 3 sq. km. and lies on a hill.",
    "A payment of CHF 2.1 Mio. to the railway ended it.",
    "It is owned by Smith & Sons Ltd. and was opened in 2019.",
    "Smith & Sons Ltd. sold it.",
    "Line No. 5 is the longest.",
    "The dept. of health paid dept. 7 for it.",
    "See cf. Table 3 and pp. 12-14, p. 5 and vol. 3.",
    "They measured 4.2 kg, vs. 6 kg in 2018, vs. Germany's 7.",
    "It ran against Alstom Inc. until 2020.",
    "He came in at 5 p.m. and left.",
    "Call tel. 041 660 00 00 for more.",
    "Its head office is at Bahnhofstr. 23 in Stansstad.",
    "Laut § 12 Abs. 3 der Satzung trat er am 1. April in Kraft.",
    "Er umfasst ca. 48,2 Mio. Euro.",
    "Das waren 5 Mrd. Franken und 12 Mio. Menschen.",
    "Der Rat hat am 3. März 2025 den Haushalt beschlossen.",
    "Es war Montag, der 24. Dez. 2024.",
    "Es war im 19. Jahrhundert und nach dem 2. Weltkrieg.",
    "Er wurde als 3. und sie als 4. von allen genannt.",
    "Es gibt z. B. Äpfel bzw. Birnen.",
    "Es gibt z.B. Äpfel, d.h. Obst.",
    "Der Preis beträgt 5 Euro zzgl. MwSt. und inkl. 2 Euro Pfand.",
    "Die Steuer steigt auf 480 v. H. im Jahr.",
    "Henry VIII. was king.",
    "“Is it true?” he asked and left.",
    "He cried “Stop!” and ran.",
    "The temp.\nof the boiler rose.",
    "It cost approx.\n5 million.",
]
APART = [
    ("It cost 5 mi.", "The next was nearer."),
    ("It cost 5 mn.", "Analysts had expected more."),
    ("He lives in the U.S.", "The next lives in Peru."),
    ("It belongs to Smith & Sons Ltd.", "It was sold."),
    ("It belongs to Alstom Inc.", "The firm was sold."),
    ("No.", "He did not."),
    ("She said no.", "He did not."),
    ("It takes 5 min.", "The next takes longer."),
    ("It holds 20 people max.", "The rest wait."),
    ("It was won by Max.", "He was glad."),
    ("Max.", "He was glad."),
    ("It ended at 5 p.m.", "The rest slept."),
    ("They sell apples, pears etc.", "The rest is given away."),
    ("It is at his dept.", "The next is not."),
    ("Er wohnt in der Bahnhofstr.", "Das Haus ist alt."),
    ("Der Umsatz stieg auf 5 Mrd.", "Er war hoch."),
    ("Er kostet 12 Mio.", "Die Stadt zahlt."),
    ("Er kam als 3.", "Der nächste fiel."),
    ("It rose by 5.", "May was better."),
    ("It rose to 1,203.", "April was better."),
    ("It rose to 5.", "6 people left."),
    ("It moved to Los Angeles, CA.", "The next did not."),
    ("He closed at 5 EST.", "5 people left."),
    ("It fell.", "iPhone sales rose."),
    ("He has two.", "a) tin.", "b) lead."),
    ("It fell.", "(b) the second point."),
    ("It fell.", "p53 mutations were found."),
    ("It fell.", "α-actin is another."),
    ("It fell.", "c-Maf is another."),
    ("It fell.", "[clarification needed] It rose."),
    ("It fell.", "(see below) It rose."),
    ("It fell on Monday.", "$5 is the price."),
    ("it fell on monday.", "it rose on tuesday."),
    ("It fell.", "It rose."),
]


@pytest.mark.parametrize("text", WHOLE)
def test_an_abbreviation_or_a_date_ends_no_sentence(text: str) -> None:
    assert [bound.of(text) for bound in sentence_bounds(text, article=True)] == [text]
    both = f"{text} Tin is soft."
    assert [bound.of(both).strip() for bound in sentence_bounds(both, article=True)] == [text, "Tin is soft."]


@pytest.mark.parametrize("sentences", APART, ids=" | ".join)
def test_a_real_end_stays_one(sentences: tuple[str, ...]) -> None:
    text = " ".join(sentences)
    for article in (True, False):
        found = [bound.of(text).strip() for bound in sentence_bounds(text, article=article)]
        assert found == list(sentences)


@pytest.mark.parametrize(
    ("text", "article", "expected"),
    [
        ("It rains.\nand it snows.\nIt hails.", True, ["It rains.", "and it snows.", "It hails."]),
        ("It rains. and it snows.", False, ["It rains.", "and it snows."]),
        ("It costs approx. 5 euros. and it", False, ["It costs approx. 5 euros.", "and it"]),
        ("It rains.\n\nand it snows.", True, ["It rains.", "and it snows."]),
        ("It rains.\n\nand it snows.", False, ["It rains.", "and it snows."]),
    ],
)
def test_a_line_of_its_own_may_begin_small(text: str, article: bool, expected: list[str]) -> None:
    found = [bound.of(text).strip() for bound in sentence_bounds(text, article=article)]
    assert [one for one in found if one] == expected


PIECES = st.sampled_from(
    ["approx. ", "ca. ", "3. ", "März ", "5 Mio. ", "Euro. ", "It fell. ", "it ", "\n", "?” ", "$4 ", "Max. "]
)


@given(text=st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join)), article=st.booleans())
def test_sentences_are_all_of_a_text(text: str, article: bool) -> None:
    bounds = sentence_bounds(text, article=article)
    assert "".join(bound.of(text) for bound in bounds) == text
    assert all(bound.end == following.start for bound, following in pairwise(bounds))
