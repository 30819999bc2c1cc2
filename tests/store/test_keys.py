"""The key file: made once, kept to its owner, and held to the fingerprint that a database knows."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.parts import people_of

from farmlive.server import running
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.keys import KeyFile, Keys, KeysRefused


def test_it_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "new" / "keys")
    assert file.read() is None
    before = os.umask(0)
    try:
        keys = file.make(Keys.draw())
    finally:
        os.umask(before)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.read() == keys
    assert file.make(Keys.draw()) == keys  # another server was first
    assert file.path.stat().st_nlink == 1
    assert [path.name for path in file.path.parent.iterdir()] == ["keys"]
    assert keys.orders.hex() not in repr(keys)


def test_one_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    keys = file.make(Keys.draw())
    file.path.chmod(0o640)
    with capture_logs() as told:
        assert file.read() == keys
    assert "chmod 600" in told[0]["event"]


@pytest.mark.parametrize("text", ["", "orders 00", "pseudonyms xx\norders yy", "a b c", "\xff\xfe"])
def test_one_that_is_not_whole_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(text, "latin-1")
    with pytest.raises(KeysRefused, match=r"put a copy|see that it is farmlive's file"):
        KeyFile(tmp_path / "keys").read()


def test_one_that_cant_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeysRefused, match="FARMLIVE_KEY_FILE"):
        KeyFile(tmp_path / "file" / "keys").make(Keys.draw())


def test_keys_of_another_database_are_not_adopted(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    keys = file.adopt(b"p" * 32)
    assert keys.pseudonyms == b"p" * 32
    assert file.adopt(b"p" * 32) == file.adopt(None) == keys
    with pytest.raises(KeysRefused, match="of another database"):
        file.adopt(b"q" * 32)


@pytest.mark.parametrize("instead", ["none", "another"])
async def test_a_server_without_the_databases_keys_does_not_start(
    store: Store, settings: Settings, instead: str
) -> None:
    path = settings.data / "keys"
    kept = path.read_bytes()
    path.unlink()
    if instead == "another":
        KeyFile(path).make(Keys.draw())
    first = {"none": "they are lost: ", "another": "move this file away, "}[instead]
    said = (
        rf"Put a copy of .*:/.*keys there.*{first}stop every server and run `farmlive keys replace`"
        r".*links and the codes of pick-ups.*docs/operator.md.*Nothing was changed"
    )
    with pytest.raises(KeysRefused, match=said):
        async with running(settings):
            pass
    # What needs no keys works, as accounts from another machine.
    other = await Store.open(settings)
    await people_of(other, settings).create_api_key("test", "coordinator")
    with pytest.raises(KeysRefused, match=said):
        _ = other.keys
    await other.close()
    # Copied to where a setting says, it does.
    elsewhere = settings.data.parent / "secret"
    elsewhere.write_bytes(kept)
    moved = settings.model_copy(update={"key_file": elsewhere})
    async with running(moved):
        pass


async def test_servers_of_one_database_have_the_same_keys(store: Store, settings: Settings) -> None:
    other = await Store.open(settings)
    assert other.keys == store.keys
    await other.close()


def test_the_command_ends_with_a_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "FARMLIVE_DATA": str(tmp_path), "FARMLIVE_PORT": "0"}
    command = [sys.executable, "-m", "farmlive"]

    def run(*words: str) -> Any:
        return subprocess.run(
            [*command, *words], env=environment, capture_output=True, text=True, check=False
        )

    assert run("migrate").returncode == 0
    (tmp_path / "keys").unlink()
    ended = run("serve")
    assert ended.returncode == 1
    assert "The keys of this database are not here" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "keys").exists()


async def test_many_at_once_agree_on_one_file(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys")
    made = await asyncio.gather(
        *(asyncio.to_thread(file.adopt, None) for _ in range(8)), return_exceptions=False
    )
    assert len({keys.fingerprint for keys in made}) == 1
