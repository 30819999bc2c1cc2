"""The selftest's sales checks: origin, orders, holds, flash batches, waiting, prices,
cancelling, the lot's balance, the review.
"""

import asyncio
import time
from dataclasses import replace
from typing import Any

from farmlive.client import ApiProblem, Channel, ChannelProblem
from farmlive.clock import HOUR_MS, now_ms, rfc3339
from farmlive.demo.county import yuan
from farmlive.demo.farms import certificate
from farmlive.demo.selftest.stage import Failed, Placed, Stage, require
from farmlive.demo.selftest.trial import GRACE_S
from farmlive.ids import token

GTIN = "09520000000110"
PRICE, RELEASED, NET_WEIGHT_G = 2990, 20, 2500
HARVESTED_G = 800_000
PAPER = "application/pdf"


class TrySelling:
    """The steps; each returns its result, or raises."""

    def __init__(self, stage: Stage):
        self._stage = stage
        self._price = PRICE

    @property
    def _buyer(self) -> Channel:
        return self._stage.watchers[1]

    async def prepare(self) -> str:
        """Create what a broadcast needs and start it."""
        stage, api, now = self._stage, self._stage.api, now_ms()
        farm = await api.create_farm(_both("试验果园", "Trial orchard"), _both("尤溪", "Youxi"))
        plot = await api.request(
            "POST",
            f"/api/v1/farms/{farm['id']}/plots",
            json={"name": _both("一号坡", "Slope 1"), "crop": _both("金柑", "Kumquats")},
        )
        lot = await api.request(
            "POST",
            "/api/v1/lots",
            json={
                "plot": plot["id"],
                "code": "1123",
                "gtin": GTIN,
                "harvested_at": rfc3339(now - 2 * HOUR_MS),
                "quantity_g": HARVESTED_G,
            },
        )
        path = f"/api/v1/lots/{lot['id']}"
        verdict = {"result": _both("合格", "Passed"), "passed": True}
        test = {"at": rfc3339(now - HOUR_MS), **verdict}
        made = await api.request("POST", f"{path}/inspections", json=test)
        report = certificate("1123", "Kumquats", "Passed", now)
        await api.upload(f"{path}/inspections/{made['id']}/certificate", report, PAPER)
        await api.request("POST", f"{path}/packings", json={"at": rfc3339(now - 1_800_000)})
        await api.create_centre(_both("城关", "Chengguan"), _both("建设东街 8 号", "8 Jianshe St"))
        broadcast = await api.create_broadcast(_both("自检", "Selftest"))
        stage.broadcast, stage.lot = broadcast["id"], lot["id"]
        offer = await api.create_offer(
            stage.broadcast,
            stage.lot,
            yuan(PRICE),
            RELEASED,
            name=_both("金柑 2.5 公斤", "Kumquats, 2.5 kg"),
            unit=_both("箱", "box"),
            net_weight_g=NET_WEIGHT_G,
            gtin=GTIN,
        )
        stage.offer = offer["id"]
        await api.start(stage.broadcast)
        await stage.open_channels()
        return f"{RELEASED} boxes of lot 1123"

    async def order(self) -> str:
        """Order over the channel, send the same again, and order once more over HTTP."""
        key = token()
        began = time.monotonic()
        first = await self._buyer.call("order.place", key=key, **self._order(2))
        took_ms = (time.monotonic() - began) * 1000
        again = await self._buyer.call("order.place", key=key, **self._order(2))
        require(first == again, "the same key gave another answer")
        over_http = await self._stage.api.commands(self._stage.broadcast).order(
            token(), self._order(1)
        )
        require(over_http["id"] != first["id"], "two orders have one identifier")
        require(first["total"]["amount"] == 2 * PRICE, f"the total is {first['total']}")
        self._note(first, 2)
        self._note(over_http, 1)
        return f"{first['number']} in {took_ms:.0f} ms, {over_http['number']} over HTTP"

    async def oversell(self) -> str:
        """Order more than is left."""
        before = await self._left()
        try:
            await self._buyer.call("order.place", key=token(), **self._order(before + 1))
        except ChannelProblem as problem:
            require(problem.slug == "sold-out", f"the problem was {problem}")
        else:
            raise Failed("the order was taken")
        left = await self._left()
        require(left == before == RELEASED - self._boxes(), f"{left} are left")
        return f"sold-out; {left} of {RELEASED} left"

    async def hold(self) -> str:
        """Hold boxes, let the hold expire, and see the stock return in the other channel."""
        before, watcher = await self._left(), self._stage.watchers[0]
        held = await self._buyer.call("hold.place", key=token(), lines=self._order(4)["lines"])
        await watcher.wait_for("stock.changed", 5, left=before - 4)
        require(await self._left() == before - 4, "held stock is still for sale")
        waited = time.monotonic()
        expired = await self._buyer.wait_for("order.expired", 15, order=held["id"])
        await watcher.wait_for("stock.changed", 5, left=before)
        require(await self._left() == before, "the stock did not return")
        late_ms = expired.at - held["until"]
        require(-50 <= late_ms < 3_000, f"it ran out {late_ms} ms after its time")
        return f"4 boxes back after {time.monotonic() - waited:.1f} s, {late_ms} ms past its time"

    async def flash(self) -> str:
        """Sell two boxes of a flash batch; there is no third at its price."""
        stage, price = self._stage, self._price - 1000
        batch = await stage.host.flash(stage.offer, yuan(price), 2, 60)
        await self._buyer.wait_for("flash.started", 5, flash=batch["id"])
        bought = await self._buyer.call("order.place", key=token(), **self._order(2, price))
        require(bought["total"]["amount"] == 2 * price, f"it was sold at {bought['total']}")
        self._note(bought, 2)
        over = await stage.watchers[0].wait_for("flash.ended", 5, flash=batch["id"])
        require(over.data["why"] == "sold_out", f"it ended by {over.data['why']}")
        try:
            await self._buyer.call("order.place", key=token(), **self._order(1, price))
        except ChannelProblem as problem:
            require(problem.slug == "price-changed", f"the problem was {problem}")
        else:
            raise Failed("its price is still taken")
        return f"2 boxes at ¥{price / 100:.2f}, then over; {await self._left()} left"

    async def wait(self) -> str:
        """Wait for held boxes, and get them at once when the hold is dropped."""
        stage, left = self._stage, await self._left()
        other = stage.host  # a device that never ordered may hold half of it
        held = await other.hold(token(), self._order(left)["lines"])
        place = (await self._buyer.join_waitlist(stage.offer, 1))["place"]
        require(place == 1, f"the place is {place}")
        await other.drop_hold(held["id"])
        mine = await self._buyer.wait_for("order.held", 5, waited=True)
        require(await self._left() == left - 1, "what was waited for is still for sale")
        order = {**self._order(1), "order": mine.data["order"]}
        self._note(await self._buyer.call("order.place", key=token(), **order), 1)
        return f"{left} boxes came back, 1 of them to who waited"

    async def price(self) -> str:
        """Buy across a price change: at once at the price shown, later only at the new one."""
        old, new = self._price, self._price - 400
        await self._stage.host.change_offer(self._stage.offer, price=yuan(new))
        seen = await self._buyer.call("order.place", key=token(), **self._order(1))
        require(seen["total"]["amount"] == old, f"it was sold at {seen['total']}")
        self._note(seen, 1)
        deadline = time.monotonic() + 4 * GRACE_S + 5
        while True:
            try:
                again = await self._buyer.call("order.place", key=token(), **self._order(1))
            except ChannelProblem as problem:
                require(problem.slug == "price-changed", f"the problem was {problem}")
                break
            self._note(again, 1)
            require(time.monotonic() < deadline, "the old price is still taken")
            await asyncio.sleep(GRACE_S / 2)
        self._price = new
        bought = await self._buyer.call("order.place", key=token(), **self._order(1))
        require(bought["total"]["amount"] == new, f"it was sold at {bought['total']}")
        self._note(bought, 1)
        return f"¥{old / 100:.2f} as seen, then asked, then ¥{new / 100:.2f}"

    async def cancel(self) -> str:
        """Cancel the first order as its buyer; its boxes are for sale again."""
        stage, before = self._stage, await self._left()
        first = stage.placed[0]
        await stage.api.request("POST", f"/api/v1/orders/{first.token}/cancellation", json={})
        stage.placed[0] = replace(first, stands=False)
        left = await self._left()
        require(left == before + first.boxes, f"{left} are left, {before} were")
        state = (await stage.api.order(first.token))["state"]
        require(state == "cancelled", f"the order is {state}")
        return f"{first.boxes} boxes back, {left} left"

    async def origin(self) -> str:
        """Follow the lot's Digital Link to its page, read its story and its set of links."""
        api = self._stage.api
        place = await api.origin(GTIN, "1123")
        page = await api.page(place)
        require("1123" in page, f"the page {place} does not name the lot")
        story = await api.story(self._stage.lot)
        steps = [station["step"] for station in story["stations"]]
        require(steps == ["picked", "tested", "packed"], f"its stations are {steps}")
        require(len(story["moments"]) == 1, f"{len(story['moments'])} moments instead of one")
        require(bool(story["inspection"]["certificate"]), "the test has no certificate")
        links = await api.request(
            "GET", f"/01/{GTIN}/10/1123", headers={"Accept": "application/linkset+json"}
        )
        kinds = [name for name in links["linkset"][0] if name != "anchor"]
        require(any("defaultLink" in name for name in kinds), f"the links are {kinds}")
        return f"{', '.join(steps)}, shown live once, {len(kinds)} kinds of links"

    async def balance(self) -> str:
        """Waste the rest of the lot but 10 kg, and no more; then undo that."""
        api, lot = self._stage.api, self._stage.lot
        before = (await api.story(lot))["lot"]
        require(
            before["left_g"] == before["quantity_g"] - before["sold_g"] - before["held_g"],
            f"harvested, sold, held and left do not add up: {before}",
        )
        require(
            before["sold_g"] == self._boxes() * NET_WEIGHT_G,
            f"{before['sold_g']} g are sold, of {self._boxes()} boxes",
        )
        try:
            await api.waste(lot, before["left_g"] + 1, "selftest")
            raise Failed("more was wasted than is left")
        except ApiProblem as problem:
            require(problem.slug == "not-left", f"the problem was {problem}")
        wasted = await api.waste(lot, before["left_g"] - 10_000, "selftest")
        card = (await api.offers(self._stage.broadcast))[0]
        require(
            card["left"] <= 10_000 // NET_WEIGHT_G, f"{card['left']} boxes are for sale of 10 kg"
        )
        await api.undo_waste(lot, wasted["id"], "selftest")
        after = (await api.story(lot))["lot"]
        require(after == before, f"the lot is {after}, it was {before}")
        return f"{wasted['weight_g'] / 1000:g} kg wasted and taken back"

    async def review(self) -> str:
        """End the broadcast; check gross, net, kilograms and the pick list against the orders."""
        stage, placed = self._stage, self._stage.placed
        ended = asyncio.create_task(self._buyer.wait_for("broadcast.ended", 5))
        await stage.api.end(stage.broadcast)
        await ended
        found = await stage.api.review(stage.broadcast)
        gross = sum(order.total for order in placed)
        net = sum(order.total for order in placed if order.stands)
        boxes = sum(order.boxes for order in placed if order.stands)
        require(
            found["orders"] == len(placed), f"{found['orders']} orders instead of {len(placed)}"
        )
        require(found["gross"]["amount"] == gross, f"gross {found['gross']} instead of {gross}")
        require(found["net"]["amount"] == net, f"net {found['net']} instead of {net}")
        grams = found["lots"][0]["net_weight_g"]
        require(grams == boxes * NET_WEIGHT_G, f"{grams} g instead of {boxes * NET_WEIGHT_G}")
        sheet = await stage.api.page(f"/review/{stage.broadcast}/sheets/pick-list.csv")
        picked = [line for line in sheet.splitlines() if "1123" in line]
        require(any(f",{boxes}," in f"{line}," for line in picked), f"the pick list says {picked}")
        return (
            f"{len(placed)} orders, gross ¥{gross / 100:.2f}, net ¥{net / 100:.2f}, {boxes} boxes"
        )

    def _order(self, quantity: int, price: int | None = None) -> dict[str, Any]:
        seen = self._price if price is None else price
        return {
            "lines": [{"offer": self._stage.offer, "quantity": quantity, "price": seen}],
            "buyer": {"name": "王月娥", "phone": "13800001001"},
            "delivery": {"way": "parcel", "address": "福建省福州市鼓楼区东街 12 号"},
            "payment": "cash_on_delivery",
        }

    def _note(self, placed: dict[str, Any], boxes: int) -> None:
        self._stage.placed.append(Placed(placed["token"], placed["total"]["amount"], boxes))

    def _boxes(self) -> int:
        return sum(order.boxes for order in self._stage.placed if order.stands)

    async def _left(self) -> int:
        card = (await self._stage.api.offers(self._stage.broadcast))[0]
        require(
            card["released"] == card["left"] + card["held"] + self._boxes(),
            f"released, sold, held and left do not add up: {card}",
        )
        return int(card["left"])


def _both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}
