// The pick-up points: a list and a sheet to add or change one.

import { find } from "../../../lib/ui/dom.js";
import { money } from "../../../lib/format/format.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, t, text } from "../../../lib/words.js";
import { get, getAll, patch, post } from "../../../lib/channel/staff-api.js";
import { act, RemoteList, row, sign } from "../../../lib/ui/remote-list.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";

/** @typedef {import("../../../lib/state/api").Centre} Centre */

const sheet = new FormSheet("centre-sheet");
const list = new RemoteList(
  "centres",
  async () => (await getAll("/api/v1/centres")).centres,
  (/** @type {Centre} */ centre) =>
    row({
      picture: sign("pin"),
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
      toast(t("%(name)s is saved. Buyers can choose it now.", { name: text(made.name) }));
    },
  });
}

/** @param {Centre} centre */
function change(centre) {
  sheet.open({
    title: text(centre.name),
    values: centre,
    job: async (body) => {
      await patch(`/api/v1/centres/${centre.id}`, body);
      await list.reload();
      toast(t("Saved. Orders picked up there show it too."));
    },
  });
}

/** What the parcels' fees come to, beside the way to them. */
async function drawFees() {
  /** @type {import("../../../lib/state/api").FeeTable} */
  const { fees } = await get("/api/v1/parcel-fees");
  const regions = new Set(fees.map(({ region }) => region).filter(Boolean)).size;
  const least = fees.length
    ? money({ ...fees[0].fee, amount: Math.min(...fees.map(({ fee }) => fee.amount)) })
    : "";
  const words = !fees.length
    ? t("None yet: parcels ship free.")
    : regions
      ? n(
          "From %(least)s; %(n)s region has its own fees",
          "From %(least)s; %(n)s regions have their own fees",
          regions,
          { least, n: regions },
        )
      : t("From %(least)s, the same everywhere", { least });
  find(document, "[data-fees-words]").textContent = words;
}

for (const button of document.querySelectorAll("[data-add]")) button.addEventListener("click", add);
list.reload();
// Without an answer the way to them says what is there.
drawFees().catch(() => {});
