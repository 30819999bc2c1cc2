// Roles in words, and the form's part in which one is chosen: a seller needs farms.

import { el } from "../common/dom.js";
import { t, text } from "../common/words.js";

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
    default:
      return role;
  }
}

/** Shows the farms only where the role is seller; one of them must be chosen. */
export function setUpRoles(form, farms) {
  const part = form.querySelector("[data-farms]");
  part.querySelector("[data-farm-choices]").replaceChildren(
    ...farms.map((farm) =>
      el("label", { class: "choice choice--plain" }, el("input", { type: "checkbox", name: "farms", value: farm.id, "data-as": "set" }), el("span", { class: "choice__text" }, text(farm.name))),
    ),
  );
  const draw = () => {
    const isSeller = form.elements.role.value === "seller";
    const boxes = [...part.querySelectorAll("input")];
    part.hidden = !isSeller;
    const none = isSeller && !boxes.some((box) => box.checked);
    boxes.forEach((box, index) => {
      box.disabled = !isSeller;
      box.setCustomValidity(none && index === 0 ? t("Choose at least one farm.") : "");
    });
  };
  form.addEventListener("change", draw);
  form.addEventListener("filled", draw);
}
