// Guests: who is invited by a link, and how far each has come. Their pictures are sources among the
// others (sources.js); here a link is made, shown once, and ended.

import { el, find, findDialog, icon, say } from "../../../lib/ui/dom.js";
import { clock, dayShort } from "../../../lib/format/format.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";
import { getAll, post, remove } from "../../../lib/channel/staff-api.js";
import { askToConfirm } from "../../../lib/ui/confirm.js";
import { FormSheet } from "../../../lib/forms/form-sheet.js";
import { setUpCopy } from "../../../lib/ui/copy.js";
import { showCode } from "../../../lib/ui/qr-code.js";

/** @typedef {import("../../../lib/state/api").GuestAnswer} Guest */
/** @typedef {import("../types").SourceHealth} SourceHealth */

/**
 * How a guest stands, by the health answer's sources: `air`, `waiting`, `away` or `invited`.
 * @param {Pick<Guest, "source">} guest
 * @param {SourceHealth[]} sources
 */
export function standingOf(guest, sources) {
  const source = sources.find((each) => each.id === guest.source);
  if (!source) return "invited";
  if (source.on_air) return "air";
  if (source.away) return source.refused ? "invited" : "away";
  return "waiting";
}

/**
 * Who has the same name as another is told apart by when they were invited, else "".
 * @param {Guest} guest
 * @param {Guest[]} guests
 */
function invitedAt(guest, guests) {
  if (!guests.some((other) => other !== guest && other.label === guest.label)) return "";
  return t("Invited at %(time)s", { time: clock(Date.parse(guest.created_at)) });
}

/** @param {string} moment */
const until = (moment) => `${dayShort(Date.parse(moment))} ${clock(Date.parse(moment))}`;

/**
 * @param {ReturnType<typeof standingOf>} standing
 * @param {Guest} guest
 * @param {boolean} isLive
 */
function words(standing, guest, isLive) {
  switch (standing) {
    case "air":
      return isLive ? t("On air") : t("Shown first");
    case "waiting":
      return t("Waiting: you see them, viewers don't");
    case "away":
      return t("Connection lost; reconnecting automatically");
    default:
      return t("Not there · the link works until %(time)s", { time: until(guest.expires_at) });
  }
}

export class Guests {
  /**
   * @param {HTMLElement} root
   * @param {string} broadcast
   */
  constructor(root, broadcast) {
    /** @type {Guest[]} */
    this._guests = [];
    /** @type {SourceHealth[]} */
    this._sources = [];
    this._isLive = false;
    this._link = findDialog(document, "#guest-link");
    this._url = "";
    this._broadcast = broadcast;
    this._list = find(root, "[data-guests-list]");
    this._invite = new FormSheet("guest-sheet");
    const button = find(root, "[data-guests-invite]", HTMLButtonElement);
    button.addEventListener("click", () => this._ask());
    button.disabled = false; // until here a press would be lost
    this._linkPart("close").addEventListener("click", () => close(this._link));
    const copies = this._linkPart("link-copy", HTMLButtonElement);
    setUpCopy(copies, () => this._url, this._linkPart("link-url"));
    this._linkPart("link-share").addEventListener("click", () => {
      navigator.share({ url: this._url }).catch(() => {});
    });
    this.reload();
  }

  /** Asks anew who is invited. */
  async reload() {
    try {
      ({ guests: this._guests } = await getAll(this._path));
      this._draw();
    } catch {
      // What is shown stays; the next change asks again.
    }
  }

  /**
   * Told at each look at the cameras.
   * @param {SourceHealth[]} sources
   * @param {boolean} isLive
   */
  draw(sources, isLive) {
    /** @param {SourceHealth[]} list */
    const guests = (list) =>
      list
        .filter(({ guest }) => guest)
        .map(({ id }) => id)
        .join();
    const isChanged = guests(sources) !== guests(this._sources);
    this._sources = sources;
    this._isLive = isLive;
    if (isChanged) this.reload();
    this._draw();
  }

  get _path() {
    return `/api/v1/broadcasts/${this._broadcast}/guests`;
  }

  /**
   * @template {Element} [T=HTMLElement]
   * @param {string} name
   * @param {new () => T} [type]
   * @returns {T}
   */
  _linkPart(name, type) {
    return find(this._link, `[data-${name}]`, type);
  }

  _ask() {
    this._invite.open({
      job: async (body) => {
        const made = await post(this._path, body);
        this.reload();
        return () => this._show(made);
      },
    });
  }

  /** @param {import("../../../lib/state/api").MadeGuest} guest */
  _show({ label, url, expires_at: moment }) {
    this._url = new URL(url, location.href).href;
    const path = new URL(this._url).pathname;
    say(this._linkPart("link-title"), t("The link for %(name)s", { name: label }));
    say(this._linkPart("link-url"), this._url);
    say(
      this._linkPart("link-until"),
      t(
        "It works until %(time)s, on one device at a time. It is shown only once; create another if it gets lost.",
        { time: until(moment) },
      ),
    );
    this._linkPart("link-share").hidden = !navigator.share;
    showCode(this._linkPart("link-code", HTMLImageElement), path);
    open(this._link, () => {
      this._url = "";
      say(this._linkPart("link-url"), "");
    });
  }

  /** @param {Guest} guest */
  async _end(guest) {
    const name = guest.label;
    const isHere = standingOf(guest, this._sources) !== "invited";
    const isMeant = await askToConfirm({
      title: t("Disconnect %(name)s?", { name }),
      words: isHere
        ? t("Their picture and sound stop at once, and the link does not work any more.")
        : t("The link no longer works."),
      yes: t("Yes, disconnect"),
    });
    if (!isMeant) return;
    try {
      await remove(`${this._path}/${guest.id}`);
      await this.reload();
      toast(t("%(name)s is no longer a guest.", { name }));
    } catch (problem) {
      toastProblem(problem);
    }
  }

  _draw() {
    const rows = this._guests.map((guest) => {
      const standing = standingOf(guest, this._sources);
      const invited = invitedAt(guest, this._guests);
      return el(
        "li",
        { class: "guests__item", "data-standing": standing },
        icon("person"),
        el(
          "span",
          { class: "guests__words" },
          el("strong", {}, guest.label),
          invited ? el("span", { class: "guests__invited small soft" }, invited) : null,
          el("span", { class: "small soft" }, words(standing, guest, this._isLive)),
        ),
        el(
          "button",
          {
            class: "button",
            type: "button",
            "aria-label": [t("Disconnect %(name)s", { name: guest.label }), invited]
              .filter(Boolean)
              .join(" · "),
            onclick: () => this._end(guest),
          },
          t("Disconnect"),
        ),
      );
    });
    const told = JSON.stringify(rows.map((row) => row.textContent));
    this._list.hidden = rows.length === 0;
    if (this._list.dataset.told === told) return;
    this._list.dataset.told = told;
    this._list.replaceChildren(...rows);
  }
}
