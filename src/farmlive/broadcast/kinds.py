"""The kinds of events on the channel: who hears them and what their data says.

For the AsyncAPI document; rooms that write events say here what a client may rely on.
"""

from typing import Any, NamedTuple

_ORDER = "staff, the farms of its lines, its buyer"


class Kind(NamedTuple):
    """One kind: its audience, and its data by name, a sentence each."""

    audience: str
    data: dict[str, str]


_GUEST = "True for someone who came by a guest's link, else left out."
_OFFER = {"offer": "The offer's id."}
_FLASH = {
    "flash": "The batch's id.",
    **_OFFER,
    "price": "Money, for one box of the batch while it runs.",
    "boxes": "How many it has.",
    "per_buyer": "How many of them one buyer may have, or null.",
    "starts_at": "When it starts, or did, UTC milliseconds since 1970.",
    "ends_at": "When it ends, as far as it is not sold out before.",
}
_STEP = {
    "order": "The order's id.",
    "number": "The number that people say, such as A0001.",
    "state": "The state from now on.",
    "payment": "The payment from now on: due, paid, part_refunded or refunded.",
    "by": "buyer or staff.",
    "undone": "True where a step was taken back, so that it is in this state again; else left out.",
    "passed": "True where another step follows in the same moment, so that its buyer is told of "
    "that one alone, if at all; else left out.",
}
_STOPPED = {
    **{name: _STEP[name] for name in ("order", "number", "state", "payment")},
    "lot": "The lot in it that was stopped, or lifted.",
    "stopped": "Whether the order has a stopped lot, so that nothing of it is handed over.",
}
_CLAIM = {
    **{name: said for name, said in _STEP.items() if name not in ("undone", "passed")},
    "claim": "The claim's id.",
}
_LINES = {
    "lines": "A list of {offer, lot, farm, quantity, price, total}, minor units, with the flash "
    "batch where they are of one; a seller gets those of own farms.",
    "total": "Money of all lines, the fee included; for a seller, of own lines.",
    "simulated": "True for one of the demo's people, else left out.",
}

