"""Copy: what differs from contact to contact, a few header lines in front of the shared Edition."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from store.terms import GroupKind, GroupPolicy

LOCAL_LIMIT: Final = 64  # octets of a local part (RFC 5321 4.5.3.1.1)
_TOKEN = re.compile(r"[a-z2-7]{1,40}")


def prefix(group: GroupPolicy, *, leave_token: str | None, public_url: str | None) -> bytes:
    """Return the header lines of one contact's copy: how to leave (RFC 2369 3.2), by one click too (RFC 8058 3.1).

    Empty without a token: shared copies name nobody, and a built-in address cannot be left. `public_url` is the web
    page's root where `one_click` allows it, else None: then the mail address stands alone. Where the token does not
    fit behind the group's name, the mail address is the bare `-leave`.
    No line begins with a dot, so the prefix needs no dot-stuffing. Raises ValueError for a token that is none.
    """
    if leave_token is None or group.kind is not GroupKind.GROUP:
        return b""
    if not _TOKEN.fullmatch(leave_token):
        raise ValueError("the leave token is malformed")
    before, after, bare = _mailto(group.route, len(leave_token))
    mail = bare or f"{before}{leave_token}{after}"
    if public_url is None:
        return f"List-Unsubscribe: {mail}\r\n".encode("ascii")
    return (
        f"List-Unsubscribe: <{_root(public_url)}/leave/{leave_token}>,\r\n\t{mail}\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ).encode("ascii")


@lru_cache(maxsize=1024)
def one_click(public_url: str | None) -> str | None:
    """Return `public_url` if one-click may be offered there, else None: https, or http on a loopback address (a demo).

    Mail systems click only on https (RFC 8058 3.1), and a token must not cross a network in clear.
    """
    if not public_url:
        return None
    parts = urlsplit(public_url)
    if parts.scheme == "https" and parts.hostname:
        return public_url
    return public_url if parts.scheme == "http" and _loopback(parts.hostname or "") else None


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@lru_cache(maxsize=1024)
def _root(public_url: str) -> str:
    # Settings, not strangers, say what the address is; but what stands here once stands in every copy.
    if not re.fullmatch(r"https?://[!-;=?-~]{1,400}", public_url):
        raise ValueError("the public address cannot stand in a header line")
    return public_url.rstrip("/")


@lru_cache(maxsize=4096)
def _mailto(route: str, token_length: int) -> tuple[str, str, str]:
    local, _, domain = route.rpartition("@")
    if len(local) + len("-leave+") + token_length > LOCAL_LIMIT:
        return "", "", f"<mailto:{local}-leave@{domain}>"
    return f"<mailto:{local}-leave+", f"@{domain}>", ""
