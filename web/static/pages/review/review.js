// The review of one broadcast: its chart, printing, and a live one brought up to date by itself.

import { UNATTENDED } from "../../lib/channel/api.js";
import { findAll } from "../../lib/ui/dom.js";
import { clock } from "../../lib/format/format.js";
import { page, t } from "../../lib/words.js";
import { Chart } from "./chart.js";

const EVERY_S = 20;

/** @type {HTMLElement | null} */
const figure = document.querySelector("[data-chart]");
const chart = figure && page.data.viewers.length ? new Chart(figure, page.data) : null;
/** @type {HTMLElement | null} */
const fresh = document.querySelector("[data-fresh]");

/**
 * Put the newer page's parts into this one; a definition that is open stays open.
 * @param {Document} newer
 */
function renew(newer) {
  for (const part of findAll(document, "[data-part]")) {
    const other = newer.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!other || other.innerHTML === part.innerHTML) continue;
    const open = findAll(part, "details[open]").map(({ dataset }) => dataset.how);
    const active = document.activeElement;
    const focused = part.contains(active) ? active?.closest("details")?.dataset.how : undefined;
    part.replaceChildren(...other.childNodes);
    for (const how of open) part.querySelector(`[data-how="${how}"]`)?.setAttribute("open", "");
    if (focused) findAll(part, `[data-how="${focused}"] summary`)[0]?.focus();
  }
}

async function again() {
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html", ...UNATTENDED } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const newer = new DOMParser().parseFromString(await answer.text(), "text/html");
    const { data } = JSON.parse(newer.getElementById("page-data")?.textContent ?? "");
    // What was empty and is not any more, or has ended, is another page.
    /** @param {Document} root */
    const parts = (root) =>
      findAll(root, "[data-part]")
        .map((p) => p.dataset.part)
        .join();
    if (data.state !== "live" || parts(newer) !== parts(document)) {
      location.reload();
      return;
    }
    renew(newer);
    chart?.set(data);
    say(t("Updated automatically at %(clock)s", { clock: clock(Date.now()) }));
  } catch {
    say(t("No connection: these are older figures. Retrying automatically."));
  }
}

/** @param {string} words */
function say(words) {
  if (!fresh) return;
  fresh.hidden = false;
  fresh.textContent = words;
}

if (page.data.state === "live" && fresh) {
  setInterval(again, EVERY_S * 1000);
  document.addEventListener("visibilitychange", again);
}
