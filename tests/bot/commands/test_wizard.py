"""The wizard as a person walks it, over real sockets, on a real database."""

from __future__ import annotations

from store import groups, memberships
from tests.bot.commands.conftest import Office


async def test_a_group_is_made_in_three_steps(office: Office) -> None:
    await office.create(people={"contacts": ["U0LINUS"], "outside": "Jo Doe <jo@example.com>\nal@example.com"})
    async with office.database.reading() as tx:
        group = await groups.find(tx, "team@groups.example.org")
        assert group is not None
        assert group.display_name == "The team"
        assert group.report_channel == "C0REPORTS"
        counts = await memberships.counts(tx, group.id)
    assert (counts.contacts, counts.administrators) == (3, 1)
