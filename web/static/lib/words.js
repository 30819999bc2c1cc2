// The words and data that the server put into the page (page_scripts in parts/macros.html).

/**
 * @typedef {object} PageData
 * @property {"zh" | "en"} language
 * @property {Record<string, string | string[]>} words each message in the page's language, by its English
 * @property {string | null} [words_later] where the words of what is loaded later are
 * @property {any} data what the template gives: its script says in which shape
 * @property {string} [tag] the language as a locale
 * @property {string} [time_zone] the zone in which pages say times
 * @property {string} [currency] the one that is sold in, ISO 4217
 * @property {Record<string, string>} [decimals] by a number of decimals the currencies that have as many,
 * where it is not two
 * @property {string} [icons] the URL of icons.svg
 * @property {string} [pictures] the URL before the drawings' names
 * @property {{ kinds: [string, string[]][], boxes: string[] }} [drawings] see product-picture.js
 * @property {string | null} [account] the name of the account that the page was made for
 * @property {number} [now] the server's time when it wrote the page, milliseconds since 1970
 */

/** @typedef {{ zh?: string | null, en?: string | null }} BilingualText */

/** @typedef {Record<string, unknown>} Values */

const block = document.getElementById("page-data");
/** @type {PageData} */
export const page = block
  ? JSON.parse(block.textContent ?? "")
  : { language: document.documentElement.lang.slice(0, 2), words: {}, data: {} };

/** @type {Promise<void> | undefined} */
let coming;

/** Load the words of what the page loads later, which may say them as soon as it is there. */
export async function loadWords() {
  const { words_later: url } = page;
  if (!coming && url) {
    coming = fetch(url)
      .then((answer) => (answer.ok ? answer.json() : {}))
      .then((words) => {
        Object.assign(page.words, words);
      });
    // Whoever asks again may find the network back.
    coming.catch(() => {
      coming = undefined;
    });
  }
  return coming;
}

/** @type {(text: string, values?: Values) => string} */
const fill = (text, values) =>
  values ? text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name])) : text;

/**
 * A message in the page's language: t("%(n)s left", { n: 3 }).
 * @param {string} message
 * @param {Values} [values]
 */
export function t(message, values) {
  const form = page.words[message];
  return fill(Array.isArray(form) ? form[0] : (form ?? message), values);
}

/**
 * A message in the form that a number asks for: n("%(n)s box", "%(n)s boxes", 3, { n: 3 }).
 * @param {string} one
 * @param {string} many
 * @param {number} count
 * @param {Values} [values]
 */
export function n(one, many, count, values) {
  const forms = page.words[one];
  const form = Array.isArray(forms)
    ? (forms[page.language === "en" && count !== 1 ? 1 : 0] ?? forms[0])
    : count === 1
      ? one
      : many;
  return fill(form, values);
}

/**
 * A bilingual text in the page's language, or in the other where that is empty.
 * @param {BilingualText | null | undefined} both
 */
export function text(both) {
  if (!both) return "";
  return both[page.language] || both.zh || both.en || "";
}
