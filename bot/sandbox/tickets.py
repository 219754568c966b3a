"""Short-lived rights: trigger ids (3 s, once) and response URLs (30 min, five times)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

TRIGGER_LIFE = 3.0
RESPONSE_LIFE = 1_800.0
RESPONSE_USES = 5
KEPT = 10_000


class TicketError(Exception):
    """The ticket is unknown, used up or too old; `code` is Slack's word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Trigger:
    """The right to open one view for a person, given by something that person just did."""

    person: str
    born: float
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """The right to answer an interaction. `ts` is the message clicked on, None for a command."""

    person: str
    channel: str
    ts: str | None
    born: float
    uses: int = 0


class Tickets:
    """Both kinds, by their secret; the clock (seconds) is handed in."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseUrl] = {}

    def new_trigger(self, person: str) -> str:
        """A fresh trigger id for a person."""
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = Trigger(person, self._clock())
        while len(self._triggers) > KEPT:
            del self._triggers[next(iter(self._triggers))]
        return trigger_id

    def use_trigger(self, trigger_id: str) -> str:
        """Spend it; the person it stands for. TicketError invalid_trigger_id, exchanged_… or expired_trigger_id."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise TicketError("invalid_trigger_id")
        if trigger.used:
            raise TicketError("exchanged_trigger_id")
        if self._clock() - trigger.born > TRIGGER_LIFE:
            raise TicketError("expired_trigger_id")
        trigger.used = True
        return trigger.person

    def new_response(self, person: str, channel: str, ts: str | None) -> str:
        """A fresh response URL's secret path."""
        path = secrets.token_urlsafe(18)
        self._responses[path] = ResponseUrl(person, channel, ts, self._clock())
        while len(self._responses) > KEPT:
            del self._responses[next(iter(self._responses))]
        return path

    def use_response(self, path: str) -> ResponseUrl:
        """Count one use. TicketError used_url after five, expired_url after 30 minutes or when it never was."""
        response = self._responses.get(path)
        if response is None or self._clock() - response.born > RESPONSE_LIFE:
            raise TicketError("expired_url")
        if response.uses >= RESPONSE_USES:
            raise TicketError("used_url")
        response.uses += 1
        return response
