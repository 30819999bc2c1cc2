"""The details of an audit entry beside its sentence: amounts, roles, how a buyer was identified,
the selection of a file. Pure.

Owns the words for values, which the sentences of words.py use too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from farmlive.money import Money
from farmlive.pages.audit import refusals, sentences
from farmlive.pages.audit.sentences import Both
from farmlive.pages.rendering.formats import Formats
from farmlive.people.core.audit import BY_COMMAND, NOT_SIGNED_IN, AuditEntry
from farmlive.review.sheets import Words
from farmlive.shop.audit_names import NamedObject

_CHOICES: dict[str, Both] = {
    "open": ("still to do", "待处理"),
    "parcel": ("parcels", "快递"),
    "pickup": ("pick-ups", "自提"),
    "due": ("to pay", "应付"),
    "paid": ("paid", "已付款"),
    "owed": ("to give back", "待退款"),
    "refunded": ("refunded", "已退款"),
    "flagged": ("to look at", "需留意"),
    "claimed": ("with claims", "有售后"),
}
GROUP_NAMES: dict[str, Both] = {
    "sign-ins": ("Sign-ins", "登录"),
    "buyers": ("Buyers' data and files", "买家信息和文件"),
    "people": ("People and keys", "人员和密钥"),
    "orders": ("Orders", "订单"),
    "broadcasts": ("Broadcasts", "直播"),
    "produce": ("Farms and products", "农场和商品"),
}
BY_OPERATOR: Both = ("The server's operator", "服务器管理员")


@dataclass(frozen=True)
class Known:
    """The names of the identifiers, as far as they are known: objects, accounts and API keys; and
    by subject its oldest entry.
    """

    things: Mapping[str, NamedObject] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    firsts: Mapping[str, AuditEntry] = field(default_factory=dict)


class Facts:
    """Describes the facts of entries in one language."""

    def __init__(self, formats: Formats, currency: str, known: Known):
        self._formats = formats
        self._say = Words(formats.language)
        self._currency = currency
        self._known = known

    def person(self, identity: str) -> str:
        """Return the name of the person in a selection."""
        if identity == NOT_SIGNED_IN:
            return self._say(
                "Nobody signed in (buyers, failed sign-ins)", "未登录者（买家、登录失败）"
            )
        if identity == BY_COMMAND:
            return self._both(BY_OPERATOR)
        return self._known.people.get(identity) or self._say("someone else", "其他人")

    def selection(self, chosen: Mapping[str, Any]) -> str:
        """Describe a selection of entries, or of orders, in words; "" for all."""
        said = [self._chosen(name, value) for name, value in chosen.items()]
        return " · ".join(filter(None, said))

    def _both(self, both: Both) -> str:
        return self._say(*both)

    def _first(self, entry: AuditEntry, name: str) -> Any:
        """Return the text of the oldest entry about the same object."""
        first = self._known.firsts.get(entry.subject or "")
        return first.detail.get(name) if first else None

    def _facts(self, entry: AuditEntry) -> Iterator[str]:
        detail, say = entry.detail, self._say
        if entry.action == "access.refuse":
            if "path" in detail:
                why = refusals.WHY.get(str(detail.get("problem")), refusals.NOT_THEIRS)
                yield self._both(why)
            else:
                yield say("many different things, counted together", "多种操作，合并计数")
        else:
            yield from self._own_facts(entry)
        if isinstance(count := detail.get("count"), int) and count > 1:
            yield self._times(count, detail.get("first"), entry.at)

    def _own_facts(self, entry: AuditEntry) -> Iterator[str]:
        detail, say = entry.detail, self._say
        by = detail.get("by")
        if entry.action == "person.erase" and by in sentences.ERASED_BY:
            yield self._both(sentences.ERASED_BY[by])
        if by in sentences.FACTORS:
            yield self._both(sentences.FACTORS[by])
        yield from self._facts_of_people(entry)
        yield from self._facts_of_goods(entry)
        yield from self._facts_of_orders(entry)
        if isinstance(rows := detail.get("rows"), int):
            name = str(detail.get("what")).partition(".")[0]
            if name in ("labels", "orders", "person", "slips"):
                yield self._count(rows, "order", "orders", "个订单")
            else:
                yield self._count(rows, "row", "rows", "行")
        if isinstance(chosen := detail.get("filter"), dict):
            only = self.selection({k: v for k, v in chosen.items() if k != "broadcast"})
            yield say(f"only: {only}", f"仅：{only}") if only else ""
        if duration := sentences.MUTED_FOR.get(str(detail.get("duration"))):
            yield self._both(duration)
        if label := detail.get("label"):
            yield str(label) if entry.action == "factor.add" else ""
        yield str(detail.get("browser") or "")
        yield str(detail.get("reason") or self._first_reason(entry))

    def _first_reason(self, entry: AuditEntry) -> str:
        return str(self._first(entry, "reason") or "") if entry.action == "block.remove" else ""

    def _facts_of_people(self, entry: AuditEntry) -> Iterator[str]:
        detail = entry.detail
        if role := sentences.ROLES.get(str(detail.get("role"))):
            yield self._both(role)
        for name in ("farms", "centres"):
            if isinstance(found := detail.get(name), list) and found:
                yield self._listed([self._thing_name(identity) for identity in found if identity])
        if shown := detail.get("display_name"):
            yield self._say(f"viewers read “{shown}”", f"观众看到“{shown}”")
        changed = detail.get("fields") or detail.get("changed") or ()
        if entry.action in ("broadcast.change", "offer.change"):
            changed = sorted(detail)
        words = [self._both(f) for name in changed if (f := sentences.FIELDS.get(str(name)))]
        yield self._listed(list(dict.fromkeys(words)))

    def _facts_of_goods(self, entry: AuditEntry) -> Iterator[str]:
        detail, say, formats = entry.detail, self._say, self._formats
        if isinstance(quantity := detail.get("quantity"), int):
            yield self._count(abs(quantity), "box", "boxes", "箱")
        if isinstance(grams := detail.get("weight_g"), int):
            yield formats.weight(grams)
        if isinstance(grams := detail.get("quantity_g"), int):
            was = detail.get("was_g")
            yield (f"{formats.weight(was)} → " if isinstance(was, int) else "") + formats.weight(
                grams
            )
        if isinstance(price := detail.get("price"), int):
            was = detail.get("was")
            yield (f"{self._money(was)} → " if isinstance(was, int) else "") + self._money(price)
        if isinstance(listed := detail.get("list_price"), int):
            yield say(f"usual price {self._money(listed)}", f"原价 {self._money(listed)}")
        if isinstance(released := detail.get("released"), int):
            yield say(f"{formats.number(released)} released", f"放货 {formats.number(released)}")
        if isinstance(boxes := detail.get("boxes"), int):
            yield self._count(boxes, "box", "boxes", "箱")
        if isinstance(fees := detail.get("fees"), int):
            yield self._count(fees, "row", "rows", "行")
        if detail.get("honour") is True:
            yield say("orders at the wrong price stand", "按错价下的订单照旧")
        if detail.get("passed") is False:
            yield say("not passed", "未通过")
        if detail.get("passed") is True and entry.action == "lot.inspect":
            yield say("passed", "合格")
        if entry.action == "lot.lift" and detail.get("open"):
            yield say("it stays stopped for something else", "仍因其他原因停售")

    def _facts_of_orders(self, entry: AuditEntry) -> Iterator[str]:
        detail, say = entry.detail, self._say
        if entry.action in ("order.claim_refunded", "order.put_right") and "amount" in detail:
            yield self._money(detail["amount"])
        if detail.get("alone") is True:
            yield say("money only", "只改回金额")
        if detail.get("codeless") is True:
            yield say("without its code", "没有报取货码")
        if known := sentences.KNOWN_BY.get(str(detail.get("known_by"))):
            yield self._both(known)
        if detail.get("unpacked") is True:
            yield say("it was not ticked as packed", "农场没有点“已装箱”")
        if isinstance(refused := detail.get("refused"), int) and refused:
            yield self._count(refused, "was not possible", "were not possible", "个无法处理")

    # Words for values.

    def _times(self, count: int, first: Any, last: int) -> str:
        """Return how often it happened, and from when to when; earlier versions stored no first
        time.
        """
        times = self._count(count, "time", "times", "次")
        begin = self._formats.clock(first) if isinstance(first, str) else None
        end = self._formats.clock(last)
        if begin is None or begin == end:
            return times
        return self._say(f"{times} between {begin} and {end}", f"{begin} 至 {end} 共 {times}")

    def _count(self, count: int, one: str, many: str, zh: str) -> str:
        number = self._formats.number(count)
        return self._say(f"{number} {one if count == 1 else many}", f"{number} {zh}")

    def _listed(self, names: Sequence[str]) -> str:
        return self._say(", ", "、").join(names)

    def _thing_name(self, identity: Any) -> str:
        thing = self._known.things.get(identity) if isinstance(identity, str) else None
        return self._formats.text(thing.name) if thing else "?"

    def _money(self, amount: Any) -> str:
        if not isinstance(amount, int):
            return "?"
        return self._formats.money(Money(amount=amount, currency=self._currency))

    def _chosen(self, name: str, value: Any) -> str:
        match name:
            case "group":
                return self._both(GROUP_NAMES.get(str(value), ("?", "?")))
            case "person":
                return self.person(str(value))
            case "from":
                return self._say(f"from {value}", f"{value} 起")
            case "to":
                return self._say(f"to {value}", f"到 {value}")
            case "farm" | "centre":
                return self._thing_name(value)
            case "orders":
                return str(value)
            case "state" if value in sentences.STATES:
                return self._both(sentences.STATES[value])
            case "flagged" | "claimed":
                return self._both(_CHOICES[name]) if value else ""
        return self._both(_CHOICES[value]) if value in _CHOICES else ""
