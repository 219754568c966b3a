"""An operator asks for a checkup in Slack: the bridge runs it, and its findings stand in one message with remedies."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.flows.town import DOMAIN, Town
from tests.mailbridge.deliver.nameserver import Nameserver

ASKER = "ada@example.org"


@pytest.fixture
async def names() -> AsyncIterator[Nameserver]:
    """The DNS of the story: our own name, and an MX that leads elsewhere."""
    server = await Nameserver().start()
    server.zone = {
        (DOMAIN, "A"): ["198.51.100.7"],
        (DOMAIN, "MX"): ["10 mx.example.net."],
        (DOMAIN, "TXT"): ['"v=spf1 ip4:198.51.100.7 -all"'],
        ("mx.example.net", "A"): ["203.0.113.9"],
        (f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=none"'],
    }
    yield server
    server.stop()


async def test_from_the_command_to_the_remedies(town: Town, names: Nameserver) -> None:
    await town.bot()
    bridge = await town.bridge(POSTROOM_NAMESERVERS=names.address)
    await town.pocket.command("ada", "#general", "/group doctor")
    await town.pocket.wait_message("ada", "#general", f"a probe goes to {ASKER}")
    message = await town.pocket.wait_message("ada", "dm", "1 to mend", timeout=90)
    text = town.pocket.text(message)
    assert f"Mail for `{DOMAIN}` goes to mx.example.net" in text
    assert f"→ Publish: `{DOMAIN}. IN MX 10 {DOMAIN}.`" in text
    assert "There are no signing keys" in text  # a warning, with its own remedy
    assert f"A probe to `{ASKER}` was taken" in text
    assert "One click leaves a group" in text
    assert town.sink.recipients == {ASKER}
    assert len([one for one in await town.pocket.messages("ada", "dm") if "Checkup" in town.pocket.text(one)]) == 1
    assert ("PostgreSQL" in text) is town.url.startswith("postgresql")
    assert "checkup.asked" in await town.verbs()
    assert await bridge.end() == 0


async def test_a_bridge_that_starts_late_takes_it_and_one_that_only_listens_does_not(
    town: Town, names: Nameserver
) -> None:
    await town.bot()
    await town.bridge("--role", "intake", POSTROOM_NAMESERVERS=names.address)
    await town.pocket.command("ada", "#general", "/group doctor")
    await town.pocket.wait_message("ada", "dm", "No bridge has answered", timeout=60)
    await town.bridge("--role", "deliver", POSTROOM_NAMESERVERS=names.address)
    message = await town.pocket.wait_message("ada", "dm", "2 to mend", timeout=90)
    text = town.pocket.text(message)
    assert "doors and certificate were not tried" in text
    assert "cannot be reached" in text  # nobody runs the web listener
