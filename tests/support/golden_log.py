"""The golden log: events of every kind, with every field, and as older versions wrote them.

What the server and the page make of it is held to be the same in browser/test_golden_log.py.
"""

from typing import Any

from tests.support.money import cny

from farmlive.broadcast.log import Event

BROADCAST = "01KB6Y3S8QJ4M1T9W2ZC5D7EFG"
PUBLIC = ("public",)
STAFF = ("staff",)
# An evening of November 2025, in milliseconds; an event a second.
BEGAN = 1_764_400_000_000

Told = tuple[str, tuple[str, ...], dict[str, Any]]


def both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def buyer(order: str, *farms: str) -> tuple[str, ...]:
    return ("staff", *(f"farm:{farm}" for farm in farms or ("youxi",)), f"order:{order}")


def line(offer: str, quantity: int, price: int, **more: Any) -> dict[str, Any]:
    total = price * quantity
    boxes = {"quantity": quantity, "price": price, "total": total}
    return {"offer": offer, "lot": "LOT", "farm": "youxi", **boxes, **more}


def step(order: str, state: str, payment: str = "due", **more: Any) -> dict[str, Any]:
    number = f"A{sum(order.encode()):04d}"
    return {"order": order, "number": number, "state": state, "payment": payment, **more}


FARM = {"id": "youxi", "name": both("尤溪", "Youxi"), "place": both("三明", "Sanming")}
# A card as the first version wrote it: neither position nor what is sold or left of its lot.
OLD_CARD = {
    "offer": "old",
    "name": both("金桔", "Kumquats"),
    "unit": both("箱", "box"),
    "net_weight_g": 2_500,
    "price": cny(2_990),
    "list_price": None,
    "picture": None,
    "gtin": None,
    "lot": {
        "id": "OLD-LOT",
        "code": "YX-1",
        "url": "/origin/1",
        "harvested_at": None,
        "tested": True,
        "farm": FARM,
    },
    "released": 10,
    "left": 10,
}
LOT = {
    "id": "LOT",
    "code": "YX-2",
    "url": "/01/06900000000013/10/YX-2",
    "harvested_at": BEGAN - 90_000_000,
    "tested": True,
    "stopped": [],
    "lifted": None,
    "harvested_g": 100_000,
    "wasted_g": 0,
    "sold_g": 0,
    "left_g": 100_000,
    "farm": FARM,
}
CARD = {
    "offer": "small",
    "position": 2,
    "name": both("金桔小箱", "Kumquats, small"),
    "unit": both("2.5 公斤箱", "2.5 kg box"),
    "net_weight_g": 2_500,
    "price": cny(2_990),
    "list_price": cny(3_990),
    "picture": "/files/one.webp",
    "gtin": "06900000000013",
    "lot": LOT,
    "released": 20,
    "sold": 0,
    "held": 0,
    "kept": 0,
    "left": 20,
    "waiting": 0,
    "flash": None,
}
LARGE = {
    **CARD,
    "offer": "large",
    "position": 3,
    "net_weight_g": 5_000,
    "price": cny(4_990),
    "list_price": None,
    "picture": None,
    "gtin": None,
    "released": 12,
    "left": 12,
    "waiting": 2,
    "flash": {
        "id": "F0",
        "state": "planned",
        "price": cny(3_990),
        "boxes": 3,
        "per_buyer": None,
        "starts_at": BEGAN + 500_000,
        "ends_at": BEGAN + 600_000,
    },
}
FLASH = {
    "flash": "F1",
    "offer": "small",
    "price": cny(1_990),
    "boxes": 4,
    "per_buyer": 2,
    "starts_at": BEGAN + 40_000,
    "ends_at": BEGAN + 640_000,
}
STOCK = {"offer": "small", "released": 20, "sold": 2, "held": 1, "kept": 0, "left": 17}
TAKEN = {**STOCK, "lot": "LOT", "lot_sold_g": 5_000, "lot_left_g": 92_500}
REASON = {
    "finding": "FINDING",
    "kind": "test_failed",
    "at": BEGAN - 1_000,
    "result": both("不合格", "failed"),
}
SPRAYED = {
    "finding": "SPRAY",
    "kind": "waiting_period",
    "at": BEGAN - 2_000,
    "substance": both("吡虫啉", "imidacloprid"),
    "until": BEGAN + 1_000,
}
HELD = {
    "order": "a",
    "lines": [line("small", 1, 2_990)],
    "total": cny(2_990),
    "state": "held",
    "payment": "due",
    "until": BEGAN + 480_000,
}
PLACED = {
    **step("a", "placed"),
    "buyer": "pseudonym",
    "lines": [line("small", 2, 2_990), line("large", 1, 4_990, flash="F0")],
    "total": cny(11_970),
    "fee": cny(1_000),
    "way": "parcel",
}

