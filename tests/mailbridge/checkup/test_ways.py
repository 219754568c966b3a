"""What is made of doors, certificates, the relay, the page, the clocks and the settings. Facts in, findings out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from mailbridge.checkup import certificate, clock, door, relay, setting, web
from mailbridge.checkup.certificate import Presented
from mailbridge.checkup.door import Heard
from mailbridge.deliver.outcome import conclude
from mailbridge.pages import page
from store.findings import Finding
from store.terms import Reply, Stage
from tests.mailbridge.doctor.authority import Authority

HOST = "mail.example.org"
SENDER = "bounces+x@example.org"


def names(found: list[Finding]) -> list[str]:
    return [one.name for one in found]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.mark.parametrize(
    ("made", "distrust", "wanted"),
    [
        ({"names": [HOST]}, "", []),
        ({"names": ["*.example.org"]}, "", []),
        ({"names": ["example.org"]}, "", ["tls_name"]),
        ({"names": ["*.org", "a.mail.example.org"]}, "", ["tls_name"]),
        ({"names": [HOST], "until": -1}, "certificate has expired", ["tls_expired"]),
        ({"names": [HOST], "since": 1}, "certificate is not yet valid", ["tls_early"]),
        ({"names": [HOST], "until": 10}, "", ["tls_soon"]),
        ({"names": [HOST]}, "self-signed certificate", ["tls_chain"]),
    ],
)
def test_a_certificate(authority: Authority, made: dict[str, Any], distrust: str, wanted: list[str]) -> None:
    pair = authority.pair(**made)
    presented = Presented(certificate.first(pair.cert.read_bytes()), distrust)
    found = certificate.judge(presented, HOST, datetime.now(UTC), door.CERTIFICATE)
    assert names(found) == wanted
    assert all(one.remedy("en") for one in found)


def test_a_certificate_for_an_address(authority: Authority) -> None:
    der = certificate.first(authority.pair(["127.0.0.1", "::1"]).cert.read_bytes())
    for host, wanted in (("127.0.0.1", []), ("::1", []), ("127.0.0.2", ["tls_name"])):
        assert names(certificate.judge(Presented(der), host, datetime.now(UTC), door.CERTIFICATE)) == wanted


def test_a_key_of_another_certificate_and_files_that_hold_none(authority: Authority) -> None:
    one, other = authority.pair([HOST]), authority.pair([HOST])
    cert, key = one.cert.read_bytes(), one.key.read_bytes()
    assert certificate.pair(cert, key) == ""
    assert certificate.pair(cert, other.key.read_bytes()) == "foreign_key"
    assert certificate.pair(b"", key) == certificate.pair(cert, b"hello") == certificate.pair(key, key) == "unreadable"


def test_the_certificate_as_the_doors_present_it(authority: Authority) -> None:
    one, other = authority.pair([HOST]), authority.pair([HOST])
    pair = door.Pair(one.cert.read_bytes(), one.key.read_bytes())
    ours, theirs = (Presented(certificate.first(each.cert.read_bytes())) for each in (one, other))
    now = datetime.now(UTC)

    def told(pair: door.Pair | None, presented: Presented | None) -> list[str]:
        return names(door.tls(pair, {"x:25": Heard("", "220 x", presented is not None, presented)}, HOST, now))

    assert told(pair, ours) == told(pair, None) == ["tls_ok"]
    assert told(pair, theirs) == ["tls_stale"]
    assert told(None, None) == ["tls_none"]
    assert names(door.tls(None, {}, HOST, now, local=True)) == ["tls_local"]
    assert told(door.Pair(problem="cert.pem: No such file or directory"), None) == ["tls_unreadable"]
    assert told(door.Pair(pair.cert, other.key.read_bytes()), ours) == ["tls_foreign_key"]


@pytest.mark.parametrize(
    ("heard", "encrypts", "private", "wanted"),
    [
        (Heard(greeting="220 x", starttls=True), True, False, "door_ok"),
        (Heard(greeting="220 x"), False, False, "door_ok"),
        (Heard(greeting="220 x"), True, False, "door_plain"),
        (Heard(greeting="220 x"), False, True, "door_private"),
        (Heard(greeting="421 busy"), False, False, "door_unfriendly"),
        (Heard(problem="Connection refused"), True, False, "door_closed"),
    ],
)
def test_a_door(heard: Heard, encrypts: bool, private: bool, wanted: str) -> None:
    place = "127.0.0.1:25"
    assert names(door.doors({place: heard}, encrypts=encrypts, private={place} if private else ())) == [wanted]


@pytest.mark.parametrize(
    ("stage", "reply", "wanted"),
    [
        (Stage.CONNECT, "421 4.4.1 r:25 cannot be reached: [Errno 111] Connect call failed", "relay_unreachable"),
        (Stage.CONNECT, "421 4.4.1 r:25 did not answer within 10 s", "relay_unreachable"),
        (Stage.CONNECT, "421 4.4.1 r:25 cannot be reached: [Errno -2] Name or service not known", "relay_unknown"),
        (Stage.CONNECT, "421 4.4.2 No reply within 15 s", "relay_silent"),
        (Stage.CONNECT, "421 4.4.1 r:25 cannot be reached: [SSL: WRONG_VERSION_NUMBER]", "relay_silent"),
        (Stage.CONNECT, "554 5.7.0 The certificate of r is not trusted: expired", "relay_certificate"),
        (Stage.AUTH, "554 5.7.0 The password is not given over a connection without TLS", "relay_starttls"),
        (Stage.CONNECT, "554 5.7.1 You are blocked", "relay_closed"),
        (Stage.EHLO, "550 5.7.1 Go away", "relay_closed"),
        (
            Stage.STARTTLS,
            "554 5.7.0 The next hop does not offer STARTTLS, which its setting requires",
            "relay_starttls",
        ),
        (Stage.STARTTLS, "554 5.7.0 The certificate of r is not trusted: expired", "relay_certificate"),
        (Stage.AUTH, "535 5.7.8 Bad credentials", "relay_login"),
    ],
)
def test_why_the_relay_does_not_open(stage: Stage, reply: str, wanted: str) -> None:
    code, _, text = reply.partition(" ")
    (found,) = relay.unopened("r:25", stage, Reply.heard(int(code), [text]))
    assert found.name == wanted
    assert found.level == "fault"
    assert found.remedy("en")


@pytest.mark.parametrize(
    ("stage", "reply", "wanted"),
    [
        (Stage.DOT, "250 2.0.0 queued", "probe_ok"),
        (Stage.RCPT, "451 4.7.1 greylisted", "probe_later"),
        (Stage.DOT, "550 5.2.252 SendAsDenied; ops@x not allowed to send as y", "probe_sender"),
        (Stage.MAIL, "553 5.7.1 Sender address rejected: not owned by user ops", "probe_sender"),
        (Stage.MAIL, "550 something else", "probe_sender"),
        (Stage.DOT, "550 The from address does not match a verified Sender Identity", "probe_sender"),
        (Stage.DOT, "554 5.7.1 Sender address not allowed", "probe_sender"),
        (Stage.DOT, "550 5.7.1 Message rejected: From address not allowed for this account", "probe_sender"),
        (Stage.DOT, "550 5.7.1 From header does not match authenticated user", "probe_sender"),
        (Stage.DOT, "554 5.7.1 You are not allowed to use this sender address", "probe_sender"),
        (Stage.RCPT, "550 5.7.1 You can only send from your own address", "probe_sender"),
        (Stage.DOT, "554 Message rejected: Email address is not verified", "probe_sender"),
        (Stage.RCPT, "554 5.7.1 Relay access denied", "probe_relaying"),
        (Stage.MAIL, "530 5.7.0 Authentication required", "probe_relaying"),
        (Stage.MAIL, "530 5.7.57 Client not authenticated to send mail", "probe_relaying"),
        (Stage.MAIL, "550 5.7.1 Client was not authenticated to send as this sender", "probe_sender"),
        (Stage.RCPT, "550 5.4.5 Daily sending quota exceeded", "probe_quota"),
        (Stage.RCPT, "554 5.7.1 Client host blocked using zen.spamhaus.org", "probe_reputation"),
        (Stage.DOT, "550 5.7.1 message looks like spam", "probe_content"),
        (Stage.RCPT, "550 5.1.1 No such user", "probe_recipient"),
        (Stage.DOT, "554 no", "probe_refused"),
    ],
)
def test_what_became_of_the_probe(stage: Stage, reply: str, wanted: str) -> None:
    code, _, text = reply.partition(" ")
    (found,) = relay.probed("a@b.example", SENDER, conclude(stage, Reply.heard(int(code), [text])), ())
    assert found.name == wanted
    assert found.level == {"probe_ok": "ok", "probe_later": "warning"}.get(wanted, "fault")
    assert text in found.found("en") or code in found.found("en")


def test_the_page() -> None:
    asks, left = page("en", "leave", form="leave"), page("en", "left")
    good, acted = web.Answer(200, body=asks), web.Answer(200, body=left)
    moved = web.Answer(301, "https://elsewhere.example/")
    for got, posted, wanted in (
        (good, acted, "web_ok"),
        (web.Answer(200, body=page("fr", "leave", form="leave")), acted, "web_ok"),
        (moved, None, "web_redirects"),
        (good, moved, "web_redirects"),
        (acted, acted, "web_other"),  # it acted on GET
        (web.Answer(404, body="nginx"), None, "web_other"),
        (web.Answer(200, body="<h1>Welcome</h1>"), None, "web_other"),
        (good, good, "web_post"),
        (good, web.Answer(403), "web_post"),
    ):
        assert names(web.judge("https://x.example", got, posted)) == [wanted]


def test_the_clock() -> None:
    assert names(clock.judge({})) == ["clock_alone"]
    assert names(clock.judge({"PostgreSQL": 1.0, "https://x": -59.0})) == ["clock_ok"]
    (found,) = clock.judge({"PostgreSQL": 0.1, "https://x": -timedelta(minutes=2).total_seconds()})
    assert (found.name, found.subject) == ("clock_off", "https://x")
    assert "-120 s" in found.found("en")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, ["settings_ok"]),
        ({"trusted": ["127.0.0.0/8", "192.168.1.0/24", "fd00::/64"]}, ["settings_ok"]),
        ({"mx_allow": ["10.0.0.0/8"]}, ["mx_allow"]),
        ({"trusted": ["10.0.0.0/8"]}, ["trusted_wide"]),
        ({"trusted": ["10.0.0.1/32"], "proxies": ["10.0.0.0/24"]}, ["trusted_proxy"]),
        ({"trusted": ["fd00::1/128"], "proxies": ["10.0.0.0/24"]}, ["settings_ok"]),
        ({"names": {"178.32.125.2": ["smtpout1.mo529.mail-out.ovh.net"]}}, ["trusted_shared"]),
        ({"names": {"8.8.4.4": ["mx.example.org"]}}, ["settings_ok"]),
    ],
)
def test_settings(given: dict[str, Any], wanted: list[str]) -> None:
    def networks(name: str) -> list[Any]:
        return [ip_network(text) for text in given.get(name, ())]

    found = setting.judge(
        mx_allow=networks("mx_allow"),
        trusted=networks("trusted"),
        proxies=networks("proxies"),
        names=given.get("names", {}),
    )
    assert names(found) == wanted
