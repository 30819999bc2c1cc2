"""Static files over HTTP: in gzip for those who take it, and a page's styles in one file."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount

from farmlive.pages.rendering import styles
from farmlive.pages.rendering.compression import accepts_gzip
from farmlive.pages.rendering.static import WEB, Static

SCRIPT = "lib/words.js"
TEXT = (WEB / "static" / SCRIPT).read_bytes()
IDENTITY = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def static() -> Static:
    return Static()


@pytest.fixture
async def http(static: Static) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(static) as client:
        yield client


def client_of(static: Static) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/static", static)]))
    return httpx.AsyncClient(transport=transport, base_url="http://farm/static")


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("x-gzip", True),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("gzip;q=high", False),
        ("br, zstd", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(header: str, accepts: bool) -> None:
    assert accepts_gzip(header) is accepts


async def test_a_script_has_two_codings_of_the_same_text(http: httpx.AsyncClient) -> None:
    whole = await http.get(f"/{SCRIPT}", headers=IDENTITY)
    coded = await http.get(f"/{SCRIPT}", headers=GZIP)
    assert whole.content == coded.content == TEXT
    assert "content-encoding" not in whole.headers
    assert coded.headers["content-encoding"] == "gzip"
    assert int(coded.headers["content-length"]) < 0.6 * len(TEXT)
    assert whole.headers["vary"] == coded.headers["vary"] == "Accept-Encoding"
    assert whole.headers["content-type"] == coded.headers["content-type"]
    assert whole.headers["etag"] != coded.headers["etag"]


@pytest.mark.parametrize("headers", [IDENTITY, GZIP])
async def test_each_coding_is_asked_again_by_its_own_etag(
    http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    first = await http.get(f"/{SCRIPT}", headers=headers)
    etag = first.headers["etag"]
    for condition in (etag, f'"other", W/{etag}', "*"):
        again = await http.get(f"/{SCRIPT}", headers={**headers, "If-None-Match": condition})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] in (etag, etag.replace("-gzip", ""))
        assert again.headers["vary"] == "Accept-Encoding"
    other = await http.get(f"/{SCRIPT}", headers={**headers, "If-None-Match": '"other"'})
    assert other.status_code == 200


async def test_those_who_take_no_gzip_get_no_304_for_it(http: httpx.AsyncClient) -> None:
    etag = (await http.get(f"/{SCRIPT}", headers=GZIP)).headers["etag"]
    answer = await http.get(f"/{SCRIPT}", headers={**IDENTITY, "If-None-Match": etag})
    assert (answer.status_code, answer.content) == (200, TEXT)


@pytest.mark.parametrize("headers", [IDENTITY, GZIP])
async def test_a_head_says_what_a_get_would(
    http: httpx.AsyncClient, static: Static, headers: dict[str, str]
) -> None:
    sheet = sheet_of(static, "lib/styles/tokens.css", "pages/start/start.css")
    for path in (f"/{SCRIPT}", sheet):
        got, head = await http.get(path, headers=headers), await http.head(path, headers=headers)
        assert head.content == b""
        assert dict(head.headers) == dict(got.headers)


async def test_a_range_is_of_the_text_itself(http: httpx.AsyncClient) -> None:
    part = await http.get(f"/{SCRIPT}", headers={**GZIP, "Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, TEXT[10:20])
    assert "content-encoding" not in part.headers
    coded = (await http.get(f"/{SCRIPT}", headers=GZIP)).headers["etag"]
    other = await http.get(
        f"/{SCRIPT}", headers={**GZIP, "Range": "bytes=10-19", "If-Range": coded}
    )
    assert (other.status_code, other.content) == (200, TEXT)


async def test_what_gains_nothing_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "few.js").write_text("export {};\n")
    (tmp_path / "photo.webp").write_bytes(bytes(4000))
    async with client_of(Static(tmp_path)) as http:
        few = await http.get("/few.js", headers=GZIP)
        assert "content-encoding" not in few.headers
        assert few.headers["vary"] == "Accept-Encoding"
        photo = await http.get("/photo.webp", headers=GZIP)
        assert "content-encoding" not in photo.headers
        assert "vary" not in photo.headers


async def test_a_changed_file_is_compressed_again(tmp_path: Path) -> None:
    script = tmp_path / "a.js"
    async with client_of(Static(tmp_path)) as http:
        for text in ("// one\n" * 200, "// another\n" * 200):
            script.write_text(text)
            assert (await http.get("/a.js", headers=GZIP)).text == text


def sheet_of(static: Static, *parts: str) -> str:
    """Return the path of the one sheet that a head with these parts links."""
    links = "".join(f'<link rel="stylesheet" href="{static.url(part)}">\n' for part in parts)
    head = static.one_sheet(f"<title>t</title>\n{links}<meta>")
    found = re.findall(r'<link rel="stylesheet" href="/static([^"]+)">', head)
    assert len(found) == 1
    assert head.startswith("<title>")
    assert head.endswith("<meta>")
    return str(found[0])


async def test_styles_are_joined_in_their_order(http: httpx.AsyncClient, static: Static) -> None:
    parts = "pages/start/start.css", "lib/styles/tokens.css"
    answer = await http.get(sheet_of(static, *parts), headers=GZIP)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.content == b"".join((WEB / "static" / part).read_bytes() for part in parts)
    again = await http.get(answer.url, headers={**GZIP, "If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_a_joined_style_finds_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "one.css").write_text(".one { color: red; }\n")
    (tmp_path / "a" / "b" / "two.css").write_text(
        '.two { background: url("../../p/x.svg"), url(y.svg), url("data:image/png;base64,A"); }\n'
    )
    static = Static(tmp_path)
    async with client_of(static) as http:
        text = (await http.get(sheet_of(static, "one.css", "a/b/two.css"))).text
    root = static.url("")
    assert f'url("{root}p/x.svg"), url("{root}a/b/y.svg"), url("data:image/png;base64,A")' in text


async def test_another_server_makes_the_same_sheet(static: Static) -> None:
    path = next(iter(styles.of_templates(WEB / "templates")))
    async with client_of(Static()) as http:
        other = await http.get(f"/{static.fingerprint}/{path}", headers=GZIP)
        assert other.status_code == 200
        assert "max-age" in other.headers["cache-control"]
        earlier = await http.get(f"/{'0' * 12}/{path}", headers=GZIP)
        assert (earlier.status_code, earlier.headers["cache-control"]) == (200, "no-cache")


def test_the_sheets_are_those_of_templates_with_and_without_what_is_optional(
    tmp_path: Path,
) -> None:
    link = """<link rel="stylesheet" href="{{ static('%s') }}">\n"""
    (tmp_path / "base.html").write_text(
        "{% filter one_sheet %}" + link % "a.css"
        + "{% if x %}\n" + link % "b.css" + "{% endif %}"
        + "{% block head %}{% endblock %}{% endfilter %}" + link % "late.css"
    )  # fmt: skip
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "page.html").write_text('{% extends "base.html" %}' + link % "in/c.css")
    found = styles.of_templates(tmp_path)
    assert found == {"styles/a,b.css", "styles/a,b,in/c.css", "styles/a,in/c.css"}


@pytest.mark.parametrize(
    "path",
    [
        "/styles/lib/styles/none.css",
        "/styles/lib/styles/tokens,lib/styles/none.css",
        "/styles/lib/styles/tokens,lib/styles/layout.css",
        "/styles/lib/styles/layout,lib/styles/tokens.css",
        "/styles/%2e%2e/%2e%2e/templates/base,lib/styles/tokens.css",
        "/styles/,,.css",
        "/styles/a,a.css",
        "/styles/lib/styles/tokens,lib/../lib/styles/layout.css",
        "/styles/\0,lib/styles/tokens.css",
        f"/styles/{'lib/styles/tokens,' * 50}lib/styles/tokens.css",
    ],
)
async def test_only_the_sheets_of_templates_are_served(
    http: httpx.AsyncClient, static: Static, path: str
) -> None:
    for first in ("", f"/{static.fingerprint}", f"/{'0' * 12}"):
        assert (await http.get(first + path.replace("\0", "%00"))).status_code == 404


def test_one_style_alone_is_not_joined(static: Static) -> None:
    head = f'<link rel="stylesheet" href="{static.url("lib/styles/tokens.css")}">'
    assert static.one_sheet(head) == head


@pytest.mark.parametrize(
    "path", [r"{}\lib\words.js", r"{}/lib\.\words.js", r"lib\words.js", r"{}/lib/.\words.js"]
)
async def test_one_file_has_one_address(static: Static, path: str) -> None:
    scope = {"type": "http", "method": "GET", "headers": [], "path": "/"}
    with pytest.raises(HTTPException) as refused:
        await static.get_response(path.format(static.fingerprint), scope)
    assert refused.value.status_code == 404


async def test_what_is_compressed_is_kept_once_a_file(
    static: Static, http: httpx.AsyncClient
) -> None:
    for first in (static.fingerprint, "0" * 12, "f" * 12):
        for path in (SCRIPT, f"lib/./{SCRIPT[4:]}", f"lib//{SCRIPT[4:]}"):
            await http.get(f"/{first}/{path}", headers=GZIP)
    assert len(static._coded) == 1


async def test_an_added_file_is_served_as_others_are(
    static: Static, http: httpx.AsyncClient
) -> None:
    url = static.add("words/x.json", b"[1]" * 200, "application/json")
    other = static.add("words/x.json", b"[2]" * 200, "application/json")
    assert url != other
    path = other.removeprefix("/static")
    for headers in (IDENTITY, GZIP):
        answer = await http.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"[2]" * 200)
        again = await http.get(path, headers={**headers, "If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    assert (await http.post(path)).status_code == 405
    # A page of an earlier version gets what there is now.
    earlier = await http.get("/" + "0" * 12 + "/words/x.json?0")
    assert (earlier.content, earlier.headers["cache-control"]) == (b"[2]" * 200, "no-cache")
