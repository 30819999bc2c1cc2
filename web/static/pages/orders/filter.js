// What one looks for: the fields above the list, how many orders stand in each state, and the choice
// kept in the page's address, but for what was typed, which may be a name.

import { say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { text } from "../../lib/words.js";
import { matches, isToLookAt, openClaim, SETS } from "../../lib/orders/match.js";

const KEPT = ["state", "way", "centre", "payment", "flagged", "claimed"];

export class Filter extends EventTarget {
  /** Event `change` when one looks for something else. */
  constructor(form) {
    super();
    this._form = undefined;
    this._centres = "";
    this._form = form;
    this._recall();
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      this._keep();
      this.dispatchEvent(new Event("change"));
    });
    // On a phone the list comes first; what is chosen in the fields stays in sight.
    const more = form.querySelector("[data-more-fields]");
    more.addEventListener("click", () =>
      this._unfold(more.getAttribute("aria-expanded") !== "true"),
    );
    this._unfold(["way", "centre", "payment"].some((name) => this.wanted[name]));
  }

  /** What is chosen: find, state, way, centre, payment, flagged, claimed. */
  get wanted() {
    return {
      find: "",
      way: "",
      centre: "",
      payment: "",
      ...Object.fromEntries(new FormData(this._form)),
    };
  }

  /** How the choice is written in the address of a file; null where something is looked for by a word. */
  get address() {
    const { find, state, ...said } = this.wanted;
    if (find.trim()) return null;
    if (state !== "all") said.state = state;
    return new URLSearchParams(Object.entries(said).filter(([, value]) => value)).toString();
  }

  focus() {
    this._form.elements.find.focus();
  }

  /** Those that fit, in their order, with those of `touched`; draws how many stand in each state. */
  among(orders, touched) {
    this._drawCentres(orders);
    const wanted = this.wanted;
    const fitting = orders.filter((order) => matches(order, wanted));
    this._drawCounts(fitting);
    this._drawMarks(orders);
    const isIn = SETS[wanted.state] ?? SETS.open;
    // Whoever looks for a name finds it in whatever state it is.
    return fitting.filter((order) => isIn(order) || touched.has(order.id) || wanted.find.trim());
  }

  _unfold(isOpen) {
    this._form.querySelector("[data-more-fields]").setAttribute("aria-expanded", String(isOpen));
    this._form.classList.toggle("is-unfolded", isOpen);
  }

  _drawCounts(fitting) {
    for (const place of this._form.querySelectorAll("[data-count]")) {
      const found = fitting.filter(SETS[place.dataset.count]).length;
      say(place, found ? count(found) : "");
    }
  }

  /** The choices of what is to be looked at are there while there is any. */
  _drawMarks(orders) {
    const marks = {
      flagged: orders.filter(isToLookAt).length,
      claimed: orders.filter(openClaim).length,
    };
    for (const [name, found] of Object.entries(marks)) {
      const box = this._form.elements[name];
      if (!box) continue;
      const label = box.closest("label");
      label.hidden = !found && !box.checked;
      label.parentElement.hidden = [...label.parentElement.children].every(({ hidden }) => hidden);
      say(label.querySelector("[data-marked]"), found ? count(found) : "");
    }
  }

  _drawCentres(orders) {
    const select = this._form.elements.centre;
    if (!select) return;
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
    select.closest("label").hidden = centres.size < 2;
  }

  _recall() {
    const said = new URLSearchParams(location.search);
    // A link to one order, as from the log; what else is looked for may be a buyer's and stands in no address.
    const number = said.get("number") ?? "";
    if (/^[A-Z]{1,4}\d{4}$/.test(number)) this._form.elements.find.value = number;
    for (const name of KEPT) {
      const field = this._form.elements[name];
      const value = said.get(name);
      if (!field || !value) continue;
      if (field instanceof RadioNodeList) {
        if ([...field].some((radio) => radio.value === value)) field.value = value;
      } else if (field.type === "checkbox") field.checked = true;
      else if (name === "centre") field.dataset.wanted = value;
      else if ([...field.options].some((option) => option.value === value)) field.value = value;
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
