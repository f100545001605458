"""Prices of an order: amounts, discounts, shipping and tax. All money is counted in cents."""

from __future__ import annotations

FREE_SHIPPING_FROM = 5_000
EXPRESS_SURCHARGE = 990
MAX_GRAMS = 31_500

TAX_PERCENT = {"DE": (19, 7), "FR": (20, 5), "US": (0, 0)}
CURRENCY_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}


def parse_amount(text: str) -> int:
    """Parse an amount that a person typed and return cents.

    >>> parse_amount("12.50")
    1250
    >>> parse_amount("1,200.00")
    120000
    >>> parse_amount("7 EUR")
    700
    """
    plain = text.strip().upper()
    for code, sign in CURRENCY_SIGNS.items():
        plain = plain.replace(code, "").replace(sign, "")
    plain = plain.replace(",", "").strip()
    if not plain:
        raise ValueError("there is no amount")
    negative = plain.startswith("-")
    whole, dot, fraction = plain.lstrip("-").partition(".")
    if not whole.isdigit() or (dot and not fraction.isdigit()):
        raise ValueError(f"not an amount: {text!r}")
    if len(fraction) > 2:
        raise ValueError(f"too many decimals: {text!r}")
    cents = int(whole) * 100 + int(fraction.ljust(2, "0") or "0")
    return -cents if negative else cents


def format_amount(cents: int, currency: str = "EUR") -> str:
    """Format cents for a customer: ``1250`` is ``€12.50``."""
    sign = CURRENCY_SIGNS.get(currency)
    if sign is None:
        raise ValueError(f"unknown currency: {currency}")
    minus = "-" if cents < 0 else ""
    whole, fraction = divmod(abs(cents), 100)
    return f"{minus}{sign}{whole:,}.{fraction:02d}"


def get_discount(subtotal: int, code: str = "", is_member: bool = False) -> int:
    """Return the cents to take off; a code and a membership do not add up, the better one counts.

    Codes: ``WELCOME`` takes 5.00 off orders from 30.00, ``TENOFF`` takes 10 percent off,
    ``BULK`` takes 15 percent off orders from 200.00.
    """
    if subtotal <= 0:
        return 0
    by_code = 0
    if code == "WELCOME" and subtotal >= 3_000:
        by_code = 500
    elif code == "TENOFF":
        by_code = subtotal * 10 // 100
    elif code == "BULK" and subtotal >= 20_000:
        by_code = subtotal * 15 // 100
    by_membership = subtotal * 5 // 100 if is_member else 0
    return max(by_code, by_membership)


def get_shipping(grams: int, country: str = "DE", express: bool = False) -> int:
    """Return what shipping costs by weight and country."""
    if grams <= 0:
        return 0
    if grams > MAX_GRAMS:
        raise ValueError(f"a parcel holds {MAX_GRAMS} grams at most")
    if country == "DE":
        base = 399 if grams <= 2_000 else 599
    elif country == "FR":
        base = 899
    else:
        base = 1_499 + 200 * (grams // 1_000)
    return base + EXPRESS_SURCHARGE if express else base


def add_tax(cents: int, country: str = "DE", reduced: bool = False) -> int:
    """Add the country's tax, rounded half up to whole cents."""
    if country not in TAX_PERCENT:
        raise ValueError(f"no tax is known for {country}")
    normal, low = TAX_PERCENT[country]
    percent = low if reduced else normal
    return cents + (cents * percent + 50) // 100


def split_evenly(cents: int, people: int) -> list[int]:
    """Split an amount so that nobody pays more than a cent above another."""
    if people < 1:
        raise ValueError("at least one person has to pay")
    share, rest = divmod(cents, people)
    return [share + 1] * rest + [share] * (people - rest)


def get_total(subtotal: int, grams: int = 0, code: str = "", country: str = "DE") -> int:
    """Return what the customer pays: discount off, shipping and tax on top."""
    reduced = subtotal - get_discount(subtotal, code)
    shipping = 0 if reduced >= FREE_SHIPPING_FROM else get_shipping(grams, country)
    return add_tax(reduced + shipping, country)
