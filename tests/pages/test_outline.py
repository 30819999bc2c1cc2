"""What a screen reader goes by on every page: one first heading, none skipped, names that exist."""

from html.parser import HTMLParser

import httpx
import pytest
from tests.pages.conftest import Sale
from tests.support.clerks import every_centre

from farmlive.people.core.roles import Role
from farmlive.server import Server

PUBLIC = (
    "/",
    "/live/{broadcast}",
    "/sign-in",
    "/design",
    "{order}",
    "/origin/lot/{lot}",
    "/nowhere",
)
STAFF = (
    *("/studio", "/studio/new", "/studio/{broadcast}", "/studio/{scheduled}/prepare"),
    *("/studio/{broadcast}/bag", "/studio/{broadcast}/orders", "/studio/farms", "/studio/products"),
    *("/studio/{broadcast}/orders/slips", "/studio/{broadcast}/orders/labels", "/studio/handover"),
    *("/studio/centres", "/studio/fees", "/studio/people", "/studio/audit", "/studio/nowhere"),
    *("/review", "/review/{broadcast}", "/review/{broadcast}/lists/pick-list"),
)


class Outline(HTMLParser):
    """The headings of a page, its identifiers, what refers to them, and pictures without a text."""

    def __init__(self, page: str):
        super().__init__()
        self.headings: list[int] = []
        self.identifiers: list[str] = []
        self.named: set[str] = set()
        self.untold: list[str] = []
        self._templates = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._templates += tag == "template"
        if self._templates:
            return  # no part of the page until a script makes it one
        found = {name: value or "" for name, value in attrs}
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        if "id" in found:
            self.identifiers.append(found["id"])
        for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            self.named.update(found.get(name, "").split())
        if tag == "img" and "alt" not in found:
            self.untold.append(str(found))

    def handle_endtag(self, tag: str) -> None:
        self._templates -= tag == "template"


def hold(page: httpx.Response, path: str) -> None:
    outline = Outline(page.text)
    assert outline.headings.count(1) == 1, path
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps), (path, outline.headings)
    assert len(outline.identifiers) == len(set(outline.identifiers)), path
    assert outline.named <= set(outline.identifiers), path
    assert outline.untold == [], path


@pytest.mark.parametrize("path", PUBLIC)
async def test_a_public_page_is_outlined(path: str, sale: Sale, visitor: httpx.AsyncClient) -> None:
    path = path.format_map(vars(sale))
    hold(await visitor.get(path), path)


async def test_the_pages_of_staff_are_outlined(sale: Sale, host: httpx.AsyncClient) -> None:
    for path in (pattern.format_map(vars(sale)) for pattern in STAFF):
        hold(await host.get(path), path)


@pytest.mark.parametrize("role", ["moderator", "clerk"])
async def test_the_studio_of_each_role_is_outlined(
    role: Role, site: Server, sale: Sale, visitor: httpx.AsyncClient
) -> None:
    _, password = await site.house.people.create_account(
        "mei", role, centres=await every_centre(site.house, role)
    )
    await visitor.post("/api/v1/session", json={"name": "mei", "password": password})
    for path in ("/studio", f"/studio/{sale.broadcast}/orders", "/studio/farms"):
        hold(await visitor.get(path), path)
