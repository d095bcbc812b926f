"""Support: what in a sentence that a language model wrote its sources do not bear out."""

import re
from collections.abc import Container, Iterator, Sequence
from itertools import chain

from index.analysis import words_of
from rag.content import content_words
from rag.english import NUMBERS
from rag.figures import Figure, dates_in, figures_in, in_digits, is_counted, without_numbers
from rag.numbers import with_commas
from rag.sources import WORD, Source, unmarked
from rag.units import CURRENCY_SIGN

# A paraphrase has words of its own, seldom more than half of them; a sentence about something else shares few.
_SUPPORTED = 0.5
# One word alone ("HACKED.") bears on any source that has it.
_MIN_WORDS = 2
_QUOTED = re.compile(r"[“«\"]([^“”«»\"]+)(?:[”»\"]|$)")
_NOT = re.compile(r"\b(?:not|no|never|none|neither|nor|without|cannot)\b|n[’']t\b", re.IGNORECASE)
_DENIED = re.compile(r"(?:\bnot|n[’']t|\bnever) (?!only\b|just\b|yet\b)(?:be |been |have |yet )*(\w+)", re.IGNORECASE)
# Not "it first opened", nor "5 metres a second" at the end.
_RANKED = re.compile(
    r"(?:\b(?:the|its|his|her|their|our|whose)|[’']s?)\s+(first|second)\b|"
    r"\ban(?:other)?\s+(second)\b|\ba\s+(first|second)[ -](?!(?:and|or|in|on|at|for|by|to|from|with|than|when)\b)[a-z]",
    re.IGNORECASE,
)
_ONE = re.compile(r"(?<!\bno )\bone[ -]((?!(?:day|time|way|hand|thing|side|point)\b)[a-z]\w+)", re.IGNORECASE)
_SINGLE = re.compile(r"\b(?:one|single|sole|lone|(?<=the )only)\b", re.IGNORECASE)
_MANY_BEFORE = re.compile(r"(?<![\d.,])(?!1\s)\d[\d.,]*\s+(?:\w+\s+)?$", re.IGNORECASE)
_NEAR = 20
# In small letters: "In May have".
_HEDGED = re.compile(
    r"\b(?:(?:may|might|could)(?! (?:not|only|of|and)\b)|allegedly|reportedly|"
    r"(?:is|are|was|were|been) (?:said|alleged|reported|believed|thought|rumou?red|suspected|feared) to)\s+(?:well\s+)?"
    r"((?:[\w’'-]+\s){0,3}[\w’'-]+)"
)
_HEDGING = re.compile(
    r"\b(?:(?-i:may)|might|could|can|would|should|perhaps|maybe|said|says?|thought|if|whether|according to|"
    r"(?:possib|probab|potential|presum|suppos|alleg|apparent|seem|appear|suspect|believ|suggest|claim|accus|report|"
    r"rumou?r|fear|likel|unclear|uncertain|allow|permit|entitle|expect|plan|risk|right|threat)\w*)\b",
    re.IGNORECASE,
)

_OF_UNITS = rf"(?= (?:(?:by|from|about|some|nearly|almost|over|more than) )?{CURRENCY_SIGN}?\d)"
_OF_NUMBERS = rf"(?= {CURRENCY_SIGN}?\d)"
# Like the antonyms of `rag.denials`, but each side with the verbs that say the same, as a paraphrase may: what
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


