// The orders of a broadcast, oldest first as they are packed; one tap takes an order a step further.
// What a role may not see or do is not in the answers, and has no button here.

import { el, icon, say } from "../../common/dom.js";
import { clock, count, day, money } from "../../common/format.js";
import { toast } from "../../common/toast.js";
import { n, page, t, text } from "../../common/words.js";
import { Channel } from "../../live/channel.js";
import { newKey } from "../../live/pending.js";
import { get, post, remove } from "../api.js";
import { spoken } from "../sentences.js";
import { isGone, nextStep, paymentWords, stateKind, stateWords } from "../state.js";
import { act, badge, List } from "./list.js";
import { FormSheet } from "./sheet.js";

const PAGE = 500;
const SHOWN = 100;
const READ_MS = 1_000;
const { broadcast, role } = page.data;
const path = `/api/v1/broadcasts/${broadcast}/orders`;
const isStaff = role === "coordinator" || role === "host";
const filter = document.querySelector("[data-order-filter]");
const sheets = isStaff ? { cancel: new FormSheet("cancel-sheet"), refund: new FormSheet("refund-sheet"), block: new FormSheet("block-sheet") } : {};
/** Every order read so far, by id, oldest first. */
const orders = new Map();
let last = "";
let shown = SHOWN;
/** What this page has just moved on stays in sight, whatever the filter. */
const touched = new Set();

const list = new List("orders", load, draw);

async function load() {
  let next = "";
  do {
    const answer = await get(`${path}?limit=${PAGE}${last ? `&after=${last}` : ""}`);
    // A hold is no order yet; the console shows them while they run.
    for (const order of answer.orders.filter(({ number }) => number)) {
      orders.set(order.id, order);
      last = order.id;
    }
    ({ next } = answer);
  } while (next);
  drawCentres();
  return found();
}

function isDone(order) {
  if (isGone(order.state)) return true;
  return order.state === "received" && order.payment !== "due";
}

/** What is looked for, and what of it stands on the page. */
function found() {
  const { find, state, way, centre } = Object.fromEntries(new FormData(filter));
  const words = find.trim().toLowerCase();
  const fits = [...orders.values()].filter((order) => {
    if (words && !inWords(order).includes(words)) return false;
    if (way && order.delivery.way !== way) return false;
    if (centre && order.delivery.centre?.id !== centre) return false;
    if (touched.has(order.id) || words) return true;
    return state === "open" ? !isDone(order) : !state || order.state === state;
  });
  fits.sort((a, b) => (place(a) < place(b) ? -1 : 1));
  drawSum(fits);
  document.querySelector("[data-more]").hidden = fits.length <= shown;
  document.querySelector("[data-none]").hidden = fits.length > 0 || orders.size === 0;
  return fits.slice(0, shown);
}

/** Orders stand by their number: A0002 before B0001 before AA0001. */
const place = ({ number }) => String(number.length).padStart(2, "0") + number;

function inWords({ number, buyer, lines }) {
  const parts = [number, buyer?.name, buyer?.phone, buyer?.phone?.replace(/\s/g, ""), ...lines.map((line) => text(line.name))];
  return parts.filter(Boolean).join(" ").toLowerCase();
}

function redraw() {
  list.items = found();
  list.draw();
  // An empty list that is only filtered says so in its own words.
  if (orders.size) document.querySelector("[data-empty]").hidden = true;
}

function drawSum(fits) {
  const [first] = fits;
  const amount = fits.filter((order) => !isGone(order.state)).reduce((sum, order) => sum + order.total.amount, 0);
  const place = document.querySelector("[data-sum]");
  say(
    place,
    first
      ? n("%(n)s order, %(sum)s", "%(n)s orders, %(sum)s", fits.length, {
          n: count(fits.length),
          sum: money({ amount, currency: first.total.currency }),
        })
      : "",
  );
}

function drawCentres() {
  const field = filter.querySelector("[data-centre-field]");
  if (!field) return;
  const centres = new Map();
  for (const { delivery } of orders.values()) if (delivery.centre) centres.set(delivery.centre.id, text(delivery.centre.name));
  const select = filter.elements.centre;
  const chosen = select.value;
  select.replaceChildren(select.options[0], ...[...centres].map(([id, name]) => new Option(name, id)));
  select.value = chosen;
  field.hidden = centres.size < 2;
}

