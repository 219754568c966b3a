"""The page in its languages, and the tour's checklist: every word is there, and a step is ticked by what is seen."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from bot.sandbox import strings
from bot.sandbox.checklist import STEPS

PAGE = Path(strings.__file__).with_name("page")
# Said through a variable: whose part somebody has, and how a mail is written.
INDIRECT = {"owner", "admin", "guest", "member", "As this person", "Pretending to be them", "As a stranger"}


class Texts(HTMLParser):
    """The texts and spoken labels of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name == "aria-label" and value}

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.add(data.strip())


def test_no_word_of_the_page_lacks_its_french() -> None:
    page = Texts()
    page.feed((PAGE / "index.html").read_text("utf-8"))
    code = "\n".join(path.read_text("utf-8") for path in sorted(PAGE.glob("*.js")))
    said = page.found | set(re.findall(r'\bw\("([^"]+)"', code)) | set(re.findall(r'does: "([^"]+)"', code)) | INDIRECT
    known = {value for name, value in vars(strings).items() if name.isupper() and isinstance(value, str)}
    assert len(said) > 60
    assert said - set(strings.FRENCH) == set()
    assert set(strings.FRENCH) - said - known == set()
    for english, french in strings.FRENCH.items():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", french))
    assert re.findall(r'id: "(\w+)"', (PAGE / "tour.js").read_text("utf-8")) == list(STEPS)
