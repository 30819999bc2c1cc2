// A field that finds a region by its name or code: a list below it while one types, with the arrows
// and Enter, or a tap.

import { el, find, findAll } from "../../../lib/ui/dom.js";

/**
 * `choose(prefix)` is called with what was taken; `fixed` are choices that stand first while nothing
 * is typed, as `[prefix, words]`.
 * @param {HTMLElement} root
 * @param {import("./regions.js").Regions} regions
 * @param {(prefix: string) => void} choose
 * @param {{ fixed?: () => [string, string][], keeps?: boolean }} [options] with `keeps` the field shows what was taken
 */
export function setUpRegionSearch(root, regions, choose, { fixed = () => [], keeps = false } = {}) {
  const field = find(root, "input", HTMLInputElement);
  const list = find(root, "ul");
  const none = find(root, "[data-none]");
  let marked = -1;

  const options = () => findAll(list, "li");
  /** @param {number} index */
  const mark = (index) => {
    const all = options();
    marked = all.length ? (index + all.length) % all.length : -1;
    for (const [place, option] of all.entries())
      option.setAttribute("aria-selected", String(place === marked));
    if (marked < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", all[marked].id);
  };
  const shut = () => {
    list.hidden = true;
    none.hidden = true;
    field.setAttribute("aria-expanded", "false");
  };
  /**
   * @param {string} prefix
   * @param {string} words
   */
  const take = (prefix, words) => {
    field.value = keeps ? words : "";
    shut();
    choose(prefix);
  };
  const look = () => {
    const typed = field.value.trim();
    /** @type {[string, string][]} */
    const found = typed
      ? regions.find(typed).map((prefix) => [prefix, regions.said(prefix)])
      : fixed();
    list.replaceChildren(
      ...found.map(([prefix, words], index) =>
        el(
          "li",
          {
            id: `${list.id}-${index}`,
            role: "option",
            class: "region-search__one",
            onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
            onclick: () => take(prefix, words),
          },
          words,
        ),
      ),
    );
    list.hidden = found.length === 0;
    none.hidden = !typed || found.length > 0;
    field.setAttribute("aria-expanded", String(found.length > 0));
    if (found.length) list.scrollIntoView({ block: "nearest" });
    mark(typed && found.length ? 0 : -1);
  };

  field.addEventListener("input", look);
  field.addEventListener("focus", () => {
    if (keeps) field.select();
    if (!field.value.trim() || keeps) {
      const value = field.value;
      if (keeps) field.value = "";
      look();
      field.value = value;
      if (keeps) field.select();
    }
  });
  field.addEventListener("blur", shut);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) look();
      mark(marked + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      // Enter takes a region; the form is sent by its button.
      event.preventDefault();
      options()[marked]?.click();
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      shut();
    }
  });
}
