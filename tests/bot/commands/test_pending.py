"""What waits for a person, in the answer to the command and in Home: held posts beside requests."""

from __future__ import annotations

from store import posts
from store.terms import Action, Decision, PostState, Reason, Standing
from tests.bot.commands.conftest import ADA, LINUS, MARGARET, Office


async def hold(
    office: Office, subject: str, *, authenticated: bool = False, author: str = "mallory@example.com"
) -> int:
    """A stranger's post that waits for a moderator; gives its id."""
    group = await office.group()
    assert group is not None
    assert group.id is not None
    message = posts.NewMessage(
        raw=b"Subject: x\r\n\r\nbody\r\n", public_id=subject, author=author, subject=subject,
        authenticated=authenticated, verdict="" if authenticated else "checks_failed",
    )  # fmt: skip
    decision = Decision(Action.HOLD, (Reason("non_member", {"author": author, "group": group.address}),))
    submission = posts.Submission(group.id, Standing.STRANGER, decision, fingerprint=subject)
    async with office.database.writing() as tx:
        submitted = await posts.submit(tx, message, [submission])
    (post,) = submitted.posts
    assert post.id is not None
    return post.id


async def state(office: Office, post_id: int) -> PostState:
    async with office.database.reading() as tx:
        post = await posts.get(tx, post_id)
    assert post is not None
    return post.state


async def test_held_posts_wait_with_their_buttons(office: Office) -> None:
    await office.create()
    post_id = await hold(office, "Win <!channel> *now*")
    told = await office.ask(ADA, "pending")
    assert "a post by mallory@example.com has been held" in told
    assert "Win &lt;!channel&gt; ∗now∗" in told
    assert "mallory@example.com is not a member of" in told  # why it waits, for who decides here has seen no card
    assert "The author's address was checked, and nothing proves it." in told
    assert "then it expires" in told
    assert "Reject" not in told  # nobody proved the address, so nobody is written to
    assert "Nothing waits for you" in await office.ask(LINUS, "pending")
    await office.pocket.open_home(ADA)
    await office.pocket.wait_home(ADA, contains="has been held since")
    await office.pocket.wait_home(ADA, contains="mallory@example.com is not a member of")
    await office.pocket.click(ADA, "post.claim", home=True)
    await office.pocket.wait_home(ADA, contains=f"<@{ADA}> is looking at it")
    assert f"<@{ADA}> is looking at it" in await office.ask(ADA, "pending")
    await office.pocket.click(ADA, "post.unclaim", home=True)
    await office.pocket.wait_home(ADA, contains="I'll look at it")
    await office.pocket.click(ADA, "post.discard", home=True)
    await office.pocket.wait_home(ADA, contains="Nothing waits for you")
    assert await state(office, post_id) is PostState.DISCARDED


async def test_what_slack_may_not_show_is_not_shown(office: Office) -> None:
    await office.create()
    await hold(office, "Salaries", authenticated=True)
    assert "Salaries" in await office.ask(ADA, "pending")
    await office.ask(ADA, "settings team slack_content none")
    told = await office.ask(ADA, "pending")
    assert "Salaries" not in told
    assert "Reject" in told


async def test_a_long_queue_comes_in_pages(office: Office) -> None:
    await office.create()
    await office.ask(LINUS, "join team")
    for n in range(12):
        await hold(office, f"Mail {n:02}", author=f"m{n}@example.com")
    told = await office.ask(ADA, "pending")
    assert "*13 things wait for you*" in told
    assert ("asks to join" in told, "Mail 08" in told, "Mail 09" in told) == (True, True, False)
    await office.pocket.click(ADA, "pending.page#2", channel="#general")
    message = await office.pocket.wait_message(ADA, "#general", "Mail 11")
    told = office.pocket.text(message)
    assert ("asks to join" in told, "Mail 08" in told, "Mail 09" in told) == (False, False, True)
    await office.pocket.open_home(ADA)
    await office.pocket.wait_home(ADA, contains="Mail 08")
    await office.pocket.click(ADA, "pending.page#2", home=True)
    await office.pocket.wait_home(ADA, contains="Mail 11")


async def test_what_a_card_offers_beside_is_offered_where_things_wait_too(office: Office) -> None:
    await office.create(people={"moderators": [LINUS]})
    first = await hold(office, "First", authenticated=True, author="jo@example.com")
    forged = await hold(office, "Forged")
    await office.ask(MARGARET, "join team")
    await office.pocket.open_home(LINUS)
    home = str(await office.pocket.wait_home(LINUS, contains="Forged"))
    assert f"why {forged}" in home
    assert f"ban {forged}" in home
    assert f"always {forged}" not in home  # nothing proves who wrote it
    await office.pocket.click(LINUS, "post.menu", home=True, block_id=f"p{forged}", value=f"why {forged}")
    await office.pocket.wait_modal(LINUS, contains="mallory@example.com is not a member of")
    await office.pocket.close(LINUS)
    await office.pocket.click(LINUS, "post.menu", home=True, block_id=f"p{first}", value=f"always {first}")
    await office.pocket.wait_modal(LINUS, contains="from now on proven posts of this author")
    await office.submit(LINUS)
    await office.pocket.wait_for(lambda: gone(office, LINUS, "First"), what="Home without the post")
    assert await state(office, first) is PostState.ACCEPTED
    assert "jo@example.com" in await office.ask(ADA, "allow team")
    await office.ask(LINUS, "pending")
    await office.pocket.click(LINUS, "post.menu", channel="#general", block_id=f"p{forged}", value=f"ban {forged}")
    await office.pocket.wait_modal(LINUS, contains="Only mallory@example.com")
    await office.submit(LINUS)
    await office.pocket.wait_modal(LINUS, contains="mallory@example.com")
    # Between the click and the submit the right may go.
    assert "Removed" in await office.ask(ADA, "remove team @linus")
    await office.submit(LINUS)
    assert await state(office, forged) is PostState.HELD
    await office.pocket.open_home(ADA)
    await office.pocket.wait_home(ADA, contains="asks to join")
    await office.pocket.click(ADA, "request.ban", home=True)
    await office.pocket.wait_modal(ADA, contains="This request is denied")


async def gone(office: Office, person: str, words: str) -> bool:
    home = await office.pocket.home(person)
    return home is not None and words not in office.pocket.text(home)
