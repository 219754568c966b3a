"""Faults planted in the DNS, in TLS and on the way, one at a time: the doctor, as a process, names that one and its
remedy, and no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailbridge.rewrite.keys import Algorithm, SigningKey
from tests.mailbridge.doctor.world import DKIM, DOMAIN, HOST, OURS, PAGE, World

Plant = Callable[[World], None]
SPF = f"v=spf1 ip4:{OURS} -all"


async def test_in_a_healthy_world_nothing_is_found(world: World) -> None:
    code, found = await world.findings()
    wrong = [one for one in found if one.level in ("fault", "warning")]
    assert (code, wrong) == (0, [])
    assert {one.name for one in found if one.level == "ok"} == {
        *("settings_ok", "database_ok", "host_ok", "mx_ok", "spf_ok", "dkim_ok", "dmarc_ok", "door_ok", "tls_ok"),
        *("relay_ok", "web_ok", "mail_ok", "clock_ok"),
    }
    doors = {one.subject for one in found if one.name == "door_ok"}
    assert doors == {world.settings["SMTP_LISTEN"], world.settings["SUBMISSION_LISTEN"]}
    assert world.hop is not None
    assert world.hop.mails == []


def _shared_relay(world: World) -> None:
    # OVH publishes no ranges: only the name gives it away.
    world.settings["TRUSTED_RELAYS"] = "127.0.0.1, 178.32.125.2"
    world.zone["2.125.32.178.in-addr.arpa", "PTR"] = ["smtpout1.mo529.mail-out.ovh.net."]


def _no_mx(world: World) -> None:
    del world.zone[DOMAIN, "MX"]


def _mx_elsewhere(world: World) -> None:
    world.zone[DOMAIN, "MX"] = ["10 mx.example.net."]
    world.zone["mx.example.net", "A"] = ["203.0.113.9"]


def _no_spf(world: World) -> None:
    world.txt(DOMAIN, "unrelated=1")


def _two_spf(world: World) -> None:
    world.txt(DOMAIN, SPF, "v=spf1 include:old.example.net ~all")


def _spf_fails(world: World) -> None:
    world.txt(DOMAIN, "v=spf1 ip4:203.0.113.0/24 -all")


def _spf_everybody(world: World) -> None:
    world.txt(DOMAIN, "v=spf1 +all")


def _spf_lookups(world: World) -> None:
    for number in range(12):
        world.txt(f"s{number}.example.net", "v=spf1 ip4:203.0.113.1 -all")
    world.txt(
        DOMAIN, " ".join(["v=spf1", *(f"include:s{number}.example.net" for number in range(12)), f"ip4:{OURS} -all"])
    )


def _dkim_missing(world: World) -> None:
    del world.zone[DKIM, "TXT"]


def _dkim_other(world: World) -> None:
    world.txt(DKIM, SigningKey.generate(Algorithm.RSA).record())


def _dkim_revoked(world: World) -> None:
    world.txt(DKIM, "v=DKIM1; k=rsa; p=")


def _no_dmarc(world: World) -> None:
    del world.zone[f"_dmarc.{DOMAIN}", "TXT"]


def _two_dmarc(world: World) -> None:
    world.txt(f"_dmarc.{DOMAIN}", "v=DMARC1; p=none", "v=DMARC1; p=reject")


def _dmarc_malformed(world: World) -> None:
    world.txt(f"_dmarc.{DOMAIN}", "v=DMARC1; p=rejected")


def _expired(world: World) -> None:
    world.certificate(world.authority.pair([HOST], since=-90, until=-1))


def _wrong_name(world: World) -> None:
    world.certificate(world.authority.pair(["other.example.org"]))


def _relay_without_starttls(world: World) -> None:
    world.says["EHLO"] = "250-hop.test\r\n250 PIPELINING"


def _relay_away(world: World) -> None:
    world.settings["RELAY"] = f"smtp://127.0.0.1:{world.free_port()}?tls=required"


def _page_redirects(world: World) -> None:
    world.redirect = f"https://www.{DOMAIN}/"


def _page_expired(world: World) -> None:
    world.page = world.authority.pair([PAGE], since=-90, until=-1)


def _page_of_another_name(world: World) -> None:
    world.page = world.authority.pair(["www.example.org"])


def _page_of_an_unknown_root(world: World) -> None:
    world.page = world.authority.pair([PAGE], strange=True)


PLANTED: dict[str, tuple[Plant, str]] = {
    "trusted_shared": (_shared_relay, "Take 178.32.125.2 out of POSTROOM_TRUSTED_RELAYS"),
    "mx_missing": (_no_mx, f"{DOMAIN}. IN MX 10 {HOST}."),
    "mx_elsewhere": (_mx_elsewhere, f"{DOMAIN}. IN MX 10 {HOST}."),
    "spf_missing": (_no_spf, f'{DOMAIN}. IN TXT "v=spf1 ip4:{OURS} -all"'),
    "spf_two": (_two_spf, f'{DOMAIN}. IN TXT "v=spf1 include:old.example.net ip4:{OURS} -all"'),
    "spf_fails": (_spf_fails, f'{DOMAIN}. IN TXT "v=spf1 ip4:{OURS} ip4:203.0.113.0/24 -all"'),
    "spf_everybody": (_spf_everybody, f'{DOMAIN}. IN TXT "v=spf1 ip4:{OURS} -all"'),
    "spf_lookups": (_spf_lookups, "Remove include:"),
    "dkim_missing": (_dkim_missing, f'{DKIM}. IN TXT ( "v=DKIM1; k=rsa; p='),
    "dkim_other": (_dkim_other, f'{DKIM}. IN TXT ( "v=DKIM1; k=rsa; p='),
    "dkim_revoked": (_dkim_revoked, "keygen"),
    "dmarc_missing": (_no_dmarc, f'_dmarc.{DOMAIN}. IN TXT "v=DMARC1; p=none;'),
    "dmarc_two": (_two_dmarc, "Keep the one"),
    "dmarc_malformed": (_dmarc_malformed, f'_dmarc.{DOMAIN}. IN TXT "v=DMARC1;'),
    "tls_expired": (_expired, "Renew it"),
    "tls_name": (_wrong_name, "POSTROOM_HOSTNAME"),
    "relay_starttls": (_relay_without_starttls, "STARTTLS"),
    "relay_unreachable": (_relay_away, "POSTROOM_RELAY"),
    "web_redirects": (_page_redirects, "POSTROOM_PUBLIC_URL"),
    "web_expired": (_page_expired, "Renew it"),
    "web_name": (_page_of_another_name, PAGE),
    "web_chain": (_page_of_an_unknown_root, "between its own and the root"),
}


@pytest.mark.parametrize("name", PLANTED)
async def test_a_planted_fault_is_named_with_its_remedy_and_no_other(world: World, name: str) -> None:
    plant, remedy = PLANTED[name]
    plant(world)
    code, found = await world.findings()
    wrong = {one.name: one for one in found if one.level in ("fault", "warning")}
    assert list(wrong) == [name]
    (fault,) = wrong.values()
    assert (code, fault.level) == (1, "fault")
    assert remedy in fault.remedy
    assert fault.subject
    assert fault.subject in fault.found or fault.check in ("tls", "web", "relay")
