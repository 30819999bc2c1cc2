"""What docs/routes.md says of an address is a whole sentence."""

from scripts import reference


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
