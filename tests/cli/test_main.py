"""The operator's commands for accounts and keys, on a database in a folder of the test's own."""

import os
import pty
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from farmlive.cli.main import cli
from farmlive.clock import DAY_MS, now_ms, rfc3339
from farmlive.ids import first_ulid, ulid
from farmlive.origin.core.problems import UnknownFarm
from farmlive.problems import Invalid
from farmlive.store.engine import DatabaseRefused


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARMLIVE_DATA", str(tmp_path))
    shutil.copyfile(migrated_file, tmp_path / "farmlive.sqlite3")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def listed(what: str) -> list[list[str]]:
    """The words of each line of a list."""
    return [line.split() for line in run(what, "list").stdout.splitlines()]


@pytest.fixture
def farm(tmp_path: Path) -> str:
    """A farm in the database."""
    farm = ulid()
    with sqlite3.connect(tmp_path / "farmlive.sqlite3") as connection:
        connection.execute(
            "INSERT INTO farms (id, name, place, person, story, created_at) "
            """VALUES (?, '{"zh":"果园"}', '{"zh":"尤溪"}', '{"zh":"林"}', '{"zh":"…"}', 1)""",
            (farm,),
        )
    connection.close()
    return farm


def test_second_factor_is_reset_for_a_lone_coordinator_and_nothing_else_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("user", "add", "lin", "--role", "coordinator")
    database = sqlite3.connect(tmp_path / "farmlive.sqlite3", isolation_level=None)
    (account,) = database.execute("SELECT id FROM accounts").fetchone()
    database.execute("UPDATE accounts SET second_factor = 1, factor_asked_at = 1")
    database.execute("INSERT INTO totp VALUES (?, 'sealed', 1, 1)", (account,))
    database.execute("INSERT INTO recovery_codes VALUES (?, 'hash', NULL)", (account,))
    database.execute(
        "INSERT INTO sessions (hash, account, created_at, expires_at) VALUES ('h', ?, 1, 1)",
        (account,),
    )
    monkeypatch.setenv("FARMLIVE_REQUIRE_SECOND_FACTOR", "true")
    reset = run("user", "reset-factor", "lin")
    assert reset.exit_code == 0
    assert reset.stdout.startswith("lin has no second factor any more")
    assert "seven days" in reset.stdout
    assert database.execute("SELECT second_factor, factor_asked_at FROM accounts").fetchall() == [
        (0, None)
    ]
    for table in ("totp", "recovery_codes"):
        assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert database.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
    deed = "SELECT name, subject, detail FROM audit WHERE action = 'factor.reset'"
    assert database.execute(deed).fetchall() == [("farmlive command", account, '{"name":"lin"}')]
    database.close()
    again = run("user", "reset-factor", "lin")
    assert again.stdout.startswith("lin had no second factor")
    assert run("user", "reset-factor", "nobody").exit_code == 1


def test_user_is_made_with_a_role_and_a_password_that_is_shown() -> None:
    made = run("user", "add", "chen", "--role", "moderator")
    assert made.exit_code == 0
    assert made.stdout.startswith("chen (moderator): password ")
    assert listed("user") == [["chen", "moderator", *["no", "second", "factor"]]]


