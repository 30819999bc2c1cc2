"""Calls of the API for the shop: bag, waiting lists, flash batches, orders and claims.

commands.py has its commands.
"""

from collections.abc import Sequence
from typing import Any

from farmlive.client.connection import Connection
from farmlive.client.http import Json, Money, Text


class ShopCalls(Connection):
    """The calls for the shop."""

    async def create_offer(
        self, broadcast: str, lot: str, price: Money, released: int, **product: Any
    ) -> Json:
        """Add an offer to a broadcast's bag and return its card.

        `price` is `{"amount": 2990, "currency": "CNY"}`, as is a `list_price`. `product` is either
        `product=` an identifier, or `name`, `unit`, `net_weight_g` and optionally `gtin`.
        """
        body = {"lot": lot, "price": price, "released": released, **product}
        return await self.request("POST", f"/api/v1/broadcasts/{broadcast}/offers", json=body)

    async def offers(self, broadcast: str) -> list[Json]:
        """List the cards of a broadcast's bag; a card's own identifier is its `id`."""
        path = f"/api/v1/broadcasts/{broadcast}/offers"
        return await self.list_all(path, "offers")

    async def arrange_bag(self, broadcast: str, offers: list[str]) -> list[Json]:
        """Set the order of all offers of a bag and return their cards."""
        path = f"/api/v1/broadcasts/{broadcast}/bag"
        return list((await self.request("PUT", path, json={"offers": offers}))["offers"])

    async def create_product(
        self, farm: str, name: Text, unit: Text, net_weight_g: int, **more: Any
    ) -> Json:
        """Add a product of a farm; `more` are `gtin` and `picture`."""
        body = {"farm": farm, "name": name, "unit": unit, "net_weight_g": net_weight_g, **more}
        return await self.request("POST", "/api/v1/products", json=body)

    async def change_product(self, product: str, **change: Any) -> Json:
        """Change a product, or archive it by `archived=True`."""
        return await self.request("PATCH", f"/api/v1/products/{product}", json=change)

    async def products(self, farm: str | None = None) -> list[Json]:
        """List the products, of one farm or all."""
        only = {} if farm is None else {"farm": farm}
        return await self.list_all("/api/v1/products", "products", **only)

    async def county(self) -> Json:
        """Return the county's name, contact, mark and colour."""
        return await self.request("GET", "/api/v1/county")

    async def change_county(self, **profile: Any) -> Json:
        """Replace the county's `name`, `contact`, `phone`, `colour` and `mark`."""
        return await self.request("PUT", "/api/v1/county", json=profile)

    async def create_centre(self, name: Text, address: Text, phone: str | None = None) -> Json:
        """Add a pick-up point."""
        body = {"name": name, "address": address, "phone": phone}
        return await self.request("POST", "/api/v1/centres", json=body)

    async def change_centre(self, centre: str, **change: Any) -> Json:
        """Change a pick-up point's `name`, `address` or `phone`."""
        return await self.request("PATCH", f"/api/v1/centres/{centre}", json=change)

    async def centres(self) -> list[Json]:
        """List the pick-up points."""
        return await self.list_all("/api/v1/centres", "centres")

    async def parse_address(self, text: str) -> Json:
        """Take a pasted address apart: name, phone, region, street, and what is `unsure`."""
        return await self.request("POST", "/api/v1/parsed-addresses", json={"text": text})

    async def parcel_fees(self) -> list[Json]:
        """Return the parcel fees by region and weight."""
        return list((await self.request("GET", "/api/v1/parcel-fees"))["fees"])

    async def set_parcel_fees(
        self, fees: Sequence[Json], *, version: str | None = None
    ) -> list[Json]:
        """Set all parcel fees, each {region, upto_g, fee} with `fee` as Money; with the `version`
        of those that were read, only while they are still these.
        """
        body = {"fees": list(fees), "version": version}
        return list((await self.request("PUT", "/api/v1/parcel-fees", json=body))["fees"])

    async def waits(self, broadcast: str) -> list[Json]:
        """List the waiting lists that this device is on, the longest wait first."""
        path = f"/api/v1/broadcasts/{broadcast}/waits"
        return await self.list_all(path, "waits")

    async def flashes(self, broadcast: str) -> list[Json]:
        """List the flash batches of a broadcast."""
        path = f"/api/v1/broadcasts/{broadcast}/flashes"
        return await self.list_all(path, "flashes")

    async def mispriced(self, broadcast: str, offer: str) -> Json:
        """List the orders at mistaken prices of an offer, the latest price first (staff only).

        `{"prices"}`, each `{"was","price","flash","from","until","orders","held"}`; `deeds` of each
        order are its allowed actions.
        """
        path = f"/api/v1/broadcasts/{broadcast}/offers/{offer}/mispriced"
        return await self.request("GET", path)

    async def orders(self, broadcast: str, **only: str) -> list[Json]:
        """List the orders of a broadcast that the caller may see, oldest first.

        `only` are `state` and `way`.
        """
        return await self.list_all(f"/api/v1/broadcasts/{broadcast}/orders", "orders", **only)

    async def change_order_state(
        self,
        broadcast: str,
        order: str,
        state: str,
        reason: str | None = None,
        known_by: str | None = None,
    ) -> Json:
        """Change the state of an order, for example to `packed`, and return the order.

        A pick-up that is `received` without its code says in `known_by` how its buyer was
        identified: `known_to_me`, `slip`, `identity_card` or `other`.
        """
        body = {"state": state, "reason": reason, "known_by": known_by}
        body = {name: value for name, value in body.items() if value}
        return await self.request(
            "POST", f"/api/v1/broadcasts/{broadcast}/orders/{order}/transitions", json=body
        )

    async def mark_order_paid(self, broadcast: str, order: str) -> Json:
        """Record that an order was paid, and return it."""
        path = f"/api/v1/broadcasts/{broadcast}/orders/{order}/payments"
        return await self.request("POST", path, json={})

    async def move_orders(self, broadcast: str, orders: Sequence[str], **move: str) -> Json:
        """Change many orders at once, `{"id","until","moved","refused"}`.

        `move` is `state=` or `payment="paid"`, and optionally `reason` and `known_by`; orders that
        can't change are refused one by one.
        """
        path = f"/api/v1/broadcasts/{broadcast}/orders/bulk-transitions"
        return await self.request("POST", path, json={"orders": list(orders), **move})

    async def undo_move(self, broadcast: str, move: str) -> Json:
        """Undo a bulk change within ten minutes; returns what `move_orders` returns."""
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
        """Record a refund, and return the order.

        If nothing was paid yet, the refund reduces the amount due. `refund` in the result undoes
        it. `lines` are the refunded boxes, `{"offer","quantity"}`, which return to stock. `offer`
        is the one with the wrong price. With a `key` the same refund counts once, however often it
        is sent.
        """
        path = f"/api/v1/broadcasts/{broadcast}/orders/{order}/refunds"
        body = {"amount": amount, "reason": reason, "lines": list(lines), "offer": offer}
        headers = {"Idempotency-Key": key} if key else {}
        return await self.request("POST", path, json=body, headers=headers)

    async def reverse_order_step(
        self, broadcast: str, order: str, reason: str, **wrong: str
    ) -> Json:
        """Undo an order's last step, also long afterwards, and return the order.

        `wrong` is `state=`, the one before, `payment="due"`, or `refund=`, the last one's.
        """
        path = f"/api/v1/broadcasts/{broadcast}/orders/{order}/reversals"
        return await self.request("POST", path, json={"reason": reason, **wrong})

    async def cancel_order(self, token: str, reason: str | None = None) -> Json:
        """Cancel an order by the token of its link, and return it."""
        body = {"reason": reason} if reason else {}
        return await self.request("POST", f"/api/v1/orders/{token}/cancellation", json=body)

    async def claim_photo(self, token: str, data: bytes, media_type: str = "image/jpeg") -> Json:
        """Upload a photo for a claim, which takes the result's `id`."""
        return await self.upload(f"/api/v1/orders/{token}/claims/photos", data, media_type)

    async def claim(self, token: str, text: str, photos: Sequence[str] = ()) -> Json:
        """Claim what is wrong with delivered goods, with ids of photos, and return the order."""
        body = {"text": text, "photos": list(photos)}
        return await self.request("POST", f"/api/v1/orders/{token}/claims", json=body)

    async def claims(self, broadcast: str, state: str | None = None) -> list[Json]:
        """List the orders with claims (staff only), or with claims that are `open`, `refunded` or
        `refused`.
        """
        only = {} if state is None else {"state": state}
        return await self.list_all(f"/api/v1/broadcasts/{broadcast}/claims", "orders", **only)

    async def answer_claim(self, broadcast: str, claim: str, answer: str, **decision: Any) -> Json:
        """Answer a claim (staff only) and return its order.

        `decision` is `amount=`, the Money to give back, or `refuse=True`.
        """
        path = f"/api/v1/broadcasts/{broadcast}/claims/{claim}/answer"
        return await self.request("POST", path, json={"answer": answer, **decision})

    async def order(self, token: str) -> Json:
        """Return an order by the token of its link."""
        return await self.request("GET", f"/api/v1/orders/{token}")
