"""Texts, templates and style: both languages whole, nothing inline, every text readable in light and dark."""

import re
from pathlib import Path

import pytest

from gateway.console.language import CatalogueFault, read_texts
from gateway.console.pages import ENVIRONMENT, TEMPLATES
from gateway.console.static_files import FILES, FOLDER
from gateway.core.changes.proposal import STATES
from gateway.core.staff import ROLES
from tests.architecture.source_tree import modules

PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("**/*.html"))}
CSS = FILES["console.css"].decode()
TEXTS = read_texts()


def test_both_languages_have_the_same_keys_with_the_same_names_in_them():
    assert TEXTS["ja"].keys == TEXTS["en"].keys
    names = re.compile(r"\{(\w*)\}")
    for key in TEXTS["ja"].keys:
        texts = [texts._texts[key] for texts in TEXTS.values()]
        assert set(names.findall(texts[0])) == set(names.findall(texts[1])), key
        assert not re.search(r"</?[a-z]|\{\}|\{[^}]*[^\w}]", "".join(texts)), key


def test_english_is_english_and_japanese_is_japanese():
    kana = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
    assert [key for key in TEXTS["en"].keys if kana.search(TEXTS["en"]._texts[key])] == []
    assert [key for key in TEXTS["ja"].keys if not re.search(r"[^\x00-\x7f]", TEXTS["ja"]._texts[key])] == []


def test_every_text_that_a_template_names_is_there():
    for name, text in PAGES.items():
        for key in re.findall(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""", text):
            assert TEXTS["ja"].has(key), f"{name}: {key}"
    for key in (*(f"role.{role}" for role in ROLES), *(f"state.{state}" for state in STATES)):
        assert TEXTS["ja"].has(key)
    assert all(TEXTS["ja"].has(f"state.{state}.text") for state in STATES)


def test_every_text_that_a_page_names_is_there():
    refusal = re.compile(r"""Refusal\(\s*\d+,\s*"([\w.]+)\"""")
    for module in modules("gateway/console"):
        for key in refusal.findall(module.text):
            assert TEXTS["ja"].has(key) or key == "key.of.message", f"{module.name}: {key}"


def write(folder: Path, language: str, name: str, body: str) -> None:
    (folder / language).mkdir(parents=True, exist_ok=True)
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    (folder / language / name).write_text(head + body, encoding="utf-8")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('msgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr "B"\n', "`b` is a key in one language alone"),
        ('msgid "a"\nmsgstr ""\n', "`a` has no text"),
        ('#, fuzzy\nmsgid "a"\nmsgstr "A"\n', "`a` has no text"),
    ],
)
def test_catalogues_that_do_not_belong_together_are_refused(tmp_path, body, told):
    write(tmp_path, "ja", "frame.po", 'msgid "a"\nmsgstr "あ"\n')
    write(tmp_path, "en", "frame.po", body)
    with pytest.raises(CatalogueFault, match=told):
        read_texts(tmp_path)


def test_a_key_in_two_files_is_refused(tmp_path):
    for name in ("one.po", "two.po"):
        write(tmp_path, "ja", name, 'msgid "a"\nmsgstr "あ"\n')
    with pytest.raises(CatalogueFault, match=r"two\.po: `a` is a key already"):
        read_texts(tmp_path)


@pytest.mark.parametrize("name", PAGES)
def test_no_template_holds_style_handler_or_script(name):
    text = re.sub(r"\{#.*?#\}", "", PAGES[name], flags=re.DOTALL)
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=(?!=)|javascript:|srcdoc", text, re.IGNORECASE)
    for script in re.findall(r"<script\b(.*?)>(.*?)</script>", text, re.DOTALL):
        assert re.search(r"""src="\{\{ static\('[\w.]+\.js'\) \}\}\"""", script[0])
        assert not script[1].strip()
    assert "|safe" not in re.sub(r"\s", "", text)
    assert "autoescapefalse" not in re.sub(r"\s", "", text)
    assert not re.search(r"https?://", text)


@pytest.mark.parametrize("name", PAGES)
def test_every_form_that_is_posted_carries_the_token(name):
    for form in re.findall(r"<form\b(?=[^>]*post).*?</form>", PAGES[name], re.DOTALL):
        assert "csrf()" in form or 'action="/sign-in"' in form


def test_templates_escape_and_know_every_name():
    assert ENVIRONMENT.autoescape is True
    assert ENVIRONMENT.undefined.__name__ == "StrictUndefined"
    for name in PAGES:
        ENVIRONMENT.get_template(name)


def test_modules_are_our_own_and_few():
    scripts = [path.read_text() for path in FOLDER.rglob("*.js")]
    assert sum(text.count("\n") for text in scripts) <= 400
    for text in scripts:
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|https?:", text)


def test_the_style_asks_for_nothing_from_elsewhere():
    assert not re.search(r"url\(|@import|expression\(|!important", CSS)


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


LIGHT = colours(CSS.partition(":root {")[2].partition("}")[0])
DARK = {**LIGHT, **colours(CSS.partition("prefers-color-scheme: dark) {")[2].partition("}\n}")[0])}


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


INK = sorted(name for name in LIGHT if name.split("-")[0] == "ink")
PAPER = sorted(name for name in LIGHT if name.split("-")[0] == "paper")
FILL = sorted(name.removeprefix("fill-") for name in LIGHT if name.startswith("fill-"))
PAIRS = [(ink, paper) for ink in INK for paper in PAPER] + [(f"on-{name}", f"fill-{name}") for name in FILL]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="/".join)
def test_text_is_readable_on_its_background(scheme, pair):
    chosen = {"light": LIGHT, "dark": DARK}[scheme]
    assert contrast(chosen[pair[0]], chosen[pair[1]]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_what_one_must_see_to_use_it_stands_out(scheme):
    for paper in PAPER:
        assert contrast(scheme["focus"], scheme[paper]) >= 3
    assert contrast(scheme["line-strong"], scheme["paper-raised"]) >= 3  # the edge of a field


def test_every_colour_of_text_is_one_of_those_pairs():
    marks = {".mark", ".entrance-brand .mark"}  # drawings, without text
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)):
        said = dict(re.findall(r"(?<![\w-])(color|background): ([^;]+);", body))
        colour, back = said.get("color", ""), said.get("background", "")
        if selector.strip() in marks or selector.strip().startswith((":root", "@media")):
            continue
        if colour.startswith("var(--on-"):
            assert back == colour.replace("--on-", "--fill-"), selector
        else:
            assert colour == "" or colour == "inherit" or re.fullmatch(r"var\(--ink[\w-]*\)", colour), selector
            assert not back.startswith("var(--fill-"), selector


def test_spaces_are_steps_of_four():
    steps = re.findall(r"--s\d: (\d+)px;", CSS)
    assert len(steps) == 7
    assert all(int(step) % 4 == 0 for step in steps)


def test_there_is_a_dark_scheme_a_print_style_a_focus_ring_and_sticky_table_heads():
    assert "@media print" in CSS
    assert "prefers-color-scheme: dark" in CSS
    assert re.search(r":focus-visible \{[^}]*outline: 3px solid var\(--focus\)", CSS)
    assert re.search(r"thead th \{[^}]*position: sticky", CSS)
    assert "prefers-reduced-motion" in CSS or not re.search(r"\b(?:transition|animation)\b", CSS)
