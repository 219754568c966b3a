"""Findings of a checkup: what was looked at, how it stands, and the words for it with their remedy.

Standard library only, like `store.terms`: the bridge finds, the bot shows, and a row between them holds names and
values, never sentences.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from store.texts import say


class Level(StrEnum):
    """How a finding stands. `SKIPPED`: it could not be looked at, or need not be; the text says why."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    FAULT = "fault"


class Check(StrEnum):
    """What is looked at, in the order in which it is told."""

    SETTINGS = "settings"
    DATABASE = "database"
    HOST = "host"
    MX = "mx"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    PTR = "ptr"
    DOOR = "door"
    TLS = "tls"
    RELAY = "relay"
    OUTBOUND = "outbound"
    WEB = "web"
    MAIL = "mail"
    CLOCK = "clock"
    PROBE = "probe"
    # of the bot
    TOKENS = "tokens"
    SOCKET = "socket"
    SCOPES = "scopes"
    COMMAND = "command"
    CHANNELS = "channels"
    PEOPLE = "people"


# What the bot looks at, beside the bridge.
OF_SLACK = frozenset({Check.TOKENS, Check.SOCKET, Check.SCOPES, Check.COMMAND, Check.CHANNELS, Check.PEOPLE})


class Progress(StrEnum):
    """Where a checkup stands. `UNHEARD`: no bridge took it; one that starts soon still does. `LOST`: none will."""

    WAITING = "waiting"
    UNHEARD = "unheard"
    RUNNING = "running"
    LOST = "lost"
    DONE = "done"


_F, _W, _OK, _S = Level.FAULT, Level.WARNING, Level.OK, Level.SKIPPED

