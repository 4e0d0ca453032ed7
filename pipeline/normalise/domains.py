"""Domains of addresses: slips of the keyboard in well-known ones, carefully."""

from functools import lru_cache

from pipeline.normalise.known import PROVIDERS, REAL_DOMAINS, TLD_SLIPS

_SHORTEST = 4


@lru_cache(maxsize=65536)
def meant(domain: str) -> str | None:
    """Return the provider's domain that `domain` is probably a slip of, else None.

    Only a provider's name with one letter dropped, doubled, swapped or replaced (never
    the first one replaced), under one of its own endings or a slip of `com`. Real
    domains that look alike get no suggestion.
    """
    name, _, ending = domain.lower().partition(".")
    if domain.lower() in REAL_DOMAINS or not ending:
        return None
    for provider, endings in PROVIDERS.items():
        is_slip = ending in TLD_SLIPS and "com" in endings
        if name == provider:
            return f"{provider}.com" if is_slip and ending not in endings else None
        if is_slip and ending not in endings and is_one_slip(name, provider):
            return f"{provider}.com"
        if ending in endings and is_one_slip(name, provider):
            return f"{provider}.{ending}"
    return None


def is_one_slip(name: str, provider: str) -> bool:
    """Whether one slip of the fingers turns `provider` into `name`."""
    if len(name) < _SHORTEST or name == provider:
        return False
    places = range(len(provider))
    dropped = any(name == provider[:i] + provider[i + 1 :] for i in places if i)
    swapped = any(
        name == provider[:i] + provider[i + 1] + provider[i] + provider[i + 2 :]
        for i in places[:-1]
    )
    return dropped or swapped or _one_more(name, provider) or _one_other(name, provider)


def _one_more(name: str, provider: str) -> bool:
    if len(name) != len(provider) + 1 or name[0] != provider[0]:
        return False
    return any(name[:i] + name[i + 1 :] == provider for i in range(1, len(name)))


def _one_other(name: str, provider: str) -> bool:
    if len(name) != len(provider) or name[0] != provider[0]:
        return False
    return sum(a != b for a, b in zip(name, provider, strict=True)) == 1
