"""A bridge with keys: every copy and letter it sends verifies, whatever becomes of the processes that sign."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailbridge.rewrite.keys import Algorithm
from store import letters
from store.terms import Copies, Language, LetterKind
from tests.flows.program import Program
from tests.flows.sink import CountingSink
from tests.flows.town import DOMAIN, Town, contacts
from tests.mailbridge.rewrite.oracle import SELECTOR, key, verdicts


@pytest.fixture
async def keeping(town: Town) -> AsyncIterator[CountingSink]:
    """Takes the place of the town's next hop, and keeps what it takes."""
    sink = CountingSink(keep=True)
    await sink.start()
    town.sink, first = sink, town.sink
    await first.stop()
    yield sink
    await sink.stop()


async def signing(town: Town) -> Program:
    """The bridge with a key of each kind."""
    entries = []
    for number, algorithm in enumerate(Algorithm):
        path = town.folder / f"{number}.pem"
        path.write_bytes(key(algorithm).pem())
        path.chmod(0o600)
        entries.append(f"{DOMAIN}:{SELECTOR}-{number}:{path}")
    return await town.bridge(POSTROOM_DKIM_KEYS=",".join(entries))


def signers(bridge: Program) -> list[int]:
    """The processes that sign, by what the bridge said."""
    return [
        int(found[1])
        for line in bridge.lines
        if "signer.started" in line and (found := re.search(r"pid\W+(\d+)", line))
    ]


async def test_every_copy_verifies_though_the_signers_are_killed(town: Town, keeping: CountingSink) -> None:
    everybody = contacts(1_000)
    group = await town.group("all", everybody)
    bridge = await signing(town)
    await town.submit(group.address)
    await keeping.reaches(100, 90)
    first = signers(bridge)
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    assert keeping.total < len(everybody), "killed too late to tell anything"
    report = await town.finished()
    assert (report.expected, report.counts["relayed"]) == (1_000, 1_000)
    assert (keeping.recipients, keeping.extra) == (set(everybody), 0)
    assert set(signers(bridge)) > set(first)
    assert all(b"List-Unsubscribe-Post:" in raw for _, raw in keeping.kept)
    assert [verdicts(raw) for _, raw in keeping.kept[:: len(keeping.kept) // 50]] == [[True, True]] * 50
    assert verdicts(keeping.kept[0][1].replace(b"/leave/", b"/leave/x")) == [False, False]
    assert "PRIVATE" not in bridge.log
    assert await bridge.end() == 0
    for pid in signers(bridge):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_bridge_told_to_stop_sends_no_unsigned_copy_and_the_next_one_the_rest(
    town: Town, keeping: CountingSink
) -> None:
    everybody = contacts(1_000)
    group = await town.group("all", everybody)
    bridge = await signing(town)
    await town.submit(group.address)
    await keeping.reaches(50, 90)
    assert await bridge.end() == 0
    sent = keeping.total
    assert sent < len(everybody), "stopped too late to tell anything"
    await signing(town)
    report = await town.finished()
    assert (keeping.recipients, keeping.extra, report.counts["relayed"]) == (set(everybody), 0, 1_000)
    around = keeping.kept[sent - 20 : sent + 20]
    assert [verdicts(raw) for _, raw in around] == [[True, True]] * len(around)


async def test_a_shared_copy_and_a_letter_are_signed_too(town: Town, keeping: CountingSink) -> None:
    everybody = contacts(30)
    group = await town.group("all", everybody, copies=Copies.SHARED)
    await signing(town)
    await town.submit(group.address)
    await town.finished()
    async with town.database.writing() as tx:
        grace, person = "grace@example.org", {"person": "Ada"}
        await letters.write(tx, LetterKind.TEST, grace, Language.EN, group_id=group.id, arguments=person)
    await keeping.reaches(31, 90)
    assert keeping.recipients == {*everybody, "grace@example.org"}
    (_, shared), (to, letter) = keeping.kept
    assert to == "grace@example.org"
    assert f"d={DOMAIN};".encode() in letter
    assert verdicts(shared) == verdicts(letter) == [True, True]


async def test_a_start_with_a_bad_key_is_refused_in_a_line_for_each(town: Town) -> None:
    bad = town.folder / "bad.pem"
    bad.write_text("hello")
    entries = f"{DOMAIN}:a:{town.folder}/gone.pem,{DOMAIN}:b:{bad}"
    program = await town.run("mailbridge", POSTROOM_DKIM_KEYS=entries)
    assert await program.ended() == 2
    one, two = program.lines
    assert "gone.pem cannot be read: No such file or directory" in one
    assert "bad.pem is refused, it holds no private key in PEM" in two


def runs(pid: int) -> bool:
    """Whether the process is there, and not only waits for somebody to ask how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")
async def test_signers_end_with_a_bridge_that_is_killed(town: Town, keeping: CountingSink) -> None:
    group = await town.group("all", contacts(1))
    bridge = await signing(town)
    await town.submit(group.address)
    await keeping.reaches(1, 90)
    left = signers(bridge)
    assert left
    await bridge.kill()

    async def gone() -> bool:
        return not any(map(runs, left))

    await town.until(gone)


async def test_a_key_that_others_can_read_is_warned_of(town: Town) -> None:
    path = town.folder / "open.pem"
    path.write_bytes(key(Algorithm.RSA).pem())
    path.chmod(0o644)
    bridge = await town.bridge(POSTROOM_DKIM_KEYS=f"{DOMAIN}:a:{path}")
    assert "chmod 600" in await bridge.says("dkim.warned")
