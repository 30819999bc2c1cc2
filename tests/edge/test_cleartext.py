"""Which links could be read on the way, and that the operator and coordinators are told so."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from farmlive import server as serving
from farmlive.edge.cleartext import cleartext_links
from farmlive.settings import Settings

pytestmark = pytest.mark.any_database

AWAY = "postgresql://farmlive:secret@db.example.org/farmlive"


def links(**given: Any) -> list[str]:
    return list(cleartext_links(Settings(**given)))


@pytest.fixture(autouse=True)
def _no_libpq_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGSSLMODE", "PGGSSENCMODE", "PGHOST", "PGHOSTADDR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql:///farmlive",
        "postgresql://farmlive@localhost/farmlive",
        "postgresql://farmlive@127.0.0.1:5433/farmlive",
        "postgresql://farmlive@[::1]/farmlive",
        "postgresql:///farmlive?host=/var/run/postgresql",
        "postgresql://farmlive@db.example.org/farmlive?hostaddr=127.0.0.1",
        *(f"{AWAY}?sslmode={mode}" for mode in ("require", "verify-ca", "verify-full")),
        f"{AWAY}?gssencmode=require",
    ],
)
def test_a_database_that_is_here_or_demands_tls_is_not_warned_of(url: str) -> None:
    assert links(database_url=url) == []


@pytest.mark.parametrize(
    "url",
    [
        AWAY,
        f"{AWAY}?sslmode=prefer",
        f"{AWAY}?sslmode=disable",
        "postgresql://farmlive@10.1.2.3/farmlive",
        "postgresql://farmlive@[2001:db8::1]:5432/farmlive",
        "postgresql:///farmlive?host=127.0.0.1:5432&host=db.example.org:5432",
        "postgresql://farmlive@localhost/farmlive?hostaddr=10.1.2.3",
    ],
)
def test_a_database_elsewhere_that_may_be_asked_in_the_clear_is(url: str) -> None:
    assert links(database_url=url) == ["database"]


def test_libpqs_own_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert links(database_url=AWAY) == []
    monkeypatch.setenv("PGSSLMODE", "prefer")
    monkeypatch.setenv("PGHOST", "db.example.org")
    assert links(database_url="postgresql:///farmlive") == ["database"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, False),
        ({"host": "::1"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "::"}, True),
        ({"host": "192.168.1.4", "trusted_proxies": ("none",)}, True),
        ({"host": "192.168.1.4", "trusted_proxies": ("10.0.0.2",)}, False),
        ({"host": "0.0.0.0", "public_url": "https://live.example.org"}, False),
        ({"public_url": "http://live.example.org"}, True),
        ({"public_url": "http://live.example.org", "trusted_proxies": ("127.0.0.1",)}, True),
        ({"public_url": "http://localhost:8000"}, False),
        ({"host": "0.0.0.0", "tls_cert": "cert.pem", "tls_key": "key.pem"}, False),
    ],
)
def test_http_beyond_this_machine_is_warned_of(given: dict[str, Any], told: bool) -> None:
    assert links(**given) == (["http"] if told else [])


async def test_it_is_logged_once_the_server_has_said_that_it_serves(
    settings: Settings, tables: None
) -> None:
    stop = asyncio.Event()
    said = []

    async def ready(_server: serving.Server) -> None:
        said.extend(log)
        stop.set()

    open_to_all = settings.model_copy(update={"host": "0.0.0.0"})
    with capture_logs() as log:
        await serving.serve(open_to_all, ready, stop)
    warned = [line for line in log if "without TLS" in line["event"]]
    assert [line["log_level"] for line in warned] == ["warning"]
    assert "FARMLIVE_PUBLIC_URL" in warned[0]["event"]
    assert warned[0] not in said
