// Handing orders over: by their buyers' codes, or without one where the buyer is known. What was pressed
// is kept in this tab until the server has answered it, over a lost connection and a reload, each order
// for itself: it is sent again with its key, and so happens once. It can be taken back.

import { Backoff } from "../../lib/channel/retry.js";
import { Problem } from "../../lib/channel/api.js";
import { isUnknown } from "../../lib/format/problems.js";
import { newKey } from "../../lib/channel/pending-requests.js";
import { amountPayable, isDue } from "../../lib/orders/order-states.js";
import { post, remove } from "../../lib/channel/staff-api.js";
import { page } from "../../lib/words.js";

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */
/** @typedef {{ code?: string, centre?: string, phone?: string }} Said what the buyer said */
/** @typedef {Said | { known_by: string }} Known */

/**
 * What is done with an order: handed over, with `by`, `key` and `taken`, or a move taken back, `undo`.
 * @typedef {object} Deed
 * @property {string} order
 * @property {string} broadcast
 * @property {string} number
 * @property {string | null} [account] who pressed it
 * @property {Known} [by]
 * @property {string} [key]
 * @property {import("../../lib/state/api").Money | null} [taken]
 * @property {string} [undo]
 * @property {boolean} [isLost]
 * @property {boolean} [isSentAgain]
 */

/** @typedef {{ deed: Deed, order: Order, move: string | null, until: number | null }} Given */

const PLACE = "farmlive.handing";

/**
 * The order that waits under what was said, {code, centre?, phone?}.
 * @param {Said} said
 */
export const findOrder = (said) => post("/api/v1/handovers/by-code", said);

/**
 * Whether it is not known what became of it. One that was sent before may have been done, whatever
 * keeps it from being answered now.
 * @param {Problem} problem
 * @param {Deed} deed
 */
const isLost = (problem, { isSentAgain }) =>
  isUnknown(problem) || (isSentAgain && problem.status === 429);

export class PickupQueue extends EventTarget {
  /**
   * A deed is {order, broadcast, number} with {by, key, taken} where it hands over, and with {undo} where
   * it takes back a move. Of the buyer there is no more in it than what was said: the code.
   *
   * Events: `given` with {deed, order, move, until}, where `move` is what can be taken back, null where
   * someone else did it meanwhile, and `until` when, in milliseconds; `back` with {deed}; `refused` with
   * {deed, problem}; `change` whenever what waits for its answer has changed.
   */
  constructor() {
    super();
    const all = recall();
    const kept = all.filter(isOwn);
    /** @type {Deed[]} what someone else pressed who was signed in here before: it is not sent under this name */
    this.foreign = all.filter((deed) => !isOwn(deed));
    this._deeds = new Map(kept.map((deed) => [deed.order, deed]));
    if (this.foreign.length) this._keep();
    addEventListener("beforeunload", (event) => {
      if (this._deeds.size) event.preventDefault();
    });
    for (const deed of kept) this._send({ ...deed, isSentAgain: true });
  }

  /**
   * What is not answered yet of this order.
   * @param {string} order
   */
  of(order) {
    return this._deeds.get(order);
  }

  /** What got no answer when it was sent, and is sent again. */
  get lost() {
    return [...this._deeds.values()].filter((deed) => deed.isLost);
  }

  /**
   * Hands it over: `said` is its code, or how the buyer is known.
   * @param {Order} order
   * @param {Known} said
   */
  give(order, said) {
    this._begin({
      ...whose(order),
      by: said,
      key: newKey(),
      taken: isDue(order) ? amountPayable(order) : null,
    });
  }

  /**
   * Takes it back: the buyer has not got it, and has not paid.
   * @param {Order} order
   * @param {string} move
   */
  takeBack(order, move) {
    this._begin({ ...whose(order), undo: move });
  }

  /** @param {Deed} deed */
  _begin(deed) {
    if (this._deeds.has(deed.order)) return;
    this._send({ ...deed, account: page.account ?? null });
  }

  /**
   * @param {Deed} deed
   * @returns {Promise<void>}
   */
  async _send(deed) {
    this._deeds.set(deed.order, deed);
    this._keep();
    const pauses = new Backoff();
    for (;;) {
      try {
        return this._over(deed, deed.undo ? "back" : "given", await ask(deed));
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        // Whoever was signed out signs in and comes back here; it goes on then.
        if (problem.status === 401) return;
        if (!isLost(problem, deed)) return this._over(deed, "refused", { problem });
        deed.isLost = true;
        deed.isSentAgain = true;
        this._tell("change");
        await pauses.pause(problem.retryAfter * 1_000);
      }
    }
  }

  /**
   * An answer, whatever it says, ends it.
   * @param {Deed} deed
   * @param {string} kind
   * @param {object} answer
   */
  _over(deed, kind, answer) {
    this._deeds.delete(deed.order);
    this._keep();
    this._tell(kind, { deed, ...answer });
  }

  _keep() {
    const kept = [...this._deeds.values()].map(({ isLost: _, isSentAgain: __, ...deed }) => deed);
    try {
      if (kept.length) sessionStorage.setItem(PLACE, JSON.stringify(kept));
      else sessionStorage.removeItem(PLACE);
    } catch {
      // A browser that keeps nothing: they live as long as the page.
    }
    this._tell("change");
  }

  /**
   * @param {string} kind
   * @param {object} [detail]
   */
  _tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

/** @param {Deed} deed */
const isOwn = ({ account }) => (account ?? null) === (page.account ?? null);

/** @param {Order} order */
const whose = ({ id, broadcast, number }) => ({ order: id, broadcast, number });

/** @param {Deed} deed */
async function ask({ order, broadcast, by, key, undo }) {
  if (!undo) {
    const { id, ...given } = await post(
      "/api/v1/handovers",
      { order, ...by },
      { "idempotency-key": key ?? "" },
    );
    return { ...given, move: id, until: given.until && Date.parse(given.until) };
  }
  const { refused } = await remove(
    `/api/v1/broadcasts/${broadcast}/orders/bulk-transitions/${undo}`,
  );
  if (refused.length) throw new Problem(refused[0].problem);
  return {};
}

/** @returns {Deed[]} */
function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
  } catch {
    return [];
  }
}
