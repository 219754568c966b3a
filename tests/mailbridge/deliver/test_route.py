"""Routes: the setting's grammar, lanes, and which servers of a domain are connected to."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from mailbridge.deliver.hop import Hop
from mailbridge.deliver.route import Mx, Relay, RouteRefused, Unroutable, parse
from mailbridge.resolver import Resolver
from store.terms import Fault
from tests.mailbridge.deliver.nameserver import Nameserver


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("smtp://relay.test", Relay("relay.test", 25, "opportunistic")),
        ("smtp://[::1]:2526", Relay("::1", 2526, "opportunistic")),
        ("smtp://relay.test:2525?tls=none", Relay("relay.test", 2525, "none")),
        ("smtps://u:p@relay.test/", Relay("relay.test", 465, "implicit", "u", "p")),
        ("smtp://u:p@relay.test", Relay("relay.test", 587, "required", "u", "p")),
        ("smtp://u:p@127.0.0.1:25", Relay("127.0.0.1", 25, "opportunistic", "u", "p")),
        ("smtp://u%40x:p%3A%2F%20@relay.test:25", Relay("relay.test", 25, "required", "u@x", "p:/ ")),
        ("smtp://r.test?rate=30/m&daily=9&connections=3", Relay("r.test", 25, "opportunistic", "", "", 0.5, 9, 3)),
        ("smtp://r.test?rate=7200/h", Relay("r.test", 25, "opportunistic", rate=2.0)),
        ("smtp://r.test?rate=14", Relay("r.test", 25, "opportunistic", rate=14.0)),
        ("mx", Mx()),
        (" mx?connections=2&rate=1/s ", Mx(rate=1.0, connections=2)),
    ],
)  # fmt: skip
def test_a_route_is_read(text: str, route: Relay | Mx) -> None:
    assert parse(text) == route


@pytest.mark.parametrize("text", [
    "", "relay.test", "http://relay.test", "smtp://", "smtp://:25", "smtp://u:s3cret@relay.test:port", "smtp://u:s3cret@relay.test:99999",
    "smtp://u:s3cret@relay.test:0", "smtp://u:s3cret@relay.test?tls=yes", "smtps://u:s3cret@relay.test?tls=required", "smtp://u@relay.test",
    "smtp://u:s3cret@relay.test?rate=fast", "smtp://u:s3cret@relay.test?rate=0", "smtp://u:s3cret@relay.test?daily=-1",
    "smtp://u:s3cret@relay.test?connections=0", "smtp://u:s3cret@relay.test?speed=1", "smtp://u:s3cret@relay.test/path",
    "smtp://u:s3cret#x@relay.test", "mx?tls=none", "smtp://u:s3cret/x@relay.test", "smtp://u:[s3cret@relay.test",
])  # fmt: skip
def test_a_bad_route_is_refused_in_one_line_without_the_password(text: str) -> None:
    with pytest.raises(RouteRefused) as caught:
        parse(text)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert "s3cret" not in message


def test_a_route_does_not_show_its_password() -> None:
    assert "s3cret" not in repr(parse("smtp://u:s3cret@relay.test"))


async def test_a_relay_s_lane_and_hop() -> None:
    relay = parse("smtp://u:p@relay.test")
    assert relay.lane("example.org") == "relay"
    assert await relay.hops("relay", "lists.test") == [Hop("relay.test", 587, "required", "u", "p", "lists.test")]


# ---------------------------------------------------------------- servers of a domain

ZONE = {
    ("two.test", "MX"): ["20 b.two.test.", "10 a.two.test."],
    ("a.two.test", "A"): ["192.0.2.1"],
    ("a.two.test", "AAAA"): ["2606:4700::1"],
    ("b.two.test", "A"): ["9.9.9.9"],
    ("implicit.test", "A"): ["9.9.9.10"],
    ("null.test", "MX"): ["0 ."],
    ("private.test", "MX"): ["10 in.private.test."],
    ("in.private.test", "A"): ["10.0.0.1", "127.0.0.1", "169.254.169.254"],
    ("in.private.test", "AAAA"): ["::1", "::ffff:127.0.0.1", "fe80::1", "fd00::1"],
    ("mixed.test", "MX"): ["10 in.private.test.", "20 b.two.test."],
    ("dangling.test", "MX"): ["10 gone.test."],
    ("literal.test", "MX"): ["10 127.0.0.1."],
    ("ours.test", "MX"): ["10 b.two.test.", "20 Lists.Test.", "30 a.two.test."],
    ("loops.test", "MX"): ["10 lists.test.", "20 b.two.test."],
    ("many.test", "MX"): [f"{n} h{n}.many.test." for n in range(100)],
    **{(f"h{n}.many.test", "A"): [f"9.9.8.{n}"] for n in range(100)},
    ("empty.test", "TXT"): ["nothing else here"],
    ("broken.test", "MX"): ["10 servfail.test."],
    ("half.test", "MX"): ["10 servfail.test.", "20 b.two.test."],
    ("six.test", "AAAA"): ["2606:4700::6"],
}


async def hops(nameserver: Nameserver, domain: str, **mx: object) -> list[tuple[str, str]]:
    resolver = Resolver([nameserver.address], lifetime=2)
    found = await Mx(**mx).hops(f"mx:{domain}", "lists.test", resolver)  # type: ignore[arg-type]  # by name
    assert {(hop.port, hop.security, hop.helo) for hop in found} == {
        (mx.get("port", 25), "opportunistic", "lists.test")
    }
    return [(hop.name, hop.host) for hop in found]


async def test_servers_by_preference(nameserver: Nameserver) -> None:
    nameserver.zone.update(ZONE)
    assert parse("mx").lane("two.test") == "mx:two.test"
    assert await hops(nameserver, "two.test") == [("a.two.test", "2606:4700::1"), ("b.two.test", "9.9.9.9")]
    assert await hops(nameserver, "implicit.test") == [("implicit.test", "9.9.9.10")]
    assert await hops(nameserver, "six.test") == [("six.test", "2606:4700::6")]
    assert len(await hops(nameserver, "many.test")) == 10
    assert await hops(nameserver, "half.test") == [("b.two.test", "9.9.9.9")]


async def test_only_public_servers_are_connected_to(nameserver: Nameserver) -> None:
    nameserver.zone.update(ZONE)
    assert await hops(nameserver, "mixed.test") == [("b.two.test", "9.9.9.9")]
    with pytest.raises(Unroutable) as caught:
        await hops(nameserver, "private.test")
    assert (caught.value.fault, caught.value.reply.code) == (Fault.RECIPIENT, 550)
    allowed = await hops(
        nameserver, "private.test", allow=(ip_network("127.0.0.0/8"), ip_network("::1/128")), port=2525
    )
    assert {host for _, host in allowed} == {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


async def test_mail_does_not_loop_to_ourselves(nameserver: Nameserver) -> None:
    nameserver.zone.update(ZONE)
    assert await hops(nameserver, "ours.test") == [("b.two.test", "9.9.9.9")]
    with pytest.raises(Unroutable) as caught:
        await hops(nameserver, "loops.test")
    assert (caught.value.fault, caught.value.reply.enhanced) == (Fault.RECIPIENT, "5.4.6")


@pytest.mark.parametrize(
    ("domain", "fault", "enhanced"),
    [
        ("null.test", Fault.RECIPIENT, "5.1.10"),
        ("nowhere.test", Fault.RECIPIENT, "5.1.2"),
        ("dangling.test", Fault.RECIPIENT, "5.4.4"),
        ("literal.test", Fault.RECIPIENT, "5.4.4"),
        ("empty.test", Fault.RECIPIENT, "5.4.4"),
        ("servfail.test", Fault.NOBODY, "4.4.3"),
        ("silent.test", Fault.NOBODY, "4.4.3"),
        ("broken.test", Fault.NOBODY, "4.4.3"),
        ("a..b.test", Fault.RECIPIENT, "5.1.2"),
    ],
)
async def test_what_cannot_be_routed_says_why_and_for_how_long(
    nameserver: Nameserver, domain: str, fault: Fault, enhanced: str
) -> None:
    nameserver.zone.update(ZONE)
    with pytest.raises(Unroutable) as caught:
        await hops(nameserver, domain)
    assert (caught.value.fault, caught.value.reply.enhanced) == (fault, enhanced)
