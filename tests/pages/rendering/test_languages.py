"""Which language a visitor gets."""

import pytest
from starlette.requests import Request

from farmlive.pages.rendering.languages import language_of


def request(query: str = "", cookie: str = "", accept: str = "") -> Request:
    headers = [(b"accept-language", accept.encode())] if accept else []
    if cookie:
        headers.append((b"cookie", f"farmlive_language={cookie}".encode()))
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": query.encode(),
            "headers": headers,
        }
    )


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "language"),
    [
        ("", "", "", "zh"),
        ("lang=en", "zh", "zh", "en"),
        ("", "en", "zh-CN,zh", "en"),
        ("", "", "en-US,en;q=0.9", "en"),
        ("", "", "zh-TW,zh;q=0.9,en;q=0.8", "zh"),
        ("", "", "fr-FR,fr;q=0.9,en;q=0.3", "en"),
        ("", "", "en;q=0.2, zh;q=0.7", "zh"),
        ("", "", "en;q=0, fr", "zh"),
        ("", "", "fr;q=abc,;;,en", "en"),
        ("lang=fr", "", "en", "en"),
        ("lang=xx", "yy", "de", "zh"),
    ],
)
def test_the_address_then_the_cookie_then_the_browser(
    query: str, cookie: str, accept: str, language: str
) -> None:
    assert language_of(request(query, cookie, accept)) == language
