"""Nicknames: what is seen of them, which look alike, and which claim to be the team's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from farmlive.people import People
from farmlive.people.accounts import accounts
from farmlive.people.core.nicknames import (
    claims_authority,
    guest_name,
    is_blank,
    is_guest_name,
    is_like_any,
    likeness,
)
from farmlive.people.core.problems import NicknameRefused
from farmlive.people.core.traditional import SIMPLIFIED

HONEST = """
阿月 三明小吴 Ghost Hostetler Stafford 播种人 客家人 小明5 橙子🍊 李〇明 520 a5b
b4by 4ever l33t 3C数码 Ghost5 公主驾到 主任 主1 播2 客栈老板 服务员 服務員 管家
运动员 🇨🇳小明 🇨🇳 🇨🇳🇺🇸 🅰小明 @小明 $money A@B modern admiral steam
Officer Lily5 X5车主 4S店小王 零〇 阿A强 K歌之王 主妇小K播客 moth
"""


@pytest.mark.parametrize(
    "text",
    ["", " ", "\u3000", "\u200b", "\u3164", "\u2800\u2800", "\ufe0f", "\u0301", "\u00ad\u2060"],
)
def test_blanks_are_seen_by_nobody(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "阿月", "🍊", "。", "1"])
def test_anything_else_is_seen(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    "other",
    [
        "Lin Mei",
        "ＬＩＮ　ＭＥＩ",
        "lin-mei",
        "linmei2",
        "7 Lin.Mei 88",
        "7linmei",
        "Lín Mëi",
        "l\u200bin\u2060mei",
        "Lin Mei①",
        "1in mei",
        "LІN МЕІ",  # Cyrillic
        "☆lin★mei☆",
        "lin_mei٣",
        "ʟɪɴ ᴍᴇɪ",
        "ꓡꓲꓠ ꓟꓰꓲ",
        "🅻🅸🅽 🅼🅴🅸",
        "l1n m3i",
        "🇨🇳 Lin Mei",
    ],
)
def test_a_name_and_its_imitations_are_alike(other: str) -> None:
    assert likeness(other) == likeness("Lin Mei")


@pytest.mark.parametrize("other", ["Lin Mai", "Mei Lin", "林梅", "Linmeia"])
def test_other_names_are_not(other: str) -> None:
    assert likeness(other) != likeness("Lin Mei")


@pytest.mark.parametrize("other", ["陳小紅", "陈1小红", "陈〇小红", "陈小红〇", "🇨🇳陈小红8"])
def test_so_are_a_chinese_name_and_its_imitations(other: str) -> None:
    assert likeness(other) == likeness("陈小红")


def test_each_traditional_character_has_one_simplified_one() -> None:
    assert len(SIMPLIFIED) > 500
    assert all(len(each) == 1 and ord(each) not in SIMPLIFIED for each in SIMPLIFIED.values())


def test_a_name_of_digits_keeps_them_and_one_of_signs_too() -> None:
    assert likeness("123") != likeness("456")
    assert likeness("🍊🍊") != likeness("🍋")
    assert likeness("🍊1") == likeness("🍊")
    assert likeness("🍊 🍊") == likeness("🍊🍊\u200b")


@pytest.mark.parametrize(
    "nickname",
    [
        "主播",
        "主 播",
        "主\u200b播",
        "主播1",
        "【主播】",
        "果园主播小陈",
        "官方客服",
        "管理員",
        "房管2号",
        "Host",
        "ＨＯＳＴ",
        "h.o.s.t",
        "h0st",
        "Ноst",  # Cyrillic
        "Host Chen",
        "OFFICIAL ✓",
        "farmlive",
        "田头直播",
        "田頭直播小助手",
        "林秀珍本人",
        "ʜᴏꜱᴛ",
        "🅷🅾🆂🆃",
        "🅗🅞🅢🅣",
        "🇭🇴🇸🇹",
        "Ꮋost",
        "ᎻᎾᏚᎢ",
        "ꓧꓳꓢꓔ",
        "ho5t",
        "ho$t",
        "hos7",
        "h〇st",
        "h○st",
        "adm!n",
        "st@ff!",
        "5taff",
        "@dmin",
        "4dmin",
        "ᴀᴅᴍɪɴ",
        "主1播",
        "主〇播",
        "主 2〇 播",
        "主x播",
        "系統",
        "Host小陈",
    ],
)
def test_who_claims_an_office_is_found(nickname: str) -> None:
    assert claims_authority(nickname)


@pytest.mark.parametrize(
    "nickname",
    HONEST.split(),
)
def test_who_claims_none_is_not(nickname: str) -> None:
    assert not claims_authority(nickname)


def test_a_display_name_is_found_by_its_likeness_and_within_a_longer_chinese_one() -> None:
    team = [likeness("林秀珍"), likeness("Anna"), likeness("阿兰")]
    assert is_like_any("林 秀 珍1", team)
    assert is_like_any("真的林秀珍", team)
    assert is_like_any("ANNA", team)
    for other in (
        "ᴀɴɴᴀ",
        "Ꭺnna",
        "@nna",
        "@anna",
        "4nna",
        "Ann4",
        "🇨🇳Anna",
        "阿蘭",
        "@阿兰",
        "阿3兰",
    ):
        assert is_like_any(other, team), other
    assert is_like_any("林小紅", [likeness("林小红")])
    assert is_like_any("林小红", [likeness("林小紅")])
    assert not is_like_any("林小虹", [likeness("林小红")])
    assert not is_like_any("Joanna", team)
    assert not is_like_any("阿兰若", team)


def test_guests_are_known_as_such() -> None:
    name = guest_name("0123456789abcdef0123456789abcdef")
    assert is_guest_name(name)
    assert is_guest_name("游客１２３４")
    assert not is_guest_name("游客12345")


@given(st.text(max_size=40))
def test_any_text_has_a_likeness_and_a_blank_one_none(text: str) -> None:
    assert likeness(text) == likeness(text + "\u200b")
    assert not is_blank(text) or likeness(text) == ""


async def test_where_the_teams_names_were_not_read_the_next_nickname_asks_again(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.create_account("zhou-secret", "host", "a good password", display_name="果园小周")
    with monkeypatch.context() as away:
        away.setattr(accounts, "display_names", lambda _connection: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            await people.team_names.check("阿月")
    with pytest.raises(NicknameRefused):
        await people.team_names.check("果园小周")


async def test_names_that_change_while_they_are_read_are_read_again(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.create_account("zhou-secret", "host", "a good password", display_name="果园小周")

    def none_yet(_connection: Connection) -> list[str]:
        people.team_names.invalidate()
        return []

    with monkeypatch.context() as earlier:
        earlier.setattr(accounts, "display_names", none_yet)
        await people.team_names.check("果园小周")
    with pytest.raises(NicknameRefused):
        await people.team_names.check("果园小周")
