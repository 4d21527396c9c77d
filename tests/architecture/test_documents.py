"""What a newcomer reads is true: every command exists, every setting is told with its default, no link leads nowhere."""

import re
import shlex
from collections.abc import Iterator
from typing import Any, get_origin
from xml.etree import ElementTree as ET

import pytest
from pydantic_core import PydanticUndefined
from typer.main import get_command

from gateway.adapters.key_files import SECRETS
from gateway.cli import app, output
from gateway.settings import PREFIX, FileSourceSettings, Settings, SourceSettings, SqlSourceSettings
from tests.architecture.source_tree import GATEWAY, ROOT
from tests.architecture.test_house import STEPS

README = (ROOT / "README.md").read_text(encoding="utf-8")
ENGLISH, JAPANESE = README.split("\n## 日本語\n")
PAGES = {
    path: path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("keys/*.md"), *ROOT.glob("docs/**/*.md")])
}
MAKEFILE = (ROOT / "Makefile").read_text()
ROWS = dict(re.findall(r"^\| `(GATEWAY_\w+)` \| (.+?) \|", README, re.MULTILINE))


def leaves(command: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that lead to it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
    else:
        for name in inner:
            yield from leaves(inner[name], *words, name)


COMMANDS = dict(leaves(get_command(app)))


def blocks(page: str) -> Iterator[str]:
    """The lines of a page's shell blocks."""
    for block in re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()


TYPED = [(path.name, line) for path, text in PAGES.items() for line in blocks(text) if line.startswith("gateway ")]


@pytest.mark.parametrize(("page", "line"), TYPED)
def test_a_command_line_that_is_shown_is_accepted(page, line):
    # Where its output goes is the shell's.
    words = shlex.split(line.partition(" > ")[0])[1:]
    depth = next(depth for depth in (2, 1) if tuple(words[:depth]) in COMMANDS)
    command = COMMANDS[tuple(words[:depth])]
    # Raises a usage error for an argument that is missing or too many, or an option that there is not.
    assert command.make_context(line, words[depth:]).command is command


@pytest.mark.parametrize("path", [path for path in PAGES if path.name != "CHANGELOG.md"], ids=lambda path: path.name)
def test_a_command_that_is_mentioned_exists(path):
    nouns = {words[0] for words in COMMANDS}
    for noun, verb in re.findall(r"`gateway ([a-z-]+)(?: ([a-z-]+))?", PAGES[path]):
        assert (noun,) in COMMANDS or noun in nouns
        assert not verb or (noun,) in COMMANDS or (noun, verb) in COMMANDS, f"gateway {noun} {verb}"


def test_the_table_of_commands_is_complete():
    rows = re.findall(r"^\| `gateway ?([\w-]*)` \| ([^|:]*)", ENGLISH, re.MULTILINE)
    told = {(*filter(None, [noun]), verb) for noun, verbs in rows for verb in re.findall(r"`([\w-]+)`", verbs)}
    assert told == set(COMMANDS)


def test_every_make_target_that_is_mentioned_exists_and_every_one_is():
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", " ".join(re.findall(r"`[^`]+`|```.*?```", README, re.DOTALL)))) <= targets
    assert all(f"make {name}" in ENGLISH for name in ("demo", "test", "check", "serve", "bench", "lock"))
    for half in (ENGLISH, JAPANESE):
        assert {"make demo", "make test"} <= set(blocks(half))


def shown(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    return "`[]`" if value == () else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_every_setting_is_documented_with_its_default():
    fields = Settings.model_fields
    assert {name: shown(field.default) for name, field in fields.items()} == {
        name.removeprefix(PREFIX).lower(): default for name, default in ROWS.items()
    }


def test_every_member_of_a_source_is_documented():
    row = next(line for line in README.splitlines() if line.startswith("| `GATEWAY_SOURCES`"))
    for kind in (SourceSettings, SqlSourceSettings, FileSourceSettings):
        assert all(f'"{name}"' in row for name in kind.model_fields)
    assert get_origin(Settings.model_fields["sources"].annotation) is dict


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_variable_is_mentioned_that_is_no_setting(path):
    assert set(re.findall(r"GATEWAY_[A-Z_]+", PAGES[path])) <= set(ROWS)


@pytest.mark.parametrize("half", [ENGLISH, JAPANESE])
def test_the_exit_codes_are_those_of_the_command_line(half):
    told = re.search(r"(?:Exit codes|終了コード)(.*?)\n\n", half, re.DOTALL)
    assert told
    assert re.findall(r"`(\d)`", told[1]) == [
        str(code) for code in (0, output.REFUSED, output.USAGE, output.UNAVAILABLE)
    ]


def anchors(text: str) -> set[str]:
    return {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_link_leads_nowhere(path):
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[path]):
        place, _, anchor = target.partition("#")
        assert "://" in place or (path.parent / place).exists()
        assert not anchor or anchor in anchors(PAGES[path])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_file_of_the_house_that_is_mentioned_exists(path):
    for place in re.findall(r"`((?:gateway|docs|tests|policies|partners|keys)/[\w./-]*)`", PAGES[path]):
        assert (ROOT / place).exists(), place


def test_the_picture_shows_the_steps_in_their_order():
    picture = ET.parse(ROOT / "docs" / "seven-steps.svg")
    names = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text") if text.get("class") == "name"]
    assert names == STEPS


def test_every_key_file_is_explained():
    text = (ROOT / "keys" / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    assert sorted(files) == sorted(
        [
            "response-<kid>.pem",
            "token-<kid>.pem",
            "nonce.key",
            "<coop>/log.pem",
            *(f"<coop>/{name}.key" for name in SECRETS),
        ]
    )


def test_the_changelog_begins_with_the_version_that_is_built():
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    newest = re.search(r"^## \[(.+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    compose = re.search(r"image: joint-use-gateway:(\S+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert version
    assert newest
    assert compose
    assert version[1] == newest[1] == compose[1]


@pytest.mark.parametrize("module", GATEWAY, ids=lambda module: module.name)
def test_words_that_the_law_has_taken_are_not_used(module):
    assert not re.search(r"anonymi[sz]e|pseudonymi[sz]e", module.text, re.IGNORECASE)
