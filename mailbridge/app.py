"""The bridge's composition root: which parts a role runs, started in order, stopped in the other."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from enum import StrEnum

import structlog

from mailbridge import chores, composing, keyring
from mailbridge.deliver import route
from mailbridge.deliver.editions import Editions, Publisher
from mailbridge.deliver.pool import pools
from mailbridge.deliver.signers import Signers
from mailbridge.deliver.worker import DRAIN_SECONDS, Worker
from mailbridge.doctor import asked
from mailbridge.intake import opening
from mailbridge.intake.limits import Limits
from mailbridge.nesting import pass_on
from mailbridge.rejudge import rejudge
from mailbridge.resolver import Resolver
from mailbridge.rewrite.copy import one_click
from mailbridge.settings import BridgeSettings
from mailbridge.tokens import Tokens
from mailbridge.web import Web
from store import builtin, lanes
from store.engine import Database
from store.names import Served
from store.signal import Topic

log = structlog.get_logger()

REJUDGE_SECONDS = 60.0
RESTART_SECONDS = 1.0
END_SECONDS = DRAIN_SECONDS + 5.0


class Role(StrEnum):
    """What this process does; several processes may share the work."""

    ALL = "all"
    INTAKE = "intake"
    DELIVER = "deliver"
    WEB = "web"


class Bridge:
    """One process of the bridge. Making it raises RouteRefused and KeysRefused."""

    def __init__(self, settings: BridgeSettings, role: Role) -> None:
        self._settings = settings
        self._role = role
        self._tokens = Tokens(settings.secrets)
        # Parsed before anything is opened: a bad setting refuses the start.
        self._route = route.parse(
            settings.relay.get_secret_value(), mx_port=settings.mx_port, mx_allow=settings.mx_allow
        )
        self._served = Served(settings.domains, settings.published_domains)
        signs_for = (settings.name, *settings.domains, *settings.published_domains)
        self._keyring = keyring.read(settings.dkim_keys if self._runs(Role.DELIVER) else (), signs_for)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; then take nothing new, finish what is under way, and close.

        Raises ListenRefused, WebRefused, and what opening the database raises.
        """
        settings = self._settings
        async with AsyncExitStack() as stack:
            database = await Database.open(settings.database_url, secrets=settings.secrets)
            stack.push_async_callback(database.close)
            async with database.writing() as tx:
                await builtin.ensure(tx, self._served)
            if self._runs(Role.WEB):
                web = Web(database, self._tokens, settings.web_listen, by_domain=isinstance(self._route, route.Mx))
                await web.start()
                stack.push_async_callback(web.stop)
            if self._runs(Role.DELIVER):
                await self._deliver(database, stack)
            if self._runs(Role.INTAKE):
                listener = opening.listener(settings, database)
                await listener.start()
                stack.push_async_callback(listener.stop)
            log.info("bridge.started", role=str(self._role), host=settings.name)
            await stop.wait()
            log.info("bridge.stopping")

    def _runs(self, role: Role) -> bool:
        return self._role in (role, Role.ALL)

    async def _deliver(self, database: Database, stack: AsyncExitStack) -> None:
        settings, way = self._settings, self._route
        publisher = Publisher(
            settings.name,
            self._tokens,
            one_click(settings.public_url),
            settings.authserv_id,
            self._keyring.identities,
            frozenset((*settings.domains, *settings.published_domains)),
        )
        signers = self._signers(stack)
        ours = {settings.name, *settings.domains, *settings.published_domains}
        pool_for = pools(
            way,
            Resolver(settings.nameservers),
            helo=settings.name,
            random=secrets.SystemRandom().random,
            ours=ours,
        )
        worker = Worker(
            database,
            publisher,
            pool_for,
            lanes.Limits(way.connections, way.rate, way.daily),
            max_unsettled=settings.max_unsettled,
            by_domain=isinstance(way, route.Mx),
            signers=signers,
        )
        scheduler = chores.schedule(
            database,
            by_domain=isinstance(way, route.Mx),
            retention_days=settings.retention_days,
            hours=settings.working_hours,
            address_days=settings.address_days,
        )
        stack.callback(scheduler.shutdown, wait=False)
        judging = asyncio.create_task(_kept_up("judge", lambda: _judging(database)))
        stack.callback(judging.cancel)
        # Whoever delivers has the keys and the relay, which most of a checkup is about.
        checking = asyncio.create_task(
            _kept_up("checkups", lambda: asked.serve(database, settings, listens=self._runs(Role.INTAKE)))
        )
        stack.callback(checking.cancel)
        # What it shows of a mail hangs on the keys as well.
        house, editions = opening.house(settings, database, limits=Limits()), Editions(publisher)
        writing = asyncio.create_task(_kept_up("compositions", lambda: composing.serve(house, editions)))
        stack.callback(writing.cancel)
        delivering = asyncio.create_task(_kept_up("worker", worker.run))

        async def drain() -> None:
            worker.stop()
            await asyncio.wait({delivering}, timeout=END_SECONDS)
            if not delivering.done():
                # The database is away: what is owed to it is as after a kill, and nobody who ends us waits for ever.
                log.error("worker.unsettled")
                delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)

        stack.push_async_callback(drain)

    def _signers(self, stack: AsyncExitStack) -> Signers | None:
        """The processes that sign, where there are keys. They end after the worker, whose last copies need them."""
        for problem in self._keyring.warnings:
            log.warning("dkim.warned", problem=problem)
        if not self._keyring.pems:
            return None
        signers = Signers(self._keyring.pems)
        signers.start()
        stack.push_async_callback(signers.stop)
        return signers


async def _kept_up(name: str, job: Callable[[], Awaitable[None]]) -> None:
    """Run a loop; where a fault ends it (a database away), begin it again, so that a process never lives on half."""
    while True:
        try:
            await job()
        except asyncio.CancelledError:
            raise
        except Exception:  # the loop goes on whatever it met; what is claimed is fenced by its life
            log.exception("loop.failed", loop=name)
            await asyncio.sleep(RESTART_SECONDS)
        else:
            return


async def _judging(database: Database) -> None:
    with database.signal.ear(Topic.EXPAND) as ear:
        while True:
            await rejudge(database)
            await pass_on(database)
            waited = 0.0
            while waited < REJUDGE_SECONDS and not await ear.wait():
                waited += 1.0
