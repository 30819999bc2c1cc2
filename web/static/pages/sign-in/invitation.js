// Taking up an invitation: who one becomes, a name and a password, and on to the own first page.

import { api, forgetSession, Problem } from "../../lib/channel/api.js";
import { listed } from "../../lib/format/format.js";
import { page, t, text } from "../../lib/words.js";
import { field, find } from "../../lib/ui/dom.js";
import { onSubmit } from "../../lib/forms/forms.js";
import { roleWords } from "../../lib/format/roles.js";
import { spoken } from "../../lib/format/staff-sentences.js";

const path = `/api/v1/invitations/by-token/${encodeURIComponent(page.data.token)}`;
/** @param {string} name */
const part = (name) => find(document, `[data-${name}]`);
const form = find(document, "form", HTMLFormElement);

/** @param {string} role */
function mayWords(role) {
  switch (role) {
    case "seller":
      return t(
        "You record harvests from the orchard, manage your products, and see what each broadcast sold of them.",
      );
    case "moderator":
      return t("You help the host: pin cards, hide messages, mute people who disturb.");
    case "clerk":
      return t("You hand over what neighbours ordered and note who has paid.");
    case "host":
      return t("You go live, set prices and stock, and see every order.");
    default:
      return t("You manage everything here: broadcasts, farms and people.");
  }
}

async function begin() {
  try {
    /** @type {import("../../lib/state/api").Invited} */
    const { role, farms, centres } = await api("GET", path);
    part("title").textContent = t("You are invited as %(role)s", { role: roleWords(role) });
    part("may").textContent = mayWords(role);
    const own = farms.length ? farms : (centres ?? []);
    if (own.length) {
      const kind = farms.length ? "farms" : "centres";
      const known = await api("GET", `/api/v1/${kind}`).catch(() => ({ [kind]: [] }));
      /** @type {{ id: string, name: import("../../lib/words.js").BilingualText }[]} */
      const all = known[kind];
      const names = all.filter(({ id }) => own.includes(id)).map(({ name }) => text(name));
      part("farms").textContent = listed(names);
      part("farms-line").hidden = names.length === 0;
    }
    part("invited").hidden = false;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    part("failed-words").textContent = [404, 410].includes(problem.status)
      ? t(
          "It was already used or withdrawn, or is older than seven days. Ask the sender for a new one.",
        )
      : spoken(problem);
    part("failed").hidden = false;
  }
  part("loading").hidden = true;
}

const shows = find(document, "[data-show]", HTMLInputElement);
shows.addEventListener("change", () => {
  field(form, "password").type = shows.checked ? "text" : "password";
});
onSubmit(form, async (body) => {
  await api("POST", `${path}/acceptance`, body);
  forgetSession();
  location.assign("/studio");
  return new Promise(() => {});
});
begin();
