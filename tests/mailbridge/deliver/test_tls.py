"""TLS and authentication: what the setting asks for is kept, and nothing said in clear counts under TLS."""

from __future__ import annotations

import asyncio
import base64
import ssl
import warnings

import pytest

from mailbridge.deliver.client import Connection, Hop, Unopened
from mailbridge.deliver.hop import Security
from mailbridge.deliver.timeouts import Timeouts
from store.terms import DeliveryState, Fault, Stage
from tests.mailbridge.deliver.conftest import HopMaker
from tests.mailbridge.deliver.scripted import (
    HANG,
    Saying,
    ScriptedHop,
    Tray,
    envelope,
    personal,
    server_context,
    trusting,
)

EHLO: Saying = "250-hop\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN"
EHLO_TLS: Saying = "250-hop\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN"
Says = dict[str, Saying | list[Saying]]


def to(server: ScriptedHop, security: Security, host: str = "localhost", password: str = "") -> Hop:
    return Hop(host, server.port, security, "news" if password else "", password)


async def secure(hop: HopMaker, says: Says | None = None) -> ScriptedHop:
    server = await hop({"EHLO": [EHLO, EHLO_TLS], **(says or {})})
    server.tls = server_context()
    return server


async def carried(server: ScriptedHop, connection: Connection, tray: Tray) -> None:
    await tray.wait()
    await connection.drain()
    assert {outcome.state for outcome in tray.outcomes.values()} == {DeliveryState.RELAYED}
    assert len(server.mails) == len(tray.returned) > 0


@pytest.mark.parametrize("security", ["opportunistic", "required"])
async def test_starttls(hop: HopMaker, security: Security) -> None:
    server = await secure(hop)
    tray = Tray([*personal(3), envelope("long@example.org", body=(b"y" * 998 + b"\r\n") * 3000)])
    connection = await Connection.open(
        to(server, security), tray, context=trusting() if security == "required" else None
    )
    await carried(server, connection, tray)
    assert server.sessions[0].secure
    assert [c.split()[0] for c in server.sessions[0].commands][:4] == ["EHLO", "STARTTLS", "EHLO", "MAIL"]


async def test_implicit_tls(hop: HopMaker) -> None:
    server = await hop(implicit=True)
    tray = Tray(personal(2))
    connection = await Connection.open(to(server, "implicit"), tray, context=trusting())
    await carried(server, connection, tray)
    assert server.sessions[0].secure


@pytest.mark.parametrize("staged", ["250 hop\r\n", "250-hop\r\n250 AUTH PLAIN\r\n", "2"])
async def test_what_is_said_in_clear_behind_the_220_ends_the_connection(hop: HopMaker, staged: str) -> None:
    server = await secure(hop, {"STARTTLS": b"220 ready\r\n" + staged.encode()})
    tray = Tray(personal(1))
    with pytest.raises(Unopened) as caught:
        await Connection.open(to(server, "required"), tray, context=trusting())
    assert (caught.value.stage, caught.value.fault) == (Stage.STARTTLS, Fault.NOBODY)
    assert server.mails == []


@pytest.mark.parametrize(
    "says",
    [{"EHLO": "250-hop\r\n250 PIPELINING"}, {"STARTTLS": "454 4.7.0 not now"}, {"STARTTLS": "502 5.5.1 what?"}],
    ids=["stripped", "refused for now", "refused"],
)
async def test_no_mail_in_clear_where_tls_is_required(hop: HopMaker, says: Says) -> None:
    server = await secure(hop, says)
    tray = Tray(personal(1))
    with pytest.raises(Unopened) as caught:
        await Connection.open(to(server, "required"), tray, context=trusting())
    assert caught.value.stage is Stage.STARTTLS
    assert len(tray.waiting) == 1
    plain = Tray(personal(1))
    connection = await Connection.open(to(server, "opportunistic"), plain)
    await carried(server, connection, plain)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_an_untrusted_certificate_is_refused_where_tls_is_required(hop: HopMaker, host: str) -> None:
    server = await secure(hop)
    with pytest.raises(Unopened) as caught:
        await Connection.open(to(server, "required", host), Tray())
    assert (caught.value.stage, caught.value.fault) == (Stage.STARTTLS, Fault.US)
    assert "not trusted" in str(caught.value.reply)


async def test_a_certificate_for_another_name_is_refused(hop: HopMaker) -> None:
    server = await secure(hop)
    other = Hop("127.0.0.1", server.port, "required", name="relay.test")
    with pytest.raises(Unopened) as caught:
        await Connection.open(other, Tray(), context=trusting())
    assert (caught.value.stage, caught.value.fault) == (Stage.STARTTLS, Fault.US)
    implicit = await hop(implicit=True)
    with pytest.raises(Unopened) as caught:
        await Connection.open(
            Hop("127.0.0.1", implicit.port, "implicit", name="relay.test"), Tray(), context=trusting()
        )
    assert (caught.value.stage, caught.value.fault) == (Stage.STARTTLS, Fault.US)


