"""Followers: who of a channel or user group is to be a contact, how the roster differs from that, and what is too much
to be carried out unasked.

Pure: what Slack and the roster hold comes in, the time too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from store.concerns import LeftOut

SOURCE: Final = re.compile(r"[CGS][A-Z0-9]{1,30}", re.ASCII)
USER_GROUP: Final = "S"
# More than ten people, or more than a fifth of the roster, within an hour: a channel that was emptied, or joined by the
# whole company, is for people to look at. One or two never are, or every step in a group of five would ask.
MOST_UNASKED: Final = 10
NEVER_ASKED: Final = 2
SHARE: Final = 5
WINDOW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody in the source as the directory knows them; `person_id` None for who is not known at all."""

    slack_id: str
    person_id: int | None = None
    name: str = ""
    email: str | None = None
    bot: bool = False
    guest: bool = False
    stranger: bool = False
    deactivated: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact on the roster: `followed` because of the source alone; `gone` if deactivated, which is asked apart."""

    membership_id: int
    key: str
    slack_id: str | None
    followed: bool
    gone: bool = False

    @property
    def subject(self) -> str:
        """Who it is, the same whether they come or go."""
        return self.slack_id or self.key


@dataclass(frozen=True, slots=True)
class Choices:
    """Whether guests, and bots that have an address, are contacts too."""

    guests: bool = False
    bots: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Who is to come (who is in the source and no contact) and to go (a followed contact who is not, or fits no more);
    and who is left out, with why."""

    come: tuple[Seen, ...] = ()
    go: tuple[Contact, ...] = ()
    aside: Mapping[str, LeftOut] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not self.come and not self.go

    def only(self, come: Collection[str], go: Collection[int]) -> Difference:
        """What of it is among these Slack ids and membership ids."""
        return Difference(
            tuple(one for one in self.come if one.slack_id in come),
            tuple(one for one in self.go if one.membership_id in go),
            self.aside,
        )

    def without(self, come: Collection[str], go: Collection[int]) -> Difference:
        """What of it is not among these."""
        return Difference(
            tuple(one for one in self.come if one.slack_id not in come),
            tuple(one for one in self.go if one.membership_id not in go),
            self.aside,
        )


def left_out(seen: Seen, choices: Choices) -> LeftOut | None:
    """Why this person is no contact, whatever the roster says; None for one who may be. The first that holds."""
    table = (
        (seen.person_id is None, LeftOut.UNKNOWN),
        (seen.deactivated, LeftOut.GONE),
        # A stranger's address is set by their own workspace: it proves nothing, and the mail may be for colleagues.
        (seen.stranger, LeftOut.STRANGER),
        (seen.bot and not choices.bots, LeftOut.BOT),
        (seen.guest and not choices.guests, LeftOut.GUEST),
        (not seen.email, LeftOut.NO_EMAIL),
    )
    return next((reason for holds, reason in table if holds), None)


def difference(
    inside: Iterable[Seen],
    contacts: Collection[Contact],
    choices: Choices,
    *,
    kept_out: Collection[str] = (),
    ours: Collection[str] = (),
) -> Difference:
    """The source against the roster. `kept_out` are addresses that left or were taken off, `ours` addresses that no
    contact may have."""
    by_person = {one.slack_id for one in contacts if one.slack_id}
    by_key = {one.key for one in contacts}
    come: list[Seen] = []
    aside: dict[str, LeftOut] = {}
    fit: set[str] = set()
    for seen in inside:
        reason = left_out(seen, choices)
        key = seen.email or ""
        if reason is None:
            fit |= {seen.slack_id, key}
            if seen.slack_id in by_person or key in by_key:
                continue
            reason = LeftOut.LEFT if key in kept_out else LeftOut.OURS if key in ours else None
        if reason is None:
            come.append(seen)
        else:
            aside[seen.slack_id] = reason
    go = tuple(one for one in contacts if one.followed and not one.gone and not {one.slack_id, one.key} & fit)
    return Difference(tuple(come), go, aside)


def too_many(n: int, roster: int) -> bool:
    """Whether so many who come, or so many who go, are to be asked about on a roster of so many contacts."""
    return n > MOST_UNASKED or (n > NEVER_ASKED and n * SHARE > roster)


@dataclass(frozen=True, slots=True)
class Recent:
    """Who came and went unasked since `since`, when the roster had so many contacts."""

    since: datetime
    roster: int
    came: frozenset[str] = frozenset()
    went: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(),
            "roster": self.roster,
            "came": sorted(self.came),
            "went": sorted(self.went),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], now: datetime, roster: int) -> Recent:
        """From a row; a new window where there is none, or where it is over."""
        if data:
            since = datetime.fromisoformat(data["since"])
            if now - since < WINDOW:
                return cls(since, int(data["roster"]), frozenset(data["came"]), frozenset(data["went"]))
        return cls(now, roster)

    def grown(self, change: Difference) -> Recent | None:
        """With this change carried out unasked; None where it is to be asked about. Who comes back has not gone."""
        come = {one.slack_id for one in change.come}
        go = {one.subject for one in change.go}
        came, went = (self.came - go) | (come - self.went), (self.went - come) | (go - self.came)
        if too_many(len(came), self.roster) or too_many(len(went), self.roster):
            return None
        return Recent(self.since, self.roster, frozenset(came), frozenset(went))