KINDS = {
    "broadcast.started": Kind("public", {}),
    "broadcast.paused": Kind("public", {"reason": "source: no camera sends."}),
    "broadcast.resumed": Kind("public", {}),
    "broadcast.ended": Kind("public", {}),
    "source.joined": Kind("staff", {"source": "Its id.", "label": "Its name.", "guest": _GUEST}),
    "source.left": Kind("staff", {"source": "Its id.", "guest": _GUEST}),
    "source.switched": Kind(
        "public",
        {
            "source": "Which is shown; a pause is over.",
            "label": "Its name.",
            "codec": "That of its picture, such as H264; left out where there is none.",
        },
    ),
    "card.pinned": Kind("public", _OFFER),
    "card.unpinned": Kind("public", _OFFER),
    "offer.added": Kind(
        "public", {"offer": "The offer's id; the rest is its card, as GET …/offers answers it."}
    ),
    "offer.changed": Kind(
        "public",
        {
            **_OFFER,
            "price": "Money; like all that follows only where it changed.",
            "list_price": "Money, or null where it was taken away.",
            "position": "Its place in the bag, from 1.",
            "name": "In both languages.",
            "picture": "The address of its picture, or null.",
            "corrected": "True where the price before was a mistake, else left out.",
        },
    ),
    "offer.released": Kind(
        "public",
        {
            **_OFFER,
            "quantity": "How many more may be sold; below zero so many were taken back.",
            "released": "How many may be sold in all.",
        },
    ),
    "stock.changed": Kind(
        "public",
        {
            **_OFFER,
            "released": "How many may be sold in all: sold, held, kept and left together.",
            "sold": "How many were ordered.",
            "held": "How many are kept for buyers who write their order.",
            "kept": "How many can be had of the flash batch that runs.",
            "left": "How many can be had else, as far as the lot holds them.",
            "lot": "The id of the lot that the offer draws on.",
            "lot_sold_g": "Net weight sold of that lot, grams, by all offers that draw on it.",
            "lot_left_g": "Net weight of that lot that can still be had, by all of them together.",
        },
    ),
    "wait.changed": Kind(
        "public", {**_OFFER, "waiting": "How many boxes those want together who wait for it."}
    ),
    "rush.began": Kind(
        "staff",
        {
            **_OFFER,
            "boxes": "How many of it devices without a past order took within a minute.",
            "since": "From when on they need a proof of work for it, UTC milliseconds since 1970.",
            "bits": "How many zero bits the proof's SHA-256 begins with.",
        },
    ),
    "rush.over": Kind("staff", {"offer": "The offer's id; no proof is asked for it any more."}),
    "flash.planned": Kind("public", _FLASH),
    "flash.started": Kind("public", _FLASH),
    "flash.ended": Kind(
        "public",
        {
            "flash": "The batch's id.",
            **_OFFER,
            "sold": "How many of its boxes were ordered.",
            "why": "time, sold_out, host or broadcast; wrong, where its price was a mistake; or "
            "stopped, where its lot was.",
        },
    ),
    "flash.corrected": Kind(
        "staff",
        {
            "flash": "The id of a batch that is over, and whose price was a mistake.",
            **_OFFER,
            "price": "Money, for one box of it while it ran.",
            "right": "Money, at which its boxes are held from now on.",
            "orders": "How many were taken at its price.",
        },
    ),
    "lot.changed": Kind(
        "public",
        {
            "lot": "The id of a lot that offers draw on; `stock.changed` tells what is left of it.",
            "harvested_g": "Net weight harvested, grams, as it is recorded from now on.",
            "wasted_g": "Net weight of it that was thrown away.",
        },
    ),
    "lot.stopped": Kind(
        "public",
        {
            "lot": "The id of a lot of which nothing is sold or handed over from now on.",
            "reasons": "Why: a list of {finding, kind, at}; of a test_failed with its `result`, of "
            "a waiting_period with the `substance` and `until` when nothing might be picked; UTC "
            "milliseconds since 1970. A test_missing or certificate_missing names no finding: what "
            "was sold before is handed over.",
            "again": "True where it was stopped already, and the reasons are others now; else left "
            "out.",
        },
    ),
    "lot.resumed": Kind(
        "public",
        {
            "lot": "The id of a lot that was stopped, and is sold again.",
            "sentence": "Why, in a coordinator's words; left out where none lifted it, but a test "
            "or a certificate came that the county asks for.",
            "lifted_at": "When that was said, UTC milliseconds; left out where it is said now.",
            "tested": "Whether its latest test was passed.",
        },
    ),
    "chat.said": Kind(
        "public",
        {
            "nickname": "Who; gone once hidden, as the text. Empty for one of the team who has no "
            "display name: the role says who it is.",
            "text": "What.",
            "role": "coordinator, host or moderator; left out for everyone else.",
        },
    ),
    "chat.hidden": Kind("public", {"message": "The seq of the message to take away."}),
    "clock.moved": Kind(
        "public",
        {
            "by": "The server's clock was set, and what runs keeps its remaining time: add so many "
            "milliseconds, which may be below zero, to the `until` of each hold and to `starts_at` "
            "and `ends_at` of each flash batch that runs, as told before. The server's time is as "
            "much later; the `at` of events never goes back."
        },
    ),
    "audience.counted": Kind(
        "public", {"viewers": "Devices that watch now.", "reactions": "Likes since the start."}
    ),
    "order.held": Kind(
        _ORDER,
        {
            "order": "The id of the order to be; once more for another choice in its place.",
            **_LINES,
            "state": "held",
            "payment": "due",
            "until": "When it runs out, UTC milliseconds since 1970.",
            "waited": "True where what was waited for came, else left out.",
            "corrected": "True where a wrong price in it was put right, else left out.",
        },
    ),
    "order.expired": Kind(
        _ORDER, {"order": "The hold whose time is over; its stock is back.", "state": "expired"}
    ),
    "order.placed": Kind(
        _ORDER,
        {
            **_STEP,
            "by": "Left out unless it was undone.",
            "buyer": "A pseudonym, the same for the same phone; not for sellers.",
            **_LINES,
            "fee": "Money for the parcel, part of the total; not for sellers.",
            "way": "parcel or pickup.",
        },
    ),
    "order.packed": Kind(_ORDER, _STEP),
    "order.shipped": Kind(_ORDER, _STEP),
    "order.at_centre": Kind(_ORDER, _STEP),
    "order.received": Kind(_ORDER, _STEP),
    "order.cancelled": Kind(
        _ORDER, {**_STEP, "number": "Left out where it was only held; its stock is back."}
    ),
    "order.paid": Kind(_ORDER, _STEP),
    "order.refunded": Kind(
        _ORDER,
        {
            **_STEP,
            "amount": "Money given back in all, or taken off what is due.",
            "back": "Boxes that never left and are in the stock again, a list of "
            "{offer, farm, quantity}; a seller gets those of own farms, left out where there are "
            "none. Where the refund was undone, those that the order has again.",
            "line": "The line at whose wrong price more was asked for, {offer, farm}; left out "
            "where it was given back for anything else, and for a seller where it is of another "
            "farm.",
            "claim": "The claim that it answers, if it does; open again where it was undone.",
        },
    ),
    "order.erased": Kind(
        "staff",
        {
            "order": "The order's id: its buyer's details were removed.",
            "number": _STEP["number"],
            "buyer": "The pseudonym that the order has from now on, in the events before, too.",
        },
    ),
    "order.stopped": Kind(_ORDER, _STOPPED),
    "order.resumed": Kind(_ORDER, _STOPPED),
    "order.claimed": Kind(_ORDER, {**_CLAIM, "photos": "How many were sent with it."}),
    "order.claim_answered": Kind(
        _ORDER,
        {
            **_CLAIM,
            "answer": "refunded or refused.",
            "amount": "Money given back for it; left out where it was refused.",
        },
    ),
}


def schemas() -> list[dict[str, Any]]:
    """One JSON schema of an event's `kind` and `data` a kind; others may come."""
    return [
        {
            "title": kind,
            "description": f"To: {known.audience}.",
            "properties": {
                "kind": {"const": kind},
                "data": {
                    "type": "object",
                    "properties": {
                        name: {"description": said} for name, said in known.data.items()
                    },
                },
            },
        }
        for kind, known in KINDS.items()
    ]
