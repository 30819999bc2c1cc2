"""The alarm: what could not be done is logged, and of no person."""

from sqlalchemy import Connection
from structlog.testing import capture_logs
from tests.support.waiting import until

from farmlive.shop.core.due_scheduler import DueScheduler
from farmlive.store import Store


async def test_what_failed_is_logged_without_the_values_of_a_row(store: Store) -> None:
    def due(_connection: Connection) -> int:
        return 1

    async def ring() -> None:
        raise OSError("duplicate key\nDETAIL:  Key (phone)=(13800001111) already exists.")

    alarm = DueScheduler(store, due, ring, "holds could not be ended")
    with capture_logs() as logs:
        await alarm.start()
        await until(lambda: logs, "a line")
        await alarm.stop()
    assert "duplicate key" in str(logs)
    assert "13800001111" not in str(logs)
