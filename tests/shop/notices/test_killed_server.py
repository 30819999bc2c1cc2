"""Notices of a server that is killed: a line is written once, a mail may come again as the same."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.shop.support.mail_server import mail_server
from tests.shop.support.sent_notices import all_are_sent, by_mail, kept, lines, shipped, states
from tests.support.waiting import LONG_S, until

from farmlive.settings import Settings

RUN = """
import asyncio, sys, time
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import LocalBus
from farmlive.composition.lookups import make_log
from farmlive.outages import Outages
from farmlive.shop.notices import notices, queue

async def main():
    queue.LEASE_MS = 300
    settings = Settings()
    store = await Store.open(settings)
    made = notices.Notices(
        store, make_log(LocalBus()), settings, outages=Outages()
    )
    if sys.argv[1:] == ["hang"]:
        for provider in made._providers:
            send = provider.send
            def sent_and_not_marked(notice, send=send):
                send(notice)
                print("sent", flush=True)
                time.sleep(1000)
            provider.send = sent_and_not_marked
    await made.start()
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def running(settings: Settings, *args: str, **more: str) -> AsyncIterator[Any]:
    """A process that sends notices; killed at the end, if it is there."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "FARMLIVE_DATA": str(settings.data),
        "FARMLIVE_DATABASE_URL": settings.database_url,
        **more,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN, *args, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), LONG_S)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def test_a_line_that_was_written_and_not_marked_is_not_written_again(
    stall: Any, settings: Settings
) -> None:
    await stall.place(1)
    async with running(settings, "hang"):
        await until(lambda: len(lines(settings)) == 1, "the line")
    assert await states(stall) == ["sending"]
    await stall.place(1)
    async with running(settings):
        await until(lambda: len(lines(settings)) == 2, "the other line")
        await all_are_sent(stall)
    assert len({line["id"] for line in lines(settings)}) == len(lines(settings)) == 2


async def test_lines_are_whole_and_once_however_often_the_server_is_killed(
    stall: Any, settings: Settings
) -> None:
    wide = await stall.offer(released=100)
    line = [{"offer": wide.id, "quantity": 1, "price": wide.price.amount}]
    for _ in range(40):
        await stall.place(1, lines=line)
    wanted = 0
    while wanted < 40:
        wanted = min(40, wanted + 11)
        async with running(settings):
            await until(lambda wanted=wanted: len(lines(settings)) >= wanted, "some more lines")  # type: ignore[misc]
    async with running(settings):
        await all_are_sent(stall)
    assert sorted(each["id"] for each in lines(settings)) == sorted(
        row.id for row in await kept(stall.store)
    )


async def test_a_mail_that_nobody_knows_was_taken_is_the_same_mail_again(
    stall: Any, settings: Settings
) -> None:
    async with mail_server() as server, by_mail(stall, settings, server):
        await shipped(stall)
        mail = {
            "FARMLIVE_NOTICES": "smtp",
            "FARMLIVE_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
            "FARMLIVE_SMTP_FROM": "orders@example.org",
        }
        server.answering.clear()
        async with running(settings, **mail):
            await asyncio.wait_for(server.taken.wait(), LONG_S)
        server.answering.set()
        async with running(settings, **mail):
            await until(lambda: len(server.mails) == 2, "the mail once more")
            await all_are_sent(stall, "smtp")
        assert len({mail["Message-ID"] for mail in server.mails}) == 1
