"""Every language beside every other: the same texts with the same values, each really in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from store import languages, moments, sizes, texts
from store.engine import Database
from store.persons import Profile, upsert
from store.schema.request import Request
from store.terms import Language

# The same in both, since it is a name, a layout, or words of a command.
ALIKE = re.compile(
    r"commands\.(modal|home)\.title|commands\.(home\.group|help\.line|show\.head|receive\.of|flags\.contact)"
    r"|commands\.setting\.(copies|mode)\.label|commands\.review\.(setting|person|person_with_address)"
    r"|commands\.argument\.\w+|commands\.verb\.\w+\.example"
    r"|mail\.from\.\w+|slack\.modal\.title|slack\.held\.size|slack\.report\.replaced_one|slack\.passed\.accepted"
    r"|slack\.checkup\.ok"
)
# Slack's own limits, by where a text stands; our views would cut what is longer.
PLACES = (
    (24, r"slack\.(modal|deny|reject|read|details|bouncing)\.(title|submit|close|cancel)"),
    (24, r"commands\.(wizard\.(title_\w+|next|back|cancel|close|create|change)|button\.cancel)"),
    (24, r"commands\.(modal|delete|members|password|join_form|receive|home)\.(title|submit|done)"),
    (30, r".*\.(keep|wait|confirm_(yes|no))"),
    (75, r"commands\.(button|members\.do)\.\w+|.*\.tick|commands\.receive\.(own|addressed)(_hint)?"),
    (75, r"commands\.setting\.(?!local|domain)\w+\.(?!label|hint|example|none|team)[\w-]+"),
)
# None of them is a French word, looks like one, or is a word of commands.
ENGLISH = re.compile(
    r"\b(the|and|of|is|was|are|were|your|you|it|its|not|with|for|by|at|be|been|has|have|this|that|who|what"
    r"|waits|after|before|every|nobody|please)\b"
)
CODE = re.compile(
    r"`[^`]*`|\{\w+\}|\S*[@/_=:]\S+|\b[A-Z]{2,}\b|clé groups|--from|settings, members, requests[a-z, ]*(?=\))"
    r"|Mail to a group|groups\.example\.org|System clock synchronized: yes"
)


def keys() -> Iterator[str]:
    texts._catalogue.cache_clear()
    yield from sorted(texts.keys("en") | texts.keys("fr"))


def forms(language: str, key: str) -> list[str]:
    """A text of the catalogue, or each of its plural forms."""
    text = texts._catalogue(language)[key]
    return [text] if isinstance(text, str) else list(text.values())


def worded(key: str) -> bool:
    """Whether a text says something in words, rather than being a layout, a name or one word of both languages."""
    said = [WORD.findall(CODE.sub("", form)) for form in forms("fr", key)]
    return max(map(len, said)) > 1 and not ALIKE.fullmatch(key)


WORD = re.compile(r"\b[a-zà-ÿ]{2,}\b")


def test_no_language_lacks_a_text() -> None:
    texts._catalogue.cache_clear()
    assert texts.languages() == tuple(sorted(language.value for language in Language))
    files = {language: {p.name[3:] for p in texts.FOLDER.glob(f"{language}.*.toml")} for language in texts.languages()}
    assert files["fr"] == files["en"]
    assert texts.keys("fr") ^ texts.keys("en") == set()
    counted = [key for key in keys() if len(forms("en", key)) != len(forms("fr", key))]
    assert counted == []


def test_what_is_french_is_no_english() -> None:
    same = [key for key in keys() if forms("fr", key) == forms("en", key) and worded(key)]
    left = [
        (key, found[0])
        for key in keys()
        for form in forms("fr", key)
        if (found := ENGLISH.search(CODE.sub("", form))) and not key.startswith("commands.argument")
        if not re.search(r"\b(own|addressed|new|list|revoke|on|off|members, add)\b", found[0])
    ]
    assert (same, left) == ([], [])


def test_french_is_set_as_french_is() -> None:
    """A blank before a colon and the like, which no line may break at; none of it in addresses, codes and numbers."""
    wrong = [
        key
        for key in keys()
        for form in forms("fr", key)
        if re.search(
            r"[^\s\u00a0\u202f:\d][:;?!»](\s|$)| [:;?!»](\s|$)|«[^\u00a0]",
            re.sub(r":\w+:", "", CODE_QUOTED.sub("", form)),
        )
    ]
    assert wrong == []


CODE_QUOTED = re.compile(r"`[^`]*`|System clock synchronized: yes|include:|smtps?://|ip[46]:")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_is_longer_than_its_place(language: str) -> None:
    for limit, pattern in PLACES:
        held = [key for key in keys() if re.fullmatch(pattern, key)]
        assert held
        assert [(key, form) for key in held for form in forms(language, key) if len(form) > limit] == []


def test_sizes_and_times_as_each_language_writes_them() -> None:
    assert [sizes.show(3 * 2**19, language) for language in ("en", "fr", "de")] == ["1.5 MB", "1,5\u00a0Mo", "1.5 MB"]
    for language in ("en", "fr"):
        assert sizes.size(sizes.show(25 * 2**20, language)) == 25 * 2**20
    assert sizes.size("aucune") is None
    kept = {"size": "1.5 MB", "limit": "25 MB", "author": "3 MB"}
    assert sizes.spoken(kept, "fr") == {"size": "1,5\u00a0Mo", "limit": "25\u00a0Mo", "author": "3 MB"}
    assert sizes.spoken({"size": "huge"}, "fr") == {"size": "huge"}


@pytest.mark.parametrize(
    ("address", "group", "spoken"),
    [
        ("Edsger@Example.org", Language.EN, Language.FR),  # known, and French
        ("ada@example.org", Language.FR, Language.EN),
        ("karl@example.org", Language.FR, Language.FR),  # known, and German, which we do not write
        ("gone@example.org", Language.EN, Language.EN),
        ("stranger@example.net", Language.FR, Language.FR),
        ("no address", Language.FR, Language.FR),
    ],
)
async def test_whose_language_a_letter_is_in(
    database: Database, address: str, group: Language, spoken: Language
) -> None:
    async with database.writing() as tx:
        for name, locale in (("edsger", "fr-FR"), ("ada", "en-GB"), ("karl", "de-DE")):
            await upsert(tx, Profile(f"U{name}", name, f"{name}@example.org", locale))
        await upsert(tx, Profile("U4", "gone", "gone@example.org", "fr-FR", deactivated=True))
        assert await languages.of_address(tx, address, group) is spoken
        assert "à 09:30" in moments.show(tx.now.replace(hour=9, minute=30), "fr")


async def test_an_applicant_of_slack_is_told_in_their_own_language_whatever_address_they_give(
    database: Database,
) -> None:
    async with database.writing() as tx:
        edsger = await upsert(tx, Profile("U1", "edsger", "edsger@example.org", "fr-FR"))
        for person_id, address, told in (
            (edsger.id, "e@home.example", Language.FR),
            (None, "e@home.example", Language.EN),
            (None, "edsger@example.org", Language.FR),
        ):
            request = Request(group_id=1, person_id=person_id, address=address, key=address, created_at=tx.now)
            assert await languages.of_applicant(tx, request, Language.EN) is told
