"""What clients are told of STUN and TURN servers."""

import base64
import hashlib
import hmac
import re

import pytest
from pydantic import ValidationError

from farmlive.media.signalling.ice_servers import ice_server_links
from farmlive.settings import Settings

NOW = 1_800_000_000.5


def told(**settings: object) -> list[str]:
    return ice_server_links(Settings.model_validate(settings), NOW)


def test_without_servers_nothing_is_told() -> None:
    assert told() == []


def test_a_stun_server_needs_no_credentials() -> None:
    assert told(turn_urls="stun:stun.example.org") == ['<stun:stun.example.org>; rel="ice-server"']


def test_a_name_and_its_password_are_told_as_they_are() -> None:
    links = told(
        turn_urls="turn:a.example.org?transport=tcp, turns:b.example.org:443",
        turn_username="farm",
        turn_password='qu"ote\\',
    )
    assert links == [
        f'<{url}>; rel="ice-server"; username="farm"; credential="qu\\"ote\\\\"; '
        'credential-type="password"'
        for url in ("turn:a.example.org?transport=tcp", "turns:b.example.org:443")
    ]


def test_a_secret_gives_credentials_for_a_day_that_coturn_can_check() -> None:
    (link,) = told(turn_urls="turn:a.example.org:3478", turn_secret="north")
    match = re.search(r'username="(\d+):\w+"; credential="([^"]+)"', link)
    assert match is not None
    assert int(match[1]) == int(NOW) + 86_400
    name = re.search(r'username="([^"]+)"', link)
    assert name is not None
    expected = hmac.new(b"north", name[1].encode(), hashlib.sha1).digest()
    assert base64.b64decode(match[2]) == expected
    assert told(turn_urls="turn:a.example.org:3478", turn_secret="north") != [link]


@pytest.mark.parametrize(
    "wrong",
    [
        {"turn_urls": "turn.example.org:3478", "turn_secret": "north"},
        {"turn_urls": "turn:a>; rel=x", "turn_secret": "north"},
        {"turn_urls": "turn:a.example.org"},
        {"turn_urls": "turn:a.example.org", "turn_username": "farm"},
        {
            "turn_urls": "turn:a.example.org",
            "turn_username": "farm",
            "turn_password": "x",
            "turn_secret": "north",
        },
    ],
)
def test_what_would_not_work_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate(wrong)
    assert "north" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "port"), [("same", 8189), ("", None), ("off", None), ("0", 0), ("4430", 4430)]
)
def test_the_tcp_port(given: str, port: int | None) -> None:
    assert Settings.model_validate({"tcp_port": given}).tcp_port_number == port


@pytest.mark.parametrize("wrong", ["65536", "-1", "on"])
def test_a_tcp_port_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="or same, or off"):
        Settings.model_validate({"tcp_port": wrong})
