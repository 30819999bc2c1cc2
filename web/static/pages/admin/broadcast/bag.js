// The bag of a broadcast: products put in from a lot, in the order in which viewers see them, by
// dragging or by the arrows; price and released stock, changed over the channel as while live.

import { Problem } from "../../../lib/channel/api.js";
import { el, find, findAll, findOptional, icon } from "../../../lib/ui/dom.js";
import { clock, count, kilograms, money } from "../../../lib/format/format.js";
import { pictureOf } from "../../../lib/format/product-picture.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t, text } from "../../../lib/words.js";
import { Channel } from "../../../lib/channel/channel.js";
import { getAll, post, put } from "../../../lib/channel/staff-api.js";
import { balanceOf, lotWords, releasable } from "../../../lib/state/lot-balance.js";
import { showSignedOut } from "../../../lib/channel/signed-out.js";
import { drawParts, leftOfWords, parts } from "../../../lib/state/stock-parts.js";
import { act, RemoteList } from "../../../lib/ui/remote-list.js";
import { FormSheet, offer as choices } from "../../../lib/forms/form-sheet.js";

/** @typedef {import("../../../lib/state/scene").Offer} Offer */
/** @typedef {import("../../../lib/state/api").Lot} Lot */
/** @typedef {import("../../../lib/state/api").Product} Product */

const { broadcast, role, state } = page.data;
const isOpen = state !== "ended";
const path = `/api/v1/broadcasts/${broadcast}`;
const channel = new Channel(broadcast, role);
const adding = new FormSheet("offer-sheet");
const changing = new FormSheet("change-sheet");
/** @type {Product[]} */
let products = [];
/** @type {Lot[]} */
let lots = [];
const product = adding.field("product", HTMLSelectElement);
const lotField = adding.field("lot", HTMLSelectElement);

const list = new RemoteList("bag", async () => (await getAll(`${path}/offers`)).offers, draw);

/** @param {Offer} card */
function draw(card) {
  const name = text(card.name);
  const stock = parts(card);
  const bar = el(
    "div",
    { class: "parts", "aria-hidden": "true" },
    el("i", { class: "parts__sold" }),
    el("i", { class: "parts__held" }),
    el("i", { class: "parts__kept" }),
    el("i", { class: "parts__left" }),
  );
  drawParts(bar, stock);
  const waiting = card.waiting ?? 0;
  const said = [
    leftOfWords(card),
    t("%(n)s sold", { n: count(stock.sold) }),
    stock.held ? t("%(n)s held", { n: count(stock.held) }) : "",
    waiting ? t("%(n)s on the waiting list", { n: count(waiting) }) : "",
  ];
  const item = el(
    "li",
    { class: "packing", "data-offer": card.id, draggable: isOpen ? "true" : null },
    isOpen ? el("span", { class: "packing__grip", "aria-hidden": "true" }, icon("more")) : null,
    el("img", {
      class: "thumb thumb--small",
      src: pictureOf(card),
      alt: "",
      width: 56,
      height: 56,
      loading: "lazy",
    }),
    el(
      "div",
      { class: "packing__words" },
      el("strong", {}, name),
      el(
        "span",
        {},
        el("span", { class: "price price--small" }, money(card.price)),
        card.list_price ? el("s", { class: "price-was" }, money(card.list_price)) : null,
      ),
      el("span", { class: "small soft" }, `${text(card.lot.farm.name)} · ${lotOf(card)}`),
      card.flash
        ? el("span", { class: "small packing__flash" }, icon("flash", true), flashWords(card.flash))
        : null,
    ),
    el(
      "div",
      { class: "packing__stock small" },
      bar,
      el("span", { class: "number" }, said.filter(Boolean).join(" · ")),
    ),
    isOpen
      ? el(
          "div",
          { class: "packing__acts" },
          el(
            "button",
            {
              class: "button button--icon",
              type: "button",
              "data-up": true,
              "aria-label": t("Move %(name)s up", { name }),
              onclick: () => move(card.id, -1),
            },
            icon("back"),
          ),
          el(
            "button",
            {
              class: "button button--icon",
              type: "button",
              "data-down": true,
              "aria-label": t("Move %(name)s down", { name }),
              onclick: () => move(card.id, 1),
            },
            icon("next"),
          ),
          act(t("Price and stock"), () => change(card), { name }),
        )
      : null,
  );
  if (isOpen) setUpDrag(item);
  return item;
}

/**
 * What is left of the lot that a card draws on, or its code alone.
 * @param {Offer} card
 */
function lotOf(card) {
  const balance = balanceOf(card, list.items);
  return balance ? lotWords(balance) : t("Lot %(code)s", { code: card.lot.code });
}

/** @param {NonNullable<Offer["flash"]>} flash */
function flashWords({ state, price, boxes, starts_at: starts }) {
  const values = { n: count(boxes), price: money(price), time: clock(starts) };
  return state === "running"
    ? t("Flash batch running: %(n)s at %(price)s", values)
    : t("Flash batch at %(time)s: %(n)s at %(price)s", values);
}

const ids = () => list.items.map((card) => card.id);

/**
 * Puts the rows in another order at once, and back where the server refuses.
 * @param {string[]} order
 * @param {{ id: string, by: number } | null} [focus]
 */
