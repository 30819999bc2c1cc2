"""Who must have a second factor, in Chromium: the demand after seven days, the days that a
coordinator gives, and the reset.
"""

import re

import pytest
from playwright.async_api import expect
from sqlalchemy import update
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.support.second_factor import PASSWORD, fill_in, fits, set_up_app, signed_in
from tests.support.authenticators import code_of

from farmlive.clock import now_ms
from farmlive.people.core import tables
from farmlive.people.factors.factors import GRACE_MS
from farmlive.server import Server

pytestmark = pytest.mark.browser

DAY_MS = 24 * 60 * 60 * 1000


async def asked_before(site: Server, ms: int) -> None:
    """Have every account first been asked for a second factor so long ago."""
    asked = update(tables.accounts).values(factor_asked_at=now_ms() - ms)
    await site.house.store.write(lambda conn: conn.execute(asked).rowcount)


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("settings", [{"require_second_factor": True}], indirect=True)
async def test_after_seven_days_a_sign_in_begins_with_setting_one_up(
    open_page: Open, site: Server, size: tuple[int, int]
) -> None:
    await site.house.people.create_account("mei", "host", PASSWORD)
    page = await open_page("/sign-in", size=size, language="zh")
    await fill_in(page, "mei", zh=True)
    await page.wait_for_url("**/studio")
    await expect(page.locator("[data-factor-asked]")).to_contain_text("两步验证")
    await fits(page, f"asked-{size[0]}")
    over = update(tables.accounts).values(factor_asked_at=now_ms() - GRACE_MS - 1)
    await site.house.store.write(lambda conn: conn.execute(over).rowcount)
    await page.reload()
    # Who is signed in goes on.
    await expect(page.locator("[data-factor-asked]")).to_contain_text("下次登录")
    other = await open_page("/sign-in", size=size, language="zh")
    await fill_in(other, "mei", zh=True)
    await expect(other.get_by_role("heading", level=1)).to_have_text("设置两步验证")
    await expect(other.get_by_role("img", name="二维码")).to_be_visible()
    await expect(other.get_by_text("请协调员在“人员”页面再宽限七天")).to_be_visible()
    await expect(other.get_by_text("腾讯身份验证器")).to_be_visible()
    await fits(other, f"sign-in-setup-{size[0]}")
    secret = re.sub(r"\s", "", await other.locator("[data-secret]").inner_text())
    code = other.get_by_label("应用里显示的六位数字")
    await code.fill("12")
    await other.get_by_role("button", name="完成设置并登录").click()
    await expect(other.get_by_role("alert")).to_contain_text("验证码不对")
    await code.fill(code_of(secret))
    await other.get_by_role("button", name="完成设置并登录").click()
    await expect(other.get_by_role("heading", level=1)).to_have_text("您的恢复码")
    await expect(other.get_by_role("main").get_by_role("listitem")).to_have_count(10)
    await fits(other, f"sign-in-codes-{size[0]}")
    await other.get_by_role("button", name="已经保存好了").click()
    await other.wait_for_url("**/studio")
    await expect(other.locator("[data-factor-asked]")).to_have_count(0)
    await other.goto("/studio/account")
    app = other.locator('[data-list="factors"]').get_by_role("listitem").filter(has_text="应用")
    await expect(app).to_contain_text("必须保留一种验证方式，请先添加另一种。")
    await expect(app.get_by_role("button", name="移除")).to_be_disabled()
    await fits(other, f"account-last-{size[0]}")


@pytest.mark.parametrize("size", [PHONE, DESK])
async def test_coordinator_sees_who_has_a_factor_and_resets_it(
    open_studio: Open, open_page: Open, site: Server, size: tuple[int, int]
) -> None:
    await site.house.people.create_account("mei", "host", PASSWORD)
    mei = await open_page("/sign-in")
    await signed_in(mei, "mei")
    await mei.goto("/studio/account")
    await set_up_app(mei)
    page = await open_studio("/studio/people", size=size)
    row = page.locator('[data-list="accounts"]').get_by_role("listitem").filter(has_text="mei")
    await expect(row).to_contain_text("Second factor")
    await row.get_by_role("button", name="mei", exact=True).click()
    sheet = page.get_by_role("dialog", name="mei")
    await fits(page, f"people-reset-{size[0]}")
    await sheet.get_by_role("button", name="Reset the second factor").click()
    await page.get_by_role("button", name="Yes, reset it").click()
    await expect(row).not_to_contain_text("Second factor")
    await page.goto("/studio/audit")
    await expect(page.get_by_text("reset the second factor of mei")).to_be_visible()
    await expect(page.get_by_text("set up a second factor")).to_be_visible()


