"""The bridge's settings: one line that names what is wrong."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import pytest

from mailbridge.doors import Door
from mailbridge.keyring import KeyFile
from mailbridge.settings import BridgeSettings
from store.settings import SettingsRefused

SECRET = "correct-horse-battery-staple"
RELAY = "smtp://me:hush-hush@relay.example.org:587"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("POSTROOM_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for name, value in {"DOMAINS": "groups.example.org", "SECRET": SECRET, "RELAY": RELAY}.items():
        monkeypatch.setenv(f"POSTROOM_{name}", value)


def test_defaults() -> None:
    settings = BridgeSettings.load()
    assert settings.smtp_listen == (Door("127.0.0.1", 2525),)
    assert settings.lmtp_listen == ()
    assert settings.name == "groups.example.org"
    assert settings.trusted_relays == ()
    assert settings.max_unsettled == 200
    assert settings.relay.get_secret_value() == RELAY
    assert "hush-hush" not in repr(settings)


def test_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_SMTP_LISTEN", "0.0.0.0:25, [::]:25")
    monkeypatch.setenv("POSTROOM_LMTP_LISTEN", "unix:/run/lmtp")
    monkeypatch.setenv("POSTROOM_HOSTNAME", "mail.example.org")
    monkeypatch.setenv("POSTROOM_AUTHSERV_ID", "MX.example.org")
    monkeypatch.setenv("POSTROOM_DKIM_KEYS", "Groups.example.org:a.b:/k/one.pem, example.org:c:two:2.pem")
    monkeypatch.setenv("POSTROOM_TRUSTED_RELAYS", "127.0.0.1, 10.0.0.0/8, 198.51.100.0/28, 2a00:1::/64")
    settings = BridgeSettings.load()
    assert settings.smtp_listen == (Door("0.0.0.0", 25), Door("::", 25))
    assert settings.lmtp_listen == (Door(path="/run/lmtp"),)
    assert settings.name == "mail.example.org"
    one, two = settings.dkim_keys
    assert one == KeyFile("groups.example.org", "a.b", "/k/one.pem")
    assert two == KeyFile("example.org", "c", "two:2.pem")
    assert settings.authserv_id == "mx.example.org"
    assert ipaddress.ip_network("10.0.0.0/8") in settings.trusted_relays
    assert len(settings.trusted_relays) == 4


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("TRUSTED_RELAYS", "8.8.8.0/24", "public and wider than /28"),
        ("TRUSTED_RELAYS", "8.8.8.0/27", "public and wider than /28"),
        ("TRUSTED_RELAYS", "2a00::/48", "public and wider than /64"),
        ("TRUSTED_RELAYS", "0.0.0.0/0", "public and wider than /28"),
        ("TRUSTED_RELAYS", "40.107.3.4", "40.107.3.4/32 is shared egress of Microsoft 365"),
        ("TRUSTED_RELAYS", "10.0.0.1, 2a01:111:f403:c000::5", "shared egress of Microsoft 365"),
        ("TRUSTED_RELAYS", "209.85.128.0/17", "shared egress of Google"),
        ("TRUSTED_RELAYS", "209.85.220.41", "shared egress of Google"),
        ("TRUSTED_RELAYS", "54.240.8.16/28", "shared egress of Amazon SES"),
        ("TRUSTED_RELAYS", "159.135.228.10", "shared egress of Mailgun"),
        ("TRUSTED_RELAYS", "149.72.1.2", "shared egress of SendGrid"),
        ("TRUSTED_RELAYS", "198.2.130.0/24", "public and wider than /28"),
        ("TRUSTED_RELAYS", "198.2.132.7", "shared egress of Mailchimp Transactional"),
        ("TRUSTED_RELAYS", "17.58.63.1", "shared egress of iCloud"),
        ("PROXY_FROM", "8.8.8.0/24", "public and wider than /28"),
        ("TRUSTED_RELAYS", "relay.example.org", "neither an address nor a network"),
        ("TRUSTED_RELAYS", "10.0.0.1/8", "neither an address nor a network"),
        ("SMTP_LISTEN", "25", "neither host:port"),
        ("NAMESERVERS", "192.0.2.1, dns.example", "'dns.example' is not an IP address"),
        ("NAMESERVERS", "192.0.2.1:99999", "not an IP address with a port"),
        ("HOSTNAME", "mail example", "not a host name"),
        ("AUTHSERV_ID", "a b", "not a name"),
        ("TLS_KEY", "key.pem", "POSTROOM_TLS_CERT is missing"),
        (
            "SUBMISSION_LISTEN",
            "127.0.0.1:2587",
            "POSTROOM_TLS_CERT is missing, and passwords are taken within TLS only",
        ),
        ("MAX_UNSETTLED", "many", "copies in flight"),
        ("RETENTION_DAYS", "0", "less than a day"),
        ("RELAY", "", "POSTROOM_RELAY is required"),
        ("DKIM_KEYS", "groups.example.org:key.pem", "not domain:selector:file"),
        ("DKIM_KEYS", "groups.example.org:a b:key.pem", "not a selector"),
        ("DKIM_KEYS", "gr oups:a:key.pem", "not a domain"),
    ],
)
def test_one_line_names_the_fault(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str) -> None:
    if variable != "AUTHSERV_ID":
        monkeypatch.setenv("POSTROOM_AUTHSERV_ID", "mx.example.org")
    monkeypatch.setenv(f"POSTROOM_{variable}", value)
    with pytest.raises(SettingsRefused) as refusal:
        BridgeSettings.load()
    text = str(refusal.value)
    assert f"POSTROOM_{variable}" in text
    assert says in text
    assert "\n" not in text
    assert "hush-hush" not in text


def test_relays_need_the_name_of_their_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_TRUSTED_RELAYS", "127.0.0.1")
    with pytest.raises(SettingsRefused, match="POSTROOM_AUTHSERV_ID"):
        BridgeSettings.load()


@pytest.mark.parametrize(("value", "says"), [("unix:/run/submit", "a socket of this machine"), (":465", "port 587")])
def test_submission_has_doors_of_its_own_kind(monkeypatch: pytest.MonkeyPatch, value: str, says: str) -> None:
    monkeypatch.setenv("POSTROOM_TLS_CERT", "mail.pem")
    monkeypatch.setenv("POSTROOM_SUBMISSION_LISTEN", value)
    with pytest.raises(SettingsRefused, match=f"^POSTROOM_SUBMISSION_LISTEN is refused, .*{says}"):
        BridgeSettings.load()
    monkeypatch.setenv("POSTROOM_SUBMISSION_LISTEN", "127.0.0.1:2587, [::]:587")
    assert BridgeSettings.load().submission_listen == (Door("127.0.0.1", 2587), Door("::", 587))
