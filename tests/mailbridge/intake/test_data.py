"""The end of data: one sequence ends a message, however it is cut, and what is refused holds no memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbridge.intake.data import Content
from mailbridge.intake.limits import Budget, Limits
from mailbridge.policy import replies
from tests.mailbridge.safety.sequences import SEQUENCES

HEAD = b"From: a@x.test\r\n\r\n"
SMUGGLING = [*SEQUENCES.values(), b"\r\n\0\r\n.\0\r\n", b"\n\n.\n\n"]


def content(most: int = 10_000, limits: Limits | None = None, budget: Budget | None = None) -> Content:
    return Content(limits or Limits(), budget or Budget(10**9), most)


def feed(wanted: Content, octets: bytes, cut: int = 0) -> bytes | None:
    """Feed in pieces of `cut` octets (0: at once); what came after the end."""
    step = cut or len(octets) or 1
    for start in range(0, len(octets), step):
        rest = wanted.feed(octets[start : start + step])
        if rest is not None:
            return rest + octets[start + step :]
    return None


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("sequence", SMUGGLING)
def test_no_other_sequence_ends_data_and_none_is_kept(sequence: bytes, cut: int) -> None:
    wanted = content()
    second = b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<dev@x.test>\r\nDATA\r\nFrom: evil@x.test\r\n\r\nevil"
    rest = feed(wanted, HEAD + b"text" + sequence + second + b"\r\n.\r\nQUIT\r\n", cut)
    assert rest == b"QUIT\r\n"
    assert wanted.refusal == replies.STRAY


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4, 7])
@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"...\r\n..\r\n.\r\n", b"..\r\n.\r\n"),
        (b"a\r\n..b\r\nc.\r\n.\r\n", b"a\r\n.b\r\nc.\r\n"),
        (b"\r\n..\r\n\r\n..\r\n.\r\n", b"\r\n.\r\n\r\n.\r\n"),
    ],
)
def test_transparency(wire: bytes, message: bytes, cut: int) -> None:
    wanted = content()
    assert feed(wanted, wire + b"NOOP\r\n", cut) == b"NOOP\r\n"
    assert wanted.refusal is None
    assert wanted.message() == message


@given(st.lists(st.sampled_from([b"", b".", b"..", b".a", b"text", b"\xff"]), max_size=12), st.integers(1, 9))
def test_what_is_stuffed_comes_back_whole_however_it_is_cut(lines: list[bytes], cut: int) -> None:
    message = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    wanted = content()
    assert feed(wanted, stuffed + b".\r\nRSET\r\n", cut) == b"RSET\r\n"
    assert wanted.refusal is None
    assert wanted.message() == message


@given(st.binary(max_size=60), st.integers(1, 7))
def test_cutting_changes_nothing(octets: bytes, cut: int) -> None:
    whole, pieces = content(), content()
    assert feed(whole, octets + b"\r\n.\r\n") == feed(pieces, octets + b"\r\n.\r\n", cut)
    assert whole.refusal == pieces.refusal
    if whole.refusal is None:
        assert whole.message() == pieces.message()


@pytest.mark.parametrize("cut", [0, 1, 1000])
def test_the_size_is_counted_without_transparency_dots(cut: int) -> None:
    body = HEAD + b"..\r\n" * 100
    exact = len(HEAD) + 3 * 100
    for most, refusal in ((exact, None), (exact - 1, replies.TOO_BIG)):
        wanted = content(most)
        assert feed(wanted, body + b".\r\n", cut) == b""
        assert wanted.refusal == refusal


@pytest.mark.parametrize(
    ("octets", "refusal"),
    [
        (b"X: y\r\n" * 200, replies.HEADER_TOO_BIG),
        (b"X: y\r\n" * 200 + b"\r\nbody", replies.HEADER_TOO_BIG),
        (b"X: y\r\n" * 150 + b"\r\nbody", None),
        (b"X: " + b"y" * 600 + b"\r\n", replies.LINE_TOO_LONG),
        (HEAD + b"y" * 600 + b"\r\n", replies.LINE_TOO_LONG),
        (HEAD + b"y" * 400 + b"\r\n" + b"z" * 600, replies.LINE_TOO_LONG),
        (HEAD + (b"y" * 400 + b"\r\n") * 20, None),
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 64])
def test_header_and_line_limits(octets: bytes, refusal: object, cut: int) -> None:
    wanted = content(100_000, Limits(header_octets=1000, line_octets=500))
    assert feed(wanted, octets + b"\r\n.\r\n", cut) == b""
    assert wanted.refusal == refusal


def test_what_is_refused_gives_its_memory_back_at_once() -> None:
    budget = Budget(5000)
    wanted = content(4000, budget=budget)
    wanted.feed(HEAD + b"a\r\n" * 1000)
    assert not budget.take(4000)
    wanted.feed(b"a\r\n" * 1000)
    assert wanted.refusal == replies.TOO_BIG
    assert budget.take(5000)


def test_a_crowd_is_told_to_come_back() -> None:
    budget = Budget(1000)
    first, second = content(budget=budget), content(budget=budget)
    first.feed(HEAD + b"a\r\n" * 200)
    assert feed(second, HEAD + b"a\r\n" * 200 + b".\r\n") == b""
    assert second.refusal == replies.CROWDED
    first.release()
    first.release()
    assert budget.take(1000)
    assert not budget.take(1)
