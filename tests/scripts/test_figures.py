"""Tables of figures are rendered from results that say how they were measured."""

import json
from pathlib import Path
from typing import Any

import pytest
from scripts import figures

RESULT = {
    "command": "./scripts/bench till --json",
    "commit": "89c7c31ace01b10f38fb87844ca441aecb8a6ee8",
    "machine": {"cpu": "AMD EPYC", "cores": 2, "kernel": "6.18.44-fc", "python": "3.11.7"},
    "best": {"orders_per_second": 1926.9},
}
TABLE = '{{ figures.till.best.orders_per_second|n }} orders a second, by {{ by("till") }}.\n'
BLOCK = "<!-- figures/till: ./scripts/check --fix -->\n<!-- /figures -->\n"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document with a rendered table."""
    folder = tmp_path / "figures"
    folder.mkdir()
    (folder / "till.json").write_text(json.dumps(RESULT))
    (folder / "till.md.j2").write_text(TABLE)
    document = tmp_path / "till.md"
    document.write_text(figures.rendered(f"# The till\n\n{BLOCK}\nMore.\n", folder))
    return document


def differences(document: Path) -> list[str]:
    return figures.differences([document], document.parent / "figures")


def change(document: Path, **changes: Any) -> None:
    result = {**RESULT, **changes}
    (document.parent / "figures" / "till.json").write_text(json.dumps(result))


def test_a_table_says_its_figures_command_commit_and_machine(document: Path) -> None:
    assert document.read_text() == (
        "# The till\n\n<!-- figures/till: ./scripts/check --fix -->\n\n"
        "1,927 orders a second, by `./scripts/bench till --json` at commit `89c7c31a`, on 2 cores "
        "of AMD EPYC, Linux 6.18, Python 3.11.7: [till.json](figures/till.json).\n\n"
        "<!-- /figures -->\n\nMore.\n"
    )
    assert differences(document) == []


def test_rendering_again_changes_nothing(document: Path) -> None:
    text = document.read_text()
    assert figures.rendered(text, document.parent / "figures") == text


def test_a_figure_that_was_measured_anew_makes_the_document_stale(document: Path) -> None:
    change(document, best={"orders_per_second": 2099.1})
    assert differences(document) == ["figures in till.md are stale: ./scripts/check --fix"]


def test_a_figure_that_a_result_lacks_is_named(document: Path) -> None:
    change(document, best={})
    (found,) = differences(document)
    assert "till.md can't be rendered" in found
    assert "orders_per_second" in found


@pytest.mark.parametrize("name", ["command", "commit"])
def test_a_result_that_does_not_say_how_it_was_measured_is_named(document: Path, name: str) -> None:
    change(document, **{name: ""})
    assert f"figures/till.json has no {name}" in differences(document)


def test_a_result_of_no_commit_is_named(document: Path) -> None:
    change(document, uncommitted=True)
    assert differences(document) == ["figures/till.json was measured with uncommitted changes"]


def test_a_result_and_a_template_that_no_document_shows_are_named(document: Path) -> None:
    (document.parent / "figures" / "crash.json").write_text(json.dumps(RESULT))
    (document.parent / "figures" / "crash.md.j2").write_text("nothing\n")
    assert differences(document) == [
        "no document shows figures/crash.md.j2",
        "no template reads figures/crash.json",
    ]


def test_a_result_inside_a_document_is_named(document: Path) -> None:
    document.write_text(document.read_text() + '\n```json\n{"commit": "89c7c31a"}\n```\n')
    assert differences(document) == ["till.md has a bench's JSON: move it into figures/"]
