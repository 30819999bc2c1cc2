// A buyer's order: comes up to date by itself, is cancelled after one question, prints; what is wrong
// with it is told by pages/order/claim.js, and what is kept of its buyer is pages/order/personal-data.js's.

import { api, Problem } from "../../lib/channel/api.js";
import { find, findDialog, say, submitterOf, valueIn } from "../../lib/ui/dom.js";
import { money } from "../../lib/format/format.js";
import { sentence } from "../../lib/format/problems.js";
import { close, open } from "../../lib/ui/sheet.js";
import { toGiveBack } from "../../lib/orders/order-sums.js";
import { toast } from "../../lib/ui/toast.js";
import { page, t } from "../../lib/words.js";
import { setUpClaim } from "./claim.js";
import { setUpPersonalData } from "./personal-data.js";

const EVERY = 10_000;
const { token } = page.data;
const sheet = findDialog(document, "#cancel-sheet");
const form = find(sheet, "form", HTMLFormElement);
const what = find(document, "#cancel-what");
const claim = setUpClaim(token, look);
const person = setUpPersonalData(token, look);
const offline = find(document, "#order-offline");

/** Read the page anew and put in what changed. */
async function look() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = parsed.getElementById("order");
  const shown = find(document, "#order");
  if (!fresh || fresh.dataset.now === shown.dataset.now) return;
  shown.replaceWith(fresh);
  say(what, find(parsed, "#cancel-what", Element).textContent ?? "");
  say(find(document, "#order-told"), fresh.querySelector("[data-next]")?.textContent?.trim() ?? "");
}

function later() {
  if (document.hidden || sheet.open || claim.sheet.open || person.sheet.open) return;
  look().then(
    () => {
      offline.hidden = true;
    },
    () => {
      offline.hidden = false;
    },
  );
}

setInterval(later, EVERY);
document.addEventListener("visibilitychange", later);
addEventListener("online", later);

document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  const opened = target.closest("dialog");
  if (target.closest("[data-print]")) print();
  else if (target.closest("[data-cancel]")) {
    ask(true);
    find(document, "#cancel-problem").hidden = true;
    open(sheet);
  } else if (target.closest("[data-claim]")) claim.open();
  else if (target.closest("[data-erase]")) person.open();
  else if (target.closest("[data-close-sheet]")) {
    if (opened) close(opened);
  }
});

/**
 * Whether it can still be cancelled is what the sheet asks, or no more.
 * @param {boolean} isOpen
 */
function ask(isOpen) {
  const parts = [what, find(form, ".field"), find(sheet, "[type=submit]")];
  for (const part of parts) part.hidden = !isOpen;
}

/**
 * What keeps it from being cancelled, in words. Where it was packed meanwhile the page says so too.
 * @param {Problem} problem
 */
async function why(problem) {
  if ((problem.status !== 403 && problem.status !== 409) || problem.slug === "details-erased")
    return sentence(problem);
  await look().catch(() => {});
  if (document.querySelector("[data-cancel]"))
    return t("The order has changed in the meantime, so this is no longer possible.");
  ask(false);
  return (what.textContent ?? "").trim();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const submitter = submitterOf(event);
  const reason = valueIn(form, "reason").trim();
  submitter.setAttribute("aria-busy", "true");
  submitter.disabled = true;
  try {
    const order = await api(
      "POST",
      `/api/v1/orders/${token}/cancellation`,
      reason ? { reason } : {},
    );
    close(sheet);
    await look();
    const amount = toGiveBack(order);
    toast(
      amount
        ? t("The order is cancelled. %(sum)s will be refunded.", {
            sum: money({ ...order.total, amount }),
          })
        : t("The order is cancelled. There is nothing to pay."),
    );
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    const told = find(document, "#cancel-problem");
    const words = await why(problem);
    told.hidden = false;
    say(find(told, "p"), words);
  } finally {
    submitter.removeAttribute("aria-busy");
    submitter.disabled = false;
  }
});
