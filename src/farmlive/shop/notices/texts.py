"""The texts of notices, in Chinese or English, or in both if the language is unknown.

Pure. notices.py decides about recipients, times and providers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from babel.numbers import format_currency

from farmlive.bilingual import Bilingual
from farmlive.money import decimals
from farmlive.shop.core.notice_kinds import (
    CANCELLED_BY_BUYER,
    CORRECTED,
    PLACED_BY_STAFF,
    REFUND_CORRECTED,
)
from farmlive.shop.core.payments import PAID_STATES

Language = Literal["zh", "en"]

LOCALES: Mapping[Language, str] = {"zh": "zh_Hans_CN", "en": "en_GB"}

# Names of the states, for a correction of an earlier notice.
STATES: Mapping[str, tuple[str, str]] = {
    "placed": ("已下单", "ordered"),
    "packed": ("已装箱", "packed"),
    "shipped": ("已发货", "on its way"),
    "at_centre": ("已到自提点", "at the pick-up point"),
    "received": ("已收货", "received"),
    "cancelled": ("已取消", "cancelled"),
}


@dataclass(frozen=True)
class Facts:
    """The facts of an order in a notice.

    `amount` is the total, `refunded` was refunded or taken off before payment; `was_reduced`: some
    of it was taken off before payment.
    """

    number: str
    url: str
    state: str
    way: str
    payment: str
    amount: int
    refunded: int
    currency: str
    centre: Bilingual | None
    code: str | None
    was_reduced: bool = False

    @property
    def remaining(self) -> int:
        """The total less what was refunded or taken off."""
        return self.amount - self.refunded

    @property
    def is_due(self) -> bool:
        """Whether something is still due."""
        return self.payment == "due" and self.remaining > 0

    def money(self, amount: int, language: Language) -> str:
        """Format an amount in the language."""
        return _money(amount, self.currency, language)


# In a rush the same prices come again and again.
@lru_cache(maxsize=1024)
def _money(amount: int, currency: str, language: Language) -> str:
    value = amount / 10 ** decimals(currency)
    return format_currency(value, currency, locale=LOCALES[language])


@dataclass(frozen=True)
class NoticeText:
    """A subject line, and the text below it."""

    subject: str
    text: str


Sentence = Callable[[Facts, Language], tuple[str, str]]


def _placed(of: Facts, language: Language) -> tuple[str, str]:
    total = of.money(of.remaining if of.payment == "due" else of.amount, language)
    if language == "zh":
        pay = "货到付现金" if of.way == "parcel" else "取货时付款"
        return f"已收到您的订单 {of.number}", f"已收到您的订单 {of.number}，共 {total}，{pay}。"
    pay = "in cash when the parcel arrives" if of.way == "parcel" else "when you pick it up"
    return (
        f"We have your order {of.number}",
        f"Thank you, we have your order {of.number}. You pay {total} {pay}.",
    )


def _shipped(of: Facts, language: Language) -> tuple[str, str]:
    due = of.is_due
    total = of.money(of.remaining, language)
    if language == "zh":
        pay = f"请备好现金 {total}，交给快递员。" if due else ""
        return f"订单 {of.number} 已发货", f"您的订单 {of.number} 已发货，正在路上。{pay}"
    pay = f" Please have {total} in cash ready for the courier." if due else ""
    return f"Order {of.number} is on its way", f"Your order {of.number} is on its way.{pay}"


def _at_centre(of: Facts, language: Language) -> tuple[str, str]:
    due = of.is_due
    total = of.money(of.remaining, language)
    where = of.centre.in_language(language) if of.centre else ""
    if language == "zh":
        code = f"取货时请报取货码 {of.code}。" if of.code else "取货时请报订单号。"
        pay = f"取货时付 {total}。" if due else ""
        return (
            f"订单 {of.number} 可以取了",
            f"您的订单 {of.number} 已到{where}，可以取了。{code}{pay}",
        )
    code = f"your pick-up code {of.code}" if of.code else "your order number"
    pay = f" and pay {total}" if due else ""
    return (
        f"Order {of.number} is ready to pick up",
        f"Your order {of.number} is ready to pick up at {where}. Give {code} there{pay}.",
    )


def _cancelled(of: Facts, language: Language) -> tuple[str, str]:
    left = of.money(of.remaining, language)
    if of.payment == "refunded":
        pay = ("款项已退还。", "You have your money back.")
    elif of.payment in PAID_STATES and of.remaining:
        pay = (f"{left} 会退还给您。", f"You will get {left} back.")
    else:
        pay = ("无需付款。", "There is nothing to pay.")
    if language == "zh":
        return f"订单 {of.number} 已取消", f"您的订单 {of.number} 已取消，{pay[0]}"
    return f"Order {of.number} is cancelled", f"Your order {of.number} is cancelled. {pay[1]}"


def _refunded(of: Facts, language: Language) -> tuple[str, str]:
    back = of.money(of.refunded, language)
    if of.payment in ("due", "paid"):
        return _taken_off(of, back, language)
    if language == "zh":
        how = "累计减免和退款" if of.was_reduced else "累计退款"
        return f"订单 {of.number} 已退款", f"您的订单 {of.number} {how} {back}。"
    how = "taken off the price or given back to you" if of.was_reduced else "given back to you"
    return (
        f"Money back for order {of.number}",
        f"For your order {of.number}, {back} in all was {how}.",
    )


def _taken_off(of: Facts, off: str, language: Language) -> tuple[str, str]:
    """Return the text for a reduction: less is, or was, due, and nothing is refunded."""
    left = of.money(of.remaining, language)
    if language == "zh":
        pay = f"现在应付 {left}" if of.is_due else f"合计 {left}" if of.remaining else "无需付款"
        return f"订单 {of.number} 金额减少", f"您的订单 {of.number} 减免 {off}，{pay}。"
    pay = "There is nothing to pay."
    if of.remaining:
        pay = f"You now pay {left}." if of.is_due else f"The total is {left}."
    return (
        f"Less to pay for order {of.number}",
        f"We took {off} off your order {of.number}. {pay}",
    )


def _claim_answered(of: Facts, language: Language) -> tuple[str, str]:
    if language == "zh":
        return (
            f"订单 {of.number} 的问题已答复",
            f"您反映的订单 {of.number} 的问题，我们已答复，请看订单页。",
        )
    return (
        f"Our answer about order {of.number}",
        f"We have answered what you told us about your order {of.number}. See the order's page.",
    )


def _corrected(of: Facts, language: Language) -> tuple[str, str]:
    state = STATES[of.state]
    if language == "zh":
        return f"订单 {of.number} 更正", f"上一条通知有误：您的订单 {of.number} {state[0]}。"
    return (
        f"Order {of.number}: a correction",
        f"Our last message was wrong: your order {of.number} is {state[1]}.",
    )


def _refund_corrected(of: Facts, language: Language) -> tuple[str, str]:
    back = of.money(of.refunded, language)
    left = of.money(of.remaining, language)
    if of.payment == "due":
        now = (f"现在应付 {left}", f"you pay {left}")
    elif of.payment == "paid":
        now = ("没有退款", "no money was given back")
    elif of.was_reduced:
        now = (f"累计减免和退款 {back}", f"{back} in all was taken off the price or given back")
    else:
        now = (f"累计退款 {back}", f"{back} in all was given back")
    if language == "zh":
        return (
            f"订单 {of.number} 更正",
            f"上一条关于金额的通知有误：您的订单 {of.number} {now[0]}。",
        )
    return (
        f"Order {of.number}: a correction",
        f"Our last message about the money was wrong: for your order {of.number}, {now[1]}.",
    )


def _stopped(of: Facts, language: Language) -> tuple[str, str]:
    """Return the text of a stop: a warning against eating comes first, otherwise that nothing is
    handed over; then what follows.
    """
    has_left = of.state in ("shipped", "received")
    comes = of.way == "pickup"
    if language == "zh":
        do = "暂不交货，请先不要来取。" if comes else "暂不发货。"
        if has_left:
            do = "请不要食用，我们会联系您。"
        return (
            f"订单 {of.number} 里有一批货已停售",
            f"您的订单 {of.number} 里有一批货查出问题，已停售。{do}原因见订单页。",
        )
    do = "We are not sending your order for now."
    if comes:
        do = "We are not handing out your order for now: please don't come for it yet."
    if has_left:
        do = "Please don't eat it; we will get in touch with you."
    return (
        f"Order {of.number}: a problem with a lot in it",
        f"We found a problem with a lot in your order {of.number} and stopped its sale. {do} The "
        "order's page says why.",
    )


def _resumed(of: Facts, language: Language) -> tuple[str, str]:
    """Return the text of a lift: the order goes on, and where it waits, since that notice may have
    been dropped during the stop.
    """
    ready = _at_centre(of, language)[1] if of.state == "at_centre" else ""
    if language == "zh":
        return (
            f"订单 {of.number} 里的货恢复出售",
            f"您的订单 {of.number} 里停售的那批货，县里已查清并解除停售，订单照常处理。"
            f"说明见订单页。{ready}",
        )
    return (
        f"Order {of.number} goes ahead",
        f"The county checked the lot in your order {of.number} whose sale was stopped, and cleared "
        f"it: your order goes ahead. Its page says why.{ready and ' ' + ready}",
    )


SENTENCES: Mapping[str, Sentence] = {
    "order.placed": _placed,
    PLACED_BY_STAFF: _placed,
    "order.shipped": _shipped,
    "order.at_centre": _at_centre,
    "order.cancelled": _cancelled,
    CANCELLED_BY_BUYER: _cancelled,
    "order.refunded": _refunded,
    "order.claim_answered": _claim_answered,
    "order.stopped": _stopped,
    "order.resumed": _resumed,
    CORRECTED: _corrected,
    REFUND_CORRECTED: _refund_corrected,
}


@dataclass(frozen=True)
class Part:
    """One notice of a message; `language` is None if unknown."""

    kind: str
    facts: Facts
    language: Language | None


def write(kind: str, of: Facts, language: Language | None) -> NoticeText:
    """Return the text; Chinese first and English below if the language is unknown."""
    return write_parts([Part(kind, of, language)])


def code_words(code: str, language: Language | None) -> NoticeText:
    """Return the text with a code, by which a phone's owner sees, exports or erases its orders."""
    languages: tuple[Language, ...] = ("zh", "en") if language is None else (language,)
    said = {
        "zh": (
            f"验证码 {code}",
            f"验证码 {code}，10 分钟内有效，用于查看、下载或删除我们保存的您的订单信息。"
            "请勿告诉他人；若非本人操作，请忽略本消息。",
        ),
        "en": (
            f"Your code is {code}",
            f"{code} is your code to see, download or erase the details we keep about your orders. "
            "It works for 10 minutes. Don't share it. If you didn't ask for it, ignore this "
            "message.",
        ),
    }
    subjects, texts = zip(*(said[each] for each in languages), strict=True)
    return NoticeText(" / ".join(subjects), "\n".join(texts) + "\n")


def write_parts(parts: Sequence[Part]) -> NoticeText:
    """Return the text of a message: for each notice its text, then the URL of its order's page."""
    text: list[str] = []
    subjects: list[str] = []
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        for language in _languages(part):
            subject, sentence = SENTENCES[part.kind](part.facts, language)
            subjects.append(subject)
            text.append(sentence)
        if following is None or following.facts.url != part.facts.url:
            text.append(part.facts.url)
    if len(parts) > 1:
        numbers = list(dict.fromkeys(part.facts.number for part in parts))
        subjects = [_news(numbers, language) for language in _languages(parts[0])]
    return NoticeText(" / ".join(subjects), "\n".join(text) + "\n")


def _languages(part: Part) -> tuple[Language, ...]:
    return (part.language,) if part.language else ("zh", "en")


def _news(numbers: Sequence[str], language: Language) -> str:
    if language == "zh":
        return f"订单 {'、'.join(numbers)} 有新消息"
    return f"News about your order{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
