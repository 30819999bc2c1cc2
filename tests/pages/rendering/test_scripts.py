"""The rooms of web/static: what pages share is in lib, and a page's own scripts are its own."""

import re
from collections import Counter
from pathlib import Path

import pytest

import farmlive
from farmlive.pages.rendering.scripts import modules
from farmlive.pages.rendering.static import WEB
from farmlive.pages.rendering.watch import WATCH

STATIC = WEB / "static"
TEMPLATES = "\n".join(file.read_text("utf-8") for file in (WEB / "templates").rglob("*.html"))
SCRIPTS = [
    file.relative_to(STATIC).as_posix()
    for folder in ("lib", "pages")
    for file in sorted((STATIC / folder).rglob("*.js"))
]


def direct_imports(script: str) -> set[str]:
    """Return what a script itself imports, as paths below web/static."""
    text = (STATIC / script).read_text("utf-8")
    names = re.findall(r"""(?:from|import|URL\()\s*["'](\.[^"']+)["']""", text)
    here = (STATIC / script).parent
    return {(here / name).resolve().relative_to(STATIC).as_posix() for name in names}


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_import_the_library_and_their_own_page(script: str) -> None:
    page = "/".join(script.split("/")[:2])
    others = {
        name
        for name in direct_imports(script)
        if not name.startswith("lib/") and not (page.startswith("pages/") and name.startswith(page))
    }
    assert others == set()


def test_every_module_is_found_by_its_imports() -> None:
    for script in SCRIPTS:
        found = set(modules(STATIC, script, later=True))
        assert found >= {script} | direct_imports(script), script


def test_every_script_is_reached_from_a_template() -> None:
    named = re.findall(r"""["']((?:lib|pages)/[\w/-]+\.js)["']""", TEMPLATES)
    plain = {script for script in SCRIPTS if script.startswith("lib/old/")}
    assert set(SCRIPTS) - plain - set(modules(STATIC, *sorted(set(named)), later=True)) == set()
    # What stands inline loads the other plain scripts.
    assert {name for name in plain if f'"{Path(name).stem}"' not in WATCH} == {"lib/old/watch.js"}


def test_every_style_is_named_by_a_template_or_a_page() -> None:
    files = [file for file in STATIC.rglob("*.css") if "vendor" not in file.parts]
    styles = {file.relative_to(STATIC).as_posix() for file in files}
    pages = Path(farmlive.__file__).parent / "pages"
    named = TEMPLATES + "".join(file.read_text("utf-8") for file in pages.rglob("*.py"))
    assert {style for style in styles if f'"{style}"' not in named.replace("'", '"')} == set()


def test_no_folder_is_crowded() -> None:
    others = {"vendor", "node_modules"}
    files = Counter(file.parent for file in WEB.rglob("*") if others.isdisjoint(file.parts))
    assert {folder: count for folder, count in files.items() if count > 20} == {}


def test_a_page_with_a_print_button_loads_what_prints() -> None:
    for file in (WEB / "templates").rglob("*.html"):
        text = file.read_text("utf-8")
        entries = re.findall(r"""["\']((?:lib|pages)/[\w/-]+\.js)["\']""", text)
        if re.search(r"data-print[ >]", text) and entries:
            found = modules(STATIC, *entries)
            assert any("[data-print]" in (STATIC / name).read_text("utf-8") for name in found), file
