// What a first show still lacks: https, video by UDP, a password of one's own, fees, a second person who
// can sign in, and whom buyers ask. Each is tried or looked up, never assumed.

import { getAll } from "../../../lib/channel/staff-api.js";
import { tryWay } from "../../../lib/media/try-way.js";
import { page, t } from "../../../lib/words.js";

const CREW = ["coordinator", "host"];

/** Each check: its name, and a function that finds `{ good, words, act }`. */
function checks(broadcast, { fees, free }) {
  const { data } = page;
  return [
    [
      t("Encrypted page"),
      () => {
        const here = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
        if (location.protocol === "https:" && !data.cleartext)
          return { good: true, words: t("The page comes by https.") };
        return {
          good: false,
          words: here
            ? t("On this computer it works. Phones need https: the operator sets it up.")
            : t("A phone's camera needs https: the operator sets it up."),
        };
      },
    ],
    [
      t("Video gets through"),
      async () => {
        const way = await tryWay(broadcast);
        return {
          good: way === "udp",
          words:
            {
              nothing: t(
                "No camera sends yet. Switch one on in the console and come back: this tries it.",
              ),
              udp: t("This device gets it by UDP. Try it once from a phone with Wi-Fi off."),
              tcp: t("Only by TCP, which stutters: the operator opens the UDP port."),
              relay: t("Only by a relay: the operator opens the UDP port."),
            }[way] ?? t("Nothing comes through: the operator opens the UDP port of media."),
        };
      },
    ],
    [
      t("Your password"),
      () => ({
        good: !data.weak_password,
        words: data.weak_password
          ? t("It is easy to guess. Change it before strangers come.")
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
            : t("No fee is set: you would pay the carrier for every parcel."),
        act: fees ? null : ["#fees", t("Set the fees")],
      }),
    ],
    ...(data.coordinator
      ? [
          [
            t("A second person"),
            async () => {
              const { accounts } = await getAll("/api/v1/accounts");
              const able = accounts.filter(
                ({ role, disabled }) => CREW.includes(role) && !disabled,
              );
              return {
                good: able.length > 1,
                words:
                  able.length > 1
                    ? t("Somebody else can sign in and go on if you can't.")
                    : t("Only you can sign in. If your phone fails, nobody can go on."),
                act: able.length > 1 ? null : ["/studio/people", t("Invite someone")],
              };
            },
          ],
          [
            t("Whom buyers ask"),
            () => ({
              good: !data.lacks_contact,
              words: data.lacks_contact
                ? t("Pages name nobody whom buyers can ask.")
                : t("Pages name the county and its contact."),
              act: data.lacks_contact ? ["/studio/county", t("Name the county")] : null,
            }),
          ],
        ]
      : []),
  ];
}

/** Draws the checks into the list, each as its answer comes. */
export function showReady(list, broadcast, facts) {
  const template = document.getElementById("ready-row");
  list.replaceChildren(
    ...checks(broadcast, facts).map(([title, find]) => {
      const row = template.content.firstElementChild.cloneNode(true);
      const part = (name) => row.querySelector(`[data-${name}]`);
      part("title").textContent = title;
      Promise.resolve()
        .then(find)
        .catch(() => ({ good: false, words: t("This could not be looked up just now.") }))
        .then(({ good, words, act }) => {
          part("wait").hidden = true;
          part(good ? "good" : "bad").hidden = false;
          row.classList.toggle("is-good", good);
          part("words").textContent = words;
          if (!act) return;
          const link = part("act");
          [link.href, link.textContent] = act;
          link.hidden = false;
        });
      return row;
    }),
  );
}
