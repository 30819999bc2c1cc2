// The products: a list by farm, a sheet to make or change one, and the archive.

import { el, find, findAll, labelOf } from "../../../lib/ui/dom.js";
import { weight } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t, text } from "../../../lib/words.js";
import { getAll, patch, post } from "../../../lib/channel/staff-api.js";
import { setUpGtin } from "../../../lib/forms/gtin.js";
import { setUpPictures } from "../../../lib/forms/picture-field.js";
import { act, badge, RemoteList, row } from "../../../lib/ui/remote-list.js";
import { FormSheet, offer } from "../../../lib/forms/form-sheet.js";

const sheet = new FormSheet("product-sheet");
/** @typedef {import("../../../lib/state/api").Farm} Farm */
/** @typedef {import("../../../lib/state/api").Product} Product */

const filter = find(document, "#farm-filter", HTMLSelectElement);
const archived = find(document, "[data-archived]", HTMLInputElement);
const farmField = sheet.field("farm", HTMLSelectElement);
/** @type {Farm[]} */
let farms = [];
/** @type {Product[]} */
let all = [];

/** @param {string} id */
const farmName = (id) => text(farms.find((farm) => farm.id === id)?.name);

const list = new RemoteList(
  "products",
  async () => {
    const [found, kept] = await Promise.all([getAll("/api/v1/farms"), getAll("/api/v1/products")]);
    /** @type {Farm[]} */
    const every = found.farms;
    /** @type {Product[]} */
    const products = kept.products;
    farms = every.filter(({ id }) => page.data.role !== "seller" || page.data.farms.includes(id));
    const own = new Set(farms.map(({ id }) => id));
    all = products.filter(({ farm }) => own.has(farm));
    drawFilter();
    return shown();
  },
  (product) =>
    row({
      picture: el("img", {
        class: "thumb",
        src: product.picture ?? `${page.pictures}produce.svg`,
        alt: "",
        width: 72,
        height: 72,
        loading: "lazy",
      }),
      title: text(product.name),
      badges: product.archived ? [badge(t("Archived"))] : [],
      dim: product.archived,
      lines: [
        `${weight(product.net_weight_g)} · ${text(product.unit)}`,
        farms.length > 1 ? farmName(product.farm) : null,
        product.gtin ? `GTIN ${product.gtin}` : null,
      ],
      onOpen: () => change(product),
      acts: product.archived
        ? [act(t("Withdraw it"), () => archive(product, false), { name: text(product.name) })]
        : [
            act(t("Change"), () => change(product), { name: text(product.name) }),
            act(t("Archive"), () => archive(product, true), { name: text(product.name) }),
          ],
    }),
);

function shown() {
  return all
    .filter((product) => archived.checked || !product.archived)
    .filter((product) => !filter.value || product.farm === filter.value);
}

function drawFilter() {
  find(document, "[data-filter]").hidden = all.length === 0;
  filter.hidden = farms.length < 2;
  labelOf(archived).hidden = !all.some((product) => product.archived);
  const chosen = filter.value;
  /** @type {[string, string][]} */
  const options = farms.map((farm) => [farm.id, text(farm.name)]);
  offer(filter, options);
  filter.value = chosen;
  offer(farmField, options);
  for (const button of findAll(document, "[data-add]")) button.hidden = farms.length === 0;
  const first = find(document, "[data-add-farm]");
  first.hidden = farms.length > 0 || page.data.role === "seller";
}

function redraw() {
  list.items = shown();
  list.draw();
}

function add() {
  farmField.disabled = false;
  const farm = filter.value || (farms.length === 1 ? farms[0].id : "");
  sheet.open({
    title: t("New product"),
    values: { farm, picture: null },
    job: async (body) => {
      const made = await post("/api/v1/products", body);
      await list.reload();
      toast(
        t("%(name)s is saved. Add it to a broadcast's bag to sell it.", { name: text(made.name) }),
      );
    },
  });
}

/** @param {Product} product */
function change(product) {
  sheet.open({
    title: text(product.name),
    values: product,
    job: async ({ farm: _farm, ...body }) => {
      await patch(`/api/v1/products/${product.id}`, body);
      await list.reload();
      toast(t("Saved."));
    },
  });
  // A product stays its farm's: its lots are there.
  farmField.disabled = true;
}

/**
 * @param {Product} product
 * @param {boolean} away
 */
async function archive(product, away) {
  /** @param {boolean} value */
  const put = (value) => patch(`/api/v1/products/${product.id}`, { archived: value });
  try {
    await put(away);
    await list.reload();
    if (!away) return;
    toast(t("%(name)s is archived. It stays in past broadcasts.", { name: text(product.name) }), {
      act: t("Undo"),
      onAct: () => put(false).then(() => list.reload()),
    });
  } catch (problem) {
    toastProblem(problem);
  }
}

setUpPictures(sheet.form);
setUpGtin(sheet.field("gtin"));
for (const button of document.querySelectorAll("[data-add]")) button.addEventListener("click", add);
filter.addEventListener("change", redraw);
archived.addEventListener("change", redraw);
list.reload();
