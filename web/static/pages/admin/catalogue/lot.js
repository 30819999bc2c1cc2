// A stopped lot: lifting it and taking that back, and who has it, what has left first, with what can be
// done: calling off and giving money back.

import { Problem } from "../../../lib/channel/api.js";
import { el, find, findAll, say, valueIn } from "../../../lib/ui/dom.js";
import { clock, count, money } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, page, t } from "../../../lib/words.js";
import { newKey } from "../../../lib/channel/pending-requests.js";
import { get, post } from "../../../lib/channel/staff-api.js";
import { spoken } from "../../../lib/format/staff-sentences.js";
import { amountPayable, payment, stateKind, stateWords } from "../../../lib/orders/order-states.js";
import { act, badge, RemoteList, row } from "../../../lib/ui/remote-list.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";

/** @typedef {import("../../../lib/state/api").LotOrder} LotOrder */
/** @typedef {import("../../../lib/state/api").LotHold} LotHold */

const AT_ONCE = 200; // orders in one move

const { lot } = page.data;
const path = `/api/v1/lots/${lot}`;
const cancelling = new FormSheet("cancel-sheet");
// A coordinator's.
const takingBack = document.getElementById("back-sheet") && new FormSheet("back-sheet");
const refunding = new FormSheet("refund-sheet");
const callOff = find(document, "[data-call-off]");
const more = find(document, "[data-more]");
/** @type {string | null | undefined} */
let next = null;
/** @type {RemoteList<LotOrder>} */
const list = new RemoteList("lot-orders", load, draw);

/** The first page, and after it as many as were looked at. */
async function load() {
  const wanted = Math.max(1, list?.items.length ?? 0);
  /** @type {LotOrder[]} */
  const found = [];
  /** @type {string | null | undefined} */
  let cursor = "";
  do {
    /** @type {import("../../../lib/state/api").LotOrders} */
    const read = await get(`${path}/orders?limit=200${cursor && `&cursor=${cursor}`}`);
    found.push(...read.orders);
    if (!cursor) drawHolds(read.holds);
    cursor = read.next;
    next = cursor;
  } while (cursor && found.length < wanted);
  more.hidden = !next;
  return found;
}

/** @param {LotOrder} order */
function draw(order) {
  const { buyer, number } = order;
  const left = ["shipped", "received"].includes(order.state);
  return row({
    title: buyer ? `${number} · ${buyer.name}` : number,
    badges: [
      badge(stateWords(order.state), left ? "red" : stateKind(order.state)),
      badge(payment(order)),
    ],
    lines: [
      buyer
        ? el("a", { class: "link number", href: `tel:${buyer.phone}` }, buyer.phone)
        : t("Buyer's details removed"),
      [
        n("%(n)s box of this lot", "%(n)s boxes of this lot", order.boxes, {
          n: count(order.boxes),
        }),
        money(amountPayable(order)),
      ].join(" · "),
    ],
    acts: [
      order.deeds.includes("cancel")
        ? act(t("Cancel orders…"), () => cancel([order]), { name: number, danger: true })
        : null,
      order.deeds.includes("refund")
        ? act(t("Refund…"), () => refund(order), { name: number })
        : null,
      el(
        "a",
        { class: "button button--small button--quiet", href: `/studio/${order.broadcast}/orders` },
        t("Its broadcast's orders"),
      ),
    ].filter((each) => each !== null),
    dim: order.state === "cancelled",
  });
}

/** @param {LotHold[]} holds */
function drawHolds(holds) {
  find(document, "[data-holds]").hidden = holds.length === 0;
  find(document, "[data-holds-list]").replaceChildren(
    ...holds.map(({ boxes, until }) =>
      el(
        "li",
        { class: "card" },
        t("%(n)s held until %(time)s", { n: count(boxes), time: clock(Date.parse(until)) }),
      ),
    ),
  );
}

