"""The gate, and what counts as one peer."""

from __future__ import annotations

import pytest

from mailbridge.doors import Door, door
from mailbridge.intake import trace
from mailbridge.intake.authenticate import Relays
from mailbridge.intake.limits import Gate, Limits
from mailbridge.settings import networks


def test_a_peer_has_its_share_and_gives_it_back() -> None:
    gate = Gate(Limits(connections=4, connections_per_peer=2))
    assert gate.enter("192.0.2.1")
    assert gate.enter("192.0.2.1")
    assert not gate.enter("192.0.2.1")
    assert gate.enter("192.0.2.2")
    gate.leave("192.0.2.1")
    assert gate.enter("192.0.2.1")
    assert gate.enter("192.0.2.3")
    assert not gate.enter("192.0.2.4")
    assert not gate.enter("192.0.2.4", trusted=True)


def test_an_ipv6_customer_is_one_peer() -> None:
    gate = Gate(Limits(connections_per_peer=1))
    assert gate.enter("2001:db8::1")
    assert not gate.enter("2001:db8::2")
    assert gate.enter("2001:db8:0:1::1")


def test_a_trusted_relay_has_no_share() -> None:
    gate = Gate(Limits(connections_per_peer=1))
    assert gate.enter("192.0.2.1", trusted=True)
    assert gate.enter("192.0.2.1", trusted=True)


@pytest.mark.parametrize(
    ("client", "trusted"),
    [
        ("192.0.2.1", True),
        ("192.0.2.9", False),
        ("::ffff:192.0.2.1", True),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        ("", True),
        ("nonsense", False),
    ],
)
def test_who_is_a_front_relay(client: str, trusted: bool) -> None:
    relays = Relays(networks("192.0.2.0/30, 2001:db8::/64, 127.0.0.1"), "mx.x.test")  # type: ignore[arg-type]  # text in
    assert relays.trust(client) == trusted
    assert not Relays().trust(client)


@pytest.mark.parametrize("argument", ["x.test", "a", "[127.0.0.1]", "[IPv6:::1]", "my_host.local", "x.test."])
def test_a_host_may_call_itself(argument: str) -> None:
    assert trace.helo(argument) == argument


@pytest.mark.parametrize("argument", ["", "foo\rX-Inj: 1", "a b", "(x)", "é.test", "<x>", "a\0", "x" * 300, "[a b]"])
def test_no_host_is_called(argument: str) -> None:
    assert trace.helo(argument) is None


def test_ids_differ_and_can_stand_anywhere() -> None:
    ids = {trace.public_id() for _ in range(200)}
    assert len(ids) == 200
    assert all(one.isalnum() and one == one.lower() and len(one) == 16 for one in ids)


def test_peers() -> None:
    assert trace.client(("192.0.2.1", 5)) == "192.0.2.1"
    assert trace.client(("fe80::1%eth0", 5, 0, 2)) == "fe80::1"
    assert trace.client("") == trace.client(None) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:2525", Door("127.0.0.1", 2525)),
        (":25", Door("", 25)),
        ("[::1]:25", Door("::1", 25)),
        ("mail.x.test:0", Door("mail.x.test", 0)),
        ("unix:/run/postroom/lmtp", Door(path="/run/postroom/lmtp")),
    ],
)
def test_doors(text: str, found: Door) -> None:
    assert door(text) == found
    assert str(found) == text


@pytest.mark.parametrize("text", ["", "25", "x", "x:", "::1:25", "x:99999", "unix:", "a b:25", "x:-1"])
def test_no_doors(text: str) -> None:
    with pytest.raises(ValueError, match="neither host:port"):
        door(text)
