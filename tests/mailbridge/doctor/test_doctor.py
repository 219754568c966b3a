"""`python -m mailbridge doctor` as a process: what it prints, what it sends, and that one fault hides no other."""

from __future__ import annotations

import re

import dkim

from mailbridge.rewrite.keys import Algorithm
from mailbridge.tokens import Tokens
from tests.mailbridge.doctor.world import DKIM, DOMAIN, HOST, OURS, World
from tests.mailbridge.rewrite.oracle import key

PTR = ("7.100.51.198.in-addr.arpa", "PTR")
GRACE = "grace@example.net"


def published(name: bytes, timeout: int = 5) -> bytes:
    """What the DNS says of our key, for dkimpy."""
    assert name.decode().rstrip(".") == DKIM
    return key(Algorithm.RSA).record().encode()


async def wrong(world: World, *arguments: str) -> set[str]:
    """The faults found."""
    code, found = await world.findings(*arguments)
    names = {one.name for one in found if one.level == "fault"}
    assert code == bool(names)
    return names


async def test_lines_for_people(world: World) -> None:
    world.txt(DKIM, "v=DKIM1; p=")
    code, said = await world.examined()
    assert code == 1
    lines = said.splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.startswith("fault")]
    assert lines[at] == f"fault    dkim: The key at {DKIM} is published as revoked (an empty p=)."
    assert lines[at + 1].startswith("         → If it was given up for good")
    assert lines[0].startswith("ok       settings: ")
    assert re.fullmatch(r"1 to mend, 0 to think about, \d+ in order\.", lines[-1])
    assert "PRIVATE" not in said
    assert "correct-horse" not in said


async def test_many_faults_are_told_together(world: World) -> None:
    world.runs = False
    world.zone.clear()
    world.txt("else.example", "something")
    assert await wrong(world) == {
        *("host_missing", "mx_missing", "spf_missing", "dkim_missing", "dmarc_missing"),
        *("door_closed", "web_unresolved"),
    }


async def test_name_servers_that_are_silent_are_no_faults_of_the_domain(world: World) -> None:
    world.zone.clear()
    world.nameserver.failing |= {
        *(DOMAIN, HOST, DKIM, f"_dmarc.{DOMAIN}", "_dmarc.org", "lists.example.org"),
    }
    code, found = await world.findings()
    assert {one.check for one in found if one.name == "unanswered"} == {"host", "mx", "spf", "dkim", "dmarc", "web"}
    assert (code, [one for one in found if one.level == "fault"]) == (0, [])


async def test_a_probe_goes_the_way_all_mail_goes(world: World) -> None:
    assert await wrong(world, "--probe", GRACE) == set()
    assert world.hop is not None
    (mail,) = world.hop.mails
    assert mail.recipients == [GRACE]
    token = re.fullmatch(rf"bounces\+(\w+)@{DOMAIN}", mail.mail_from)
    assert token is not None
    assert Tokens([world.settings["SECRET"].encode()]).read_bounce(token[1]) == 0  # nobody's delivery
    assert world.hop.sessions[0].secure
    raw = mail.content.replace(b"\r\n..", b"\r\n.")
    assert b"From: Postroom checkup via example.org <postmaster@example.org>" in raw.replace(b"\r\n\t", b" ").replace(
        b'"', b""
    )
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in raw
    assert dkim.verify(raw, dnsfunc=published)
    assert not dkim.verify(raw.replace(b"/leave/", b"/leave/x"), dnsfunc=published)


async def test_a_relay_that_lets_us_send_as_nobody_else_is_explained(world: World) -> None:
    world.says["DOT"] = "550 5.2.252 SendAsDenied; ops@example.org not allowed to send as bounces@example.org"
    code, found = await world.findings("--probe", GRACE)
    (fault,) = [one for one in found if one.level == "fault"]
    assert (code, fault.name) == (1, "probe_sender")
    assert "SendAsDenied" in fault.found
    assert "Send As" in fault.remedy


async def test_straight_to_others(world: World) -> None:
    world.direct()
    code, found = await world.findings()
    assert (code, {one.name for one in found if one.level != "ok"}) == (0, {"mx_allow", "probe_none"})
    assert {"ptr_ok", "outbound_ok"} <= {one.name for one in found}


async def test_straight_to_others_without_a_name(world: World) -> None:
    world.direct()
    del world.zone[PTR]
    code, found = await world.findings()
    (fault,) = [one for one in found if one.level == "fault"]
    assert (code, fault.name, fault.subject) == (1, "ptr_missing", OURS)
    assert f"7.100.51.198.in-addr.arpa. IN PTR {HOST}." in fault.remedy


async def test_straight_to_others_through_a_closed_port(world: World) -> None:
    world.direct()
    world.settings["MX_PORT"] = str(world.free_port())
    assert await wrong(world) == {"outbound_blocked"}


async def test_a_door_for_a_proxy_is_talked_to_as_a_proxy_does(world: World) -> None:
    world.settings |= {"PROXY_FROM": "127.0.0.1", "TRUSTED_RELAYS": "", "AUTHSERV_ID": ""}
    assert await wrong(world) == set()


async def test_a_database_that_is_not_there_is_one_fault_and_is_not_made(world: World) -> None:
    world.runs = False
    missing = world.folder / "missing.db"
    world.settings["DATABASE_URL"] = f"sqlite+aiosqlite:///{missing}"
    assert {"database_away", "door_closed"} <= await wrong(world)
    assert not missing.exists()


async def test_what_cannot_be_examined_is_refused_in_a_line(world: World) -> None:
    world.runs = False
    for changed, arguments, says in (
        ({}, ["--probe", "no address"], "is not a mail address"),
        ({"SECRET": "short"}, [], "POSTROOM_SECRET"),
        ({"RELAY": "http://x"}, [], "POSTROOM_RELAY is refused"),
    ):
        before = dict(world.settings)
        world.settings |= changed
        code, said = await world.command("doctor", *arguments)
        world.settings = before
        assert (code, said.count("\n")) == (2, 0), said
        assert says in said


async def test_keys_that_refuse_the_start_are_told_with_the_rest(world: World) -> None:
    world.runs = False
    world.settings["DKIM_KEYS"] = f"{DOMAIN}:postroom:{world.folder}/gone.pem"
    code, found = await world.findings()
    assert code == 1
    (one,) = [one for one in found if one.name == "dkim_unreadable"]
    assert "gone.pem cannot be read: No such file" in one.found
    assert "mx_ok" in {one.name for one in found}
