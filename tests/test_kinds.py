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
        ("How old is the starter?", "It was begun when she was a girl of twelve.", None),
        ("How old is Ada Berg?", "Berg, 47, joined the board.", None),
        ("How old is Ada Berg?", "She has led it for 22 years.", "age"),
        ("How old is the library?", "It was left to the town in his will of 1887.", None),
        ("How old is the ferry?", "In 2018 the ferry carried 212 passengers.", "age"),
        ("How far did the team get?", "It reached the final.", None),
        ("How deep is the crisis?", "The club is in a crisis.", None),
        ("How heavy were the losses?", "Half of them fell.", None),
        ("What was the effect of the salary cap?", "Players left.", None),
        ("How long did it take?", "It took eight summers.", None),
        ("How long is the novel?", "It has 912 pages.", None),
        ("How long is the film?", "It runs 2h 40.", None),
        ("How much will the car cost?", "It goes on at 14,900.", None),
        ("How much does entry cost?", "Children go in for nothing.", None),
        ("How much does it cost?", "Opened in 1952, it is 24 metres long; there were 3 of the 12.", None),
        ("How much does it cost?", "Opened in 1952, it is 24 metres long.", "price"),
        ("What is the population of Elm?", "The village has 85 inhabitants.", None),
        ("Who is the chairman of Zenit?", "The board, headed by Olaf Brandt, approved it.", None),
        ("Who is the director of the film?", "It was made by Igor Stahl.", None),
        ("How tall is the tower?", "The tower has 132 steps.", "length"),
        ("How tall is the tower?", "The tower rises to forty-two metres.", None),
        ("How thick is the deck?", "Its deck is only 24 centimetres thick.", None),
        ("How far is the station?", "The station is an eight-minute walk away.", None),
        ("How far is the station?", "The station was repainted.", "distance"),
        ("What does the joint weigh?", "In 1958 she patented the joint.", "weight"),
        ("How heavy is it?", "It weighs 7.4 kg.", None),
        ("How long is the ferry?", "The ferry carries passengers.", "length or duration"),
        ("How long ago was the dispute?", "The dispute was in 2010.", None),
        ("How long may I stay?", "You may stay until the ice melts.", None),
        ("What does the machine cost?", "Thank you for choosing this machine.", "price"),
        ("How much does entry cost?", "Entry is free.", None),
        ("What is the price for adults?", "Adult – Price: £11.50", None),
        # What costs something has no price yet, and neither a day nor a year counts anything.
        ("How much does Astrid Lunde earn?", "The strike cost us five weeks of castings.", "price"),
        ("How much did it sell for?", "It was sold to Ada Berg.", None),
        ("How much is paid for it?", "It fetched 4.2 million.", None),
        ("How many bridges did she design?", "She was born on 4 May 1911 and died on November 19, 1987.", "number"),
        ("How many bridges did she design?", "She designed no bridges of her own.", None),
        ("How many bridges did she design?", "Of her 2,000 drawings two became bridges.", None),
        ("What share of it is refined there?", "All of it is refined there.", None),
        ("What percentage of it is refined there?", "It is refined there.", "share"),
        ("In what year was the old works built?", "A fire gutted the old works on Sunday.", "year"),
        ("In what year was the old works built?", "It was built in 1850.", None),
        ("In what year was the wall built?", "It was built in 79 AD.", None),
        ("When was he born?", "He was born in 63 BC.", None),
        ("When does the shop close?", "It closes at dusk.", None),
        ("In how many countries does it work?", "It works in 12 countries.", None),
        ("How many are there?", "It began in 1990.", "number"),
        ("How many soldiers were there?", "The duke had 1500 soldiers.", None),
        ("How many times did they win?", "They won in 2006, 2010 and 2014.", None),
        ("How many children had she?", "She had a son and a daughter.", None),
        ("How many languages are spoken?", "French, German and Dutch are spoken.", None),
        ("How many of the jobs were lost?", "A quarter of the jobs were lost.", None),
        ("How many did he sell?", "He never sold a painting.", None),
        ("What proportion of adults smoke?", "A fifth of adults smoke.", None),
        ("How much is the deposit worth?", "Tenants pay no deposit.", None),
        ("What does a lesson cost?", "A lesson costs thirty.", None),
        ("What year was it?", "It was a decade ago.", None),
        ("Which year group does he teach?", "He teaches the older ones.", None),
        ("In which year was it built?", "It has 120 rooms.", "year"),
        ("When can I visit?", "You can visit with a guide.", None),
        ("What is the population of Halmsund?", "Halmsund lies on the reef.", "number"),
        ("What is the population of Halmsund?", "About 1,300 people live in Halmsund.", None),
        ("When was the mill built?", "The mill belongs to the Berg family.", "date"),
        ("When was the mill built?", "The mill was built soon after the war.", None),
        ("When rock folds, what does it make?", "It makes the synform.", None),
        ("What time is it in Spain?", "You lose an hour in Spain.", None),
        ("Why is my phone no longer charging?", "The socket is full of dust.", None),
        ("What is a dividend?", "A part of the profit that is handed out.", None),
        # "With" and "month" end as "fifth" does, and are no part of anything.
        ("How many ibises has the zoo?", "The zoo works with ibises this month.", "number"),
        ("How many bats were there?", "2023 - Bats are found in the tunnel.", "number"),
        ("How many ibises has the zoo?", "Two fifths of the birds are ibises.", None),
        ("What's the price tag of the Colossus?", "The Colossus will have a crane.", "price"),
        ("Who is the CEO of Norrlinje?", "Norrlinje runs three ferries.", "CEO"),
        ("Who is the CEO of Norrlinje?", "Norrlinje's chief executive, Ada Berg, apologised.", None),
        ("who was the first director of the museum?", "The museum opened in 1990.", "director"),
        ("Who was the first director of the museum?", "The film was directed by Ada Berg.", None),
        ("Who is the oldest member of the club?", "The club was founded by miners.", None),
        ("How high is inflation?", "Prices have hardly moved.", None),
        ("Why was the mill built?", "The mill belongs to the Berg family.", None),
        ("What is the population of Halmsund?", "Halmsund was cut off, and 14 people were hurt.", "number"),
        ("What is the population of Elm?", "Eighty-five souls live there.", None),
        ("What colour is the tram?", "The tram is quiet and light.", "colour"),
        ("Which color was the door?", "A chestnut door led to it.", None),
        ("When was Ada Berg born?", "Ada Berg designed the bridge.", "date or place of birth"),
        ("Where was Ada Berg born?", "Ada Berg, a native of Halle, designed it.", None),
        ("In what year was she born?", "Ada Berg (Serbian: Ада; 10 July 1856 – 7 January 1943) was an engineer.", None),
        ("When did Ada Berg die?", "I went to Ada Berg, who was 79 then.", "date or place of death"),
        ("How did Ada Berg die?", "She was struck by lightning.", None),
        ("How fast is a visa granted?", "Within two weeks.", None),
        ("Where are decisions made?", "They are taken in the chamber.", None),
        ("Where is Ada Berg buried?", "Ada Berg died in Halle.", "burial place"),
        ("Where is Ada Berg buried?", "Her remains are in Halle.", None),
        ("Where is the lamp made?", "The lamp scored 87%.", "place of manufacture"),
        ("Where are the lamps manufactured?", "All lamps come from Halle.", None),
        ("When was Norrlinje founded?", "Norrlinje apologised on Tuesday.", "date"),
        ("When was Norrlinje founded?", "Two brothers set it up after the war.", None),
        ("What is its top speed?", "Two tugs will pull it free.", "speed"),
        ("How fast can it go?", "It does eighteen knots.", None),
        ("What is the phone number of the shop?", "The shop is in 14 Mill Lane.", "phone number"),
        ("What is the phone number of the shop?", "Call 01632 960 114.", None),
        ("What is Ada Berg's e-mail address?", "Ada Berg gives the lectures.", "e-mail address"),
        ("What is Ada Berg's email address?", "Write to a.berg@halle.example.", None),
        # Letters that match others where case does not count.
        ("Who is the d\u0131rector of the museum?", "The museum opened in 1990.", "director"),
        ("Who is the pre\u017fident of the club?", "The club opened in 1990.", "president"),
    ],
)
def test_what_is_asked_for_is_held_or_not(question: str, text: str, lacking: str | None) -> None:
    assert lacking_kind(question, ["Nothing else is said.", text]) == lacking


def test_long_prose_is_read_at_once() -> None:
    prose = "the village lies on a hill by the sea and " * 200
    for question in ("What is the population of Holm?", "When was Ada Berg born?"):
        for text in (prose, "(" * 20_000):
            assert lacking_kind(question, [text]) is not None


@pytest.mark.parametrize(
    "question", ["How tall is it?", "How long is it?", "What does it weigh?", "What does it cost?"]
)
def test_a_long_number_is_read_at_once(question: str) -> None:
    assert lacking_kind(question, ["3.14159" + "26535" * 20_000]) is not None or "cost" in question
