// A coordinator finds what is kept of a phone's orders, and saves it for its owner or erases it.

import { el, say } from "../../../lib/ui/dom.js";
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

const at = (id) => document.getElementById(id);
const [form, found, sheet] = ["buyer-find", "buyer-found", "erase-sheet"].map(at);
let phone = "";

/** Where the desk shows the order, whatever its state. */
const atDesk = ({ broadcast, number }) =>
  `/studio/${broadcast}/orders?${new URLSearchParams({ state: "all", number })}`;

/** Name what keeps it from being erased, each with the way to it; then there is nothing to confirm. */
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
  sheet.querySelector("[type=submit]").hidden = orders.length > 0;
  if (orders.length) sheet.querySelector("[autofocus]").focus();
}

/** That nothing was erased; which orders it is, and why, the list below it says. */
const openInShort = ({ orders = [], count: all = orders.length }) =>
  n(
    "Nothing was erased: %(count)s order is still open. Settle it first.",
    "Nothing was erased: %(count)s orders are still open. Settle them first.",
    all,
    { count: count(all) },
  );

function tell(words, where = "buyer-problem") {
  const problem = at(where);
  say(problem.querySelector("p"), words);
  problem.hidden = !words;
  if (words) problem.scrollIntoView({ block: "nearest" });
}

function mark(words) {
  const field = form.elements.phone;
  const error = at("buyer-phone-problem");
  say(error, words);
  error.hidden = !words;
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

async function look() {
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
  found.querySelector("[data-orders]").replaceChildren(orderList(kept.orders, atDesk));
  found.querySelector("[data-acts]").hidden = !kept.count;
  found.querySelector("[data-erase]").disabled = kept.open > 0;
  const isOpen = at("buyer-open");
  isOpen.hidden = !kept.open;
  say(
    isOpen.querySelector("span"),
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
  const wrong = phoneProblem(form.elements.phone.value);
  mark(wrong);
  if (wrong) return;
  phone = form.elements.phone.value;
  busy(event.submitter, look, (problem) => tell(sentence(problem)));
});

found.querySelector("[data-export]").addEventListener("click", ({ currentTarget }) =>
  busy(
    currentTarget,
    async () => {
      tell("");
      await withReauthentication(() =>
        save("/api/v1/person/exports", { phone, language: page.language }),
      );
      toast(t("The file is among your downloads. Give it to nobody but the buyer."));
    },
    (problem) => tell(sentence(problem)),
  ),
);

found.querySelector("[data-erase]").addEventListener("click", () => {
  tell("", "erase-problem");
  nameOpen();
  say(at("erase-title"), t("Erase the details of all orders of %(phone)s?", { phone }));
  open(sheet);
});

sheet.addEventListener("click", ({ target }) => {
  if (target.closest("[data-close-sheet]")) close(sheet);
});

sheet.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(
    event.submitter,
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
