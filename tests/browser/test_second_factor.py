"""Second factors in Chromium: an authenticator app, passkeys of its virtual authenticator, recovery
codes, the demand after seven days, the question before an act, and the reset.
"""

import os
import re

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import update
from tests.second_factors import code_of

from farmlive.clock import now_ms
from farmlive.people import tables
from farmlive.people.factors import GRACE_MS
from farmlive.server import Server

from .conftest import DESK, PHONE, Open, Sale
from .touch_targets import SMALL_TARGETS

pytestmark = pytest.mark.browser

PASSWORD = "four-quiet-hills"
MINUTE_MS = 60_000


async def fits(page: Page, name: str) -> None:
    """Nothing is too small or too wide; SHOTS=folder keeps a picture of it."""
    assert await page.evaluate(SMALL_TARGETS) == []
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    await shot(page, name)


async def shot(page: Page, name: str) -> None:
    if where := os.environ.get("SHOTS"):
        await page.screenshot(path=f"{where}/{name}.png")


async def fill_in(page: Page, name: str, *, zh: bool = False) -> None:
    await page.get_by_label("登录名" if zh else "Sign-in name").fill(name)
    await page.get_by_label("密码" if zh else "Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="登录" if zh else "Sign in").click()


async def signed_in(page: Page, name: str) -> None:
    body = {"name": name, "password": PASSWORD}
    answer = await page.context.request.post(f"{origin(page)}/api/v1/session", data=body)
    assert answer.ok, await answer.text()


async def signed_out(page: Page, path: str = "/sign-in") -> None:
    """Open the sign-in as on a browser that nobody knows."""
    home = origin(page)
    await page.context.clear_cookies()
    await page.goto(home + path)


def origin(page: Page) -> str:
    return "/".join(page.url.split("/")[:3])


async def forget_steps(site: Server) -> None:
    """Have an app's code be taken again, as a minute later."""
    again = update(tables.totp).values(step=0)
    await site.house.store.write(lambda conn: conn.execute(again).rowcount)


async def authenticated_long_ago(site: Server) -> None:
    long_ago = update(tables.sessions).values(authenticated_at=now_ms() - 11 * MINUTE_MS)
    await site.house.store.write(lambda conn: conn.execute(long_ago).rowcount)


async def set_up_app(page: Page) -> tuple[str, list[str]]:
    """Set an app up on the account's page: its secret, and the recovery codes."""
    await page.get_by_role("button", name="Set up an app").click()
    sheet = page.get_by_role("dialog", name="Set up an authenticator app")
    drawn = sheet.get_by_role("img", name="QR code for the authenticator app")
    await expect(drawn).to_be_visible()
    assert await drawn.evaluate("image => image.naturalWidth") > 100
    await expect(sheet.get_by_text("The old app's codes")).to_be_hidden()
    shown = sheet.locator("[data-secret]")
    secret = re.sub(r"\s", "", await shown.inner_text())
    await fits(page, "account-totp")
    code = sheet.get_by_label("The six digits that the app shows")
    await code.fill("000 00")
    await sheet.get_by_role("button", name="Set it up").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("The code is not right")
    await code.fill(code_of(secret))
    await sheet.get_by_role("button", name="Set it up").click()
    kept = page.get_by_role("dialog", name="Your recovery codes")
    await expect(kept.get_by_role("listitem")).to_have_count(10)
    await fits(page, "account-codes")
    codes = await kept.get_by_role("listitem").all_inner_texts()
    # Not by mistake: they are not shown again.
    await page.keyboard.press("Escape")
    await page.mouse.click(5, 5)
    await expect(kept).to_be_visible()
    await kept.get_by_role("button", name="I have them").click()
    await expect(kept).to_be_hidden()
    return secret, codes


@pytest.mark.parametrize("size", [PHONE, DESK])
async def test_app_is_set_up_and_the_next_sign_in_asks_for_its_code(
    open_page: Open, site: Server, size: tuple[int, int]
) -> None:
    await site.house.people.create_account("mei", "host", PASSWORD)
    page = await open_page("/sign-in", size=size)
    await signed_in(page, "mei")
    await page.goto("/studio/account")
    await expect(page.get_by_text("No second factor yet")).to_be_visible()
    await fits(page, f"account-none-{size[0]}")
    secret, codes = await set_up_app(page)
    rows = page.locator('[data-list="factors"]').get_by_role("listitem")
    await expect(rows).to_have_count(2)
    await expect(rows.filter(has_text="Recovery codes")).to_contain_text("10 codes left")
    await fits(page, f"account-app-{size[0]}")
    await forget_steps(site)

    other = await open_page("/sign-in", size=size)
    await fill_in(other, "mei")
    await expect(other.get_by_role("heading", level=1)).to_have_text("Your second factor")
    code = other.get_by_label("Code of the app, or a recovery code")
    await expect(code).to_be_focused()
    await expect(other.get_by_label("Password", exact=True)).to_be_hidden()
    await fits(other, f"sign-in-code-{size[0]}")
    await code.fill("123")
    await code.press("Enter")
    await expect(other.get_by_role("alert")).to_contain_text("The code is not right")
    await code.fill(code_of(secret))
    await code.press("Enter")
    await other.wait_for_url("**/studio")
    await signed_out(page)
    await fill_in(page, "mei")
    await page.get_by_label("Code of the app, or a recovery code").fill(codes[0].upper())
    await page.get_by_role("button", name="Sign in").click()
    # The phone may be lost: the way leads to where the app is replaced.
    await page.wait_for_url("**/studio/account")
    recovered = page.locator("[data-recovered]")
    await expect(recovered).to_contain_text("You signed in with a recovery code; 9 are left.")
    await expect(recovered).to_contain_text("Replace the app now: the old one stops working.")
    await fits(page, f"account-recovered-{size[0]}")
    # There are no passkeys by a number alone.
    await expect(page.get_by_text("Two are better than one")).to_be_hidden()
    await page.get_by_role("button", name="Replace the app").click()
    sheet = page.get_by_role("dialog", name="Replace the app")
    await expect(sheet.get_by_text("The old app's codes stop working.")).to_be_visible()
    old, secret = secret, re.sub(r"\s", "", await sheet.locator("[data-secret]").inner_text())
    assert old != secret
    await fits(page, f"account-replace-{size[0]}")
    await sheet.get_by_label("The six digits that the app shows").fill(code_of(secret))
    await sheet.get_by_role("button", name="Set it up").click()
    await expect(sheet).to_be_hidden()
    await expect(recovered).to_be_hidden()
    await expect(rows).to_have_count(2)
    await forget_steps(site)
    await signed_out(page)
    await fill_in(page, "mei")
    await page.get_by_label("Code of the app, or a recovery code").fill(code_of(secret))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/studio")
    await page.goto("/studio/account")
    await expect(rows).to_have_count(2)
    await expect(recovered).to_be_hidden()


async def test_codes_are_printed_on_a_page_of_their_own(open_page: Open, site: Server) -> None:
    await site.house.people.create_account("mei", "host", PASSWORD)
    page = await open_page("/sign-in")
    await signed_in(page, "mei")
    await page.evaluate("sessionStorage.clear()")
    await page.add_init_script("window.print = () => (window.printed = true)")
    await page.goto("/studio/account")
    await page.get_by_role("button", name="Set up an app").click()
    sheet = page.get_by_role("dialog", name="Set up an authenticator app")
    secret = re.sub(r"\s", "", await sheet.locator("[data-secret]").inner_text())
    await sheet.get_by_label("The six digits that the app shows").fill(code_of(secret))
    await sheet.get_by_role("button", name="Set it up").click()
    kept = page.get_by_role("dialog", name="Your recovery codes")
    await kept.get_by_role("button", name="Print").click()
    assert await page.evaluate("window.printed")
    await page.emulate_media(media="print")
    await expect(page.locator(".codes-paper li")).to_have_count(10)
    await expect(page.locator(".codes-paper")).to_contain_text("Recovery codes of mei")
    await expect(page.locator(".codes-paper")).to_be_visible()
    await expect(page.get_by_role("heading", name="My account")).to_be_hidden()
    await expect(kept).to_be_hidden()


async def test_passkey_is_made_signs_in_confirms_and_is_removed(
    new_page: Open, site: Server
) -> None:
    await site.house.people.create_account("mei", "coordinator", PASSWORD)
    page = await new_page(size=PHONE, kept=False)
    tool = await page.context.new_cdp_session(page)
    await tool.send("WebAuthn.enable")
    await tool.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    # Browsers have passkeys by a name alone.
    home = f"http://localhost:{site.port}"
    await page.goto(f"{home}/sign-in")
    await signed_in(page, "mei")
    await page.goto(f"{home}/studio/account")
    await expect(page.get_by_text("Two are better than one")).to_be_visible()
    await page.get_by_role("button", name="Add a passkey").click()
    sheet = page.get_by_role("dialog", name="Add a passkey")
    await expect(sheet.get_by_label("Passkey name")).not_to_have_value("")
    await sheet.get_by_label("Passkey name").fill("My phone")
    await fits(page, "account-passkey")
    await sheet.get_by_role("button", name="Make it on this device").click()
    await page.get_by_role("button", name="I have them").click()
    rows = page.locator('[data-list="factors"]').get_by_role("listitem")
    await expect(rows.filter(has_text="My phone")).to_contain_text("not used yet")
    # A device makes one for an account.
    await page.get_by_role("button", name="Add a passkey").click()
    await sheet.get_by_role("button", name="Make it on this device").click()
    await expect(page.get_by_text("No passkey was made.")).to_be_visible()
    await page.keyboard.press("Escape")

    await signed_out(page)
    await fill_in(page, "mei")
    await expect(page.get_by_label("Recovery code")).to_be_visible()
    await fits(page, "sign-in-passkey")
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url("**/studio")

    await authenticated_long_ago(site)
    await page.goto(f"{home}/studio/account")
    await expect(rows.filter(has_text="My phone")).to_contain_text("last used")
    await page.get_by_role("button", name="Remove: My phone").click()
    await page.get_by_role("button", name="Yes, remove it").click()
    asked = page.get_by_role("dialog", name="Confirm it's you")
    await fits(page, "reauthentication-passkey")
    await asked.get_by_role("button", name="Use a passkey").click()
    await expect(page.get_by_text("No second factor yet")).to_be_visible()
    await signed_out(page)
    await fill_in(page, "mei")
    await page.wait_for_url("**/studio")


async def test_passkey_that_nobody_confirms_leaves_the_other_ways(
    new_page: Open, site: Server
) -> None:
    await site.house.people.create_account("mei", "coordinator", PASSWORD)
    page = await new_page(kept=False)
    tool = await page.context.new_cdp_session(page)
    await tool.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    made = await tool.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    home = f"http://localhost:{site.port}"
    await page.goto(f"{home}/sign-in")
    await signed_in(page, "mei")
    await page.goto(f"{home}/studio/account")
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_role("button", name="Make it on this device").click()
    codes = page.get_by_role("dialog", name="Your recovery codes").get_by_role("listitem")
    await expect(codes).to_have_count(10)
    code = (await codes.all_inner_texts())[0]
    await tool.send("WebAuthn.removeVirtualAuthenticator", made)
    await tool.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    await signed_out(page)
    await fill_in(page, "mei")
    await page.get_by_role("button", name="Use a passkey").click()
    await expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    await page.get_by_label("Recovery code").fill(code)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/studio/account")
    lost = page.get_by_text("Device lost? Remove its passkey, and set up another factor.")
    await expect(lost).to_be_visible()


async def test_second_step_names_who_signs_in_and_leads_back(open_page: Open, site: Server) -> None:
    await site.house.people.create_account("mei", "host", PASSWORD)
    await site.house.people.create_account("chen", "host", PASSWORD)
    page = await open_page("/sign-in", size=PHONE)
    await signed_in(page, "chen")
    await page.goto("/studio/account")
    await set_up_app(page)
    await signed_out(page)
    await fill_in(page, "chen")
    code = page.get_by_label("Code of the app, or a recovery code")
    await expect(page.get_by_text("as chen")).to_be_visible()
    await code.fill("000000")
    await code.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await fits(page, "sign-in-as")
    await page.get_by_role("button", name="not you?").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await expect(page.get_by_role("alert")).to_be_hidden()
    await expect(page.get_by_text("as chen")).to_be_hidden()
    await expect(code).to_have_count(0)
    await expect(page.get_by_label("Sign-in name")).to_be_focused()
    await expect(page.get_by_label("Password", exact=True)).to_have_value("")
    await fill_in(page, "mei")
    await page.wait_for_url("**/studio")


@pytest.mark.parametrize("size", [PHONE, DESK])
async def test_reauthentication_is_asked_and_what_was_typed_is_done(
    open_page: Open, site: Server, size: tuple[int, int]
) -> None:
    people = site.house.people
    await people.create_account("mei", "coordinator", PASSWORD)
    page = await open_page("/sign-in", size=size)
    await signed_in(page, "mei")
    await page.goto("/studio/people")
    await page.get_by_role("button", name="Invite someone").first.click()
    sheet = page.get_by_role("dialog", name="Invite someone")
    await sheet.get_by_label("For whom").fill("Wu from Lianhe")
    await sheet.get_by_text("Moderator").click()
    await authenticated_long_ago(site)
    await sheet.get_by_role("button", name="Make the link").click()
    asked = page.get_by_role("dialog", name="Confirm it's you")
    password = asked.get_by_label("Your password")
    await expect(password).to_be_visible()
    await fits(page, f"reauthentication-password-{size[0]}")
    await password.fill("not the right one")
    await asked.get_by_role("button", name="Confirm").click()
    await expect(asked.get_by_role("alert")).to_contain_text("The password is not right.")
    await asked.get_by_role("button", name="Cancel").click()
    await expect(sheet.get_by_label("For whom")).to_have_value("Wu from Lianhe")
    await expect(sheet.get_by_text("you did not confirm that it is you")).to_be_visible()
    assert await people.invitations.all() == []
    await sheet.get_by_role("button", name="Make the link").click()
    await password.fill(PASSWORD)
    await password.press("Enter")
    await expect(page.get_by_role("dialog", name="The invitation is ready")).to_be_visible()
    assert [each.label for each in await people.invitations.all()] == ["Wu from Lianhe"]


async def test_password_of_an_account_with_a_factor_is_changed_once_it_confirms(
    open_page: Open, site: Server
) -> None:
    await site.house.people.create_account("mei", "host", PASSWORD)
    page = await open_page("/sign-in", size=PHONE)
    await signed_in(page, "mei")
    await page.goto("/studio/account")
    _secret, codes = await set_up_app(page)
    await authenticated_long_ago(site)
    await page.locator("[data-own]").first.click()
    sheet = page.get_by_role("dialog", name="Change my password")
    await sheet.get_by_label("Present password").fill(PASSWORD)
    await sheet.get_by_label("New password").fill("kumquat season")
    await sheet.get_by_role("button", name="Change it").click()
    asked = page.get_by_role("dialog", name="Confirm it's you")
    await asked.get_by_label("Code of the app, or a recovery code").fill(codes[0])
    await asked.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_text("holds from now on")).to_be_visible()