def unfounded(sentence: str, cited: Sequence[Source], question: str, plain_words: Container[str]) -> str | None:
    """Return what in a sentence its sources do not bear out, in a sentence."""
    text = "\n".join(unmarked(one.text) for one in cited)
    with_titles = "\n".join([text, *(one.title or "" for one in cited)])
    # What the question names is not thereby what a source speaks of.
    contexts = [_name_forms(f"{one.text}\n{one.title or ''}") for one in cited]
    # "On May 12 300 tons": what looks like one number may be two.
    counted = [*figures_in(text), *figures_in(with_commas(text))]
    names = list(_names(sentence, plain_words))
    missing = {
        "number": chain(_uncounted(with_commas(sentence), counted), _one_of_many(sentence, text)),
        "date": (date for date, form in dates_in(sentence) if form not in {form for _, form in dates_in(text)}),
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
    if _is_certain(sentence, text):
        return "It says for certain what it cites does not."
    # Numbers and names have been looked at; what is left are the words.
    rest = without_numbers(sentence)
    named = words_of(" ".join(word for name in names for word in name))
    words = words_of(rest) - _COMMON_STEMS
    if (len(words) >= _MIN_WORDS or named) and _is_supported(words, words_of(with_titles) | named, words_of(question)):
        return None
    return "What it cites does not say it."


def _is_supported(words: frozenset[str], held: frozenset[str], asked: frozenset[str]) -> bool:
    # The question's words prove nothing: a sentence made of them alone must have its words in the source.
    own = words - asked or words
    return len(own & held) >= _SUPPORTED * len(own)


def _uncounted(sentence: str, counted: Sequence[Figure]) -> Iterator[str]:
    """Yield the numbers of a sentence that are not counted; the first and the second only where they are no adverbs."""
    ranked = {word.casefold() for found in _RANKED.finditer(sentence) for word in found.groups() if word}
    for number in figures_in(sentence):
        is_adverb = number.written.casefold() in ("first", "second") and number.written.casefold() not in ranked
        if not is_adverb and not is_counted(number, counted):
            yield number.written


def _one_of_many(sentence: str, text: str) -> Iterator[str]:
    """Yield where a sentence has one of what its sources have more of, as "one minister" of two."""
    if _SINGLE.search(text):
        return
    # "Twenty-one ministers" are not one.
    sentence, text = in_digits(sentence), in_digits(text)
    for found in _ONE.finditer(sentence):
        small = found[1].casefold()
        same = [word for word in WORD.finditer(text) if words_of(word[0]) == words_of(small)]
        if same and small not in _COMMON and all(map(_is_many, same)):
            yield found[0]


def _is_many(word: re.Match[str]) -> bool:
    """Tell whether a word stands after the number of many."""
    return bool(_MANY_BEFORE.search(word.string[max(0, word.start() - _NEAR) : word.start()]))


def _is_certain(sentence: str, text: str) -> bool:
    """Tell whether a sentence has, without a hedge, the word that its sources only have with one."""
    hedged = [meant for found in _HEDGED.finditer(text) if (meant := _first_meant(found[1]))]
    if not hedged or _HEDGING.search(sentence):
        return False
    words, held = content_words(sentence), [content_words(word) for word in WORD.findall(text)]
    return any(meant <= words and held.count(meant) == hedged.count(meant) for meant in hedged)


def _first_meant(text: str) -> frozenset[str]:
    """Return what the first word of a text means that is no function word: of "have been seen", "seen"."""
    return next((meant for word in WORD.findall(text) if (meant := content_words(word))), frozenset())


def _is_turned_round(sentence: str, text: str) -> bool:
    """Tell whether a sentence has a "not" that its sources have nowhere, or affirms the word that they deny."""
    if _NOT.search(sentence):
        return not _NOT.search(text)
    words = words_of(sentence)
    return any(words_of(denied) <= words and text.count(denied) == 1 for denied in _DENIED.findall(text))


def _is_opposite(sentence: str, text: str) -> bool:
    """Tell whether a sentence has a word whose opposite its sources have, and not that word itself."""
    sentence, text = (in_digits(one) for one in (sentence, text))
    for sides in _OPPOSITES:
        said, held = ([bool(side.search(one)) for side in sides] for one in (sentence, text))
        if sum(said) == 1 and held == said[::-1]:
            return True
    return _is_negative(sentence, text) or _is_negative(text, sentence)


def _is_negative(one: str, other: str) -> bool:
    """Tell whether one has the negative of a word of the other, as "unprofitable" is, where neither has both."""
    words, others = (set(WORD.findall(each.casefold())) for each in (one, other))
    negatives, other_negatives = (set(_NEGATIVE.findall(each.casefold())) for each in (one, other))
    return bool((negatives & others) - words - other_negatives)


def _flat(text: str) -> str:
    """Return a text as quotations are compared: without case, punctuation and line breaks."""
    return " ".join(["", *re.findall(r"[^\W_]+", text), ""]).casefold()


def _quotations(text: str) -> list[str]:
    return [quoted for quoted in _QUOTED.findall(text) if quoted.strip()]


def _names(sentence: str, plain_words: Container[str]) -> Iterator[list[str]]:
    """Yield the names in a sentence, each as its words: those with a capital, but not the common first word."""
    name: list[str] = []
    end = 0
    for word in WORD.finditer(sentence):
        if name and sentence[end : word.start()] not in (" ", "-"):
            yield name
            name = []
        if _is_name(word[0], plain_words, is_first=word.start() == _start(sentence)):
            name.append(word[0])
            end = word.end()
    if name:
        yield name


def _start(sentence: str) -> int:
    first = WORD.search(sentence)
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
    forms = {_form(word) for word in WORD.findall(text)}
    forms.update("".join(word[0] for word in name).casefold() for name in _names(text, ()) if len(name) > 1)
    return frozenset(forms.union(*(_IN_FULL[short] for short in forms & _IN_FULL.keys())))
