import pytest

from rag.asked_names import lacking_name


@pytest.mark.parametrize(
    ("question", "text", "lacking"),
    [
        # Others than those with a name may be who it was.
        ("Who pays for repairs?", "Landlords pay for repairs.", None),
        ("Who wrote the manual?", "Read this manual before you use the machine.", None),
        ("What is the captain's name?", "The captain has been ill since Tuesday.", "name"),
        ("What is the captain's name?", "Captain Ada Berg has been ill since Tuesday.", None),
        ("What is the name of the firefighter?", "One had broken a bone.", "name"),
        ("What is the name of the pub in Holm?", "In Holm the pub does a fish soup.", "name"),
        ("What is the name of the pub in Holm?", "In Holm eat at the Anchor.", None),
        ("What is the pub called?", "The pub is called the old anchor.", None),
        ("What is the dog's name?", "Her dog is a “mutt”.", None),
        ("What is the dog's name?", "Rex", None),
        ("What is Ada Berg's grandson called?", "Ada Berg was carried down by her grandson.", "name"),
        ("Which hotel did she sleep in?", "She took private rooms for ten nights.", "name"),
        ("Which hotel did she sleep in?", "She slept at the Ritz.", None),
        ("Which team won the cup?", "The home team won it.", None),
        ("Which manufacturer made the panels?", "The insurance paid for new panels.", "name"),
        ("What is the name of the captain?", "船长是王小明", None),
        ("What is the name of the captain?", "اسم القبطان هو أحمد", None),
        # A word that begins a sentence or is a day's is no name by its capital.
        ("What is the name of the boy?", "Children of seven may go.", "name"),
        ("What is the name of the boy?", "Children, on Monday, may go.", None),
        # Neither is asked for by a name of its own.
        ("Which hotel room is the largest?", "The largest one has a view.", None),
        ("What is the name of the gap?", "A diastema is a gap.", None),
        ("What is the number called?", "It is a prime.", None),
        ("Which layer is the thickest?", "The lowest one is.", None),
        ("Why did who come?", "For the fish soup.", None),
        # An office has words of its own.
        ("Who is the mayor of Halle?", "Ada Berg lives in Halle.", "mayor"),
        ("Who is the mayor of Halle?", "Ada Berg was elected mayor.", None),
        ("Who is the headmaster?", "The principal is Ada Berg.", None),
        ("Who is the CEO of Norrlinje?", "Its managing director is Ada Berg.", None),
    ],
)
def test_a_name_is_given_or_not(question: str, text: str, lacking: str | None) -> None:
    assert lacking_name(question, ["nothing else is said.", text]) == lacking


def test_a_long_text_is_read_at_once() -> None:
    assert lacking_name("What is the captain's name?", ["x " * 50_000, "the the " * 20_000]) == "name"
    assert lacking_name("What is the name of " + "the " * 480 + "?", ["."]) is None
