"""The page's language switch and the tour's list, by clicks."""

from __future__ import annotations

import asyncio

from playwright.async_api import expect

from store import persons
from tests.browser.desk import MARKS, Desk
from tests.browser.place import Place

pytestmark = MARKS


async def test_the_page_speaks_french_and_so_does_slack_to_its_reader(desk: Desk, place: Place) -> None:
    page = desk.page
    await desk.button("Français").click()
    await expect(page.get_by_text("en direct", exact=True)).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "fr"
    await speaks(place, "fr-FR")
    await page.get_by_label("Message ou commande").fill("/group réglages personne@example.org")
    await page.get_by_role("button", name="Envoyer", exact=True).click()
    await expect(page.get_by_text("Il n'y a pas de groupe personne@example.org")).to_be_visible()
    assert await desk.nameless() == []
    # What Slack's own client says of a field is in its reader's language too.
    await page.get_by_label("Message ou commande").fill("/group créer")
    await page.get_by_role("button", name="Envoyer", exact=True).click()
    form = desk.dialog("Nouveau groupe (1 sur 3)")
    await form.get_by_role("button", name="Suivant", exact=True).click()
    await expect(form.get_by_role("alert").first).to_have_text("Veuillez remplir ce champ obligatoire.")
    await form.get_by_role("button", name="Annuler", exact=True).click()
    await page.get_by_label("Message ou commande").fill("/nulle part")
    await page.get_by_role("button", name="Envoyer", exact=True).click()
    await expect(page.get_by_text("/nulle n'est pas une commande valide.")).to_be_visible()
    await desk.button("English").click()
    await expect(page.get_by_text("live", exact=True)).to_be_visible()
    await speaks(place, "en-GB")


async def speaks(place: Place, locale: str) -> None:
    """Until Slack has it of Ada, and has told the bot, which answers in it from then on."""
    async with asyncio.timeout(30):
        while True:
            async with place.database.reading() as tx:
                ada = await persons.by_slack(tx, "U0ADA")
            there = (await place.pocket.state("U0ADA"))["me"]["locale"]
            if ada is not None and there == locale and ada.locale[:2] == locale[:2]:
                return
            await asyncio.sleep(0.05)


async def test_the_list_brings_forward_who_and_where(desk: Desk) -> None:
    page = desk.page
    await page.get_by_text("The tour, to click through yourself").click()
    assert await desk.nameless() == []
    await desk.button("Begin again").click()
    await expect(page.get_by_text("(0 of 8 done)")).to_be_visible()
    await desk.button("Show me step 2").click()
    await expect(page.get_by_label("Act as")).to_have_value("U0MARGARET")
    await expect(page.get_by_label("Message or slash command")).to_be_focused()
    await desk.button("Show me step 3").click()
    await expect(page.locator("#room-name")).to_contain_text("moderators")
    await desk.button("Show me step 4").click()
    await expect(page.get_by_label("To", exact=True)).to_be_focused()
