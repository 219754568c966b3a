"""A round: ask Slack for everything the bot rests on, and say what stands in its way.

Nothing is posted, and no socket is opened while a bot runs: Slack gives each command to one of the open sockets, and
ours would swallow it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp

from bot.doctor import scopes
from bot.faults import Denied, Gone, RateLimited, SlackFault, Unreachable
from bot.settings import BotSettings
from bot.slack import Channel, Slack
from store import audience, hearing, persons, vitals
from store.engine import Database
from store.findings import Finding

CLOCK_MAY_DIFFER = timedelta(seconds=60)  # Slack refuses signatures older than five minutes
HELLO_SECONDS = 10.0
SOCKETS_ALLOWED = 10
RATE_LIMITS_WAITED = 5


class Round:
    """One look. `go` yields the findings in the order in which they are had."""

    def __init__(self, settings: BotSettings, slack: Slack, database: Database, *, http: bool) -> None:
        self._settings = settings
        self._slack = slack
        self._database = database
        self._http = http

    async def go(self) -> AsyncIterator[Finding]:
        """Everything; where Slack does not let us in, what rests on that is not asked."""
        try:
            identity = await self._slack.authenticate()
        except SlackFault as fault:
            yield _no_entry(fault)
            return
        yield Finding("token_ok", identity.team_id, {"bot": identity.bot_user_id})
        if identity.at is not None and abs(identity.at - self._database.clock()) > CLOCK_MAY_DIFFER:
            seconds = round((self._database.clock() - identity.at).total_seconds())
            yield Finding("slack_clock", "Slack", {"seconds": str(seconds)})
        yield await self._socket()
        for finding in scopes.judged(identity.scopes):
            yield finding
        yield await self._command()
        for finding in await self._channels():
            yield finding
        for finding in await self._people():
            yield finding

    # ------------------------------------------------------------ the way in

    async def _socket(self) -> Finding:
        if self._http:
            return Finding("http_mode", "SLACK_SIGNING_SECRET")
        token = self._settings.app_token
        assert token is not None  # `for_mode` saw to it
        try:
            address = await self._slack.socket_address(token.get_secret_value())
        except Denied as refusal:
            name = "socket_scope" if refusal.error == "missing_scope" else "socket_refused"
            return Finding(name, "SLACK_APP_TOKEN", {"error": refusal.error})
        except SlackFault as fault:
            return Finding("socket_silent", "Slack", {"error": str(fault)})
        async with self._database.reading() as tx:
            running = await vitals.living(tx, "bot")
        if running:
            return Finding("socket_in_use", "Slack", {"n": str(running)})
        try:
            async with _hello(address) as connections:
                if connections >= SOCKETS_ALLOWED:
                    return Finding("socket_many", "Slack", {"n": str(connections)})
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            return Finding("socket_silent", "Slack", {"error": f"{type(fault).__name__}: {fault}"[:200]})
        return Finding("socket_ok", "Slack")

    async def _command(self) -> Finding:
        async with self._database.reading() as tx:
            last = await hearing.last(tx)
        command = self._settings.command
        if last is None:
            return Finding("command_unheard", command)
        return Finding("command_heard", command, {"at": f"{last:%Y-%m-%d %H:%M} UTC"})

    # ------------------------------------------------------------ the places

    async def _channels(self) -> list[Finding]:
        async with self._database.reading() as tx:
            every = await audience.places(tx)
        found: list[Finding] = []
        seen: dict[str, Channel | str] = {}
        for group in every:
            for place, private in ((group.report_channel, group.hidden), (group.moderation_channel, True)):
                if place is None:
                    continue
                if place not in seen:
                    seen[place] = await self._channel(place)
                found += _judged(seen[place], place, group.address, private=private)
        if seen and not found:
            found.append(Finding("channels_ok", "Slack", {"n": str(len(seen))}))
        return found

    async def _channel(self, place: str) -> Channel | str:
        for _ in range(RATE_LIMITS_WAITED):
            try:
                return await self._slack.channel(place)
            except RateLimited as limit:
                await asyncio.sleep(limit.seconds)
            except (Gone, Denied) as fault:
                return fault.error
            except SlackFault as fault:
                return str(fault)
        return "ratelimited"

    async def _people(self) -> list[Finding]:
        async with self._database.reading() as tx:
            people, addressed = await persons.counted(tx)
            operators = len(await persons.operators(tx))
        if not people:
            return [Finding("people_none", "Slack")]
        found = []
        if not addressed:
            found.append(Finding("people_without_email", "Slack", {"n": str(people)}))
        if not operators:
            found.append(Finding("operators_none", "POSTROOM_OPERATORS"))
        counts = {"people": str(people), "addressed": str(addressed), "operators": str(operators)}
        return found or [Finding("people_ok", "Slack", counts)]


def _no_entry(fault: SlackFault) -> Finding:
    if isinstance(fault, Unreachable | RateLimited):
        return Finding("slack_away", "SLACK_API_URL", {"error": str(fault)})
    return Finding("token_refused", "SLACK_BOT_TOKEN", {"error": getattr(fault, "error", str(fault))})


def _judged(channel: Channel | str, place: str, group: str, *, private: bool) -> list[Finding]:
    if isinstance(channel, str):
        return [Finding("channel_unseen", group, {"channel": place, "error": channel})]
    named = {"channel": f"#{channel.name}" if channel.name else place}
    faults = {
        "channel_archived": channel.archived,
        "channel_outside": not channel.member and not channel.archived,
        "channel_public": private and not channel.private,
        "channel_shared": private and channel.private and channel.shared,
    }
    return [Finding(name, group, named) for name, holds in faults.items() if holds]


@asynccontextmanager
async def _hello(address: str) -> AsyncIterator[int]:
    """How many sockets of the app are open, of the hello that Slack says first; ours included, and closed after."""
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        said = await asyncio.wait_for(socket.receive_json(), HELLO_SECONDS)
        if said.get("type") != "hello":
            raise ValueError(f"Slack said {said.get('type')!r} where a hello was due")
        yield int(said.get("num_connections") or 1)
