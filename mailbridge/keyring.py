"""The keys of POSTROOM_DKIM_KEYS: where each is, read at start, and everything that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailbridge.rewrite.dkim import Identities, Identity
from mailbridge.rewrite.keys import FITTING_BITS, Algorithm, KeyRefused, SigningKey

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"(?=.{{1,128}}$){_LABEL}(?:\.{_LABEL})*")
_EVERYBODY = 0o004


class KeysRefused(Exception):  # noqa: N818 - said to the person who starts the program
    """Keys that cannot sign; `lines` has one for each, which names the file and never its content."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One key of the setting: `domain` is a lower-case A-label."""

    domain: str
    selector: str
    path: str

    def __str__(self) -> str:
        return f"{self.domain}:{self.selector}:{self.path}"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys that can sign: in whose name, and by `Identity.number` their PEM. `warnings` are what is wrong but works."""

    identities: Identities = field(default_factory=Identities)
    pems: tuple[bytes, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()


def is_selector(text: str) -> bool:
    """Whether it can stand in s= and before ._domainkey (RFC 6376 3.1)."""
    return bool(_SELECTOR.fullmatch(text))


def read(files: Sequence[KeyFile], domains: Iterable[str] = ()) -> Keyring:
    """Read every key. `domains` are those we may sign for. Raises KeysRefused."""
    pems: list[bytes] = []
    identities: list[Identity] = []
    faults: list[str] = []
    warnings: list[str] = []
    taken: set[tuple[str, Algorithm]] = set()
    for each in files:
        try:
            pem = Path(each.path).read_bytes()
            key = SigningKey.load(pem)
        except OSError as error:
            faults.append(f"POSTROOM_DKIM_KEYS: {each} cannot be read: {error.strerror or error}")
            continue
        except KeyRefused as refusal:
            faults.append(
                f"POSTROOM_DKIM_KEYS: {each} is refused, {refusal}: make one with python -m mailbridge keygen"
            )
            continue
        if (each.domain, key.algorithm) in taken:
            faults.append(
                f"POSTROOM_DKIM_KEYS: {each} is a second {key.algorithm} key of {each.domain}: keep the one that signs"
            )
            continue
        taken.add((each.domain, key.algorithm))
        identities.append(Identity(each.domain, each.selector, key.algorithm, len(pems)))
        pems.append(pem)
        warnings += _warnings(each, key, domains)
    if faults:
        raise KeysRefused(faults)
    return Keyring(Identities(identities), tuple(pems), tuple(warnings))


def _warnings(each: KeyFile, key: SigningKey, domains: Iterable[str]) -> Iterator[str]:
    if Path(each.path).stat().st_mode & _EVERYBODY:
        yield f"everybody on this machine can read {each.path}: chmod 600 it"
    if key.algorithm is Algorithm.RSA and key.bits < FITTING_BITS:
        yield f"the key in {each.path} has {key.bits} bits, and {FITTING_BITS} are asked for today: make a new one"
    if not any(domain == each.domain or domain.endswith(f".{each.domain}") for domain in domains):
        yield f"nothing is signed with {each.path}: no domain served here is {each.domain} or below it"
