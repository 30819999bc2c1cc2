// All orders of one's own phone, by a code that is sent to it: shown in short, saved as a file, erased.

import { api } from "../../lib/channel/api.js";
import { say } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { remember } from "../../lib/state/device-memory.js";
import { busy, orderList } from "../../lib/format/personal-data.js";
import { phoneProblem } from "../../lib/forms/phone.js";
import { fieldErrors, sentence } from "../../lib/format/problems.js";
import { close, open } from "../../lib/ui/sheet.js";
import { n, page, t } from "../../lib/words.js";
import { forgetLinks } from "../../lib/state/order-links.js";

const at = (id) => document.getElementById(id);
const [phone, code, found, gone, sheet] = [
  "yours-phone",
  "yours-code",
  "yours-found",
  "yours-gone",
  "erase-sheet",
].map(at);
let asked = null; // {phone, code} of what is shown

function tell(words, where = "yours-problem") {
  const problem = at(where);
  say(problem.querySelector("p"), words);
  problem.hidden = !words;
  if (words) problem.scrollIntoView({ block: "nearest" });
}

function mark(field, words) {
  const error = at(`${field.id}-error`);
  say(error, words);
  error.hidden = !words;
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  if (words) field.focus();
}

/** One part after the other. */
function show(part) {
  for (const each of [phone, code, found, gone]) each.hidden = each !== part;
}

phone.addEventListener("submit", (event) => {
  event.preventDefault();
  tell("");
  const field = phone.elements.phone;
  const wrong = phoneProblem(field.value);
  mark(field, wrong);
  if (wrong) return;
  busy(
    event.submitter,
    async () => {
      await api("POST", "/api/v1/person/codes", { phone: field.value, language: page.language });
      show(code);
      code.elements.code.value = "";
      code.elements.code.focus();
    },
    (problem) =>
      problem.slug === "invalid"
        ? mark(field, fieldErrors(problem).phone ?? sentence(problem))
        : tell(sentence(problem)),
  );
});

code.addEventListener("submit", (event) => {
  event.preventDefault();
  tell("");
  const field = code.elements.code;
  const digits = field.value.normalize("NFKC").replace(/\s/g, "");
  const wrong = /^[0-9]{6}$/.test(digits) ? "" : t("A code has six digits.");
  mark(field, wrong);
  if (wrong) return;
  busy(
    event.submitter,
    async () => {
      const said = { phone: phone.elements.phone.value, code: digits, language: page.language };
      const kept = await api("POST", "/api/v1/person/search", said);
      asked = said;
      at("yours-export").elements.phone.value = said.phone;
      at("yours-export").elements.code.value = said.code;
      const title = found.querySelector("[data-count]");
      say(
        title,
        n("%(count)s order", "%(count)s orders", kept.count, { count: count(kept.count) }),
      );
      found.querySelector("[data-orders]").replaceChildren(orderList(kept.orders));
      found.querySelector("[data-erase]").disabled = kept.open > 0;
      const isOpen = at("yours-open");
      isOpen.hidden = !kept.open;
      const why = [
        n(
          "%(count)s order is still open: settle it first, then all can be erased.",
          "%(count)s orders are still open: settle them first, then all can be erased.",
          kept.open,
          { count: count(kept.open) },
        ),
      ];
      if (kept.open < kept.count)
        why.push(t("Those that are over can be erased one by one, on their own pages."));
      say(isOpen.querySelector("span"), why.join(page.language === "zh" ? "" : " "));
      show(found);
      title.focus();
    },
    (problem) =>
      problem.slug === "wrong-phone-code"
        ? mark(field, sentence(problem))
        : tell(sentence(problem)),
  );
});

code.querySelector("[data-again]").addEventListener("click", () => {
  tell("");
  show(phone);
  phone.elements.phone.focus();
});

/** Back from the page that shows it, a browser may have kept no more than the fields. */
addEventListener("pageshow", () => {
  if (!asked && phone.elements.phone.value && code.elements.code.value) show(code);
});

found.querySelector("[data-erase]").addEventListener("click", () => {
  tell("", "erase-problem");
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
      const { orders } = await api("POST", "/api/v1/person/erasures", asked);
      asked = null;
      for (const field of ["phone", "code"]) at("yours-export").elements[field].value = "";
      // What this browser knows of whoever ordered.
      remember("buyer", null);
      forgetLinks();
      close(sheet);
      phone.reset();
      show(gone);
      say(
        gone.querySelector("p"),
        n(
          "Your details of %(count)s order are erased.",
          "Your details of %(count)s orders are erased.",
          orders,
          { count: count(orders) },
        ),
      );
    },
    (problem) => tell(sentence(problem), "erase-problem"),
  );
});
