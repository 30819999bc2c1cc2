"""One server a SQLite folder, with other commands beside it; SQLite alone opens its files."""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.support.parts import people_of

from farmlive.server import running
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.alone import FolderTaken


def farmlive(*words: str, before: tuple[str, ...] = ()) -> list[str]:
    return [*before, sys.executable, "-m", "farmlive", *words]


def environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "FARMLIVE_DATA": str(settings.data),
        "FARMLIVE_PORT": "0",
        "FARMLIVE_UDP_PORT": "0",
        "FARMLIVE_UDP_ADDRESSES": "127.0.0.1",
    }


def run(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        farmlive(*words), env=environment(settings), capture_output=True, text=True, timeout=60
    )


async def test_a_second_server_on_a_folder_ends_with_a_sentence(
    settings: Settings, tables: None
) -> None:
    async with running(settings):
        with pytest.raises(FolderTaken, match=f"process {os.getpid()}.*FARMLIVE_DATA"):
            async with running(settings):
                pass
        second = await asyncio.to_thread(run, settings, "serve")
        assert second.returncode == 1
        assert second.stderr.startswith(f"Another farmlive serves {settings.data} already")
        assert "Traceback" not in second.stderr
    async with running(settings):  # the first one has gone
        pass


async def test_other_commands_go_on_beside_a_server(settings: Settings, tables: None) -> None:
    async with running(settings):
        for words in (("user", "add", "chen"), ("user", "list"), ("key", "list"), ("migrate",)):
            ran = await asyncio.to_thread(run, settings, *words)
            assert ran.returncode == 0, ran.stderr


async def test_servers_on_one_postgresql_share_a_folder(store: Store, settings: Settings) -> None:
    if store.dialect == "sqlite":
        pytest.skip("there it is not shared")
    async with running(settings) as one, running(settings) as two, httpx.AsyncClient() as http:
        answers = [await http.get(f"{server.url}/readyz") for server in (one, two)]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_killed_server_leaves_the_folder_to_the_next(settings: Settings, tables: None) -> None:
    for how in (signal.SIGKILL, signal.SIGTERM):
        with subprocess.Popen(
            farmlive("serve"),
            env=environment(settings),
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdout is not None
            assert any("Serving" in line for line in server.stdout)
            server.send_signal(how)


# Who opens a file of the database and closes it drops all locks that SQLite has there. SQLite
# alone opens with O_NOFOLLOW.
_OPENED = re.compile(r'open(?:at2?)?\(.*"[^"]*farmlive\.sqlite3(?:-wal|-shm|-journal)?", ([^)]*)')


async def test_only_sqlite_opens_the_files_of_the_database(
    settings: Settings, tables: None, tmp_path: Path
) -> None:
    """Seen from the kernel, while a server starts, writes, is looked at, probes and ends."""
    store = await Store.open(settings)
    _, key = await people_of(store, settings).create_api_key("test", "coordinator")
    await store.close()
    trace = tmp_path / "trace"
    await asyncio.to_thread(serve_traced, settings, key, trace)
    opened = _OPENED.findall(trace.read_text())
    assert len(opened) > 3
    assert [flags for flags in opened if "O_NOFOLLOW" not in flags] == []


def serve_traced(settings: Settings, key: str, trace: Path) -> None:
    """Start a server under strace, ask it for something, and end it."""
    strace = ("strace", "-f", "-e", "trace=open,openat,openat2,link,linkat", "-o", str(trace))
    with subprocess.Popen(
        farmlive("serve", before=strace),
        env=environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        said = next(line for line in server.stdout if line.startswith("Serving"))
        headers = {"Authorization": f"Bearer {key}"}
        url = said.split()[1]
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            client.get("/readyz")  # whatever it says of a machine that is slow
            for path in ("/", "/metrics", "/studio", "/review", "/api/v1/lots"):
                assert client.get(path).status_code in (200, 303)
            made = client.post(
                "/api/v1/broadcasts", json={"title": {"zh": "金桔", "en": "Kumquats"}}
            )
            assert made.status_code == 201
        # It is strace's child that serves.
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)


def test_the_watch_over_the_tests_sees_who_opens_them(tmp_path: Path) -> None:
    """tests/conftest.py has it, for whatever the server's code does in any test."""
    path = tmp_path / "farmlive.sqlite3"
    sqlite3.connect(path).close()
    path.write_bytes(path.read_bytes())  # a test may
    for deed in ("open(path).close()", "path.read_bytes()", "__import__('os').open(path, 0)"):
        code = compile(deed, str(Path(sys.modules[Store.__module__].__file__ or "")), "exec")
        with pytest.raises(AssertionError, match="drops SQLite's locks"):
            exec(code, {"path": path})
