"""Patterns of authors: what is one, whom it means, and that none takes longer than its length."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.pattern import BadPattern, Pattern, exact


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" <Eve@Spam.Example> ", "eve@spam.example"),
        ("@Spam.example", "@spam.example"),
        ("spam.example", "@spam.example"),
        ("eve@bücher.example", "eve@xn--bcher-kva.example"),
        ("*.spam.example", "*@*.spam.example"),
        ("news-*@spam.example", "news-*@spam.example"),
        ("?@*.bücher.example", "?@*.xn--bcher-kva.example"),
    ],
)
def test_what_is_typed_has_one_form(typed: str, kept: str) -> None:
    assert Pattern.parse(typed).text == kept
    assert Pattern.parse(kept).text == kept


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "malformed"),
        ("eve@", "malformed"),
        ("a b@spam.example", "malformed"),
        ("spam", "short_domain"),
        ("eve@spam", "short_domain"),
        ("news*", "malformed"),
        ("(a+)+$*@x.example", "malformed"),
        ("*@*.*", "too_wide"),
        ("*@?.*", "too_wide"),
        ("a" * 201, "too_long"),
    ],
)
def test_what_is_no_pattern_says_why(typed: str, fault: str) -> None:
    with pytest.raises(BadPattern) as caught:
        Pattern.parse(typed)
    assert caught.value.fault == fault


@pytest.mark.parametrize(
    ("typed", "meant", "spared"),
    [
        ("eve@spam.example", ["eve@spam.example"], ["eve@a.spam.example", "leve@spam.example"]),
        ("spam.example", ["a@spam.example", "b@c.d.spam.example"], ["a@notspam.example", "a@spam.example.org"]),
        ("*.spam.example", ["a@b.spam.example"], ["a@spam.example"]),
        ("n?ws-*@*.example", ["news-@a.example", "nXws-1@b.c.example"], ["nws-@a.example", "news-@a.example.org"]),
        ("*a*b*a@x.example", ["aba@x.example", "1a2b3a@x.example"], ["ab@x.example", "ba@x.example"]),
    ],
)
def test_whom_it_means(typed: str, meant: list[str], spared: list[str]) -> None:
    pattern = Pattern.parse(typed)
    assert [key for key in meant + spared if pattern.matches(key)] == meant


@given(
    st.text(alphabet="ab*?", min_size=1, max_size=12),
    st.text(alphabet="ab", min_size=1, max_size=12),
)
def test_globs_mean_what_shells_mean(local: str, key: str) -> None:
    pattern = Pattern.parse(f"{local}*@x.example")
    oracle = re.compile(fnmatch.translate(f"{local}*@x.example"))
    assert pattern.matches(f"{key}@x.example") == bool(oracle.match(f"{key}@x.example"))


@pytest.mark.timeout(10)
def test_no_pattern_takes_longer_than_its_length() -> None:
    pattern = Pattern.parse("*a" * 30 + "*b@x.example")  # a regular expression would still be at it tomorrow
    for _ in range(1_000):
        assert not pattern.matches("a" * 60 + "@x.example")


def test_the_look_up_finds_itself_and_every_domain_above() -> None:
    assert exact("a@b.c.example") == ["a@b.c.example", "@b.c.example", "@c.example"]