async def test_reauthentication_is_asked_before_a_file_in_chinese_too_and_the_file_comes(
    open_page: Open, site: Server, sale: Sale
) -> None:
    await site.house.people.create_account("mei", "coordinator", PASSWORD)
    page = await open_page("/sign-in", size=PHONE, language="zh")
    await signed_in(page, "mei")
    await page.goto(f"/review/{sale.broadcast}")
    link = page.locator(f'a[href^="/review/{sale.broadcast}/sheets/orders.csv"]')
    async with page.expect_download():
        await link.click()
    await authenticated_long_ago(site)
    answer = await page.context.request.get(
        f"/review/{sale.broadcast}/sheets/orders.csv", headers={"Accept": "text/html"}
    )
    assert answer.status == 401
    assert "请确认是您本人" in await answer.text()
    await link.click()
    asked = page.get_by_role("dialog", name="请确认是您本人")
    await asked.get_by_label("您的密码").fill(PASSWORD)
    await shot(page, "reauthentication-zh")
    async with page.expect_download() as got:
        await asked.get_by_role("button", name="确认").click()
    assert (await got.value).suggested_filename.startswith("orders-")
    # Sums of the sale name no buyer.
    await authenticated_long_ago(site)
    async with page.expect_download():
        await page.locator(f'a[href^="/review/{sale.broadcast}/sheets/sales.csv"]').click()


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