# Every finding there is. Each has a text `doctor.<name>.found`; what is no OK has `doctor.<name>.remedy` too.
KINDS: Mapping[str, tuple[Check, Level]] = {
    "settings_ok": (Check.SETTINGS, _OK),
    "mx_allow": (Check.SETTINGS, _W),
    "trusted_wide": (Check.SETTINGS, _W),
    "trusted_proxy": (Check.SETTINGS, _W),
    "trusted_shared": (Check.SETTINGS, _F),
    "database_ok": (Check.DATABASE, _OK),
    "database_away": (Check.DATABASE, _F),
    "host_ok": (Check.HOST, _OK),
    "host_missing": (Check.HOST, _F),
    "host_private": (Check.HOST, _W),
    "mx_ok": (Check.MX, _OK),
    "mx_published": (Check.MX, _OK),
    "mx_missing": (Check.MX, _F),
    "mx_implicit": (Check.MX, _W),
    "mx_null": (Check.MX, _F),
    "mx_elsewhere": (Check.MX, _F),
    "mx_mixed": (Check.MX, _W),
    "mx_unresolved": (Check.MX, _F),
    "mx_address": (Check.MX, _F),
    "spf_ok": (Check.SPF, _OK),
    "spf_missing": (Check.SPF, _F),
    "spf_two": (Check.SPF, _F),
    "spf_everybody": (Check.SPF, _F),
    "spf_lookups": (Check.SPF, _F),
    "spf_broken": (Check.SPF, _F),
    "spf_fails": (Check.SPF, _F),
    "spf_unknown_way": (Check.SPF, _S),
    "dkim_ok": (Check.DKIM, _OK),
    "dkim_none": (Check.DKIM, _W),
    "dkim_unreadable": (Check.DKIM, _F),
    "dkim_warned": (Check.DKIM, _W),
    "dkim_unsigned": (Check.DKIM, _W),
    "dkim_missing": (Check.DKIM, _F),
    "dkim_other": (Check.DKIM, _F),
    "dkim_revoked": (Check.DKIM, _F),
    "dkim_malformed": (Check.DKIM, _F),
    "dkim_testing": (Check.DKIM, _W),
    "dmarc_ok": (Check.DMARC, _OK),
    "dmarc_missing": (Check.DMARC, _F),
    "dmarc_two": (Check.DMARC, _F),
    "dmarc_malformed": (Check.DMARC, _F),
    "dmarc_unaligned": (Check.DMARC, _F),
    "ptr_ok": (Check.PTR, _OK),
    "ptr_missing": (Check.PTR, _F),
    "ptr_unconfirmed": (Check.PTR, _F),
    "door_ok": (Check.DOOR, _OK),
    "door_closed": (Check.DOOR, _F),
    "door_unfriendly": (Check.DOOR, _F),
    "door_plain": (Check.DOOR, _F),
    "door_private": (Check.DOOR, _W),
    "door_elsewhere": (Check.DOOR, _S),
    "tls_ok": (Check.TLS, _OK),
    "tls_local": (Check.TLS, _OK),
    "tls_none": (Check.TLS, _W),
    "tls_unreadable": (Check.TLS, _F),
    "tls_foreign_key": (Check.TLS, _F),
    "tls_expired": (Check.TLS, _F),
    "tls_early": (Check.TLS, _F),
    "tls_soon": (Check.TLS, _W),
    "tls_name": (Check.TLS, _F),
    "tls_chain": (Check.TLS, _W),
    "tls_stale": (Check.TLS, _W),
    "relay_ok": (Check.RELAY, _OK),
    "relay_local": (Check.RELAY, _OK),
    "relay_plain": (Check.RELAY, _W),
    "relay_unknown": (Check.RELAY, _F),
    "relay_unreachable": (Check.RELAY, _F),
    "relay_silent": (Check.RELAY, _F),
    "relay_starttls": (Check.RELAY, _F),
    "relay_certificate": (Check.RELAY, _F),
    "relay_login": (Check.RELAY, _F),
    "relay_closed": (Check.RELAY, _F),
    "outbound_ok": (Check.OUTBOUND, _OK),
    "outbound_blocked": (Check.OUTBOUND, _F),
    "web_ok": (Check.WEB, _OK),
    "web_none": (Check.WEB, _W),
    "web_plain": (Check.WEB, _F),
    "web_unresolved": (Check.WEB, _F),
    "web_unreachable": (Check.WEB, _F),
    "web_expired": (Check.WEB, _F),
    "web_name": (Check.WEB, _F),
    "web_chain": (Check.WEB, _F),
    "web_redirects": (Check.WEB, _F),
    "web_other": (Check.WEB, _F),
    "web_post": (Check.WEB, _F),
    "mail_ok": (Check.MAIL, _OK),
    "mail_broken": (Check.MAIL, _F),
    "mail_unsigned_link": (Check.MAIL, _F),
    "mail_waits": (Check.MAIL, _S),
    "clock_ok": (Check.CLOCK, _OK),
    "clock_off": (Check.CLOCK, _W),
    "clock_alone": (Check.CLOCK, _S),
    "probe_ok": (Check.PROBE, _OK),
    "probe_none": (Check.PROBE, _S),
    "probe_unsent": (Check.PROBE, _S),
    "probe_sender": (Check.PROBE, _F),
    "probe_relaying": (Check.PROBE, _F),
    "probe_quota": (Check.PROBE, _F),
    "probe_reputation": (Check.PROBE, _F),
    "probe_content": (Check.PROBE, _F),
    "probe_recipient": (Check.PROBE, _F),
    "probe_later": (Check.PROBE, _W),
    "probe_refused": (Check.PROBE, _F),
    "token_ok": (Check.TOKENS, _OK),
    "token_refused": (Check.TOKENS, _F),
    "slack_away": (Check.TOKENS, _F),
    "slack_clock": (Check.TOKENS, _W),
    "socket_ok": (Check.SOCKET, _OK),
    "socket_in_use": (Check.SOCKET, _OK),
    "socket_refused": (Check.SOCKET, _F),
    "socket_scope": (Check.SOCKET, _F),
    "socket_silent": (Check.SOCKET, _F),
    "socket_many": (Check.SOCKET, _W),
    "http_mode": (Check.SOCKET, _S),
    "scopes_ok": (Check.SCOPES, _OK),
    "scope_missing": (Check.SCOPES, _F),
    "scope_optional": (Check.SCOPES, _S),
    "command_heard": (Check.COMMAND, _OK),
    "command_unheard": (Check.COMMAND, _W),
    "channels_ok": (Check.CHANNELS, _OK),
    "channel_unseen": (Check.CHANNELS, _F),
    "channel_archived": (Check.CHANNELS, _F),
    "channel_outside": (Check.CHANNELS, _F),
    "channel_public": (Check.CHANNELS, _F),
    "channel_shared": (Check.CHANNELS, _F),
    "people_ok": (Check.PEOPLE, _OK),
    "people_none": (Check.PEOPLE, _F),
    "people_without_email": (Check.PEOPLE, _F),
    "operators_none": (Check.PEOPLE, _F),
}
# Of any check: an answer that did not come is no fault of what was looked at.
ANYWHERE = frozenset({"unanswered", "too_late", "failed"})
_WIDTH = max(len(level) for level in Level)


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is the domain, address, key or place it is about; `values` fill its texts, and so do `words`, each of
    which names a text."""

    name: str
    subject: str
    values: Mapping[str, str] = field(default_factory=dict)
    of: Check | None = None  # for the names of ANYWHERE alone
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def check(self) -> Check:
        return self.of or KINDS[self.name][0]

    @property
    def level(self) -> Level:
        return Level.WARNING if self.name in ANYWHERE else KINDS[self.name][1]

    def _filling(self, language: str) -> dict[str, Any]:
        words = {name: say(language, f"doctor.{word}") for name, word in self.words.items()}
        return {"subject": self.subject, **self.values, **words}

    def found(self, language: str, via: Callable[[str], str] = str) -> str:
        """What was found, in a sentence."""
        return say(language, f"doctor.{self.name}.found", via=via, **self._filling(language))

    def remedy(self, language: str, via: Callable[[str], str] = str) -> str:
        """What to do about it; "" where nothing is to be done."""
        if self.level is Level.OK:
            return ""
        return say(language, f"doctor.{self.name}.remedy", via=via, **self._filling(language))

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "subject": self.subject, "values": dict(self.values), "of": self.of} | (
            {"words": dict(self.words)} if self.words else {}
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding | None:
        """None for a finding of another version, which this one has no words for."""
        name, of = str(data.get("name", "")), data.get("of")
        if name not in KINDS and not (name in ANYWHERE and of in set(Check)):
            return None
        values = {str(key): str(value) for key, value in dict(data.get("values", {})).items()}
        words = {str(key): str(value) for key, value in dict(data.get("words", {})).items()}
        return cls(name, str(data.get("subject", "")), values, Check(of) if of else None, words)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """In the order of the checks, and within one as they were found."""
    places = list(Check)
    return sorted(findings, key=lambda one: places.index(one.check))


def faults(findings: Iterable[Finding]) -> int:
    """How many are faults."""
    return sum(one.level is Level.FAULT for one in findings)


def lines(language: str, findings: Sequence[Finding]) -> str:
    """All of them for a terminal: a line each, the remedy under it, and how many of which kind."""
    said = []
    for one in findings:
        said.append(f"{one.level:<{_WIDTH}}  {one.check}: {one.found(language)}")
        remedy = one.remedy(language)
        if remedy:
            said.append(f"{'':<{_WIDTH}}  → {remedy}")
    counts = [sum(one.level is level for one in findings) for level in (Level.FAULT, Level.WARNING, Level.OK)]
    said.append(say(language, "doctor.command.sum", faults=counts[0], warnings=counts[1], fine=counts[2]))
    return "\n".join(said) + "\n"


def as_json(language: str, findings: Sequence[Finding]) -> str:
    """All of them for programs: a list of objects."""
    rows = [
        {
            "check": one.check,
            "level": one.level,
            "name": one.name,
            "subject": one.subject,
            "found": one.found(language),
            "remedy": one.remedy(language),
        }
        for one in findings
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
