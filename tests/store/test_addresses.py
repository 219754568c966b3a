"""Addresses as people paste them, and those a group may have."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import addresses
from store.terms import Address, Refused


def pasted(text: str) -> list[tuple[str, str]]:
    return [(str(address), name) for address, name in addresses.contacts(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@x.org", [("a@x.org", "")]),
        ("a@x.org b@x.org", [("a@x.org", ""), ("b@x.org", "")]),
        ("Ann <a@x.org> Bob <b@x.org>", [("a@x.org", "Ann"), ("b@x.org", "Bob")]),
        ("Ann Lee <a@x.org>  Bob <b@x.org> c@x.org", [("a@x.org", "Ann Lee"), ("b@x.org", "Bob"), ("c@x.org", "")]),
        ("Ann <a@x.org>, Bob <b@x.org>; c@x.org", [("a@x.org", "Ann"), ("b@x.org", "Bob"), ("c@x.org", "")]),
        ('"Lee, Ann" <a@x.org> "Ray, Bob" <b@x.org>', [("a@x.org", "Lee, Ann"), ("b@x.org", "Ray, Bob")]),
        ("<a@x.org><b@x.org>", [("a@x.org", ""), ("b@x.org", "")]),
        ("<mailto:a@x.org|a@x.org> <mailto:b@x.org|b@x.org>", [("a@x.org", ""), ("b@x.org", "")]),
        ("Ann <<mailto:a@x.org|a@x.org>>", [("a@x.org", "Ann")]),
        ("a@x.org Bob <b@x.org>", [("a@x.org", ""), ("b@x.org", "Bob")]),
        ("a@x.org <a@x.org>", [("a@x.org", "")]),
        ('"a@x.org" <b@x.org> @work <c@x.org>', [("b@x.org", "a@x.org"), ("c@x.org", "@work")]),
        ("A@x.org\r\na@X.org", [("A@x.org", "")]),
        ("", []),
        (" ,;\n", []),
    ],
)
def test_pasted_contacts(text: str, found: list[tuple[str, str]]) -> None:
    assert pasted(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Ann",
        "Ann <a@x.org> and",
        "Ann a@x.org",
        "Ann <>",
        "Ann <a@x.org",
        "a@x.org>",
        "a@",
        "@x.org",
        "a@@x.org",
        "a b@",
    ],
)
def test_what_is_no_address_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        addresses.contacts(text)
    assert refusal.value.name == "contact_malformed"


@pytest.mark.parametrize("piece", ["a", "a@x.org ", '"', "<", "a<", ">", "<mailto:", "<a@x.org>", "a@x.org <", ", "])
def test_a_long_text_takes_no_longer_for_each_of_its_letters(piece: str) -> None:
    """A pattern that tries every start would take hours for this, and seconds for what Slack lets through."""
    with contextlib.suppress(Refused):
        addresses.contacts(piece * (600_000 // len(piece)))


@given(st.lists(st.tuples(st.from_regex(r"[A-Za-z]{0,8}", fullmatch=True), st.sampled_from(", ; \n")), max_size=8))
def test_every_address_of_a_line_is_found_with_its_name(entries: list[tuple[str, str]]) -> None:
    text = "".join(f"{name} <c{n}@x.org>{separator}" for n, (name, separator) in enumerate(entries))
    assert pasted(text) == [(f"c{n}@x.org", name) for n, (name, _) in enumerate(entries)]


@given(st.text(alphabet="ab@.<>\"',; \n|:", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        found = addresses.contacts(text)
        assert len({address.key for address, _ in found}) == len(found)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ada.K@Example.com", "ada.k@example.com"),
        ("\N{KELVIN SIGN}@example.com", "\N{KELVIN SIGN}@example.com"),
        ("JÖRG@example.com", "jÖrg@example.com"),
        ("\u0130@example.com", "\u0130@example.com"),
    ],
)  # fmt: skip
def test_two_mailboxes_never_become_one_by_case(text: str, key: str) -> None:
    assert Address.parse(text).key == key


def test_no_sign_beyond_ascii_makes_a_groups_name() -> None:
    with pytest.raises(Refused, match="address_not_ascii"):
        addresses.group_local("\N{KELVIN SIGN}itchen")
