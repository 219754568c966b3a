"""The keeper: groups that keep themselves. It claims what events and settings left to be done, reads what a group
follows, and has the store carry out or ask what differs.

Two loops, so that one who comes or goes does not wait for a channel of thousands to be read. Several bots may run
them: each group is one claimant's at a time, and whatever one leaves undone another takes up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bot import source
from bot.directory import Directory
from bot.faults import SlackFault
from bot.slack import Slack
from bot.source import Unreadable
from store import comparison, following, leavers, matters
from store.comparison import Verdict
from store.concerns import MatterKind
from store.engine import Database
from store.followers import Difference
from store.following import Claim, ClaimLost
from store.locks import DatabaseBusy
from store.signal import Topic

log = structlog.get_logger()
POLL_SECONDS = 1.0
SWEEP_SECONDS = 60.0  # who is deactivated wakes us; who becomes administrator again does not
STALE = timedelta(minutes=10)  # read longer ago than this when we start, events may have been lost
ASKED_ONE_BY_ONE = 50  # people whom the directory does not know; more of them are left to its crawl


class Keeper:
    """`run` ends with its task. The first reading of sources waits for `known`: the directory has met everybody."""

    def __init__(self, database: Database, slack: Slack, directory: Directory, known: asyncio.Event) -> None:
        self._database = database
        self._slack = slack
        self._directory = directory
        self._known = known

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._loop(self.follow_movements))
            tasks.create_task(self._after_meeting())
            tasks.create_task(self._loop(self.sweep, SWEEP_SECONDS))

    async def _after_meeting(self) -> None:
        await self._known.wait()
        await self.reconcile(STALE)
        await self._loop(self.compare)

    async def _loop(self, once: Callable[[], Awaitable[bool]], poll: float = POLL_SECONDS) -> None:
        """`once` again and again while it finds something; then until somebody wakes us, or one poll."""
        ear = self._database.signal.ear(Topic.ROSTER)
        try:
            while True:
                try:
                    found = await once()
                except DatabaseBusy:
                    found = False
                except Exception:
                    # One group that cannot be kept must not keep the others from it.
                    log.exception("roster.failed")
                    found = False
                    await asyncio.sleep(POLL_SECONDS)
                if not found:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(poll):
                            await ear.event.wait()
                    ear.event.clear()
        finally:
            ear.close()

    async def reconcile(self, older_than: timedelta = timedelta(0)) -> int:
        """Have every source read that was not for so long: events may have been lost. Returns how many."""
        async with self._database.writing() as tx:
            return await following.all_again(tx, tx.now - older_than)

    async def _claimed(self, *, movements: bool) -> Claim | None:
        async with self._database.reading() as tx:
            if not await following.due(tx, movements=movements):
                return None
        async with self._database.writing() as tx:
            return await following.claim(tx, movements=movements)

    # ------------------------------------------------------------ one piece of work

    async def follow_movements(self) -> bool:
        """Carry out what moved in one group. True if there was something."""
        claim = await self._claimed(movements=True)
        if claim is None:
            return False
        with contextlib.suppress(ClaimLost):
            async with self._database.reading() as tx:
                ids, people = await comparison.moves(tx, claim)
            await self._introduce([one for one, inside in people.items() if inside])
            async with self._database.reading() as tx:
                verdict = await comparison.moved(tx, claim, people)
            await self._carry_out(claim, verdict.now, verdict)
            async with self._database.writing() as tx:
                await comparison.settle(tx, claim, verdict, people=list(people), movements=ids)
            _told(claim, verdict)
        return True

    async def compare(self) -> bool:
        """Compare one group with what it follows. True if there was something."""
        claim = await self._claimed(movements=False)
        if claim is None:
            return False
        try:
            await self._compare(claim)
        except ClaimLost:
            log.info("roster.lost", group=claim.group_id)
        except Unreadable as fault:
            log.warning("roster.unreadable", group=claim.group_id, source=claim.source, cause=fault.code)
            with contextlib.suppress(ClaimLost):
                async with self._database.writing() as tx:
                    await comparison.trouble(tx, claim, fault.code)
        except (SlackFault, DatabaseBusy) as fault:
            log.warning("roster.unread", group=claim.group_id, source=claim.source, cause=fault)
            with contextlib.suppress(ClaimLost):
                async with self._database.writing() as tx:
                    await following.release(tx, claim, done=False)
        return True

    async def _compare(self, claim: Claim) -> None:
        async def going_on() -> None:
            async with self._database.writing() as tx:
                await following.hold(tx, claim)

        seen = await source.patiently(lambda: source.look(self._slack, claim.source), going_on)
        inside = await source.people(self._slack, claim.source, going_on)
        identity = self._slack.identity
        inside = [one for one in inside if identity is None or one != identity.bot_user_id]
        await self._introduce(inside)
        async with self._database.reading() as tx:
            verdict = await comparison.whole(tx, claim, inside)
        done = await self._carry_out(claim, verdict.agreed, verdict, agreed=True)
        await self._carry_out(claim, verdict.now, verdict)
        async with self._database.writing() as tx:
            await comparison.settle(tx, claim, verdict, people=None, name=seen.name, mark=seen.mark, done=done)
        _told(claim, verdict)

    async def _carry_out(
        self, claim: Claim, change: Difference, verdict: Verdict, *, agreed: bool = False
    ) -> tuple[int, int]:
        """In short transactions; those who go first, so that one can take another's address."""
        actor = verdict.actor if agreed else following.ACTOR
        parts = [Difference(go=change.go[at : at + comparison.AT_ONCE]) for at in _starts(len(change.go))]
        parts += [Difference(change.come[at : at + comparison.AT_ONCE]) for at in _starts(len(change.come))]
        came = went = 0
        for part in parts:
            async with self._database.writing() as tx:
                more = await comparison.carry_out(tx, claim, part, actor)
            came, went = came + more[0], went + more[1]
        return came, went

    async def _introduce(self, slack_ids: list[str]) -> None:
        """Have the directory know these people: a few are asked for one by one, many by listing everybody."""
        unknown = await self._unknown(slack_ids)
        if len(unknown) > ASKED_ONE_BY_ONE:
            with contextlib.suppress(SlackFault):
                await self._directory.crawl()
            unknown = await self._unknown(slack_ids)
        for slack_id in unknown[:ASKED_ONE_BY_ONE]:
            await self._directory.acting(slack_id)

    async def _unknown(self, slack_ids: list[str]) -> list[str]:
        async with self._database.reading() as tx:
            return [one.slack_id for one in await comparison.seen(tx, slack_ids) if one.person_id is None]

    # ------------------------------------------------------------ who is gone

    async def sweep(self) -> bool:
        """Propose the removal of who is deactivated, and tell of groups nobody administers; False, as all is done."""
        async with self._database.reading() as tx:
            orphans, adopted = await leavers.orphans(tx), await leavers.adopted(tx)
            unheard = await leavers.unheard(tx)
            unasked, asked = await leavers.unasked(tx), await leavers.asked(tx)
        for group_id in orphans:
            async with self._database.writing() as tx:
                if await leavers.tell(tx, group_id) is not None:
                    log.warning("group.orphaned", group=group_id)
        for group_id in unheard:
            async with self._database.writing() as tx:
                await leavers.tell_more(tx, group_id)
        for group_id in adopted:
            async with self._database.writing() as tx:
                await matters.close(tx, group_id, [MatterKind.ORPHAN])
        for group_id in unasked:
            async with self._database.writing() as tx:
                await leavers.propose(tx, group_id)
        if asked:
            async with self._database.writing() as tx:
                await leavers.review(tx)
        return False


def _starts(n: int) -> range:
    return range(0, n, comparison.AT_ONCE)


def _told(claim: Claim, verdict: Verdict) -> None:
    asked = verdict.ask is not None
    came, went = (len(verdict.now.come) + len(verdict.agreed.come), len(verdict.now.go) + len(verdict.agreed.go))
    log.info("roster.compared", group=claim.group_id, source=claim.source, came=came, went=went, asked=asked)
