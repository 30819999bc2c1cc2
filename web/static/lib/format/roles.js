// Roles in words, and the form's part in which one is chosen: a seller needs farms, a clerk pick-up
// points.

import { el, find, findAll, valueIn } from "../ui/dom.js";
import { t, text } from "../words.js";

/** @typedef {import("../words.js").BilingualText} BilingualText */

/** @param {string} role */
export function roleWords(role) {
  switch (role) {
    case "coordinator":
      return t("Coordinator");
    case "host":
      return t("Host");
    case "moderator":
      return t("Moderator");
    case "seller":
      return t("Seller");
    case "clerk":
      return t("Clerk");
    case "simulator":
      return t("Simulated viewer");
    default:
      return role;
  }
}

/** What goes with a role: which part of the form it shows, of which at least one must be chosen. */
const SCOPES = [
  { role: "seller", name: "farms", none: () => t("Choose at least one farm.") },
  { role: "clerk", name: "centres", none: () => t("Choose at least one pick-up point.") },
];

/**
 * Shows the farms only where the role is seller, the pick-up points only where it is clerk.
 *
 * A form may be open before the server said which there are: what this returns puts them into it.
 * @param {HTMLFormElement} form
 * @returns {(known: Record<string, { id: string, name: BilingualText }[]>) => void}
 */
export function setUpRoles(form) {
  const parts = SCOPES.map((scope) => ({ ...scope, part: find(form, `[data-${scope.name}]`) }));
  const draw = () => {
    for (const { role, none, part } of parts) {
      const isShown = valueIn(form, "role") === role;
      const boxes = findAll(part, "input", HTMLInputElement);
      part.hidden = !isShown;
      const isNone = isShown && !boxes.some((box) => box.checked);
      boxes.forEach((box, index) => {
        box.disabled = !isShown;
        box.setCustomValidity(isNone && index === 0 ? none() : "");
      });
    }
  };
  form.addEventListener("change", draw);
  form.addEventListener("filled", draw);
  return (known) => {
    for (const { name, part } of parts) {
      find(part, "[data-choices]").replaceChildren(
        ...known[name].map((each) =>
          el(
            "label",
            { class: "choice choice--plain" },
            el("input", { type: "checkbox", name, value: each.id, "data-as": "set" }),
            el("span", { class: "choice__text" }, text(each.name)),
          ),
        ),
      );
      const [nothing] = findAll(part, "[data-nothing]");
      if (nothing) nothing.hidden = known[name].length > 0;
    }
    draw();
  };
}
