"""What buyers are told of their orders, in Chinese or English, or in both where nobody knows.

Pure. Whom, when and by what is notices.py's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from babel.numbers import format_currency

from farmlive.bilingual import Bilingual
from farmlive.money import decimals
from farmlive.shop.notices_kinds import (
    CANCELLED_BY_BUYER,
    CORRECTED,
    PLACED_BY_STAFF,
    REFUND_CORRECTED,
)
from farmlive.shop.payments import HAD

Language = Literal["zh", "en"]

LOCALES: Mapping[Language, str] = {"zh": "zh_Hans_CN", "en": "en_GB"}

# How a state is called where it is told that an earlier word was wrong.
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
    """What a notice says of an order; `amount` is the total, `refunded` what came back of it, or
    was taken off before it was paid; `was_less`: some of it was taken off so.
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
    was_less: bool = False

    @property
    def left(self) -> int:
        """What is paid for it."""
        return self.amount - self.refunded

    @property
    def is_due(self) -> bool:
        """Whether something of it is still to be paid."""
        return self.payment == "due" and self.left > 0

    def money(self, amount: int, language: Language) -> str:
        """An amount as it is written in the language."""
        return _money(amount, self.currency, language)


# In a rush the same prices are told again and again.
@lru_cache(maxsize=1024)
def _money(amount: int, currency: str, language: Language) -> str:
    value = amount / 10 ** decimals(currency)
    return format_currency(value, currency, locale=LOCALES[language])


@dataclass(frozen=True)
class Said:
    """A subject of one line, and the text below it."""

    subject: str
    text: str


Sentence = Callable[[Facts, Language], tuple[str, str]]


def _placed(of: Facts, language: Language) -> tuple[str, str]:
    total = of.money(of.left if of.payment == "due" else of.amount, language)
    if language == "zh":
        pay = "货到时付现金" if of.way == "parcel" else "取货时付款"
        return f"收到您的订单 {of.number}", f"我们收到了您的订单 {of.number}，共 {total}，{pay}。"
    pay = "in cash on delivery" if of.way == "parcel" else "when you pick it up"
    return (
        f"We have your order {of.number}",
        f"We have your order {of.number}. It comes to {total}, to be paid {pay}.",
    )


def _shipped(of: Facts, language: Language) -> tuple[str, str]:
    due = of.is_due
    total = of.money(of.left, language)
    if language == "zh":
        pay = f"请备好现金 {total}。" if due else ""
        return f"订单 {of.number} 已发货", f"您的订单 {of.number} 在路上了。{pay}"
    pay = f" Keep {total} in cash ready for the courier." if due else ""
    return f"Order {of.number} is on its way", f"Your order {of.number} is on its way.{pay}"


def _at_centre(of: Facts, language: Language) -> tuple[str, str]:
    due = of.is_due
    total = of.money(of.left, language)
    where = of.centre.in_language(language) if of.centre else ""
    if language == "zh":
        code = f"取货时请报取货码 {of.code}。" if of.code else "取货时请报订单号。"
        pay = f"请付 {total}。" if due else ""
        return f"订单 {of.number} 可以取了", f"您的订单 {of.number} 已到{where}。{code}{pay}"
    code = f"Say the code {of.code} there." if of.code else "Say its number there."
    pay = f" You pay {total}." if due else ""
    return (
        f"Order {of.number} can be picked up",
        f"Your order {of.number} waits for you: {where}. {code}{pay}",
    )


def _cancelled(of: Facts, language: Language) -> tuple[str, str]:
    left = of.money(of.left, language)
    if of.payment == "refunded":
        pay = ("款项已退还。", "Your money was given back.")
    elif of.payment in HAD and of.left:
        pay = (f"{left} 会退还给您。", f"{left} comes back to you.")
    else:
        pay = ("无需付款。", "Nothing is to be paid.")
    if language == "zh":
        return f"订单 {of.number} 已取消", f"您的订单 {of.number} 已取消，{pay[0]}"
    return f"Order {of.number} is cancelled", f"Your order {of.number} is cancelled. {pay[1]}"


def _refunded(of: Facts, language: Language) -> tuple[str, str]:
    back = of.money(of.refunded, language)
    if of.payment in ("due", "paid"):
        return _taken_off(of, back, language)
    if language == "zh":
        how = "一共减免和退款" if of.was_less else "一共退了"
        return f"订单 {of.number} 已退款", f"您的订单 {of.number} {how} {back}。"
    how = "taken off and given back" if of.was_less else "given back"
    return (
        f"Money back for order {of.number}",
        f"In all {back} of your order {of.number} was {how}.",
    )


def _taken_off(of: Facts, off: str, language: Language) -> tuple[str, str]:
    """Nothing came back: it is, or was, less that is asked for."""
    left = of.money(of.left, language)
    if language == "zh":
        pay = f"现在应付 {left}" if of.is_due else f"共 {left}" if of.left else "无需付款"
        return f"订单 {of.number} 金额减少", f"您的订单 {of.number} 减免 {off}，{pay}。"
    pay = "Nothing is to be paid."
    if of.left:
        pay = f"What you pay is now {left}." if of.is_due else f"It comes to {left}."
    return (
        f"Less to pay for order {of.number}",
        f"{off} was taken off your order {of.number}. {pay}",
    )


