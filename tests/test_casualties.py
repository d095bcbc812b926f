import pytest

from rag.casualties import denies_casualties


@pytest.mark.parametrize(
    ("question", "text", "best", "denies"),
    [
        ("Did anyone die in the fire?", "Nobody was killed.", "A fire broke out on Sunday.", True),
        ("How many people died?", "No one was killed.", "The ferry had 208 passengers.", True),
        ("How many were killed in the crash?", "There were no deaths.", "The train left the rails.", True),
        ("Was anyone hurt?", "No passengers were injured in it.", "The tram hit a wall.", True),
        ("Did anybody get hurt?", "It ended without injuries.", "The tram hit a wall.", True),
        ("Were there any casualties?", "All on board survived.", "The ship sank.", True),
        # Harm of another kind, and what denies something else.
        ("Did anyone die in the fire?", "Nobody was injured.", "A fire broke out.", False),
        ("Was anyone hurt?", "Nobody was killed.", "The tram hit a wall.", False),
        ("Did anyone die?", "No one was told. Two men died.", "A fire broke out.", False),
        ("Why did he die?", "Nobody was killed.", "A fire broke out.", False),
        # Somebody did come to it, by the best sentence.
        ("How many people died?", "In the second crash nobody died.", "Twelve people were killed in the first.", False),
        ("How many people died?", "x" * 50_000, "No one " * 5_000, False),
    ],
)
def test_who_came_to_no_harm(question: str, text: str, best: str, denies: bool) -> None:
    assert denies_casualties(question, text, best) is denies
