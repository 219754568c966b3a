"""The web listener over real sockets: one click leaves, a look does not, and nobody learns who is a member."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import aiohttp
import pytest
from sqlmodel import col, select

from mailbridge.doors import Door
from mailbridge.tokens import Tokens
from mailbridge.web import VERSION, Web, WebRefused
from store.engine import Database
from store.schema.audit import Audit
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Language, Leave, Receiving
from tests.mailbridge.web.conftest import ONE_CLICK, TOKENS


async def contact(database: Database, leave: Leave = Leave.OPEN, key: str = "ana@example.com") -> int:
    """A contact of a new group; gives the membership's id."""
    async with database.writing() as tx:
        address = f"team-{leave}-{key.partition('@')[0]}@lists.example.org"
        group = Group(address=address, route=address, display_name="The team", leave=leave, created_at=tx.now)
        tx.add(group)
        await tx.flush()
        assert group.id is not None
        row = Membership(
            group_id=group.id, address=key, key=key, domain="example.com", contact=True, created_at=tx.now
        )  # fmt: skip
        tx.add(row)
        await tx.flush()
        assert row.id is not None
        return row.id


async def receiving(database: Database, membership_id: int) -> Receiving | None:
    async with database.reading() as tx:
        row = await tx.get(Membership, membership_id)
        return row.receiving if row else None


async def test_one_click_leaves_at_once(database: Database, browser: aiohttp.ClientSession) -> None:
    ana = await contact(database)
    bo = await contact(database, key="bo@example.com")
    async with browser.post(f"/leave/{TOKENS.leave(ana)}", data=ONE_CLICK, allow_redirects=False) as answer:
        assert answer.status == 200
        assert "no more messages" in await answer.text()
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert await receiving(database, ana) is None
    assert await receiving(database, bo) is Receiving.ON


async def test_where_leaving_is_closed_delivery_stops_all_the_same(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    ana = await contact(database, Leave.CLOSED)
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("List-Unsubscribe", "One-Click")
    async with browser.post(f"/leave/{TOKENS.leave(ana).upper()}", data=form) as answer:
        assert answer.status == 200
    assert await receiving(database, ana) is Receiving.STOPPED


async def test_a_second_click_says_the_same_and_does_nothing(
    database: Database, browser: aiohttp.ClientSession
) -> None:
    ana = await contact(database, Leave.CLOSED)
    pages = []
    for _ in range(3):
        async with browser.post(f"/leave/{TOKENS.leave(ana)}", data=ONE_CLICK) as answer:
            pages.append((answer.status, await answer.text()))
    assert len(set(pages)) == 1
    async with database.reading() as tx:
        verbs = (await tx.exec(select(Audit.verb).where(col(Audit.verb).like("membership.%")))).all()
    assert verbs == ["membership.stopped"]


async def test_a_look_changes_nothing(database: Database, browser: aiohttp.ClientSession) -> None:
    ana = await contact(database)
    path = f"/leave/{TOKENS.leave(ana)}"
    async with browser.get(path) as answer:
        assert answer.status == 200
        assert "Nothing has happened yet" in await answer.text()
    async with browser.head(path) as answer:
        assert answer.status == 200
    async with browser.get(path, params=ONE_CLICK) as answer:
        assert answer.status == 200
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        async with browser.request(method, path, data=ONE_CLICK) as answer:
            assert answer.status == 405
    async with browser.post(path, data={"List-Unsubscribe": "Maybe"}) as answer:
        assert answer.status == 400
        assert "<button" in await answer.text()
    async with browser.post(path, data={**ONE_CLICK, "padding": "x" * 10_000}) as answer:
        assert answer.status == 413
    async with browser.post(path + "/", data=ONE_CLICK, allow_redirects=False) as answer:
        assert answer.status == 404
    assert await receiving(database, ana) is Receiving.ON


async def test_a_real_token_looks_like_any_other(database: Database, browser: aiohttp.ClientSession) -> None:
    ana = await contact(database)
    gone, stranger = TOKENS.leave(ana + 999), Tokens([b"some other secret"]).leave(ana)
    for method in ("GET", "POST"):
        seen = set()
        for token in (gone, stranger, TOKENS.bounce(ana), "x", "%00", TOKENS.leave(ana)):
            async with browser.request(
                method, f"/leave/{token}", data=ONE_CLICK if method == "POST" else None
            ) as answer:
                headers = tuple(sorted((k, v) for k, v in answer.headers.items() if k != "Date"))
                seen.add((answer.status, headers, await answer.text()))
        assert len(seen) == 1
    assert await receiving(database, ana) is None


async def test_health_and_metrics(database: Database, browser: aiohttp.ClientSession) -> None:
    await contact(database)
    async with browser.get("/health") as answer:
        assert answer.status == 200
        assert await answer.json() == {
            "database": "reachable", "version": VERSION, "lanes": 0, "lanes_waiting": 0, "posts_held": 0,
            "posts_open": 0, "workers": 0,
        }  # fmt: skip
    async with browser.get("/metrics") as answer:
        text = await answer.text()
        assert answer.status == 200
        assert "\npostroom_up 1.0\n" in text
        assert "\npostroom_posts_held 0.0\n" in text
        assert "python_info" in text
        assert "ana" not in text


async def test_a_lost_database_is_said(database: Database, browser: aiohttp.ClientSession) -> None:
    ana = await contact(database)
    await database.engine.dispose()
    real, database.engine = database.engine, _Gone()  # type: ignore[assignment]  # every use of it fails
    try:
        async with browser.get("/health") as answer:
            assert (answer.status, await answer.json()) == (503, {"database": "unreachable", "version": VERSION})
        async with browser.get("/metrics") as answer:
            assert "\npostroom_up 0.0\n" in await answer.text()
        async with browser.post(f"/leave/{TOKENS.leave(ana)}", data=ONE_CLICK) as answer:
            assert answer.status >= 500
            text = await answer.text()
            assert "Please try again" in text
            assert "secret cause" not in text
    finally:
        database.engine = real
    assert await receiving(database, ana) is Receiving.ON


class _Gone:
    def __getattr__(self, name: str) -> object:
        raise OSError("the secret cause")


async def test_who_never_ends_a_request_keeps_nobody_out(database: Database) -> None:
    listener = Web(database, TOKENS, [Door("127.0.0.1", 0)], connection_seconds=0.5)
    await listener.start()
    held = []
    for begun in [
        b"",
        b"POST /leave/x HTTP/1.1\r\nHost: x",
        b"POST /leave/x HTTP/1.1\r\nContent-Length: 9\r\n\r\nL",
    ] * 100:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.ports[0])
        writer.write(begun)
        held.append((reader, writer))
    async with asyncio.timeout(30):
        for reader, writer in held:
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{listener.ports[0]}/health") as found:
        assert found.status == 200
    await listener.stop()