async def test_old_tls_is_refused(hop: HopMaker) -> None:
    server = await secure(hop)
    assert server.tls is not None
    with warnings.catch_warnings(action="ignore"):  # Python warns of it, rightly
        server.tls.minimum_version = server.tls.maximum_version = ssl.TLSVersion.TLSv1
    with pytest.raises(Unopened) as caught:
        await Connection.open(to(server, "opportunistic"), Tray())
    assert caught.value.stage is Stage.STARTTLS


async def test_a_handshake_that_hangs_is_not_waited_for(hop: HopMaker) -> None:
    server = await secure(hop, {"STARTTLS": ("220 ready", HANG)})
    with pytest.raises(Unopened) as caught:
        await Connection.open(to(server, "opportunistic"), Tray(), waits=Timeouts(handshake=0.2))
    assert caught.value.stage is Stage.STARTTLS


async def test_a_session_dropped_after_the_dot_under_tls_is_uncertain(hop: HopMaker) -> None:
    server = await secure(hop, {"DOT": "drop"})
    tray = Tray(personal(1))
    await Connection.open(to(server, "required"), tray, context=trusting())
    await tray.wait()
    outcome = tray.outcomes["c0@example.org"]
    assert (outcome.state, outcome.uncertain) == (DeliveryState.DEFERRED, True)


# ---------------------------------------------------------------- authentication


async def test_auth_plain_under_tls(hop: HopMaker) -> None:
    server = await secure(hop, {"AUTH": "235 2.7.0 welcome"})
    tray = Tray(personal(1))
    connection = await Connection.open(to(server, "required", password="pä ss"), tray, context=trusting())
    await carried(server, connection, tray)
    said = next(c for c in server.sessions[0].commands if c.startswith("AUTH"))
    assert base64.b64decode(said.split()[2]).decode() == "\0news\0pä ss"


async def test_auth_login(hop: HopMaker) -> None:
    server = await hop({
        "EHLO": "250-hop\r\n250 AUTH LOGIN", "AUTH": "334 VXNlcm5hbWU6", "AUTH+": ["334 UGFzc3dvcmQ6", "235 2.7.0 ok"],
    })  # fmt: skip
    tray = Tray(personal(1))
    connection = await Connection.open(to(server, "none", password="secret"), tray)
    await carried(server, connection, tray)
    at = server.sessions[0].commands.index("AUTH LOGIN")
    assert [base64.b64decode(c).decode() for c in server.sessions[0].commands[at + 1 : at + 3]] == ["news", "secret"]


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ({"AUTH": "535 5.7.8 wrong"}, Fault.US),
        ({"AUTH": "454 4.7.0 later"}, Fault.NOBODY),
        ({"AUTH": "334 more"}, Fault.US),
        ({"EHLO": "250-hop\r\n250 AUTH CRAM-MD5"}, Fault.US),
        ({"EHLO": "250 hop"}, Fault.US),
        ({"EHLO": "250-hop\r\n250 AUTH LOGIN", "AUTH": "334 x", "AUTH+": "535 5.7.8 wrong"}, Fault.US),
    ],
)
async def test_authentication_that_fails_is_about_us(hop: HopMaker, says: Says, fault: Fault) -> None:
    server = await hop({"EHLO": EHLO_TLS, "AUTH+": "500 no", **says})
    tray = Tray(personal(1))
    with pytest.raises(Unopened) as caught:
        await Connection.open(to(server, "none", password="secret"), tray, waits=Timeouts(auth=1))
    if says.get("AUTH") == "334 more":
        assert caught.value.fault is not Fault.RECIPIENT
    else:
        assert (caught.value.stage, caught.value.fault) == (Stage.AUTH, fault)
    assert len(tray.waiting) == 1


async def test_a_password_never_goes_out_in_clear_to_another_machine(
    hop: HopMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await hop({"EHLO": EHLO_TLS})
    monkeypatch.setattr(Hop, "loopback", False)  # no other machine is at hand in a test
    for security in ("none", "opportunistic"):
        with pytest.raises(Unopened) as caught:
            await Connection.open(to(server, security, password="secret"), Tray())
        assert (caught.value.stage, caught.value.fault) == (Stage.AUTH, Fault.US)
    assert not any("AUTH" in command for session in server.sessions for command in session.commands)


def test_a_hop_does_not_show_its_password() -> None:
    assert "secret" not in repr(Hop("relay.test", 25, "none", "news", "secret"))
    assert [Hop(host, 25).loopback for host in ("127.0.0.1", "::1", "localhost", "192.0.2.1", "relay.test")] == [
        True, True, True, False, False,
    ]  # fmt: skip


async def test_an_opening_that_is_given_up_leaves_nothing_behind(hop: HopMaker) -> None:
    server = await hop({"EHLO": HANG})
    opening = asyncio.create_task(Connection.open(to(server, "none"), Tray()))
    while not server.sessions:
        await asyncio.sleep(0.01)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
