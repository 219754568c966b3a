"""Answers of the DNS, as whoever asks it hands them in."""

from __future__ import annotations

from collections.abc import Mapping

# The TXT records of a name, each with its strings joined; empty where there are none or no such name; None where
# nobody answered, which is never the same as "none".
Texts = tuple[bytes, ...] | None
TextsOf = Mapping[str, Texts]
