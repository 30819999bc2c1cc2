"""An entry of the audit list in words: a sentence with links, what else is to be known of it, and
what the columns of a file say. Decides only; audit_page.py finds what things are called.

The sentences are sentences.py's, what was refused refusals.py's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from farmlive.bilingual import Bilingual
from farmlive.pages.audit import refusals, sentences
from farmlive.pages.audit.facts import BY_OPERATOR, Facts
from farmlive.pages.audit.sentences import Both
from farmlive.people.core.audit import COMMAND, AuditEntry
from farmlive.review.definitions import SHEET_WORDS
from farmlive.review.sheets import Words

Result = Literal["done", "refused", "failed"]

RESULTS: dict[Result, Both] = {
    "done": ("done", "完成"),
    "refused": ("refused", "被拒绝"),
    "failed": ("failed", "失败"),
}
# Names of files and documents that are not sheets of a review.
_FILES: dict[str, Both] = {
    "audit": ("the log", "操作记录"),
    "labels": ("labels for boxes", "标签"),
    "orders": ("the list of orders", "订单表"),
    "person": ("a buyer's data", "买家的信息"),
    "slips": ("packing slips", "装箱单"),
}
_FORMS: dict[str, Both] = {"csv": ("CSV", "CSV"), "xlsx": ("Excel", "Excel"), "zip": ("ZIP", "ZIP")}
# The sentence for an action that this version does not know.
_UNKNOWN: Both = (
    "{who} did something that has no name here: {action}",
    "{who} 做了一项这里没有名称的操作：{action}",
)
_BY_NOBODY: Both = ("Someone", "有人")
_BY_BUYER: Both = ("A buyer", "买家")

_CAMERA = re.compile("Camera ([0-9]+)")

# Entries without the name of what they are about: it stands in the oldest one about the same.
SAYS_LITTLE = frozenset(
    {
        "block.remove",
        "credential.give",
        "credential.renew",
        "flash.end",
        "invitation.revoke",
        "key.revoke",
        "stream_key.revoke",
    }
)

_PLACE = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"[A-Z]{1,4}[0-9]{4}")
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef“”]")
# So many orders' numbers stand in a sentence.
_NAMED = 5


@dataclass(frozen=True)
class Part:
    """A part of a sentence, and the page of what it names."""

    text: str
    url: str | None = None


@dataclass(frozen=True)
class Said:
    """An entry in words. `orders` are the numbers of those that it is about, `broadcast` where it
    was, `tried` the technical path of what was refused, `url` the page of what it is about; `times`
    how often it was.
    """

    sentence: tuple[Part, ...]
    facts: tuple[str, ...]
    who: str
    role: str
    orders: tuple[str, ...]
    broadcast: Part | None
    result: Result
    tried: str
    url: str | None
    times: int

    @property
    def words(self) -> str:
        """The sentence without links."""
        return "".join(part.text for part in self.sentence)

    @property
    def is_broadcast_named(self) -> bool:
        """Whether the sentence names the broadcast."""
        return self.broadcast in self.sentence


def desk_url(broadcast: str, number: str) -> str:
    """The page on which a coordinator finds the order."""
    return f"/studio/{broadcast}/orders?{urlencode({'state': 'all', 'number': number})}"


class Teller(Facts):
    """Says entries in one language."""

    def said(self, deed: AuditEntry) -> Said:
        """The entry in words."""
        sentence = tuple(self._sentence(deed))
        urls = [part.url for part in sentence[1:] if part.url is not None]
        broadcast = self._broadcast(deed)
        refused = deed.action == "access.refuse"
        return Said(
            sentence=sentence,
            facts=tuple(fact for fact in self._facts(deed) if fact),
            who=self._who(deed).text,
            role=self._both(sentences.ROLES.get(deed.role or "", ("", ""))),
            orders=tuple(number for number, _ in self._orders(deed)),
            broadcast=broadcast,
            result="refused" if refused else "failed" if deed.action == "session.fail" else "done",
            tried=str(deed.detail.get("path", "")) if refused else "",
            url=urls[0] if urls else broadcast.url if broadcast else None,
            times=count if isinstance(count := deed.detail.get("count"), int) else 1,
        )

    # The sentence.

    def _sentence(self, deed: AuditEntry) -> Iterator[Part]:
        if deed.action == "access.refuse":
            path = deed.detail.get("path")
            en, zh = refusals.tried(str(path)) if path else ("do something", "进行某项操作")
            both = f"{{who}} tried to {en}, and was refused", f"{{who}} 想{zh}，被拒绝"
        else:
            found = sentences.SENTENCES.get(deed.action, _UNKNOWN)
            is_own = deed.account is not None and deed.account == deed.subject
            both = found if isinstance(found, tuple) else found({**deed.detail, "own": is_own})
        yield from self._spaced(self._filled(self._both(both), deed))

    def _filled(self, template: str, deed: AuditEntry) -> Iterator[Part]:
        at = 0
        for place in _PLACE.finditer(template):
            yield Part(template[at : place.start()])
            yield from self._parts(place[1], deed)
            at = place.end()
        yield Part(template[at:])

    def _spaced(self, parts: Iterator[Part]) -> list[Part]:
        """Leave no part empty, no two spaces, and none between two Chinese characters."""
        spaced: list[Part] = []
        for part in parts:
            text, before = part.text, spaced[-1].text[-1:] if spaced else " "
            if text.startswith(" ") and (before == " " or self._joins(before, text[1:2])):
                text = text[1:]
            elif spaced and before == " " and self._joins(spaced[-1].text[-2:-1], text[:1]):
                spaced[-1] = Part(spaced[-1].text[:-1], spaced[-1].url)
            if text:
                spaced.append(Part(text, part.url))
        if spaced and spaced[-1].url is None:
            spaced[-1] = Part(spaced[-1].text.rstrip())
        return spaced

    def _joins(self, left: str, right: str) -> bool:
        is_chinese = self._say.language == "zh"
        return is_chinese and bool(_CJK.match(left) and _CJK.match(right))

    def _parts(self, place: str, deed: AuditEntry) -> Sequence[Part]:
        """Return the value of a placeholder in a sentence."""
        detail = deed.detail
        match place:
            case "who":
                return [self._who(deed)]
            case "account":
                return [self._account(deed)]
            case "action":
                return [Part(deed.action)]
            case "order" | "orders":
                return self._order_parts(deed)
            case "broadcast":
                return [self._broadcast(deed) or self._unnamed("broadcast")]
            case "offer":
                identity = detail.get("offer") or self._first(deed, "offer") or deed.subject
                return [self._thing("offer", identity)]
            case "lot" | "subject":
                return [self._thing(place, deed.subject)]
            case "plot":
                return [self._thing("plot", detail.get("plot") or deed.subject)]
            case "label":
                return [self._label(deed)]
            case "file":
                return [self._file(deed)]
            case "state":
                state = sentences.STATES.get(str(detail.get("state")))
                return [Part(self._both(state) if state else "?")]
            case "keys":
                return [Part(self._formats.number(detail.get("keys", 0)))]
            case "amount":
                return [Part(self._money(detail.get("amount")))]
        raise AssertionError(place)

    def _who(self, deed: AuditEntry) -> Part:
        identity = deed.account or deed.key
        url = f"/studio/audit?{urlencode({'person': identity})}" if identity else None
        if deed.account is not None:
            return Part(deed.name, url)
        if deed.key is None and deed.name == COMMAND:
            return Part(self._both(BY_OPERATOR))
        if deed.name:
            return Part(self._say(f"The program “{deed.name}”", f"程序“{deed.name}”"), url)
        return Part(self._both(_BY_BUYER if deed.action == "person.erase" else _BY_NOBODY))

    def _account(self, deed: AuditEntry) -> Part:
        name = deed.detail.get("name") or self._known.people.get(deed.subject or "")
        return Part(name, "/studio/people") if name else self._unnamed("account")

    def _label(self, deed: AuditEntry) -> Part:
        detail = deed.detail
        gives = deed.action == "credential.give"
        name = detail.get("label") or (None if gives else detail.get("name"))
        name = name or self._first(deed, "label") or self._first(deed, "name")
        name = name or self._known.people.get(deed.subject or "")
        if name:
            return Part(f"“{self._camera(name)}”")
        return Part(self._say("someone", "某人") if "invitation" in deed.action else "")

    def _camera(self, label: str) -> str:
        """A label; that of a camera without a name in words, as format/camera-name.js says it."""
        found = _CAMERA.fullmatch(label)
        return self._say(label, f"机位 {found[1]}") if found else label

    def _file(self, deed: AuditEntry) -> Part:
        name, _, form = str(deed.detail.get("what", "")).partition(".")
        url = {"audit": "/studio/audit", "person": "/studio/people/buyers"}.get(name)
        if name in _FILES:
            words = self._both(_FILES[name])
            if url is None and deed.broadcast:
                url = f"/studio/{deed.broadcast}/orders"
        elif name in SHEET_WORDS:
            title = SHEET_WORDS[name][0].in_language(self._say.language)
            words = self._say(f"the sheet “{title}”", f"“{title}”")
            url = f"/review/{deed.broadcast}" if deed.broadcast else None
        else:
            words = self._say("a file", "文件")
        if form in _FORMS:
            words += self._say(f" ({_FORMS[form][0]})", f"（{_FORMS[form][1]}）")
        return Part(words, url)

    def _broadcast(self, deed: AuditEntry) -> Part | None:
        if deed.broadcast is None:
            return None
        thing = self._known.things.get(deed.broadcast)
        if thing is None:
            return Part(self._both(sentences.UNNAMED["broadcast"]))
        return Part(self._formats.text(thing.name), f"/studio/{deed.broadcast}")

    def _thing(self, kind: str, identity: Any) -> Part:
        thing = self._known.things.get(identity) if isinstance(identity, str) else None
        if thing is None:
            return self._unnamed(kind)
        name = self._formats.text(thing.name)
        match thing.kind:
            case "lot":
                return Part(f"{name} {thing.code}", f"/origin/lot/{identity}")
            case "farm":
                return Part(name, f"/studio/farms/{identity}")
            case "plot":
                return Part(name, f"/studio/farms/{thing.within}")
            case "offer":
                return Part(name, f"/studio/{thing.within}/bag")
            case "product":
                return Part(name, "/studio/products")
            case "centre":
                return Part(name, "/studio/centres")
        return Part(name)

    def _unnamed(self, kind: str) -> Part:
        return Part(self._both(sentences.UNNAMED[kind]))

    def _orders(self, deed: AuditEntry) -> list[tuple[str, str | None]]:
        """The numbers of the orders that it is about, and their broadcasts."""
        detail = deed.detail
        if named := detail.get("named"):
            return [(each["number"], each["broadcast"]) for each in named]
        if numbers := detail.get("numbers"):
            return [(number, deed.broadcast) for number in numbers]
        thing = self._known.things.get(deed.subject or "")
        if thing is not None and thing.kind == "order":
            return [(self._formats.text(thing.name), thing.within)]
        if number := detail.get("number"):
            return [(str(number), deed.broadcast)]
        chosen = detail.get("filter", {}).get("orders") if deed.action == "file.export" else None
        return [(number, deed.broadcast) for number in _NUMBER.findall(chosen or "")]

    def _order_parts(self, deed: AuditEntry) -> Sequence[Part]:
        found = self._orders(deed)
        detail = deed.detail
        count = detail.get("rows") if deed.action == "file.export" else detail.get("orders")
        total = max(len(found), count if isinstance(count, int) else 0)
        if not found:
            if not isinstance(count, int):
                return [self._unnamed("order")]
            return [Part(self._count(total, "order", "orders", "个订单"))]
        shown = found if len(found) == total <= _NAMED else found[:_NAMED]
        parts: list[Part] = []
        for place, (number, broadcast) in enumerate(shown):
            if place:
                is_last = place == len(shown) - 1 and len(shown) == total
                parts.append(Part(self._say(" and ", " 和 ") if is_last else self._say(", ", "、")))
            parts.append(Part(number, desk_url(broadcast, number) if broadcast else None))
        if left := total - len(shown):
            more = self._formats.number(left)
            parts.append(Part(self._say(f" and {more} more", f" 等 {total} 个订单")))
        return parts


def file_words(name: str, language: str) -> str | None:
    """Return the name of a file or document; None if it has none."""
    known: Mapping[str, Bilingual | Both] = {**{k: v[0] for k, v in SHEET_WORDS.items()}, **_FILES}
    found = known.get(name.partition(".")[0])
    if found is None:
        return None
    return found.in_language(language) if isinstance(found, Bilingual) else Words(language)(*found)
