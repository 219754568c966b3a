"""A group's week as its channel shows it in a real (pocket) workspace, and what its button tells."""

from __future__ import annotations

from datetime import timedelta

from bot.views.ids import Action
from mailbridge import keeping
from store import posts
from store.terms import Language
from tests.bot.conftest import Office
from tests.bot.test_waiting import hold


async def test_the_channel_reads_it_in_the_groups_language_and_moderators_open_the_figures(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS", language=Language.FR)
    assert await keeping.tell_weeks(office.database) == 0
    await hold(office, group)
    async with office.database.writing() as tx:  # a week ago: the clock of a running bot cannot be turned
        await office.enrol(tx, group, "o@else.example")
        found = await tx.get_one(type(group), group.id)
        assert found.digest_at is not None
        found.digest_at = begun = found.digest_at - timedelta(weeks=1)
        (post,) = await posts.waiting(tx, [found.id or 0])
        post.created_at = begun - timedelta(days=1)
        tx.add_all([found, post])
    assert await keeping.tell_weeks(office.database) == 1
    told = office.pocket.text(await office.pocket.wait_message("linus", "#reports", "les sept jours"))
    for words in ("team@groups.example.org", "1 message", "1 en attente", "1 message est en attente d'une décision."):
        assert words in told, told
    assert "est arrivé" not in told  # that was this week
    assert (await office.pocket.click("linus", Action.FIGURES_PAGE, channel="#reports"))["ok"]
    await office.pocket.wait_message("linus", "#reports", "Only moderators and administrators")
    assert (await office.pocket.click("grace", Action.FIGURES_PAGE, channel="#reports"))["ok"]
    await office.pocket.wait_message("grace", "#reports", "the last 30 days")
