// A list that a keeping page loads from the API: skeleton, failure with another try, the empty state
// that leads on, and rows. What a row shows is the page's part.

import { el, find, icon } from "./dom.js";
/** @typedef {import("./dom.js").Child} Child */

import { Problem } from "../channel/api.js";
import { spoken } from "../format/staff-sentences.js";

/** @template {object} T */
export class RemoteList {
  /**
   * `load()` resolves to the items; `row(item)` makes the element of one.
   * @param {string} name
   * @param {() => Promise<T[]>} load
   * @param {(item: T) => HTMLElement} row
   */
  constructor(name, load, row) {
    /** @type {T[]} */
    this.items = [];
    this._root = find(document, `[data-list="${name}"]`);
    this._load = load;
    this._row = row;
    /** @type {Promise<unknown>} the load that is under way, or was */
    this._current = Promise.resolve();
    /** @type {Promise<T[]> | null} the one that waits for it */
    this._next = null;
    this._part("again").addEventListener("click", () => this.reload());
  }

  /**
   * Load it anew. One load comes after the other, so that what is shown is what was asked for last.
   * @returns {Promise<T[]>}
   */
  reload() {
    this._next =
      this._next ??
      this._current.then(() => {
        this._next = null;
        const loading = this._reload();
        this._current = loading.catch(() => {});
        return loading;
      });
    return this._next;
  }

  async _reload() {
    try {
      this.items = await this._load();
      this._part("failed").hidden = true;
      this.draw();
    } catch (problem) {
      const isRefused = problem instanceof Problem;
      this._part("failed-words").textContent = spoken(isRefused ? problem : new Problem({}));
      this._part("failed").hidden = false;
      if (!this.items.length) this._part("items").hidden = true;
      // A fault of ours, not the server's word.
      if (!isRefused) throw problem;
    } finally {
      this._part("loading").hidden = true;
      this._root.removeAttribute("aria-busy");
    }
    return this.items;
  }

  draw() {
    this._part("empty").hidden = this.items.length > 0;
    this._part("items").hidden = this.items.length === 0;
    this._part("items").replaceChildren(...this.items.map((item) => this._row(item)));
  }

  /** @param {string} name */
  _part(name) {
    return find(this._root, `[data-${name}]`);
  }
}

/**
 * The usual row: a picture or an icon, a title with badges, lines of facts, and acts at its end.
 * `onOpen` makes the title a button that opens what is behind; `href` makes it a link.
 * @param {{ picture?: Node, title: string, badges?: Child[], lines?: Child[], acts?: Child[],
 * href?: string, onOpen?: () => void, dim?: boolean }} parts
 */
export function row({
  picture,
  title,
  badges = [],
  lines = [],
  acts = [],
  href,
  onOpen,
  dim = false,
}) {
  const name = href
    ? el("a", { class: "keep-row__title", href }, title)
    : onOpen
      ? el("button", { class: "keep-row__title", type: "button", onclick: onOpen }, title)
      : el("strong", { class: "keep-row__title" }, title);
  return el(
    "li",
    { class: dim ? "keep-row is-dim" : "keep-row" },
    picture ?? null,
    el(
      "div",
      { class: "keep-row__words" },
      el("div", { class: "keep-row__head" }, name, ...badges),
      ...lines.filter(Boolean).map((line) => el("p", { class: "keep-row__line" }, line)),
    ),
    acts.length ? el("div", { class: "keep-row__acts" }, ...acts) : null,
  );
}

/**
 * A button of a row; `name` says for readers what it belongs to.
 * @param {string} words
 * @param {(event: MouseEvent) => void} onclick
 * @param {{ name?: string, primary?: boolean, danger?: boolean }} [options]
 */
export function act(words, onclick, { name, primary = false, danger = false } = {}) {
  const kind = primary ? " button--primary" : danger ? " button--danger" : "";
  return el(
    "button",
    {
      class: `button button--small${kind}`,
      type: "button",
      onclick,
      "aria-label": name ? `${words}: ${name}` : null,
    },
    words,
  );
}

/**
 * A row's icon, where it has no picture.
 * @param {string} name
 */
export const sign = (name) => el("span", { class: "keep-row__sign" }, icon(name));

/** @param {string} words */
export const badge = (words, kind = "") =>
  el("span", { class: kind ? `badge badge--${kind}` : "badge" }, words);
