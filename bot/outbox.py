"""The outbox's loop: claim what is to be said, draw it from the state at that moment, post or redraw it, settle.

Slack may be away for as long as it likes: what is due waits in the database. A post is the one call that must not be
made twice, and Slack offers nothing to recognise a repeat by. So before one, if Slack has not answered lately, it is
asked whether it is there, and after a silence whether what posts is; and where an answer was lost all the same, our
message is looked for by its metadata, where that scope was granted, or posted once more, marked that it may repeat.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import structlog

from bot import drawing
from bot.context import Services
from bot.faults import Denied, Gone, RateLimited, SlackFault, Unreachable
from bot.views import blocks, escape, limits
from bot.views.blocks import Shown
from store import audience, conversations, outbox, persons, workers
from store.conversations import Thread
from store.engine import DATABASE_FAULTS, Writing
from store.locks import DatabaseBusy
from store.outbox import Due
from store.schema.notice import Notice
from store.signal import Ear, Topic
from store.terms import NoticeKind
from store.texts import say

log = structlog.get_logger()
AT_ONCE = 6
POLL_SECONDS = 1.0
TRUSTED_SECONDS = 20.0  # so long an answer of Slack's vouches for the next
PROBE_SECONDS = 2.0
CLOSED_SECONDS = 60.0
DRAIN_SECONDS = 5.0
SETTLED_AT_MOST = 3  # tries; each waits for the lock as long as any writer does
# What Slack says of us, not of the message: waiting for a person to mend it is all there is to do.
SHUT_OUT = frozenset({
    "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
    "team_access_not_granted",
})  # fmt: skip
CHANNELS, DIRECT = frozenset({"channels:history", "groups:history"}), frozenset({"im:history"})
# By the first letter of an id: what may let us look for our own message. People are reached by direct message.
HISTORY = {"C": CHANNELS, "G": CHANNELS, "D": DIRECT, "U": DIRECT, "W": DIRECT}


class Outbox:
    """One worker that says what the store wants said. `run` ends with its task."""

    def __init__(self, services: Services) -> None:
        self._database = services.database
        self._slack = services.slack
        self._running: set[asyncio.Task[None]] = set()
        self._answered = float("-inf")
        self._silent = False  # the last we asked of Slack was not answered
        self._not_before: dict[str, float] = {}
        self._private: dict[str, float] = {}  # when a channel was last seen to be

    async def run(self) -> None:
        """Until cancelled; what is being posted then is settled first."""
        life = await self._begin()
        heart = asyncio.create_task(self._beat(life.id))
        ear = self._database.signal.ear(Topic.NOTICE)
        try:
            while True:
                if not await self._round(life.id):
                    await _woken(ear)
                if heart.done():
                    heart.result()  # raises what stopped it
        finally:
            heart.cancel()
            ear.close()
            try:
                if self._running:
                    await asyncio.wait(self._running, timeout=DRAIN_SECONDS)
                await self._database.bulk(lambda bulk: workers.end(bulk, life.id))
            finally:
                # The lock goes whatever happens: then whoever buries next frees what this worker still held.
                life.end()

    async def _begin(self) -> workers.Life:
        begun = asyncio.ensure_future(workers.begin(self._database, "bot"))
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            (await begun).end()
            raise

    async def _beat(self, worker_id: int) -> None:
        while True:
            await asyncio.sleep(workers.HEARTBEAT_SECONDS)
            try:
                alive = await self._database.bulk(lambda bulk: workers.beat(bulk, worker_id))
            except DatabaseBusy:
                continue
            if not alive:
                raise RuntimeError("this worker was declared dead; a fresh one is needed")

    async def _round(self, worker_id: int) -> bool:
        """Claim and start what there is room for. True if there was something."""
        room = AT_ONCE - len(self._running)
        if room <= 0:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            return True
        claiming = asyncio.ensure_future(self._claimed(worker_id, room))
        try:
            found = await asyncio.shield(claiming)
            there = not found or await self._there()
            for due in found if not there else ():
                await self._postpone(due, worker_id, PROBE_SECONDS)
        except asyncio.CancelledError:
            # What was not begun is no lost answer: whoever comes next says it, without "may repeat".
            for due in await claiming:
                await self._postpone(due, worker_id, 0)
            raise
        if not there:
            await asyncio.sleep(PROBE_SECONDS)
            return True
        for due in found:
            task = asyncio.create_task(self._say(due, worker_id))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return bool(found)

    async def _claimed(self, worker_id: int, room: int) -> list[Due]:
        try:
            async with self._database.writing() as tx:
                return await outbox.claim(tx, worker_id, room)
        except DatabaseBusy:
            return []

    async def _there(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._answered < TRUSTED_SECONDS:
            return True
        if self._slack.identity is None or not await self._slack.reachable():
            return False
        # What posts can be away alone; each notice tried in vain would be one that may stand there already.
        if self._silent and not await self._slack.takes_posts():
            return False
        self._answered = now
        return True

    # ------------------------------------------------------------ one placement

    async def _say(self, due: Due, worker_id: int) -> None:
        placement = due.placement
        assert placement.id is not None
        loop = asyncio.get_running_loop()
        wait = self._not_before.get(placement.channel or placement.target, 0.0) - loop.time()
        try:
            if wait > 0:
                await self._postpone(due, worker_id, wait)
                return
            self._not_before.pop(placement.channel or placement.target, None)
            thread = await self._thread(due)
            if thread.waits:  # for the message in whose thread it belongs
                await self._postpone(due, worker_id, POLL_SECONDS)
                return
            going_on = await self._goes_on(due)  # before it is drawn: what ends meanwhile is drawn once more
            channel, ts = await self._shown(due, thread.ts)
            self._answered, self._silent = loop.time(), False
            await self._settled(due, worker_id, channel, ts, going_on=going_on)
        except RateLimited as limit:
            self._not_before[placement.channel or placement.target] = loop.time() + limit.seconds
            await self._postpone(due, worker_id, limit.seconds)
        except Unreachable as fault:
            self._answered, self._silent = float("-inf"), True
            log.warning("notice.unsaid", key=due.notice.key, cause=fault)
            await self._lost(due, worker_id, uncertain=fault.uncertain and placement.ts is None)
        except (Gone, Denied) as fault:
            await self._refused(due, worker_id, fault)
        except (DatabaseBusy, *DATABASE_FAULTS):
            # Our claim stays until this worker ends; then it is as an answer that was lost.
            log.exception("notice.unsettled", key=due.notice.key)
        except Exception as error:
            # One notice that cannot be drawn must not keep the others from being said.
            log.exception("notice.failed", key=due.notice.key)
            await self._died(due, worker_id, f"{type(error).__name__}: {error}")

    async def _settled(self, due: Due, worker_id: int, channel: str, ts: str, *, going_on: bool) -> None:
        """Write down where it stands, more than once if need be: what Slack has taken is lost without. DatabaseBusy."""
        assert due.placement.id is not None
        for attempt in range(1, SETTLED_AT_MOST + 1):
            try:
                async with self._database.writing() as tx:
                    if going_on:  # first: whoever touches a notice locks it before its placements
                        await outbox.touch(tx, due.notice.kind, due.notice.subject_id)
                    await outbox.placed(tx, due.placement.id, worker_id, channel, ts, due.version)
            except DatabaseBusy:
                if attempt == SETTLED_AT_MOST:
                    raise
            else:
                return

    async def _goes_on(self, due: Due) -> bool:
        watched = drawing.GOES_ON.get(due.notice.kind)
        if watched is None:
            return False
        async with self._database.reading() as tx:
            return await watched(tx, due.notice)

    async def _thread(self, due: Due) -> Thread:
        if due.placement.ts or due.notice.kind is not NoticeKind.REPORT:
            return Thread()
        async with self._database.reading() as tx:
            return await conversations.thread(tx, due.notice.subject_id, due.placement.target)

    async def _shown(self, due: Due, answered: str) -> tuple[str, str]:
        """Post or redraw; gives where it stands, ("", "") if there is nothing to say. Raises SlackFault."""
        placement, notice = due.placement, due.notice
        assert placement.id is not None
        async with self._database.reading() as tx:
            shown = await drawing.draw(tx, notice, placement.target)
            language = await drawing.language_of(tx, notice, placement.target)
            unplaced = await drawing.unplaced(tx, notice, placement.target)
            private = await drawing.wants_private(tx, notice)
            thread = answered or await drawing.under(tx, notice, placement.target)
        if placement.channel and placement.ts:
            # A report that grows is redrawn every few seconds.
            if private and not self._lately_private(placement.channel) and await self._public(placement.channel):
                gone = say(language, "slack.outbox.withdrawn")
                await self._redraw(placement.channel, placement.ts, blocks.shown(gone, [blocks.section(gone)]))
                raise Gone("channel_is_public")
            if shown is not None:
                await self._redraw(placement.channel, placement.ts, shown)
            return placement.channel, placement.ts
        if shown is None:
            return "", ""
        channel = placement.channel or placement.target
        if channel.startswith(("U", "W")):
            channel = await self._slack.open_dm(channel)
        elif private and await self._public(channel):
            raise Gone("channel_is_public")
        if placement.uncertain:
            looked, ts = await self._found(channel, placement.id, notice.created_at.timestamp() - 60, thread)
            if ts is not None:
                await self._redraw(channel, ts, shown)
                return channel, ts
            if not looked:
                shown = _noted(shown, say(language, "slack.outbox.may_repeat"))
            if not await self._slack.takes_posts():  # the one try that is left is not for a moment of silence
                raise Unreachable("what posts does not answer", uncertain=False)
        if unplaced is not None:
            group, where = unplaced
            values: dict[str, Any] = {"group": group, "channel": escape.channel(where)}
            shown = _noted(shown, say(language, "slack.outbox.unplaced", via=escape.mrkdwn, **values))
        # An answer to what somebody deleted is taken, and seen by nobody: it stands for itself then.
        if thread and not await self._slack.stands(channel, thread):
            thread = None
        return await self._slack.post(channel, shown, placement=placement.id, thread=thread)

    async def _public(self, channel_id: str) -> bool:
        """Whether a channel that was private when it was chosen is open now, to everybody or to another organisation.
        Raises SlackFault."""
        public = not (await self._slack.channel(channel_id)).confidential
        self._private[channel_id] = float("-inf") if public else asyncio.get_running_loop().time()
        return public

    def _lately_private(self, channel_id: str) -> bool:
        return asyncio.get_running_loop().time() - self._private.get(channel_id, float("-inf")) < TRUSTED_SECONDS

    async def _redraw(self, channel: str, ts: str, shown: Shown) -> None:
        try:
            await self._slack.update(channel, ts, shown)
        except Gone as gone:
            if gone.error != "message_not_found":
                raise
            # Somebody deleted our message: that is their word on it.
            log.info("message.deleted", channel=channel, ts=ts)

    async def _found(
        self, channel: str, placement_id: int, oldest: float, thread: str | None
    ) -> tuple[bool, str | None]:
        """Whether it could be looked for, and the ts of what was found."""
        if not self._may_look(channel):
            return False, None
        try:
            return True, await self._slack.find_placement(channel, placement_id, oldest, thread=thread)
        except Denied:  # a private channel's id looks like a public one's; its scope may be the one not granted
            return False, None

    def _may_look(self, target: str) -> bool:
        identity = self._slack.identity
        return identity is not None and bool(HISTORY.get(target[:1], frozenset()) & identity.scopes)

    # ------------------------------------------------------------ what else becomes of it

    async def _postpone(self, due: Due, worker_id: int, seconds: float, *, uncertain: bool = False) -> None:
        assert due.placement.id is not None
        async with self._database.writing() as tx:
            await outbox.postpone(tx, due.placement.id, worker_id, seconds, uncertain=uncertain)

    async def _lost(self, due: Due, worker_id: int, *, uncertain: bool) -> None:
        if uncertain and due.placement.uncertain and not self._may_look(due.placement.target):
            # It may stand there twice already; a third one would be ours to answer for.
            await self._died(due, worker_id, "two answers of Slack's were lost")
            return
        await self._postpone(due, worker_id, PROBE_SECONDS, uncertain=uncertain or due.placement.uncertain)

    async def _refused(self, due: Due, worker_id: int, fault: SlackFault) -> None:
        word = getattr(fault, "error", "")
        if isinstance(fault, Denied) and word in SHUT_OUT:
            log.error("slack.shut_out", cause=fault, retry_in=CLOSED_SECONDS)
            await self._postpone(due, worker_id, CLOSED_SECONDS, uncertain=due.placement.uncertain)
            return
        log.warning("notice.refused", key=due.notice.key, target=due.placement.target, cause=fault)
        await self._died(due, worker_id, str(fault))

    async def _died(self, due: Due, worker_id: int, error: str) -> None:
        """Slack will not have it there. What a channel will not take goes to the people who can mend that, by DM."""
        placement, notice = due.placement, due.notice
        assert placement.id is not None
        async with self._database.writing() as tx:
            await outbox.died(tx, placement.id, worker_id, error[:200])
            if not placement.target.startswith(("U", "W")):
                targets = await self._instead(tx, notice)
                await outbox.announce(tx, notice.kind, notice.subject_id, targets, group_id=notice.group_id)

    async def _instead(self, tx: Writing, notice: Notice) -> list[str]:
        if notice.group_id is None:
            return [person.slack_id for person in await persons.operators(tx)]
        # A report waits for nobody; a card does, and moderators need not wait until somebody mends the channel.
        watching = drawing.CHANNEL_OF.get(notice.kind) != "moderation_channel" or notice.kind in drawing.STEWARDS
        people = await audience.deciders(tx, notice.group_id, administrators_only=watching)
        return [person.slack_id for person in people or await persons.operators(tx)]


async def _woken(ear: Ear) -> None:
    """Until somebody says that there is something to say, or one poll."""
    # Not `wait_for`, which before Python 3.12 loses a cancellation that comes together with the wake.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(POLL_SECONDS):
            await ear.event.wait()
    ear.event.clear()


def _noted(shown: Shown, note: str) -> Shown:
    room = limits.BLOCKS[limits.Surface.MESSAGE] - 1
    return replace(shown, blocks=[*shown.blocks[:room], blocks.context(note)])
