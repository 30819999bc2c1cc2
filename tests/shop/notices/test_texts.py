"""What a notice says: to whom it is, in which language."""

from typing import Any, Literal

import pytest

from farmlive.bilingual import Bilingual
from farmlive.broadcast.events import OrderCancelled, OrderPlaced, OrderShipped, OrderStep
from farmlive.shop.core.notice_kinds import CORRECTED, KINDS, REFUND_CORRECTED, TOLD, kind_of
from farmlive.shop.notices.texts import SENTENCES, Facts, write


def facts(**other: Any) -> Facts:
    usual: dict[str, Any] = {
        "number": "A0007",
        "url": "https://farm.test/order/x",
        "state": "placed",
        "way": "parcel",
        "payment": "due",
        "amount": 5980,
        "refunded": 0,
        "currency": "CNY",
        "centre": Bilingual(zh="洋中服务站", en="Yangzhong centre"),
        "code": "042117",
    }
    return Facts(**{**usual, **other})


@pytest.mark.parametrize(
    ("kind", "other", "zh", "en"),
    [
        ("order.placed", {}, "共 ¥59.80，货到付现金", "You pay CN¥59.80 in cash when the parcel"),
        ("order.placed", {"way": "pickup"}, "取货时付款", "when you pick it up"),
        ("order.shipped", {}, "请备好现金 ¥59.80", "have CN¥59.80 in cash ready"),
        ("order.shipped", {"payment": "paid"}, "正在路上。\n", "on its way.\n"),
        (
            "order.at_centre",
            {},
            "已到洋中服务站，可以取了。取货时请报取货码 042117。取货时付 ¥59.80",
            "Yangzhong centre. Give your pick-up code 042117 there and pay CN¥59.80.",
        ),
        ("order.at_centre", {"code": None}, "请报订单号", "Give your order number there"),
        ("order.cancelled", {}, "无需付款", "There is nothing to pay"),
        (
            "order.cancelled",
            {"payment": "paid"},
            "已取消，¥59.80 会退还给您。\n",
            "is cancelled. You will get CN¥59.80 back.\n",
        ),
        (
            "order.cancelled",
            {"payment": "part_refunded", "refunded": 1000},
            "已取消，¥49.80 会退还给您。\n",
            "You will get CN¥49.80 back.\n",
        ),
        # Nothing more comes, and nothing ever did of what was all taken off.
        (
            "order.cancelled",
            {"payment": "refunded", "refunded": 5980},
            "已取消，款项已退还。\n",
            "is cancelled. You have your money back.\n",
        ),
        ("order.cancelled", {"payment": "paid", "refunded": 5980}, "无需付款", "nothing to pay"),
        ("order.placed", {"refunded": 1000}, "共 ¥49.80", "pay CN¥49.80"),
        ("order.shipped", {"refunded": 1000}, "请备好现金 ¥49.80", "have CN¥49.80 in cash"),
        ("order.shipped", {"refunded": 5980}, "正在路上。\n", "on its way.\n"),
        ("order.at_centre", {"refunded": 1000}, "时付 ¥49.80", "and pay CN¥49.80"),
        ("order.stopped", {}, "暂不发货。", "We are not sending your order for now."),
        ("order.stopped", {"way": "pickup"}, "请先不要来取", "please don't come for it yet"),
        ("order.stopped", {"way": "parcel"}, "暂不发货。原因", "for now. The order's page"),
        ("order.stopped", {"state": "shipped"}, "请不要食用", "don't eat it"),
        ("order.stopped", {"state": "received"}, "请不要食用", "don't eat it"),
        ("order.resumed", {}, "订单照常", "your order goes ahead"),
        (
            "order.refunded",
            {"payment": "part_refunded", "refunded": 1000},
            "累计退款 ¥10.00",
            "CN¥10.00 in all was given back to you",
        ),
        (
            "order.refunded",
            {"payment": "part_refunded", "refunded": 1500, "was_reduced": True},
            "您的订单 A0007 累计减免和退款 ¥15.00。\n",
            "order A0007, CN¥15.00 in all was taken off the price or given back to you.\n",
        ),
        (
            "order.refunded",
            {"refunded": 1000},
            "减免 ¥10.00，现在应付 ¥49.80",
            "We took CN¥10.00 off your order A0007. You now pay CN¥49.80.",
        ),
        ("order.refunded", {"refunded": 5980}, "减免 ¥59.80，无需付款", "There is nothing to pay"),
        (
            "order.refunded",
            {"payment": "paid", "refunded": 1000},
            "合计 ¥49.80",
            "total is CN¥49.80",
        ),
        ("order.claim_answered", {}, "已答复", "We have answered"),
        (REFUND_CORRECTED, {}, "A0007 现在应付 ¥59.80", "you pay CN¥59.80"),
        (REFUND_CORRECTED, {"payment": "paid"}, "没有退款", "no money was given back"),
        (
            REFUND_CORRECTED,
            {"payment": "part_refunded", "refunded": 1000},
            "累计退款 ¥10.00",
            "CN¥10.00 in all was given back",
        ),
        (
            REFUND_CORRECTED,
            {"payment": "part_refunded", "refunded": 1500, "was_reduced": True},
            "A0007 累计减免和退款 ¥15.00。\n",
            "CN¥15.00 in all was taken off the price or given back.\n",
        ),
        (CORRECTED, {"state": "packed"}, "您的订单 A0007 已装箱", "your order A0007 is packed"),
    ],
)
def test_a_notice_says_it_in_the_buyers_language_or_in_both(
    kind: str, other: Any, zh: str, en: str
) -> None:
    of = facts(**other)
    chinese, english, both = (write(kind, of, each) for each in ("zh", "en", None))
    assert zh in chinese.text
    assert en in english.text
    assert chinese.text.split("\n")[0] in both.text
    assert english.text.split("\n")[0] in both.text
    assert both.text.count(of.url) == 1
    for said in (chinese, english, both):
        assert "\n" not in said.subject
        assert said.text.endswith(f"{of.url}\n")


def test_every_event_that_is_told_has_its_words() -> None:
    for kind in (*TOLD, CORRECTED, REFUND_CORRECTED):
        assert write(kind, facts(), "en").subject


def test_every_kind_says_who_causes_it_and_has_its_words() -> None:
    assert set(KINDS) == set(SENTENCES)
    assert {kind for kind, known in KINDS.items() if known.cause == "stranger"} == {
        "order.placed",
        "order.called_off",
    }
    assert set(TOLD) <= set(KINDS)


@pytest.mark.parametrize(
    ("event", "by", "by_staff", "kind"),
    [
        (OrderPlaced, None, False, "order.placed"),
        (OrderPlaced, None, True, "order.entered"),
        (OrderCancelled, "buyer", False, "order.called_off"),
        (OrderCancelled, "buyer", True, "order.called_off"),
        (OrderCancelled, "staff", False, "order.cancelled"),
        (OrderShipped, "staff", False, "order.shipped"),
    ],
)
def test_who_caused_it_decides_the_kind(
    event: type[OrderStep], by: Literal["buyer", "staff"] | None, by_staff: bool, kind: str
) -> None:
    step = event(order="O", state="placed", payment="due", by=by)
    assert kind_of(step, by_staff=by_staff) == kind
