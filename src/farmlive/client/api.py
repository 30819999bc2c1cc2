"""The HTTP API of a farmlive server, one method a route; raises ApiProblem.

Who the client is and how it asks is connection.py's; media and the live channel are elsewhere.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from farmlive.client.connection import Connection
from farmlive.client.http import ApiProblem, Json, checked

Text = dict[str, str]


class Api(Connection):
    """The calls. With `key` it is a program; without one, `sign_in` makes it an account's client,
    and until then it is a viewer, whose device cookie is kept.
    """

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

    async def put_on_air(self, broadcast: str, source: str) -> Json:
        """Have viewers see this source, `{"source","label","on_air"}` (staff only).

        `on_air` is false while its next keyframe is waited for; ApiProblem 409 where it sends
        nothing.
        """
        path = f"/api/v1/broadcasts/{broadcast}/on-air"
        return await self.request("POST", path, json={"source": source})

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
        return list((await self.request("GET", path))["guests"])

    async def end_guest(self, broadcast: str, guest: str) -> None:
        """End a guest's link by the guest's id, and what the guest sends (staff only)."""
        await self.request("DELETE", f"/api/v1/broadcasts/{broadcast}/guests/{guest}")

    async def guest_key(self, url: str) -> Json:
        """What a guest publishes with, by the link's `url`: `{"key","source","whip",…}`.

        A key made before works no more.
        """
        return await self.request("POST", f"/api/v1/guests/{url.rpartition('/')[2]}/stream-key")

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

    async def correct_lot(self, lot: str, quantity_g: int, reason: str) -> Json:
        """Put right what was harvested; the trace keeps what was recorded before."""
        body = {"quantity_g": quantity_g, "reason": reason}
        return await self.request("PATCH", f"/api/v1/lots/{lot}", json=body)

    async def waste(self, lot: str, weight_g: int, reason: str, at: str | None = None) -> Json:
        """Enter that so much of a lot was thrown away."""
        body = {"weight_g": weight_g, "reason": reason, **({"at": at} if at else {})}
        return await self.request("POST", f"/api/v1/lots/{lot}/waste", json=body)

    async def undo_waste(self, lot: str, event: str, reason: str) -> None:
        """Take back what `waste` entered, by the event that it answered."""
        path = f"/api/v1/lots/{lot}/waste/{quote(event, safe='')}/undo"
        await self.request("POST", path, json={"reason": reason})

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

    async def parcel_fees(self) -> list[Json]:
        """What a parcel costs, by region and weight."""
        return list((await self.request("GET", "/api/v1/parcel-fees"))["fees"])

    async def set_parcel_fees(self, fees: Sequence[Json]) -> list[Json]:
        """Set what a parcel costs: every {region, upto_g, fee} there is."""
        answer = await self.request("PUT", "/api/v1/parcel-fees", json={"fees": list(fees)})
        return list(answer["fees"])

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

    async def wait_in_line(self, broadcast: str, offer: str, quantity: int) -> Json:
        """Wait for so many of an offer, `{"offer","quantity","place","waiting"}`.

        What comes back is held for this device. A place of 0 says that it is held already.
        """
        path = f"/api/v1/broadcasts/{broadcast}/waits/{offer}"
        return await self.request("PUT", path, json={"quantity": quantity})

    async def leave_line(self, broadcast: str, offer: str) -> None:
        """Wait for an offer no more."""
        await self.request("DELETE", f"/api/v1/broadcasts/{broadcast}/waits/{offer}")

    async def waits(self, broadcast: str) -> list[Json]:
        """What this device waits for, the longest first."""
        path = f"/api/v1/broadcasts/{broadcast}/waits"
        return list((await self.request("GET", path))["waits"])

    async def flashes(self, broadcast: str) -> list[Json]:
        """The flash batches of a broadcast."""
        path = f"/api/v1/broadcasts/{broadcast}/flashes"
        return list((await self.request("GET", path))["flashes"])

    async def plan_flash(
        self, broadcast: str, offer: str, price: int, boxes: int, seconds: int, **more: Any
    ) -> Json:
        """Sell so many boxes at a price of their own for so long (staff only).

        `more` are `per_buyer` and `starts_at`; without the latter it begins now.
        """
        body = {"offer": offer, "price": price, "boxes": boxes, "seconds": seconds, **more}
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/flashes", json=body)

    async def end_flash(self, broadcast: str, flash: str) -> Json:
        """End a flash batch before its time (staff only)."""
        return await self.request("DELETE", f"/api/v1/broadcasts/{broadcast}/flashes/{flash}")

    async def mispriced(self, broadcast: str, offer: str) -> Json:
        """What was ordered at an offer's last wrong price (staff only).

        `{"was","price","from","until","orders","held"}`; `deeds` of each order is what can be done.
        """
        path = f"/api/v1/broadcasts/{broadcast}/offers/{offer}/mispriced"
        return await self.request("GET", path)

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

    async def move_orders(self, broadcast: str, orders: Sequence[str], **move: str) -> Json:
        """Move many orders at once, `{"move","until","moved","refused"}`.

        `move` is `state=` or `payment="paid"`, and perhaps `reason`; what may not be moved is
        refused one by one.
        """
        path = f"/api/v1/broadcasts/{broadcast}/orders/moves"
        return await self.request("POST", path, json={"orders": list(orders), **move})

    async def undo_move(self, broadcast: str, move: str) -> Json:
        """Undo a move within ten minutes; answers as `move_orders` does."""
        return await self.request("DELETE", f"/api/v1/broadcasts/{broadcast}/orders/moves/{move}")

    async def refund_order(
        self, broadcast: str, order: str, amount: int, reason: str, lines: Sequence[Json] = ()
    ) -> Json:
        """Keep that so much, in minor units, was given back, and return the order.

        `lines` are boxes for which it was, `{"offer","quantity"}`: they go back into the stock.
        """
        path = f"/api/v1/broadcasts/{broadcast}/orders/{order}/refund"
        body = {"amount": amount, "reason": reason, "lines": list(lines)}
        return await self.request("POST", path, json=body)

    async def cancel_order(self, token: str, reason: str | None = None) -> Json:
        """Cancel an order by the token in its buyer's address, and return it."""
        body = {"reason": reason} if reason else {}
        return await self.request("POST", f"/api/v1/orders/{token}/cancel", json=body)

    async def claim_photo(self, token: str, data: bytes, media_type: str = "image/jpeg") -> Json:
        """Keep a photo for a claim; the answer's `photo` is its name."""
        return await self.upload(f"/api/v1/orders/{token}/claims/photos", data, media_type)

    async def claim(self, token: str, text: str, photos: Sequence[str] = ()) -> Json:
        """Say what is wrong with what came, with names of photos, and return the order."""
        body = {"text": text, "photos": list(photos)}
        return await self.request("POST", f"/api/v1/orders/{token}/claims", json=body)

    async def claims(self, broadcast: str, state: str | None = None) -> list[Json]:
        """The orders with claims (staff only), or with claims that are `open`, `refunded` or
        `refused`.
        """
        query = "" if state is None else f"?state={state}"
        path = f"/api/v1/broadcasts/{broadcast}/claims{query}"
        return list((await self.request("GET", path))["orders"])

    async def answer_claim(self, broadcast: str, claim: str, answer: str, **decision: Any) -> Json:
        """Answer a claim (staff only) and return its order.

        `decision` is `amount=`, minor units to give back, or `refuse=True`.
        """
        path = f"/api/v1/broadcasts/{broadcast}/claims/{claim}/answer"
        return await self.request("POST", path, json={"answer": answer, **decision})

    async def order(self, token: str) -> Json:
        """An order by the token in its buyer's address."""
        return await self.request("GET", f"/api/v1/orders/{token}")

    # review

    async def review(self, broadcast: str) -> Json:
        """What the broadcast sold, by offer and lot, with totals."""
        return await self.request("GET", f"/api/v1/broadcasts/{broadcast}/review")
