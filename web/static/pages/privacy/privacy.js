// All orders of one's own phone, by a code that is sent to it: shown in short, saved as a file, erased.

import { api } from "../../lib/channel/api.js";
import { field, find, findDialog, say, submitterOf } from "../../lib/ui/dom.js";
import { count } from "../../lib/format/format.js";
import { remember } from "../../lib/state/device-memory.js";
import { busy, orderList } from "../../lib/format/personal-data.js";
import { phoneProblem } from "../../lib/forms/phone.js";
import { fieldErrors, sentence } from "../../lib/format/problems.js";
import { close, open } from "../../lib/ui/sheet.js";
import { n, page, t } from "../../lib/words.js";
import { forgetLinks } from "../../lib/state/order-links.js";

/** @param {string} id */
const at = (id) => find(document, `#${id}`);
const phone = find(document, "#yours-phone", HTMLFormElement);
const code = find(document, "#yours-code", HTMLFormElement);
const exporting = find(document, "#yours-export", HTMLFormElement);
const found = at("yours-found");
const gone = at("yours-gone");
const sheet = findDialog(document, "#erase-sheet");
/** @type {{ phone: string, code: string, language: string } | null} of what is shown */
let asked = null;

/** @param {string} words */
function tell(words, where = "yours-problem") {
  const problem = at(where);
  say(find(problem, "p"), words);
  problem.hidden = !words;
  if (words) problem.scrollIntoView({ block: "nearest" });
}

/**
 * @param {HTMLInputElement} field
 * @param {string} words
 */
function mark(field, words) {
  const error = at(`${field.id}-error`);
  say(error, words);
  error.hidden = !words;
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  if (words) field.focus();
}

/**
 * One part after the other.
 * @param {HTMLElement} part
 */
function show(part) {
  for (const each of [phone, code, found, gone]) each.hidden = each !== part;
}

phone.addEventListener("submit", (event) => {
  event.preventDefault();
  tell("");
  const typed = field(phone, "phone");
  const wrong = phoneProblem(typed.value);
  mark(typed, wrong);
  if (wrong) return;
  busy(
    submitterOf(event),
    async () => {
      await api("POST", "/api/v1/person/codes", { phone: typed.value, language: page.language });
      show(code);
      field(code, "code").value = "";
      field(code, "code").focus();
    },
    (problem) =>
      problem.slug === "invalid"
        ? mark(typed, fieldErrors(problem).phone ?? sentence(problem))
        : tell(sentence(problem)),
  );
});

code.addEventListener("submit", (event) => {
  event.preventDefault();
  tell("");
  const typed = field(code, "code");
  const digits = typed.value.normalize("NFKC").replace(/\s/g, "");
  const wrong = /^[0-9]{6}$/.test(digits) ? "" : t("The code is six digits.");
  mark(typed, wrong);
  if (wrong) return;
  busy(
    submitterOf(event),
    async () => {
      const said = { phone: field(phone, "phone").value, code: digits, language: page.language };
      /** @type {import("../../lib/state/api").KeptOfPerson} */
      const kept = await api("POST", "/api/v1/person/search", said);
      asked = said;
      field(exporting, "phone").value = said.phone;
      field(exporting, "code").value = said.code;
      const title = find(found, "[data-count]");
      say(
        title,
        n("%(count)s order", "%(count)s orders", kept.count, { count: count(kept.count) }),
      );
      find(found, "[data-orders]").replaceChildren(orderList(kept.orders));
      erasing.disabled = kept.open > 0;
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
      say(find(isOpen, "span"), why.join(page.language === "zh" ? "" : " "));
      show(found);
      title.focus();
    },
    (problem) =>
      problem.slug === "wrong-phone-code"
        ? mark(typed, sentence(problem))
        : tell(sentence(problem)),
  );
});

find(code, "[data-again]").addEventListener("click", () => {
  tell("");
  show(phone);
  field(phone, "phone").focus();
});

/** Back from the page that shows it, a browser may have kept no more than the fields. */
addEventListener("pageshow", () => {
  if (!asked && field(phone, "phone").value && field(code, "code").value) show(code);
});

const erasing = find(found, "[data-erase]", HTMLButtonElement);
erasing.addEventListener("click", () => {
  tell("", "erase-problem");
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
      const { orders } = await api("POST", "/api/v1/person/erasures", asked);
      asked = null;
      for (const name of ["phone", "code"]) field(exporting, name).value = "";
      // What this browser knows of whoever ordered.
      remember("buyer", null);
      forgetLinks();
      close(sheet);
      phone.reset();
      show(gone);
      say(
        find(gone, "p"),
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
