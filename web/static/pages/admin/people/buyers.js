// A coordinator finds what is kept of a phone's orders, and saves it for its owner or erases it.

import { buttonOf, el, field, find, findDialog, say, submitterOf } from "../../../lib/ui/dom.js";
import { count } from "../../../lib/format/format.js";
import {
  busy,
  openWords,
  orderList,
  orderNumber,
  save,
} from "../../../lib/format/personal-data.js";
import { phoneProblem } from "../../../lib/forms/phone.js";
import { sentence } from "../../../lib/format/problems.js";
import { withReauthentication } from "../../../lib/sign-in/reauthentication.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, page, t } from "../../../lib/words.js";
import { post } from "../../../lib/channel/staff-api.js";

/** @param {string} id */
const at = (id) => find(document, `#${id}`);
const form = find(document, "#buyer-find", HTMLFormElement);
const found = at("buyer-found");
const erasing = find(found, "[data-erase]", HTMLButtonElement);
const sheet = findDialog(document, "#erase-sheet");
let phone = "";

/**
 * Where the desk shows the order, whatever its state.
 * @param {{ broadcast: string, number: string }} order
 */
const atDesk = ({ broadcast, number }) =>
  `/studio/${broadcast}/orders?${new URLSearchParams({ state: "all", number })}`;

/**
 * Name what keeps it from being erased, each with the way to it; then there is nothing to confirm.
 * @param {{ orders?: { broadcast: string, number: string, because: string }[] }} [problem]
 */
function nameOpen({ orders = [] } = {}) {
  at("erase-open").replaceChildren(
    ...orders.map((order) =>
      el(
        "li",
        { class: "kept__order" },
        orderNumber(order, atDesk),
        el("span", { class: "badge badge--kumquat" }, openWords(order.because)),
      ),
    ),
  );
  at("erase-open").hidden = !orders.length;
  find(sheet, "[type=submit]").hidden = orders.length > 0;
  if (orders.length) find(sheet, "[autofocus]").focus();
}

/**
 * That nothing was erased; which orders it is, and why, the list below it says.
 * @param {{ orders?: object[], count?: number }} problem
 */
const openInShort = ({ orders = [], count: all = orders.length }) =>
  n(
    "Nothing was erased: %(count)s order is still open. Settle it first.",
    "Nothing was erased: %(count)s orders are still open. Settle them first.",
    all,
    { count: count(all) },
  );

/** @param {string} words */
function tell(words, where = "buyer-problem") {
  const problem = at(where);
  say(find(problem, "p"), words);
  problem.hidden = !words;
  if (words) problem.scrollIntoView({ block: "nearest" });
}

/** @param {string} words */
function mark(words) {
  const typed = field(form, "phone");
  const error = at("buyer-phone-problem");
  say(error, words);
  error.hidden = !words;
  if (words) typed.setAttribute("aria-invalid", "true");
  else typed.removeAttribute("aria-invalid");
}

async function look() {
  /** @type {import("../../../lib/state/api").KeptOfPerson} */
  const kept = await post("/api/v1/person/search", { phone });
  const title = at("buyer-count");
  say(
    title,
    kept.count
      ? n("%(count)s order under this number", "%(count)s orders under this number", kept.count, {
          count: count(kept.count),
        })
      : t("Nothing is kept under this number"),
  );
  find(found, "[data-orders]").replaceChildren(orderList(kept.orders, atDesk));
  find(found, "[data-acts]").hidden = !kept.count;
  erasing.disabled = kept.open > 0;
  const isOpen = at("buyer-open");
  isOpen.hidden = !kept.open;
  say(
    find(isOpen, "span"),
    n(
      "%(count)s order is still open: settle it first, then all can be erased.",
      "%(count)s orders are still open: settle them first, then all can be erased.",
      kept.open,
      { count: count(kept.open) },
    ),
  );
  found.hidden = false;
  title.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tell("");
  const typed = field(form, "phone").value;
  const wrong = phoneProblem(typed);
  mark(wrong);
  if (wrong) return;
  phone = typed;
  busy(submitterOf(event), look, (problem) => tell(sentence(problem)));
});

find(found, "[data-export]").addEventListener("click", (event) =>
  busy(
    buttonOf(event),
    async () => {
      tell("");
      await withReauthentication(() =>
        save("/api/v1/person/exports", { phone, language: page.language }),
      );
      toast(t("The file is in your downloads. Give it to the buyer only."));
    },
    (problem) => tell(sentence(problem)),
  ),
);

erasing.addEventListener("click", () => {
  tell("", "erase-problem");
  nameOpen();
  say(at("erase-title"), t("Erase the details of all orders of %(phone)s?", { phone }));
  open(sheet);
});

sheet.addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("[data-close-sheet]")) close(sheet);
});

find(sheet, "form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  busy(
    submitterOf(event),
    async () => {
      const { orders } = await post("/api/v1/person/erasures", { phone });
      close(sheet);
      form.reset();
      found.hidden = true;
      toast(
        n(
          "The details of %(count)s order are erased.",
          "The details of %(count)s orders are erased.",
          orders,
          { count: count(orders) },
        ),
      );
    },
    (problem) => {
      const isOpen = problem.slug === "orders-open";
      nameOpen(isOpen ? problem.body : {});
      tell(isOpen ? openInShort(problem.body) : sentence(problem), "erase-problem");
    },
  );
});