@pytest.mark.parametrize("terminal", [False, True])
def test_first_password_is_shown_to_a_terminal_alone(tmp_path: Path, terminal: bool) -> None:
    (tmp_path / "farmlive.sqlite3").unlink()
    shown, end = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "farmlive", "serve", "--port", "0", "--udp-port", "0"],
        env={**os.environ, "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=end if terminal else subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    os.close(end)
    output = os.fdopen(shown) if terminal else child.stdout
    assert output is not None
    try:
        lines = [output.readline().strip() for _ in range(4)]
    finally:
        child.terminate()
        child.wait(30)
        output.close()
    file = tmp_path / "first-sign-in"
    assert lines[1] == "It works for 24 hours, once; `farmlive user password` gives another."
    assert lines[2].startswith("Serving ")
    # What is new on this machine is said last, once, and not between.
    assert lines[3].startswith(f"The keys of this database are in {tmp_path / 'keys'}, made now: ")
    if terminal:
        assert re.search(r"sign in as coordinator with the password (\w{6}-){2}\w{6}$", lines[0])
        assert not file.exists()
    else:
        assert lines[0] == f"First start: sign in as coordinator; the password is in {file}"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert re.fullmatch(r"coordinator (\w{6}-){2}\w{6}\n", file.read_text())
        reset = run("user", "password", "coordinator")
        assert "works for 24 hours" in reset.stdout
        assert not file.exists()


def test_seller_is_made_with_its_farms(farm: str) -> None:
    assert run("user", "add", "mei", "--role", "seller", "--farm", farm).exit_code == 0
    assert listed("user") == [["mei", "seller", *["no", "second", "factor"], farm]]


def test_seller_without_a_farm_or_with_an_unknown_one_is_refused() -> None:
    assert run("user", "add", "mei", "--role", "seller").exit_code == 1
    unknown = run("user", "add", "mei", "--role", "seller", "--farm", ulid())
    assert isinstance(unknown.exception, UnknownFarm)
    assert listed("user") == []


def test_disabled_user_is_listed_as_such() -> None:
    run("user", "add", "lin", "--role", "coordinator")
    run("user", "add", "chen")
    assert run("user", "disable", "chen").exit_code == 0
    none = ["no", "second", "factor"]
    assert listed("user") == [["chen", "host", "disabled", *none], ["lin", "coordinator", *none]]


def test_api_key_of_a_seller_is_made_listed_and_revoked(farm: str) -> None:
    made = run("key", "add", "scale", "--role", "seller", "--farm", farm)
    assert made.stdout.startswith("fl_")
    ((identity, role, label, owner, end, used, own),) = listed("key")
    assert (owner, end, used) == ("owner:-", "until:-", "used:-")
    assert (role, label, own) == ("seller", "scale", farm)
    assert run("key", "revoke", identity).exit_code == 0
    assert listed("key") == []


def test_a_key_has_an_owner_and_an_end_and_ends_with_its_owner() -> None:
    for name in ("lin", "wang"):
        run("user", "add", name, "--role", "coordinator")
    run("user", "add", "chen")
    refused = run("key", "add", "sheet", "--owner", "chen")
    assert isinstance(refused.exception, Invalid)
    made = run("key", "add", "sheet", "--owner", "wang", "--days", "30")
    assert made.stdout.startswith("fl_")
    ((_, _, label, owner, end, used),) = listed("key")
    assert (label, owner, used) == ("sheet", "owner:wang", "used:-")
    assert end.startswith("until:20")
    # It asks before what is listed ends, and nothing is done without a yes.
    asked = run("user", "disable", "wang")
    assert asked.exit_code == 1
    assert asked.stdout.split()[:3] == ["api", "key", "sheet"]
    assert len(listed("key")) == 1
    given = run("user", "disable", "wang", "--give-to", "lin")
    assert given.exit_code == 0
    # The command made it: nobody but its owner knows it.
    assert "still knows" not in given.stdout
    assert listed("key")[0][3] == "owner:lin"
    run("user", "add", "wu", "--role", "coordinator")
    assert run("user", "disable", "lin", "--yes").exit_code == 0
    assert listed("key") == []


def test_users_are_listed_with_their_second_factor_or_until_when_it_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARMLIVE_REQUIRE_SECOND_FACTOR", "true")
    for name in ("asked", "fresh", "late", "safe"):
        run("user", "add", name)
    run("user", "add", "wu", "--role", "moderator")
    now = now_ms()
    database = sqlite3.connect(tmp_path / "farmlive.sqlite3", isolation_level=None)
    asked = "UPDATE accounts SET factor_asked_at = ? WHERE name = ?"
    database.executemany(asked, [(now - DAY_MS, "asked"), (now - 8 * DAY_MS, "late")])
    database.execute("UPDATE accounts SET second_factor = 1 WHERE name = 'safe'")
    database.close()
    assert {words[0]: " ".join(words[2:]) for words in listed("user")} == {
        "asked": f"no second factor: due {rfc3339(now + 6 * DAY_MS)}",
        "fresh": "no second factor: seven days from the next sign-in",
        "late": f"no second factor: overdue since {rfc3339(now - DAY_MS)}",
        "safe": "second factor",
        "wu": "no second factor",
    }


def test_what_someone_knows_or_let_in_is_named_and_a_key_renewed(tmp_path: Path) -> None:
    for name in ("lin", "wang"):
        run("user", "add", name, "--role", "coordinator")
    run("user", "add", "mole")
    run("key", "add", "sheet", "--owner", "lin")
    database = sqlite3.connect(tmp_path / "farmlive.sqlite3", isolation_level=None)
    (wang,) = database.execute("SELECT id FROM accounts WHERE name = 'wang'").fetchone()
    database.execute("UPDATE api_keys SET made_by = ?", (wang,))
    database.execute("UPDATE accounts SET made_by = ? WHERE name = 'mole'", (wang,))
    identity, *facts = listed("key")[0]
    assert facts[-1] == "known-to:wang"
    told = run("user", "disable", "wang", "--yes").stdout
    assert f"farmlive key renew {identity}" in told
    assert "wang made or invited these accounts, which stay: mole" in told
    (before,) = database.execute("SELECT hash FROM api_keys").fetchone()
    assert run("key", "renew", identity).stdout.startswith("fl_")
    assert database.execute("SELECT hash FROM api_keys").fetchone() != (before,)
    database.close()
    assert listed("key")[0][-1].startswith("used:")


def test_only_migrate_and_serve_change_the_tables(tmp_path: Path) -> None:
    (tmp_path / "farmlive.sqlite3").unlink()
    missing = run("user", "list")
    assert isinstance(missing.exception, DatabaseRefused)
    assert not (tmp_path / "farmlive.sqlite3").exists()
    # In a process of its own, whose log it sets up.
    migrated = subprocess.run(
        [sys.executable, "-m", "farmlive", "migrate"],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    revision, keys = migrated.stdout.splitlines()
    assert revision.startswith("The database is at revision ")
    assert keys.startswith(f"The keys of this database are in {tmp_path / 'keys'}, made now: ")
    assert "keys" not in migrated.stderr
    assert run("user", "list").exit_code == 0
    with sqlite3.connect(tmp_path / "farmlive.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0009'")
    connection.close()
    refused = run("user", "add", "chen")
    assert isinstance(refused.exception, DatabaseRefused)
    assert "farmlive migrate" in str(refused.exception)


def test_what_the_command_did_is_in_the_audit_list(tmp_path: Path) -> None:
    run("user", "add", "chen")
    with sqlite3.connect(tmp_path / "farmlive.sqlite3") as connection:
        found = connection.execute("SELECT name, action FROM audit").fetchall()
    connection.close()
    assert found == [("farmlive command", "account.add")]


def test_serve_says_which_variables_set_nothing() -> None:
    # In a process of its own, whose log it sets up.
    ran = subprocess.run(
        [sys.executable, "-m", "farmlive", "serve", "--port", "0"],
        env={
            **os.environ,
            "FARMLIVE_HOLD_MINUTE": "20",
            "FARMLIVE_DATABASE_URL": "mysql://somewhere/farmlive",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert "did you mean FARMLIVE_HOLD_MINUTES?" in ran.stderr
    assert "FARMLIVE_DATABASE_URL must begin with postgresql://" in ran.stderr


@pytest.fixture
def old_sale(tmp_path: Path) -> str:
    """Two orders of a year ago, the second of which is not paid; the broadcast's id."""
    broadcast, farm = ulid(), ulid()
    long_ago = now_ms() - 365 * DAY_MS
    with sqlite3.connect(tmp_path / "farmlive.sqlite3") as connection:
        connection.execute(
            "INSERT INTO broadcasts (id, title, state, created_at, started_at, ended_at, seq, "
            "last_at) VALUES (?, '{\"en\":\"Pears\"}', 'ended', ?, ?, ?, 0, ?)",
            (broadcast, *[long_ago] * 4),
        )
        for number, state, payment in ((1, "received", "paid"), (2, "at_centre", "due")):
            connection.execute(
                "INSERT INTO orders (id, broadcast, number, token_hash, device, buyer, buyer_name, "
                "buyer_phone, way, payment_method, state, payment, total, currency, simulated, "
                "placed_at) VALUES (?, ?, ?, ?, 'd', 'b', 'Wang Fang', '13800000000', 'pickup', "
                "'pay_at_pickup', ?, ?, 2990, 'CNY', 0, ?)",
                (
                    first_ulid(long_ago + number),
                    broadcast,
                    number,
                    f"{farm}{number}",
                    state,
                    payment,
                    long_ago,
                ),
            )
        connection.execute(
            "INSERT INTO watches (broadcast, device, from_at, to_at, running, resumed) "
            "VALUES (?, 'd', ?, ?, 0, 0)",
            (broadcast, long_ago, long_ago),
        )
    connection.close()
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    (outbox / "2025-01-01.jsonl").write_text('{"to": "13800000000"}\n')
    os.utime(outbox / "2025-01-01.jsonl", (1, 1))
    return broadcast


def test_retention_says_what_would_go_and_then_removes_it(old_sale: str, tmp_path: Path) -> None:
    def names() -> list[str]:
        with sqlite3.connect(tmp_path / "farmlive.sqlite3") as connection:
            found = connection.execute("SELECT buyer_name FROM orders ORDER BY number").fetchall()
        connection.close()
        return [name for (name,) in found]

    counts = [
        "orders' persons {}, after 180 days: 1",
        "outbox files {}, after 7 days: 1",
        "watch sessions and card taps {}, after 90 days: 1",
        "records of sales {}, after 3 years: 0",
    ]
    would = run("retention", "--dry-run")
    assert would.exit_code == 0
    assert would.stdout.splitlines() == [
        *(line.format("to remove") for line in counts),
        "older orders that keep their person: 1",
        "  1 have money due",
        f"  A0002 of {old_sale}: have money due",
    ]
    assert names() == ["Wang Fang", "Wang Fang"]
    assert list((tmp_path / "outbox").iterdir())
    done = run("retention")
    assert done.exception is None, done.exception
    assert done.stdout.splitlines() == [line.format("removed") for line in counts]
    assert names() == ["", "Wang Fang"]
    assert not list((tmp_path / "outbox").iterdir())
    assert "persons to remove, after 180 days: 0" in run("retention", "--dry-run").stdout
