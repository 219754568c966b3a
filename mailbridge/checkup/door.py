"""Our own doors as a client finds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mailbridge.checkup import certificate
from store.findings import Finding

CERTIFICATE: Final = {
    "expired": "tls_expired", "early": "tls_early", "soon": "tls_soon", "name": "tls_name", "chain": "tls_chain"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """What a door said: `problem` where it could not be talked to, its greeting, whether it offers STARTTLS, and the
    certificate it presented then."""

    problem: str = ""
    greeting: str = ""
    starttls: bool = False
    presented: certificate.Presented | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """The certificate of the settings: its file's octets and its key's, or why they cannot be read."""

    cert: bytes = b""
    key: bytes = b""
    problem: str = ""


def doors(heard: Mapping[str, Heard], *, encrypts: bool, private: Collection[str] = ()) -> list[Finding]:
    """Each door by its address. `encrypts`: there is a certificate; `private` are those that nobody but this machine
    reaches, where nobody on this machine is trusted to bring mail."""
    found = []
    for place, one in heard.items():
        if one.problem:
            found.append(Finding("door_closed", place, {"problem": one.problem}))
        elif not one.greeting.startswith("220"):
            found.append(Finding("door_unfriendly", place, {"reply": one.greeting[:200]}))
        elif encrypts and not one.starttls:
            found.append(Finding("door_plain", place))
        elif place in private:
            found.append(Finding("door_private", place))
        else:
            found.append(Finding("door_ok", place, {"greeting": one.greeting[:100]}))
    return found


def tls(
    pair: Pair | None, heard: Mapping[str, Heard], host: str, now: datetime, *, local: bool = False
) -> list[Finding]:
    """The certificate, from its files and as the doors present it. `local`: no door is reached over a network."""
    if pair is None:
        return [Finding("tls_local" if local else "tls_none", host)]
    problem = pair.problem or certificate.pair(pair.cert, pair.key)
    if problem:
        name = "tls_foreign_key" if problem == "foreign_key" else "tls_unreadable"
        return [Finding(name, host, {"problem": pair.problem or "PEM"})]
    ours = certificate.first(pair.cert)
    shown = [one.presented for one in heard.values() if one.presented is not None]
    stale = next((one for one in shown if one.der != ours), None)
    if stale is not None:
        return [Finding("tls_stale", host)]
    presented = shown[0] if shown else certificate.Presented(ours)
    return certificate.judge(presented, host, now, CERTIFICATE) or [Finding("tls_ok", host)]
