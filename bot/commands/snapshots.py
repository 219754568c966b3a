"""Everybody in a channel or a user group at this moment, and who of them can be a contact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.commands.named import Place
from bot.context import Context
from bot.faults import Denied, Gone
from store import persons
from store.schema.person import Person
from store.terms import Address, Refused

MOST = 20_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`fit` can be contacts; `unfit` cannot, by why: `no_email`, `guests`, `strangers`, `gone_from_slack`."""

    source: str
    fit: Sequence[Person]
    unfit: dict[str, list[Person]]

    @property
    def contacts(self) -> list[tuple[Address, str]]:
        return [(Address.parse(person.email), person.name) for person in self.fit if person.email]


async def taken(context: Context, channels: Iterable[Place], teams: Iterable[Place]) -> Snapshot:
    """Who is in all of these, each once; the bots among them are left out without a word.

    Raises Refused: `place_unseen`, `place_unseen_there`, `user_group_unreadable`, `place_too_large`; SlackFault.
    """
    ids: dict[str, None] = {}
    names = []
    for channel in channels:
        ids |= dict.fromkeys(await _in_channel(context, channel))
        names.append(f"#{channel.label}" if channel.label else channel.id)
    for team in teams:
        ids |= dict.fromkeys(await _in_team(context, team))
        names.append(f"@{team.label.removeprefix('@')}" if team.label else team.id)
    found = await _people(context, list(ids))
    fit: list[Person] = []
    unfit: dict[str, list[Person]] = {}
    for person in found:
        why = _why_not(person)
        if why is None:
            fit.append(person)
        elif why:
            unfit.setdefault(why, []).append(person)
    return Snapshot(", ".join(names)[:200], fit, unfit)


def _why_not(person: Person) -> str | None:
    """Why someone is no contact by being there; "" for who is not told of, None for who can be."""
    if person.bot:
        return ""
    for why, holds in (
        ("gone_from_slack", person.deactivated),
        ("strangers", person.stranger),
        ("guests", person.guest),  # named one by one they can be
        ("no_email", not person.email),
    ):
        if holds:
            return why
    return None


async def _in_channel(context: Context, channel: Place) -> list[str]:
    try:
        seen = await context.slack.channel(channel.id)
        found: list[str] = []
        cursor = ""
        while True:
            ids, cursor = await context.slack.members(channel.id, cursor)
            found += ids
            if len(found) > MOST:
                raise Refused("place_too_large", limit=f"{MOST:,}")
            if not cursor:
                break
    except (Gone, Denied) as refusal:
        raise _unseen(channel) from refusal
    if seen.private and context.person.slack_id not in found:
        # Who is not in a private channel must not learn through us who is.
        raise _unseen(channel)
    return found


def _unseen(channel: Place) -> Refused:
    """Slack writes a private channel without its name: its id would tell nobody which it is."""
    return Refused("place_unseen", channel=channel.label) if channel.label else Refused("place_unseen_there")


async def _in_team(context: Context, team: Place) -> list[str]:
    try:
        return await context.slack.in_user_group(team.id)
    except (Gone, Denied) as refusal:  # a free plan has no user groups, and the scope is optional
        raise Refused("user_group_unreadable", name=team.label or team.id) from refusal


async def _people(context: Context, ids: Sequence[str]) -> list[Person]:
    """As the directory knows them, which is asked as a whole rather than person by person where it lacks some."""
    async with context.database.reading() as tx:
        found = await persons.by_slack_ids(tx, ids)
    if len(found) < len(set(ids)):
        await context.services.directory.crawl()
        async with context.database.reading() as tx:
            found = await persons.by_slack_ids(tx, ids)
    return found
