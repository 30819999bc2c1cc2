"""Calls of the API for the origin: farms, lots and their trace events."""

from typing import Any
from urllib.parse import quote

from farmlive.client.connection import Connection
from farmlive.client.http import ApiProblem, Json, Text, raise_for_problem


class OriginCalls(Connection):
    """The calls for farms, lots and their trace."""

    async def create_farm(
        self, name: Text, place: Text, person: Text | None = None, story: Text | None = None
    ) -> Json:
        """Add a farm."""
        body = {"name": name, "place": place, "person": person, "story": story}
        return await self.request("POST", "/api/v1/farms", json=body)

    async def farms(self) -> list[Json]:
        """List the farms."""
        return await self.list_all("/api/v1/farms", "farms")

    async def create_lot(
        self,
        farm: str,
        code: str,
        product_name: Text,
        harvested_at: str,
        quantity_g: int,
        **more: Any,
    ) -> Json:
        """Record a harvest; `more` are `gtin`, `plot`, `packed_at`, and `inspection`, which says
        whether the lot `passed`.
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
        """Correct the weight of a harvest; the trace keeps the former record."""
        body = {"quantity_g": quantity_g, "reason": reason}
        return await self.request("PATCH", f"/api/v1/lots/{lot}", json=body)

    async def waste(self, lot: str, weight_g: int, reason: str, at: str | None = None) -> Json:
        """Record that a part of a lot was thrown away."""
        body = {"weight_g": weight_g, "reason": reason, **({"at": at} if at else {})}
        return await self.request("POST", f"/api/v1/lots/{lot}/waste", json=body)

    async def lift_lot(self, lot: str, findings: list[str], sentence: str) -> Json:
        """Lift these findings of a stopped lot, with a public sentence."""
        body = {"findings": findings, "sentence": sentence}
        return await self.request("POST", f"/api/v1/lots/{lot}/lifts", json=body)

    async def undo_lift(self, lot: str, lift: str, reason: str) -> None:
        """Withdraw a mistaken lift, by its id: the lot is stopped again."""
        await self.request(
            "POST", f"/api/v1/lots/{lot}/lifts/{lift}/withdrawal", json={"reason": reason}
        )

    async def lot_orders(self, lot: str) -> Json:
        """Return the first page of a lot's orders and holds, shipped ones first."""
        return await self.request("GET", f"/api/v1/lots/{lot}/orders")

    async def undo_waste(self, lot: str, event: str, reason: str) -> None:
        """Withdraw a record of waste, by the `id` that `waste` returned."""
        path = f"/api/v1/lots/{lot}/waste/{quote(event, safe='')}/withdrawal"
        await self.request("POST", path, json={"reason": reason})

    async def lots(self) -> list[Json]:
        """List all lots, latest harvest first."""
        return await self.list_all("/api/v1/lots", "lots")

    async def story(self, lot: str) -> Json:
        """Return a lot's story by its id: farm, stations, test, moments."""
        return await self.request("GET", f"/api/v1/lots/{lot}")

    async def trace_events(self, query: str = "") -> Json:
        """Return the EPCIS 2.0 query document of the trace events; `query` is a query string."""
        return await self.request("GET", f"/epcis/v2/events{'?' + query if query else ''}")

    async def origin(self, gtin: str, lot_code: str) -> str:
        """Resolve the GS1 Digital Link of a lot: return the `Location` of its 307 response."""
        response = raise_for_problem(await self._http.get(f"/01/{gtin}/10/{lot_code}"))
        if response.status_code != 307:
            raise ApiProblem(
                response.status_code,
                {"title": "A GS1 Digital Link must answer 307", "status": response.status_code},
            )
        return response.headers["location"]
