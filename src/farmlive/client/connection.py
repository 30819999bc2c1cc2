"""A connection to a server's HTTP API: who the client is, and a request with its answer.

Holds cookies and the CSRF token, or an API key. What can be asked is api.py's.
"""

from typing import Any, Self
from urllib.parse import urlencode

import httpx

from farmlive.client.http import Json, checked


class Connection:
    """One server, as an account, a program or a viewer's device.

    `url` is the server's address without a path, `key` an API key. `transport` replaces the
    network, for tests. Use it as an async context manager.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = 10.0,
    ):
        self.url = url.rstrip("/")
        self.key = key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers=headers,
            transport=transport,
            timeout=timeout_s,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; the session on the server stays."""
        await self._http.aclose()

    @property
    def cookie(self) -> str:
        """The cookies held, as a `Cookie` header; give it to Channel to be the same person."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._http.cookies.jar)

    async def request(
        self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None
    ) -> Json:
        """Send one request and return the JSON object of its answer, `{}` where it has no body."""
        response = checked(await self._http.request(method, path, json=json, headers=headers))
        if not response.content or "json" not in response.headers.get("content-type", ""):
            return {}
        body: Json = response.json()
        return body

    async def listed(self, path: str, name: str, **query: str) -> list[Json]:
        """Everything that a list has, its `name` of each page, however many pages they are."""
        found: list[Json] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = urlencode({**query, **({"cursor": cursor} if cursor else {})})
            page = await self.request("GET", f"{path}?{asked}" if asked else path)
            found += page[name]
            cursor = page["next"]
        return found

    async def upload(self, path: str, data: bytes, media_type: str) -> Json:
        """POST a file as it is, such as a picture or a certificate."""
        headers = {"Content-Type": media_type}
        answer = checked(await self._http.post(path, content=data, headers=headers))
        body: Json = answer.json()
        return body
