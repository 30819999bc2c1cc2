// A farm's lots on their way to the buyer, in a list.

import { el, icon } from "../../../lib/ui/dom.js";
import { kilograms } from "../../../lib/format/format.js";
import { t, text } from "../../../lib/words.js";
import { getAll } from "../../../lib/channel/staff-api.js";
import { act, badge, RemoteList, row } from "../../../lib/ui/remote-list.js";
import { id, isStaff, when } from "./farm-sheets.js";
import { correct, pack, ship, test, waste, withdrawTest } from "./lot-records.js";

/** @typedef {import("../../../lib/state/api").Lot} Lot */

export const lots = new RemoteList(
  "lots",
  async () => (await getAll(`/api/v1/lots?farm=${id}`)).lots,
  (/** @type {Lot} */ lot) => {
    const name = `${text(lot.product_name)} ${lot.code}`;
    return row({
      title: `${text(lot.product_name)} · ${lot.code}`,
      href: lot.url,
      badges: badgesOf(lot),
      lines: [
        [kilograms(lot.quantity_g), when(lot.harvested_at), text(lot.plot?.name)]
          .filter(Boolean)
          .join(" · "),
        balance(lot),
        stations(lot),
      ],
      acts: [
        lot.stopped && isStaff
          ? act(t("Who bought this lot"), () => location.assign(`/studio/lots/${lot.id}`), {
              name,
              danger: true,
            })
          : null,
        lot.lifted && !lot.stopped && isStaff
          ? act(t("Its stop, and the lift"), () => location.assign(`/studio/lots/${lot.id}`), {
              name,
            })
          : null,
        act(t("Tested…"), () => test(lot, lots), { name }),
        lot.passed === null
          ? null
          : act(t("Withdraw a test…"), () => withdrawTest(lot, lots), { name }),
        lot.packed_at ? null : act(t("Packed…"), () => pack(lot, lots), { name }),
        lot.shipped_at ? null : act(t("Shipped…"), () => ship(lot, lots), { name }),
        (lot.left_g ?? 0) > 0 ? act(t("Record waste…"), () => waste(lot, lots), { name }) : null,
        act(t("Correct…"), () => correct(lot, lots), { name }),
      ].filter((each) => each !== null),
    });
  },
);

/** @param {Lot} lot */
function badgesOf({ stopped, passed, missing }) {
  if (stopped) return [badge(t("Stopped"), "red")];
  if (passed === false) return [badge(t("Not passed"), "red")];
  if (missing)
    return [
      badge(
        missing === "test" ? t("Not sold without a test") : t("Not sold without a certificate"),
        "red",
      ),
    ];
  return [];
}

/**
 * What became of the harvest: sold, held, sorted out, left.
 * @param {Lot} lot
 */
function balance({ sold_g: sold, held_g: held, wasted_g: wasted, left_g: left }) {
  return [
    t("%(weight)s sold", { weight: kilograms(sold ?? 0) }),
    held ? t("%(weight)s held for buyers", { weight: kilograms(held) }) : "",
    wasted ? t("%(weight)s wasted", { weight: kilograms(wasted) }) : "",
    t("%(weight)s left", { weight: kilograms(left ?? 0) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

/**
 * The lot's way as a line: what is done, and what is not yet.
 * @param {Lot} lot
 */
function stations(lot) {
  /** @type {[string, boolean][]} */
  const done = [
    [t("Picked"), true],
    [t("Tested"), lot.passed === true],
    [t("Packed"), Boolean(lot.packed_at)],
    [t("Shipped"), Boolean(lot.shipped_at)],
  ];
  return el(
    "span",
    { class: "way" },
    done.map(([words, is]) =>
      el(
        "span",
        { class: is ? "way__station is-done" : "way__station" },
        is ? icon("check", true) : null,
        words,
        is ? null : el("span", { class: "for-readers" }, ` ${t("not yet")}`),
      ),
    ),
    lot.certificate
      ? el(
          "a",
          { class: "way__paper", href: lot.certificate, target: "_blank", rel: "noopener" },
          t("Certificate"),
        )
      : null,
  );
}

/** The lots that are stopped, by id, with their codes. */
export const stoppedLots = () =>
  new Map(lots.items.filter(({ stopped }) => stopped).map(({ id: lot, code }) => [lot, code]));
