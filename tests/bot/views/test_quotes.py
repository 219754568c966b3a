"""What an answer says itself: the ways that programs quote, and people answer above, below and between."""

from __future__ import annotations

import pytest

from bot.views.quotes import stripped

OURS = "Yes, at nine."
WAYS = {
    "gmail": f"{OURS}\n\nOn Mon, 2 Mar 2026 at 09:00, Ada Byron <ada@example.org> wrote:\n\n> Nine?\n> Ada\n",
    "gmail, folded": f"{OURS}\n\nOn Mon, 2 Mar 2026 at 09:00, Ada Byron via Team\n<team@example.org> wrote:\n> Nine?\n",
    "thunderbird, below": f"Le 02/03/2026 à 09:00, Ada Byron a écrit :\n> Nine?\n\n{OURS}\n-- \nLinus\nThe office\n",
    "german": f"{OURS}\n\nAm Mo., 2. März 2026 um 09:00 Uhr schrieb Ada <ada@example.org>:\n> Nine?",
    "from html, without marks": f"{OURS}\n\nOn Mon, 2 Mar 2026 at 09:00, Ada wrote:\n\nNine?\nAda",
    "outlook": f"{OURS}\n\n________________________________\nFrom: Ada\nSent: Monday\nTo: Team\nSubject: Nine\n\nNine?",
    "outlook, french": f"{OURS}\n\nDe : Ada\nEnvoyé : lundi 2 mars\nÀ : Team\nObjet : Neuf\n\nNine?",
    "older outlook": f"{OURS}\n\n-----Message d'origine-----\nDe : Ada\n\nNine?",
    "phone": f"{OURS}\n\nEnvoyé de mon iPhone\n\nLe 2 mars 2026 à 09:00, Ada a écrit :\n\n> Nine?",
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_quoted_goes(way: str) -> None:
    assert stripped(WAYS[way]) == OURS


def test_what_stands_between_quotations_stays_and_so_does_what_only_looks_like_one() -> None:
    assert stripped("> Nine?\nYes.\n> And where?\nHere.") == "Yes.\nHere."
    assert stripped("On Monday we meet.\nLe lundi aussi.") == "On Monday we meet.\nLe lundi aussi."
    assert stripped("From: the bottom of my heart") == "From: the bottom of my heart"
    assert stripped("> all of it") == ""


def test_no_shape_takes_its_time() -> None:
    for text in ("On " * 100_000, "On x\n" * 50_000, "-" * 200_000, "_" * 19 + "x", "From: x\n" * 50_000):
        stripped(text)
