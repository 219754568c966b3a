"""A mail that a device signs in to submit, from its AUTH to the copy a contact gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import aiosmtplib
import pytest

from store.terms import Posting
from tests.mailbridge.intake.room import add_group, add_member
from tests.mailbridge.intake.submitting import ADA, holder, trusting
from tests.mailbridge.whole.bridge import octets, opened


async def test_a_printers_scan_reaches_the_group(database_url: str, free_port: Callable[[], int], pem: Path) -> None:
    port = free_port()
    door = f"127.0.0.1:{port}"
    async with opened(database_url, free_port, submission_listen=door, tls_cert=str(pem)) as whole:
        group = await add_group(whole.database, "scans", posting=Posting.MEMBERS)
        await add_member(whole.database, group, ADA)
        who = await holder(whole.database)
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=True, tls_context=trusting()) as smtp:
            await smtp.login(ADA, who.password.shown)
            await smtp.sendmail(ADA, ["scans@example.org"], f"From: {ADA}\r\nSubject: Scan\r\n\r\nPage 1\r\n")
            with pytest.raises(aiosmtplib.SMTPSenderRefused, match="The return path must be"):
                await smtp.sendmail("eve@example.com", ["scans@example.org"], "From: eve@example.com\r\n\r\n")
        (mail,) = await whole.carried(1)
    seen = message_from_bytes(octets(mail), policy=policy.default)
    assert re.search(r"by mail\.example\.org \(Postroom\) with ESMTPSA id \w+", seen["Received"])
    assert seen["Authentication-Results"].split() == ["mail.example.org;", "auth=pass", f"smtp.auth={ADA}"]
    # What a simple device leaves out (RFC 6409 8.2, 8.3).
    assert seen["Message-ID"].endswith("@mail.example.org>")
    assert seen["Date"] is not None
    assert seen.get_content() == "Page 1\r\n"
