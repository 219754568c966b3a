"""The wizard's views: within Slack's limits whatever is typed, nothing lost between the steps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views import limits, people, review, settings, state
from bot.views.draft import Draft, DraftTooLarge
from bot.views.ids import Field
from store.terms import MEGABYTE

NASTY = "<!channel> *bold* <@U1> :smile: \u202egnp & <http://evil.example|x>"
FULL = {
    Field.LOCAL.value: "team",
    Field.DOMAIN.value: "example.org",
    Field.DISPLAY_NAME.value: NASTY,
    Field.MAX_RECEIVE.value: "25 MB",
    Field.SUBSCRIPTION.value: "open",
    Field.REPORT_CHANNEL.value: "C1",
    Field.HIDDEN.value: "yes",
}


def typed(view: dict[str, Any]) -> dict[str, Any]:
    """The view as Slack would send it back untouched: initial values as its state."""
    values: dict[str, Any] = {}
    kinds = {
        "initial_value": "value",
        "initial_option": "selected_option",
        "initial_options": "selected_options",
        "initial_users": "selected_users",
        "initial_conversation": "selected_conversation",
    }
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            values[block["block_id"]] = {
                element["action_id"]: {kinds[key]: value for key, value in element.items() if key in kinds}
            }
    return {**view, "state": {"values": values}}


@pytest.mark.parametrize("domains", [("example.org",), ("example.org", "example.net")])
@pytest.mark.parametrize("group_id", [None, 7])
def test_the_settings_step_keeps_what_was_typed(domains: tuple[str, ...], group_id: int | None) -> None:
    draft = Draft(settings=FULL, group_id=group_id, version=3)
    view = settings.step("en", draft, domains, address="team@example.org")
    assert limits.check_view(view) == []
    back = typed(view)
    assert state.text(back, Field.DISPLAY_NAME) == NASTY
    assert state.text(back, Field.MAX_RECEIVE) == "25 MB"
    assert state.choice(back, Field.SUBSCRIPTION) == "open"
    assert state.choice(back, Field.POSTING) == "members"
    assert state.channel(back, Field.REPORT_CHANNEL) == "C1"
    assert state.ticked(back, Field.HIDDEN) == {"yes"}
    assert state.has(back, Field.LOCAL) is (group_id is None)
    assert Draft.unpack(view["private_metadata"]) == draft
    more = settings.more("en", draft, address="team@example.org")
    assert limits.check_view(more) == []
    # Every setting has its input on one of the two pages.
    assert all(state.has(view, one.field) is not state.has(more, one.field) for one in settings.SETTINGS)
    assert state.text(typed(more), Field.ALIASES) == ""
    assert Draft.unpack(more["private_metadata"]) == draft


def test_a_hidden_tick_that_is_taken_off_is_off() -> None:
    view = settings.step("en", Draft(settings={**FULL, Field.HIDDEN.value: "no"}), ("example.org",))
    assert state.ticked(typed(view), Field.HIDDEN) == frozenset()


def test_the_people_step_keeps_whom_was_picked() -> None:
    draft = Draft(
        added={
            "administrators": ("U1",),
            "contacts": ("U2", "U3"),
            "outside": ("Jo Doe <jo@example.org>", "al@example.net"),
        },
        also_contacts=True,
    )
    view = people.step("en", draft)
    assert limits.check_view(view) == []
    back = typed(view)
    assert state.people(back, Field.ADMINISTRATORS) == ("U1",)
    assert state.people(back, Field.CONTACTS) == state.people_drawn(back, Field.CONTACTS) == ("U2", "U3")
    assert state.text(back, Field.OUTSIDE) == "Jo Doe <jo@example.org>\nal@example.net"
    assert state.text_drawn(back, Field.OUTSIDE) == state.text(back, Field.OUTSIDE)
    echoed = json.loads(json.dumps(back).replace("<jo@", "&lt;jo@").replace("org>", "org&gt;"))
    assert state.text_drawn(echoed, Field.OUTSIDE) == state.text(back, Field.OUTSIDE)
    assert state.ticked(back, Field.ALSO_CONTACTS)


def test_a_roster_too_large_for_the_form_is_counted_instead() -> None:
    roster = people.Roster(administrators=("U1",), count=12_345, too_many=True)
    view = people.step("en", Draft(group_id=1, version=1), roster)
    assert limits.check_view(view) == []
    assert not state.has(view, Field.CONTACTS)
    assert not state.has(view, Field.OUTSIDE)
    assert any("12345 contacts" in block.get("text", {}).get("text", "") for block in view["blocks"])


def subject(number: int, name: str = NASTY) -> review.Subject:
    flags = ((Field.ADMINISTRATORS,), (Field.MODERATORS, Field.CONTACTS), (Field.CONTACTS,))[number % 3]
    return review.Subject(
        slack_id=f"U{number}" if number % 2 else None,
        name=name,
        address="" if number % 5 == 1 else f"p{number}@example.org",
        flags=flags,
    )


@pytest.mark.parametrize("count", [0, 1, 40, 300])
def test_the_review_fits_and_nothing_in_it_acts(count: int) -> None:
    subjects = [subject(number, NASTY * 3) for number in range(count)]
    view = review.create(
        "en", Draft(settings=FULL), "team@example.org", subjects, route="team@mail.example.org",
        notes=["*note*"] * 12,
    )  # fmt: skip
    assert limits.check_view(view) == []
    said = "\n".join(
        text["text"] for block in view["blocks"] for text in [block.get("text"), *block.get("fields", ())] if text
    )
    for act in ("<!channel", "<http", "*bold*", "\u202e"):
        assert act not in said
    assert ("and 260 more people" in said) is (count == 300)


def test_the_review_of_changes_shows_before_and_after() -> None:
    changes = [
        review.Change("subscription", "moderated", "open"),
        review.Change("max_receive_size", "", "10MB"),
        review.Change("hidden", "no", "yes"),
        review.Change("report_channel", "C1", ""),
        review.Change("display_name", "Old", "New & <b>"),
    ]
    view = review.change(
        "en", Draft(group_id=1, version=2), "team@example.org", changes, [subject(1)], [subject(2)], notes=["x"]
    )
    assert limits.check_view(view) == []
    said = "\n".join(block["text"]["text"] for block in view["blocks"] if "text" in block)
    assert "*Joining*: Moderated: an administrator approves → Open: anyone joins at once" in said
    assert "*Largest message received*: the server's limit → 10 MB" in said
    assert "*Report channel*: <#C1> → none" in said
    assert "*Display name*: Old → New &amp; &lt;b&gt;" in said
    assert "*Added*" in said
    assert "*Removed*" in said


def test_a_review_without_changes_says_so() -> None:
    view = review.change("en", Draft(group_id=1, version=2), "team@example.org", [], [], [])
    assert any(block.get("text", {}).get("text") == "Nothing was changed." for block in view["blocks"])


@pytest.mark.parametrize("made", [True, False])
def test_the_last_view_has_nothing_to_submit(made: bool) -> None:
    view = review.done("en", "team@example.org", 4, made=made)
    assert limits.check_view(view) == []
    assert "submit" not in view
    assert any(block["type"] == "actions" for block in view["blocks"]) is made


def test_every_setting_shows_every_value() -> None:
    for setting in settings.SETTINGS:
        for choice in setting.choices or ():
            assert settings.shown("en", setting.field.value, choice.value)
        assert settings.shown("en", setting.field.value, "")
    assert settings.shown("en", "max_send_size", str(5 * MEGABYTE)) == "5 MB"


ids = st.integers(0, 40).map(lambda n: f"U{n}")
picks = st.lists(ids, max_size=20, unique=True)


@given(picks, st.lists(picks, max_size=4))
def test_any_sequence_of_picks_ends_as_picked(existing: list[str], rounds: list[list[str]]) -> None:
    draft = Draft(group_id=1)
    for after in rounds:
        draft = draft.with_choice(Field.CONTACTS, draft.roster(Field.CONTACTS, existing), after)
        assert set(draft.roster(Field.CONTACTS, existing)) == set(after)
        assert not set(draft.chosen(Field.CONTACTS)) & set(existing)
        assert set(draft.dropped(Field.CONTACTS)) <= set(existing)


@given(
    st.dictionaries(st.sampled_from([f.value for f in Field]), st.text(min_size=1, max_size=60)), picks, st.booleans()
)
def test_a_draft_comes_back_as_it_was(texts: dict[str, str], picked: list[str], also: bool) -> None:
    draft = Draft(texts, {"contacts": tuple(picked)} if picked else {}, {}, also, 3, 9)
    assert Draft.unpack(draft.pack()) == draft


def test_a_draft_of_hundreds_of_people_is_refused_not_cut() -> None:
    assert Draft(added={"contacts": tuple(f"U{n * 7919:09X}" for n in range(100))}).pack()
    with pytest.raises(DraftTooLarge):
        Draft(added={"outside": tuple(f"{hash(str(n)):x}@example.org" for n in range(400))}).pack()


@given(st.text(max_size=60))
def test_what_is_no_draft_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="draft"):
        Draft.unpack(text)


@pytest.mark.parametrize(("follows", "told"), [("", False), ("C0GENERAL", True)])
def test_guests_and_bots_are_told_of_where_something_is_followed(follows: str, told: bool) -> None:
    settings = {**FULL, "follows": follows, "follow_guests": "no", "follow_bots": "no"}
    view = review.create("en", Draft(settings=settings), "team@example.org", [])
    assert ("of what it follows" in str(view)) is told
