"""Cards of what people are asked of a roster."""

from __future__ import annotations

import pytest

from bot.views.cards import Verdict
from bot.views.ids import Action
from bot.views.matters import Card, orphan
from store.concerns import MatterState


@pytest.mark.parametrize("operators", [True, False])
def test_an_orphan_offers_its_adoption_to_who_may_do_it(operators: bool) -> None:
    card = Card(1, "team@groups.example.org", MatterState.OPEN, Verdict(None, None), operators=operators)
    shown = orphan("en", card)
    assert (str(Action.MATTER_ADMINISTRATOR) in str(shown.blocks)) is operators
    assert ("POSTROOM_OPERATORS" in shown.text) is not operators
