"""Which form of an answer a request asks for."""

import pytest

from farmlive.origin.linkset import is_linkset, preferred

OFFERS = ("text/html", "application/ld+json", "application/linkset+json")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        (BROWSER, "text/html"),
        ("application/ld+json", "application/ld+json"),
        ("application/ld+json, */*;q=0.1", "application/ld+json"),
        ("text/html;q=0.5, application/ld+json;q=0.6", "application/ld+json"),
        ("application/*", "application/ld+json"),
        ("APPLICATION/LINKSET+JSON ; Q=1.0", "application/linkset+json"),
        ("application/*, application/ld+json;q=0", "application/linkset+json"),
        ("text/html;q=nonsense", None),
        ("image/webp", None),
        (",;,", None),
    ],
)
def test_the_offer_that_is_liked_best(accept: str, best: str | None) -> None:
    assert preferred(accept, OFFERS) == best


@pytest.mark.parametrize(
    ("link_type", "accept", "whole"),
    [
        (None, BROWSER, False),
        (None, "application/linkset+json", True),
        (None, "application/json", True),
        (None, "application/ld+json", False),
        (None, "image/webp", False),
        ("linkset", BROWSER, True),
        ("all", BROWSER, True),
        ("gs1:pip", "application/linkset+json", False),
    ],
)
def test_when_the_whole_set_is_asked_for(link_type: str | None, accept: str, whole: bool) -> None:
    assert is_linkset(link_type, accept) is whole
