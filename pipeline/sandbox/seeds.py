"""Fills a sandbox deterministically: invented customers and their payments.

Phones come from ranges that are reserved for fiction or documented as test numbers,
addresses from domains that cannot receive mail. When the numbers are used up, the
remaining customers have an address only, as many do whom a payment created.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from pipeline.sandbox.rows import CustomerRow, PaymentRow, token
from pipeline.sandbox.store import Store

_FIRST = (
    "Amina", "Jean-Paul", "Ngo", "Brenda", "Moussa", "Clarisse", "Emmanuel", "Fatou",
    "Didier", "Grace", "Hervé", "Irène", "Junior", "Kévin", "Laure", "Marie-Noëlle",
    "Nadège", "Oumarou", "Patience", "Rosine", "Serge", "Thérèse", "Ulrich",
    "Véronique", "William", "Yvette", "Zacharie", "Aïssatou", "Blaise", "Solange",
)  # fmt: skip
_LAST = (
    "Abena", "Biya'a", "Chemo", "Djomo", "Ebongue", "Fotso", "Gwanmesia", "Hamadou",
    "Issa", "Kamga", "Lobe", "Mbarga", "Ndongo", "Nguemo", "Onana", "Pokam", "Simo",
    "Tchoumi", "Wandji", "Yonta", "Zang", "Achu", "Bello", "Eyinga", "Manga", "Nfor",
)  # fmt: skip


def _ascii(name: str) -> str:
    plain = name.lower().replace("'", "").replace("-", "")
    return plain.translate(str.maketrans("éèïëô", "eeieo"))


_MAIL_NAMES = {name: _ascii(name) for name in (*_FIRST, *_LAST)}
_CITIES = ("Douala", "Yaoundé", "Bafoussam", "Garoua", "Bamenda", "Kribi", "Paris")
_DOMAINS = ("example.com", "example.org", "example.net")

_NO_NAME, _NO_PHONE, _NO_EMAIL, _NO_METADATA = 0.02, 0.1, 0.9, 0.3
_ON_BUSINESS, _IN_SANDBOX, _FEE = 0.8, 0.05, 0.02
_EVERY_AT_MONTH_END = 40

_CM = 300
_FR_PREFIXES = ("+3363998", "+3319900", "+3326191", "+3335301", "+3346571", "+3353649")
_FR = 10_000 * len(_FR_PREFIXES)
_GB = 1_000
PHONES = _CM + _GB + _FR
"""How many different fictional phones there are."""

_DAY_US = 86_400_000_000


def _us(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type] # a date spelt out


_CUSTOMERS_FROM = _us(2025, 3, 1)
_PAYMENTS_FROM = _us(2025, 11, 1)
_PAYMENT_DAYS = 300

_STATUSES = (
    ("complete", 62), ("pending", 7), ("processing", 3), ("failed", 11),
    ("canceled", 6), ("expired", 5), ("incomplete", 1), ("rejected", 1),
    ("abandoned", 1), ("refunded", 1), ("partialy-refunded", 1), ("hold", 1),
)  # fmt: skip
_MONEY = (
    # currency, channels, smallest, largest, decimals
    ("XAF", ("cm.mtn", "cm.orange", "cm.mobile", "card"), 100, 250_000, 0),
    ("XOF", ("ci.mtn", "ci.orange", "sn.wave"), 100, 250_000, 0),
    ("EUR", ("card", "paypal"), 1, 400, 2),
)
_MONEY_WEIGHTS = (85, 9, 6)


def fictional_phone(number: int) -> str | None:
    """Return the fictional phone `number` (from 0) in E.164, None past the last."""
    if number < _CM:
        return f"+2376{7 + number % 3}00000{number // 3:02d}"
    number -= _CM
    if number < _GB:
        return f"+447700900{number:03d}"
    number -= _GB
    if number < _FR:
        return f"{_FR_PREFIXES[number // 10_000]}{number % 10_000:04d}"
    return None


def seed_customers(store: Store, count: int, seed: int) -> None:
    """Add `count` customers; the same seed gives the same ones in the same order."""
    start = store.customer_total
    store.add_customers(_customers(store, start, count, seed))


def seed_payments(store: Store, per_customer: int, seed: int) -> None:
    """Add `per_customer` payments for each customer, and a few without one."""
    ids: list[str | None] = list(store.customer_ids())
    owners = ids * per_customer
    owners += [None] * (len(owners) // 50)
    rng = random.Random(f"{seed}|payments")  # noqa: S311 # a seed, not a secret
    rng.shuffle(owners)
    store.add_payments(_payments(owners, store.payment_total, seed, rng))


def _customers(
    store: Store, start: int, count: int, seed: int
) -> Iterator[CustomerRow]:
    rng = random.Random(f"{seed}|customers|{start}")  # noqa: S311 # a seed, not a secret
    for number in range(start + 1, start + count + 1):
        first = _FIRST[int(rng.random() * len(_FIRST))]
        last = _LAST[int(rng.random() * len(_LAST))]
        kind = rng.random()
        phone = fictional_phone(number - 1) if kind > _NO_PHONE else None
        domain = _DOMAINS[number % len(_DOMAINS)]
        email: str | None = (
            f"{_MAIL_NAMES[first]}.{_MAIL_NAMES[last]}.{number}@{domain}"
        )
        if phone and kind > _NO_EMAIL:
            email = None
        created = _CUSTOMERS_FROM + (number * 7_919 * 1_000_003) % (240 * _DAY_US)
        yield CustomerRow(
            seq=number,
            id=store.customer_id(number),
            name=f"{first} {last}" if kind > _NO_NAME else None,
            email=email,
            phone=phone,
            metadata=_metadata(rng, number),
            more="{}",
            blocked=0,
            created_us=created,
            updated_us=created,
            email_key=email,
            phone_key=phone[1:] if phone else None,
        )


def _metadata(rng: random.Random, number: int) -> str:
    kind = rng.random()
    if kind < _NO_METADATA:
        return "{}"
    city = _CITIES[int(kind * 1e6) % len(_CITIES)]
    return f'{{"city":"{city}","customer_no":"C{number:06d}"}}'


def _payments(
    owners: list[str | None], start: int, seed: int, rng: random.Random
) -> Iterator[PaymentRow]:
    step = _PAYMENT_DAYS * _DAY_US // max(1, len(owners))
    names, weights = zip(*_STATUSES, strict=True)
    statuses = rng.choices(names, weights, k=len(owners))
    money = rng.choices(_MONEY, _MONEY_WEIGHTS, k=len(owners))
    for i, owner in enumerate(owners):
        number = start + i + 1
        currency, channels, low, high, decimals = money[i]
        amount = _amount(rng, low, high, decimals)
        created = _PAYMENTS_FROM + i * step + int(rng.random() * step)
        if (i + 1) % _EVERY_AT_MONTH_END == 0:
            created = _last_half_hour(created)
        complete = statuses[i] in ("complete", "refunded", "partialy-refunded")
        yield PaymentRow(
            seq=0,
            reference=f"trx.test_{token(f'{seed}|payment|{number}', 24)}",
            merchant_reference=f"order-{number:07d}",
            customer=owner,
            amount=amount,
            fee=round(amount * _FEE, decimals),
            currency=currency,
            status=statuses[i],
            channel=channels[int(rng.random() * len(channels))],
            charge="business" if rng.random() < _ON_BUSINESS else "customer",
            description=None if number % 3 else f"Order {number}",
            sandbox=int(rng.random() < _IN_SANDBOX),
            created_us=created,
            completed_us=created + 41_000_000 + i % 999_983 if complete else None,
        )


def _amount(rng: random.Random, low: int, high: int, decimals: int) -> float:
    if decimals == 0:
        return low + int(rng.random() * (high - low) / 25) * 25
    return round(low + rng.random() * (high - low), decimals)


def _last_half_hour(moment_us: int) -> int:
    """Move a moment to the last half hour (UTC) of its month.

    In Douala that is the next month: where months are told apart, it shows here.
    """
    moment = datetime.fromtimestamp(moment_us // 1_000_000, UTC)
    year, month = divmod(moment.year * 12 + moment.month, 12)
    first_of_next = _us(year, month + 1, 1)
    return first_of_next - 1_800_000_000 + moment_us % 1_800_000_000
