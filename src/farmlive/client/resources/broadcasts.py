"""Calls of the API for broadcasts: the log, stream keys, cameras and guests."""

from farmlive.client.commands import CommandsOverHttp
from farmlive.client.connection import Connection
from farmlive.client.http import Json, Text


class BroadcastCalls(Connection):
    """The calls for broadcasts."""

    async def broadcasts(self) -> list[Json]:
        """List the broadcasts that the caller may see."""
        return await self.list_all("/api/v1/broadcasts", "broadcasts")

    async def broadcast(self, broadcast: str) -> Json:
        """Return a broadcast:
        `{"id","title","state","starts_at","started_at","ended_at","note"}`.
        """
        return await self.request("GET", f"/api/v1/broadcasts/{broadcast}")

    def commands(self, broadcast: str) -> CommandsOverHttp:
        """Return the commands of a broadcast over HTTP."""
        return CommandsOverHttp(self, broadcast)

    async def create_broadcast(self, title: Text, starts_at: str | None = None) -> Json:
        """Schedule a broadcast; `title` is `{"zh","en"}`, `starts_at` RFC 3339 with an offset."""
        return await self.request(
            "POST", "/api/v1/broadcasts", json={"title": title, "starts_at": starts_at}
        )

    async def show_frame(self, broadcast: str, picture: str | None) -> Json:
        """Show a frame of the broadcast's picture on the start page; None removes it."""
        return await self.request(
            "PUT", f"/api/v1/broadcasts/{broadcast}/frame", json={"picture": picture}
        )

    async def start(self, broadcast: str) -> Json:
        """Start a scheduled broadcast."""
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/start")

    async def end(self, broadcast: str) -> Json:
        """End a live broadcast, for good."""
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/end")

    async def events(self, broadcast: str, after: int = 0) -> list[Json]:
        """List the events of the log after a `seq`, for staff."""
        path = f"/api/v1/broadcasts/{broadcast}/events"
        return await self.list_all(path, "events", cursor=str(after))

    async def create_stream_key(
        self,
        broadcast: str,
        purpose: str = "encoder",
        label: str | None = None,
        source: str | None = None,
    ) -> Json:
        """Create a stream key, `{"key","source","label","expires_at","whip_url",…}`.

        `purpose` is `studio` (this device's own camera) or `encoder`: a new source each time, or
        a further key of `source`.
        """
        body = {"purpose": purpose, "label": label, "source": source}
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/stream-keys", json=body)

    async def sources(self, broadcast: str) -> list[Json]:
        """List the sources that have had a stream key."""
        path = f"/api/v1/broadcasts/{broadcast}/sources"
        return await self.list_all(path, "sources")

    async def health(self, broadcast: str) -> Json:
        """Return the health of each source, with advice, and the number of viewers (staff only)."""
        return await self.request("GET", f"/api/v1/broadcasts/{broadcast}/health")

    async def invite_guest(self, broadcast: str, label: str) -> Json:
        """Create a guest's link (staff only), `{"id","source","url",…}`.

        `url` is a path; no later response has it.
        """
        path = f"/api/v1/broadcasts/{broadcast}/guests"
        return await self.request("POST", path, json={"label": label})

    async def guests(self, broadcast: str) -> list[Json]:
        """List the guests whose links work, without the links (staff only)."""
        path = f"/api/v1/broadcasts/{broadcast}/guests"
        return await self.list_all(path, "guests")

    async def end_guest(self, broadcast: str, guest: str) -> None:
        """End a guest's link by the guest's id, and the guest's stream (staff only)."""
        await self.request("DELETE", f"/api/v1/broadcasts/{broadcast}/guests/{guest}")

    async def guest_key(self, url: str) -> Json:
        """Create a guest's stream key by the link's `url`: `{"key","source","whip",…}`.

        An earlier key stops working.
        """
        return await self.request("POST", f"/api/v1/guests/{url.rpartition('/')[2]}/stream-key")
