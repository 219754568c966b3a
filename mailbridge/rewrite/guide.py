"""Guide: what the help letter says of a group, from its settings. Nothing of who is in it."""

from __future__ import annotations

from store.sizes import show
from store.terms import GroupPolicy, Moderation, Posting, Subscription
from store.texts import say


def guide(language: str, group: GroupPolicy) -> dict[str, str]:
    """Return the values of the help letter's text beyond the group's address and name."""
    local, _, domain = group.route.rpartition("@")
    sizes = [
        say(language, f"mail.help.{name}", limit=show(size, language))
        for name, size in (("largest_taken", group.max_receive_size), ("largest_sent", group.max_send_size))
        if size
    ]
    if group.subscription is Subscription.CLOSED:
        join = say(language, "mail.help.join_closed", owner=f"{local}-owner@{domain}")
    else:
        join = say(language, f"mail.help.join_{group.subscription}", address=f"{local}-join@{domain}")
    return {
        "posting": say(language, f"mail.help.posting_{group.posting}"),
        "moderation": _moderation(language, group),
        "join": join,
        "leave": say(language, f"mail.help.leave_{group.leave}"),
        "sizes": " ".join(sizes) or say(language, "mail.help.sizes_usual"),
        "owner": f"{local}-owner@{domain}",
    }


def _moderation(language: str, group: GroupPolicy) -> str:
    if group.posting is not Posting.ANYONE:
        return say(language, f"mail.help.moderation_{group.moderation.name.lower()}")
    if group.moderation is Moderation.NONE:
        return ""  # nobody's message waits, and nobody's is refused for who wrote it
    outsiders = group.moderation is Moderation.NON_MEMBERS
    return say(language, "mail.help.moderation_outsiders" if outsiders else "mail.help.moderation_everyone")
