"""Bans and allowed authors by command: listed, added, removed, and what cannot be."""

from __future__ import annotations

from tests.bot.commands.conftest import ADA, LINUS, Office


async def test_the_lists_by_command(office: Office) -> None:
    await office.create()
    for text, told in (
        ("ban team", "has banned nobody"),
        ("ban team spam.example", "@spam.example is banned from"),
        ("ban team add @spam.example", "was banned from"),
        ("ban team", "• @spam.example, "),
        ("ban team remove spam.example", "is no longer banned from"),
        ("ban team remove spam.example", "is not among them"),
        ("ban team remove", "Type an address, a domain or a pattern"),
        ("ban team *@*.?", "would match everybody"),
        ("ban team @grace", "is no mail address"),
        ("ban team example.org", "who decides in"),
        ("allow team ann@partner.example", "like a member's now"),
        ("allow team partner.example", "is not one address"),
        ("allow team", "always takes the posts of 1 author:"),
    ):
        assert told in await office.ask(ADA, text)
    assert "Only moderators and administrators" in await office.ask(LINUS, "ban team")
