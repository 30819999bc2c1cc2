"""Calls of the API that are of the shop: bag, waits, flash batches, orders and claims.

Its commands are in commands.py.
"""

from collections.abc import Sequence
from typing import Any

from farmlive.client.connection import Connection
from farmlive.client.http import Json, Money, Text


class CallsOfShop(Connection):
    """Offer, order and hand over."""

    async def create_offer(
        self, broadcast: str, lot: str, price: Money, released: int, **product: Any
    ) -> Json:
        """Put an offer into a broadcast's bag and return its card.

        `price` is `{"amount": 2990, "currency": "CNY"}`, and so is a `list_price`. `product` is
        either `product=` an identifier, or `name`, `unit`, `net_weight_g` and perhaps `gtin`.
        """
        body = {"lot": lot, "price": price, "released": released, **product}
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/offers", json=body)

    async def offers(self, broadcast: str) -> list[Json]:
        """The cards of a broadcast's bag; a card's own identifier is its `id`."""
        path = f"/api/v1/broadcasts/{broadcast}/offers"
        return await self.listed(path, "offers")

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
        only = {} if farm is None else {"farm": farm}
        return await self.listed("/api/v1/products", "products", **only)

    async def create_centre(self, name: Text, address: Text, phone: str | None = None) -> Json:
        """Enter a pick-up point."""
        body = {"name": name, "address": address, "phone": phone}
        return await self.request("POST", "/api/v1/centres", json=body)

    async def change_centre(self, centre: str, **change: Any) -> Json:
        """Change a pick-up point's `name`, `address` or `phone`."""
        return await self.request("PATCH", f"/api/v1/centres/{centre}", json=change)

    async def centres(self) -> list[Json]:
        """List the pick-up points."""
        return await self.listed("/api/v1/centres", "centres")

    async def parcel_fees(self) -> list[Json]:
        """Return the parcel fees by region and weight."""
        return list((await self.request("GET", "/api/v1/parcel-fees"))["fees"])

    async def set_parcel_fees(self, fees: Sequence[Json]) -> list[Json]:
        """Set what a parcel costs: every {region, upto_g, fee} there is, `fee` as Money."""
        answer = await self.request("PUT", "/api/v1/parcel-fees", json={"fees": list(fees)})
        return list(answer["fees"])

    async def waits(self, broadcast: str) -> list[Json]:
        """List the waiting lists that this device is on, the longest wait first."""
        path = f"/api/v1/broadcasts/{broadcast}/waits"
        return await self.listed(path, "waits")

    async def flashes(self, broadcast: str) -> list[Json]:
        """The flash batches of a broadcast."""
        path = f"/api/v1/broadcasts/{broadcast}/flashes"
        return await self.listed(path, "flashes")

    async def mispriced(self, broadcast: str, offer: str) -> Json:
        """List the orders at mistaken prices of an offer, the latest price first (staff only).

        `{"prices"}`, each `{"was","price","flash","from","until","orders","held"}`; `deeds` of each
        order is what can be done.
        """
        path = f"/api/v1/broadcasts/{broadcast}/offers/{offer}/mispriced"
        return await self.request("GET", path)

    async def orders(self, broadcast: str, **only: str) -> list[Json]:
        """All orders of a broadcast that the caller may see, oldest first.

        `only` are `state` and `way`.
        """
        return await self.listed(f"/api/v1/broadcasts/{broadcast}/orders", "orders", **only)

    async def order_state(
        self,
        broadcast: str,
        order: str,
        state: str,
        reason: str | None = None,
        known_by: str | None = None,
    ) -> Json:
        """Move an order into a state, such as `packed`, and return it.

        A pick-up that is `received` without its code says in `known_by` how its buyer is known:
        `known_to_me`, `slip`, `identity_card` or `other`.
        """
        body = {"state": state, "reason": reason, "known_by": known_by}
        body = {name: value for name, value in body.items() if value}
        return await self.request(
            "POST", f"/api/v1/broadcasts/{broadcast}/orders/{order}/transitions", json=body
        )

    async def order_paid(self, broadcast: str, order: str) -> Json:
        """Keep that an order was paid, and return it."""
        path = f"/api/v1/broadcasts/{broadcast}/orders/{order}/payments"
        return await self.request("POST", path, json={})

    async def move_orders(self, broadcast: str, orders: Sequence[str], **move: str) -> Json:
        """Move many orders at once, `{"id","until","moved","refused"}`.

        `move` is `state=` or `payment="paid"`, and perhaps `reason` and `known_by`; what may not
        be moved is refused one by one.
        """
        path = f"/api/v1/broadcasts/{broadcast}/orders/bulk-transitions"
        return await self.request("POST", path, json={"orders": list(orders), **move})

    async def undo_move(self, broadcast: str, move: str) -> Json:
        """Undo a move within ten minutes; answers as `move_orders` does."""
        path = f"/api/v1/broadcasts/{broadcast}/orders/bulk-transitions/{move}"
        return await self.request("DELETE", path)

    async def refund_order(
        self,
        broadcast: str,
        order: str,
        amount: Money,
        reason: str,
        lines: Sequence[Json] = (),
        key: str | None = None,
        offer: str | None = None,
    ) -> Json:
        """Keep that so much was given back, and return the order.

        Where nobody paid yet it is taken off what is to be paid. The answer's `refund` undoes it.
        `lines` are boxes for which it was, `{"offer","quantity"}`: they go back into the stock.
        `offer` is the one at whose wrong price so much too much was asked for.
        With a `key` the same refund counts once, however often it is sent.
        """
        path = f"/api/v1/broadcasts/{broadcast}/orders/{order}/refunds"
        body = {"amount": amount, "reason": reason, "lines": list(lines), "offer": offer}
        headers = {"Idempotency-Key": key} if key else {}
        return await self.request("POST", path, json=body, headers=headers)

    async def put_order_right(self, broadcast: str, order: str, reason: str, **wrong: str) -> Json:
        """Take back what was done last with an order, also long after, and return the order.

        `wrong` is `state=`, the one before, `payment="due"`, or `refund=`, the last one's.
        """
        path = f"/api/v1/broadcasts/{broadcast}/orders/{order}/reversals"
        return await self.request("POST", path, json={"reason": reason, **wrong})

    async def cancel_order(self, token: str, reason: str | None = None) -> Json:
        """Cancel an order by the token in its buyer's address, and return it."""
        body = {"reason": reason} if reason else {}
        return await self.request("POST", f"/api/v1/orders/{token}/cancellation", json=body)

    async def claim_photo(self, token: str, data: bytes, media_type: str = "image/jpeg") -> Json:
        """Keep a photo for a claim; the answer's `id` is what a claim takes."""
        return await self.upload(f"/api/v1/orders/{token}/claims/photos", data, media_type)

    async def claim(self, token: str, text: str, photos: Sequence[str] = ()) -> Json:
        """Say what is wrong with what came, with ids of photos, and return the order."""
        body = {"text": text, "photos": list(photos)}
        return await self.request("POST", f"/api/v1/orders/{token}/claims", json=body)

    async def claims(self, broadcast: str, state: str | None = None) -> list[Json]:
        """The orders with claims (staff only), or with claims that are `open`, `refunded` or
        `refused`.
        """
        only = {} if state is None else {"state": state}
        return await self.listed(f"/api/v1/broadcasts/{broadcast}/claims", "orders", **only)

    async def answer_claim(self, broadcast: str, claim: str, answer: str, **decision: Any) -> Json:
        """Answer a claim (staff only) and return its order.

        `decision` is `amount=`, the Money to give back, or `refuse=True`.
        """
        path = f"/api/v1/broadcasts/{broadcast}/claims/{claim}/answer"
        return await self.request("POST", path, json={"answer": answer, **decision})

    async def order(self, token: str) -> Json:
        """An order by the token in its buyer's address."""
        return await self.request("GET", f"/api/v1/orders/{token}")
