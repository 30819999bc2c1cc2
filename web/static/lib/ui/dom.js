// Making elements without HTML strings, so that what people typed is never read as markup.

import { page } from "../words.js";

/** el("p", { class: "soft", onclick: f, "aria-label": "…" }, "text", child, null) */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An icon of icons.svg. */
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

/** Put text into an element; a changed number ticks. */
export function say(element, words, tick = false) {
  if (!element || element.textContent === words) return;
  element.textContent = words;
  if (!tick) return;
  element.classList.remove("ticked");
  void element.offsetWidth;
  element.classList.add("ticked");
}
