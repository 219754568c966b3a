"""Mail systems that send for everybody who signs up: where they send from, and what to publish to send through them.

An address of theirs proves nothing about who wrote a mail: every customer's leaves from it (mail-safety V22). Read from
the SPF records that the providers publish for their customers, 2026-11; a range that is missing is found by the name of
its hosts, in the checkup. OVH publishes no ranges, only names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Provider:
    """`hosts`: how its submission servers are called; `senders`: how those are that connect to others; `include`: the
    domain whose SPF record has its ranges."""

    name: str
    include: str
    hosts: tuple[str, ...]
    senders: tuple[str, ...]
    networks: tuple[Network, ...] = ()


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(word) for word in text.split())


PROVIDERS: Final = (
    Provider(
        "Microsoft 365",
        "spf.protection.outlook.com",
        ("smtp.office365.com", ".mail.protection.outlook.com", "smtp-mail.outlook.com"),
        (".outbound.protection.outlook.com", ".prod.protection.outlook.com"),
        _networks("40.92.0.0/15 40.107.0.0/16 52.100.0.0/14 104.47.0.0/17 2a01:111:f400::/48 2a01:111:f403::/48"),
    ),
    Provider(
        "Google",
        "_spf.google.com",
        ("smtp.gmail.com", "smtp-relay.gmail.com", "aspmx.l.google.com"),
        (".google.com", ".googlemail.com"),
        # _netblocks, _netblocks2 and _netblocks3.google.com
        _networks(
            "35.190.247.0/24 64.233.160.0/19 66.102.0.0/20 66.249.80.0/20 72.14.192.0/18 74.125.0.0/16 108.177.8.0/21 "
            "173.194.0.0/16 209.85.128.0/17 216.58.192.0/19 216.239.32.0/19 172.217.0.0/19 172.217.32.0/20 "
            "172.217.128.0/19 172.217.160.0/20 172.217.192.0/19 172.253.56.0/21 172.253.112.0/20 108.177.96.0/19 "
            "35.191.0.0/16 130.211.0.0/22 2001:4860:4000::/36 2404:6800:4000::/36 2607:f8b0:4000::/36 "
            "2800:3f0:4000::/36 2a00:1450:4000::/36 2c0f:fb50:4000::/36"
        ),
    ),
    Provider(
        "Amazon SES",
        "amazonses.com",
        (".amazonaws.com",),
        (".amazonses.com",),
        _networks(
            "199.255.192.0/22 199.127.232.0/22 54.240.0.0/17 69.169.224.0/20 23.249.208.0/20 23.251.224.0/19 "
            "76.223.176.0/20 76.223.128.0/19 216.221.160.0/19 206.55.144.0/20 24.110.64.0/18 52.82.172.0/22"
        ),
    ),
    Provider(
        "Mailgun",
        "mailgun.org",
        ("smtp.mailgun.org", "smtp.eu.mailgun.org"),
        (".mailgun.net", ".mailgun.org", ".mailgun.info"),
        _networks(
            "209.61.151.0/24 166.78.68.0/22 198.61.254.0/23 192.237.158.0/23 23.253.182.0/23 104.130.96.0/28 "
            "146.20.113.0/24 146.20.191.0/24 159.135.224.0/20 69.72.32.0/20 104.130.122.0/23 146.20.112.0/26 "
            "161.38.192.0/20 143.55.224.0/21 143.55.232.0/22 159.112.240.0/20 198.244.48.0/20 204.220.168.0/21 "
            "204.220.176.0/20 141.193.32.0/23"
        ),
    ),
    Provider(
        "SendGrid",
        "sendgrid.net",
        ("smtp.sendgrid.net", "smtp.eu.sendgrid.net"),
        (".sendgrid.net",),
        _networks(
            "167.89.0.0/17 208.117.48.0/20 50.31.32.0/19 198.37.144.0/20 198.21.0.0/21 192.254.112.0/20 "
            "168.245.0.0/17 149.72.0.0/16 159.183.0.0/16"
        ),
    ),
    Provider(
        "Mailchimp Transactional",
        "spf.mandrillapp.com",
        ("smtp.mandrillapp.com",),
        (".mandrillapp.com", ".mcsv.net", ".rsgsv.net"),
        _networks(
            "198.2.128.0/24 198.2.132.0/22 198.2.136.0/23 198.2.177.0/24 198.2.178.0/23 198.2.180.0/24 198.2.186.0/23 "
            "205.201.131.128/25 205.201.134.128/25 205.201.136.0/23 205.201.139.0/24"
        ),
    ),
    Provider(
        "iCloud",
        "icloud.com",
        ("smtp.mail.me.com",),
        (".icloud.com", ".apple.com"),
        _networks(
            "17.41.0.0/16 17.58.0.0/16 17.142.0.0/15 17.57.155.0/24 17.57.156.0/24 144.178.36.0/24 144.178.38.0/24"
        ),
    ),
    Provider(
        "OVH",
        "mx.ovh.com",
        ("ssl0.ovh.net", ".mail.ovh.net", "pro1.mail.ovh.net", "ex.mail.ovh.net"),
        (".mail-out.ovh.net", ".mail.ovh.net"),
    ),
)


def sharing(network: Network) -> Provider | None:
    """Whose shared addresses a network is a part of, one address or many; None if of nobody's here."""
    for provider in PROVIDERS:
        for one in provider.networks:
            if one.version == network.version and network.subnet_of(one):  # type: ignore[arg-type]  # of one version
                return provider
    return None


def behind(host: str) -> Provider | None:
    """Whose submission server `host` is."""
    return _named(host, [(provider, provider.hosts) for provider in PROVIDERS])


def sending_as(name: str) -> Provider | None:
    """Whose machine has this name in the reverse DNS."""
    return _named(name, [(provider, provider.senders) for provider in PROVIDERS])


def _named(name: str, known: Sequence[tuple[Provider, tuple[str, ...]]]) -> Provider | None:
    name = name.lower().rstrip(".")
    for provider, names in known:
        if any(name == one or (one.startswith(".") and name.endswith(one)) for one in names):
            return provider
    return None
