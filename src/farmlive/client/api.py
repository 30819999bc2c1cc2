"""The HTTP API of a farmlive server, one method a route; raises ApiProblem.

Holds the session's cookie and CSRF token, or an API key. Media and the live channel are elsewhere.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import httpx

from farmlive.client.http import ApiProblem, Json, checked

Text = dict[str, str]


class Api:
    """A client of one server, as an account, a program or a viewer's device.

    `url` is the server's address without a path. `key` is an API key; without one, `sign_in`
    makes it an account's client, and until then it is a viewer, whose device cookie is kept.
    `transport` replaces the network, for tests. Use it as an async context manager.
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

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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

    async def upload(self, path: str, data: bytes, media_type: str) -> Json:
        """POST a file as it is, such as a picture or a certificate."""
        headers = {"Content-Type": media_type}
        answer = checked(await self._http.post(path, content=data, headers=headers))
        body: Json = answer.json()
        return body

    async def upload_picture(self, data: bytes, media_type: str = "image/jpeg") -> Json:
        """Keep a picture; the answer's `picture` is its address, for a product or a farm."""
        return await self.upload("/api/v1/pictures", data, media_type)

    # people

    async def sign_in(self, name: str, password: str) -> Json:
        """Sign in and keep cookie and CSRF token; returns `{"name","role","farms","csrf"}`."""
        body = await self.request(
            "POST", "/api/v1/session", json={"name": name, "password": password}
        )
        self._http.headers["X-CSRF-Token"] = str(body["csrf"])
        return body

    async def session(self) -> Json:
        """Who this client is signed in as; ApiProblem 401 where nobody is."""
        return await self.request("GET", "/api/v1/session")

    async def sign_out(self) -> None:
        """End the session."""
        await self.request("DELETE", "/api/v1/session")
        self._http.headers.pop("X-CSRF-Token", None)

    async def create_account(
        self, name: str, role: str, password: str | None = None, farms: Sequence[str] = ()
    ) -> Json:
        """Make an account (coordinators only); a `seller` has farms, by their ids.

        The other roles are `coordinator`, `host`, `moderator` and `clerk`. Without a password the
        answer has a random one.
        """
        return await self.request(
            "POST",
            "/api/v1/accounts",
            json={"name": name, "password": password, "role": role, "farms": list(farms)},
        )

    async def create_api_key(self, label: str, role: str, farms: Sequence[str] = ()) -> Json:
        """Make an API key of that role (coordinators only); the answer alone shows it."""
        body = {"label": label, "role": role, "farms": list(farms)}
        return await self.request("POST", "/api/v1/api-keys", json=body)

    async def invite(self, role: str, farms: Sequence[str] = (), label: str | None = None) -> Json:
        """Make an invitation (coordinators only); its `url` is a path, and shown this once."""
        body = {"role": role, "farms": list(farms), "label": label}
        return await self.request("POST", "/api/v1/invitations", json=body)

    async def accept(self, url: str, name: str, password: str) -> Json:
        """Take up an invitation by its `url`, and be signed in as `sign_in` does it."""
        path = f"/api/v1/invitations/by-token/{url.rpartition('/')[2]}"
        body = await self.request("POST", path, json={"name": name, "password": password})
        self._http.headers["X-CSRF-Token"] = str(body["csrf"])
        return body

    async def block(self, kind: str, reason: str, **whom: Any) -> Json:
        """Block a `device`, `phone` or `address` (staff only).

        `whom` is one of `value="138…"`, `order=id` and `message={"broadcast","seq"}`.
        """
        return await self.request(
            "POST", "/api/v1/blocks", json={"kind": kind, "reason": reason, **whom}
        )

    async def refusals(self) -> list[Json]:
        """What limits and blocks refused within the last hour, the latest first (staff only)."""
        return list((await self.request("GET", "/api/v1/refusals"))["refusals"])

    async def deeds(self, before: str | None = None, limit: int = 100) -> Json:
        """What staff did, the latest first, and `next` (coordinators only)."""
        more = "" if before is None else f"&before={before}"
        return await self.request("GET", f"/api/v1/audit?limit={limit}{more}")

    # broadcasts

    async def broadcasts(self) -> list[Json]:
        """The broadcasts that this caller may see."""
        return list((await self.request("GET", "/api/v1/broadcasts"))["broadcasts"])

    async def broadcast(self, broadcast: str) -> Json:
        """One broadcast: `{"id","title","state","starts_at","started_at","ended_at","note"}`."""
        return await self.request("GET", f"/api/v1/broadcasts/{broadcast}")

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

    async def events(self, broadcast: str, after: int = 0, limit: int | None = None) -> Json:
        """A part of the log, for staff."""
        more = "" if limit is None else f"&limit={limit}"
        return await self.request(
            "GET", f"/api/v1/broadcasts/{broadcast}/events?after={after}{more}"
        )

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
        return list((await self.request("GET", path))["sources"])

    # origin

    async def create_farm(
        self, name: Text, place: Text, person: Text | None = None, story: Text | None = None
    ) -> Json:
        """Enter a farm."""
        body = {"name": name, "place": place, "person": person, "story": story}
        return await self.request("POST", "/api/v1/farms", json=body)

    async def farms(self) -> list[Json]:
        """The farms."""
        return list((await self.request("GET", "/api/v1/farms"))["farms"])

    async def create_lot(
        self,
        farm: str,
        code: str,
        product_name: Text,
        harvested_at: str,
        quantity_g: int,
        **more: Any,
    ) -> Json:
        """Enter a harvest batch; `more` are `gtin`, `plot`, `inspection` and `packed_at`."""
        body = {
            "farm": farm,
            "code": code,
            "product_name": product_name,
            "harvested_at": harvested_at,
            "quantity_g": quantity_g,
            **more,
        }
        return await self.request("POST", "/api/v1/lots", json=body)

    async def lots(self) -> list[Json]:
        """The lots."""
        return list((await self.request("GET", "/api/v1/lots"))["lots"])

    async def story(self, lot: str) -> Json:
        """A lot's story by its id: farm, stations, test, moments."""
        return await self.request("GET", f"/api/v1/lots/{lot}")

    async def trace_events(self, query: str = "") -> Json:
        """The EPCIS 2.0 query document of the trace events; `query` is a query string."""
        return await self.request("GET", f"/epcis/v2/events{'?' + query if query else ''}")

    async def origin(self, gtin: str, lot_code: str) -> str:
        """Where the GS1 Digital Link of a lot leads: the `Location` of its 307 answer."""
        response = checked(await self._http.get(f"/01/{gtin}/10/{lot_code}"))
        if response.status_code != 307:
            raise ApiProblem(
                response.status_code,
                {"title": "A GS1 Digital Link must answer 307", "status": response.status_code},
            )
        return response.headers["location"]

    async def page(self, path: str) -> str:
        """The text of a page, redirects followed."""
        return checked(await self._http.get(path, follow_redirects=True)).text

    # shop

    async def create_offer(
        self, broadcast: str, lot: str, price: int, released: int, **product: Any
    ) -> Json:
        """Put an offer into a broadcast's bag and return its card; `price` in minor units.

        `product` is either `product=` an identifier, or `name`, `unit`, `net_weight_g` and
        perhaps `gtin`; `list_price` too.
        """
        body = {"lot": lot, "price": price, "released": released, **product}
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/offers", json=body)

    async def offers(self, broadcast: str) -> list[Json]:
        """The cards of a broadcast's bag; a card's identifier is its `offer`."""
        path = f"/api/v1/broadcasts/{broadcast}/offers"
        return list((await self.request("GET", path))["offers"])

    async def arrange_bag(self, broadcast: str, offers: list[str]) -> list[Json]:
        """Put all offers of a bag in this order and return their cards."""
        path = f"/api/v1/broadcasts/{broadcast}/bag"
        return list((await self.request("PUT", path, json={"offers": offers}))["offers"])

    async def create_product(
        self, farm: str, name: Text, unit: Text, net_weight_g: int, **more: Any
    ) -> Json:
        """Enter a product of a farm; `more` are `gtin` and `picture`."""
        body = {"farm": farm, "name": name, "unit": unit, "net_weight_g": net_weight_g, **more}
        return await self.request("POST", "/api/v1/products", json=body)

    async def change_product(self, product: str, **change: Any) -> Json:
        """Change a product, or archive it by `archived=True`."""
        return await self.request("PATCH", f"/api/v1/products/{product}", json=change)

    async def products(self, farm: str | None = None) -> list[Json]:
        """The products, of one farm or all."""
        query = "" if farm is None else f"?farm={farm}"
        return list((await self.request("GET", f"/api/v1/products{query}"))["products"])

    async def create_centre(self, name: Text, address: Text, phone: str | None = None) -> Json:
        """Enter a pick-up point."""
        body = {"name": name, "address": address, "phone": phone}
        return await self.request("POST", "/api/v1/centres", json=body)

    async def change_centre(self, centre: str, **change: Any) -> Json:
        """Change a pick-up point's `name`, `address` or `phone`."""
        return await self.request("PATCH", f"/api/v1/centres/{centre}", json=change)

    async def centres(self) -> list[Json]:
        """The pick-up points."""
        return list((await self.request("GET", "/api/v1/centres"))["centres"])

    async def place_order(self, broadcast: str, key: str, order: Json) -> Json:
        """Place an order; `order` has `lines`, `buyer`, `delivery` and `payment`.

        `key` (16 to 64 characters) makes it one order however often it is sent.
        """
        return await self.request(
            "POST",
            f"/api/v1/broadcasts/{broadcast}/orders",
            json=order,
            headers={"Idempotency-Key": key},
        )

    async def place_hold(self, broadcast: str, key: str, lines: list[Json]) -> Json:
        """Have stock kept while the order is written, `{"order","until","lines","total"}`.

        `until` is in ms since 1970. The order is then placed with `order` besides its contents.
        """
        return await self.request(
            "POST",
            f"/api/v1/broadcasts/{broadcast}/holds",
            json={"lines": lines},
            headers={"Idempotency-Key": key},
        )

    async def drop_hold(self, broadcast: str, order: str) -> None:
        """Give back what this device holds."""
        await self.request("DELETE", f"/api/v1/broadcasts/{broadcast}/holds/{order}")

    async def orders(self, broadcast: str, **only: str) -> list[Json]:
        """All orders of a broadcast that the caller may see, oldest first.

        `only` are `state` and `way`.
        """
        path = f"/api/v1/broadcasts/{broadcast}/orders"
        found: list[Json] = []
        following: str | None = ""
        while following is not None:
            query = urlencode({"after": following, **only})
            page = await self.request("GET", f"{path}?{query}")
            found += page["orders"]
            following = page["next"]
        return found

    async def order_state(
        self, broadcast: str, order: str, state: str, reason: str | None = None
    ) -> Json:
        """Move an order into a state, such as `packed`, and return it."""
        body = {"state": state, "reason": reason} if reason else {"state": state}
        return await self.request(
            "POST", f"/api/v1/broadcasts/{broadcast}/orders/{order}/state", json=body
        )

    async def order_paid(self, broadcast: str, order: str) -> Json:
        """Keep that an order was paid, and return it."""
        path = f"/api/v1/broadcasts/{broadcast}/orders/{order}/payment"
        return await self.request("POST", path, json={"payment": "paid"})

    async def refund_order(self, broadcast: str, order: str, amount: int, reason: str) -> Json:
        """Keep that so much, in minor units, was given back, and return the order."""
        path = f"/api/v1/broadcasts/{broadcast}/orders/{order}/refund"
        return await self.request("POST", path, json={"amount": amount, "reason": reason})

    async def cancel_order(self, token: str, reason: str | None = None) -> Json:
        """Cancel an order by the token in its buyer's address, and return it."""
        body = {"reason": reason} if reason else {}
        return await self.request("POST", f"/api/v1/orders/{token}/cancel", json=body)

    async def order(self, token: str) -> Json:
        """An order by the token in its buyer's address."""
        return await self.request("GET", f"/api/v1/orders/{token}")

    # review

    async def review(self, broadcast: str) -> Json:
        """What the broadcast sold, by offer and lot, with totals."""
        return await self.request("GET", f"/api/v1/broadcasts/{broadcast}/review")