async function arrange(order, focus = null) {
  const before = list.items;
  list.items = order.flatMap((id) => before.filter((card) => card.id === id));
  list.draw();
  drawEnds();
  if (focus) {
    const row = find(document, `[data-offer="${focus.id}"]`);
    const [wanted, other] = focus.by < 0 ? ["up", "down"] : ["down", "up"];
    const button = find(row, `[data-${wanted}]`, HTMLButtonElement);
    (button.disabled ? find(row, `[data-${other}]`) : button).focus();
    const place = order.indexOf(focus.id) + 1;
    find(document, "[data-moved]").textContent = t("%(name)s is number %(place)s of %(n)s.", {
      name: text(list.items[place - 1].name),
      place,
      n: order.length,
    });
  }
  try {
    await put(`${path}/bag`, { offers: order });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    list.items = before;
    list.draw();
    drawEnds();
    toastProblem(problem);
  }
}

/**
 * @param {string} id
 * @param {number} by
 */
function move(id, by) {
  const order = ids();
  const from = order.indexOf(id);
  const to = from + by;
  if (to < 0 || to >= order.length) return;
  order.splice(to, 0, ...order.splice(from, 1));
  arrange(order, { id, by });
}

function drawEnds() {
  document.querySelector("[data-hint]")?.toggleAttribute("hidden", list.items.length < 2);
  const rows = findAll(document, ".packing");
  rows.forEach((row, index) => {
    const up = findOptional(row, "[data-up]", HTMLButtonElement);
    if (!up) return;
    up.disabled = index === 0;
    find(row, "[data-down]", HTMLButtonElement).disabled = index === rows.length - 1;
  });
}

/** @param {HTMLElement} item */
function setUpDrag(item) {
  item.addEventListener("dragstart", (event) => {
    item.classList.add("is-dragged");
    if (!event.dataTransfer) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", item.dataset.offer ?? "");
  });
  item.addEventListener("dragend", () => {
    item.classList.remove("is-dragged");
    const rows = item.parentElement ? findAll(item.parentElement, ":scope > [data-offer]") : [];
    const order = rows.map((row) => row.dataset.offer ?? "");
    if (order.join() !== ids().join()) arrange(order);
  });
  item.addEventListener("dragover", (event) => {
    event.preventDefault();
    const dragged = item.parentElement?.querySelector(".is-dragged");
    if (!dragged || dragged === item) return;
    const { top, height } = item.getBoundingClientRect();
    item.parentElement?.insertBefore(
      dragged,
      event.clientY < top + height / 2 ? item : item.nextSibling,
    );
  });
}

/** The lots that a product can be sold from: its farm's, the latest first. */
function drawLots() {
  const chosen = products.find(({ id }) => id === product.value);
  const own = lots.filter((each) => each.farm === chosen?.farm);
  choices(
    lotField,
    own.map((each) => [
      each.id,
      `${each.code} · ${text(each.product_name)} · ${t("%(weight)s left", { weight: kilograms(each.left_g ?? each.quantity_g) })}`,
    ]),
  );
  if (own.length === 1) lotField.value = own[0].id;
  const none = adding.part("no-lots");
  none.hidden = !chosen || own.length > 0;
  if (chosen)
    adding.part("harvest", HTMLAnchorElement).href = `/studio/farms/${chosen.farm}/harvest`;
  drawMost();
}

/** How many boxes of the chosen product the chosen lot still gives. */
function drawMost() {
  const chosen = products.find(({ id }) => id === product.value);
  const of = lots.find(({ id }) => id === lotField.value);
  const most = chosen && of ? Math.floor((of.left_g ?? of.quantity_g) / chosen.net_weight_g) : null;
  adding.part("lot-gives").textContent =
    most === null ? "" : t("The lot has enough for %(n)s in all.", { n: count(most) });
}

async function add() {
  try {
    const [found, kept] = await Promise.all([getAll("/api/v1/products"), getAll("/api/v1/lots")]);
    products = found.products.filter((/** @type {Product} */ { archived }) => !archived);
    lots = kept.lots;
  } catch (problem) {
    toastProblem(problem);
    return;
  }
  choices(
    product,
    products.map(({ id, name }) => [id, text(name)]),
  );
  adding.part("no-products").hidden = products.length > 0;
  drawLots();
  adding.open({
    values: { released: 20 },
    job: async (body) => {
      const made = await post(`${path}/offers`, body);
      await list.reload();
      drawEnds();
      toast(t("%(name)s is in the bag.", { name: text(made.name) }));
    },
  });
}

/** @param {Offer} card */
function change(card) {
  const more = releasable(card, list.items);
  changing.part("lot-gives").textContent =
    more === null
      ? ""
      : t("The lot has enough for %(n)s in all.", { n: count(card.released + more) });
  changing.open({
    title: text(card.name),
    values: {
      price: card.price,
      list_price: card.list_price ?? { ...card.price, amount: null },
      released: card.released,
    },
    job: async ({ price, list_price: listed, released }) => {
      /**
       * @param {string} type
       * @param {object} fields
       */
      const send = (type, fields) => channel.ask({ type, offer: card.id, ...fields });
      /** @type {{ price?: object, list_price?: object | null }} */
      const changed = {};
      if (price.amount !== card.price.amount) changed.price = price;
      if (listed?.amount !== card.list_price?.amount) changed.list_price = listed;
      if (Object.keys(changed).length) await send("offer.change", changed);
      const more = released - card.released;
      if (more) await send("offer.release", { quantity: more });
      await list.reload();
      drawEnds();
      toast(t("Saved."));
    },
  });
}

product.addEventListener("change", drawLots);
lotField.addEventListener("change", drawMost);
for (const button of document.querySelectorAll("[data-add]")) button.addEventListener("click", add);
showSignedOut(channel);
list.reload().then(drawEnds);