async def test_no_page_elsewhere(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/") as answer:
        assert answer.status == 404
        assert "There is no page here" in await answer.text()


async def test_a_taken_door_is_said_in_one_line(database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Door("127.0.0.1", other.getsockname()[1])
        free = Door("127.0.0.1", 0)
        with pytest.raises(WebRefused, match=rf"^POSTROOM_WEB_LISTEN: {taken} cannot be listened on: .+$"):
            await Web(database, TOKENS, [free, taken]).start()


async def test_unix_doors_and_the_end(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    listener = Web(database, TOKENS, [Door(path=str(path)), Door("::1", 0)])
    await listener.start()
    for connector in (aiohttp.UnixConnector(str(path)), aiohttp.TCPConnector()):
        address = f"http://[::1]:{listener.ports[0]}/health"
        async with aiohttp.ClientSession(connector=connector) as session, session.get(address) as answer:
            assert answer.status == 200
    await listener.stop()
    assert not path.exists()
    with pytest.raises(OSError):  # noqa: PT011 - whichever way it is refused
        await asyncio.open_connection("::1", listener.ports[0])
    await listener.stop()


@pytest.mark.parametrize(("accepted", "spoken"), [("de", "fr"), ("en", "en"), ("fr-CA", "fr")])
async def test_a_page_is_in_the_language_asked_for_else_the_groups(
    database: Database, browser: aiohttp.ClientSession, accepted: str, spoken: str
) -> None:
    ana = await contact(database)
    async with database.writing() as tx:
        (await tx.exec(select(Group))).one().language = Language.FR
    headers = {"Accept-Language": accepted}
    async with browser.get(f"/leave/{TOKENS.leave(ana)}", headers=headers) as answer:
        assert answer.headers["Content-Language"] == spoken
        assert f'<html lang="{spoken}">' in await answer.text()
    async with browser.get(f"/leave/{'a' * 30}", headers=headers) as forged:
        assert forged.headers["Content-Language"] == ("fr" if accepted == "fr-CA" else "en")