TOLD: list[Told] = [
    # As the first versions wrote.
    ("offer.added", PUBLIC, OLD_CARD),
    ("source.switched", PUBLIC, {"source": "s", "label": "果园"}),
    ("broadcast.started", PUBLIC, {}),
    ("card.pinned", PUBLIC, {"offer": "old"}),
    ("chat.said", PUBLIC, {"nickname": "小林", "text": "甜吗？"}),
    ("stock.changed", PUBLIC, {"offer": "old", "released": 10, "sold": 1, "left": 9}),
    (
        "order.placed",
        buyer("o"),
        {
            **step("o", "placed"),
            "buyer": "earlier",
            "lines": [{**line("old", 1, 2_990), "lot": "OLD-LOT"}],
            "total": cny(2_990),
            "way": "pickup",
        },
    ),
    (
        "stock.changed",
        PUBLIC,
        {
            "offer": "old",
            "released": 10,
            "sold": 1,
            "held": 2,
            "left": 7,
            "lot": "OLD-LOT",
            "lot_sold_g": 2_500,
        },
    ),
    ("order.paid", buyer("o"), step("o", "placed", "paid", by="staff")),
    (
        "order.refunded",
        buyer("o"),
        {
            **step("o", "placed", "part_refunded", by="staff"),
            "amount": cny(300),
            "back": [{"offer": "old", "quantity": 1}],
        },
    ),
    ("chat.said", PUBLIC, {}),
    ("offer.changed", PUBLIC, {"offer": "old", "price": cny(2_790)}),
    # As this version writes.
    ("source.joined", STAFF, {"source": "g", "label": "客人", "guest": True}),
    ("source.switched", PUBLIC, {"source": "g", "label": "客人", "codec": "H264"}),
    ("broadcast.paused", PUBLIC, {"reason": "source"}),
    ("broadcast.resumed", PUBLIC, {}),
    ("broadcast.paused", PUBLIC, {"reason": "source"}),
    ("source.switched", PUBLIC, {"source": "s", "label": "果园", "codec": "VP8"}),
    ("source.left", STAFF, {"source": "g", "guest": True}),
    ("offer.added", PUBLIC, CARD),
    ("offer.added", PUBLIC, LARGE),
    ("card.unpinned", PUBLIC, {"offer": "old"}),
    ("card.pinned", PUBLIC, {"offer": "small"}),
    ("chat.said", PUBLIC, {"nickname": "", "text": "来了", "role": "host"}),
    ("chat.said", PUBLIC, {"nickname": "阿强", "text": "买", "simulated": True}),
    ("chat.queued", STAFF, {"message": 25, "nickname": "阿强", "text": "买"}),
    ("chat.queued", STAFF, {"message": 5, "nickname": "小林", "text": "甜吗？"}),
    ("chat.queued", STAFF, {"message": 25, "nickname": "阿强", "text": "买"}),
    ("chat.queued", STAFF, {}),
    ("chat.answered", PUBLIC, {"message": 25, "nickname": "阿强", "text": "买"}),
    ("chat.queued", STAFF, {"message": 24, "nickname": "", "text": "来了"}),
    ("chat.dropped", STAFF, {"message": 24}),
    (
        "chat.answered",
        PUBLIC,
        {"message": 5, "nickname": "小林", "text": "甜吗？", "reply": "很甜！"},
    ),
    ("chat.answered", PUBLIC, {}),
    ("chat.queued", STAFF, {"message": 5, "nickname": "小林", "text": "甜吗？"}),
    ("chat.hidden", PUBLIC, {"message": 5}),
    ("chat.answered", PUBLIC, {"message": 25, "nickname": "阿强", "text": "买"}),
    ("chat.cleared", PUBLIC, {"message": 25}),
    ("audience.counted", PUBLIC, {"viewers": 12, "reactions": 40, "buyers": 3}),
    ("order.held", buyer("a"), HELD),
    ("stock.changed", PUBLIC, {**TAKEN, "sold": 0, "left": 19, "lot_sold_g": 0}),
    (
        "order.held",
        buyer("a"),
        {**HELD, "until": BEGAN + 500_000, "waited": True, "simulated": True},
    ),
    ("order.held", buyer("b", "youxi", "other"), {**HELD, "order": "b"}),
    ("order.held", buyer("c"), {**HELD, "order": "c", "corrected": True}),
    ("order.expired", buyer("b", "youxi", "other"), {"order": "b", "state": "expired"}),
    (
        "order.cancelled",
        buyer("c"),
        {"order": "c", "state": "cancelled", "payment": "due", "by": "buyer"},
    ),
    ("clock.moved", PUBLIC, {"by": 30_000}),
    ("order.placed", buyer("a"), PLACED),
    ("stock.changed", PUBLIC, TAKEN),
    (
        "order.placed",
        buyer("d", "youxi", "other"),
        {
            **step("d", "placed"),
            "buyer": "another",
            "lines": [line("large", 1, 4_990), line("small", 1, 2_990, farm="other")],
            "total": cny(8_980),
            "fee": cny(1_000),
            "way": "parcel",
            "simulated": True,
        },
    ),
    ("flash.planned", PUBLIC, FLASH),
    ("flash.started", PUBLIC, FLASH),
    ("offer.released", PUBLIC, {"offer": "small", "quantity": 5, "released": 25}),
    ("stock.changed", PUBLIC, {**TAKEN, "released": 25, "kept": 4, "left": 18}),
    ("clock.moved", PUBLIC, {"by": -15_000}),
    ("flash.ended", PUBLIC, {"flash": "another", "offer": "small", "sold": 0, "why": "host"}),
    ("flash.ended", PUBLIC, {"flash": "F1", "offer": "small", "sold": 4, "why": "sold_out"}),
    (
        "flash.corrected",
        STAFF,
        {
            "flash": "F1",
            "offer": "small",
            "price": cny(1_990),
            "right": cny(2_990),
            "orders": 2,
        },
    ),
    ("wait.changed", PUBLIC, {"offer": "small", "waiting": 3}),
    ("wait.changed", PUBLIC, {"offer": "unknown", "waiting": 3}),
    ("rush.began", STAFF, {"offer": "small", "boxes": 30, "since": BEGAN + 50_000, "bits": 17}),
    ("rush.began", STAFF, {"offer": "large", "boxes": 31, "since": BEGAN + 51_000, "bits": 17}),
    ("rush.over", STAFF, {"offer": "small"}),
    ("offer.changed", PUBLIC, {"offer": "small", "price": cny(3_190), "corrected": True}),
    ("offer.changed", PUBLIC, {"offer": "small", "list_price": None}),
    ("offer.changed", PUBLIC, {"offer": "large", "list_price": cny(5_990)}),
    # It was shown to late joiners alone, and in no open page.
    (
        "offer.changed",
        PUBLIC,
        {"offer": "small", "name": both("小金桔", "Small ones"), "picture": "/files/two.webp"},
    ),
    ("offer.changed", PUBLIC, {"offer": "small", "picture": None}),
    ("offer.changed", PUBLIC, {"offer": "large", "position": 1}),
    ("offer.changed", PUBLIC, {"offer": "old", "position": 3}),
    ("offer.changed", PUBLIC, {"offer": "unknown", "position": 4}),
    ("lot.changed", PUBLIC, {"lot": "LOT", "harvested_g": 40_000, "wasted_g": 2_000}),
    ("stock.changed", PUBLIC, {**TAKEN, "released": 25, "left": 22, "lot_left_g": 7_500}),
    ("lot.stopped", PUBLIC, {"lot": "LOT", "reasons": [REASON]}),
    ("lot.stopped", PUBLIC, {"lot": "LOT", "reasons": [REASON, SPRAYED], "again": True}),
    (
        "order.stopped",
        buyer("a"),
        {**step("a", "placed"), "lot": "LOT", "stopped": True},
    ),
    ("lot.resumed", PUBLIC, {"lot": "LOT", "sentence": "复检合格。", "tested": True}),
    (
        "order.resumed",
        buyer("a"),
        {**step("a", "placed"), "lot": "LOT", "stopped": False},
    ),
    (
        "lot.stopped",
        PUBLIC,
        {"lot": "OLD-LOT", "reasons": [{"kind": "test_missing", "at": BEGAN - 5_000}]},
    ),
    ("lot.resumed", PUBLIC, {"lot": "OLD-LOT", "tested": True}),
    (
        "lot.resumed",
        PUBLIC,
        {"lot": "LOT", "sentence": "又可以卖了。", "lifted_at": BEGAN + 7, "tested": False},
    ),
    # The time of an order is that of its placing, whatever comes after.
    ("order.packed", buyer("a"), step("a", "packed", by="staff", passed=True)),
    (
        "order.placed",
        buyer("a"),
        step("a", "placed", by="staff", undone=True, passed=True),
    ),
    ("order.packed", buyer("a"), step("a", "packed", by="staff")),
    ("order.shipped", buyer("a"), step("a", "shipped", by="staff", passed=True)),
    ("order.packed", buyer("a"), step("a", "packed", by="staff", undone=True, passed=True)),
    ("order.shipped", buyer("a"), step("a", "shipped", by="staff", undone=True)),
    ("order.paid", buyer("a"), step("a", "shipped", "paid", by="staff")),
    ("order.paid", buyer("a"), step("a", "shipped", "due", by="staff", undone=True, passed=True)),
    ("order.received", buyer("a"), step("a", "received", by="staff", undone=True, passed=True)),
    (
        "order.claimed",
        buyer("a"),
        {**step("a", "received", by="buyer"), "claim": "CLAIM", "photos": 2},
    ),
    (
        "order.refunded",
        buyer("a"),
        {
            **step("a", "received", "part_refunded", by="staff"),
            "amount": cny(500),
            "back": [{"offer": "small", "farm": "youxi", "quantity": 1}],
            "line": {"offer": "small", "farm": "youxi"},
            "claim": "CLAIM",
            "passed": True,
        },
    ),
    (
        "order.claim_answered",
        buyer("a"),
        {
            **step("a", "received", "part_refunded", by="staff"),
            "claim": "CLAIM",
            "answer": "refunded",
            "amount": cny(200),
        },
    ),
    (
        "order.refunded",
        buyer("a"),
        {**step("a", "received", "paid", by="staff"), "amount": cny(0), "undone": True},
    ),
    (
        "order.at_centre",
        buyer("o"),
        step("o", "at_centre", "part_refunded", by="staff", undone=True, passed=True),
    ),
    (
        "order.cancelled",
        buyer("d", "youxi", "other"),
        step("d", "cancelled", by="buyer", undone=True, passed=True),
    ),
    ("order.erased", STAFF, {"order": "d", "number": "A0100", "buyer": "erased"}),
    ("order.erased", STAFF, {"order": "gone", "number": "A0101", "buyer": "erased"}),
    # Of a newer version.
    ("weather.changed", PUBLIC, {"to": "rain"}),
    ("card.pinned", PUBLIC, {"offer": "large"}),
    ("broadcast.paused", PUBLIC, {"reason": "source"}),
    ("broadcast.ended", PUBLIC, {}),
    ("audience.counted", PUBLIC, {"viewers": 0, "reactions": 41}),
    ("source.left", STAFF, {"source": "s"}),
]


def golden() -> list[Event]:
    """The golden log."""
    return [
        Event(BROADCAST, seq, BEGAN + seq * 1_000, kind, audience, data)
        for seq, (kind, audience, data) in enumerate(TOLD, 1)
    ]
