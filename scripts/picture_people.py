"""Data for the pictures of the people page: a demoted colleague who owns keys and links."""

from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

NAME, PASSWORD = "wang", "four orange crates"


def colleague(browser: Browser, staff: BrowserContext, url: str, live: str) -> None:
    """Make a colleague who was a coordinator, owns one of every credential, and is a moderator
    now.
    """
    csrf = staff.request.get(f"{url}/api/v1/session").json()["csrf"]
    headers = {"X-CSRF-Token": csrf}
    accounts = staff.request.get(f"{url}/api/v1/accounts").json()["accounts"]
    if any(account["name"] == NAME for account in accounts):
        return
    body: dict[str, Any] = {"name": NAME, "role": "coordinator", "display_name": "王姐"}
    made = staff.request.post(f"{url}/api/v1/accounts", headers=headers, data=body).json()
    theirs = browser.new_context()
    signed_in = {"name": NAME, "password": made["password"], "new_password": PASSWORD}
    answer = theirs.request.post(f"{url}/api/v1/session", data=signed_in)
    own = {"X-CSRF-Token": answer.json()["csrf"]}
    for path, sent in (
        ("api-keys", {"label": "价签打印机", "role": "coordinator"}),
        ("invitations", {"label": "小吴", "role": "host"}),
        (f"broadcasts/{live}/stream-keys", {"purpose": "encoder", "label": "仓库机位"}),
        (f"broadcasts/{live}/guests", {"label": "林阿姨"}),
    ):
        theirs.request.post(f"{url}/api/v1/{path}", headers=own, data=sent)
    theirs.close()
    path = f"{url}/api/v1/accounts/{made['id']}"
    staff.request.patch(path, headers=headers, data={"role": "moderator"})


def of_keys(page: Page) -> None:
    """Scroll to keys and links."""
    page.wait_for_load_state("networkidle")
    page.locator("[data-list=credentials] li").first.wait_for()
    page.evaluate("document.getElementById('credentials').scrollIntoView()")


def of_shut_out(page: Page) -> None:
    """Open the list of what ends with the colleague's account."""
    page.wait_for_load_state("networkidle")
    listed = page.locator("[data-list=accounts] li").filter(has_text=NAME)
    listed.get_by_role("button").first.click()
    page.locator("dialog[open] .button--danger").first.click()
    page.locator("dialog[open] li").first.wait_for()
