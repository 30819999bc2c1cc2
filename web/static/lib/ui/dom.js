// Making elements without HTML strings, so that what people typed is never read as markup.

import { page } from "../words.js";

/** @typedef {string | Node | null | undefined} Child */

/**
 * Attributes, and handlers by `on` and the event's name; one that is null, undefined or false is left out.
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => unknown)>} Attributes
 */

/**
 * The element of a selector, which must be there.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [type]
 * @returns {T}
 */
export function find(root, selector, type) {
  const found = root.querySelector(selector);
  const wanted = type ?? HTMLElement;
  if (!(found instanceof wanted))
    throw new Error(
      `${selector} should be a ${wanted.name}, and is ${found?.localName ?? "missing"}`,
    );
  return /** @type {T} */ (found);
}

/**
 * The element of a selector, where there is one.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [type]
 * @returns {T | undefined}
 */
export const findOptional = (root, selector, type) => findAll(root, selector, type)[0];

/**
 * All elements of a selector.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [type]
 * @returns {T[]}
 */
export function findAll(root, selector, type) {
  const wanted = type ?? HTMLElement;
  return /** @type {T[]} */ (
    [...root.querySelectorAll(selector)].filter((each) => each instanceof wanted)
  );
}

/**
 * The <dialog> of a selector, which must be there. Known by its name: Safari 14 has no class of it.
 * @param {ParentNode} root
 * @param {string} selector
 */
export function findDialog(root, selector) {
  const found = find(root, selector);
  if (found.localName !== "dialog") throw new Error(`${selector} should be a dialog`);
  return /** @type {HTMLDialogElement} */ (found);
}

/**
 * A copy of the one element in a <template>, by its id.
 * @param {string} id
 */
export function cloned(id) {
  const found = find(document, `#${id}`, HTMLTemplateElement).content.firstElementChild;
  const copy = found?.cloneNode(true);
  if (!(copy instanceof HTMLElement)) throw new Error(`#${id} should have an element`);
  return copy;
}

/**
 * The label around a field, which must be there.
 * @param {Element} field
 */
export function labelOf(field) {
  const label = field.closest("label");
  if (!label) throw new Error("This field should stand in a label");
  return label;
}

/**
 * The button that was pressed, of the handler of its click.
 * @param {Event} event
 */
export function buttonOf(event) {
  const button = event.currentTarget;
  if (!(button instanceof HTMLButtonElement)) throw new Error("No button was pressed");
  return button;
}

/**
 * The button that sends a form.
 * @param {SubmitEvent} event
 */
export function submitterOf(event) {
  const { submitter } = event;
  if (!(submitter instanceof HTMLButtonElement)) throw new Error("No button sent this form");
  return submitter;
}

/**
 * What an event of our own tells; the class that sends it says in which shape.
 * @param {Event} event
 */
export const detailOf = (event) => /** @type {CustomEvent} */ (event).detail;

/**
 * What stands in a form under a name: of radio buttons that of the chosen one.
 * @param {HTMLFormElement} form
 * @param {string} name
 */
export function valueIn(form, name) {
  const found = form.elements.namedItem(name);
  if (!found || !("value" in found)) throw new Error(`The form has no ${name}`);
  return String(found.value);
}

/**
 * Choose one of the radio buttons of a form, as if it were tapped; without such a value none changes.
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {string} value
 */
export function choose(form, name, value) {
  for (const choice of findAll(form, `[name="${name}"]`, HTMLInputElement))
    if (choice.value === value) choice.checked = true;
}

/**
 * The field of a form by its name, which must be there.
 * @template {Element} [T=HTMLInputElement]
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {new () => T} [type]
 * @returns {T}
 */
export function field(form, name, type) {
  const found = form.elements.namedItem(name);
  const wanted = type ?? HTMLInputElement;
  if (!(found instanceof wanted)) throw new Error(`${name} should be a ${wanted.name} of the form`);
  return /** @type {T} */ (found);
}

/**
 * el("p", { class: "soft", onclick: f, "aria-label": "…" }, "text", child, null)
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Attributes} [attributes]
 * @param {(Child | Child[])[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat())
    if (child !== null && child !== undefined) element.append(child);
  return element;
}

/**
 * An icon of icons.svg.
 * @param {string} name the id of its symbol
 */
export function icon(name, small = false) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", small ? "icon icon--small" : "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${page.icons}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * Put text into an element; a changed number ticks.
 * @param {Element | null | undefined} element
 * @param {string} words
 */
export function say(element, words, tick = false) {
  if (!element || element.textContent === words) return;
  element.textContent = words;
  if (!tick) return;
  element.classList.remove("ticked");
  void element.getBoundingClientRect();
  element.classList.add("ticked");
}
