"""The documents agree with the code, the figures and each other."""

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


def test_the_map_names_every_room_and_no_other() -> None:
    source = reference.ROOT / "src" / "farmlive"
    found = {f"src/farmlive/{file.parent.name}" for file in source.glob("*/__init__.py")}
    named = mapped()
    assert sorted(found - named) == [], "name it in the map of CONTRIBUTING.md"
    assert [name for name in sorted(named) if not (reference.ROOT / name).is_dir()] == []


def mapped() -> set[str]:
    """Return the folders that the map in CONTRIBUTING.md names."""
    text = (reference.ROOT / "CONTRIBUTING.md").read_text("utf-8")
    table = text.partition("| folder | what it has |")[2]
    first = [line.split("|")[1] for line in table.partition("\n\n")[0].splitlines()[2:]]
    return {name.strip(" `") for cell in first for name in cell.split(",")}
