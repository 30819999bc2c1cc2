"""The report as a fold of the log: what was offered and what was ordered. Pure; asks no table."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from farmlive.bilingual import Bilingual
from farmlive.broadcast.log import Event, Head
from farmlive.review.models import FarmShare, LotShare, OfferShare, Report, Simulated, Sum

# What was sold follows from the orders: `stock.changed`, as many events again, isn't read.
KINDS = ("offer.added", "offer.released", "order.placed")

DEFINITIONS = {
    "orders": Bilingual(
        zh="订单数：本场直播中下单成功的订单，含模拟订单。",
        en="Orders: every order placed in this broadcast, simulated ones included.",
    ),
    "items": Bilingual(
        zh="件数：这些订单各行数量之和。",
        en="Items: the quantities of all lines of these orders added up.",
    ),
    "buyers": Bilingual(
        zh="买家数：不同手机号的个数；日志只保存加密代号，不保存号码。",
        en="Buyers: different phone numbers, counted by a keyed pseudonym; the log has no numbers.",
    ),
    "gross": Bilingual(
        zh="成交总额：各行单价乘以数量之和，按下单时的价格计，不含运费，未减去取消和退款。",
        en="Gross: price times quantity of all lines at the price ordered at, without delivery, "
        "before cancellations and refunds.",
    ),
    "simulated": Bilingual(
        zh="其中模拟：演示中的模拟买家所下的订单，已包含在以上各数中。",
        en="Of which simulated: orders of the demo's simulated people; they are in the numbers "
        "above.",
    ),
    "offers": Bilingual(
        zh="按商品：含该商品的订单数、件数和金额；一单含多种商品时，各计一次。",
        en="By offer: orders with that offer, its items and its money; an order with several "
        "offers counts once at each.",
    ),
    "lots": Bilingual(
        zh="按批次：出自该批次的各商品之和；重量为净含量乘以件数。",
        en="By lot: all offers that draw on the lot; weight is net weight times items.",
    ),
    "farms": Bilingual(
        zh="按农场：该农场各批次之和。",
        en="By farm: all lots of the farm.",
    ),
}


@dataclass(slots=True)
class _Count:
    """Orders, items and money of whatever is counted."""

    orders: int = 0
    items: int = 0
    amount: int = 0
    grams: int = 0
    last: str = field(default="", repr=False)

    def add(self, order: str, items: int, amount: int, grams: int = 0) -> None:
        """Count a line; the lines of one order follow each other, so it counts once."""
        if order != self.last:
            self.orders += 1
            self.last = order
        self.items += items
        self.amount += amount
        self.grams += grams

    def shown(self, currency: str | None) -> dict[str, Any]:
        return {
            "orders": self.orders,
            "items": self.items,
            "gross": Sum(amount=self.amount, currency=currency),
        }


def fold(broadcast: str, head: Head, events: Iterable[Event]) -> Report:
    """The report of a broadcast from its events, in their order."""
    cards: dict[str, dict[str, Any]] = {}
    every, simulated = _Count(), _Count()
    buyers: set[str] = set()
    by_offer: dict[str, _Count] = {}
    by_lot: dict[str, _Count] = {}
    by_farm: dict[str, _Count] = {}
    for event in events:
        data = event.data
        if event.kind == "offer.added":
            cards[data["offer"]] = dict(data)
            lot = data["lot"]
            by_offer[data["offer"]] = _Count()
            by_lot.setdefault(lot["id"], _Count())
            by_farm.setdefault(lot["farm"]["id"], _Count())
        elif event.kind == "offer.released":
            cards[data["offer"]]["released"] = data["released"]
        elif event.kind == "order.placed":
            order = data["order"]
            buyers.add(data["buyer"])
            for line in data["lines"]:
                items, amount = line["quantity"], line["total"]
                grams = cards[line["offer"]]["net_weight_g"] * items
                every.add(order, items, amount)
                by_offer[line["offer"]].add(order, items, amount)
                by_lot[line["lot"]].add(order, items, amount, grams)
                by_farm[line["farm"]].add(order, items, amount)
                if data.get("simulated"):
                    simulated.add(order, items, amount)
    currency = next((card["price"]["currency"] for card in cards.values()), None)
    lots = {card["lot"]["id"]: card["lot"] for card in cards.values()}
    farms = {lot["farm"]["id"]: lot["farm"] for lot in lots.values()}
    return Report(
        broadcast=broadcast,
        title=head.title,
        state=head.state,
        seq=head.seq,
        **every.shown(currency),
        buyers=len(buyers),
        simulated=Simulated(**simulated.shown(currency)),
        offers=[
            OfferShare(
                id=offer,
                name=card["name"],
                unit=card["unit"],
                lot=card["lot"]["id"],
                farm=card["lot"]["farm"]["id"],
                released=card["released"],
                left=card["released"] - by_offer[offer].items,
                **by_offer[offer].shown(currency),
            )
            for offer, card in cards.items()
        ],
        lots=[
            LotShare(
                id=lot,
                code=lots[lot]["code"],
                farm=lots[lot]["farm"]["id"],
                net_weight_g=count.grams,
                **count.shown(currency),
            )
            for lot, count in by_lot.items()
        ],
        farms=[
            FarmShare(id=farm, name=farms[farm]["name"], **count.shown(currency))
            for farm, count in by_farm.items()
        ],
        definitions=DEFINITIONS,
    )
