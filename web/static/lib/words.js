// The words and data that the server put into the page (page_scripts in parts/macros.html).

const block = document.getElementById("page-data");
export const page = block
  ? JSON.parse(block.textContent)
  : { language: document.documentElement.lang.slice(0, 2), words: {}, data: {} };

const fill = (text, values) =>
  values ? text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name])) : text;

/** A message in the page's language: t("%(n)s left", { n: 3 }). */
export function t(message, values) {
  const form = page.words[message];
  return fill(Array.isArray(form) ? form[0] : (form ?? message), values);
}

/** A message in the form that a number asks for: n("%(n)s box", "%(n)s boxes", 3, { n: 3 }). */
export function n(one, many, count, values) {
  const forms = page.words[one];
  const form = Array.isArray(forms)
    ? (forms[page.language === "en" && count !== 1 ? 1 : 0] ?? forms[0])
    : count === 1
      ? one
      : many;
  return fill(form, values);
}

/** A bilingual text `{zh, en}` in the page's language, or in the other where that is empty. */
export function text(both) {
  if (!both) return "";
  return both[page.language] || both.zh || both.en || "";
}
