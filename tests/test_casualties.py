import pytest

from rag.casualties import denies_casualties


@pytest.mark.parametrize(
    ("question", "text", "other", "denies"),
    [
        ("Did anyone die in the fire?", "Nobody was killed.", "A fire broke out on Sunday.", True),
        ("How many people died?", "No one was killed.", "The ferry had 208 passengers.", True),
        ("How many were killed in the crash?", "There were no deaths.", "The train left the rails.", True),
        ("Was anyone hurt?", "No passengers were injured in it.", "The tram hit a wall.", True),
        ("Did anybody get hurt?", "It ended without injuries.", "The tram hit a wall.", True),
        ("Were there any casualties?", "All on board survived.", "The ship sank.", True),
        ("Was there any loss of life?", "There was no loss of life.", "The ship sank.", True),
        ("Who died in the flood?", "None of the residents died.", "The dam broke.", True),
        # Harm of another kind, and what denies something else.
        ("Did anyone die in the fire?", "Nobody was injured.", "A fire broke out.", False),
        ("Was anyone hurt?", "Nobody was killed.", "The tram hit a wall.", False),
        ("Was anyone hurt?", "Nobody was seriously injured.", "The tram hit a wall.", False),
        ("Did anyone die?", "No one was told. Two men died.", "A fire broke out.", False),
        ("Why did he die?", "Nobody was killed.", "A fire broke out.", False),
        ("How many died?", "No one knows how many died.", "A quake shook Dorn.", False),
        ("How many died?", "No one has been charged over the deaths.", "A quake shook Dorn.", False),
        ("How many died?", "No doubt many died.", "A quake shook Dorn.", False),
        ("How many died?", "No fewer than 12 people died.", "A quake shook Dorn.", False),
        ("How many died?", "None of the dead has been named.", "A quake shook Dorn.", False),
        ("How many died?", "Not all of the climbers survived.", "An avalanche fell.", False),
        ("How many died?", "All of the schools survived the quake.", "A quake shook Dorn.", False),
        ("How many died?", "All but two survived.", "The ship sank.", False),
        # Somebody did come to it, by another sentence.
        ("How many people died?", "In the second crash nobody died.", "Twelve people were killed in the first.", False),
        ("How many people died?", "Nobody was killed at the mill.", "Hospitals counted 300 bodies.", False),
        ("How many people died?", "Nobody was killed at the mill.", "The avalanche claimed nine lives.", False),
        ("Were there any casualties?", "There were no casualties.", "Two casualties were flown out.", False),
        ("How many people died?", "x" * 50_000, "No one " * 5_000, False),
    ],
)
def test_who_came_to_no_harm(question: str, text: str, other: str, denies: bool) -> None:
    assert denies_casualties(question, text, [other]) is denies
