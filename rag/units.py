"""Units: how measures and currencies are spelt, and how much of another unit one is."""

from rag.english import by_spelling

COINS = (
    "yen yuan rupee rupees pound pounds franc francs ruble rubles rouble roubles krone kroner krona kronor peso pesos "
    "crown crowns dinar dinars dirham dirhams riyal riyals shekel shekels zloty zlotys forint forints baht ringgit "
    "rupiah guilder guilders shilling shillings"
)
CODES = "USD EUR GBP CHF JPY CNY RMB INR SEK NOK DKK AUD CAD HKD NZD SGD BRL"
CURRENCIES = by_spelling(
    {
        "$": "us$ usd dollar dollars",
        "a$": "au$ aud",
        "c$": "ca$ cad",
        "hk$": "hkd",
        "nz$": "nzd",
        "s$": "sg$ sgd",
        "r$": "brl",
        "€": "eur euro euros",
        "£": "gbp",
        "franc": "chf francs",
        "yen": "jpy",
        "yuan": "cny rmb",
        "rupee": "₹ inr rupees",
        "pound": "pounds",
        "ruble": "rubles rouble roubles",
        "krone": "kroner",
        "krona": "kronor",
        "peso": "pesos",
        "crown": "crowns",
        "dinar": "dinars",
        "dirham": "dirhams",
        "riyal": "riyals",
        "shekel": "shekels",
        "zloty": "zlotys",
        "forint": "forints",
        "guilder": "guilders",
        "shilling": "shillings",
    }
)
CURRENCY_SIGN = r"[$£¥₠-⃏]"
# What signs and codes stand for that more than one word is said of, or that are of more than one currency.
_STAND_FOR = {
    "£": ("pound",),
    "¥": ("yen", "yuan"),
    "₹": ("rupee",),
    "₽": ("ruble",),
    "nok": ("nok", "krone"),
    "dkk": ("dkk", "krone"),
    "sek": ("sek", "krona"),
}
MEASURES = by_spelling(
    {
        "m": "m metre metres meter meters",
        "km": "km kilometre kilometres kilometer kilometers",
        "cm": "cm centimetre centimetres centimeter centimeters",
        "mm": "mm millimetre millimetres millimeter millimeters",
        "mile": "mile miles mi",
        "ft": "ft foot feet",
        "kg": "kg kilogram kilograms kilo kilos",
        "g": "gram grams",
        "mg": "mg milligram milligrams",
        "t": "ton tons tonne tonnes",
        "lb": "lb lbs",
        "oz": "oz ounce ounces",
        "l": "litre litres liter liters",
        "mw": "mw megawatt megawatts",
        "gw": "gw gigawatt gigawatts",
        "kw": "kw kilowatt kilowatts",
        "kwh": "kwh",
        "mwh": "mwh",
        "gwh": "gwh",
        "twh": "twh",
        "kb": "kb kilobyte kilobytes",
        "mb": "mb megabyte megabytes",
        "gb": "gb gigabyte gigabytes",
        "tb": "tb terabyte terabytes",
        "db": "db decibel decibels",
        "inch": "inch inches",
        "yard": "yard yards",
        "barrel": "barrel barrels",
        "°c": "°c",
        "°f": "°f",
        "ha": "hectare hectares",
        "acre": "acre acres",
        "km/h": "km/h kph",
        "mph": "mph",
        "knot": "knot knots",
        "m²": "m² sqm",
        "km²": "km² sqkm",
    }
)
# In which unit another one is told, and how much of it it is; years and months have no fixed number of days.
_IN_BASE = {
    "km": ("m", 1000.0),
    "cm": ("m", 0.01),
    "mm": ("m", 0.001),
    "mile": ("m", 1609.344),
    "ft": ("m", 0.3048),
    "inch": ("m", 0.0254),
    "yard": ("m", 0.9144),
    "ha": ("squarem", 10_000.0),
    "acre": ("squarem", 4046.856),
    "t": ("kg", 1000.0),
    "g": ("kg", 0.001),
    "mg": ("kg", 0.000001),
    "lb": ("kg", 0.45359),
    "oz": ("kg", 0.02835),
    "mph": ("km/h", 1.609344),
    "knot": ("km/h", 1.852),
    "nautical": ("m", 1852.0),
    "m²": ("squarem", 1.0),
    "km²": ("squarem", 1_000_000.0),
    "gw": ("kw", 1_000_000.0),
    "mw": ("kw", 1000.0),
    "twh": ("kwh", 1_000_000_000.0),
    "gwh": ("kwh", 1_000_000.0),
    "mwh": ("kwh", 1000.0),
    "tb": ("mb", 1_000_000.0),
    "gb": ("mb", 1000.0),
    "kb": ("mb", 0.001),
    "second": ("day", 1 / 86_400),
    "minute": ("day", 1 / 1440),
    "hour": ("day", 1 / 24),
    "week": ("day", 7.0),
    "year": ("month", 12.0),
    "decade": ("month", 120.0),
    "century": ("month", 1200.0),
    "centurie": ("month", 1200.0),
}
_POWERS = {"": 1, "square": 2, "cubic": 3}


def currencies(written: str) -> frozenset[str]:
    """Return the currencies, mostly one, that a sign, a code or a word may be of."""
    word = CURRENCIES.get(written.casefold(), written.casefold())
    return frozenset(_STAND_FOR.get(word, (word,)))


def in_base(unit: str, power: str = "") -> tuple[str, float]:
    """Return the unit that another is told in and how much of it it is; `power` is "", "square" or "cubic"."""
    base, factor = _IN_BASE.get(unit, (unit, 1.0))
    return power + base, factor ** _POWERS[power]
