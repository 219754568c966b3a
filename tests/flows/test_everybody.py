"""A group takes mail from the wizard's last click on, and a mail to its thousand contacts reaches each of them once."""

from __future__ import annotations

from bot.sandbox.tour import Tour
from tests.flows.town import PATIENCE, Town, contacts

CONTACTS = 1_000
LINE = "The quick brown fox jumps over the lazy dog and comes back for the rest.\r\n"
SIZE = 10 * 1024


async def test_from_the_last_click_to_a_thousand_mailboxes(town: Town) -> None:
    bridge, bot = await town.bridge(), await town.bot()
    tour = Tour(town.pocket)
    await tour.create()
    # The modal has just said that the group takes mail: it does, at the first try.
    said = await town.submit(tour.address)
    assert said.startswith("2.0.0"), said
    await town.finished()
    assert town.sink.recipients == set(tour.contacts)

    everybody = contacts(CONTACTS)
    (town.folder / "groups.yaml").write_text(f"groups:\n  - address: {tour.address}\n    contacts_file: people.csv\n")
    (town.folder / "people.csv").write_text("".join(f"{address},\n" for address in everybody))
    imported = await town.run("store", "import", "groups.yaml")
    assert await imported.ended() == 0, imported.log
    raw = town.mail(tour.address) + (LINE * (SIZE // len(LINE))).encode()
    await town.submit(tour.address, raw)
    await town.until(town.all_done)
    first, second = await town.posts()
    copies = {recipient: n for (recipient, mail), n in town.sink.taken.items() if mail == "<story-2@example.org>"}
    assert copies == dict.fromkeys([*everybody, *tour.contacts], 1)
    counts = (await town.report(second.id)).counts
    total = CONTACTS + len(tour.contacts)
    assert (counts["expanded"], counts["relayed"], counts.get("repeated", 0)) == (total, total, 0)
    assert (await town.report(first.id)).counts["relayed"] == len(tour.contacts)
    await town.pocket.wait_message("ada", "#reports", f"relayed to {total} of {total}", timeout=PATIENCE)
    for program in (bot, bridge):
        assert await program.end() == 0
