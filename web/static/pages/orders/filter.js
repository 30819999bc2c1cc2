// What one looks for: the fields above the list, how many orders stand in each state, and the choice
// kept in the page's address, but for what was typed, which may be a name.

import { field, find, findAll, labelOf, say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { text } from "../../lib/words.js";
import { matches, isToLookAt, openClaim, SETS } from "../../lib/orders/match.js";

const KEPT = ["state", "way", "centre", "payment", "flagged", "claimed"];

/** @typedef {import("../../lib/orders/order-states.js").Order} Order */

export class Filter extends EventTarget {
  /**
   * Event `change` when one looks for something else.
   * @param {HTMLFormElement} form
   */
  constructor(form) {
    super();
    this._centres = "";
    this._form = form;
    this._recall();
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      this._keep();
      this.dispatchEvent(new Event("change"));
    });
    // On a phone the list comes first; what is chosen in the fields stays in sight.
    const more = this._more();
    more.addEventListener("click", () =>
      this._unfold(more.getAttribute("aria-expanded") !== "true"),
    );
    const { way, centre, payment } = this.wanted;
    this._unfold(Boolean(way || centre || payment));
  }

  /**
   * What is chosen: find, state, way, centre, payment, flagged, claimed.
   * @returns {{ find: string, way: string, centre: string, payment: string } & Record<string, string>}
   */
  get wanted() {
    const none = { find: "", way: "", centre: "", payment: "" };
    /** @type {Record<string, string>} */
    const chosen = {};
    for (const [name, value] of new FormData(this._form)) chosen[name] = String(value);
    return { ...none, ...chosen };
  }

  _more() {
    return find(this._form, "[data-more-fields]");
  }

  /** How the choice is written in the address of a file; null where something is looked for by a word. */
  get address() {
    const { find: typed, state, ...said } = this.wanted;
    if (typed.trim()) return null;
    if (state !== "all") said.state = state;
    return new URLSearchParams(Object.entries(said).filter(([, value]) => value)).toString();
  }

  focus() {
    field(this._form, "find").focus();
  }

  /**
   * Those that fit, in their order, with those of `touched`; draws how many stand in each state.
   * @param {Order[]} orders
   * @param {Set<string>} touched
   */
  among(orders, touched) {
    this._drawCentres(orders);
    const wanted = this.wanted;
    const { flagged, claimed } = wanted;
    const marked = { flagged: Boolean(flagged), claimed: Boolean(claimed) };
    const fitting = orders.filter((order) => matches(order, { ...wanted, ...marked }));
    this._drawCounts(fitting);
    this._drawMarks(orders);
    const isIn = SETS[wanted.state] ?? SETS.open;
    // Whoever looks for a name finds it in whatever state it is.
    return fitting.filter((order) => isIn(order) || touched.has(order.id) || wanted.find.trim());
  }

  /** @param {boolean} isOpen */
  _unfold(isOpen) {
    this._more().setAttribute("aria-expanded", String(isOpen));
    this._form.classList.toggle("is-unfolded", isOpen);
  }

  /** @param {Order[]} fitting */
  _drawCounts(fitting) {
    for (const place of findAll(this._form, "[data-count]")) {
      const found = fitting.filter(SETS[place.dataset.count ?? ""]).length;
      say(place, found ? count(found) : "");
    }
  }

  /**
   * The choices of what is to be looked at are there while there is any.
   * @param {Order[]} orders
   */
  _drawMarks(orders) {
    const marks = {
      flagged: orders.filter(isToLookAt).length,
      claimed: orders.filter(openClaim).length,
    };
    for (const [name, found] of Object.entries(marks)) {
      const box = this._form.elements.namedItem(name);
      if (!(box instanceof HTMLInputElement)) continue;
      const label = labelOf(box);
      label.hidden = !found && !box.checked;
      const group = label.parentElement;
      if (group) group.hidden = findAll(group, ":scope > *").every(({ hidden }) => hidden);
      say(find(label, "[data-marked]"), found ? count(found) : "");
    }
  }

  /** @param {Order[]} orders */
  _drawCentres(orders) {
    const select = this._form.elements.namedItem("centre");
    if (!(select instanceof HTMLSelectElement)) return;
    const centres = new Map();
    for (const { delivery } of orders)
      if (delivery.centre) centres.set(delivery.centre.id, text(delivery.centre.name));
    const said = JSON.stringify([...centres]);
    if (said === this._centres) return;
    this._centres = said;
    const chosen = select.value || select.dataset.wanted || "";
    select.replaceChildren(
      select.options[0],
      ...[...centres].map(([id, name]) => new Option(name, id)),
    );
    select.value = centres.has(chosen) ? chosen : "";
    labelOf(select).hidden = centres.size < 2;
  }

  _recall() {
    const said = new URLSearchParams(location.search);
    // A link to one order, as from the log; what else is looked for may be a buyer's and stands in no address.
    const number = said.get("number") ?? "";
    if (/^[A-Z]{1,4}\d{4}$/.test(number)) field(this._form, "find").value = number;
    for (const name of KEPT) {
      const place = this._form.elements.namedItem(name);
      const value = said.get(name);
      if (!place || !value) continue;
      if (place instanceof RadioNodeList) {
        const radios = findAll(this._form, `[name="${name}"]`, HTMLInputElement);
        if (radios.some((radio) => radio.value === value)) place.value = value;
      } else if (place instanceof HTMLInputElement && place.type === "checkbox")
        place.checked = true;
      else if (place instanceof HTMLSelectElement && name === "centre")
        place.dataset.wanted = value;
      else if (
        place instanceof HTMLSelectElement &&
        [...place.options].some((option) => option.value === value)
      )
        place.value = value;
    }
  }

  _keep() {
    const said = new URLSearchParams();
    for (const name of KEPT) {
      const value = this.wanted[name];
      if (value && !(name === "state" && value === "open")) said.set(name, value);
    }
    const query = said.toString();
    history.replaceState(history.state, "", query ? `?${query}` : location.pathname);
  }
}
