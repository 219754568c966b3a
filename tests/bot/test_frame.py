"""The bot answers a command in the pocket workspace."""

from __future__ import annotations

from tests.bot.conftest import Office


async def test_answers_help_to_its_asker_alone(office: Office) -> None:
    answer = await office.pocket.command("ada", "#general", "/group help")
    assert answer["ok"], answer
    message = await office.pocket.wait_message("ada", "#general", "/group create")
    assert message["ephemeral"]
    assert "/group create" not in "".join(map(office.pocket.text, await office.pocket.messages("grace", "#general")))