@pytest.mark.parametrize(("size", "zh"), [(PHONE, False), (DESK, True)])
@pytest.mark.parametrize("settings", [{"require_second_factor": True}], indirect=True)
async def test_coordinator_sees_who_has_none_until_when_and_gives_seven_more_days(
    open_studio: Open, open_page: Open, site: Server, size: tuple[int, int], zh: bool
) -> None:
    await site.house.people.create_account("mei", "host", PASSWORD)
    await site.house.people.create_account("gu", "moderator", PASSWORD)
    page = await open_studio("/studio/people", size=size, language="zh" if zh else "en")
    await asked_before(site, GRACE_MS + DAY_MS)
    await page.reload()
    listed = page.locator('[data-list="accounts"]').get_by_role("listitem")
    row = listed.filter(has_text="mei")
    red = row.locator(".badge--red")
    overdue = "无两步验证（已到期）" if zh else "No second factor (overdue)"
    await expect(red).to_have_text(overdue)
    # All of it can be read, on a phone too.
    right = "element => element.getBoundingClientRect().right"
    assert await red.evaluate(right) < await row.evaluate(right)
    await expect(listed.filter(has_text="gu").locator(".badge--red")).to_have_count(0)
    await fits(page, f"people-overdue-{size[0]}")
    await row.get_by_role("button", name="mei", exact=True).click()
    sheet = page.get_by_role("dialog", name="mei")
    # There is nothing to reset.
    reset = "重置两步验证" if zh else "Reset the second factor"
    await expect(sheet.get_by_role("button", name=reset)).to_be_hidden()
    more = "再宽限七天" if zh else "Seven more days"
    await fits(page, f"people-extend-{size[0]}")
    await sheet.get_by_role("button", name=more).click()
    once = "还可以再宽限一次。" if zh else "One more extension is possible."
    await expect(page.get_by_text(once)).to_be_visible()
    await expect(red).to_have_text(
        re.compile("^无两步验证（.+前须设置）$" if zh else r"^No second factor \(until .+\)$")
    )
    await fits(page, f"people-extended-{size[0]}")
    mei = await open_page("/sign-in")
    await fill_in(mei, "mei")
    await mei.wait_for_url("**/studio")
    asked = mei.locator("[data-factor-asked]")
    await expect(asked).to_contain_text("Ask a coordinator for seven more days.")
    # Twice, and no more.
    await row.get_by_role("button", name="mei", exact=True).click()
    await sheet.get_by_role("button", name=more).click()
    await expect(sheet).to_be_hidden()
    none = "之后不能再宽限了。" if zh else "No further extension is possible."
    await expect(page.get_by_text(none)).to_be_visible()
    await row.get_by_role("button", name="mei", exact=True).click()
    await expect(sheet).to_be_visible()
    # It stays where it was, and says why it does nothing and who can do more.
    await expect(sheet.get_by_role("button", name=more)).to_be_disabled()
    server = "服务器管理员" if zh else "server's operator"
    await expect(sheet.locator("[data-extend-why]")).to_contain_text(server)
    await fits(page, f"people-used-up-{size[0]}")
    await mei.reload()
    await expect(asked).to_contain_text("server's operator")
    await expect(asked).not_to_contain_text("Ask a coordinator")
    # Nobody gives an only coordinator more days: the words name who does.
    own = page.locator("[data-factor-asked]")
    await expect(own).to_contain_text(server)
    # Whoever never signed in has days that have yet to begin.
    await site.house.people.create_account("zhou", "host", PASSWORD)
    await page.reload()
    await listed.filter(has_text="zhou").get_by_role("button", name="zhou", exact=True).click()
    unbegun = page.get_by_role("dialog", name="zhou")
    await expect(unbegun.get_by_role("button", name=more)).to_be_disabled()
    begin = "下次登录时算起" if zh else "begin when they sign in"
    await expect(unbegun.locator("[data-extend-why]")).to_contain_text(begin)
    await page.goto("/studio/audit")
    given = "的两步验证再宽限了七天" if zh else "gave mei seven more days for a second factor"
    await expect(page.get_by_text(given).first).to_be_visible()
