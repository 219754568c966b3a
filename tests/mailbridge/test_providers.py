"""The table of providers: each row is whole, and an address or a name finds its own."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from mailbridge.providers import PROVIDERS, behind, sending_as, sharing


def test_the_table_is_whole() -> None:
    assert len({provider.name for provider in PROVIDERS}) == len(PROVIDERS) >= 7
    for provider in PROVIDERS:
        assert provider.include
        assert provider.hosts
        assert provider.senders
        assert all(network.is_global for network in provider.networks)
    assert [provider.name for provider in PROVIDERS if not provider.networks] == ["OVH"]


@pytest.mark.parametrize("text", ["198.51.100.1/32", "10.0.0.0/8", "8.8.8.0/28", "2001:db8::/64", "0.0.0.0/0"])
def test_whose_is_not_there_is_nobodys(text: str) -> None:
    assert sharing(ip_network(text)) is None


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("mail-db3eur04on2041.outbound.protection.outlook.com.", "Microsoft 365"),
        ("mail-ej1-f41.google.com", "Google"),
        ("a8-16.smtp-out.amazonses.com", "Amazon SES"),
        ("smtpout1.mo529.mail-out.ovh.net", "OVH"),
        ("outbound.protection.outlook.com.evil.example", None),
        ("notgoogle.com", None),
    ],
)
def test_a_name_in_the_reverse_dns(name: str, whose: str | None) -> None:
    found = sending_as(name)
    assert (found.name if found else None) == whose


@pytest.mark.parametrize(
    ("host", "include"),
    [
        ("smtp.office365.com", "spf.protection.outlook.com"),
        ("contoso-com.mail.protection.outlook.com", "spf.protection.outlook.com"),
        ("smtp-relay.gmail.com", "_spf.google.com"),
        ("email-smtp.eu-west-1.amazonaws.com", "amazonses.com"),
        ("ssl0.ovh.net", "mx.ovh.com"),
        ("mail.example.org", None),
    ],
)
def test_a_submission_server(host: str, include: str | None) -> None:
    found = behind(host)
    assert (found.include if found else None) == include