async function reload() {
  await list.reload();
  callOff.hidden = !page.data.stopped || !list.items.some(({ deeds }) => deeds.includes("cancel"));
}

/**
 * Calls these orders off, each broadcast's together; says which could not be.
 * @param {LotOrder[]} orders
 */
function cancel(orders) {
  const words = n(
    "%(n)s order will be cancelled, and its buyer gets a message.",
    "%(n)s orders will be cancelled, and their buyers get a message.",
    orders.length,
    { n: count(orders.length) },
  );
  say(cancelling.part("what"), words);
  cancelling.open({
    title:
      orders.length === 1
        ? t("Cancel %(number)s", { number: orders[0].number })
        : t("Cancel the order"),
    values: {},
    job: async ({ reason }) => {
      const refused = [];
      for (const broadcast of new Set(orders.map((order) => order.broadcast))) {
        const ids = orders.filter((order) => order.broadcast === broadcast).map(({ id }) => id);
        for (let first = 0; first < ids.length; first += AT_ONCE) {
          const body = { orders: ids.slice(first, first + AT_ONCE), state: "cancelled", reason };
          const done = await post(`/api/v1/broadcasts/${broadcast}/orders/bulk-transitions`, body, {
            "idempotency-key": newKey(),
          });
          refused.push(...done.refused);
        }
      }
      await reload();
      if (refused.length === 0) toast(t("Cancelled."));
      else
        toast(
          n(
            "%(n)s order couldn't be cancelled. Check it again.",
            "%(n)s orders couldn't be cancelled. Check them again.",
            refused.length,
            { n: count(refused.length) },
          ),
          { danger: true },
        );
    },
  });
}

/** @param {LotOrder} order */
function refund(order) {
  const left = { ...order.total, amount: order.total.amount - order.refunded.amount };
  say(
    refunding.part("what"),
    t("%(number)s: %(sum)s at most.", { number: order.number, sum: money(left) }),
  );
  refunding.open({
    title: t("Refund"),
    values: { amount: left },
    job: async (body) => {
      await post(`/api/v1/broadcasts/${order.broadcast}/orders/${order.id}/refunds`, body, {
        "idempotency-key": newKey(),
      });
      await reload();
      toast(t("Saved."));
    },
  });
}

callOff.addEventListener("click", () =>
  cancel(list.items.filter(({ deeds }) => deeds.includes("cancel"))),
);
more.addEventListener("click", async () => {
  try {
    const read = await get(`${path}/orders?limit=200&cursor=${next}`);
    next = read.next;
    list.items.push(...read.orders);
    list.draw();
    more.hidden = !next;
  } catch (problem) {
    toastProblem(problem);
  }
});

// A coordinator's, while it is stopped.
const [form] = findAll(document, "[data-lift]", HTMLFormElement);
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = find(form, "[data-problem]");
  const findings = findAll(form, "[name=findings]:checked", HTMLInputElement).map(
    ({ value }) => value,
  );
  const sentence = valueIn(form, "sentence").trim();
  told.hidden = findings.length > 0 && sentence.length >= 4;
  if (findings.length === 0) say(told, t("Tick what this lifts."));
  else if (sentence.length < 4) say(told, t("Enter a sentence that everyone can read."));
  if (!told.hidden) return;
  const button = find(form, "[type=submit]", HTMLButtonElement);
  button.disabled = true;
  try {
    await post(`${path}/lifts`, { findings, sentence });
    location.reload();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    button.disabled = false;
    say(told, spoken(problem));
    told.hidden = false;
  }
});

/** Asks once before a lift is taken back, since that stops its lot again. */
for (const button of findAll(document, "[data-take-back]")) {
  button.addEventListener("click", () => {
    const { takeBack: lift, sentence = "" } = button.dataset;
    if (!takingBack) return;
    say(takingBack.part("what"), sentence);
    takingBack.open({
      job: async (body) => {
        await post(`${path}/lifts/${lift}/withdrawal`, body);
        location.reload();
      },
    });
  });
}
reload();
