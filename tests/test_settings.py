"""What the settings refuse, by the words that the operator reads."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from farmlive.app import CertificateRefused, running
from farmlive.settings import Settings


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("public_url", "live.example.org", "http"),
        ("public_url", "https://live.example.org/shop", "without a path"),
        ("trusted_proxies", "127.0.0.1, caddy", "caddy"),
        ("udp_addresses", "203.0.113", "203.0.113"),
        ("redis_url", "127.0.0.1:6379", "redis://"),
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
