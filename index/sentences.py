"""Sentences: where they end. What sentencex takes for ends after abbreviations and in German dates is made whole again.

The library knows the abbreviations of one language, and in German it takes "Ltd. It was" for one sentence. So it reads
all as English, and what no sentence begins with is put back behind what it was cut from. The only file that imports
sentencex.
"""

import re
from itertools import chain

from sentencex import get_sentence_boundaries

from index.document import Span

_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")
# So many characters tell how a sentence ends and begins.
_LOOKED_AT = 40


def _words(words: str) -> str:
    """Return a pattern for the words as they stand and with a capital, not in capitals: "CA." is California."""
    both = chain.from_iterable((word, word[0].upper() + word[1:]) for word in words.split())
    return "|".join(re.escape(word) for word in both)


# What qualifies or links what comes after it, so that nothing ends there.
_LINK = "approx ca cf vs incl excl esp viz e.g i.e inkl exkl zzgl abzgl bzw bzgl bspw ggf evtl sog vgl resp z.b z.B d.h"
# What a number often follows, and what may as well stand last before anything else.
_BEFORE_NUMBER = "abs avg ch dept dez eq est ext hrs kap max min nos okt std tab tel temp vol ziff"
_COUNTED = rf"(?:(?<![\w.])(?:{_words(_BEFORE_NUMBER)})|\w*(?:[Ss]tr|[Nn]r))\."
_NUMBER = r"[(*_~<>≈±+–−-]{0,3}(?:[A-Z]{1,3}\s?)?[$€£¥₹]?\s?\d"
_CURRENCY = r"(?:Euros?|Dollars?|Franken|Pfund|Yen|Yuan|US\$|EUR|USD|GBP|CHF|JPY|CNY|RMB|SEK|NOK|DKK|INR)\b"
# Nouns have capitals in German; these words have one only where they begin a sentence.
_OPENER = (
    r"(?:D(?:er|ie|as|en|em|es|iese[mnrs]?|a|ann|abei|afür|amit|anach|avon|azu|enn|och|ort|erzeit)|Eine?[mnrs]?|Er|Sie|"
    r"Es|Wir|Ich|Ihre?|Seine?|Unsere?|Man|I[mn]|A[mn]|Als|Auch|Auf|Aus|Außerdem|Aber|Bei|Beim|Bis|Bisher|Durch|Etwa|Für|"
    r"Heute|Insgesamt|Jedoch|Allerdings|Jetzt|Laut|Mit|Nach|Noch|Nun|Nur|Ob|Rund|Seit|So|Über|Um|Und|Unter|Von|Vom|Vor|"
    r"Während|Weil|Wenn|Wer|Wie|Zu|Zum|Zur|Zudem|Zuvor|"
    r"The|Th(?:is|at|ese|ose|ey|ere|en)|A|Its?|He|His|She|Her|We|Our|I|You|At|By|But|And|Or|For|From|Of|On|To|With|"
    r"After|Before|However|Since|When|While|What|Who|Why|How)\b"
)
_DAY = r"(?<![\w.,:/$€£])(?:0?[1-9]|[12]\d|3[01])\."
_GERMAN_TIME = (
    r"(?:Januar|Jänner|Februar|Feber|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|"
    r"Jan|Feb|Mär|Mrz|Apr|Jun|Jul|Aug|Sept?|Okt|Nov|Dez|"
    r"Jahrhundert(?:s|en?)?|Jahrtausend(?:s|en?)?|Halbjahr(?:e?s)?|Quartals?|Weltkrieg(?:e?s)?)\b"
)
# How a supposed sentence ends, and how what belongs to it begins.
_NO_ENDS = [
    (re.compile(rf"(?:{before})$"), re.compile(after))
    for before, after in (
        (rf"(?<![\w.])(?:{_words(_LINK)})\.", r"\S"),
        (_COUNTED, rf"{_NUMBER}|[a-zß-öø-ÿ]"),
        (_DAY, _GERMAN_TIME),
        (r"\d\s?(?:Mio|Mrd|Tsd|mn|bn)\.", _CURRENCY),
        # "12 Mio. Menschen", and "Max. Leistung" where nothing stands before it.
        (rf"\d\s?(?:Mio|Mrd|Tsd)\.|^{_COUNTED}", rf"(?!{_OPENER})[A-ZÄÖÜ]"),
    )
]
_MARKS = "*_> "
# "iPhone", "p53", "α-actin", and the letter of an item.
_NAME_OR_ITEM = re.compile(r"[\w-]*[A-Z\d]|[α-ω]|[^\W\d]-|[a-z]+\)|[a-z]\.\s+[^\W\d]")


def sentence_bounds(text: str, *, article: bool = False) -> list[Span]:
    """Return where the sentences of a text are, which are all of it.

    In a paragraph of an `article` a line break is where it was wrapped and ends none, and none begins with a small
    letter. In what a language model writes both may be.
    """
    read = text.replace("\n", " ") if article else text
    # At an initial before a space that is not of ASCII, as in "T\u00a0.", sentencex panics.
    bounds = get_sentence_boundaries("en", _WIDE_SPACE.sub(" ", read))
    has_capitals = not next((one for one in text[:_LOOKED_AT] if one.isalpha()), "").islower()
    sentences: list[Span] = []
    for bound in bounds:
        found = Span(bound["start_index"], bound["end_index"])
        if sentences and _goes_on(text, sentences[-1], found, article, article and has_capitals):
            found = Span(sentences.pop().start, found.end)
        sentences.append(found)
    return sentences


def _goes_on(text: str, before: Span, after: Span, is_wrapped: bool, has_capitals: bool) -> bool:
    """Tell whether what stands after a supposed end belongs to the sentence before it."""
    ending, opening = text[max(before.start, before.end - _LOOKED_AT) : before.end], after.of(text)
    last, first = ending.strip(), opening.strip()[:_LOOKED_AT]
    gap = ending[len(ending.rstrip()) :] + opening[: len(opening) - len(opening.lstrip())]
    if not last or not first or gap.count("\n") > is_wrapped:
        return False
    if any(no_end.search(last) and goes_on.match(first) for no_end, goes_on in _NO_ENDS):
        return True
    is_line = "\n" in gap and ("\n" in opening[len(opening.rstrip()) :] or after.end == len(text))
    return has_capitals and not is_line and _begins_small(first)


def _begins_small(opening: str) -> bool:
    """Tell whether a text begins as no sentence does: in small letters, being no name and no item of a list."""
    opening = opening.lstrip(_MARKS)
    return opening[:1].islower() and not _NAME_OR_ITEM.match(opening)
