// The pick-up points: a list and a sheet to add one.

import { el, icon } from "../../common/dom.js";
import { toast } from "../../common/toast.js";
import { t, text } from "../../common/words.js";
import { get, post } from "../api.js";
import { List, row } from "./list.js";
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
    }),
);

function add() {
  sheet.open({
    job: async (body) => {
      const made = await post("/api/v1/centres", body);
      await list.reload();
      toast(t("%(name)s is kept. Buyers can choose it now.", { name: text(made.name) }));
    },
  });
}

for (const button of document.querySelectorAll("[data-add]")) button.addEventListener("click", add);
list.reload();
