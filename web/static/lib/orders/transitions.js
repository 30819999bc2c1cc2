// Moving orders on, many by one press, refunding one, and undoing it. What was pressed is kept in this tab until
// the server has answered it, over a lost connection and a reload: it is sent again with its key,
// and so happens once.

import { Backoff } from "../channel/retry.js";
import { Problem } from "../channel/api.js";
import { isUnknown } from "../format/problems.js";
import { newKey } from "../channel/pending-requests.js";
import { post, remove } from "../channel/staff-api.js";
import { page } from "../words.js";

const AT_ONCE = 200;

/**
 * Whether it is not known what became of it, or it may work in a moment.
 * @param {Problem} problem
 */
const isLost = (problem) => isUnknown(problem) || problem.status === 429;

/** @typedef {import("./order-states.js").Order} Order */
/** @typedef {import("../channel/api.js").ProblemBody} ProblemBody */

/**
 * What is done with orders: another state, a payment, or a refund of one.
 * @typedef {object} Move
 * @property {string} [state]
 * @property {string} [payment]
 * @property {string} [reason]
 * @property {string} [known_by]
 * @property {RefundAsked} [refund]
 */

/** @typedef {{ amount: import("../state/api").Money, reason?: string } & Record<string, any>} RefundAsked */

/** @typedef {{ order: string, problem: ProblemBody }} Refused an order that stayed as it was */

/** @typedef {{ move: string, orders: string[] }} Made */

/**
 * Up to 200 orders that one request moves, or whose move it takes back.
 * @typedef {object} Part
 * @property {string} batch
 * @property {string[]} orders
 * @property {string} [key]
 * @property {Move} [body]
 * @property {string} [undo] the move that is taken back
 * @property {string | null} [account] who pressed it
 * @property {string[]} [numbers] of the orders
 */

/** @typedef {{ id?: string, moved: Order[], refused: Refused[], problem?: Problem }} Answer */

/**
 * What `moved` and `undone` tell; `undo` takes all of it back.
 * @typedef {{ body: Move, moved: Order[], refused: Refused[], undo: (() => void) | null }} Moved
 */

/** @typedef {{ problem: Problem, orders: string[], body?: Move }} Failed */

export class Transitions extends EventTarget {
  /**
   * Events: `moved` with {body, moved, refused, undo}, where `undo()` takes all of it back, or is null;
   * `undone` with {moved, refused}; `failed` with {problem, orders, body}; `queue` whenever what waits
   * has changed.
   * @param {string} path of the orders in the API
   * @param {(order: string) => string | undefined} [numberOf] the number that people know an order by
   */
  constructor(path, numberOf = () => undefined) {
    super();
    this._isSending = false;
    /** @type {Map<string, { body?: Move, moved: Order[], refused: Refused[], moves: Made[] }>} */
    this._batches = new Map();
    /** @type {Map<string, { resolve: () => void, reject: (problem: Problem) => void }>} */
    this._asked = new Map();
    this._pauses = new Backoff();
    this._orders = path;
    this._path = `${path}/bulk-transitions`;
    this._place = `farmlive.moves.${path}`;
    this._numberOf = numberOf;
    const kept = recall(this._place);
    this._queue = kept.filter(isOwn);
    /** @type {Part[]} what someone else pressed who was signed in here before: it is not sent under this name */
    this.foreign = kept.filter((part) => !isOwn(part));
    if (this.foreign.length) this._keep();
    this.isOffline = false;
    addEventListener("beforeunload", (event) => {
      if (this._queue.length) event.preventDefault();
    });
    if (this._queue.length) this._send();
  }

  /** The orders whose move is not answered yet. */
  get waiting() {
    return new Set(this._queue.flatMap(({ orders }) => orders));
  }

  /**
   * Moves these orders: `body` is {state, reason?} or {payment}. One whose same move waits already is not moved twice.
   * @param {string[]} orders
   * @param {Move} body
   */
  make(orders, body) {
    const said = JSON.stringify(body);
    const moving = new Set(
      this._queue
        .filter((part) => JSON.stringify(part.body) === said)
        .flatMap((part) => part.orders),
    );
    const rest = orders.filter((id) => !moving.has(id));
    const batch = newKey();
    for (let start = 0; start < rest.length; start += AT_ONCE) {
      this._put({ batch, key: newKey(), orders: rest.slice(start, start + AT_ONCE), body });
    }
    this._send();
  }

