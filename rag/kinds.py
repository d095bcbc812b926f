"""Kinds: what an answer must hold to be one: an age where it is asked how old, money where it is asked what it costs.

A text is believed to hold it by any word of that kind: one with no number and no word of time says nothing of when.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from index.analysis import plain_case
from rag.asked_names import lacking_name
from rag.english import MONTH, MONTHS, NUMBERS, SCALES, any_of

_WORDS = any_of([*NUMBERS, *SCALES, "hundred", "dozen", "half", "several"])
# A number is read from its first digit on, so that a long one is read once.
_DIGITS = r"(?<![\d.,/])\d[\d.,/]*+"
_NUMBER = rf"(?:{_DIGITS}|\b(?:an?|{_WORDS}))[\s-]*(?:[a-z]+ ){{0,2}}?"
_LENGTH = (
    rf"{_NUMBER}(?:[mck]?m|ft|in|(?:kilo|centi|milli)?met(?:re|er)s?|miles?|leagues?|feet|foot|inch(?:es)?|yards?|"
    r"fathoms?|store?ys?|stories|floors?|levels?|stops?|blocks?|light[- ]years?|hands?|fingers?|paces)\b|"
    r"\d\s?[×x]\s?\d|\d['′\"″’]"
)
_DURATION = (
    rf"{_NUMBER}(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies)|terms?|"
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
_MONEY = (
    r"[£€$¥₹%]|\d\s?(?:p|bn|m|k)\b|\b(?:(?-i:[A-Z]{3})(?= ?\d)|free|for nothing|gratis|waived|peppercorn|refund\w*|"
    r"(?:no|without|any) (?:extra |further )?(?:charges?|fees?|deposit|costs?|rent|payment)|reimburs\w*|charge[ds]?|"
    r"expensive|cheap\w*|dear\w*|dollars?|euros?|pounds?|quid|bucks?|grand|fivers?|tenners?|crowns?|cents?|pence|pennies|"
    r"kron\w+|yen|yuan|rupees?|francs?|marks?|rubles?|roubles?|pesos?|shillings?|guilders?|per ?cent|million|billion|"
    rf"trillion|thousand|(?:{_PRICED}) (?:of |about |only |just |some )?(?:{_WORDS})"
    rf"(?! (?:minutes?|hours?|days?|weeks?|months?|years?)\b))\b|{_BARE_NUMBER}"
)
_TIME = (
    rf"\d|\b(?:{any_of(MONTHS)}|\w+day|day|spring|summer|autumn|winter|fall|night|morning|evening|afternoon|noon|"
    r"midnight|hours?|minutes?|weeks?|months?|years?|decades?|centur\w+|seasons?|today|tomorrow|tonight|before|after\w*|during|"
    r"until|till|since|while|when|once|whenever|every|always|never|late\w*|earl\w+|first|now|current\w*|soon|recent\w*|"
    r"times?|ages?|eras?|periods?|war|birth|death|christmas|easter|annual\w*|daily|ago|immediate\w*|already|still|ever|"
    r"last|next|end\w*|begin\w*|start\w*|at|upon|by|following)\b"
)
_YEAR = (
    r"(?<!\d)(?:1\d|20)\d\d(?!\d)|[’']\d\d\b|\d ?(?:BCE?|B\.C\.|AD|A\.D\.|CE)(?!\w)|\b(?:AD|A\.D\.|anno) ?\d|centur|"
    r"year|decade|\b(?:in|since|by|from|until|before|after|around|about|circa|to) \d{2,4}\b|\bc\.? ?\d{3,4}"
)
# A number is a year only where it is said to be one, else 1,500 may be soldiers; neither it nor a day counts anything.
_SAID_OF_YEARS = "|".join(rf"(?<={before})" for before in ("in ", "since ", "by ", r"\(", r"\d, "))
_COUNT = (
    rf"(?<![\w.,:/]){''.join(f'(?<!{month} )' for month in MONTHS)}(?!(?:{_SAID_OF_YEARS})(?:1\d|20)\d\d\b)"
    rf"(?!\d\d?(?:st|nd|rd|th)?,? (?:{MONTH}|\w+day)\b)(?!(?:1\d|20)\d\d[)–-])\d|"
    r"\d{4}(?:, | and | to | until )\d{4}|"
    rf"\b(?:{_WORDS}|dozens?|hundreds|thousands|millions|billions|nobody|none|no|not|never|neither|both|single|pair|"
    r"couple|trio|quartet|quintet|once|twice|thrice|double|triple|all|every|majority|most|many|few|only|thirds?|"
    r"quarters?|\w+ths?)\b|"
    # What is listed can be counted.
    r"\b[\w’'-]+, (?:[\w’'-]+ ){1,4}?and \w|\band (?:an?|one|his|her|their|its) \w|\b[A-Z][\w’'-]+ and (?-i:[A-Z])"
)
_SHARE = rf"\d|\b(?:{_WORDS}|thirds?|quarters?|\w+ths?|most|majority|all|none|per ?cent)\b"
_COLOURS = (
    "colou?r red blu green yellow black whit gr[ae]y brown orange purpl pink gold silver violet crimson scarlet beige "
    "cream ivory turquoise teal navy maroon bronze copper tan cyan magenta indigo olive khaki lilac mauve amber ochre "
    "pale dark bright blond auburn ginger transparent clear pied strip rust emerald ruby sapphire azure tawny "
    "burgundy charcoal coral peach salmon lavender mint mustard sepia rainbow multi lime chestnut fawn hazel aqua "
    "fuchsia slate wine claret plum lemon sand straw honey caramel chocolate coffee mahogany pearl RAL"
)
_COLOUR = rf"\b(?:{'|'.join(_COLOURS.split())})\w*\b|#[\da-f]{{3,6}}\b"
_BIRTH = (
    r"\bborn\b|birth|nativ|\bgr[eo]w\w* up\b|\bfrom\b|\bhome ?town|\braised\b|\([^()]{0,80}\d{3}|\bb\. |\bnée\b|origin|"
    r"cradle|came into the world|\b(?:son|daughter|child) of\b|\bof (?-i:[A-Z])|\bage[ds]?\b|\bold\b"
)
_DEATH = (
    r"\bd(?:ie|ea|ying)|kill|murder|drown|execut|suicid|\blost (?:his|her|their) li|\blate\b|surviv|buri|funeral|"
    r"[–-]\s?(?:\w+ )*\d{3,4}|assassin|\bshot\b|\bhang|passed away|perish|fatal|cremat|\bgrave|widow|until|mourn|"
    r"obituar|\blast\b|victim|\bend(?:ed)?\b|lifetime|\bfell\b"
)
_ORIGIN = (
    r"(?<!\d)(?:1\d|20)\d\d(?!\d)|centur|decade|\bago\b|found|establish|buil|invent|creat|form|set up|discover|open|"
    r"beg[au]n|start|origin|medieval|ancient|roman\b|victorian|georgian|baroque|gothic|\d ?(?:BC|AD)|\bold|\byears?\b|"
    r"antiquity|prehist|war\b|reign|dat(?:es?|ed|ing)\b|launch"
)
# Whom or what is named outright, and not by what is to be found out first: "the director of the film that won".
_NAMED = r"(?:(?!\b(?:of|that|who|whose|which|with)\b)[^?,])*"
# Nothing else is asked for behind a comma: "When rock folds, what does it make?".
_ASKS_NO_MORE = r"(?!.*,.*\b(?:what|which|who|how|where|why)\b)"


class _Kind(NamedTuple):
    """What a question asks for by its words, and what a text of that kind has."""

    name: str
    asked: re.Pattern[str]
    held: re.Pattern[str]


def _kind(name: str, asked: str, held: str) -> _Kind:
    return _Kind(name, re.compile(asked, re.IGNORECASE), re.compile(held, re.IGNORECASE))


_KINDS = (
    _kind(
        "age",
        r"\bhow old\b|\bat (?:what|which) age\b",
        r"\bage[ds]?\b|\bold\w*|\bborn\b|birth|\bturned\b|"
        r"\b(?:built|founded|opened|established|completed|finished|erected|launched|made in|dat(?:es?|ed|ing))\b|"
        rf"\b(?:was|were|is|at) (?:only |just )?(?:\d{{1,3}}|{_WORDS})(?=[,;)]|\.\s|$| (?:when|as|her|his|the)\b)|"
        rf"\b(?:girl|boy|man|woman|child|lad) of (?:\d{{1,3}}|{_WORDS})\b|"
        r", \d{1,3},|centur|\bBC\b|millenni|\b(?:of|since|from|back to) (?:1\d|20)\d\d\b|\(\D{0,20}(?:1\d|20)\d\d\b",
    ),
    _kind("length", r"\bhow (?:tall|thick)\b", rf"{_LENGTH}|\b(?:deep|thick|tall|wide|high)\b"),
    _kind(
        "distance",
        r"\bhow far (?:is|are|was|were|away|from|apart)\b",
        rf"{_LENGTH}|{_DURATION}|\b(?:walk|near|next to|close|beside|distance)\b",
    ),
    _kind(
        "weight",
        r"\bhow much (?:does|do|did|will) [^?]*\bweigh\b|\bwhat (?:does|do|did) [^?]*\bweigh\b|"
        r"\bwhat(?:[’']s| is| was) the weight\b",
        rf"{_NUMBER}(?:k?g|mg|t|lbs?|oz|kilos?|(?:kilo|milli)?gram(?:me)?s?|tonn?es?|tons?|pounds?|ounces?|stones?|"
        r"hundredweight)\b",
    ),
    _kind("length or duration", r"\bhow long\b(?! ago\b)", rf"{_LENGTH}|{_DURATION}"),
    _kind(
        "price",
        r"\bhow much\b[^?]*\b(?:costs?|pay|charge[ds]?|earns?|paid|worth|price)\b|"
        r"\bwhat (?:does|do|did|will|would)\b[^?]*\bcost\b|"
        r"\bwhat(?:[’']s| is| are| was| were) (?:(?:the|its|their|his|her|your|an?) |[\w.-]+[’']s )(?:[\w-]+ )?"
        r"(?:price|cost|salary|fee|fare|rent)s?(?= (?:of|for|per|in|at|to|a)\b|\W*$)",
        _MONEY,
    ),
    _kind(
        "date or place of birth",
        r"^\W*(?:where|when|(?:in |on )?(?:what|which) (?:year|date|day|town|city|country)) (?:was|were) "
        rf"{_NAMED}\bborn\W*$",
        _BIRTH,
    ),
    _kind(
        "date or place of death",
        r"^\W*(?:where|when|(?:in |on )?what (?:year|date|day)) (?:did|has|had) "
        rf"{_NAMED}\bdied?\W*$",
        _DEATH,
    ),
    _kind(
        "burial place",
        rf"^\W*where\b{_NAMED}\bburied\W*$",
        r"bur[iy]|grave|cemeter|\blies?\b|remains|\binter(?:red|ment)|\brests?\b|tomb|crypt|churchyard|\bashes\b|cremat|vault|mausoleum",
    ),
    _kind(
        "place of manufacture",
        rf"^\W*where (?:is|are) (?!.*\b(?:decision|law|rule|plan|choice|film|movie)s?\b){_NAMED}"
        r"\b(?:made|manufactured|produced|built)\W*$",
        r"\bmade\b|manufactur|produc|built|build|factor|\bplants?\b|assembl|origin|\bfrom\b|woven|forg|brew|bak|"
        r"matur|cellar|caves?\b|kitchen|dair|farm|\bmills?\b|workshop|yard",
    ),
    _kind(
        "date",
        rf"^\W*when (?:was|were) {_NAMED}\b(?:founded|established|built|invented|set up)"
        r"\W*$",
        _ORIGIN,
    ),
    _kind(
        "year",
        r"^\W*(?:(?:in|by|since|from|until) (?:what|which) year\b|"
        r"(?:what|which) year (?:was|were|did|is|will|has|had)\b)"
        rf"{_ASKS_NO_MORE}",
        _YEAR,
    ),
    _kind("date", rf"^\W*(?:when (?:was|were|did|is|are|will|has|have|had)|what time)\b{_ASKS_NO_MORE}", _TIME),
    _kind("share", r"\b(?:what|which) (?:percent\w*|proportion|fraction)\b", _SHARE),
    _kind("number", rf"\bhow many\b{_ASKS_NO_MORE}", _COUNT),
    _kind(
        "number",
        r"^\W*(?:the )?population (?:of|in)\b|\bwhat(?:[’']s| is| was) (?:the|its) population\b",
        r"\d{3}|\d[.,]\d|\b(?:hundreds|thousands?|millions?|nobody|no one)\b|"
        rf"\A(?s:(?=.*(?:\d|\b(?:{_WORDS}|dozens)\b)).*\b(?:populat|inhabit|resident|souls|live[ds]?\b|census))",
    ),
    _kind("colour", r"\b(?:what|which) colou?rs?\b", _COLOUR),
    _kind(
        "speed",
        r"\b(?:top|maximum|max|average) speed\b|\bhow fast (?:is|are|was|were|can|does|do|did)\b",
        rf"\d|speed|fast|slow|knots|quick|rapid|pace|swift|light|{_LENGTH}|{_DURATION}",
    ),
    _kind("phone number", r"\b(?:tele)?phone number\b", r"\d{3}"),
    _kind("e-mail address", r"\be-?mail address\b", r"@"),
)


def lacking_kind(question: str, texts: Iterable[str]) -> str | None:
    """Return what a question asks for where no text holds anything of that kind, None where one does or none is known.

    It is the name of the kind, or what `lacking_name` says of whom or what is asked for by its name.
    """
    question, said = plain_case(question), list(texts)
    kind = next((one for one in _KINDS if one.asked.search(question)), None)
    if kind is not None:
        return None if any(map(kind.held.search, said)) else kind.name
    return lacking_name(question, said)
