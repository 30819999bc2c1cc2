"""A connection to a server's HTTP API: the client's identity, and its requests.

Holds cookies and the CSRF token, or an API key. api.py has the calls.
"""

from typing import Any, Self
from urllib.parse import urlencode

import httpx

from farmlive.client.http import Json, raise_for_problem


class Connection:
    """One server, as an account, a program or a viewer's device.

    `url` is the server's URL without a path, `key` an API key. `transport` replaces the network,
    for tests. Use it as an async context manager.
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
        """The cookies as a `Cookie` header; a Channel that gets it has the same identity."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._http.cookies.jar)

    async def request(
        self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None
    ) -> Json:
        """Send a request and return the JSON object of the response, `{}` if it has no body."""
        response = raise_for_problem(
            await self._http.request(method, path, json=json, headers=headers)
        )
        if not response.content or "json" not in response.headers.get("content-type", ""):
            return {}
        body: Json = response.json()
        return body

    async def list_all(self, path: str, name: str, **query: str) -> list[Json]:
        """Return a whole list: the items under `name` of all its pages."""
        found: list[Json] = []
        cursor: str | None = ""
        while cursor is not None:
            encoded = urlencode({**query, **({"cursor": cursor} if cursor else {})})
            page = await self.request("GET", f"{path}?{encoded}" if encoded else path)
            found += page[name]
            cursor = page["next"]
        return found

    async def upload(self, path: str, data: bytes, media_type: str) -> Json:
        """POST a file as the body, such as a picture or a certificate."""
        headers = {"Content-Type": media_type}
        answer = raise_for_problem(await self._http.post(path, content=data, headers=headers))
        body: Json = answer.json()
        return body
