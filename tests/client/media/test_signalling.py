"""What becomes of a session when the connection that it was made by is gone."""

import httpx
import pytest

from farmlive.client.media import signalling


def closing(times: int, asked: list[str]) -> httpx.MockTransport:
    """A server that closes connections so many times instead of answering."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if len(asked) <= times:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return httpx.Response(200)

    return httpx.MockTransport(answer)


async def test_a_session_ends_also_where_its_connection_was_just_closed() -> None:
    asked: list[str] = []
    async with signalling.client(closing(1, asked)) as http:
        await signalling.delete_session(http, "http://farm.test/session")
    assert asked == ["DELETE", "DELETE"]


async def test_a_server_that_never_answers_is_an_error() -> None:
    async with signalling.client(closing(9, [])) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await signalling.delete_session(http, "http://farm.test/session")
