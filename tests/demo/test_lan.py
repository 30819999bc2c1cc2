"""The plain page leads a phone to the certificate and to the studio."""

import ipaddress
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from farmlive.demo import lan
from farmlive.demo.authority import Address, get_certificates

HERE: list[Address] = [ipaddress.ip_address("192.168.7.20")]
STUDIO = "https://192.168.7.20:8000/studio"


async def test_the_page_gives_certificate_steps_and_studio(tmp_path: Path) -> None:
    der = get_certificates(tmp_path, HERE).authority_der()
    async with (
        lan.plain_http(lan.guide_page(der, HERE, STUDIO), "127.0.0.1") as url,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        page = (await http.get(url)).text
        assert STUDIO in page
        assert "iPhone" in page
        assert "Android" in page
        assert "192.168.7.20" in page
        assert "$" not in page
        answer = await http.get(f"{url}/farmlive.crt")
    assert answer.headers["content-type"] == "application/x-x509-ca-cert"
    assert x509.load_der_x509_certificate(answer.content).subject.rfc4514_string() == (
        "CN=farmlive demo on 192.168.7.20"
    )


def test_the_qr_code_is_drawn_for_a_terminal() -> None:
    drawn = lan.qr("http://192.168.7.20:8123").splitlines()
    assert 10 < len(drawn) < 24


def test_loopback_is_never_told_to_a_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "local_addresses", lambda: ["127.0.0.1", "::1"])
    with pytest.raises(lan.NoNetwork, match="without --lan"):
        lan.addresses()


def test_the_address_of_the_default_route_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "local_addresses", lambda: ["10.8.0.2", "fd00::2", "192.168.7.20"])
    monkeypatch.setattr(lan, "_default_route", lambda: ipaddress.ip_address("192.168.7.20"))
    assert list(map(str, lan.addresses())) == ["192.168.7.20", "10.8.0.2", "fd00::2"]


def test_an_address_that_is_not_this_machines_is_refused_with_those_that_are() -> None:
    known = [ipaddress.ip_address("192.168.7.20"), ipaddress.ip_address("fd00::2")]
    assert lan.choose_address(known, "fd00::2") == known[1]
    for wrong in ("localhost", "192.0.2.77", "127.0.0.1"):
        with pytest.raises(lan.NoNetwork, match=r"192\.168\.7\.20, fd00::2"):
            lan.choose_address(known, wrong)
