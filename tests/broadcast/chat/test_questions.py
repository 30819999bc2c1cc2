"""The queue of questions: one for all of the team, answered for all, erased with the message."""

from typing import Any

from tests.broadcast.live_channel import ask, channel, comes, get, with_kind
from tests.support.clerks import role_key
from websockets.asyncio.client import ClientConnection

from farmlive.server import Server


async def said(socket: ClientConnection, text: str) -> int:
    reply = await ask(socket, "chat.say", text=text, nickname="小林")
    return int(reply["result"]["seq"])


async def snapshot(server: Server, live: str, key: str = "") -> dict[str, Any]:
    async with channel(server, live, key=key) as socket:
        found: dict[str, Any] = (await get(socket))["snapshot"]
        return found


async def test_a_question_is_queued_for_the_team_and_answered_for_all(
    server: Server, live: str
) -> None:
    key = await role_key(server.house, "moderator")
    async with channel(server, live) as viewer, channel(server, live, key=key) as moderator:
        await get(viewer)
        await get(moderator)
        message = await said(viewer, "甜吗？")
        assert (await ask(moderator, "chat.queue", message=message))["result"]["seq"]
        again = await ask(moderator, "chat.queue", message=message)
        assert again["result"] == {"seq": None}
        # The moderator's second phone has it, viewers have not.
        (queued,) = (await snapshot(server, live, key))["questions"]
        assert (queued["message"], queued["nickname"], queued["text"]) == (
            message,
            "小林",
            "甜吗？",
        )
        assert "questions" not in await snapshot(server, live)
        reply = "很甜！ 138 1234 5678"
        assert (await ask(moderator, "chat.answer", message=message, reply=reply))["ok"]
        frame = await comes(viewer, with_kind("chat.answered"))
    told = frame["events"][-1]["data"]
    masked = {
        "message": message,
        "nickname": "小林",
        "text": "甜吗？",
        "reply": "很甜！ •••••••••••",
    }
    assert told == masked
    assert {**(await snapshot(server, live))["answer"], "at": None} == {**masked, "at": None}
    assert (await snapshot(server, live, key))["questions"] == []


async def test_what_is_dropped_or_taken_away_is_gone(server: Server, live: str) -> None:
    key = await role_key(server.house, "host")
    async with channel(server, live) as viewer, channel(server, live, key=key) as host:
        await get(viewer)
        await get(host)
        message = await said(viewer, "几点发货？")
        assert (await ask(host, "chat.drop", message=message))["result"] == {"seq": None}
        await ask(host, "chat.queue", message=message)
        assert (await ask(host, "chat.drop", message=message))["result"]["seq"]
        assert (await snapshot(server, live, key))["questions"] == []
        assert (await ask(host, "chat.clear"))["result"] == {"seq": None}
        await ask(host, "chat.answer", message=message)
        assert (await snapshot(server, live))["answer"]["text"] == "几点发货？"
        assert (await ask(host, "chat.clear"))["result"]["seq"]
        assert (await snapshot(server, live))["answer"] is None


async def test_a_hidden_message_is_erased_from_queue_answer_and_log(
    server: Server, live: str
) -> None:
    key = await role_key(server.house, "host")
    async with channel(server, live) as viewer, channel(server, live, key=key) as host:
        welcome = await get(viewer)
        await get(host)
        message = await said(viewer, "买别家的")
        await ask(host, "chat.queue", message=message)
        await ask(host, "chat.answer", message=message)
        await ask(host, "chat.queue", message=message)
        await ask(host, "chat.hide", message=message)
        refused = await ask(host, "chat.queue", message=message)
        assert refused["problem"]["type"].endswith("unknown-chat-message")
        found = await snapshot(server, live, key)
        assert (found["questions"], found["answer"]) == ([], None)
        # Nor is it in what whoever comes back is sent.
        async with channel(server, live, f"?after={welcome['to']}", key=key) as back:
            missed = await get(back)
    assert "买别家的" not in str(missed)
    log = await server.house.store.read(lambda c: server.house.log.events(c, live))
    assert "买别家的" not in str([event.data for event in log])


async def test_a_reply_that_is_taken_away_is_erased_and_its_question_stays(
    server: Server, live: str
) -> None:
    key = await role_key(server.house, "host")
    async with channel(server, live) as viewer, channel(server, live, key=key) as host:
        welcome = await get(viewer)
        await get(host)
        message, other = await said(viewer, "甜吗？"), await said(viewer, "几点发货？")
        await ask(host, "chat.answer", message=other, reply="今天")
        for reply in ("问王家的孙子", "王家的孙子知道"):
            await ask(host, "chat.answer", message=message, reply=reply)
        cleared = await ask(host, "chat.clear")
        frame = await comes(viewer, with_kind("chat.cleared"))
        assert frame["events"][-1]["seq"] == cleared["result"]["seq"]
        assert (await ask(host, "chat.clear"))["result"] == {"seq": None}
        # Nor is it in what whoever comes back is sent.
        async with channel(server, live, f"?after={welcome['to']}") as back:
            missed = str(await get(back))
        assert "王家" not in missed
        assert "甜吗？" in missed
        assert "今天" in missed
        # What was only seen to be wrong after the end is erased then.
        await ask(host, "chat.answer", message=message, reply="王家")
        await server.house.broadcasts.end(live)
        assert (await ask(host, "chat.clear"))["result"]["seq"]
    log = await server.house.store.read(lambda c: server.house.log.events(c, live))
    answers = [event.data for event in log if event.kind == "chat.answered"]
    assert [answer.get("reply") for answer in answers] == ["今天", None, None, None]
    assert [answer["message"] for answer in answers] == [other, message, message, message]


async def test_only_the_team_has_questions_and_none_after_the_end(
    server: Server, live: str
) -> None:
    key = await role_key(server.house, "host")
    async with channel(server, live) as viewer, channel(server, live, key=key) as host:
        await get(viewer)
        await get(host)
        message = await said(viewer, "甜吗？")
        for name, more in (
            ("chat.queue", {"message": message}),
            ("chat.drop", {"message": message}),
            ("chat.answer", {"message": message}),
            ("chat.clear", {}),
        ):
            refused = await ask(viewer, name, **more)
            assert refused["problem"]["type"].endswith("staff-only"), name
        await ask(host, "chat.answer", message=message)
        await server.house.broadcasts.end(live)
        for name in ("chat.queue", "chat.answer"):
            refused = await ask(host, name, message=message)
            assert refused["problem"]["type"].endswith("ended"), name
    assert (await snapshot(server, live))["answer"] is None
