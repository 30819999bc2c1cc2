// Turns the studio's short forms into bodies of the API and its problems back into sentences beside
// the fields. A field's `name` is the body's path (`name.zh`); `data-as` says how its value is read.

import { Problem } from "../common/api.js";
import { sentence } from "../common/problems.js";
import { t } from "../common/words.js";
import { together } from "./sentences.js";

const READ = {
  text: (value) => value.trim() || null,
  count: (value) => (value === "" ? null : Math.round(Number(value))),
  // Money is typed in major units; `data-decimals` is the currency's.
  money: (value, { dataset }) =>
    value === "" ? null : Math.round(Number(value) * 10 ** Number(dataset.decimals ?? 2)),
  kilograms: (value) => (value === "" ? null : Math.round(Number(value) * 1000)),
  moment: (value) => (value === "" ? null : new Date(value).toISOString()),
};

/** The form's values as a nested object; a group in which nothing was filled in is null. */
export function read(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    const path = field.name.split(".");
    const last = path.pop();
    let place = body;
    for (const part of path) place = place[part] ??= {};
    place[last] = READ[field.dataset.as ?? "text"](field.value, field);
  }
  const values = Object.entries(body).map(([key, value]) => [key, collapse(value)]);
  return Object.fromEntries(values);
}

/** `{zh: "…", en: null}` stays a text in one language. */
function collapse(value) {
  if (value === null || typeof value !== "object") return value;
  const filled = Object.entries(value).map(([key, each]) => [key, collapse(each)]);
  if (filled.every(([, each]) => each === null)) return null;
  const isText = filled.every(([key]) => key === "zh" || key === "en");
  return Object.fromEntries(filled.map(([key, each]) => [key, isText ? (each ?? "") : each]));
}

/** What the server says of single fields, as `[path, sentence]`. */
export function named(body) {
  return (Array.isArray(body.errors) ? body.errors : []).map((error) => {
    const path = String(error.field ?? "");
    const words = String(error.message ?? "").replace(/^Value error, /, "");
    return [path, words.charAt(0).toUpperCase() + words.slice(1)];
  });
}

function tell(field, words) {
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  const slot = field.closest("[data-field]")?.querySelector("[data-problem]");
  if (!slot) return;
  slot.textContent = words;
  slot.hidden = !words;
}

/** Takes every sentence away again. */
export function clear(form) {
  for (const field of form.elements) if (field.name) tell(field, "");
  form.querySelector("[data-summary]").hidden = true;
}

/** Shows a problem in the form and puts the focus where something is to be done. */
export function show(form, problem) {
  const fields = [...form.elements].filter((field) => field.name);
  const rest = [];
  let first = null;
  for (const [path, words] of named(problem.body)) {
    const field =
      fields.find(({ name }) => name === path) ??
      fields.find(({ name }) => path && name.startsWith(`${path}.`)) ??
      fields.find(({ name }) => path.startsWith(`${name}.`));
    if (field) {
      tell(field, words);
      first ??= field;
    } else if (words) rest.push(words);
  }
  const general = together(rest) || (first ? "" : sentence(problem));
  const summary = form.querySelector("[data-summary]");
  summary.textContent = general;
  summary.hidden = !general;
  (first ?? summary).focus();
}

function complaint({ validity, min, max }) {
  if (validity.badInput) return t("Write a number here.");
  if (validity.valueMissing) return t("Fill this in.");
  if (validity.rangeUnderflow) return t("At least %(min)s.", { min });
  if (validity.rangeOverflow) return t("At most %(max)s.", { max });
  if (validity.stepMismatch) return t("Too many decimals.");
  return t("This can't be right.");
}

function isMissing(form) {
  let first = null;
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.checkValidity()) continue;
    tell(field, complaint(field));
    first ??= field;
  }
  first?.focus();
  return first !== null;
}

/**
 * Sends the form by `job(body)`, once at a time. What the browser can check is said in our words
 * before anything is sent; what the server finds is said beside its field.
 */
export function onSubmit(form, job) {
  form.noValidate = true;
  form.addEventListener("input", ({ target }) => target.name && tell(target, ""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clear(form);
    if (isMissing(form)) return;
    const button = form.querySelector("[type=submit]");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      await job(read(form));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      show(form, problem);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}
