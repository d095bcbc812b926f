"""Grounding: of what a language model writes, only what the sentences that it cites bear out is kept."""

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

from index.analysis import plain_case, words_of
from index.passages import sentence_bounds
from rag.english import LETTER_SCALES, NUMBERS, SCALES, SHORT_SCALES, by_spelling, letter_scale

MAX_SENTENCES = 6
# What the model writes where the sentences do not answer: asked for by the instructions, recognised by `Checking`.
ABSTAINS = "The sentences do not answer the question."
# More than six sentences need; a model that repeats itself without end is left here rather than at the deadline.
_MAX_CHARS = 4000
# A paraphrase has words of its own, seldom more than half of them; a sentence about something else shares few.
_SUPPORTED = 0.5
# One word alone ("HACKED.") bears on any source that has it.
_MIN_WORDS = 2

# Begun where the white space before it begins, so that a long run of it is read once.
_MARKER = re.compile(r"(?<!\s)\s*\[\s*\d+(?:\s*[,;–—-]\s*\d+)*\s*\]")
_UNFINISHED = re.compile(r"\[[\d\s,;–—-]*$")
_STOPPED = re.compile(rf"([.!?…][\"”’»)]*)((?:{_MARKER.pattern})+)(?=\s+[\"“«(]?[A-Z])")
_WORD_END = re.compile(r"\S\s")
_WORD = re.compile(r"[^\W_](?:[\w’'&]|\.(?=\w))*")
_LIST_MARK = re.compile(r"^\s*(?:[-*•#>]+|\d{1,2}[.)])\s+")
_EMPHASIS = re.compile(r"\*\*|__|`")
_QUOTED = re.compile(r"[“«\"]([^“”«»\"]+)(?:[”»\"]|$)")

