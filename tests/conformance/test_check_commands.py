"""The commands `farmlive whip-check` and `whep-check` against our server."""

import asyncio
import datetime
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.media.support.media_server import BROADCAST, Media
from typer.testing import CliRunner, Result

from farmlive.cli.main import cli
from farmlive.conformance.registry import CLAUSES

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, cli, arguments, env={"COLUMNS": "120"})


@dataclass
class Secured:
    """The relayed server behind HTTPS, whose certificate it made itself."""

    url: str
    certificate: Path


@pytest_asyncio.fixture(loop_scope="module")
async def secured(relayed: Media, tmp_path: Path) -> AsyncIterator[Secured]:
    pem = self_made(tmp_path / "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    port = int(relayed.url.rpartition(":")[2])
    answering: set[asyncio.Task[None]] = set()

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, ahead = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer), closing(ahead):
            await asyncio.wait(
                [
                    asyncio.create_task(copied(reader, ahead)),
                    asyncio.create_task(copied(behind, writer)),
                ],
            )

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(passed_on(reader, writer))
        answering.add(task)
        task.add_done_callback(answering.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    yield Secured(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", pem)
    server.close()
    await asyncio.gather(*answering, return_exceptions=True)


async def copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:  # whoever refuses a certificate resets the connection
        pass
    finally:
        writer.close()


def self_made(path: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1, which has no more than it must."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    written = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(written + certificate.public_bytes(pem))
    return path


async def test_a_table_says_what_came_of_each_clause(relayed: Media) -> None:
    result = await run("whip-check", f"{relayed.url}/whip/{BROADCAST}", "--key", "orchard")
    assert result.exit_code == 0, result.output
    for clause in CLAUSES["whip"]:
        assert clause.id in result.output
    assert "0 MUST and 0 SHOULD not kept" in result.output
    sources = relayed.relay.health(BROADCAST)["sources"]
    assert [source["id"] for source in sources if not source["away"]] == ["kitchen"]


async def test_json_is_for_programs(relayed: Media) -> None:
    result = await run("whep-check", f"{relayed.url}/whep/{BROADCAST}", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["kept"] is True
    assert [each["id"] for each in told["clauses"]] == [each.id for each in CLAUSES["whep"]]
    assert {each["outcome"] for each in told["clauses"]} == {"pass", "n/a"}
    assert relayed.relay.metrics()["viewers"] == 0


@pytest.mark.parametrize(
    ("command", "path", "words"),
    [
        ("whip-check", f"/whip/{BROADCAST}", "401 Unauthorized"),
        ("whip-check", "/whip/unknown", "no endpoint at this address"),
        ("whep-check", "/whep/unknown", "nothing to watch"),
        ("whep-check", "/elsewhere", "nothing to watch"),
    ],
)
async def test_what_keeps_the_check_from_beginning_is_said(
    relayed: Media, command: str, path: str, words: str
) -> None:
    result = await run(command, relayed.url + path)
    assert result.exit_code == 1
    assert words in result.stderr
    assert not result.stdout


@pytest.mark.parametrize(
    "url",
    ["example.org/whip", "http://", "https:///whip", "http://:80/", "http://[/", "http://a:b"],
)
async def test_what_is_no_whole_address_is_said(url: str) -> None:
    result = await run("whip-check", url)
    assert result.exit_code == 1
    assert f"{url} is no address of an endpoint: write it whole" in result.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/whip", "http://nowhere.invalid/whip"])
async def test_an_address_that_leads_nowhere_is_said(url: str) -> None:
    result = await run("whip-check", url)
    assert result.exit_code == 1
    assert url in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("command", ["whip-check", "whep-check"])
async def test_a_certificate_that_nobody_vouches_for_is_said(
    secured: Secured, command: str
) -> None:
    result = await run(command, f"{secured.url}/whip/{BROADCAST}")
    assert result.exit_code == 1
    assert "self-signed certificate" in result.stderr
    assert "--ca FILE" in result.stderr
    assert "--insecure" in result.stderr
    assert "running" not in result.stderr


async def test_http_and_https_taken_for_each_other_is_said(
    relayed: Media, secured: Secured
) -> None:
    for url, right in ((relayed.url, "http"), (secured.url, "https")):
        wrong = ("https" if right == "http" else "http") + "://" + url.partition("://")[2]
        result = await run("whip-check", f"{wrong}/whip/{BROADCAST}")
        assert result.exit_code == 1
        assert f"begin with {right}://?" in result.stderr


async def test_a_certificate_is_trusted_by_its_file(secured: Secured) -> None:
    url = f"{secured.url}/whip/{BROADCAST}"
    result = await run("whip-check", url, "--ca", str(secured.certificate))
    assert "401 Unauthorized" in result.stderr


async def test_any_certificate_is_trusted_where_that_is_asked_for_and_said(
    secured: Secured,
) -> None:
    url = f"{secured.url}/whep/{BROADCAST}"
    result = await run("whep-check", url, "--insecure")
    assert result.exit_code == 0, result.output
    assert "certificate was not checked (--insecure)" in result.stdout


@pytest.mark.parametrize(
    ("content", "words"), [(None, "can't be read: No such file"), ("none", "holds no certificate")]
)
async def test_a_file_without_a_certificate_is_said(
    tmp_path: Path, content: str | None, words: str
) -> None:
    pem = tmp_path / "ca.pem"
    if content is not None:
        pem.write_text(content)
    result = await run("whip-check", "https://127.0.0.1:9/whip", "--ca", str(pem))
    assert result.exit_code == 1
    assert words in result.stderr


async def test_a_broken_must_fails_the_check(
    relayed: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("farmlive.media.routes.sessions.FRAGMENT", "application/other")
    result = await run("whip-check", f"{relayed.url}/whip/{BROADCAST}", "--key", "orchard")
    assert result.exit_code == 1
    assert "MUST: 204 without a body and without an ETag" in result.stdout
    assert "Accept-Patch" not in result.stderr
