"""Credentials: whether a claimed name and password are somebody's, and what somebody signed in may say they are.

Unknown names, wrong passwords, revoked ones and those of people who have gone take the same way: one look at the
database, one hash, one reply.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from mailbridge.headers import Field
from mailbridge.intake import trouble
from mailbridge.intake.limits import neighbourhood
from mailbridge.intake.sasl import Claim
from mailbridge.intake.throttle import Throttle
from mailbridge.policy import replies
from mailbridge.policy.author import NoAuthor, author
from mailbridge.policy.shape import Shape, first
from store import hashing, passwords
from store.engine import Database
from store.passwords import Login
from store.terms import Address, InvalidAddress, Reply

if TYPE_CHECKING:
    from mailbridge.intake.paths import Path

_log = structlog.get_logger(__name__)
# Each hash holds 19 MiB and a core for some 25 ms. Two at a time leave the rest of the machine to the mail; who would
# wait for more than a second is told to come again.
THREADS = 2
WAITING = 32


class Credentials:
    """Asked by every session of this process."""

    def __init__(self, database: Database, throttle: Throttle | None = None) -> None:
        self._database = database
        self._throttle = throttle or Throttle()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="password")
        self._waiting = 0

    def close(self) -> None:
        """Let go of the threads; what they are at ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def check(self, claim: Claim, client: str) -> Login | Reply:
        """Who it is, or the reply that refuses them. A fault of ours is a 454 (RFC 4954 6): no client gives up a
        password for it."""
        name, network = _name(claim.name), neighbourhood(client)
        now = asyncio.get_running_loop().time()
        if not self._throttle.allows(name, network, now) or self._waiting >= WAITING:
            _log.info("signin.put_off", client=client, address=name)
            return replies.SIGN_IN_LATER
        self._waiting += 1
        try:
            login = await self._login(name, claim.password)
        except Exception as fault:  # noqa: BLE001 - a fault of ours is a 4xx, whatever it is
            _log.error("signin.failed", client=client, **trouble.told(fault))
            return replies.SIGN_IN_TROUBLE
        finally:
            self._waiting -= 1
        if login is None:
            self._throttle.failed(name, network, now)
            _log.info("signin.refused", client=client, address=name)
            return replies.SIGN_IN_REFUSED
        self._throttle.succeeded(name, network)
        _log.info("signin.accepted", client=client, address=name, password=login.password_id)
        return login

    async def standing(self, login: Login) -> bool:
        """Whether the sign-in is still good, now that there is something to take."""
        async with self._database.reading() as tx:
            return await passwords.holds(tx, login)

    async def _login(self, name: str, typed: str) -> Login | None:
        password = hashing.read(typed)
        async with self._database.reading() as tx:
            found = await passwords.candidate(tx, name, password.selector if password else "")
        password_id, kept = found or (0, hashing.NOBODYS)
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(self._threads, hashing.matches, kept, typed)
        if not right or found is None:
            return None
        async with self._database.writing() as tx:
            return await passwords.use(tx, password_id)


def may_send(login: Login, path: Path) -> Reply | None:
    """What refuses a return path: somebody signed in sends from their own address, and bounces come another way."""
    return None if path.key == login.address else replies.not_yours("The return path", login.address)


def may_write(login: Login, shape: Shape) -> Reply | None:
    """What refuses a message: its From, and its Sender if there is one, must be who has signed in.

    A Sender is who submitted it (RFC 5322 3.6.2), and that is known here: another one would be a lie of ours.
    """
    if shape.author.address.key != login.address:
        return replies.not_yours("From", login.address)
    if any(one.name == b"sender" for one in shape.fields) and _sender(shape.fields) != login.address:
        return replies.not_yours("Sender", login.address)
    return None


def _sender(found: tuple[Field, ...]) -> str:
    try:
        return author(first(found, b"sender")).address.key
    except NoAuthor:
        return ""


def _name(text: str) -> str:
    """The address somebody says is theirs, in the form addresses are compared by; "" for what is none.

    What is no address is not even logged: it may be the password, typed into the wrong field.
    """
    try:
        return Address.parse(text).key
    except InvalidAddress:
        return ""
