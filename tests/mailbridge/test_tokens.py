"""Tokens: who can write them, who can read them, and what mail systems do to them on the way."""

from __future__ import annotations

import base64
import hmac
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.tokens import LENGTH, Tokens

IDS = st.integers(min_value=0, max_value=2**63 - 1)
ALPHABET = string.ascii_lowercase + "234567"
OURS = Tokens([b"a secret of ours, long enough"])


@given(IDS)
def test_a_token_names_its_row(row_id: int) -> None:
    assert OURS.read_bounce(OURS.bounce(row_id)) == row_id
    assert OURS.read_leave(OURS.leave(row_id)) == row_id


@given(IDS)
def test_a_token_is_lower_case_base32_that_fits_a_local_part(row_id: int) -> None:
    token = OURS.bounce(row_id)
    assert set(token) <= set(ALPHABET)
    assert len(token) == (LENGTH if row_id < 2**32 else 32)


@given(IDS, st.data())
def test_case_does_not_matter(row_id: int, data: st.DataObject) -> None:
    token = OURS.leave(row_id)
    mixed = "".join(c.upper() if data.draw(st.booleans()) else c for c in token)
    assert OURS.read_leave(mixed) == row_id


@given(IDS)
def test_purposes_are_apart(row_id: int) -> None:
    assert OURS.read_leave(OURS.bounce(row_id)) is None
    assert OURS.read_bounce(OURS.leave(row_id)) is None


@given(IDS, st.integers(min_value=0, max_value=31), st.sampled_from(ALPHABET))
def test_one_changed_character_makes_it_nobodys(row_id: int, place: int, other: str) -> None:
    token = OURS.leave(row_id)
    place %= len(token)
    forged = token[:place] + other + token[place + 1 :]
    assert (OURS.read_leave(forged) == row_id) is (forged == token)
    if forged != token:
        assert OURS.read_leave(forged) is None


@given(st.text(max_size=80))
def test_no_text_is_read_as_a_token(text: str) -> None:
    assert OURS.read_leave(text) is None
    assert OURS.read_bounce(text) is None


def test_letters_that_only_lower_to_ascii_are_refused() -> None:
    token = next(t for t in map(OURS.leave, range(1000)) if "k" in t)
    assert OURS.read_leave(token.replace("k", "\u212a", 1)) is None


@given(IDS)
def test_an_older_secret_still_reads_but_no_longer_signs(row_id: int) -> None:
    old, new = b"the secret of last year", b"the secret of this year"
    before, after = Tokens([old]), Tokens([new, old])
    assert after.read_bounce(before.bounce(row_id)) == row_id
    assert before.read_bounce(after.bounce(row_id)) is None
    assert Tokens([new]).read_bounce(before.bounce(row_id)) is None


def test_secrets_whose_key_ids_meet_are_both_tried() -> None:
    by_id: dict[str, bytes] = {}
    for n in range(1000):
        secret = f"secret {n}".encode()
        other = by_id.setdefault(Tokens([secret]).leave(1)[0:1], secret)
        if other != secret:
            both = Tokens([secret, other])
            assert both.read_leave(Tokens([other]).leave(7)) == 7
            assert both.read_leave(Tokens([secret]).leave(7)) == 7


def test_one_row_has_one_token() -> None:
    key_id, secret = OURS._keys[0]
    for row_id, accepted in ((5, False), (2**32 - 1, False), (2**32, True)):
        number = row_id.to_bytes(9)
        mac = hmac.digest(secret, b"leave\0" + number, "sha256")[:10]
        long_form = base64.b32encode(key_id + number + mac).decode()
        assert (OURS.read_leave(long_form) == row_id) is accepted


@pytest.mark.parametrize("secrets", [[], [b""], [b"good", b""]])
def test_no_secret_is_refused(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="secret"):
        Tokens(secrets)
