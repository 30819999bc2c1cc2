// Turns the studio's short forms into bodies of the API and its problems back into sentences beside
// the fields. A field's `name` is the body's path (`name.zh`); `data-as` says how its value is read.

import { Problem } from "../channel/api.js";
import { opening } from "../ui/sheet.js";
import { toast } from "../ui/toast.js";
import { page, t } from "../words.js";
import { spoken, together, wrongField } from "../format/staff-sentences.js";
import { find } from "../ui/dom.js";
import { decimals } from "../format/format.js";
import { momentOf, wallTime } from "./wall-time.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

/** @param {Field} field */
const isChecked = (field) => field instanceof HTMLInputElement && field.checked;

/** @type {Record<string, (value: string, field: Field) => unknown>} */
const READ = {
  text: (value) => value.trim() || null,
  secret: (value) => value,
  flag: (_value, field) => isChecked(field),
  yes: (value) => value === "yes",
  verdict: (value) => (value === "" ? null : value === "yes"),
  count: (value) => (value === "" ? null : Math.round(Number(value))),
  decimal: (value) => (value === "" ? null : Number(value)),
  // Money is typed in major units; `data-decimals` is the currency's, which is the page's unless
  // `data-currency` names another.
  money: (value, { dataset }) =>
    value === ""
      ? null
      : {
          amount: Math.round(Number(value) * 10 ** Number(dataset.decimals ?? 2)),
          currency: dataset.currency ?? page.currency,
        },
  kilograms: (value) => (value === "" ? null : Math.round(Number(value) * 1000)),
  moment: (value) => (value === "" ? null : new Date(momentOf(value)).toISOString()),
};

/** What a field shows of a body's value: the other way round. */
const WRITE = /** @type {Record<string, (value: any, field: Field) => string>} */ ({
  text: (value) => value ?? "",
  count: (value) => value ?? "",
  decimal: (value) => value ?? "",
  money: (value, field) => {
    denote(field, value?.currency ?? page.currency);
    const places = Number(field.dataset.decimals ?? 2);
    return value?.amount == null ? "" : (value.amount / 10 ** places).toFixed(places);
  },
  kilograms: (value) => (value == null ? "" : String(value / 1000)),
  moment: (value) => (value ? wallTime(Date.parse(value)) : ""),
});

/**
 * The fields of a form that have a name. Buttons with one are none.
 * @param {HTMLFormElement} form
 */
export const fieldsOf = (form) =>
  /** @type {Field[]} */ (
    [...form.elements].filter(
      (each) =>
        (each instanceof HTMLInputElement ||
          each instanceof HTMLSelectElement ||
          each instanceof HTMLTextAreaElement) &&
        each.name,
    )
  );

/**
 * Has a field of money in the currency of what it is about.
 * @param {Field} field
 * @param {string} currency
 */
function denote(field, currency) {
  if ((field.dataset.currency ?? page.currency) === currency) return;
  const places = decimals(currency);
  Object.assign(field.dataset, { currency, decimals: places });
  if (field instanceof HTMLInputElement) field.step = (10 ** -places).toFixed(places);
  const unit = field.parentElement?.querySelector(".studio-input__unit");
  if (unit) unit.textContent = currency;
}

/**
 * Whether the field has no part in the body: not named, off, or a choice that was not taken.
 * @param {Field} field
 */
const isOut = (field) => field.disabled || (field.type === "radio" && !isChecked(field));

/**
 * The form's values as a nested object; a group in which nothing was filled in is null.
 * @param {HTMLFormElement} form
 */
export function read(form) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const field of fieldsOf(form)) {
    if (isOut(field)) continue;
    if (field.dataset.as === "set") {
      const chosen = body[field.name] ?? [];
      body[field.name] = isChecked(field) ? [...chosen, field.value] : chosen;
      continue;
    }
    const path = field.name.split(".");
    const last = path.pop() ?? "";
    let place = body;
    for (const part of path) {
      place[part] = place[part] ?? {};
      place = place[part];
    }
    place[last] = READ[field.dataset.as ?? "text"](field.value, field);
  }
  const values = Object.entries(body).map(([key, value]) => [key, collapse(value)]);
  return Object.fromEntries(values);
}

/**
 * Puts a body's values into the form, and empties the fields that it does not name.
 * @param {HTMLFormElement} form
 * @param {Record<string, any>} body
 */
export function fill(form, body) {
  form.reset();
  clear(form);
  for (const field of fieldsOf(form)) {
    const value = field.name
      .split(".")
      .reduce((place, part) => place?.[part], /** @type {any} */ (body));
    if (field instanceof HTMLInputElement && field.dataset.as === "set")
      field.checked = value?.includes(field.value) ?? false;
    else if (field instanceof HTMLInputElement && field.dataset.as === "flag")
      field.checked = Boolean(value);
    else if (field instanceof HTMLInputElement && field.type === "radio")
      field.checked = value === field.value;
    else if (value !== undefined) field.value = WRITE[field.dataset.as ?? "text"](value, field);
    else if (field.type === "hidden") field.value = "";
  }
  form.dispatchEvent(new Event("filled"));
}

