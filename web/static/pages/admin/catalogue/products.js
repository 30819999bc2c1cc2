// The products: a list by farm, a sheet to make or change one, and the archive.

import { el } from "../../../lib/ui/dom.js";
import { weight } from "../../../lib/format/format.js";
import { toast } from "../../../lib/ui/toast.js";
import { page, t, text } from "../../../lib/words.js";
import { getAll, patch, post } from "../../../lib/channel/staff-api.js";
import { setUpGtin } from "../../../lib/forms/gtin.js";
import { setUpPictures } from "../../../lib/forms/picture-field.js";
import { spoken } from "../../../lib/format/staff-sentences.js";
import { act, badge, RemoteList, row } from "../../../lib/ui/remote-list.js";
import { FormSheet, offer } from "../../../lib/forms/form-sheet.js";

const sheet = new FormSheet("product-sheet");
const filter = document.getElementById("farm-filter");
const archived = document.querySelector("[data-archived]");
let farms = [];
let all = [];

const farmName = (id) => text(farms.find((farm) => farm.id === id)?.name);

const list = new RemoteList(
  "products",
  async () => {
    const [found, kept] = await Promise.all([getAll("/api/v1/farms"), getAll("/api/v1/products")]);
    farms = found.farms.filter(
      ({ id }) => page.data.role !== "seller" || page.data.farms.includes(id),
    );
    const own = new Set(farms.map(({ id }) => id));
    all = kept.products.filter(({ farm }) => own.has(farm));
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
  document.querySelector("[data-filter]").hidden = all.length === 0;
  filter.hidden = farms.length < 2;
  archived.closest("label").hidden = !all.some((product) => product.archived);
  const chosen = filter.value;
  offer(
    filter,
    farms.map((farm) => [farm.id, text(farm.name)]),
  );
  filter.value = chosen;
  offer(
    sheet.elements.farm,
    farms.map((farm) => [farm.id, text(farm.name)]),
  );
  for (const button of document.querySelectorAll("[data-add]")) button.hidden = farms.length === 0;
  const first = document.querySelector("[data-add-farm]");
  first.hidden = farms.length > 0 || page.data.role === "seller";
}

function redraw() {
  list.items = shown();
  list.draw();
}

function add() {
  sheet.elements.farm.disabled = false;
  const farm = filter.value || (farms.length === 1 ? farms[0].id : "");
  sheet.open({
    title: t("New product"),
    values: { farm, picture: null },
    job: async (body) => {
      const made = await post("/api/v1/products", body);
      await list.reload();
      toast(
        t("%(name)s is kept. Put it into a broadcast's bag to sell it.", { name: text(made.name) }),
      );
    },
  });
}

function change(product) {
  sheet.open({
    title: text(product.name),
    values: product,
    job: async ({ farm: _farm, ...body }) => {
      await patch(`/api/v1/products/${product.id}`, body);
      await list.reload();
      toast(t("Kept."));
    },
  });
  // A product stays its farm's: its lots are there.
  sheet.elements.farm.disabled = true;
}

async function archive(product, away) {
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
    toast(spoken(problem), { danger: true });
  }
}

setUpPictures(sheet.form);
setUpGtin(sheet.elements.gtin);
for (const button of document.querySelectorAll("[data-add]")) button.addEventListener("click", add);
filter.addEventListener("change", redraw);
archived.addEventListener("change", redraw);
list.reload();
