"""What a French reader is shown where English shows the same by other rules: sizes, and a group of no contacts."""

from __future__ import annotations

import json
import re

import pytest

from bot.views import compose, groups, naming, settings
from bot.views.draft import Draft
from bot.views.ids import Field
from store.composition import Verdict
from store.terms import Action


def spoken(shown: object) -> str:
    """All of a view, as it is read."""
    return json.dumps(shown, ensure_ascii=False)


def test_a_size_in_the_form_is_written_as_the_reader_writes_it() -> None:
    draft = Draft(settings={Field.MAX_RECEIVE: str(20 * 2**20), Field.MAX_SEND: str(3 * 2**19)}, group_id=7)
    form = spoken(settings.step("fr", draft, ("example.org",), address="team@example.org"))
    assert '"initial_value": "20\xa0Mo"' in form
    assert '"initial_value": "1,5\xa0Mo"' in form


def test_the_preview_says_the_size_of_the_mail_in_the_readers_language() -> None:
    verdict = Verdict(Action.ACCEPT, sender="a@example.org", text="Shall we?", size=967)
    shown = compose.Preview(1, "team@example.org", verdict, recipients=9)
    assert "967\xa0octets" in spoken(compose.preview("fr", shown))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_group_without_contacts_is_not_said_to_lose_them(language: str) -> None:
    forms = (
        groups.delete_form(language, 3, "team@example.org", 0),
        naming.rename_form(language, "7 4", "team@example.org", "", 0),
    )
    assert all("team@example.org" in spoken(form) for form in forms)
    assert re.search(r"\b0\s+contacts?\b", spoken(forms)) is None
