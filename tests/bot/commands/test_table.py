"""The command table and the help that is printed from it."""

from __future__ import annotations

import json
import re

import pytest

from bot.acts import members as member_acts
from bot.commands import french
from bot.commands import help as command_help
from bot.commands.binding import bind
from bot.commands.bound import Kind
from bot.commands.grammar import Misread, tokens
from bot.commands.named import Role
from bot.commands.settings import read
from bot.commands.table import ENTRIES, SYNONYMS, TABLE, entry
from bot.permissions import Verb
from bot.views import limits
from bot.views.limits import Surface
from bot.views.settings import BY_NAME
from store.texts import keys, placeholders

PROMISED = [
    "create", "list", "show", "settings", "members", "add", "remove", "join", "leave", "test", "pause", "resume",
    "receive", "pending", "delete", "check", "why", "reports", "log", "password", "doctor", "help", "ban", "allow",
    "import", "export", "post",
    "alias", "rename", "hold", "unhold", "archive", "unarchive", "restore",
]  # fmt: skip


def test_every_promised_verb_is_there_and_no_other() -> None:
    assert set(TABLE) == set(PROMISED)
    assert len(ENTRIES) == len(TABLE)
    assert {row.verb for row in ENTRIES} <= set(Verb)


@pytest.mark.parametrize("operator", [True, False])
def test_help_names_every_command_and_fits(operator: bool) -> None:
    shown = command_help.everything("en", TABLE, "/post-room", operator=operator)
    assert limits.check(Surface.MESSAGE, shown.blocks) == []
    text = json.dumps(shown.blocks)
    for name in TABLE:
        assert (f"`/post-room {name}" in text) is (operator or name not in ("create", "doctor"))


@pytest.mark.parametrize("name", PROMISED)
def test_help_of_one_shows_usage_and_an_example_that_reads(name: str) -> None:
    shown = command_help.one("en", TABLE[name], "/group", "example.org")
    assert limits.check(Surface.MESSAGE, shown.blocks) == []
    text = "\n".join(block["text"]["text"] for block in shown.blocks)
    assert f"`/group {name}" in text
    assert f"/group {name}" in shown.blocks[-1]["text"]["text"]


def test_help_of_the_settings_names_each_of_them_once() -> None:
    shown = command_help.one("en", TABLE["settings"], "/group", "example.org")
    named = re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", shown.blocks[1]["text"]["text"].partition(" changes it: ")[2])
    assert sorted(named) == sorted(BY_NAME)


def test_usage_puts_in_brackets_what_may_be_left_out() -> None:
    assert command_help.usage("en", "/group", TABLE["add"]) == "/group add ADDRESS PEOPLE [as ROLE] [until DATE]"
    assert command_help.usage("en", "/group", TABLE["pause"]) == "/group pause ADDRESS [DATE]"
    assert command_help.usage("en", "/group", TABLE["pending"]) == "/group pending"


@pytest.mark.parametrize(("word", "near"), [("crate", "create"), ("memebrs", "members"), ("del", "delete")])
def test_a_mistyped_verb_gets_the_nearest(word: str, near: str) -> None:
    with pytest.raises(Misread) as caught:
        entry(word)
    assert caught.value.name == "unknown_verb_near"
    assert caught.value.values["near"] == near


def test_words_of_other_list_managers_are_understood_as_hints() -> None:
    assert set(SYNONYMS.values()) <= set(TABLE)
    assert not set(SYNONYMS) & set(TABLE)
    for word, verb in {"subscribe": "join", "info": "show", "?": "help", "ls": "list"}.items():
        with pytest.raises(Misread) as caught:
            entry(word)
        assert (caught.value.name, caught.value.values["near"]) == ("unknown_verb_near", verb)


def test_a_word_like_none_is_pointed_to_the_help() -> None:
    with pytest.raises(Misread) as caught:
        entry("xyzzy" * 100)
    assert caught.value.name == "unknown_verb"
    assert len(caught.value.values["word"]) == 60


def test_every_reading_fault_has_its_text() -> None:
    known = keys("en")
    for kind in Kind:
        assert f"commands.misread.missing_{kind.value}" in known
        assert f"commands.argument.{kind.value}" in known
    for role in Role:
        assert f"commands.flags.{role.value}" in known
    for choice in member_acts.CHOICES:
        assert {f"commands.members.do.{choice}", f"commands.members.did.{choice}"} <= known
    for name in TABLE:
        assert {f"commands.verb.{name}.{part}" for part in ("summary", "more", "example")} <= known


def test_texts_take_only_the_values_they_are_given() -> None:
    """A text of a fault uses what its Misread carries, and `command`."""
    carried = {
        "too_long": {"length", "limit"}, "unknown_setting": {"word", "settings"}, "role_needs_person": {"address"},
        "unknown_choice": {"word", "choices"}, "unknown_choice_near": {"word", "near", "choices"},
        "unknown_setting_near": {"word", "near", "settings"}, "unknown_role_near": {"word", "near"},
        "unknown_verb_near": {"word", "near"}, "unknown_deed_near": {"word", "near"},
        "unknown_trail": {"word", "known"}, "unknown_trail_near": {"word", "near"},
    }  # fmt: skip
    for key in keys("en"):
        name = key.removeprefix("commands.misread.")
        if name != key:
            assert placeholders("en", key) <= {"command"} | carried.get(name, {"word"}), key


def test_french_words_are_taken_for_the_english_ones() -> None:
    assert set(french.VERBS.values()) <= set(TABLE)
    assert not set(french.VERBS) & (set(TABLE) | set(SYNONYMS))
    assert set(TABLE) - set(french.VERBS.values()) == {"alias"}  # which is French
    assert entry("rejoindre") is entry("join")
    assert set(french.SETTINGS.values()) <= set(BY_NAME)
    assert not set(french.SETTINGS) & set(BY_NAME)
    values = {choice.value for setting in BY_NAME.values() for choice in setting.choices or ()}
    assert set(french.VALUES.values()) <= values
    assert not set(french.VALUES) & values
    spoken = {
        "add": (
            "team@example.org @ada jo@example.org comme modérateur",
            "team@example.org @ada jo@example.org as moderator",
        ),
        "join": ("team@example.org à jo@example.org", "team@example.org at jo@example.org"),
        "receive": ("team@example.org miennes non", "team@example.org own off"),
        "ban": ("team@example.org retirer *@example.org", "team@example.org remove *@example.org"),
        "alias": ("team@example.org ajouter equipe", "team@example.org add equipe"),
        "password": ("révoquer imprimante", "revoke imprimante"),
    }
    for verb, (typed, meant) in spoken.items():
        raws = [text.replace("@ada", "<@U0ADA|ada>") for text in (typed, meant)]
        first, second = (bind(entry(verb).arguments, raw, tokens(raw)) for raw in raws)
        assert first == second
    for word, meant in (("Ouvert", "open"), ("Modérée", "moderated"), ("modéré", "moderated"), ("Fermée", "closed")):
        assert read(BY_NAME["subscription"], word) == read(BY_NAME["subscription"], meant)
    assert read(BY_NAME["follows"], "aucun") is None
    assert read(BY_NAME["hidden"], "oui") is True
