"""The documents agree with the code, the figures and each other."""

import pytest

from scripts import reference


def test_no_document_that_is_made_of_the_code_is_stale() -> None:
    assert reference.differences() == [], "./scripts/check --fix writes them"


def test_each_address_is_told_in_a_whole_sentence() -> None:
    routes = reference.every_route()
    assert len(routes) > 150
    assert reference.unfinished(routes) == []


def test_a_sentence_that_goes_on_in_the_next_line_is_found() -> None:
    routes = [
        ("/readyz", "GET", "Whether the database answers too, as the last look found; and"),
        ("/healthz", "GET", "Whether the process answers."),
        ("/studio/fees", "GET", ""),
    ]
    assert [line.split(" has ")[0] for line in reference.unfinished(routes)] == [
        "the docstring of GET /readyz",
        "the docstring of GET /studio/fees",
    ]


@pytest.mark.parametrize("name", ["operations/timekeeper.py", "operations/clock_discipline.py"])
def test_the_map_names_where_the_time_is_kept(name: str) -> None:
    assert name in rooms()
    assert (reference.ROOT / "src" / "farmlive" / name).exists()


def test_the_map_names_every_room() -> None:
    found = (reference.ROOT / "src" / "farmlive").glob("*/__init__.py")
    assert sorted(file.parent.name for file in found if file.parent.name not in rooms()) == []


def rooms() -> set[str]:
    """Return what the map in CONTRIBUTING.md names."""
    text = (reference.ROOT / "CONTRIBUTING.md").read_text("utf-8")
    table = text.partition("| folder | what it has |")[2]
    first = [line.split("|")[1] for line in table.partition("\n\n")[0].splitlines()[2:]]
    return {name.strip(" `").rpartition("/")[2] for cell in first for name in cell.split(",")}
