// Moving orders on, many by one press, refunding one, and undoing it. What was pressed is kept in this tab until
// the server has answered it, over a lost connection and a reload: it is sent again with its key,
// and so happens once.

import { Backoff } from "../channel/retry.js";
import { Problem } from "../channel/api.js";
import { isUnknown } from "../format/problems.js";
import { newKey } from "../channel/pending-requests.js";
import { post, remove } from "../channel/staff-api.js";

const AT_ONCE = 200;

/** Whether it is not known what became of it, or it may work in a moment. */
const isLost = (problem) => isUnknown(problem) || problem.status === 429;

export class Transitions extends EventTarget {
  #orders;
  #path;
  #place;
  #queue;
  #isSending = false;
  #batches = new Map();
  #asked = new Map();
  #pauses = new Backoff();

  /**
   * Events: `moved` with {body, moved, refused, undo}, where `undo()` takes all of it back, or is null;
   * `undone` with {moved, refused}; `failed` with {problem, orders, body}; `queue` whenever what waits
   * has changed.
   */
  constructor(path) {
    super();
    this.#orders = path;
    this.#path = `${path}/bulk-transitions`;
    this.#place = `farmlive.moves.${path}`;
    this.#queue = recall(this.#place);
    this.isOffline = false;
    addEventListener("beforeunload", (event) => {
      if (this.#queue.length) event.preventDefault();
    });
    if (this.#queue.length) this.#send();
  }

  /** The orders whose move is not answered yet. */
  get waiting() {
    return new Set(this.#queue.flatMap(({ orders }) => orders));
  }

  /** Moves these orders: `body` is {state, reason?} or {payment}. One whose same move waits already is not moved twice. */
  make(orders, body) {
    const said = JSON.stringify(body);
    const moving = new Set(this.#queue.filter((part) => JSON.stringify(part.body) === said).flatMap((part) => part.orders));
    const rest = orders.filter((id) => !moving.has(id));
    const batch = newKey();
    for (let start = 0; start < rest.length; start += AT_ONCE) {
      this.#queue.push({ batch, key: newKey(), orders: rest.slice(start, start + AT_ONCE), body });
    }
    this.#send();
  }

  /**
   * Keeps that so much of an order was given back, or taken off: `refund` is {amount, reason, lines?, offer?}.
   * Resolves once it is done, or its answer is lost: then it is asked for again and again, and told like
   * a move. Rejects with the Problem that refuses it.
   */
  refund(order, refund) {
    const batch = newKey();
    return new Promise((resolve, reject) => {
      this.#asked.set(batch, { resolve, reject });
      this.#queue.push({ batch, key: newKey(), orders: [order], body: { refund } });
      this.#send();
    });
  }

  /** Tells of what was done to an order by another way, and is undone as a move. */
  tell(body, { refund: move, ...order }) {
    const undo = move ? () => this.#undo([{ move, orders: [order.id] }]) : null;
    this.dispatchEvent(new CustomEvent("moved", { detail: { body, moved: [order], refused: [], undo } }));
  }

  /** Takes moves back, the last one first. */
  #undo(moves) {
    const batch = newKey();
    for (const { move, orders } of [...moves].reverse()) this.#queue.push({ batch, undo: move, orders });
    this.#send();
  }

  async #send() {
    this.#keep();
    if (this.#isSending) return;
    this.#isSending = true;
    this.#pauses.reset();
    while (this.#queue.length) {
      const [first] = this.#queue;
      try {
        this.#over(first, await this.#ask(first));
        this.#pauses.reset();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        // Whoever was signed out signs in and comes back here; it goes on then.
        if (problem.status === 401) break;
        if (isLost(problem)) {
          for (const { batch } of this.#queue) this.#asked.get(batch)?.resolve();
          this.#asked.clear();
          this.#say(true);
          await this.#pauses.pause(problem.retryAfter * 1_000);
          continue;
        }
        this.#over(first, { moved: [], refused: [], problem });
      }
      this.#say(false);
    }
    this.#isSending = false;
  }

  /** Asks for a part, as {id, moved, refused}. */
  async #ask({ undo, orders, body, key }) {
    if (undo) return remove(`${this.#path}/${undo}`);
    const once = { "idempotency-key": key };
    if (!body.refund) return post(this.#path, { ...body, orders }, once);
    const { refund, ...order } = await post(`${this.#orders}/${orders[0]}/refunds`, body.refund, once);
    return { id: refund, moved: [order], refused: [] };
  }

  /** An answer, whatever it says, ends its part; the last part of a batch tells of all. */
  #over(part, { id: move, moved, refused, problem }) {
    this.#queue.shift();
    this.#keep();
    const asked = this.#asked.get(part.batch);
    this.#asked.delete(part.batch);
    if (asked && problem) return asked.reject(problem);
    asked?.resolve();
    const sum = this.#batches.get(part.batch) ?? { body: part.body, moved: [], refused: [], moves: [] };
    sum.moved.push(...moved);
    sum.refused.push(...refused);
    if (move && moved.length) sum.moves.push({ move, orders: moved.map(({ id }) => id) });
    this.#batches.set(part.batch, sum);
    if (problem) this.dispatchEvent(new CustomEvent("failed", { detail: { problem, orders: part.orders, body: part.body } }));
    if (this.#queue.some(({ batch }) => batch === part.batch)) return;
    this.#batches.delete(part.batch);
    if (problem && !sum.moved.length && !sum.refused.length) return;
    const detail = { ...sum, undo: sum.moves.length ? () => this.#undo(sum.moves) : null };
    this.dispatchEvent(new CustomEvent(part.undo ? "undone" : "moved", { detail }));
  }

  #say(isOffline) {
    this.isOffline = isOffline;
    this.#tell();
  }

  #keep() {
    try {
      if (this.#queue.length) sessionStorage.setItem(this.#place, JSON.stringify(this.#queue));
      else sessionStorage.removeItem(this.#place);
    } catch {
      // A browser that keeps nothing: the moves live as long as the page.
    }
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("queue"));
  }
}

function recall(place) {
  try {
    return JSON.parse(sessionStorage.getItem(place)) ?? [];
  } catch {
    return [];
  }
}
