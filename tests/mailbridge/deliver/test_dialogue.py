"""Whatever a hop says, in whatever order: every envelope comes back once, and only a 250 to its dot relays it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailbridge.deliver.capabilities import Capabilities
from mailbridge.deliver.dialogue import DOT, Dialogue, HungUp
from mailbridge.deliver.outcome import lost
from mailbridge.deliver.wire import Garbage
from store.terms import DeliveryState
from tests.mailbridge.deliver.scripted import Tray, envelope

CODES = st.sampled_from([200, 250, 250, 250, 250, 251, 334, 354, 354, 354, 421, 450, 452, 500, 503, 550, 552, 554])
RIGHT = {b"MAIL": 250, b"RCPT": 250, b"DATA": 354, b"RSET": 250}


class Book:
    """Follows what a dialogue writes as a hop would: which command each reply answers, and whose dot is out."""

    def __init__(self) -> None:
        self.owed: list[bytes] = []
        self.dots = 0

    def read(self, parts: list[bytes | memoryview]) -> None:
        for part in parts:
            if part == DOT:
                self.owed.append(b"DOT")
                self.dots += 1
            elif isinstance(part, bytes) and part[:4] in RIGHT and part.endswith(b"\r\n") and b": " not in part:
                self.owed.append(part[:4])


@given(
    st.booleans(),
    st.lists(st.integers(1, 3), min_size=1, max_size=5),
    st.lists(st.one_of(st.none(), CODES), max_size=40),
    st.sampled_from([0, 100_000]),
)
def test_every_envelope_comes_back_exactly_once(
    pipelining: bool, sizes: list[int], replies: list[int | None], length: int
) -> None:
    body = b"x\r\n" * (length // 3)
    tray = Tray([
        envelope(*(f"r{index}.{n}@example.org" for n in range(count)), body=body) for index, count in enumerate(sizes)
    ])  # fmt: skip
    dialogue, book, relayed = Dialogue(tray, Capabilities(pipelining=pipelining)), Book(), 0
    try:
        for code in replies:
            while parts := dialogue.due():
                book.read(parts)
                assert pipelining or len(book.owed) <= 1
            if not book.owed:
                break
            command = book.owed.pop(0)
            said = code if code is not None else RIGHT.get(command, 250)
            dialogue.heard(said, [b"2.0.0 text" if said < 300 else b"text"])
            relayed += command == b"DOT" and 200 <= said < 300
    except (HungUp, Garbage):
        pass
    dialogue.lost(lost("the end"))
    dialogue.lost(lost("again"))
    taken = len(sizes) - len(tray.waiting)
    assert len(tray.returned) == taken
    done = [o for o in tray.outcomes.values() if o.state is DeliveryState.RELAYED]
    assert dialogue.answered <= taken
    assert not done or relayed
    uncertain = [o for o in tray.outcomes.values() if o.uncertain]
    assert not uncertain or book.dots > relayed
    assert dialogue.idle
    assert dialogue.due() == []


def test_the_parts_of_a_long_body_are_slices_of_the_shared_one() -> None:
    body = b"y" * 300_000 + b"\r\n"
    tray = Tray([envelope("a@example.org", body=body)])
    dialogue = Dialogue(tray, Capabilities(pipelining=True))
    dialogue.due()
    for code in (250, 250, 354):
        dialogue.heard(code, [b""])
    pieces = []
    while parts := dialogue.due():
        pieces += parts
    views = [piece for piece in pieces if isinstance(piece, memoryview)]
    assert all(view.obj is body for view in views)
    assert b"".join(views) == body
    assert pieces[-1] == DOT
    dialogue.lost(lost("the end"))