/**
 * `{zh: "…", en: null}` stays a text in one language.
 * @param {any} value
 * @returns {any}
 */
function collapse(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const filled = Object.entries(value).map(([key, each]) => [key, collapse(each)]);
  if (filled.every(([, each]) => each === null)) return null;
  const isText = filled.every(([key]) => key === "zh" || key === "en");
  return Object.fromEntries(filled.map(([key, each]) => [key, isText ? (each ?? "") : each]));
}

/**
 * What the server says of single fields, as `[path, sentence]`.
 * @param {import("../channel/api.js").ProblemBody} body
 * @returns {[string, string][]}
 */
export function named(body) {
  return (body.errors ?? []).map((error) => [error.field, wrongField(error)]);
}

/**
 * @param {Field} field
 * @param {string} words
 */
function tell(field, words) {
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  /** @type {HTMLElement | null | undefined} */
  const slot = field.closest("[data-field]")?.querySelector("[data-problem]");
  if (!slot) return;
  slot.textContent = words;
  slot.hidden = !words;
}

/**
 * Takes every sentence away again.
 * @param {HTMLFormElement} form
 */
export function clear(form) {
  for (const field of fieldsOf(form)) tell(field, "");
  find(form, "[data-summary]").hidden = true;
}

/**
 * Shows a problem in the form and puts the focus where something is to be done.
 * @param {HTMLFormElement} form
 * @param {Problem} problem
 */
export function show(form, problem) {
  const fields = fieldsOf(form);
  /** @type {string[]} */
  const rest = [];
  /** @type {Field | null} */
  let first = null;
  for (const [path, words] of named(problem.body)) {
    const field =
      fields.find(({ name }) => name === path) ??
      fields.find(({ name }) => path && name.startsWith(`${path}.`)) ??
      fields.find(({ name }) => path.startsWith(`${name}.`));
    if (field) {
      tell(field, words);
      first = first ?? field;
    } else if (words) rest.push(words);
  }
  const general = together(rest) || (first ? "" : spoken(problem));
  const summary = find(form, "[data-summary]");
  summary.textContent = general;
  summary.hidden = !general;
  (first ?? summary).focus();
}

/** @param {Field} field */
function complaint(field) {
  const { validity } = field;
  const { min, max } = field instanceof HTMLInputElement ? field : { min: "", max: "" };
  const minLength = field instanceof HTMLSelectElement ? 0 : field.minLength;
  if (validity.badInput) return t("Enter a number.");
  if (validity.valueMissing) return t("Please fill this in.");
  if (validity.tooShort) return t("At least %(min)s characters.", { min: minLength });
  if (validity.rangeUnderflow) return t("At least %(min)s.", { min });
  if (validity.rangeOverflow) return t("At most %(max)s.", { max });
  if (validity.stepMismatch) return t("Too many decimals.");
  return t("This doesn't look right.");
}

/** @param {HTMLFormElement} form */
function isMissing(form) {
  /** @type {Field | null} */
  let first = null;
  for (const field of fieldsOf(form)) {
    if (field.disabled || field.checkValidity()) continue;
    tell(
      field,
      field.validationMessage && field.validity.customError
        ? field.validationMessage
        : complaint(field),
    );
    first = first ?? field;
  }
  first?.focus();
  return first !== null;
}

/**
 * Whom or what a sheet is for.
 * @param {HTMLDialogElement} sheet
 */
const about = (sheet) =>
  (sheet.querySelector("[data-what]") ?? find(sheet, "[data-sheet-title]")).textContent ?? "";

/**
 * Sends the form by `job(body)`, once at a time. What the browser can check is said in our words
 * before anything is sent; what the server finds is said beside its field, or by a toast where the
 * form's sheet has been closed meanwhile, or is open for something else.
 * @param {HTMLFormElement} form
 * @param {(body: any) => Promise<void>} job
 */
export function onSubmit(form, job) {
  const sheet = form.closest("dialog");
  const now = () => (sheet ? opening(sheet) : form);
  /** @type {object | null | undefined} */
  let pending = null;
  form.noValidate = true;
  form.addEventListener("input", ({ target }) => {
    const field = fieldsOf(form).find((each) => each === target);
    if (field) tell(field, "");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clear(form);
    if (isMissing(form)) return;
    const button = find(form, "[type=submit]");
    const mine = now();
    if (pending === mine) return;
    pending = mine;
    const what = sheet ? about(sheet) : "";
    button.setAttribute("aria-busy", "true");
    try {
      await job(read(form));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (now() === mine) show(form, problem);
      else toast(t("%(what)s: %(words)s", { what, words: spoken(problem) }), { danger: true });
    } finally {
      if (pending === mine) {
        pending = null;
        button.removeAttribute("aria-busy");
      }
    }
  });
}
