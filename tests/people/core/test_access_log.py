"""What the audit list has of access: who came in or tried to, refusals, files, searches."""

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from tests.people.conftest import PASSWORD, sign_in, viewer_at
from tests.support.manual_clock import Clock

from farmlive.clock import now_ms, parse_rfc3339, pretended, rfc3339
from farmlive.ids import first_ulid, ulid
from farmlive.people import Caller, People
from farmlive.people.core import audit, tables
from farmlive.people.core.access_log import TOGETHER_S, AccessLog
from farmlive.people.core.problems import Blocked, WrongPassword
from farmlive.problems import Forbidden, Invalid, NotFound
from farmlive.settings import Settings
from farmlive.store import CommitFailed, Store

CHEN = Caller("A", "chen", "host", "a device", "192.0.2.1")
DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(store: Store, clock: Clock) -> AccessLog:
    return AccessLog(store, clock=clock)


async def rows(store: Store) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, action and detail of all, the first ones first, without when something began."""
    deeds = await store.read(lambda conn: audit.list_entries(conn, None, 1_000))
    return [
        (deed.name, deed.action, {k: v for k, v in deed.detail.items() if k != "first"})
        for deed in reversed(deeds)
    ]


async def test_coming_and_going_is_listed(host: httpx.AsyncClient, store: Store) -> None:
    await sign_in(host, "chen")
    await host.delete("/api/v1/session")
    assert [(name, action) for name, action, _ in await rows(store)] == [
        ("chen", "session.start"),
        ("chen", "session.start"),
        ("chen", "session.end"),
    ]


async def test_end_of_another_own_session_is_listed_as_such(people: People, store: Store) -> None:
    await people.create_account("chen", "host", PASSWORD)
    for device in ("a" * 32, "b" * 32):
        session = await people.sign_in("chen", PASSWORD, viewer_at("192.0.2.1", device))
    own = Caller(session.account, "chen", "host", "b" * 32, None)
    for each in await people.sessions(own, session.token):
        if not each.is_this:
            await people.end_session(own, each.id)
    assert (await rows(store))[-1] == ("chen", "session.end", {"other": True})


async def test_wrong_passwords_are_listed_without_what_was_typed(
    client: httpx.AsyncClient, people: People, store: Store
) -> None:
    await people.create_account("chen", "host", PASSWORD)
    for name in ("chen", "correct horse battery", "13800000000", "nobody"):
        body = {"name": name, "password": "the wrong one"}
        assert (await client.post("/api/v1/session", json=body)).status_code == 401
    await people.access.flush()
    assert await rows(store) == [
        ("", "session.fail", {"name": "chen"}),
        ("", "session.fail", {"count": 3}),
    ]


async def test_wrong_old_password_counts_too(
    host: httpx.AsyncClient, people: People, store: Store
) -> None:
    body = {"old": "not the right one", "new": "four-quiet-hills"}
    await host.post("/api/v1/session/password", json=body)
    await people.access.flush()
    assert (await rows(store))[-1] == ("", "session.fail", {"name": "chen"})


async def test_right_password_that_signs_nobody_in_is_no_silent_try(
    people: People, store: Store
) -> None:
    await people.create_account("chen", "host", PASSWORD)
    with pytest.raises(Invalid):
        await people.sign_in("chen", PASSWORD, viewer_at("192.0.2.1"), "four-quiet-hills")
    await people.access.flush()
    assert await rows(store) == [("", "session.fail", {"name": "chen"})]


async def test_flood_of_failures_is_a_row_in_ten_minutes(
    log: AccessLog, store: Store, clock: Clock
) -> None:
    for _ in range(1_000):
        log.record_failure(None, None)
        await log.flush()
    assert await rows(store) == [("", "session.fail", {})]
    clock.now += TOGETHER_S
    await log.flush()
    assert (await rows(store))[1:] == [("", "session.fail", {"count": 999})]
    clock.now += TOGETHER_S
    await log.flush()
    assert len(log) == 0
    assert len(await rows(store)) == 2


async def test_burst_has_its_own_time_and_not_that_of_writing_it(
    log: AccessLog, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = parse_rfc3339("2026-11-29T15:21:00+08:00")
    with pretended(begin) as wall:
        log.record_search(CHEN, "phone")
        await log.flush()
        for number in range(13):
            wall.at = begin + 20_000 + number * 20_000
            log.record_search(CHEN, "phone")
        last = wall.at
        wall.at = begin + 360_000
        await store.write(lambda conn: audit.record_always(conn, CHEN, "bag.change"))
        wall.at = begin + 600_000
        clock.now += TOGETHER_S
        # What can't be written is written the next time, with the times that it had.
        with monkeypatch.context() as broken:
            broken.setattr(store, "write", _fails)
            with pytest.raises(CommitFailed):
                await log.flush()
        await log.flush()
    found = await store.read(lambda conn: audit.list_entries(conn, None, 10))
    # It stands among the others by that time.
    assert [deed.action for deed in found] == ["bag.change", "buyers.search", "buyers.search"]
    _, burst, alone = found
    assert (alone.at, alone.detail) == (begin, {"by": "phone"})
    assert burst.at == last
    assert burst.detail == {"by": "phone", "count": 13, "first": rfc3339(begin + 20_000)}


async def _fails(_function: Any) -> None:
    raise CommitFailed("The disk is full.")


async def test_flood_of_different_ones_is_bounded(store: Store, clock: Clock) -> None:
    log = AccessLog(store, clock=clock, capacity=10)
    for number in range(100):
        log.record_refusal(CHEN, f"GET /{number}", Forbidden("No."))
    await log.flush()
    found = await rows(store)
    assert len(found) == 11
    assert found[-1] == ("", "access.refuse", {"count": 90})


async def test_known_and_unknown_names_cost_the_same(
    people: People, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    """No row is written while someone waits for the answer: its time would tell which exist."""
    await people.create_account("chen", "host", PASSWORD)
    written = 0
    write = store.write

    async def count(function: Any) -> Any:
        nonlocal written
        written += 1
        return await write(function)

    monkeypatch.setattr(store, "write", count)
    for name in ("chen", "nobody"):
        with pytest.raises(WrongPassword):
            await people.sign_in(name, "the wrong one", viewer_at("192.0.2.1"))
    assert written == 0


async def test_refusals_of_staff_are_listed_and_no_viewers(log: AccessLog, store: Store) -> None:
    program = Caller(None, "a key", "seller", "", None)
    log.record_refusal(CHEN, "POST /api/v1/accounts", Forbidden("No."))
    log.record_refusal(program, "POST /api/v1/accounts", Forbidden("No."))
    log.record_refusal(viewer_at("192.0.2.1"), "channel chat.say", Blocked("No."))
    log.record_refusal(None, "POST /api/v1/session", Forbidden("No."))
    log.record_refusal(CHEN, "GET /api/v1/lots", NotFound("Nothing."))
    await log.flush()
    detail = {"path": "POST /api/v1/accounts", "problem": "forbidden"}
    assert await rows(store) == [
        ("chen", "access.refuse", detail),
        ("a key", "access.refuse", detail),
    ]


async def test_what_can_not_be_written_is_written_later(
    log: AccessLog, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_function: Any) -> None:
        log.record_failure("A", "chen")  # meanwhile
        raise CommitFailed("The disk is full.")

    log.record_failure("A", "chen")
    with monkeypatch.context() as broken:
        broken.setattr(store, "write", fail)
        with pytest.raises(CommitFailed):
            await log.flush()
    await log.flush()
    assert await rows(store) == [("", "session.fail", {"name": "chen", "count": 2})]


async def test_what_was_written_without_an_answer_is_written_once(
    log: AccessLog, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = store.write

    async def lose_the_answer(function: Any) -> None:
        await write(function)
        raise CommitFailed("The connection was lost.")

    log.record_search(CHEN, "phone")
    with monkeypatch.context() as broken:
        broken.setattr(store, "write", lose_the_answer)
        with pytest.raises(CommitFailed):
            await log.flush()
    log.record_failure(None, None)
    await log.flush()
    assert [action for _, action, _ in await rows(store)] == ["buyers.search", "session.fail"]


async def test_end_of_the_server_writes_what_is_counted(log: AccessLog, store: Store) -> None:
    for _ in range(3):
        log.record_search(CHEN, "phone")
        await log.flush()
    await log.stop()
    assert await rows(store) == [
        ("chen", "buyers.search", {"by": "phone"}),
        ("chen", "buyers.search", {"by": "phone", "count": 2}),
    ]


async def test_old_entries_are_forgotten(
    people: People, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("farmlive.people.people.FORGET_AT_ONCE", 3)
    now = now_ms()
    kept = settings.audit_days * DAY_MS
    ages = [kept + DAY_MS] * 7 + [kept - DAY_MS, 0]
    values = [
        {
            "id": first_ulid(now - age)[:-1] + str(number),
            "at": now - age,
            "name": "chen",
            "action": "test.deed",
            "detail": {},
        }
        for number, age in enumerate(ages)
    ]
    await store.write(lambda conn: conn.execute(tables.audit.insert(), values).rowcount)
    await people.delete_old_audit_entries()
    count = select(func.count()).select_from(tables.audit)
    assert await store.read(lambda conn: conn.execute(count).scalar_one()) == 2
    await people.delete_old_audit_entries()
    assert await people.count_audit_entries() == 2


def test_first_ulid_of_a_time_is_before_all_others_of_it() -> None:
    before = first_ulid(now_ms())
    made = ulid()
    assert before <= made < first_ulid(now_ms() + 1)
