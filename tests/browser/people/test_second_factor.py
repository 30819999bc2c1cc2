"""Second factors in Chromium: an authenticator app, passkeys of its virtual authenticator, recovery
codes, and the question before an act. Who must have one is in test_factor_deadlines.py.
"""

import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.second_factor import (
    PASSWORD,
    authenticated_long_ago,
    fill_in,
    fits,
    forget_steps,
    set_up_app,
    shot,
    signed_in,
    signed_out,
)
from tests.support.authenticators import code_of

from farmlive.server import Server

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [PHONE, DESK])
async def test_app_is_set_up_and_the_next_sign_in_asks_for_its_code(
    open_page: Open, site: Server, size: tuple[int, int]
) -> None:
    await site.house.people.create_account("mei", "host", PASSWORD)
    page = await open_page("/sign-in", size=size)
    await signed_in(page, "mei")
    await page.goto("/studio/account")
    await expect(page.get_by_text("No second factor yet")).to_be_visible()
    # A basket stands for things to sell.
    await expect(page.locator('[data-list="factors"] img')).to_have_count(0)
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
    code = other.get_by_label("Code from the app, or a recovery code")
    await expect(code).to_be_focused()
    await expect(other.get_by_label("Password", exact=True)).to_be_hidden()
    await fits(other, f"sign-in-code-{size[0]}")
    await code.fill("123")
    await code.press("Enter")
    await expect(other.get_by_role("alert")).to_contain_text("The code is wrong")
    await code.fill(code_of(secret))
    await code.press("Enter")
    await other.wait_for_url("**/studio")
    await signed_out(page)
    await fill_in(page, "mei")
    await page.get_by_label("Code from the app, or a recovery code").fill(codes[0].upper())
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
    await page.get_by_label("Code from the app, or a recovery code").fill(code_of(secret))
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
    # Its head is as high as one with a button to close it.
    high = "head => head.getBoundingClientRect().height"
    assert await kept.locator(".sheet__head").evaluate(high) >= 56
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
    await expect(sheet).to_contain_text("It works only at this address, localhost")
    await sheet.get_by_label("Passkey name").fill("My phone")
    await fits(page, "account-passkey")
    await sheet.get_by_role("button", name="Create it on this device").click()
    kept = page.get_by_role("dialog", name="Your recovery codes").get_by_role("listitem")
    await expect(kept).to_have_count(10)
    codes = await kept.all_inner_texts()
    await page.get_by_role("button", name="I've saved them").click()
    rows = page.locator('[data-list="factors"]').get_by_role("listitem")
    await expect(rows.filter(has_text="My phone")).to_contain_text("not used yet")
    # A device makes one for an account.
    await page.get_by_role("button", name="Add a passkey").click()
    await sheet.get_by_role("button", name="Create it on this device").click()
    await expect(page.get_by_text("No passkey was created.")).to_be_visible()
    await page.keyboard.press("Escape")

    await signed_out(page)
    await fill_in(page, "mei")
    await expect(page.get_by_label("Recovery code")).to_be_visible()
    await fits(page, "sign-in-passkey")
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url("**/studio")

    # Under another address it is none, and that is said.
    by_ip = await new_page(size=PHONE, kept=False)
    await by_ip.goto(f"http://127.0.0.1:{site.port}/sign-in")
    await fill_in(by_ip, "mei")
    where = by_ip.get_by_text("Your passkey belongs to localhost and works only there.")
    await expect(where).to_be_visible()
    await expect(by_ip.get_by_role("button", name="Use a passkey")).to_be_hidden()
    await fits(by_ip, "sign-in-elsewhere")
    await by_ip.get_by_label("Recovery code").fill(codes[0].replace("-", " "))
    await by_ip.get_by_role("button", name="Sign in").click()
    await by_ip.wait_for_url("**/studio/account")
    recovered = by_ip.locator("[data-recovered]")
    await expect(recovered).to_have_text("You signed in with a recovery code; 9 are left.")
    elsewhere = by_ip.locator('[data-list="factors"]').get_by_role("listitem")
    await expect(elsewhere.filter(has_text="My phone")).to_contain_text(
        "It was created at localhost"
    )
    no_passkeys = by_ip.locator("[data-no-passkeys]")
    await expect(no_passkeys).to_contain_text("such as 192.168.1.20")
    await expect(no_passkeys).to_contain_text("KeePassXC or 1Password")
    await fits(by_ip, "account-elsewhere")

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
    await page.get_by_role("button", name="Create it on this device").click()
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
    lost = page.get_by_text("Device lost? Remove its passkey and set up another factor.")
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
    code = page.get_by_label("Code from the app, or a recovery code")
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
    await sheet.get_by_label("Who it's for").fill("Wu from Lianhe")
    await sheet.get_by_text("Moderator").click()
    await authenticated_long_ago(site)
    await sheet.get_by_role("button", name="Create link").click()
    asked = page.get_by_role("dialog", name="Confirm it's you")
    password = asked.get_by_label("Your password")
    await expect(password).to_be_visible()
    await fits(page, f"reauthentication-password-{size[0]}")
    await password.fill("not the right one")
    await asked.get_by_role("button", name="Confirm").click()
    await expect(asked.get_by_role("alert")).to_contain_text("The password is not right.")
    await asked.get_by_role("button", name="Cancel").click()
    await expect(sheet.get_by_label("Who it's for")).to_have_value("Wu from Lianhe")
    await expect(sheet.get_by_text("you didn't confirm it was you")).to_be_visible()
    assert await people.invitations.all() == []
    await sheet.get_by_role("button", name="Create link").click()
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
    await page.get_by_role("button", name="Change my password").click()
    sheet = page.get_by_role("dialog", name="Change my password")
    await sheet.get_by_label("Current password").fill(PASSWORD)
    await sheet.get_by_label("New password").fill("kumquat season")
    await sheet.get_by_role("button", name="Change it").click()
    asked = page.get_by_role("dialog", name="Confirm it's you")
    await asked.get_by_label("Code from the app, or a recovery code").fill(codes[0])
    await asked.get_by_role("button", name="Confirm").click()
    await expect(page.get_by_text("works from now on")).to_be_visible()


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
    assert (await got.value).suggested_filename.startswith("订单明细-")
    # Sums of the sale name no buyer.
    await authenticated_long_ago(site)
    async with page.expect_download():
        await page.locator(f'a[href^="/review/{sale.broadcast}/sheets/sales.csv"]').click()
