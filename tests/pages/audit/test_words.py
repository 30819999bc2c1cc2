"""Each kind of entry of the audit list is a sentence in both languages, without a code."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import farmlive
from farmlive.broadcast.events.trade import State
from farmlive.ids import ulid
from farmlive.pages.audit import refusals, sentences
from farmlive.pages.audit.facts import GROUP_NAMES, Known
from farmlive.pages.audit.sentences import SENTENCES
from farmlive.pages.audit.words import EntryText, EntryWriter, file_words
from farmlive.pages.rendering.formats import Formats
from farmlive.people.core.audit import COMMAND, GROUPS, AuditEntry
from farmlive.people.core.roles import KeyRole
from farmlive.problems import Forbidden, Problem
from farmlive.review.texts import SHEET_WORDS
from farmlive.shop.audit_names import NamedObject
from farmlive.shop.core.models import ChangedOffer

CODE = Path(farmlive.__file__).parent
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
# Written by a name that is put together where it is written.
COMPOSED = {
    "card.pin",
    "card.unpin",
    "farm.change",
    "guest.end",
    "invitation.revoke",
    "key.revoke",
    "order.cancelled",
    "order.claim_refunded",
    "order.claim_refused",
    "plot.change",
    "stream_key.revoke",
}
ORDER, OFFER, LOT, BROADCAST, ACCOUNT, KEY = (ulid() for _ in range(6))
KNOWN = Known(
    things={
        ORDER: NamedObject("order", "A0027", within=BROADCAST),
        OFFER: NamedObject("offer", {"zh": "金桔", "en": "Kumquats"}, within=BROADCAST),
        LOT: NamedObject("lot", {"zh": "金桔", "en": "Kumquats"}, code="1123"),
        BROADCAST: NamedObject("broadcast", {"zh": "现摘金桔", "en": "Kumquats live"}),
    },
    people={ACCOUNT: "chen"},
)


def written() -> Iterator[str]:
    """Every action that the code writes by its name."""
    for file in CODE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if name in ("record_action", "record_always", "_count"):
                given = (each.value for each in call.args[:3] if isinstance(each, ast.Constant))
                yield from (
                    each for each in given if isinstance(each, str) and ACTION.fullmatch(each)
                )


def deed(action: str, subject: str | None = None, **detail: Any) -> AuditEntry:
    name, account = detail.pop("who", ("lin", "01LIN"))
    broadcast = detail.pop("broadcast", None)
    key = detail.pop("key", None)
    return AuditEntry(ulid(), 0, account, name, action, subject, broadcast, detail, "host", key)


def describe(of: AuditEntry, language: str = "en", known: Known = KNOWN) -> EntryText:
    return EntryWriter(Formats(language, "Asia/Shanghai"), "CNY", known).describe(of)


def whole(of: AuditEntry, language: str = "en") -> str:
    found = describe(of, language)
    return " · ".join([found.words, *found.facts])


def test_every_action_that_is_written_is_a_sentence_of_one_group() -> None:
    actions = {*written(), *COMPOSED}
    assert len(actions) > 60
    assert actions - {"access.refuse"} <= set(SENTENCES)
    for action in {*actions, *SENTENCES}:
        thing = action.partition(".")[0]
        assert sum(thing in things for things in GROUPS.values()) == 1, action
    assert set(GROUP_NAMES) == set(GROUPS)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("action", sorted(SENTENCES))
def test_sentence_of_each_is_in_the_language_and_without_a_code(action: str, language: str) -> None:
    for detail in (
        {},
        {"kind": "flowered", "keys": 60, "by": "role", "state": "packed", "amount": 100, "was": 1},
        {"kind": "test_failed", "by": "code", "payment": "paid", "due": True, "disabled": True},
        {"what": "cash.csv", "lost": True, "other": True, "name": "mei", "quantity": -1},
    ):
        for subject in (None, ulid()):
            words = whole(deed(action, subject, **detail), language)
            assert not re.search(r"[{}_]|\b[a-z]+\.[a-z]+\b|  |01[0-9A-Z]{24}", words), words
            if language == "en":
                assert words.isascii() or re.fullmatch(r"[\x00-\x7f“”·¥→…]+", words), words
            else:
                assert re.search(r"[\u4e00-\u9fff]", words), words
                assert not re.search(r"[A-Za-z]{4,}", words.replace("CSV", "")), words


def test_a_camera_without_a_name_is_called_in_the_language() -> None:
    for action in ("source.switch", "stream_key.add"):
        assert "“机位 2”" in whole(deed(action, label="Camera 2"), "zh")
        assert "“Camera 2”" in whole(deed(action, label="Camera 2"))
        assert "“Wu's Camera 2”" in whole(deed(action, label="Wu's Camera 2"), "zh")


def test_erasure_names_the_order_and_how() -> None:
    by_link = deed(
        "person.erase",
        ORDER,
        who=("", None),
        by="link",
        orders=1,
        named=[{"number": "A0027", "broadcast": BROADCAST}],
        broadcast=BROADCAST,
    )
    assert whole(by_link) == "A buyer erased the details of A0027 · by its link"
    assert whole(by_link, "zh") == "买家删除了 A0027 中的信息 · 通过订单链接"
    assert describe(by_link).orders == ("A0027",)
    (url,) = [part.url for part in describe(by_link).sentence if part.text == "A0027"]
    assert url == f"/studio/{BROADCAST}/orders?state=all&number=A0027"
    # One of before, of which the subject alone is known.
    before = deed("person.erase", ORDER, who=("", None), by="link", orders=1)
    assert whole(before) == "A buyer erased the details of A0027 · by its link"
    named = [{"number": f"A000{number}", "broadcast": BROADCAST} for number in range(1, 8)]
    by_role = deed("person.erase", ulid(), by="role", orders=9, named=named)
    assert whole(by_role) == (
        "lin erased a buyer's details of A0001, A0002, A0003, A0004, A0005 and 4 more"
    )
    assert "A0005 等 9 个订单" in whole(by_role, "zh")
    two = deed("person.erase", ulid(), by="code", who=("", None), orders=2, named=named[:2])
    assert (
        whole(two) == "A buyer erased the details of A0001 and A0002 · by a code sent to the phone"
    )


def test_refusal_says_what_was_tried_and_keeps_the_path_apart() -> None:
    path = "GET /review/{broadcast}/sheets/{name}.{form}"
    refused = deed("access.refuse", path=path, problem="forbidden", count=3)
    assert whole(refused) == (
        "lin tried to download a sheet of a broadcast, and was refused · "
        "not allowed for their role · 3 times"
    )
    assert whole(refused, "zh") == "lin 想下载直播的表格，被拒绝 · 该角色无此权限 · 3 次"
    assert describe(refused).attempt == path
    assert describe(refused).result == "refused"
    assert describe(refused).times == 3


def test_everything_that_a_role_may_be_refused_has_words() -> None:
    listed = Path(__file__).parents[3].joinpath("docs", "routes.md").read_text()
    paths = [
        f"{method} {path}"
        for path, methods in re.findall(r"^\| `(/\S+)` \| ([A-Z, ]+) \|", listed, re.MULTILINE)
        for method in methods.split(", ")
        if path.startswith(("/api/v1/", "/studio", "/review", "/whip", "/whep"))
    ]
    assert len(paths) > 100
    sources = "".join(file.read_text() for file in CODE.rglob("*.py"))
    declared = r'(?:Command\(|type: Literal\[)"([a-z]+\.[a-z_]+)"'
    messages = set(re.findall(declared, sources))
    assert {"card.pin", "chat.say", "order.place", "offer.release"} <= messages
    for path in [*paths, *(f"channel {message}" for message in messages)]:
        assert refusals.is_known(path), path


def test_every_role_state_and_reason_has_words() -> None:
    assert set(sentences.ROLES) == set(get_args(KeyRole))
    assert set(sentences.STATES) == set(get_args(State))
    # What is refused for the role alone, and what only servers ask.
    plain = {"forbidden", "staff-only", "not-a-node"}
    slugs = {each.slug for each in _kinds_of(Forbidden)}
    assert slugs - plain <= set(refusals.WHY), slugs - plain - set(refusals.WHY)


def _kinds_of(problem: type[Problem]) -> Iterator[type[Problem]]:
    yield problem
    for kind in problem.__subclasses__():
        yield from _kinds_of(kind)


def test_who_did_it_is_told_apart() -> None:
    by_key = deed("offer.release", OFFER, who=("price sheet", None), key=KEY, quantity=5)
    assert whole(by_key) == "The program “price sheet” released stock of Kumquats · 5 boxes"
    assert describe(by_key).sentence[0].url == f"/studio/audit?person={KEY}"
    by_command = deed("account.add", ACCOUNT, who=(COMMAND, None), name="chen", role="host")
    assert whole(by_command) == "The server's operator made the account of chen · Host"
    assert whole(by_command, "zh") == "服务器管理员建了 chen 的账号 · 主播"
    # A key that is called like the command is a key.
    posed = deed("account.add", ACCOUNT, who=(COMMAND, None), key=KEY, name="chen")
    assert whole(posed).startswith(f"The program “{COMMAND}”")


def test_own_password_and_another_ones() -> None:
    own = deed("account.password", ACCOUNT, who=("chen", ACCOUNT), name="chen")
    assert whole(own) == "chen changed their own password"
    other = deed("account.password", ACCOUNT, name="chen")
    assert whole(other) == "lin gave chen a new password"


def test_key_that_is_gone_is_named_by_its_first_entry() -> None:
    first = deed("key.add", KEY, name="price sheet", role="host")
    known = Known(firsts={KEY: first})
    assert describe(deed("key.revoke", KEY), known=known).words == (
        "lin revoked the program's key “price sheet”"
    )
    given = deed("credential.give", KEY, kind="api_key", name="chen")
    assert describe(given, known=known).words == (
        "lin gave the program's key “price sheet” to chen, who owns it now"
    )
    renewed = deed("credential.renew", KEY, kind="api_key")
    assert describe(renewed, known=known).words == "lin renewed the program's key “price sheet”"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_file_has_a_name(language: str) -> None:
    for name in ("orders.csv", "slips", "labels", "person.zip", "audit.csv", *SHEET_WORDS):
        words = file_words(name, language)
        assert words is not None
        assert not re.search(r"\.csv|\.zip|-list", words)
        found = whole(
            deed("file.export", what=name, rows=2, filter={}, broadcast=BROADCAST), language
        )
        assert words in found
        assert "2 " in found


def test_file_of_a_buyer_names_the_orders() -> None:
    named = [{"number": "A0027", "broadcast": BROADCAST}, {"number": "A0031", "broadcast": "B"}]
    export = deed("file.export", what="person.zip", rows=2, filter={}, named=named)
    assert whole(export) == "lin downloaded a buyer's data (ZIP) with A0027 and A0031 · 2 orders"
    assert whole(export, "zh") == "lin 下载了买家的信息（ZIP），含 A0027 和 A0031 · 2 个订单"
    assert describe(export).orders == ("A0027", "A0031")


def test_choice_of_a_file_is_told() -> None:
    chosen = {"group": "sign-ins", "person": ACCOUNT, "from": "2026-11-28", "to": "2026-11-29"}
    export = deed("file.export", what="audit.csv", rows=12, filter=chosen)
    assert whole(export) == (
        "lin downloaded the log (CSV) · 12 rows · only: Sign-ins · chen · from 2026-11-28 · "
        "to 2026-11-29"
    )
    assert "仅：登录 · chen · 2026-11-28 起 · 到 2026-11-29" in whole(export, "zh")
    orders = deed(
        "file.export",
        what="orders.csv",
        rows=1,
        broadcast=BROADCAST,
        filter={"state": "placed", "way": "parcel", "flagged": True},
    )
    assert whole(orders).endswith("1 order · only: placed · parcels · to look at")


def test_unknown_action_is_no_error() -> None:
    assert "something" in whole(deed("thing.of_tomorrow", ulid(), strange={"a": [1]}))
    assert json.dumps(whole(deed("thing.of_tomorrow"), "zh"))


def test_what_changed_of_an_offer_is_named_by_its_fields() -> None:
    entry = deed("offer.change", OFFER, price=2590, list_price=None)
    assert whole(entry) == "lin changed the price of Kumquats · ¥25.90"
    entry = deed("offer.change", OFFER, price=2590, note={"zh": "甜", "en": "Sweet"})
    assert whole(entry) == "lin changed Kumquats · note · ¥25.90"
    assert whole(entry, "zh") == "lin 修改了金桔 · 备注 · ¥25.90"


def test_every_field_of_an_offer_that_is_changed_has_words() -> None:
    fields = ChangedOffer.model_fields.keys() - {"price", "list_price"}
    assert fields - sentences.FIELDS.keys() == set(), "pages/audit/sentences.py: FIELDS"
