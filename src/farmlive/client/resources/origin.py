"""Calls of the API that are of the origin: farms, lots and their trace."""

from typing import Any
from urllib.parse import quote

from farmlive.client.connection import Connection
from farmlive.client.http import ApiProblem, Json, Text, checked


class CallsOfOrigin(Connection):
    """Farms, lots and their trace."""

    async def create_farm(
        self, name: Text, place: Text, person: Text | None = None, story: Text | None = None
    ) -> Json:
        """Enter a farm."""
        body = {"name": name, "place": place, "person": person, "story": story}
        return await self.request("POST", "/api/v1/farms", json=body)

    async def farms(self) -> list[Json]:
        """The farms."""
        return await self.listed("/api/v1/farms", "farms")

    async def create_lot(
        self,
        farm: str,
        code: str,
        product_name: Text,
        harvested_at: str,
        quantity_g: int,
        **more: Any,
    ) -> Json:
        """Enter a harvest batch; `more` are `gtin`, `plot`, `packed_at`, and `inspection`, which
        says whether the lot `passed`.
        """
        body = {
            "farm": farm,
            "code": code,
            "product_name": product_name,
            "harvested_at": harvested_at,
            "quantity_g": quantity_g,
            **more,
        }
        return await self.request("POST", "/api/v1/lots", json=body)

    async def correct_lot(self, lot: str, quantity_g: int, reason: str) -> Json:
        """Put right what was harvested; the trace keeps what was recorded before."""
        body = {"quantity_g": quantity_g, "reason": reason}
        return await self.request("PATCH", f"/api/v1/lots/{lot}", json=body)

    async def waste(self, lot: str, weight_g: int, reason: str, at: str | None = None) -> Json:
        """Enter that so much of a lot was thrown away."""
        body = {"weight_g": weight_g, "reason": reason, **({"at": at} if at else {})}
        return await self.request("POST", f"/api/v1/lots/{lot}/waste", json=body)

    async def lift_lot(self, lot: str, findings: list[str], sentence: str) -> Json:
        """Lift these findings of a stopped lot, with a sentence that everyone reads."""
        body = {"findings": findings, "sentence": sentence}
        return await self.request("POST", f"/api/v1/lots/{lot}/lifts", json=body)

    async def undo_lift(self, lot: str, lift: str, reason: str) -> None:
        """Take back a lift that was a mistake, by its id: the lot is stopped again."""
        await self.request(
            "POST", f"/api/v1/lots/{lot}/lifts/{lift}/withdrawal", json={"reason": reason}
        )

    async def lot_orders(self, lot: str) -> Json:
        """Return the first page of a lot's orders and holds, shipped ones first."""
        return await self.request("GET", f"/api/v1/lots/{lot}/orders")

    async def undo_waste(self, lot: str, event: str, reason: str) -> None:
        """Take back what `waste` entered, by the `id` that it answered."""
        path = f"/api/v1/lots/{lot}/waste/{quote(event, safe='')}/withdrawal"
        await self.request("POST", path, json={"reason": reason})

    async def lots(self) -> list[Json]:
        """The lots, latest harvest first, however many pages they are."""
        return await self.listed("/api/v1/lots", "lots")

    async def story(self, lot: str) -> Json:
        """A lot's story by its id: farm, stations, test, moments."""
        return await self.request("GET", f"/api/v1/lots/{lot}")

    async def trace_events(self, query: str = "") -> Json:
        """The EPCIS 2.0 query document of the trace events; `query` is a query string."""
        return await self.request("GET", f"/epcis/v2/events{'?' + query if query else ''}")

    async def origin(self, gtin: str, lot_code: str) -> str:
        """Resolve the GS1 Digital Link of a lot: return the `Location` of its 307 response."""
        response = checked(await self._http.get(f"/01/{gtin}/10/{lot_code}"))
        if response.status_code != 307:
            raise ApiProblem(
                response.status_code,
                {"title": "A GS1 Digital Link must answer 307", "status": response.status_code},
            )
        return response.headers["location"]