  /**
   * Keeps that so much of an order was given back, or taken off: `refund` is {amount, reason, lines?, offer?}.
   * Resolves once it is done, or its answer is lost: then it is asked for again and again, and told like
   * a move. Rejects with the Problem that refuses it.
   * @param {string} order
   * @param {RefundAsked} refund
   * @returns {Promise<void>}
   */
  refund(order, refund) {
    const batch = newKey();
    return new Promise((resolve, reject) => {
      this._asked.set(batch, { resolve, reject });
      this._put({ batch, key: newKey(), orders: [order], body: { refund } });
      this._send();
    });
  }

  /**
   * Tells of what was done to an order by another way, and is undone as a move.
   * @param {Move} body
   * @param {Order & { refund?: string }} order
   */
  tell(body, { refund: move, ...order }) {
    const undo = move ? () => this._undo([{ move, orders: [order.id] }]) : null;
    this.dispatchEvent(
      new CustomEvent("moved", { detail: { body, moved: [order], refused: [], undo } }),
    );
  }

  /**
   * Takes moves back, the last one first.
   * @param {Made[]} moves
   */
  _undo(moves) {
    const batch = newKey();
    for (const { move, orders } of [...moves].reverse()) this._put({ batch, undo: move, orders });
    this._send();
  }

  /** @param {Part} part */
  _put(part) {
    const numbers = part.orders.map((order) => this._numberOf(order) ?? "").filter(Boolean);
    this._queue.push({ ...part, numbers, account: page.account ?? null });
  }

  async _send() {
    this._keep();
    if (this._isSending) return;
    this._isSending = true;
    try {
      await this._sendAll();
    } finally {
      this._isSending = false;
    }
  }

  async _sendAll() {
    this._pauses.reset();
    while (this._queue.length) {
      const [first] = this._queue;
      try {
        this._over(first, await this._ask(first));
        this._pauses.reset();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        // Whoever was signed out signs in and comes back here; it goes on then.
        if (problem.status === 401) break;
        if (isLost(problem)) {
          for (const { batch } of this._queue) this._asked.get(batch)?.resolve();
          this._asked.clear();
          this._say(true);
          await this._pauses.pause(problem.retryAfter * 1_000);
          continue;
        }
        this._over(first, { moved: [], refused: [], problem });
      }
      this._say(false);
    }
  }

  /**
   * Asks for a part, as {id, moved, refused}.
   * @param {Part} part
   * @returns {Promise<Answer>}
   */
  async _ask({ undo, orders, body, key }) {
    if (undo) return remove(`${this._path}/${undo}`);
    const once = { "idempotency-key": key ?? "" };
    if (!body?.refund) return post(this._path, { ...body, orders }, once);
    const { refund, ...order } = await post(
      `${this._orders}/${orders[0]}/refunds`,
      body.refund,
      once,
    );
    return { id: refund, moved: [order], refused: [] };
  }

  /**
   * An answer, whatever it says, ends its part; the last part of a batch tells of all.
   * @param {Part} part
   * @param {Answer} answer
   */
  _over(part, { id: move, moved, refused, problem }) {
    this._queue.shift();
    this._keep();
    const asked = this._asked.get(part.batch);
    this._asked.delete(part.batch);
    if (asked && problem) return asked.reject(problem);
    asked?.resolve();
    const sum = this._batches.get(part.batch) ?? {
      body: part.body,
      moved: [],
      refused: [],
      moves: [],
    };
    sum.moved.push(...moved);
    sum.refused.push(...refused);
    if (move && moved.length) sum.moves.push({ move, orders: moved.map(({ id }) => id) });
    this._batches.set(part.batch, sum);
    if (problem)
      this.dispatchEvent(
        new CustomEvent("failed", { detail: { problem, orders: part.orders, body: part.body } }),
      );
    if (this._queue.some(({ batch }) => batch === part.batch)) return;
    this._batches.delete(part.batch);
    if (problem && !sum.moved.length && !sum.refused.length) return;
    const detail = { ...sum, undo: sum.moves.length ? () => this._undo(sum.moves) : null };
    this.dispatchEvent(new CustomEvent(part.undo ? "undone" : "moved", { detail }));
  }

  /** @param {boolean} isOffline */
  _say(isOffline) {
    this.isOffline = isOffline;
    this._tell();
  }

  _keep() {
    try {
      if (this._queue.length) sessionStorage.setItem(this._place, JSON.stringify(this._queue));
      else sessionStorage.removeItem(this._place);
    } catch {
      // A browser that keeps nothing: the moves live as long as the page.
    }
    this._tell();
  }

  _tell() {
    this.dispatchEvent(new Event("queue"));
  }
}

/** @param {Part} part */
const isOwn = ({ account }) => (account ?? null) === (page.account ?? null);

/**
 * @param {string} place
 * @returns {Part[]}
 */
function recall(place) {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? "[]");
  } catch {
    return [];
  }
}
