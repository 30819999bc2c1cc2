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
            ? t(
                "It works on this computer. Phones need https: ask the server's operator to set it up.",
              )
            : t("A phone's camera needs https. Ask the server's operator to set it up."),
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
                "No camera is sending yet. Turn one on in the console and come back: this tests it.",
              ),
              udp: t("This device gets it over UDP. Try it once from a phone with Wi-Fi off."),
              tcp: t(
                "Only over TCP, which stutters. Ask the server's operator to open the UDP port.",
              ),
              relay: t("Only through a relay. Ask the server's operator to open the UDP port."),
            }[way] ??
            t("Nothing comes through. Ask the server's operator to open the media UDP port."),
        };
      },
    ],
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
        .catch(() => ({ good: false, words: t("This couldn't be looked up just now.") }))
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
