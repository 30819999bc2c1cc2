"""The demo's folder: private files, one demo at a time, and nothing removed that is not its own."""

import json
import stat
from pathlib import Path

import pytest

from farmlive.demo.state import DemoJson, Folder, FolderInUse

DEMO: DemoJson = {
    "url": "http://127.0.0.1:8000",
    "udp_port": 8189,
    "live": "L",
    "spare": "S",
    "stream_keys": {"L": "fls_1", "S": "fls_2"},
    "users": [{"name": "lin", "password": "kumquatjam", "role": "coordinator"}],
    "offers": [{"offer": "O", "gtin": "09520000000110", "lot": "1123"}],
}


def test_demo_json_is_private_and_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.announce(DEMO)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == DEMO
    folder.announce(DEMO)
    assert [item.name for item in tmp_path.iterdir()] == ["demo.json"]
    folder.withdraw()
    assert not path.exists()


def test_a_second_demo_in_the_folder_is_told_what_to_do(tmp_path: Path) -> None:
    with (
        Folder(tmp_path).locked(),
        pytest.raises(FolderInUse, match="--data"),
        Folder(tmp_path).locked(),
    ):
        pass
    with Folder(tmp_path).locked():
        pass


def test_fresh_removes_only_what_the_demo_made(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.server.mkdir()
    (folder.server / "farmlive.sqlite").touch()
    folder.save_notes({"entered": {}})
    (tmp_path / "my-photos").mkdir()
    folder.empty()
    assert [item.name for item in tmp_path.iterdir()] == ["my-photos"]


def test_a_start_that_did_not_end_well_is_forgotten_but_for_the_film(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.server.mkdir()
    (tmp_path / "film").mkdir()
    assert not folder.is_whole
    folder.forget()
    assert [item.name for item in tmp_path.iterdir()] == ["film"]