function draw(order) {
  const kind = stateKind(order.state);
  const to =
    order.delivery.way === "pickup"
      ? [icon("pin", true), t("picks up at %(place)s", { place: text(order.delivery.centre?.name) })]
      : [icon("parcel", true), order.delivery.address ?? t("parcel")];
  return el(
    "li",
    { class: isGone(order.state) ? "order is-gone" : "order", "data-order": order.id },
    el(
      "div",
      { class: "order__head" },
      el("b", { class: "order__number number" }, order.number),
      badge(stateWords(order.state), kind),
      isGone(order.state) && order.payment === "due" ? null : badge(paymentWords(order.payment), order.payment === "due" ? "kumquat" : "leaf"),
      order.simulated ? badge(t("Simulated")) : null,
      el("time", { class: "soft small order__at", datetime: order.placed_at }, when(order.placed_at)),
    ),
    el(
      "ul",
      { class: "order__lines" },
      order.lines.map((line) =>
        el(
          "li",
          {},
          el("b", { class: "number" }, `${count(line.quantity)} ×`),
          el("span", {}, text(line.name), " ", el("span", { class: "soft small" }, t("lot %(code)s", { code: line.lot_code }))),
          el("span", { class: "number order__sum" }, money(line.total)),
        ),
      ),
    ),
    order.lines.length < 2
      ? null
      : el("p", { class: "order__total" }, el("span", { class: "soft" }, t("Together")), el("b", { class: "number" }, money(order.total))),
    order.buyer?.name
      ? el(
          "p",
          { class: "order__who" },
          el("strong", {}, order.buyer.name),
          el("a", { class: "order__phone number", href: `tel:${order.buyer.phone}` }, order.buyer.phone),
        )
      : null,
    el("p", { class: "order__to soft" }, to),
    history(order),
    el("div", { class: "order__acts no-print" }, ...acts(order)),
    el("span", { class: "order__tick", "aria-hidden": "true" }),
  );
}

/** What happened with an order and by whom, where more did than its placing. */
function history({ history: steps = [], refunded }) {
  if (steps.every(({ state, payment }) => ["held", "placed"].includes(state) && payment === "due")) return null;
  const rows = steps.map(({ at, state, payment, by, reason }, index) => {
    const before = steps[index - 1];
    const words = before && before.state === state ? paymentWords(payment) : stateWords(state);
    return el("li", {}, el("span", { class: "soft number" }, when(at)), ` ${words}`, by ? ` · ${byWords(by)}` : "", reason ? ` · ${reason}` : "");
  });
  if (refunded?.amount) rows.push(el("li", {}, t("%(sum)s given back in all", { sum: money(refunded) })));
  return el("details", { class: "order__history small no-print" }, el("summary", {}, t("What happened")), el("ol", {}, rows));
}

function byWords(by) {
  switch (by) {
    case "buyer":
      return t("buyer");
    case "clerk":
      return t("clerk");
    case "staff":
      return t("staff");
    default:
      return t("by itself");
  }
}

function when(text_) {
  const ms = Date.parse(text_);
  return day(ms) === day(Date.now()) ? clock(ms) : `${day(ms)} ${clock(ms)}`;
}

/** The buttons of an order: the next step first, what undoes or pays after it. */
function acts(order) {
  if (role === "seller") return [];
  const name = order.number;
  const made = [];
  const step = nextStep(order);
  // A clerk hands over what has come from the farm; packing is the farm's.
  if (step && (isStaff || ["packed", "at_centre"].includes(order.state))) {
    made.push(act(step[1], () => move(order, `${order.id}/state`, { state: step[0] }), { name }));
    made[0].classList.add("order__step");
  }
  if (order.payment === "due" && !isGone(order.state)) made.push(act(t("Paid"), () => move(order, `${order.id}/payment`, { payment: "paid" }), { name }));
  if (isStaff && ["placed", "packed"].includes(order.state)) made.push(act(t("Cancel…"), () => cancel(order), { name }));
  if (isStaff && ["paid", "part_refunded"].includes(order.payment)) made.push(act(t("Refund…"), () => refund(order), { name }));
  if (isStaff && order.buyer?.name) {
    made.push(el("button", { class: "button button--quiet button--icon", type: "button", "aria-label": `${t("Block who ordered this")}: ${name}`, title: t("Block who ordered this"), onclick: () => block(order) }, icon("more")));
  }
  return made;
}

