"""What the settings refuse, by the words that the operator reads."""

import socket
from pathlib import Path

import pytest
from pydantic import ValidationError

from farmlive.app import PortTaken
from farmlive.server import CertificateRefused, running
from farmlive.settings import Settings, set_nothing


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("public_url", "live.example.org", "http"),
        ("public_url", "https://live.example.org/shop", "without a path"),
        ("trusted_proxies", "127.0.0.1, caddy", "caddy"),
        ("trusted_proxies", "none, 127.0.0.1", "not both"),
        ("udp_addresses", "203.0.113", "203.0.113"),
        (
            "udp_addresses",
            "live.example.org",
            r"'live.example.org' is no IP address.* 203\.0\.113\.7",
        ),
        ("turn_secret", "north", "needs a TURN server: set FARMLIVE_TURN_URLS"),
        ("tcp_port", "8000", r"\(8000\), is farmlive's own HTTP port"),
        (
            "udp_port",
            "8000",
            r"\(the same as FARMLIVE_UDP_PORT, 8000\), is farmlive's own HTTP port",
        ),
        ("redis_url", "127.0.0.1:6379", "redis://"),
        ("node_url", "10.0.0.2:8000", "http://host:port"),
        ("node_url", "http://10.0.0.2:8000/internal", "http://host:port"),
        ("node_url", "http://user:word@10.0.0.2", "http://host:port"),
        ("node_url", "http://10.0.0.2:8000?a", "http://host:port"),
        ("time_zone", "Nowhere/There", "Asia/Shanghai"),
        ("time_zone", "", "Asia/Shanghai"),
        ("time_zone", "../zone", "Asia/Shanghai"),
        ("tls_cert", "cert.pem", "FARMLIVE_TLS_KEY"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: str, said: str
) -> None:
    monkeypatch.setenv(f"FARMLIVE_{name.upper()}", wrong)
    with pytest.raises(ValidationError, match=said):
        Settings()


@pytest.mark.parametrize("urls", ["", "stun:stun.example.org"])
def test_a_name_at_no_turn_server_is_refused(monkeypatch: pytest.MonkeyPatch, urls: str) -> None:
    monkeypatch.setenv("FARMLIVE_TURN_URLS", urls)
    monkeypatch.setenv("FARMLIVE_TURN_USERNAME", "farm")
    monkeypatch.setenv("FARMLIVE_TURN_PASSWORD", "north")
    with pytest.raises(ValidationError, match="need a TURN server: set FARMLIVE_TURN_URLS") as told:
        Settings()
    assert "north" not in str(told.value)


@pytest.mark.parametrize(
    ("host", "addresses", "fits"),
    [
        ("203.0.113.7", "203.0.113.8", True),
        ("203.0.113.7", "203.0.113.7", False),
        ("0.0.0.0", "203.0.113.8", False),
        ("203.0.113.7", "", False),
    ],
)
def test_media_may_have_the_number_of_http_on_another_address(
    monkeypatch: pytest.MonkeyPatch, host: str, addresses: str, fits: bool
) -> None:
    monkeypatch.setenv("FARMLIVE_HOST", host)
    monkeypatch.setenv("FARMLIVE_UDP_ADDRESSES", addresses)
    monkeypatch.setenv("FARMLIVE_PORT", "443")
    monkeypatch.setenv("FARMLIVE_TCP_PORT", "443")
    if fits:
        assert Settings().tcp_port_number == 443
    else:
        with pytest.raises(ValidationError, match="own HTTP port"):
            Settings()


async def test_a_port_of_media_that_turns_out_to_be_our_own_is_said(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    # A public address before a NAT: media listens on every address of the machine.
    update = {"port": port, "tcp_port": port, "udp_addresses": ("203.0.113.7",)}
    with pytest.raises(PortTaken, match=f"{port} is farmlive's own HTTP port"):
        async with running(settings.model_copy(update=update)):
            pass


def test_words_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARMLIVE_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,")
    assert Settings().trusted_proxies == ("127.0.0.1", "10.0.0.0/8")


async def test_a_certificate_that_is_none_names_its_settings(
    settings: Settings, tmp_path: Path
) -> None:
    pem = tmp_path / "cert.pem"
    for _ in ("there is none", "it is none"):
        wrong = settings.model_copy(update={"tls_cert": pem, "tls_key": pem})
        with pytest.raises(CertificateRefused, match="FARMLIVE_TLS_CERT"):
            async with running(wrong):
                pass
        pem.write_text("no certificate")


def test_a_name_that_sets_nothing_is_said_with_the_one_that_was_meant() -> None:
    names = ["FARMLIVE_HOLD_MINUTE", "farmlive_port", "FARMLIVE_TEST_REDIS", "FARMLIVE_XYZ", "PATH"]
    assert set_nothing(names) == [
        "FARMLIVE_HOLD_MINUTE is no setting and does nothing: did you mean FARMLIVE_HOLD_MINUTES?",
        "FARMLIVE_XYZ is no setting and does nothing: see docs/settings.md",
    ]
