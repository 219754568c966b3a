"""Nothing in an address can become a parameter or a command; nothing a hop says can become two replies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.deliver import commands
from mailbridge.deliver.capabilities import Capabilities
from mailbridge.deliver.commands import Unwritable
from mailbridge.deliver.wire import Garbage, Replies

NASTY = st.text(st.one_of(st.sampled_from('<>@ \r\n\t\0\x7f\x85\u2028"\\()[],;:=.'), st.characters()), max_size=40).map(
    lambda text: text if "@" in text else text + "@example.org"
)


@given(NASTY, st.booleans())
def test_an_address_is_refused_or_stands_alone_between_its_brackets(address: str, utf8: bool) -> None:
    try:
        line = commands.rcpt(address, utf8=utf8)
    except Unwritable:
        return
    assert line == b"RCPT TO:<" + address.encode() + b">\r\n"
    assert line.count(b"<") == line.count(b">") == line.count(b"\r") == line.count(b"\n") == 1
    assert line[:-2].count(b" ") == 1


@pytest.mark.parametrize("address", [
    "user@x> AUTH=<", "a@b>\r\nRCPT TO:<c@d", "a@b\r\nDATA", "a b@c", "a@b c", "a@b\n", "<a@b>", "", "a", "@b", "a@",
    "a@b\0", "a@" + "b" * 260, "a@b\u2028c", "ä@example.org", "a@b\x85", "a@b@c>",
])  # fmt: skip
def test_what_must_be_refused(address: str) -> None:
    with pytest.raises(Unwritable):
        commands.rcpt(address, utf8=False)
    if address:
        with pytest.raises(Unwritable):
            commands.mail(address, size=None, eight_bit=False, utf8=False)


def test_mail_carries_what_it_is_given() -> None:
    assert commands.mail("", size=None, eight_bit=False, utf8=False) == b"MAIL FROM:<>\r\n"
    line = commands.mail("ä@example.org", size=10, eight_bit=True, utf8=True)
    assert line == "MAIL FROM:<ä@example.org> SIZE=10 BODY=8BITMIME SMTPUTF8\r\n".encode()
    with pytest.raises(Unwritable):
        commands.hello(b"EHLO", "host name\r\nQUIT")


@given(st.lists(st.tuples(st.integers(200, 559), st.lists(st.binary(max_size=30), min_size=1, max_size=4)), max_size=6),
       st.lists(st.integers(1, 40), max_size=40))  # fmt: skip
def test_replies_survive_any_cut(replies: list[tuple[int, list[bytes]]], cuts: list[int]) -> None:
    cleaned = [(code, [line.replace(b"\n", b"").rstrip(b"\r") for line in lines]) for code, lines in replies]
    stream = b"".join(
        b"%d%b%b\r\n" % (code, b" " if n == len(lines) - 1 else b"-", line)
        for code, lines in cleaned
        for n, line in enumerate(lines)
    )
    reader, got, at = Replies(), [], 0
    for cut in [*cuts, len(stream)]:
        got += reader.feed(stream[at : at + cut])
        at += cut
    assert got == cleaned
    assert not reader.pending


@pytest.mark.parametrize("octets", [
    b"25\r\n", b"\r\n", b"25\x00 ok\r\n", b"199 x\r\n", b"600 x\r\n", b"250_x\r\n", b"250-a\r\n550 b\r\n",
    b"HTTP/1.1 400\r\n",
    b"x" * 9000, b"250 " + b"x" * 9000 + b"\r\n", b"250-" + b"x" * 1000 + b"\r\n", "²50 ok\r\n".encode(),
])  # fmt: skip
def test_garbage_is_not_a_reply(octets: bytes) -> None:
    with pytest.raises(Garbage):
        Replies().feed(octets * 100)


def test_what_a_hop_offers() -> None:
    offers = Capabilities.read(
        [b"hop", b"pipelining", b"SIZE 1000", b"AUTH LOGIN", b"AUTH=PLAIN", b"8BITMIME", b"", b"\xff"]
    )
    assert offers == Capabilities(
        pipelining=True, eight_bit=True, sizes=True, size=1000, auth=frozenset({"LOGIN", "PLAIN"})
    )
    assert Capabilities.read([b"hop", b"SIZE 0"]) == Capabilities(sizes=True)
    assert Capabilities.read([b"hop", b"SIZE many"]) == Capabilities(sizes=True)
    assert Capabilities.read([b"PIPELINING"]) == Capabilities()