def _claim_answered(of: Facts, language: Language) -> tuple[str, str]:
    if language == "zh":
        return f"订单 {of.number} 的反馈已答复", "您反映的问题有了答复，请看订单页。"
    return (
        f"An answer on order {of.number}",
        "What you told us of your order was answered. You find it on the order's page.",
    )


def _corrected(of: Facts, language: Language) -> tuple[str, str]:
    state = STATES[of.state]
    if language == "zh":
        return f"订单 {of.number} 更正", f"上一条通知有误：您的订单 {of.number} {state[0]}。"
    return (
        f"Order {of.number}, put right",
        f"Our last message was wrong: your order {of.number} is {state[1]}.",
    )


def _refund_corrected(of: Facts, language: Language) -> tuple[str, str]:
    back = of.money(of.refunded, language)
    left = of.money(of.left, language)
    if of.payment == "due":
        now = (f"现在应付 {left}", f"what you pay is {left}")
    elif of.payment == "paid":
        now = ("没有退款", "no money was given back")
    elif of.was_less:
        now = (f"一共减免和退款 {back}", f"in all {back} was taken off and given back")
    else:
        now = (f"一共退了 {back}", f"in all {back} was given back")
    if language == "zh":
        return (
            f"订单 {of.number} 更正",
            f"上一条关于金额的通知有误：您的订单 {of.number} {now[0]}。",
        )
    return (
        f"Order {of.number}, put right",
        f"Our last message on its money was wrong: of your order {of.number}, {now[1]}.",
    )


def _stopped(of: Facts, language: Language) -> tuple[str, str]:
    """What must not be eaten comes first; else that nothing is handed over, and what follows."""
    has_left = of.state in ("shipped", "received")
    comes = of.way == "pickup"
    if language == "zh":
        wait = "，请先不要来取" if comes else ""
        do = "请不要食用，我们会联系您。" if has_left else f"暂不发货，也不交付{wait}。"
        return (
            f"订单 {of.number} 里的货停售了",
            f"您的订单 {of.number} 里有一批货查出问题，已停售。{do}原因见订单页。",
        )
    wait = ": please don't come for it" if comes else ""
    do = f"Nothing of it is sent or handed over for now{wait}."
    if has_left:
        do = "Don't eat it; we come back to you about it."
    return (
        f"Order {of.number}: a lot in it was stopped",
        f"A lot in your order {of.number} was stopped, since something was found. {do} Its page "
        "says why.",
    )


def _resumed(of: Facts, language: Language) -> tuple[str, str]:
    """That it goes on; and where it waits, which may not have been said while it was stopped."""
    ready = _at_centre(of, language)[1] if of.state == "at_centre" else ""
    if language == "zh":
        return (
            f"订单 {of.number} 里的货恢复出售",
            f"您的订单 {of.number} 里停售的那批货，县里已查清并解除停售，订单照常。"
            f"说明见订单页。{ready}",
        )
    return (
        f"Order {of.number}: its lot is no longer stopped",
        f"The county looked at the lot in your order {of.number} that was stopped, and lifted it: "
        f"the order goes on. Its page says why.{ready and ' ' + ready}",
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
    """One notice of a message: `language` is None where nobody knows it."""

    kind: str
    facts: Facts
    language: Language | None


def write(kind: str, of: Facts, language: Language | None) -> Said:
    """What is said; in Chinese first and English below where the language is not known."""
    return write_parts([Part(kind, of, language)])


def code_words(code: str, language: Language | None) -> Said:
    """The message with the code by which a phone's owner has its orders exported or erased."""
    languages: tuple[Language, ...] = ("zh", "en") if language is None else (language,)
    said = {
        "zh": (
            f"验证码 {code}",
            f"验证码 {code}，10 分钟内有效，用于导出或删除我们保存的您的订单信息。请勿告诉他人；"
            "若非本人操作，请忽略本消息。",
        ),
        "en": (
            f"Your code is {code}",
            f"{code} is your code to export or erase what we keep of your orders. It works for 10 "
            "minutes. Tell nobody; if you did not ask for it, do nothing.",
        ),
    }
    subjects, texts = zip(*(said[each] for each in languages), strict=True)
    return Said(" / ".join(subjects), "\n".join(texts) + "\n")


def write_parts(parts: Sequence[Part]) -> Said:
    """What one message says of one or several: of each its words, then its order's page."""
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
    return Said(" / ".join(subjects), "\n".join(text) + "\n")


def _languages(part: Part) -> tuple[Language, ...]:
    return (part.language,) if part.language else ("zh", "en")


def _news(numbers: Sequence[str], language: Language) -> str:
    if language == "zh":
        return f"订单 {'、'.join(numbers)} 有新消息"
    return f"News of your order{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
