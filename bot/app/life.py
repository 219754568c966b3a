"""The bot's life: open, connect, run until told to stop, drain, close. Mail flows whatever happens here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.app.endpoint import Endpoint
from bot.app.line import SocketLine
from bot.app.listeners import build
from bot.app.tables import TABLES
from bot.context import Services
from bot.directory import Directory
from bot.faults import Denied, RateLimited, SlackFault, Unreachable
from bot.guarded import Guard
from bot.keeper import Keeper
from bot.outbox import Outbox
from bot.settings import BotSettings
from bot.slack import Slack
from bot.watchdog import LineLost, Watchdog
from store import chores, undo
from store.engine import Database
from store.locks import DatabaseBusy

log = structlog.get_logger()
DRAIN_SECONDS = 8.0
LAPSE_SECONDS = 15
NIGHTLY = timedelta(hours=20)
Job = Callable[[], Coroutine[Any, Any, None]]


async def run(settings: BotSettings, stop: asyncio.Event, *, listen: tuple[str, int] | None = None) -> int:
    """Run until `stop`. `listen` is where HTTP mode listens; without it Socket Mode is used.

    Gives the exit code: 0 after a clean stop, 1 when the supervisor should start the process afresh. Raises what
    opening the database or the port raises.
    """
    async with AsyncExitStack() as stack:
        database = await Database.open(settings.database_url, secrets=settings.secrets)
        stack.push_async_callback(database.close)
        slack = Slack.connect(token=settings.bot_token.get_secret_value(), api_url=settings.api_url)
        stack.push_async_callback(slack.close)
        return await _live(settings, database, slack, stop, listen)


async def _live(
    settings: BotSettings, database: Database, slack: Slack, stop: asyncio.Event, listen: tuple[str, int] | None
) -> int:
    directory = Directory(database, slack, settings.operators)
    services = Services(database, settings, slack, directory)
    guard = Guard(services)
    app = build(services, guard, TABLES)
    outbox = Outbox(services)
    scheduler = AsyncIOScheduler(timezone="UTC")
    known = asyncio.Event()
    keeper = Keeper(database, slack, directory, known)
    jobs: list[Job] = [outbox.run, lambda: _met(slack, directory, known), keeper.run]
    endpoint: Endpoint | None = None
    if listen is not None:
        endpoint = Endpoint(app, *listen)
        await endpoint.start()
    else:
        assert settings.app_token is not None  # `for_mode` saw to it
        token = settings.app_token.get_secret_value()
        jobs.append(Watchdog(lambda: SocketLine(app, token), slack.reachable).run)

    async def nightly() -> None:
        async with database.writing() as tx:
            mine = await chores.claim(tx, "bot.directory", NIGHTLY)
        if mine:
            await _crawled(directory)
            await keeper.reconcile()

    scheduler.add_job(nightly, "cron", hour=3, minute=17, jitter=600, coalesce=True, misfire_grace_time=3600)

    async def lapse() -> None:
        await _lapsed(database)

    scheduler.add_job(lapse, "interval", seconds=LAPSE_SECONDS, max_instances=1, coalesce=True)
    scheduler.start()
    code = await _until(stop, jobs)
    scheduler.shutdown(wait=False)
    if endpoint is not None:
        await endpoint.close()
    await guard.drain(DRAIN_SECONDS)
    return code


async def _lapsed(database: Database) -> None:
    """Draw anew the cards whose Undo or claim is over; by the rows, so two bots draw no card twice."""
    try:
        async with database.reading() as tx:
            over = await undo.lapsed(tx)
        if over:
            async with database.writing() as tx:
                await undo.lapse(tx)
    except DatabaseBusy:
        log.warning("cards.unlapsed")  # the next round comes soon


async def _until(stop: asyncio.Event, jobs: list[Job]) -> int:
    """Run the jobs until `stop`, or until one fails: then the process ends, since half a bot is a silent one."""
    tasks = [asyncio.create_task(job()) for job in jobs]
    stopped = asyncio.create_task(stop.wait())
    code = 0
    pending: set[asyncio.Task[Any]] = {stopped, *tasks}
    while not stopped.done() and code == 0:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            error = task.exception()
            if error is not None:
                said = None if isinstance(error, LineLost | Denied) else error
                log.critical("bot.failed cause=%s", error, exc_info=said)
                code = 1
    while pending:
        for task in pending:
            task.cancel()
        # Again after a while: a task may be settling what it began, and a library may have lost the cancellation.
        done, pending = await asyncio.wait(pending, timeout=DRAIN_SECONDS)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("bot.unclean", cause=error, exc_info=error)
    return code


async def _met(slack: Slack, directory: Directory, known: asyncio.Event) -> None:
    """Learn who we are and who the people are, then say `known`. Raises Denied where the token is refused."""
    wait = 1.0
    while True:
        try:
            identity = await slack.authenticate()
            break
        except (Unreachable, RateLimited) as fault:
            log.warning("slack.unreachable", retry_in=wait, cause=fault)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 60.0)
    log.info("slack.authenticated", team=identity.team_id, bot=identity.bot_user_id)
    wait = 1.0
    while not await _crawled(directory):
        await asyncio.sleep(wait)
        wait = min(wait * 2, 60.0)
    known.set()


async def _crawled(directory: Directory) -> bool:
    try:
        await directory.crawl()
    except (SlackFault, DatabaseBusy) as fault:
        log.warning("directory.uncrawled", cause=fault)
        return isinstance(fault, Denied)  # asking again would be refused again
    return True
