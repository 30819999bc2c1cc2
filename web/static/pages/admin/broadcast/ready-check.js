// What a first show still lacks: https, video by UDP, a password of one's own, fees, a second person who
// can sign in, and whom buyers ask. Each is tried or looked up, never assumed.

import { cloned, find } from "../../../lib/ui/dom.js";
import { get, getAll, post } from "../../../lib/channel/staff-api.js";
import { tryCamerasWay, tryWay } from "../../../lib/media/try-way.js";
import { showCode } from "../../../lib/ui/qr-code.js";
import { count } from "../../../lib/format/format.js";
import { n, page, t } from "../../../lib/words.js";

/** @typedef {{ good: boolean, words: string, act?: [href: string, words: string] | null, code?: string | null }} Found what a check found; `code` is a path that a phone opens */
/** @typedef {{ offers: number, centres: number, fees: boolean, free: boolean }} Facts */

const CREW = ["coordinator", "host"];
const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

/**
 * How media reaches this device: as a viewer gets what a camera sends; before any does, as this device
 * would send. On air a try would stand in the place of a camera that is away.
 * @param {string} broadcast
 */
async function tryMedia(broadcast) {
  const found = await tryWay(broadcast);
  if (found.way !== "nothing") return found;
  const path = `/api/v1/broadcasts/${broadcast}`;
  if ((await get(path)).state !== "scheduled") return found;
  return tryCamerasWay(await post(`${path}/stream-keys`, { purpose: "studio" }));
}

/**
 * What was found of media, in words, and what a phone elsewhere can try.
 * @param {import("../../../lib/media/try-way.js").Found} media
 * @param {string} broadcast
 * @returns {Found}
 */
function mediaWords({ way, isOfOneNetwork }, broadcast) {
  const path = `/studio/${broadcast}/prepare#air`;
  if (way === "udp" && isOfOneNetwork && !isHere)
    return {
      good: false,
      words: t(
        "Over UDP, in this network only. Nobody outside gets it: the server offers only addresses of this network. Ask the server's operator to set the public one.",
      ),
    };
  if (way === "udp")
    return {
      good: true,
      words: isHere
        ? t("This computer gets through over UDP.")
        : t(
            "This device gets through over UDP. Scan this with a phone on mobile data to try it from outside.",
          ),
      code: isHere ? null : path,
    };
  /** @type {Record<string, string>} */
  const words = {
    nothing: t("No camera is sending just now. Turn it on in the console and come back."),
    tcp: t("Only over TCP, which stutters. Ask the server's operator to open the UDP port."),
    relay: t("Only through a relay. Ask the server's operator to open the UDP port."),
  };
  const nothing = t("Nothing comes through. Ask the server's operator to open the media UDP port.");
  return { good: false, words: words[way ?? ""] ?? nothing };
}

/**
 * Each check: its name, and a function that finds `{ good, words, act, code }`; `code` is a path that a
 * phone opens.
 * @param {string} broadcast
 * @param {Facts} facts
 * @returns {[string, () => Found | Promise<Found>][]}
 */
function checks(broadcast, { offers, centres, fees, free }) {
  const { data } = page;
  /** @type {[string, () => Found | Promise<Found>][]} */
  const found = [
    [
      t("In the bag"),
      () => ({
        good: offers > 0,
        words: offers
          ? n("%(n)s product is in the bag.", "%(n)s products are in the bag.", offers, {
              n: count(offers),
            })
          : t("The bag is empty: viewers have nothing to buy yet."),
        act: offers ? null : ["#offer", t("Add products to it")],
      }),
    ],
    [
      t("Pick-up points"),
      () => ({
        good: true,
        words: centres
          ? n("%(n)s pick-up point.", "%(n)s pick-up points.", centres, { n: count(centres) })
          : t("No pick-up point: everything goes by parcel."),
      }),
    ],
    [
      t("Encrypted page"),
      () => {
        if (location.protocol === "https:" && !data.cleartext)
          return { good: true, words: t("The page comes by https.") };
        return {
          good: false,
          words: isHere
            ? t(
                "It works on this computer. Phones need https: ask the server's operator to set it up.",
              )
            : t("A phone's camera needs https. Ask the server's operator to set it up."),
        };
      },
    ],
    [t("Video gets through"), async () => mediaWords(await tryMedia(broadcast), broadcast)],
    [
      t("Your password"),
      () => ({
        good: !data.weak_password,
        words: data.weak_password
          ? t("It is easy to guess. Change it before you go live.")
          : t("It is your own and not a common one."),
        act: data.weak_password ? ["/studio/account", t("My account")] : null,
      }),
    ],
    [
      t("Parcel fees"),
      () => ({
        good: fees || free,
        words: fees
          ? t("Buyers see the fee before they order.")
          : free
            ? t("Parcels are free for buyers.")
            : t("No fee is set: you pay the carrier for every parcel."),
        act: fees ? null : ["#fees", t("Set the fees")],
      }),
    ],
  ];
  if (data.coordinator)
    found.push(
      [
        t("A second person"),
        async () => {
          const { accounts } = await getAll("/api/v1/accounts");
          /** @type {import("../../../lib/state/api").AccountAnswer[]} */
          const all = accounts;
          const able = all.filter(({ role, disabled }) => CREW.includes(role) && !disabled);
          return {
            good: able.length > 1,
            words:
              able.length > 1
                ? t("Somebody else can sign in and go on if you can't.")
                : t("Only you can sign in. If your phone fails, nobody can take over."),
            act: able.length > 1 ? null : ["/studio/people", t("Invite someone")],
          };
        },
      ],
      [
        t("Who buyers contact"),
        () => ({
          good: !data.lacks_contact,
          words: data.lacks_contact
            ? t("The pages don't say who buyers can contact.")
            : t("The pages show the county and its contact."),
          act: data.lacks_contact ? ["/studio/county", t("Name the county")] : null,
        }),
      ],
    );
  return found;
}

/**
 * Draws the checks into the list, each as its answer comes.
 * @param {HTMLElement} list
 * @param {string} broadcast
 * @param {Facts} facts
 */
export function showReady(list, broadcast, facts) {
  list.replaceChildren(
    ...checks(broadcast, facts).map(([title, look]) => {
      const row = cloned("ready-row");
      /** @param {string} name */
      const part = (name) => find(row, `[data-${name}]`);
      part("title").textContent = title;
      Promise.resolve()
        .then(look)
        .catch(() => {
          /** @type {Found} */
          const unknown = { good: false, words: t("This couldn't be looked up just now.") };
          return unknown;
        })
        .then(({ good, words, act, code }) => {
          part("wait").hidden = true;
          part(good ? "good" : "bad").hidden = false;
          row.classList.toggle("is-good", good);
          part("words").textContent = words;
          if (code) showCode(find(row, "[data-code]", HTMLImageElement), code);
          if (!act) return;
          const link = find(row, "[data-act]", HTMLAnchorElement);
          [link.href, link.textContent] = act;
          link.hidden = false;
        });
      return row;
    }),
  );
}