# What tells the model what to do, rather than the reader what is so: "output fell" and "the answer to" are facts.
_LEAVE = r"(?:ignore|disregard|forget|override)"
_BEFORE = "previous|prior|preceding|earlier|above|foregoing"
_OVERRIDE = (
    rf"\b{_LEAVE}\s+(?:(?:the|of|these|those|this|my)\s+)*(?:your|all|any|every|system|{_BEFORE})\s+"
    rf"(?:(?:the|of|these|those|this|my|your|other|system|{_BEFORE})\s+)*"
    r"(?:instructions?|prompts?|rules|guidelines|programming|training)\b"
)
_COMMAND = re.compile(
    rf"{_OVERRIDE}|^\W{{0,9}}(?:please\W{{1,3}})?(?:"
    rf"{_LEAVE}\b(?!\s+(?:for|of)\b)[^.]{{0,40}}\b(?:instructions?|prompts?|{_BEFORE})\b|"
    r"(?:say|reply|respond|repeat)(?:\s*:|\s+[\"“'‘])|"
    r"(?:answer|write|print|output)\s+[\"“'‘][^\"”'’]{0,99}[\"”'’]\W{0,3}$|"
    r"say that\b|(?-i:[Ss]ay\s+[A-Z]{4,})|"
    r"(?:reply|respond|answer)\s+with\b|(?:reply|respond)\s+only\b|repeat\s+after\b|"
    r"(?:answer|write|print|output|say)\s+only\s*(?::|[\"“'‘]|(?:the|this|that|these|your|yes|no|json)\b|(?-i:[A-Z]))"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
_COMMANDING_TITLE = re.compile(rf"(?:^|[.:;!–—-])\W{{0,3}}(?:please\W{{1,3}})?{_OVERRIDE}", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|no|never|none|neither|nor|without|cannot)\b|n[’']t\b", re.IGNORECASE)
_DENIED = re.compile(r"(?:\bnot|n[’']t|\bnever) (?!only\b|just\b|yet\b)(?:be |been |have |yet )*(\w+)", re.IGNORECASE)

_OF_UNITS = r"(?= (?:(?:by|from|about|some|nearly|almost|over|more than) )?[$€£]?\d)"
_OF_NUMBERS = r"(?= [$€£]?\d)"
# Like the antonyms of `rag.disagreement`, but each side with the verbs that say the same, as a paraphrase may: what
# has only the one side says the opposite of what has only the other. Words that two parties to one fact are told by
# (buy and sell, win and lose) are no opposites.
_OPPOSITES = tuple(
    (re.compile(rf"\b(?:{one})\b", re.IGNORECASE), re.compile(rf"\b(?:{other})\b", re.IGNORECASE))
    for one, other in (
        (
            r"increas\w*|ris(?:e[sn]?|ing)|rose|gr(?:ow(?:s|n|th|ing)?|ew)|climb(?:s|ed|ing)?|jump(?:s|ed|ing)?|"
            rf"surg(?:e[sd]?|ing)|soar\w*|expan(?:d\w*|sion)|rais(?:e[sd]?|ing)|higher|up{_OF_UNITS}",
            r"decreas\w*|f[ae]ll(?:s|en|ing)?|declin\w*|drop(?:s|ped|ping)?|shr[aiu]nk\w*|plung(?:e[sd]?|ing)|"
            r"plummet\w*|slump(?:s|ed|ing)?|reduc(?:e[sd]?|ing|tions?)|cut(?:s|ting)?|slash(?:es|ed|ing)?|"
            rf"lower(?:s|ed|ing)?|down{_OF_UNITS}",
        ),
        (
            rf"(?:over|above|more than|greater than|at least|exceed(?:s|ed|ing)?){_OF_NUMBERS}",
            rf"(?:under|below|less than|fewer than|at most|up to|nearly|almost){_OF_NUMBERS}",
        ),
        (r"accept\w*|approv\w*|adopt(?:s|ed|ing|ion)?", r"reject\w*|disapprov\w*|veto\w*|refus\w*|turned down"),
        (r"support(?:s|ed|ing)?|back(?:s|ed|ing)", r"oppos(?:e[sd]?|ing)"),
        (r"confirm\w*", r"den(?:y|ies|ied|ying)"),
        (r"succeed\w*|success\w*", r"fail(?:s|ed|ing|ures?)?"),
        (r"guilty|convicted", r"innocent|acquitted"),
        (r"open(?:s|ed|ing)?", r"clos(?:es|ed|ing|ures?)|shut(?:s|ting)?"),
        (r"allowed|permitted", r"banned|prohibited|forbidden"),
        (r"lift(?:s|ed|ing)?", r"impos(?:e[sd]?|ing|ition)"),
        (r"highest|largest|biggest", r"lowest|smallest"),
    )
)
_NEGATIVE = re.compile(
    r"\b(?:un(?=\w{5}|safe|paid|fair|sold|used)|"
    r"in(?=accura|activ|adequa|complet|correct|direct|effect|efficien|expensiv|formal|suffic|secur|stab|valid|visib)|"
    r"im(?=possib|probab|matur|balance|perfect|practic)|il(?=legal|legit|licit)|"
    r"ir(?=regular|relevan|responsib|reversib)|dis(?=agree|approv|allow|honest|satisf|connect|contin|prove|similar)|"
    r"non-)(\w+)"
)

_DATE = re.compile(
    r"\b(?:Jan(?:uary|\.)|Feb(?:ruary|\.)|Mar(?:ch|\.)|Apr(?:il|\.)|May|June|July|Aug(?:ust|\.)|Sept?(?:ember|\.)|"
    r"Oct(?:ober|\.)|Nov(?:ember|\.)|Dec(?:ember|\.)|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)(?!\w)"
)

_UP_TO_99 = rf"(?:{'|'.join(NUMBERS)})(?:[ -](?:{'|'.join(NUMBERS)}))*"
_NUMBER_WORDS = re.compile(rf"\b{_UP_TO_99}(?: hundred(?: (?:and )?{_UP_TO_99})?)?\b", re.IGNORECASE)
_ALL_SCALES = SCALES | SHORT_SCALES | LETTER_SCALES
_NUMBER = re.compile(
    r"(?P<money>(?<=[$€£]))?(?P<digits>\d+(?:[.,]\d+)*)"
    rf"(?:[\s-]?(?P<unit>%|(?:per\s?cent|percentage[\s-]point|{'|'.join(SCALES | SHORT_SCALES)})(?=s?\b)|"
    rf"{letter_scale('money')})|(?P<decade>s)\b)?",
    re.IGNORECASE,
)
# What stands before a number as its sign; the dash of "2010 -2015" is none.
_MINUS = re.compile(r"(?:(?:^|[^\d%\s]\s+|[(:])(?=[-−–])|\b(?=[mn]))([-−–]|minus\s|negative\s)[$€£]?$", re.IGNORECASE)
_LONGEST_MINUS = 16
_MEASURES = by_spelling(
    {
        "km": "km kilometre kilometres kilometer kilometers kph",
        "metre": "metre metres meter meters",
        "cm": "cm centimetre centimetres centimeter centimeters",
        "mm": "mm millimetre millimetres millimeter millimeters",
        "mile": "mi mile miles mph",
        "foot": "ft foot feet",
        "inch": "inch inches",
        "yard": "yard yards",
        "hectare": "ha hectare hectares",
        "acre": "acre acres",
        "kg": "kg kilo kilos kilogram kilograms",
        "gram": "gram grams",
        "mg": "mg milligram milligrams",
        # Writers take one for the other, and few mean the short ton.
        "tonne": "t ton tons tonne tonnes",
        "ounce": "oz ounce ounces",
        "litre": "litre litres liter liters",
        "gallon": "gallon gallons",
        "barrel": "barrel barrels",
        "kw": "kw kilowatt kilowatts",
        "mw": "mw megawatt megawatts",
        "gw": "gw gigawatt gigawatts",
        "kwh": "kwh",
        "mwh": "mwh",
        "gwh": "gwh",
        "twh": "twh",
        "second": "second seconds",
        "minute": "minute minutes",
        "hour": "hour hours",
        "day": "day days",
        "week": "week weeks",
        "month": "month months",
        "year": "year years",
        "decade": "decade decades",
        "century": "century centuries",
        "dollar": "dollar dollars",
        "euro": "euro euros",
        # Of money or of weight.
        "pound": "pound pounds lb lbs",
        "yen": "yen",
        "yuan": "yuan",
    }
)
_MEASURE = re.compile(
    rf"[\s-]?(?:metric )?(?P<power>square |sq |cubic )?"
    rf"(?P<unit>{'|'.join(sorted(_MEASURES, key=len, reverse=True))})\b",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s*(?:-|–|—|to|and|or)\s*[$€£]?")
_QUANTITY = re.compile(
    r"[$€£]|\b(?:half|halved|thirds?|quarters?|twice|(?:doubl|tripl|quadrupl)(?:e|es|ed|ing)|dozens?|hundreds?|"
    r"thousands|millions|billions|trillions|dollars?|euros?|pounds?|yen|yuan)\b",
    re.IGNORECASE,
)
_CURRENCIES = {"$": "dollar", "€": "euro", "£": "pound"}

_DEMONYM = re.compile(r"(?:[aey]|ia)?/(?:n|an|ian|ean|ese)s?|y/s?|/s")
_IN_FULL = {
    "us": {"united", "states", "america"},
    "uk": {"united", "kingdom", "britain"},
    "eu": {"european", "union"},
    "un": {"united", "nations"},
}
# Words of no content, which begin sentences too.
_COMMON_WORDS = (
    "a about above according across after again against all almost along already also although among an and another "
    "any are around as at based be because been before being below between both but by can could despite did do does "
    "due during each earlier either even every few first following for former from further given had has have he her "
    "here hers him his how however i if in indeed instead into is it its itself last later least less like many may "
    "meanwhile might more moreover most much must my near nearly neither next no nor not now of off on once one only "
    "or other others our out over overall own part per percent percentage point roughly s said same say says she "
    "should similarly since so some still such t than that the their them then there therefore these they this those "
    "though through throughout thus to today together too toward towards under unlike until up upon was we were what "
    "when where whereas whether which while who whom whose why will with within without would yes yet you your"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_COMMON_STEMS = words_of(_COMMON_WORDS)
# Further words that begin a sentence and are no names. The endings -ly and -ing tell nothing: Italy, Beijing, Boeing.
_OPENING_WORDS = (
    "accounting additionally afterwards alongside alternatively amid amidst among annually anyone apart apparently "
    "approximately aside barely based basically behind beside besides beyond briefly broadly certain certainly "
    "citing clearly collectively combined commonly comparatively compared concerning consequently considering "
    "consistently conversely crucially currently daily depending different domestically dozens early economically "
    "effectively else enough especially essentially eventually everybody everyone everything evidently "
    "exactly excluding finally formerly fortunately frequently fully furthermore generally globally "
    "gradually half hardly hence historically hopefully hundreds immediately importantly including increasingly "
    "initially inside interestingly internationally largely lastly lately legally likewise locally long mainly "
    "merely millions mostly multiple namely nationally nevertheless newly nobody nonetheless normally notably "
    "nothing notwithstanding numerous occasionally officially often opposite originally otherwise outside owing "
    "partially particularly partly past perhaps politically possibly potentially practically precisely presently "
    "presumably previously primarily probably publicly quickly quite rapidly rarely rather recently regarding "
    "regardless relatively reportedly respectively second secondly seemingly separately several shortly "
    "significantly simultaneously slightly slowly someone something sometimes somewhat soon specifically "
    "starting statistically steadily strategically strictly subsequently substantially suddenly supposedly "
    "surprisingly technically temporarily tens thanks third thirdly thousands thereafter thereby till "
    "traditionally twice typically ultimately unfortunately unless usually various versus very via virtually "
    "weekly well whatever whenever wherever whichever whoever whose widely worldwide yearly yesterday"
)
_OPENERS = _COMMON.union(NUMBERS, _OPENING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence that the model may cite by its number, from 1: as quoted, with its document's title and date."""

    number: int
    text: str
    title: str | None = None
    published_at: str | None = None


@dataclass(frozen=True, slots=True)
class GroundedSentence:
    """A sentence that stands: its text without markers, and the numbers of the sources it cites, ascending."""

    text: str
    markers: tuple[int, ...]

    @property
    def marked(self) -> str:
        """The sentence with its markers after it."""
        return f"{self.text} {''.join(f'[{marker}]' for marker in self.markers)}"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence that does not stand, as the model wrote it, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Generated:
    """What is left of a model's answer after checking.

    There are sentences, or `abstained` (the model says that the sources do not answer), or `failure` says why there is
    nothing. `cut_short` says why the model did not come to its end, where sentences stand all the same.
    """

    sentences: tuple[GroundedSentence, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    abstained: bool = False
    failure: str | None = None
    cut_short: str | None = None


def grounded(text: str, sources: Sequence[Source], question: str = "") -> Generated:
    """Return what of a model's text stands on the sources that it cites."""
    checking = Checking(question, sources)
    checking.add(text)
    return checking.result()


class Checking:
    """Checks a model's text sentence by sentence, as it comes. What comes of it is the same in whatever parts it comes.

    Sources that command rather than tell cannot be cited.
    """

    def __init__(self, question: str, sources: Sequence[Source], on_text: Callable[[str], None] | None = None) -> None:
        self.question = question
        self.citable = {one.number: one for one in sources if not _commands(one)}
        self._on_text = on_text
        # Words that stand somewhere in small letters are no names, also where they begin a sentence.
        self._plain_words = {word for one in sources for word in _WORD.findall(one.text)}
        self._buffer = ""
        self._looked_at = 0
        self._chars = 0
        self._kept: list[GroundedSentence] = []
        self._dropped: list[Dropped] = []
        self._said: set[str] = set()
        self._abstained = False

    @property
    def is_full(self) -> bool:
        """Whether no more text is wanted."""
        return len(self._kept) == MAX_SENTENCES or self._chars >= _MAX_CHARS

    def add(self, text: str) -> None:
        """Take what comes next; a sentence is checked once a word of the next one is there."""
        # Half a surrogate pair, which JSON can hold, is no text.
        text = text[: _MAX_CHARS - self._chars].encode("utf-8", "replace").decode()
        self._chars += len(text)
        self._buffer += text
        while (space := _WORD_END.search(self._buffer, self._looked_at)) and len(self._kept) < MAX_SENTENCES:
            self._looked_at = space.end()
            end = _first_end(self._buffer[: space.start() + 1])
            if end is not None:
                self._take(self._buffer[:end])
                self._buffer, self._looked_at = self._buffer[end:], 0

    def result(self, cut_short: str | None = None) -> Generated:
        """Return what stands, the text being at its end, or cut short for a reason: then what is begun is dropped."""
        if self._chars >= _MAX_CHARS:
            cut_short = "The language model wrote more than is read."
        rest, self._buffer = self._buffer.strip(), ""
        if len(self._kept) == MAX_SENTENCES:
            cut_short = None
        elif not cut_short:
            self._take(rest)
        elif rest:
            self._dropped.append(Dropped(rest, cut_short))
        kept, dropped = tuple(self._kept), tuple(self._dropped)
        if kept:
            return Generated(kept, dropped, cut_short=cut_short)
        if self._abstained:
            return Generated((), dropped, abstained=True)
        nothing = "None of the language model's sentences stands on what it cites." if dropped else ""
        return Generated((), dropped, failure=cut_short or nothing or "The language model said nothing.")

    def _take(self, text: str) -> None:
        """Keep a sentence or drop it; one that was kept before, and the phrase that abstains, are neither."""
        sentence, markers = _plain(text), _markers(text)
        said = " ".join(_WORD.findall(sentence)).casefold()
        if not said or said in self._said:
            return
        if said == " ".join(_WORD.findall(ABSTAINS)).casefold():
            self._abstained = True
            return
        fault = self._fault(sentence, markers)
        if fault:
            self._dropped.append(Dropped(text.strip(), fault))
            return
        kept = GroundedSentence(sentence, markers)
        self._said.add(said)
        self._kept.append(kept)
        if self._on_text:
            self._on_text(kept.marked)

    def _fault(self, sentence: str, markers: Sequence[int]) -> str | None:
        if not markers:
            return "It cites nothing."
        if unknown := [marker for marker in markers if marker not in self.citable]:
            return f"It cites [{unknown[0]}], which is no sentence that can be cited."
        if _MARKER.search(sentence):
            return "Its markers stand inside one another."
        return _unfounded(sentence, [self.citable[marker] for marker in markers], self.question, self._plain_words)


def _commands(source: Source) -> bool:
    return bool(_COMMAND.search(source.text) or _COMMANDING_TITLE.search(source.title or ""))


def _unfounded(sentence: str, cited: Sequence[Source], question: str, plain_words: Container[str]) -> str | None:
    """Return what in a sentence its sources do not bear out, in a sentence."""
    text = "\n".join(unmarked(one.text) for one in cited)
    with_titles = "\n".join([text, *(one.title or "" for one in cited)])
    # What the question names is not thereby what a source speaks of.
    contexts = [_name_forms(f"{one.text}\n{one.title or ''}") for one in cited]
    counted = list(_numbers(text))
    names = list(_names(sentence, plain_words))
    missing = {
        "number": (number.written for number in _numbers(sentence) if not _is_counted(number, counted)),
        "date": (date[0] for date in _DATE.finditer(sentence) if _day_or_month(date) not in _days_and_months(text)),
        "quotation": (quoted for quoted in _quotations(sentence) if _flat(quoted) not in _flat(with_titles)),
        "name": (" ".join(name) for name in names if not _is_held(name, contexts)),
    }
    for kind, values in missing.items():
        for value in values:
            return f"It has the {kind} {value!r}, which is not in what it cites."
    if _is_turned_round(sentence, text):
        return "It denies what it cites does not deny, or the other way round."
    if _is_opposite(sentence, text):
        return "It says the opposite of what it cites."
    # Numbers and names have been looked at; what is left are the words.
    rest = _NUMBER.sub(" ", _NUMBER_WORDS.sub(" ", sentence))
    named = words_of(" ".join(word for name in names for word in name))
    words = words_of(rest) - _COMMON_STEMS
    if (len(words) >= _MIN_WORDS or named) and _is_supported(words, words_of(with_titles) | named, words_of(question)):
        return None
    return "What it cites does not say it."


def _is_supported(words: frozenset[str], held: frozenset[str], asked: frozenset[str]) -> bool:
    # The question's words prove nothing: a sentence made of them alone must have its words in the source.
    own = words - asked or words
    return len(own & held) >= _SUPPORTED * len(own)


def _is_turned_round(sentence: str, text: str) -> bool:
    """Tell whether a sentence has a "not" that its sources have nowhere, or affirms the word that they deny."""
    if _NOT.search(sentence):
        return not _NOT.search(text)
    words = words_of(sentence)
    return any(words_of(denied) <= words and text.count(denied) == 1 for denied in _DENIED.findall(text))


def _is_opposite(sentence: str, text: str) -> bool:
    """Tell whether a sentence has a word whose opposite its sources have, and not that word itself."""
    sentence, text = (_NUMBER_WORDS.sub(_in_digits, one) for one in (sentence, text))
    for sides in _OPPOSITES:
        said, held = ([bool(side.search(one)) for side in sides] for one in (sentence, text))
        if sum(said) == 1 and held == said[::-1]:
            return True
    return _is_negative(sentence, text) or _is_negative(text, sentence)


def _is_negative(one: str, other: str) -> bool:
    """Tell whether one has the negative of a word of the other, as "unprofitable" is, where neither has both."""
    words, others = (set(_WORD.findall(each.casefold())) for each in (one, other))
    negatives, other_negatives = (set(_NEGATIVE.findall(each.casefold())) for each in (one, other))
    return bool((negatives & others) - words - other_negatives)


def _first_end(text: str) -> int | None:
    """Return where the first sentence ends with its markers, None where no word of a second one is there."""
    if _UNFINISHED.search(text):
        return None
    # Markers after a full stop end a sentence also where the splitter takes the stop for an abbreviation's.
    masked = _STOPPED.sub(lambda found: found[1] + "\n" * len(found[2]), text)
    masked = _MARKER.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), masked)
    spans = []
    for bound in sentence_bounds(masked):
        piece = bound.of(masked)
        if any(character.isalpha() for character in piece):
            start = bound.start + len(piece) - len(piece.lstrip())
            spans.append((start, start + len(piece.strip())))
    if len(spans) < 2:
        return None
    # What stands between two sentences belongs to the first, but on a line of its own to what follows it there.
    end, start = spans[0][1], spans[1][0]
    line = text.rfind("\n", end, start) + 1
    return line or start


def _markers(text: str) -> tuple[int, ...]:
    """Return the numbers of the markers in a text, ascending; one too long for a source counts as 0."""
    found: set[int] = set()
    for marker in _MARKER.findall(text):
        for ends in re.findall(r"(\d+)(?:\s*[–—-]\s*(\d+))?", marker):
            low, high = sorted(int(end) if len(end) < 5 else 0 for end in (ends[0], ends[1] or ends[0]))
            found.update(range(low, high + 1))
    return tuple(sorted(found))


def unmarked(text: str) -> str:
    """Return a text without its markers."""
    return _MARKER.sub("", text)


def _plain(text: str) -> str:
    """Return a sentence on one line without its markers, its list mark and its emphasis."""
    return " ".join(_EMPHASIS.sub("", _LIST_MARK.sub("", unmarked(text))).split())


def _flat(text: str) -> str:
    """Return a text as quotations are compared: without case, punctuation and line breaks."""
    return " ".join(["", *re.findall(r"[^\W_]+", text), ""]).casefold()


def _quotations(text: str) -> list[str]:
    return [quoted for quoted in _QUOTED.findall(text) if quoted.strip()]


class _Number(NamedTuple):
    """A number as written, what it may be compared as, and the unit that it is said to be of, if any."""

    written: str
    values: frozenset[str]
    measure: str | None = None


def _numbers(text: str) -> Iterator[_Number]:
    """Yield the numbers and quantities of a text.

    "1,200" is 1200, "85 percent" is 85%, "three million" is 3000000; the 85 of "85 to 90%" is 85 or 85%.
    """
    text = _NUMBER_WORDS.sub(_in_digits, plain_case(text))
    found = list(_NUMBER.finditer(text))
    for number, following in zip_longest(found, found[1:]):
        units, measure = {_unit(number)}, _measure(number)
        sign = _MINUS.search(text[max(0, number.start() - _LONGEST_MINUS) : number.start()])
        if following and _RANGE.fullmatch(text, number.end(), following.start()):
            units.add(_unit(following))
            measure = measure or _measure(following)
        values = frozenset(("-" if sign else "") + _value(number["digits"], unit) for unit in units)
        yield _Number((sign[1] if sign else "") + _written(number), values, measure)
    for quantity in _QUANTITY.finditer(text):
        value = _CURRENCIES.get(quantity[0]) or min(words_of(quantity[0]))
        yield _Number(quantity[0], frozenset([value]))


def _before(number: re.Match[str]) -> str:
    return number.string[max(0, number.start() - 1) : number.start()]


def _written(number: re.Match[str]) -> str:
    if (currency := _before(number)) in _CURRENCIES:
        return currency + number[0]
    unit = _MEASURE.match(number.string, number.end())
    return number[0] + (unit[0] if unit else "")


def _measure(number: re.Match[str]) -> str | None:
    """Return the unit that stands before a number, as money's may, or directly after it."""
    if (currency := _before(number)) in _CURRENCIES:
        return _CURRENCIES[currency]
    unit = _MEASURE.match(number.string, number.end())
    if unit is None:
        return None
    power = (unit["power"] or "").casefold().replace("sq ", "square ")
    return power + _MEASURES[unit["unit"].casefold()]


def _is_counted(number: _Number, counted: Sequence[_Number]) -> bool:
    """Tell whether a number is one of others; of units only those that both have are compared."""
    return any(
        number.values & one.values and (not number.measure or not one.measure or number.measure == one.measure)
        for one in counted
    )


def _in_digits(words: re.Match[str]) -> str:
    if words[0].casefold() == "one":
        # "One" is a pronoun more often than a number.
        return words[0]
    value = 0
    for word in re.split(r"[\s-]+", words[0].casefold()):
        value = value * 100 if word == "hundred" else value + NUMBERS.get(word, 0)
    return str(value)


def _unit(number: re.Match[str]) -> str:
    unit = re.sub(r"[\s-]", "", (number["unit"] or number["decade"] or "").casefold())
    return "%" if unit == "percent" else unit


def _value(digits: str, unit: str) -> str:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits):
        digits = digits.replace(",", "")
    if re.fullmatch(r"\d{1,30}(?:\.\d{1,30})?", digits):
        digits = str(Fraction(digits) * _ALL_SCALES.get(unit, 1))
    return digits + ("" if unit in _ALL_SCALES else unit)


def _days_and_months(text: str) -> set[str]:
    return {_day_or_month(date) for date in _DATE.finditer(text)}


def _day_or_month(date: re.Match[str]) -> str:
    return date[0][:3].casefold()


def _names(sentence: str, plain_words: Container[str]) -> Iterator[list[str]]:
    """Yield the names in a sentence, each as its words: those with a capital, but not the common first word."""
    name: list[str] = []
    end = 0
    for word in _WORD.finditer(sentence):
        if name and sentence[end : word.start()] not in (" ", "-"):
            yield name
            name = []
        if _is_name(word[0], plain_words, is_first=word.start() == _start(sentence)):
            name.append(word[0])
            end = word.end()
    if name:
        yield name


def _start(sentence: str) -> int:
    first = _WORD.search(sentence)
    return first.start() if first else 0


def _is_name(word: str, plain_words: Container[str], *, is_first: bool) -> bool:
    small = word.casefold()
    if small == word or small in _COMMON:
        return False
    return not is_first or not (small in plain_words or small in _OPENERS)


def _is_held(name: Sequence[str], contexts: Sequence[frozenset[str]]) -> bool:
    """Tell whether one source has all of a name; "Scott Trump" is nobody where one has Scott and another Trump."""
    return any(all(any(_is_same(_form(word), form) for form in forms) for word in name) for forms in contexts)


def _is_same(word: str, form: str) -> bool:
    """Tell whether two words name the same, one perhaps as an adjective: China and Chinese, Germany and German."""
    if word == form:
        return True
    shortest = min(len(word), len(form))
    shared = next((at for at, (one, other) in enumerate(zip(word, form, strict=False)) if one != other), shortest)
    ends = (word[shared:], form[shared:])
    return shared >= 4 and any(_DEMONYM.fullmatch("/".join(pair)) for pair in (ends, ends[::-1]))


def _form(word: str) -> str:
    """Return a word as names are compared: "U.S.'s" is "us"."""
    return re.sub(r"[’']s?$", "", word).replace(".", "").casefold()


def _name_forms(text: str) -> frozenset[str]:
    """Return the words of a text as names are compared, with the abbreviations of its names, and those in full."""
    forms = {_form(word) for word in _WORD.findall(text)}
    forms.update("".join(word[0] for word in name).casefold() for name in _names(text, ()) if len(name) > 1)
    return frozenset(forms.union(*(_IN_FULL[short] for short in forms & _IN_FULL.keys())))
