"""Puts an entry of the audit log into words: a sentence with links, further facts, and the columns
of a file. Pure; audit_page.py looks the names up.

sentences.py has the sentences, refusals.py the words for refused requests.
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
from farmlive.review.sheets import Words
from farmlive.review.texts import SHEET_WORDS

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
class EntryText:
    """An entry in words. `orders` are the numbers of its orders, `broadcast` is where it happened,
    `attempt` the technical path of a refused request, `url` the page of its object, and `times` how
    often it happened.
    """

    sentence: tuple[Part, ...]
    facts: tuple[str, ...]
    who: str
    role: str
    orders: tuple[str, ...]
    broadcast: Part | None
    result: Result
    attempt: str
    url: str | None
    times: int

    @property
    def words(self) -> str:
        """Return the sentence without links."""
        return "".join(part.text for part in self.sentence)

    @property
    def is_broadcast_named(self) -> bool:
        """Return whether the sentence names the broadcast."""
        return self.broadcast in self.sentence


def desk_url(broadcast: str, number: str) -> str:
    """Return the URL of the order desk with this order."""
    return f"/studio/{broadcast}/orders?{urlencode({'state': 'all', 'number': number})}"


class EntryWriter(Facts):
    """Describes entries in one language."""

    def describe(self, entry: AuditEntry) -> EntryText:
        """Return the entry in words."""
        sentence = tuple(self._sentence(entry))
        urls = [part.url for part in sentence[1:] if part.url is not None]
        broadcast = self._broadcast(entry)
        refused = entry.action == "access.refuse"
        return EntryText(
            sentence=sentence,
            facts=tuple(fact for fact in self._facts(entry) if fact),
            who=self._who(entry).text,
            role=self._both(sentences.ROLES.get(entry.role or "", ("", ""))),
            orders=tuple(number for number, _ in self._orders(entry)),
            broadcast=broadcast,
            result="refused" if refused else "failed" if entry.action == "session.fail" else "done",
            attempt=str(entry.detail.get("path", "")) if refused else "",
            url=urls[0] if urls else broadcast.url if broadcast else None,
            times=count if isinstance(count := entry.detail.get("count"), int) else 1,
        )

    # The sentence.

    def _sentence(self, entry: AuditEntry) -> Iterator[Part]:
        if entry.action == "access.refuse":
            path = entry.detail.get("path")
            en, zh = (
                refusals.describe_attempt(str(path)) if path else ("do something", "进行某项操作")
            )
            both = f"{{who}} tried to {en}, and was refused", f"{{who}} 想{zh}，被拒绝"
        else:
            found = sentences.SENTENCES.get(entry.action, _UNKNOWN)
            is_own = entry.account is not None and entry.account == entry.subject
            both = found if isinstance(found, tuple) else found({**entry.detail, "own": is_own})
        yield from self._spaced(self._filled(self._both(both), entry))

    def _filled(self, template: str, entry: AuditEntry) -> Iterator[Part]:
        at = 0
        for place in _PLACE.finditer(template):
            yield Part(template[at : place.start()])
            yield from self._parts(place[1], entry)
            at = place.end()
        yield Part(template[at:])

    def _spaced(self, parts: Iterator[Part]) -> list[Part]:
        """Remove empty parts, double spaces, and spaces between two Chinese characters."""
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

    def _parts(self, place: str, entry: AuditEntry) -> Sequence[Part]:
        """Return the value of a placeholder in a sentence."""
        detail = entry.detail
        match place:
            case "who":
                return [self._who(entry)]
            case "account":
                return [self._account(entry)]
            case "action":
                return [Part(entry.action)]
            case "order" | "orders":
                return self._order_parts(entry)
            case "broadcast":
                return [self._broadcast(entry) or self._unnamed("broadcast")]
            case "offer":
                identity = detail.get("offer") or self._first(entry, "offer") or entry.subject
                return [self._thing("offer", identity)]
            case "lot" | "subject":
                return [self._thing(place, entry.subject)]
            case "plot":
                return [self._thing("plot", detail.get("plot") or entry.subject)]
            case "label":
                return [self._label(entry)]
            case "file":
                return [self._file(entry)]
            case "state":
                state = sentences.STATES.get(str(detail.get("state")))
                return [Part(self._both(state) if state else "?")]
            case "keys":
                return [Part(self._formats.number(detail.get("keys", 0)))]
            case "amount":
                return [Part(self._money(detail.get("amount")))]
        raise AssertionError(place)

    def _who(self, entry: AuditEntry) -> Part:
        identity = entry.account or entry.key
        url = f"/studio/audit?{urlencode({'person': identity})}" if identity else None
        if entry.account is not None:
            return Part(entry.name, url)
        if entry.key is None and entry.name == COMMAND:
            return Part(self._both(BY_OPERATOR))
        if entry.name:
            return Part(self._say(f"The program “{entry.name}”", f"程序“{entry.name}”"), url)
        return Part(self._both(_BY_BUYER if entry.action == "person.erase" else _BY_NOBODY))

    def _account(self, entry: AuditEntry) -> Part:
        name = entry.detail.get("name") or self._known.people.get(entry.subject or "")
        return Part(name, "/studio/people") if name else self._unnamed("account")

    def _label(self, entry: AuditEntry) -> Part:
        detail = entry.detail
        gives = entry.action == "credential.give"
        name = detail.get("label") or (None if gives else detail.get("name"))
        name = name or self._first(entry, "label") or self._first(entry, "name")
        name = name or self._known.people.get(entry.subject or "")
        if name:
            return Part(f"“{self._camera(name)}”")
        return Part(self._say("someone", "某人") if "invitation" in entry.action else "")

    def _camera(self, label: str) -> str:
        """Return a camera's label, or words for one without a label, as format/camera-name.js
        does.
        """
        found = _CAMERA.fullmatch(label)
        return self._say(label, f"机位 {found[1]}") if found else label

    def _file(self, entry: AuditEntry) -> Part:
        name, _, form = str(entry.detail.get("what", "")).partition(".")
        url = {"audit": "/studio/audit", "person": "/studio/people/buyers"}.get(name)
        if name in _FILES:
            words = self._both(_FILES[name])
            if url is None and entry.broadcast:
                url = f"/studio/{entry.broadcast}/orders"
        elif name in SHEET_WORDS:
            title = SHEET_WORDS[name][0].in_language(self._say.language)
            words = self._say(f"the sheet “{title}”", f"“{title}”")
            url = f"/review/{entry.broadcast}" if entry.broadcast else None
        else:
            words = self._say("a file", "文件")
        if form in _FORMS:
            words += self._say(f" ({_FORMS[form][0]})", f"（{_FORMS[form][1]}）")
        return Part(words, url)

    def _broadcast(self, entry: AuditEntry) -> Part | None:
        if entry.broadcast is None:
            return None
        thing = self._known.things.get(entry.broadcast)
        if thing is None:
            return Part(self._both(sentences.UNNAMED["broadcast"]))
        return Part(self._formats.text(thing.name), f"/studio/{entry.broadcast}")

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

    def _orders(self, entry: AuditEntry) -> list[tuple[str, str | None]]:
        """Return the numbers of its orders, with their broadcasts."""
        detail = entry.detail
        if named := detail.get("named"):
            return [(each["number"], each["broadcast"]) for each in named]
        if numbers := detail.get("numbers"):
            return [(number, entry.broadcast) for number in numbers]
        thing = self._known.things.get(entry.subject or "")
        if thing is not None and thing.kind == "order":
            return [(self._formats.text(thing.name), thing.within)]
        if number := detail.get("number"):
            return [(str(number), entry.broadcast)]
        chosen = detail.get("filter", {}).get("orders") if entry.action == "file.export" else None
        return [(number, entry.broadcast) for number in _NUMBER.findall(chosen or "")]

    def _order_parts(self, entry: AuditEntry) -> Sequence[Part]:
        found = self._orders(entry)
        detail = entry.detail
        count = detail.get("rows") if entry.action == "file.export" else detail.get("orders")
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
