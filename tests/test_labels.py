import pytest

from rag.labels import answers_by_label


@pytest.mark.parametrize(
    ("question", "text", "answers"),
    [
        ("Where was the meeting held?", "Place: Village Hall, Wexcombe", True),
        ("When was the meeting?", "**Date:** Saturday, 8 February", True),
        ("What time does it open?", "Opening hours: 9 to 5", False),
        ("When is it open?", "Hours: 9 to 5", True),
        ("Who chaired the meeting?", "Present: 41 members; chair: Ada Berg; secretary: Tom Hale", True),
        ("How many members were present?", "Present: 41 members; chair: Ada Berg", True),
        ("Who chaired the meeting?", "Secretary: Tom Hale", False),
        ("Who will be the new chair?", "Chair: Ada Berg", False),
        ("When is the next meeting?", "Date: Saturday, 8 February", False),
        ("Where was the meeting held?", "The place: nobody knew it. " * 10, False),
        ("Where was the meeting held?", "It was held in the Village Hall.", False),
        ("Which bills do the tenants pay?", "Tenants: Mr Okoro and Ms Price", False),
        ("When are the lights turned on?", "Date: Saturday, 8 February", False),
        ("Where is it?", "https://example.org/place", False),
    ],
)
def test_a_line_answers_by_its_label(question: str, text: str, answers: bool) -> None:
    assert answers_by_label(question, text, "Minutes of the meeting") is answers
