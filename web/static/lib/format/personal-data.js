// What is kept of a person: listed in short, saved as a file for staff, and why it can't be erased yet.

import { api, Problem } from "../channel/api.js";
import { el } from "../ui/dom.js";
import { day } from "./format.js";
import { t, text } from "../words.js";

/**
 * An order in a list of what is kept of a person.
 * @typedef {object} OrderInList
 * @property {string} number
 * @property {import("../words.js").BilingualText} title of its broadcast
 * @property {string} placed_at
 * @property {string | null} [open] why it can't be erased yet
 * @property {boolean} [has_name]
 */

/**
 * Why an order can't be erased yet, in words.
 * @param {string | null | undefined} because
 */
export function openWords(because) {
  switch (because) {
    case "due":
      return t("not paid yet");
    case "to_give_back":
      return t("a refund is due");
    case "claim":
      return t("a claim without an answer");
    case "shipped":
      return t("on its way");
    case "at_centre":
      return t("waiting at the pick-up point");
    case "flash":
      return t("its flash batch is still running");
    default:
      return t("not delivered yet");
  }
}

/**
 * The number of an order, which leads to its page where there is one.
 * @template {{ number: string }} T
 * @param {T} order
 * @param {((order: T) => string | null) | null} [url]
 */
export const orderNumber = (order, url = null) =>
  el(
    "strong",
    { class: "number" },
    url ? el("a", { class: "link", href: url(order) }, order.number) : order.number,
  );

/**
 * The orders of an answer, each with its day, its broadcast and, where it has one, what is open;
 * `url` gives the page of an order for whoever may open it.
 * @template {OrderInList} T
 * @param {T[]} orders
 * @param {((order: T) => string | null) | null} [url]
 */
export const orderList = (orders, url = null) =>
  el(
    "ul",
    { class: "kept" },
    orders.map((order) =>
      el(
        "li",
        { class: "kept__order" },
        orderNumber(order, url),
        el(
          "span",
          {},
          text(order.title),
          " ",
          el("span", { class: "soft small" }, day(Date.parse(order.placed_at))),
        ),
        order.open
          ? el("span", { class: "badge badge--kumquat" }, openWords(order.open))
          : order.has_name
            ? null
            : el("span", { class: "badge" }, t("details removed")),
      ),
    ),
  );

/**
 * Ask for a file, with the header that only a script sends, and have the browser save it. Throws Problem.
 * @param {string} path
 * @param {unknown} body
 */
export async function save(path, body) {
  const headers = await staffHeader();
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: {
        accept: "application/zip, application/json",
        "content-type": "application/json",
        ...headers,
      },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Problem({
      type: "/problems/offline",
      detail: t("The server can't be reached. Nothing is lost; try again in a moment."),
    });
  }
  if (!answer.ok) {
    const read = await answer.json().catch(() => ({}));
    throw new Problem(
      { status: answer.status, ...read },
      Number(answer.headers.get("retry-after")) || 0,
    );
  }
  const url = URL.createObjectURL(await answer.blob());
  const disposition = answer.headers.get("content-disposition") ?? "";
  const spoken = /filename\*=UTF-8''([^;]+)/.exec(disposition)?.[1];
  const name = spoken
    ? decodeURIComponent(spoken)
    : (/filename="([^"]+)"/.exec(disposition)?.[1] ?? "farmlive.zip");
  const link = el("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * The header by which a page of someone who is signed in may change something.
 * @returns {Promise<Record<string, string>>}
 */
async function staffHeader() {
  const session = await api("GET", "/api/v1/session");
  return session?.csrf ? { "x-csrf-token": session.csrf } : {};
}

/**
 * While it runs, the button is busy; what it throws is told.
 * @param {HTMLButtonElement} button
 * @param {() => Promise<void>} work
 * @param {(problem: any) => void} tell
 */
export async function busy(button, work, tell) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    await work();
  } catch (problem) {
    tell(problem);
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}
