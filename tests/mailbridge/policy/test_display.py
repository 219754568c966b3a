"""Header text for people: decoded, one line, nothing hidden, and never an exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.policy import display


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"plain", "plain"),
        (b"=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe_an_alle?=", "Grüße an alle"),
        (b"=?ISO-8859-1?Q?Gr=FC=DFe?= x", "Grüße x"),
        (b"=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        (b"=?utf-8?Q?a?= and =?utf-8?Q?b?=", "a and b"),
        (b"=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "€"),
        (b"=?utf-8*en?Q?a?=", "a"),
        (b"Re: =?utf-8?Q?x?=", "Re: x"),
        # CVE-2024-6923: a line end inside an encoded word
        (b"=?UTF-8?Q?a=0A?=Bcc: x@y", "a Bcc: x@y"),
        (b"=?UTF-8?Q?a=0D=0AX-Evil:_1?=", "a X-Evil: 1"),
        (b"=?UTF-8?Q?a=E2=80=AEgpj.exe?=", "a gpj.exe"),
        (b"=?UTF-8?Q?a=E2=80=A8b?=", "a b"),
        (b"a\x00b\x1b[31m", "a b [31m"),
        # V14: charsets that crash decoders
        (b"=?x-unknown?Q?abc?=", "abc"),
        (b"=?rot13?Q?abc?=", "abc"),
        (b"=?zlib_codec?Q?abc?=", "abc"),
        (b"=?undefined?Q?abc?=", "abc"),
        (b"=?idna?Q?abc?=", "abc"),
        (b"=?unicode_escape?Q?=5Cn?=", "\\n"),
        (b"=?utf-8?B?!!!?=", ""),
        (b"=?utf-8?B?a?=", "a"),
        (b"\xe9t\xe9", "été"),
        (b"=?utf-8?Q?" + b"=41" * 1000 + b"?=", "A" * 500),
    ],
)
def test_text(value: bytes, shown: str) -> None:
    assert display.text(value) == shown


@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.sampled_from(["utf-7", "utf-16", "iso-2022-jp", "hz-gb-2312", "big5", "utf-8"]), st.binary()).map(
            lambda pair: f"=?{pair[0]}?Q?{''.join(f'={octet:02X}' for octet in pair[1])}?=".encode()
        ),
    )
)
def test_any_value_becomes_one_clean_line(value: bytes) -> None:
    shown = display.text(value)
    assert shown.isprintable()
    assert len(shown) <= 500
