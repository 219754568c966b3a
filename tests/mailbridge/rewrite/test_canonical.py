"""Relaxed canonicalisation against the RFC's own examples and against dkimpy's."""

from __future__ import annotations

import base64
import hashlib

from dkim.canonicalization import Relaxed
from hypothesis import given
from hypothesis import strategies as st

from mailbridge import headers
from mailbridge.rewrite import canonical
from tests.mailbridge.rewrite import rfc8463


def fields(head: bytes) -> list[bytes]:
    return [canonical.field(each) for each in headers.fields(head)]


def body_hash(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(canonical.body(body)).digest()).decode()


def test_the_example_of_rfc_6376_3_4_5() -> None:
    assert fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\n") == [b"a:X\r\n", b"b:Y Z\r\n"]
    assert canonical.body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"


def test_the_hashes_of_rfc_6376_3_4_4_and_rfc_8463() -> None:
    assert body_hash(b"") == body_hash(b"\r\n\r\n") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert body_hash(rfc8463.MESSAGE.partition(b"\r\n\r\n")[2]) == rfc8463.BODY_HASH


LINES = st.lists(st.lists(st.sampled_from([b"a", b" ", b"\t", b".", b"\xff", b"  "]), max_size=6), max_size=8)


@given(LINES)
def test_a_body_as_dkimpy_has_it(lines: list[list[bytes]]) -> None:
    body = b"".join(b"".join(line) + b"\r\n" for line in lines)
    assert canonical.body(body) == Relaxed.canonicalize_body(body)
    assert canonical.body(canonical.body(body)) == canonical.body(body)


@given(LINES)
def test_a_field_as_dkimpy_has_it(lines: list[list[bytes]]) -> None:
    value = b"\r\n\t".join(b"".join(line) for line in lines) + b"\r\n"
    (name, theirs), *_ = Relaxed.canonicalize_headers([(b"Subject ", value)])
    assert fields(b"Subject :" + value) == [name + b":" + theirs]


def test_a_megabyte_of_blanks_costs_nothing() -> None:
    """dkimpy would need half an hour for it; where this were quadratic, the test would run into its time limit."""
    assert canonical.body(b" \t" * 2**20 + b"x\r\n" + b" " * 2**20 + b"\r\n") == b" x\r\n"
    assert canonical.body(b"x" + b" \r\n" * 2**20) == b"x\r\n"
