// Guests: who is invited by a link, and how far each has come. Their pictures are sources among the
// others (sources.js); here a link is made, shown once, and ended.

import { el, icon, say } from "../../../lib/ui/dom.js";
import { clock, dayShort } from "../../../lib/format/format.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";
import { getAll, post, remove } from "../../../lib/channel/staff-api.js";
import { askToConfirm } from "../../../lib/ui/confirm.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";
import { setUpCopy, showCode } from "../../../lib/ui/qr-code.js";
import { spoken } from "../../../lib/format/staff-sentences.js";

/** How a guest stands, by the health answer's sources: `air`, `waiting`, `away` or `invited`. */
export function standingOf(guest, sources) {
  const source = sources.find((each) => each.id === guest.source);
  if (!source) return "invited";
  if (source.on_air) return "air";
  if (source.away) return source.refused ? "invited" : "away";
  return "waiting";
}

/** Who has the same name as another is told apart by when they were invited, else "". */
function invitedAt(guest, guests) {
  if (!guests.some((other) => other !== guest && other.label === guest.label)) return "";
  return t("Invited at %(time)s", { time: clock(Date.parse(guest.created_at)) });
}

const until = (moment) => `${dayShort(Date.parse(moment))} ${clock(Date.parse(moment))}`;

function words(standing, guest, isLive) {
  switch (standing) {
    case "air":
      return isLive ? t("On air") : t("Shown first");
    case "waiting":
      return t("Waiting: you see them, viewers do not");
    case "away":
      return t("The connection is lost; it comes back by itself");
    default:
      return t("Not there · the link works until %(time)s", { time: until(guest.expires_at) });
  }
}

export class Guests {
  #broadcast;
  #list;
  #guests = [];
  #sources = [];
  #isLive = false;
  #link = document.getElementById("guest-link");
  #url = "";
  #invite;

  constructor(root, broadcast) {
    this.#broadcast = broadcast;
    this.#list = root.querySelector("[data-guests-list]");
    this.#invite = new FormSheet("guest-sheet");
    const button = root.querySelector("[data-guests-invite]");
    button.addEventListener("click", () => this.#ask());
    button.disabled = false; // until here a press would be lost
    this.#linkPart("close").addEventListener("click", () => close(this.#link));
    setUpCopy(this.#linkPart("link-copy").querySelector("span"), () => this.#url, t("Copied"));
    this.#linkPart("link-share").addEventListener("click", () => {
      navigator.share({ url: this.#url }).catch(() => {});
    });
    this.reload();
  }

  /** Asks anew who is invited. */
  async reload() {
    try {
      ({ guests: this.#guests } = await getAll(this.#path));
      this.#draw();
    } catch {
      // What is shown stays; the next change asks again.
    }
  }

  /** Told at each look at the cameras. */
  draw(sources, isLive) {
    const guests = (list) => list.filter(({ guest }) => guest).map(({ id }) => id).join();
    const isChanged = guests(sources) !== guests(this.#sources);
    this.#sources = sources;
    this.#isLive = isLive;
    if (isChanged) this.reload();
    this.#draw();
  }

  get #path() {
    return `/api/v1/broadcasts/${this.#broadcast}/guests`;
  }

  #linkPart(name) {
    return this.#link.querySelector(`[data-${name}]`);
  }

  #ask() {
    this.#invite.open({
      job: async (body) => {
        const made = await post(this.#path, body);
        this.reload();
        return () => this.#show(made);
      },
    });
  }

  #show({ label, url, expires_at: moment }) {
    this.#url = new URL(url, location.href).href;
    const path = new URL(this.#url).pathname;
    say(this.#linkPart("link-title"), t("The link for %(name)s", { name: label }));
    say(this.#linkPart("link-url"), this.#url);
    say(this.#linkPart("link-until"), t("It works until %(time)s, on one device at a time. It is shown this once; make another if it gets lost.", { time: until(moment) }));
    this.#linkPart("link-share").hidden = !navigator.share;
    showCode(this.#linkPart("link-code"), path);
    open(this.#link, () => {
      this.#url = "";
      say(this.#linkPart("link-url"), "");
    });
  }

  async #end(guest) {
    const name = guest.label;
    const isHere = standingOf(guest, this.#sources) !== "invited";
    const isMeant = await askToConfirm({
      title: t("End the visit of %(name)s?", { name }),
      words: isHere
        ? t("Their picture and sound stop at once, and the link does not work any more.")
        : t("The link does not work any more."),
      yes: t("Yes, end it"),
    });
    if (!isMeant) return;
    try {
      await remove(`${this.#path}/${guest.id}`);
      await this.reload();
      toast(t("%(name)s is not a guest any more.", { name }));
    } catch (problem) {
      toast(spoken(problem), { danger: true });
    }
  }

  #draw() {
    const rows = this.#guests.map((guest) => {
      const standing = standingOf(guest, this.#sources);
      const invited = invitedAt(guest, this.#guests);
      return el(
        "li",
        { class: "guests__item", "data-standing": standing },
        icon("person"),
        el(
          "span",
          { class: "guests__words" },
          el("strong", {}, guest.label),
          invited ? el("span", { class: "guests__invited small soft" }, invited) : null,
          el("span", { class: "small soft" }, words(standing, guest, this.#isLive)),
        ),
        el(
          "button",
          {
            class: "button",
            type: "button",
            "aria-label": [t("End the visit of %(name)s", { name: guest.label }), invited].filter(Boolean).join(" · "),
            onclick: () => this.#end(guest),
          },
          t("End"),
        ),
      );
    });
    const told = JSON.stringify(rows.map((row) => row.textContent));
    this.#list.hidden = rows.length === 0;
    if (this.#list.dataset.told === told) return;
    this.#list.dataset.told = told;
    this.#list.replaceChildren(...rows);
  }
}
