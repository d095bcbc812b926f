"""Persons: which names are those of people."""

import re
from typing import Final

from index.analysis import CAPITAL

_PLACE_LIST = """
Afghanistan Africa Albania Algeria America Angola Argentina Armenia Asia Australia Austria Azerbaijan Bahrain
Bangladesh Belarus Belgium Bolivia Botswana Brazil Britain Brunei Bulgaria Burma Burundi Cambodia Cameroon Canada Chad
Chile China Colombia Congo Croatia Cuba Cyprus Denmark Ecuador Egypt England Eritrea Estonia Ethiopia Europe Fiji
Finland France Gabon Georgia Germany Ghana Greece Greenland Guatemala Guinea Guyana Haiti Honduras Hungary Iceland
India Indonesia Iran Iraq Ireland Israel Italy Jamaica Japan Jordan Kazakhstan Kenya Kosovo Kuwait Kyrgyzstan Laos
Latvia Lebanon Liberia Libya Lithuania Luxembourg Madagascar Malawi Malaysia Mali Malta Mauritania Mexico Moldova
Mongolia Montenegro Morocco Mozambique Myanmar Namibia Nepal Netherlands Nicaragua Niger Nigeria Norway Oman Pakistan
Panama Paraguay Peru Philippines Poland Portugal Qatar Romania Russia Rwanda Scotland Senegal Serbia Singapore
Slovakia Slovenia Somalia Spain Sudan Sweden Switzerland Syria Taiwan Tajikistan Tanzania Thailand Togo Tunisia Turkey
Turkmenistan Uganda Ukraine Uruguay Uzbekistan Venezuela Vietnam Wales Yemen Zambia Zimbabwe Amsterdam Athens Baghdad
Bangkok Barcelona Beijing Berlin Boston Brussels Budapest Cairo Chicago Copenhagen Delhi Dhaka Dublin Frankfurt Geneva
Hamburg Hanoi Helsinki Istanbul Jakarta Jerusalem Johannesburg Karachi Kyiv Lagos Lisbon London Madrid Manila
Melbourne Montreal Moscow Mumbai Munich Nairobi Oslo Paris Prague Riyadh Rome Seoul Shanghai Stockholm Tehran Tokyo
Toronto Vancouver Vienna Warsaw Washington Zurich
"""
# Of names that stand alone, where a capital tells nothing, these are known.
PLACES: Final = frozenset(_PLACE_LIST.split())
# What no person is called: a name with one of these is that of a place, a firm, a body or a paper.
_NO_PERSON_LIST = """
Abu Academy Accord Act Addis Administration Age Agency Agreement Airlines Airways Alliance Amendment American Arab
Army Assembly Association Authority Autos Bank Bay Beach Board Bridge British Brothers Buenos Burkina Bureau Canal
Capital Cape Center Central Centre Chemical Chinese City Club Coast College Commission Committee Commons Company
Congress Constitution Convention Corp Corporation Costa Council County Court Cross Cup Czech Daily Deal Democratic
Democrats Department Desert Deutsche Dominican Duma Earth East Eastern El Electric Empire Energy European Exchange
Exchanges Fargo Faso Federal Federation Financial Firm First Food Force Forest Forum Foundation Fund Games Gas General
Global Goldman Government Great Group Gulf Hill Holdings Hong Hotel House Inc Industries Institute International
Island Islands Ivory Journal Jury Kingdom Kuala Labour Lake Las League Liberal Limited Llc Los Ltd Lumpur Magazine
Manufacturing Market Markets Materials Media Metals Minerals Mines Mining Ministry Motor Motors Mount Mountain
Mountains Museum National Nations Navy Network New News North Northern Ocean Office Oil Olympics Organisation
Organization Pacific Pact Papers Parliament Partners Party Peninsula Plc Port Post Power Press Prize Productions
Protocol Province Puerto Railway Red Republic Republican Republicans Research Resources Revolution Rio River Royal San
Santa Saudi School Sea Senate Service Services Sierra Silicon Software Solar South Southern Space Sri Standard State
States Steel Stock Street Studios Summit Supreme Systems Talks Technologies Technology Tel Telecom Tinto Times Tower
Trade Treasury Treaty Tribune Tribunal Trust Union United University Valley Wall War Wells West Western White World
York Zealand
"""
_NO_PERSON = PLACES | frozenset(_NO_PERSON_LIST.split())
_TITLE = (
    r"(?:President|Chancellor|(?:Prime )?Minister|Secretary|Senator|Governor|Ambassador|Envoy|King|Queen|Prince|"
    r"Princess|Pope|Sir|Lord|Lady|Judge|Justice|Professor|Dr|Mr|Mrs|Ms)"
)
_FULL_NAME = re.compile(
    rf"{CAPITAL}[\w’'-]*\.?(?:\s(?:(?:d[aeiu]|del|della|der|den|dos|von|van|bin|al|la|le)\s)?"
    rf"{CAPITAL}(?:\.|[\w’'-]*[^\W\dA-Z_])){{1,3}}"
)
_OF_A_LIFE = r"(?:[’']s? (?:wife|husband|widow|childhood)| (?:was )?(?:born|die[sd]?|marr(?:y|ied)|buried))\b"


def is_person(name: str, question: str, said: str) -> bool:
    """Return whether a name in a question is a person's: a full one, with a title, or of one who was born or died.

    `said` is what the answer says, which may give the title.
    """
    if is_no_person(name):
        return False
    titled = re.search(rf"\b{_TITLE}\.? (?:{CAPITAL}[\w-]+ )?{re.escape(name)}(?!\w)", f"{question} {said}")
    return bool(titled or is_full_name(name) or re.search(re.escape(name) + _OF_A_LIFE, question))


def is_full_name(name: str) -> bool:
    """Return whether a name is one of several words that may be a person's."""
    return bool(_FULL_NAME.fullmatch(name)) and not is_no_person(name)


def is_no_person(name: str) -> bool:
    """Return whether a name has a word that no person is called, or one in capitals."""
    words = name.split()
    return any(word in _NO_PERSON or re.search(r"[A-Z&]{2}|[A-Z]\.[A-Z]|[a-z][A-Z][A-Z]|^the$", word) for word in words)
