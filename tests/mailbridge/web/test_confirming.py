"""Confirming that one wants to join, on the page: only its button does it, once, and no other token says more."""

from __future__ import annotations

import aiohttp
import pytest
from sqlmodel import col, select

from mailbridge.tokens import Tokens
from store import joining
from store.engine import Database
from store.joining import Wish
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.request import Request
from store.terms import Address, Subscription
from tests.conftest import Clock
from tests.mailbridge.web.conftest import ONE_CLICK, TOKENS


async def wish(database: Database, subscription: Subscription = Subscription.OPEN) -> tuple[int, int]:
    """A wish to join a new group that waits to be confirmed; the ids of the group and of the request."""
    async with database.writing() as tx:
        address = f"club-{subscription}@lists.example.org"
        group = Group(
            address=address, route=address, display_name="The club", subscription=subscription, created_at=tx.now
        )
        tx.add(group)
        await tx.flush()
        assert group.id is not None
        await joining.ask(tx, group.id, Wish(Address.parse("ana@example.com")))
        request = (await tx.exec(select(Request))).one()
        assert request.id is not None
        return group.id, request.id


async def members(database: Database, group_id: int) -> list[str | None]:
    async with database.reading() as tx:
        return [row.key for row in await tx.exec(select(Membership).where(col(Membership.group_id) == group_id))]


@pytest.mark.parametrize(
    ("subscription", "says", "joined"),
    [
        (Subscription.OPEN, "You are in the group", ["ana@example.com"]),
        (Subscription.MODERATED, "The people in charge of the group decide", []),
        (Subscription.CLOSED, "The group is closed", []),
    ],
)
async def test_a_confirmation_acts_once_and_says_what_follows(
    database: Database, browser: aiohttp.ClientSession, subscription: Subscription, says: str, joined: list[str]
) -> None:
    group_id, request_id = await wish(database, subscription)
    path = f"/confirm/{TOKENS.confirm(request_id)}"
    async with browser.post(path, data={"confirm": "yes"}, allow_redirects=False) as answer:
        assert answer.status == 200
        assert says in await answer.text()
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert await members(database, group_id) == joined
    async with browser.post(path, data={"confirm": "yes"}) as answer:
        assert (answer.status, "Nothing waits for this confirmation" in await answer.text()) == (404, True)
    assert await members(database, group_id) == joined


async def test_a_look_confirms_nothing(database: Database, browser: aiohttp.ClientSession) -> None:
    group_id, request_id = await wish(database)
    path = f"/confirm/{TOKENS.confirm(request_id)}"
    async with browser.get(path) as answer:
        assert answer.status == 200
        assert "Nothing has happened yet" in await answer.text()
    async with browser.head(path) as answer:
        assert answer.status == 200
    async with browser.get(path, params={"confirm": "yes"}) as answer:
        assert answer.status == 200
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        async with browser.request(method, path, data={"confirm": "yes"}) as answer:
            assert answer.status == 405
    # What mail systems post by themselves to a List-Unsubscribe is no confirmation.
    for said in ({}, {"confirm": "no"}, ONE_CLICK):
        async with browser.post(path, data=said) as answer:
            assert answer.status == 400
            assert "<button" in await answer.text()
    async with browser.post(path, data={"confirm": "yes", "padding": "x" * 10_000}) as answer:
        assert answer.status == 413
    assert await members(database, group_id) == []
    async with browser.post(path, data={"confirm": "yes"}) as answer:
        assert answer.status == 200
    assert await members(database, group_id) == ["ana@example.com"]


async def test_confirmations_that_are_none_look_alike(
    database: Database, browser: aiohttp.ClientSession, clock: Clock
) -> None:
    _, request_id = await wish(database)
    clock.advance(3 * 24 * 3600)
    expired, unknown = TOKENS.confirm(request_id), TOKENS.confirm(request_id + 999)
    forged = Tokens([b"some other secret"]).confirm(request_id)
    for method in ("GET", "POST"):
        seen = set()
        for token in (expired, unknown, forged, TOKENS.leave(request_id), "x", "%00"):
            said = {"confirm": "yes"} if method == "POST" else None
            async with browser.request(method, f"/confirm/{token}", data=said) as answer:
                headers = tuple(sorted((k, v) for k, v in answer.headers.items() if k != "Date"))
                seen.add((answer.status, headers, await answer.text()))
        assert len(seen) == 1