function block(order) {
  sheets.block.part("what").textContent = what(order);
  sheets.block.open({
    values: { kind: "phone" },
    job: async (body) => {
      const made = await post("/api/v1/blocks", { ...body, order: order.id });
      toast(t("Blocked."), {
        act: t("Undo"),
        onAct: () => remove(`/api/v1/blocks/${made.id}`).catch((problem) => toast(spoken(problem), { danger: true })),
      });
    },
  });
}

async function move(order, way, body) {
  touched.add(order.id);
  try {
    take(order, await post(`${path}/${way}`, body));
  } catch (problem) {
    toast(spoken(problem), { danger: true });
  }
}

/** The answer is the order as it is now, or what has changed of it. */
function take(order, answer) {
  orders.set(order.id, { ...order, ...(answer ?? {}) });
  redraw();
  // The finger finds the next step where it was.
  document.querySelector(`[data-order="${order.id}"] .order__acts button`)?.focus({ preventScroll: true });
}

function what(order) {
  return `${order.number} · ${order.lines.map((line) => `${count(line.quantity)} × ${text(line.name)}`).join("、")} · ${money(order.total)}`;
}

function cancel(order) {
  sheets.cancel.part("what").textContent = what(order);
  sheets.cancel.open({
    job: async ({ reason }) => {
      touched.add(order.id);
      take(order, await post(`${path}/${order.id}/state`, { state: "cancelled", reason }));
      toast(t("%(number)s is cancelled; its stock is back on sale.", { number: order.number }));
    },
  });
}

function refund(order) {
  sheets.refund.part("what").textContent = what(order);
  sheets.refund.open({
    values: { amount: order.total.amount - (order.refunded?.amount ?? 0) },
    job: async ({ amount, reason }) => {
      touched.add(order.id);
      take(order, await give(order, { amount, reason }));
      toast(t("%(sum)s of %(number)s is refunded.", { sum: money({ amount, currency: order.total.currency }), number: order.number }));
    },
  });
}

/** Sent again after an answer that was lost, a refund counts once: it has its key until it is answered. */
const refunds = new Map();
async function give({ id }, body) {
  if (!refunds.has(id)) refunds.set(id, newKey());
  try {
    const answer = await post(`${path}/${id}/refund`, body, { "idempotency-key": refunds.get(id) });
    refunds.delete(id);
    return answer;
  } catch (problem) {
    if (problem.status >= 400 && problem.status < 500) refunds.delete(id);
    throw problem;
  }
}

/** Known orders take over what the event says; new ones are read. */
function follow(events) {
  let isChanged = false;
  for (const { kind, data } of events) {
    if (kind === "order.placed") readSoon();
    const known = kind.startsWith("order.") && orders.get(data.order);
    if (!known) continue;
    const changed = {};
    for (const name of ["state", "payment"]) if (data[name]) changed[name] = data[name];
    orders.set(known.id, { ...known, ...changed });
    isChanged = true;
  }
  if (isChanged) redraw();
}

/** Reads what is new, once a second at most: in a rush orders come many at a time. */
let reading = null;
function readSoon() {
  reading ??= setTimeout(async () => {
    reading = null;
    try {
      await load();
      redraw();
    } catch {
      readSoon();
    }
  }, READ_MS);
}

filter.addEventListener("submit", (event) => event.preventDefault());
filter.addEventListener("input", () => {
  touched.clear();
  shown = SHOWN;
  redraw();
});
document.querySelector("[data-more]").addEventListener("click", () => {
  shown += SHOWN;
  redraw();
});
document.querySelector("[data-print]").addEventListener("click", () => {
  shown = Infinity;
  redraw();
  print();
});
list.reload().then(() => {
  redraw();
  // A clerk's device hears no orders on the channel: the page looks again by itself.
  if (role === "clerk") {
    setInterval(() => {
      last = "";
      load().then(redraw).catch(() => {});
    }, 20_000);
    return;
  }
  const channel = new Channel(broadcast);
  channel.addEventListener("events", ({ detail }) => follow(detail.events));
});
