"""What is asked of Slack without posting, and what is taken back: blocks.validate and files.delete."""

from __future__ import annotations

from tests.bot.sandbox.conftest import Rig
from tests.bot.sandbox.shapes import modal, question, section, typed
from tests.bot.sandbox.test_webapi import error, refused


async def test_blocks_are_looked_at_without_being_posted(rig: Rig) -> None:
    call = rig.client.api_call
    message = {"text": "x", "blocks": [section()]}
    for given in ({"blocks": [section()]}, {"message": message}, {"view": modal(section())}):
        assert (await call("blocks.validate", json=given))["ok"]
    long = await refused(call("blocks.validate", json={"blocks": [section("x" * 3_001)]}))
    assert (long["error"], "/blocks/0/text" in long["errors"][0]) == ("invalid_blocks", True)
    unsent = {"view": modal(question("name", typed("name"))) | {"submit": None}}
    assert await error(call("blocks.validate", json=unsent)) == "invalid_blocks"
    assert await error(call("blocks.validate", json={"message": 7})) == "invalid_blocks"
    assert await error(call("blocks.validate", json={})) == "invalid_arguments"
    assert await rig.pocket.messages("ada", "#general") == []


async def test_a_file_of_ours_goes_with_the_message_that_was_only_it(rig: Rig) -> None:
    asked = await rig.client.files_getUploadURLExternal(filename="a.csv", length=3)
    async with rig.session.post(str(asked["upload_url"]), data=b"abc") as answer:
        assert answer.status == 200
    await rig.client.files_completeUploadExternal(files=[{"id": asked["file_id"]}], channel_id="C0REPORTS")
    assert len(await rig.pocket.messages("ada", "#reports")) == 1
    await rig.client.files_delete(file=str(asked["file_id"]))
    assert await rig.pocket.messages("ada", "#reports") == []
    assert await error(rig.client.files_delete(file=str(asked["file_id"]))) == "file_not_found"
    theirs = await rig.pocket.post("attach", person="ada", name="b.csv", content="YWJj")
    assert await error(rig.client.files_delete(file=theirs["file"]["id"])) == "cant_delete_file"
    await rig.pocket.control(revoke=["files:write"])
    assert await error(rig.client.files_delete(file=theirs["file"]["id"])) == "missing_scope"
