"""Kind words: patterns of what a text holds that tells of an age, of money, of a time; to be matched in any case."""

from rag.english import MONTH, MONTHS, NUMBERS, ORDINALS, SCALES, any_of

NUMBER_WORDS = any_of([*NUMBERS, *SCALES, "hundred", "dozen", "half", "several"])
_PARTS = any_of(
    f"{part}{plural}" for part in (*ORDINALS, "quarter", "hundredth", "thousandth", "millionth") for plural in ("", "s")
)
# A number is read from its first digit on, so that a long one is read once.
_DIGITS = r"(?<![\d.,/])\d[\d.,/]*+"
NUMBER = rf"(?:{_DIGITS}|\b(?:an?|{NUMBER_WORDS}))[\s-]*(?:[a-z]+ ){{0,2}}?"
LENGTH = (
    rf"{NUMBER}(?:[mck]?m|ft|in|(?:kilo|centi|milli)?met(?:re|er)s?|miles?|leagues?|feet|foot|inch(?:es)?|yards?|"
    r"fathoms?|store?ys?|stories|floors?|levels?|stops?|blocks?|light[- ]years?|hands?|fingers?|paces)\b|"
    r"\d\s?[×x]\s?\d|\d['′\"″’]"
)
DURATION = (
    rf"{NUMBER}(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies)|terms?|"
    r"summers?|winters?|springs?|autumns?|seasons?|pages?|lines?|chapters?|episodes?|volumes?|generations?)\b|\dh\b|"
    r"\b(?:until|since|from|throughout|through|always|ever|never|forever|life\w*|permanent\w*|overnight|indefinite\w*|"
    r"day|week|month|year|time|term|hours?)\b"
)
# A number that is no year and has no unit of its own may be a price.
_BARE_NUMBER = (
    r"(?<![\w.,:/])(?!(?:1\d|20)\d\d\b(?![.,]\d))\d[\d.,]*(?!\w|:\d|[\s-]*(?:[ap]\.?m\b|(?:[mck]?m|k?g|met\w+|kilo\w+|"
    rf"centi\w+|miles?|feet|hours?|days?|weeks?|months?|years?|minutes?|{any_of(MONTHS)})\b))"
)
# Prices in words stand behind a word that says that they are prices.
_PRICED = r"costs?|pays?|paid|price[ds]?|fees?|rents?|worth|sold|fetched|for|at|from"
MONEY = (
    r"[£€$¥₹%]|\d\s?(?:p|bn|m|k)\b|\b(?:(?-i:[A-Z]{3})(?= ?\d)|free|for nothing|gratis|waived|peppercorn|refund\w*|"
    r"(?:no|without|any) (?:extra |further )?(?:charges?|fees?|deposit|costs?|rent|payment)|reimburs\w*|charge[ds]?|"
    r"expensive|cheap\w*|dear\w*|dollars?|euros?|pounds?|quid|bucks?|grand|fivers?|tenners?|crowns?|cents?|pence|pennies|"
    r"kron\w+|yen|yuan|rupees?|francs?|marks?|rubles?|roubles?|pesos?|shillings?|guilders?|per ?cent|million|billion|"
    rf"trillion|thousand|(?:{_PRICED}) (?:of |about |only |just |some )?(?:{NUMBER_WORDS})"
    rf"(?! (?:minutes?|hours?|days?|weeks?|months?|years?)\b))\b|{_BARE_NUMBER}"
)
TIME = (
    rf"\d|\b(?:{any_of(MONTHS)}|\w+day|day|spring|summer|autumn|winter|fall|night|morning|evening|afternoon|noon|"
    r"midnight|hours?|minutes?|weeks?|months?|years?|decades?|centur\w+|seasons?|today|tomorrow|tonight|before|after\w*|during|"
    r"until|till|since|while|when|once|whenever|every|always|never|late\w*|earl\w+|first|now|current\w*|soon|recent\w*|"
    r"times?|ages?|eras?|periods?|war|birth|death|christmas|easter|annual\w*|daily|ago|immediate\w*|already|still|ever|"
    r"last|next|end\w*|begin\w*|start\w*|at|upon|by|following)\b"
)
YEAR = (
    r"(?<!\d)(?:1\d|20)\d\d(?!\d)|[’']\d\d\b|\d ?(?:BCE?|B\.C\.|AD|A\.D\.|CE)(?!\w)|\b(?:AD|A\.D\.|anno) ?\d|centur|"
    r"year|decade|\b(?:in|since|by|from|until|before|after|around|about|circa|to) \d{2,4}\b|\bc\.? ?\d{3,4}"
)
# A number is a year only where it is said to be one, else 1,500 may be soldiers; neither it nor a day counts anything.
_SAID_OF_YEARS = "|".join(rf"(?<={before})" for before in ("in ", "since ", "by ", r"\(", r"\d, "))
COUNT = (
    rf"(?<![\w.,:/]){''.join(f'(?<!{month} )' for month in MONTHS)}(?!(?:{_SAID_OF_YEARS})(?:1\d|20)\d\d\b)"
    rf"(?!\d\d?(?:st|nd|rd|th)?,? (?:{MONTH}|\w+day)\b)(?!(?:1\d|20)\d\d ?[)–-])\d|"
    r"\d{4}(?:, | and | to | until )\d{4}|"
    rf"\b(?:{NUMBER_WORDS}|dozens?|hundreds|thousands|millions|billions|nobody|none|no|not|never|neither|both|single|pair|"
    r"couple|trio|quartet|quintet|once|twice|thrice|double|triple|all|every|majority|most|many|few|only|"
    rf"{_PARTS})\b|"
    # What is listed can be counted.
    r"\b[\w’'-]+, (?:[\w’'-]+ ){1,4}?and \w|\band (?:an?|one|his|her|their|its) \w|\b[A-Z][\w’'-]+ and (?-i:[A-Z])"
)
SHARE = rf"\d|\b(?:{NUMBER_WORDS}|{_PARTS}|most|majority|all|none|per ?cent)\b"
_COLOURS = (
    "colou?r red blu green yellow black whit gr[ae]y brown orange purpl pink gold silver violet crimson scarlet beige "
    "cream ivory turquoise teal navy maroon bronze copper tan cyan magenta indigo olive khaki lilac mauve amber ochre "
    "pale dark bright blond auburn ginger transparent clear pied strip rust emerald ruby sapphire azure tawny "
    "burgundy charcoal coral peach salmon lavender mint mustard sepia rainbow multi lime chestnut fawn hazel aqua "
    "fuchsia slate wine claret plum lemon sand straw honey caramel chocolate coffee mahogany pearl RAL"
)
COLOUR = rf"\b(?:{'|'.join(_COLOURS.split())})\w*\b|#[\da-f]{{3,6}}\b"
BIRTH = (
    r"\bborn\b|birth|nativ|\bgr[eo]w\w* up\b|\bfrom\b|\bhome ?town|\braised\b|\([^()]{0,80}\d{3}|\bb\. |\bnée\b|origin|"
    r"cradle|came into the world|\b(?:son|daughter|child) of\b|\bof (?-i:[A-Z])|\bage[ds]?\b|\bold\b"
)
DEATH = (
    r"\bd(?:ie|ea|ying)|kill|murder|drown|execut|suicid|\blost (?:his|her|their) li|\blate\b|surviv|buri|funeral|"
    r"[–-]\s?(?:\w+ )*\d{3,4}|assassin|\bshot\b|\bhang|passed away|perish|fatal|cremat|\bgrave|widow|until|mourn|"
    r"obituar|\blast\b|victim|\bend(?:ed)?\b|lifetime|\bfell\b"
)
ORIGIN = (
    r"(?<!\d)(?:1\d|20)\d\d(?!\d)|centur|decade|\bago\b|found|establish|buil|invent|creat|form|set up|discover|open|"
    r"beg[au]n|start|origin|medieval|ancient|roman\b|victorian|georgian|baroque|gothic|\d ?(?:BC|AD)|\bold|\byears?\b|"
    r"antiquity|prehist|war\b|reign|dat(?:es?|ed|ing)\b|launch"
)
