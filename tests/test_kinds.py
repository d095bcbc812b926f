import pytest

from rag.kinds import lacking_kind


@pytest.mark.parametrize(
    ("question", "text", "lacking"),
    [
        ("How old is Ada Berg?", "Ada Berg apologised to the passengers.", "age"),
        ("How old is Ada Berg?", "Ada Berg was born in Halle.", None),
        ("How old is the ferry?", "The ferry was built at the yard in Ulsten.", None),
        ("How old was she when her father died?", "When she was nine her father drowned.", None),
        ("How thick was the layer?", "The chips were laid ten fingers deep.", None),
        ("How tall is the tower?", "The tower has 132 steps.", "length"),
        ("How tall is the tower?", "The tower rises to forty-two metres.", None),
        ("How thick is the deck?", "Its deck is only 24 centimetres thick.", None),
        ("How far is the station?", "The station is an eight-minute walk away.", None),
        ("How far is the station?", "The station was repainted.", "distance"),
        ("What does the joint weigh?", "In 1958 she patented the joint.", "weight"),
        ("How heavy is it?", "It weighs 7.4 kg.", None),
        ("How long is the ferry?", "The ferry carries passengers.", "length or duration"),
        ("How long may I stay?", "You may stay until the ice melts.", None),
        ("What does the machine cost?", "Thank you for choosing this machine.", "price"),
        ("How much does entry cost?", "Entry is free.", None),
        ("What is the price for adults?", "Adult – Price: £11.50", None),
        ("What is the population of Halmsund?", "Halmsund lies on the reef.", "number"),
        ("What is the population of Halmsund?", "About 1,300 people live in Halmsund.", None),
        ("When was the mill built?", "The mill belongs to the Berg family.", "date"),
        ("When was the mill built?", "The mill was built soon after the war.", None),
        ("When rock folds, what does it make?", "It makes the synform.", None),
        ("What time is it in Spain?", "You lose an hour in Spain.", None),
        ("Who is the CEO of Norrlinje?", "Norrlinje runs three ferries.", "CEO"),
        ("Who is the CEO of Norrlinje?", "Norrlinje's chief executive, Ada Berg, apologised.", None),
        ("who was the first director of the museum?", "The museum opened in 1990.", "director"),
        ("Who was the first director of the museum?", "The film was directed by Ada Berg.", None),
        ("Who is the oldest member of the club?", "The club was founded by miners.", None),
        ("How high is inflation?", "Prices have hardly moved.", None),
        ("Why was the mill built?", "The mill belongs to the Berg family.", None),
    ],
)
def test_what_is_asked_for_is_held_or_not(question: str, text: str, lacking: str | None) -> None:
    assert lacking_kind(question, ["Nothing else is said.", text]) == lacking
