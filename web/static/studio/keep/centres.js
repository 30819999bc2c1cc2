// The pick-up points: a list and a sheet to add or change one.

import { el, icon } from "../../common/dom.js";
import { toast } from "../../common/toast.js";
import { t, text } from "../../common/words.js";
import { get, patch, post } from "../api.js";
import { act, List, row } from "./list.js";
import { FormSheet } from "./sheet.js";

const sheet = new FormSheet("centre-sheet");
const list = new List(
  "centres",
  async () => (await get("/api/v1/centres")).centres,
  (centre) =>
    row({
      picture: el("span", { class: "keep-row__sign" }, icon("pin")),
      title: text(centre.name),
      lines: [text(centre.address), centre.phone],
      onOpen: () => change(centre),
      acts: [act(t("Change"), () => change(centre), { name: text(centre.name) })],
    }),
);

function add() {
  sheet.open({
    title: t("New pick-up point"),
    job: async (body) => {
      const made = await post("/api/v1/centres", body);
      await list.reload();
      toast(t("%(name)s is kept. Buyers can choose it now.", { name: text(made.name) }));
    },
  });
}

function change(centre) {
  sheet.open({
    title: text(centre.name),
    values: centre,
    job: async (body) => {
      await patch(`/api/v1/centres/${centre.id}`, body);
      await list.reload();
      toast(t("Kept. Orders that go there show it too."));
    },
  });
}

for (const button of document.querySelectorAll("[data-add]")) button.addEventListener("click", add);
list.reload();
