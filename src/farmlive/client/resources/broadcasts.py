"""Calls of the API that are of a broadcast: its log, stream keys, cameras and guests."""

from farmlive.client.commands import CommandsOverHttp
from farmlive.client.connection import Connection
from farmlive.client.http import Json, Text


class CallsOfBroadcasts(Connection):
    """Plan, start, direct and end."""

    async def broadcasts(self) -> list[Json]:
        """The broadcasts that this caller may see."""
        return await self.listed("/api/v1/broadcasts", "broadcasts")

    async def broadcast(self, broadcast: str) -> Json:
        """One broadcast: `{"id","title","state","starts_at","started_at","ended_at","note"}`."""
        return await self.request("GET", f"/api/v1/broadcasts/{broadcast}")

    def commands(self, broadcast: str) -> CommandsOverHttp:
        """The commands of a broadcast over HTTP."""
        return CommandsOverHttp(self, broadcast)

    async def create_broadcast(self, title: Text, starts_at: str | None = None) -> Json:
        """Plan a broadcast; `title` is `{"zh","en"}`, `starts_at` RFC 3339 with an offset."""
        return await self.request(
            "POST", "/api/v1/broadcasts", json={"title": title, "starts_at": starts_at}
        )

    async def start(self, broadcast: str) -> Json:
        """Take a scheduled broadcast live."""
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/start")

    async def end(self, broadcast: str) -> Json:
        """End a live broadcast, for good."""
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/end")

    async def events(self, broadcast: str, after: int = 0) -> list[Json]:
        """The log after a `seq`, for staff."""
        path = f"/api/v1/broadcasts/{broadcast}/events"
        return await self.listed(path, "events", cursor=str(after))

    async def stream_key(
        self,
        broadcast: str,
        purpose: str = "encoder",
        label: str | None = None,
        source: str | None = None,
    ) -> Json:
        """Mint a stream key, `{"key","source","label","expires_at","whip_url",…}`.

        `purpose` is `studio` (this device's own camera) or `encoder`: a new source each time, or
        a further key of `source`.
        """
        body = {"purpose": purpose, "label": label, "source": source}
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/stream-keys", json=body)

    async def sources(self, broadcast: str) -> list[Json]:
        """The sources that have had a stream key."""
        path = f"/api/v1/broadcasts/{broadcast}/sources"
        return await self.listed(path, "sources")

    async def health(self, broadcast: str) -> Json:
        """How each source does and what to do about it, and how many watch (staff only)."""
        return await self.request("GET", f"/api/v1/broadcasts/{broadcast}/health")

    async def invite_guest(self, broadcast: str, label: str) -> Json:
        """Make a guest's link (staff only), `{"id","source","url",…}`.

        `url` is a path, and shown this once.
        """
        path = f"/api/v1/broadcasts/{broadcast}/guests"
        return await self.request("POST", path, json={"label": label})

    async def guests(self, broadcast: str) -> list[Json]:
        """The guests whose links work, without them (staff only)."""
        path = f"/api/v1/broadcasts/{broadcast}/guests"
        return await self.listed(path, "guests")

    async def end_guest(self, broadcast: str, guest: str) -> None:
        """End a guest's link by the guest's id, and what the guest sends (staff only)."""
        await self.request("DELETE", f"/api/v1/broadcasts/{broadcast}/guests/{guest}")

    async def guest_key(self, url: str) -> Json:
        """Create a guest's stream key by the link's `url`: `{"key","source","whip",…}`.

        A key made before works no more.
        """
        return await self.request("POST", f"/api/v1/guests/{url.rpartition('/')[2]}/stream-key")
