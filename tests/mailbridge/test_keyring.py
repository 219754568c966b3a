"""Keys at start: each fault is a line that names the file, and no line holds a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbridge.keyring import KeyFile, KeysRefused, read
from mailbridge.rewrite.keys import Algorithm
from tests.mailbridge.rewrite import rfc8463
from tests.mailbridge.rewrite.oracle import key

DOMAIN = "groups.example.org"


def file(folder: Path, name: str, octets: bytes, *, domain: str = DOMAIN, mode: int = 0o600) -> KeyFile:
    path = folder / name
    path.write_bytes(octets)
    path.chmod(mode)
    return KeyFile(domain, name.partition(".")[0], str(path))


def test_keys_of_both_kinds_and_several_domains(tmp_path: Path) -> None:
    rsa, ed = (key(algorithm).pem() for algorithm in Algorithm)
    files = [
        file(tmp_path, "a.pem", rsa),
        file(tmp_path, "b.pem", ed),
        file(tmp_path, "c.pem", rsa, domain="example.com"),
    ]
    ring = read(files, (f"lists.{DOMAIN}", DOMAIN, "example.com"))
    assert ring.pems == (rsa, ed, rsa)
    assert ring.warnings == ()
    assert [(each.selector, each.algorithm, each.number) for each in ring.identities.speaking_for(DOMAIN)] == [
        ("a", Algorithm.RSA, 0),
        ("b", Algorithm.ED25519, 1),
    ]
    assert [each.number for each in ring.identities.speaking_for("example.com")] == [2]
    assert "PRIVATE" not in repr(ring)


def test_every_fault_has_its_line(tmp_path: Path) -> None:
    rsa = key(Algorithm.RSA).pem()
    files = [
        KeyFile(DOMAIN, "gone", str(tmp_path / "gone.pem")),
        KeyFile(DOMAIN, "folder", str(tmp_path)),
        file(tmp_path, "text.pem", b"hello"),
        file(tmp_path, "cut.pem", rsa[:300]),
        file(tmp_path, "good.pem", rsa),
        file(tmp_path, "twice.pem", rsa),
    ]
    with pytest.raises(KeysRefused) as refusal:
        read(files, (DOMAIN,))
    lines = refusal.value.lines
    for line, name, says in zip(
        lines,
        ("gone.pem", "folder", "text.pem", "cut.pem", "twice.pem"),
        ("No such file", "Is a directory", "no private key in PEM", "no private key in PEM", "second rsa-sha256 key"),
        strict=True,
    ):
        assert line.startswith("POSTROOM_DKIM_KEYS: ")
        assert name in line
        assert says in line
        assert "\n" not in line
        assert rsa.splitlines()[1].decode() not in line


def test_what_works_but_should_not_stay_is_warned_of(tmp_path: Path) -> None:
    files = [
        file(tmp_path, "open.pem", key(Algorithm.RSA).pem(), mode=0o644),
        file(tmp_path, "short.pem", rfc8463.RSA_PEM, domain="example.org"),
        file(tmp_path, "unused.pem", key(Algorithm.RSA).pem(), domain="other.example"),
    ]
    opened, short, unused = read(files, (DOMAIN,)).warnings
    assert "chmod 600" in opened
    assert "open.pem" in opened
    assert "1024 bits" in short
    assert "short.pem" in short
    assert "unused.pem" in unused
    assert "other.example" in unused
