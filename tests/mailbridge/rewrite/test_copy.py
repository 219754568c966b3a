"""The prefix of one contact's copy."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pytest

from mailbridge.rewrite.copy import one_click, prefix
from store.terms import GroupKind, GroupPolicy

GROUP = GroupPolicy(1, GroupKind.GROUP, "team@corp.example", "team@lists.example.org", "The team")
TOKEN = "abcdefghijklmnopqrstuvwx"


def test_by_mail_alone_where_no_page_answers() -> None:
    assert (
        prefix(GROUP, leave_token=TOKEN, public_url=None)
        == f"List-Unsubscribe: <mailto:team-leave+{TOKEN}@lists.example.org>\r\n".encode()
    )


def test_nothing_for_whoever_cannot_leave() -> None:
    assert prefix(GROUP, leave_token=None, public_url="https://x.example") == b""
    assert prefix(replace(GROUP, kind=GroupKind.OWNER), leave_token=TOKEN, public_url="https://x.example") == b""


def test_a_local_part_never_passes_64_octets() -> None:
    for length in range(1, 49):
        route = "g" * length + "@lists.example.org"
        made = prefix(replace(GROUP, route=route), leave_token=TOKEN, public_url=None)
        local = made.partition(b"mailto:")[2].partition(b"@")[0]
        assert len(local) <= 64
        assert local.endswith(b"-leave+" + TOKEN.encode()) is (length <= 33)
        assert length <= 33 or local == b"g" * length + b"-leave"


@pytest.mark.parametrize("token", ["", "a\r\nBcc: x", "ABC", "a>b", "a" * 41])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        prefix(GROUP, leave_token=token, public_url=None)


def test_a_page_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="header line"):
        prefix(GROUP, leave_token=TOKEN, public_url="https://x.example/>\r\nBcc: x")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://groups.example.org", True),
        ("https://groups.example.org/mail/", True),
        ("http://groups.example.org", False),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1.example.org", False),
        ("https://", False),
        ("ftp://127.0.0.1", False),
        ("", False),
        (None, False),
    ],
)
def test_one_click_is_offered_only_where_it_is_safe(url: str | None, allowed: bool) -> None:
    assert one_click(url) == (url if allowed else None)


def test_a_prefix_costs_microseconds() -> None:
    best = 1.0
    for _ in range(20):  # the best of many: a busy machine slows some, an expensive prefix slows all
        start = perf_counter()
        for _ in range(200):
            prefix(GROUP, leave_token=TOKEN, public_url="https://groups.example.org")
        best = min(best, (perf_counter() - start) / 200)
    assert best < 20e-6
    print(f"{best * 1e6:.2f} µs a prefix")
