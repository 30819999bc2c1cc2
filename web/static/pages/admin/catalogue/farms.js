// The farms: a list that leads to each one's page, and a sheet to add one.

import { el } from "../../../lib/ui/dom.js";
import { n, page, t, text } from "../../../lib/words.js";
import { getAll, post } from "../../../lib/channel/staff-api.js";
import { RemoteList, row } from "../../../lib/ui/remote-list.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";

const sheet = new FormSheet("farm-sheet");
/** @typedef {import("../../../lib/state/api").Farm} Farm */

/** @type {import("../../../lib/state/api").Lot[]} */
let lots = [];

const list = new RemoteList(
  "farms",
  async () => {
    const [found, kept] = await Promise.all([getAll("/api/v1/farms"), getAll("/api/v1/lots")]);
    lots = kept.lots;
    /** @type {Farm[]} */
    const all = found.farms;
    return all.filter(({ id }) => page.data.role !== "seller" || page.data.farms.includes(id));
  },
  (farm) => {
    const count = lots.filter((lot) => lot.farm === farm.id).length;
    return row({
      picture: el("img", {
        class: "thumb",
        src: farm.photo ?? `${page.pictures}orchard.svg`,
        alt: "",
        width: 72,
        height: 72,
        loading: "lazy",
      }),
      title: text(farm.name),
      href: `/studio/farms/${farm.id}`,
      lines: [
        [text(farm.place), text(farm.person)].filter(Boolean).join(" · "),
        count
          ? n("%(n)s lot recorded", "%(n)s lots recorded", count, { n: count })
          : t("No harvest recorded yet"),
      ],
      acts: [
        el(
          "a",
          {
            class: "button button--small",
            href: `/studio/farms/${farm.id}/harvest`,
            "aria-label": `${t("Record a harvest")}: ${text(farm.name)}`,
          },
          t("Record a harvest"),
        ),
      ],
    });
  },
);

function add() {
  sheet.open({
    job: async (body) => {
      const made = await post("/api/v1/farms", body);
      location.assign(`/studio/farms/${made.id}`);
      return new Promise(() => {});
    },
  });
}

for (const button of document.querySelectorAll("[data-add]")) button.addEventListener("click", add);
list.reload();
