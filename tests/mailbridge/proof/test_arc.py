"""ARC chains: the ValiMail suite, whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailbridge import headers
from mailbridge.proof import arc
from mailbridge.proof.body import Body, Hashed
from tests.mailbridge.proof.signing import RSA_1024, Signer

CORPORA = Path(os.environ.get("POSTROOM_CORPORA", "../shared/corpora"))
SUITE = CORPORA / "arc" / "arc-draft-validation-tests.yml"


def _scenarios() -> list[Any]:
    if not SUITE.exists():
        return [pytest.param({}, {}, id="absent", marks=pytest.mark.skip(reason=f"{SUITE} is not there"))]
    documents = yaml.safe_load_all(SUITE.read_text())
    return [
        pytest.param(case, document["txt-records"] or {}, id=name)
        for document in documents
        if document
        for name, case in document["tests"].items()
    ]


RECORD = Signer(pem=RSA_1024).record
SCENARIOS = _scenarios()


@pytest.mark.parametrize(("case", "zone"), SCENARIOS)
def test_the_suite(case: dict[str, Any], zone: dict[str, str]) -> None:
    raw = case["message"].replace("\r\n", "\n").replace("\n", "\r\n").encode()
    head, _ = headers.split(raw)
    fields = headers.fields(head)
    names = arc.key_names(fields) or ()
    texts = {name: ((text.encode(),) if (text := zone.get(name, "")) else ()) for name in names}
    result = arc.validate(fields, Body(raw, len(head) + 2), texts)
    assert result.result == (case["cv"] or "fail").lower()


def test_the_suite_is_whole() -> None:
    if not SUITE.exists():
        pytest.skip(f"{SUITE} is not there")
    assert len(SCENARIOS) == 171


def test_a_silent_dns_fails_no_chain() -> None:
    found = next((case.values for case in SCENARIOS if case.id == "cv_pass_i1_1"), None)
    if found is None:
        pytest.skip(f"{SUITE} is not there")
    raw = found[0]["message"].replace("\n", "\r\n").encode()
    head, _ = headers.split(raw)
    fields = headers.fields(head)
    texts = dict.fromkeys(arc.key_names(fields) or (), None)
    assert texts
    assert arc.validate(fields, Body(raw, len(head) + 2), texts).result == "temperror"


class Counting(Body):
    """Counts how often it is looked at."""

    looks = 0

    def hashed(self, *, relaxed: bool) -> Hashed:
        self.looks += 1
        return super().hashed(relaxed=relaxed)


def test_a_chain_of_fifty_sets_over_a_full_header_is_bounded() -> None:
    """Fifty sets are the most there may be; each look at the whole header costs as much as it is long."""
    sets = b"".join(
        b"ARC-Seal: i=%d; a=rsa-sha256; cv=%s; d=e.test; s=k; b=AAAA\r\nARC-Message-Signature: i=%d; a=rsa-sha256; "
        b"c=relaxed/relaxed; d=e.test; s=k; h=from; bh=AAAA; b=AAAA\r\nARC-Authentication-Results: i=%d; x; none\r\n"
        % (number, b"pass" if number > 1 else b"none", number, number)
        for number in range(arc.MOST_SETS + 1, 0, -1)
    )
    for raw in (sets, sets.partition(b"ARC-Seal: i=50;")[1] + sets.partition(b"ARC-Seal: i=50;")[2]):
        fields = headers.fields(raw + b"From: a@example.com\r\n" + b"X: y z\r\n" * 700)
        names = arc.key_names(fields)
        assert (names is None) == (raw is sets)
        body = Counting(b"\r\n", 2)
        assert arc.validate(fields, body, {"k._domainkey.e.test": (RECORD,)}).result == "fail"
        assert body.looks == (0 if names is None else 1)
