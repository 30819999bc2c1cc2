// The cameras of a broadcast as the host sees them: each with its picture, one tap puts another on
// air. Owns the press and what became of it, and which previews run; how each stands is
// source-standing.js's, and how a stream does stream-health.js's.

import { Problem } from "../../../lib/channel/api.js";
import { find, say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";
import { put } from "../../../lib/channel/staff-api.js";
import { spoken, together } from "../../../lib/format/staff-sentences.js";
import { labelOf, CameraTile } from "./camera-tile.js";
import { ruleWords, standingOf } from "./source-standing.js";

/** @typedef {import("../types").ShownSource} ShownSource */
/** @typedef {import("./source-standing.js").Standing} Standing */
/**
 * What the panel shows; `answered` is the number of the look at the cameras, `own` this device's
 * camera, `program` what viewers get, where the page plays it.
 * @typedef {object} View
 * @property {ShownSource[]} sources
 * @property {Map<string, import("../types").Judgement>} judged by source
 * @property {boolean} isLive
 * @property {number} answered
 * @property {{ source: string | null, stream: MediaProvider | null, isMirror: boolean } | null} own
 * @property {{ source: string, stream: MediaProvider | null } | null} program
 */
/** @typedef {{ source: string, timer: number, after?: number }} Switching a press that is not answered yet */

/** Previews are sessions of their own; more than these a phone does not need. */
const PREVIEWS = 4;
/** A switch waits for the camera's next whole picture. Those that are not asked for one send it by
    themselves, OBS at its defaults every ten seconds. */
const SLOW_MS = 6_000;
/** Whoever scrolls past and back again needs no new session. */
const REST_MS = 5_000;

export class Sources {
  /**
   * `onPicked` hears that the server took the host's choice, and answers the number of the look
   * that asks how the cameras stand since.
   * @param {HTMLElement} root
   * @param {string} broadcast
   * @param {() => number} onPicked
   */
  constructor(root, broadcast, onPicked) {
    /** @type {Map<string, CameraTile>} by source */
    this._tiles = new Map();
    /** @type {View} */
    this._view = {
      sources: [],
      judged: new Map(),
      isLive: false,
      answered: 0,
      own: null,
      program: null,
    };
    /** @type {string[]} those asked for by a tap, the last one first */
    this._looked = [];
    /** @type {Switching | null} */
    this._switching = null;
    /** @type {string | null} */
    this._shown = null;
    /** @type {Set<string> | null} the cameras that have sent */
    this._here = null;
    /** @type {Set<string>} those of them that came in since and wait for the host's tap */
    this._new = new Set();
    this._seen = new IntersectionObserver((entries) => this._onSight(entries), {
      rootMargin: "80px",
    });
    this._root = root;
    this._broadcast = broadcast;
    this._onPicked = onPicked;
    document.addEventListener("visibilitychange", () => this._drawPictures());
  }

  /** @param {View} view */
  draw(view) {
    this._view = view;
    const { sources } = view;
    for (const [id, tile] of this._tiles) {
      if (sources.some((source) => source.id === id)) continue;
      this._seen.unobserve(tile.item);
      clearTimeout(tile.resting);
      tile.remove();
      this._tiles.delete(id);
    }
    const list = this._part("list");
    for (const { id: source } of sources) {
      if (this._tiles.has(source)) continue;
      const act = {
        air: (/** @type {string} */ id) => this._air(id),
        look: (/** @type {string} */ id) => this._look(id),
      };
      const tile = new CameraTile(source, this._broadcast, act);
      this._tiles.set(source, tile);
      this._seen.observe(tile.item);
      list.append(tile.item);
    }
    const waited = this._switching?.source;
    if (sources.some(({ id, on_air }) => on_air && id === waited)) this.switched(waited);
    this._giveUp();
    this._offerNew(sources);
    this._root.dataset.count = String(sources.length);
    document.body.dataset.cameras = String(sources.length);
    this._part("empty").hidden = sources.length > 0;
    this._drawTiles();
    this._drawPictures();
    this._bringIn(sources.find(({ on_air: isOn }) => isOn)?.id ?? null);
    const rule = ruleWords(sources, view.isLive);
    say(this._part("rule"), rule);
    this._part("rule").hidden = !rule;
    this._part("guest-rule").hidden = !sources.some(({ guest, on_air }) => guest && !on_air);
  }

  /**
   * A camera that comes in while another is on air changes nothing by itself: the host is told of it,
   * and sees its tile.
   * @param {ShownSource[]} sources
   */
  _offerNew(sources) {
    const { answered, own } = this._view;
    if (!answered) return;
    const before = this._here;
    const here = sources.filter(({ id, away }) => !away || before?.has(id)).map(({ id }) => id);
    this._here = new Set(here);
    const now = sources.find(({ on_air: isOn }) => isOn);
    /** @param {ShownSource} source */
    const isOffered = ({ id, away, objection }) =>
      now && id !== now.id && id !== own?.source && !away && !objection;
    const offered = sources.filter(isOffered);
    const came = before ? offered.filter(({ id }) => !before.has(id)) : [];
    const stay = offered.filter(({ id }) => this._new.has(id));
    this._new = new Set([...stay, ...came].map(({ id }) => id));
    for (const source of came) {
      const values = { name: labelOf(source), other: labelOf(now) };
      say(
        this._part("told"),
        t("%(name)s has joined. %(other)s stays on air until you tap another.", values),
      );
      this._intoSight(source.id);
    }
  }

  /**
   * Told that viewers get this source from now on.
   * @param {string | undefined} source
   */
  switched(source) {
    if (source === undefined || source !== this._switching?.source) return;
    clearTimeout(this._switching.timer);
    this._switching = null;
    this._tell("");
    say(this._part("told"), t("%(name)s is on air.", { name: this._name(source) }));
    this._drawTiles();
  }

  /**
   * The strip shows what is on air when that changes; where the page stands, it stays.
   * @param {string | null} source
   */
  _bringIn(source) {
    if (source === this._shown) return;
    this._shown = source;
    this._intoSight(source);
  }

  /** @param {string | null} source */
  _intoSight(source) {
    const item = this._tiles.get(source ?? "")?.item;
    if (!item) return;
    const list = this._part("list");
    const [outer, inner] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
    if (inner.left >= outer.left && inner.right <= outer.right) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const by = (inner.left + inner.right - outer.left - outer.right) / 2;
    list.scrollBy({ left: by, behavior: isCalm ? "instant" : "smooth" });
  }

  /** Another host picked another one meanwhile, or it has just left: nothing more is waited for. */
  _giveUp() {
    const waited = this._switching;
    const { sources, answered } = this._view;
    if (!waited?.after || answered < waited.after) return;
    if (sources.some(({ id, picked, away }) => id === waited.source && picked && !away)) return;
    clearTimeout(waited.timer);
    this._switching = null;
    this._tell("");
  }

  /** @param {string} id */
  async _air(id) {
    clearTimeout(this._switching?.timer);
    this._switching = { source: id, timer: setTimeout(() => this._slow(id), SLOW_MS) };
    this._new.clear();
    this._tell("");
    this._drawTiles();
    try {
      const { on_air: isOn } = await put(`/api/v1/broadcasts/${this._broadcast}/on-air`, {
        source: id,
      });
      if (isOn) this.switched(id);
      const after = this._onPicked();
      if (this._switching && id === this._switching.source) this._switching.after = after;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!this._switching || id !== this._switching.source) return;
      clearTimeout(this._switching.timer);
      this._switching = null;
      this._tell(together([this._why(problem, id), t("What was on air stays.")]));
      this._drawTiles();
    }
  }

  /**
   * @param {Problem} problem
   * @param {string} id
   */
  _why(problem, id) {
    const name = this._name(id);
    switch (problem.slug) {
      case "source-away":
        return t(
          "%(name)s sends no picture at the moment. Tap it again when the picture is back.",
          { name },
        );
      case "source-unplayable":
        return t("Viewers couldn't play the picture of %(name)s.", { name });
      case "unknown-source":
        return t("%(name)s has left.", { name });
      case "media-server-away":
      case "media-on-other-server":
        return t("The server with the cameras isn't responding. Try again in a moment.");
      default:
        return spoken(problem);
    }
  }

  /** @param {string} id */
  _slow(id) {
    const name = this._name(id);
    this._tell(
      t(
        "%(name)s hasn't sent a full picture yet; viewers switch to it as soon as it does. Until then the picture on air stays.",
        { name },
      ),
    );
  }

  /** @param {string} words */
  _tell(words) {
    const place = this._part("trouble");
    say(find(place, "p"), words);
    place.hidden = !words;
  }

  /** @param {string} id */
  _name(id) {
    return labelOf(this._view.sources.find((source) => source.id === id));
  }

  /** @param {string} id */
  _look(id) {
    this._looked = [id, ...this._looked.filter((other) => other !== id)];
    this._drawPictures();
    this._drawTiles();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  _onSight(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = target instanceof HTMLElement && this._tiles.get(target.dataset.source ?? "");
      if (!tile) continue;
      clearTimeout(tile.resting);
      if (isIntersecting) tile.isSeen = true;
      else tile.resting = setTimeout(() => this._rest(tile), REST_MS);
    }
    this._drawPictures();
    this._drawTiles();
  }

  /** @param {CameraTile} tile */
  _rest(tile) {
    tile.isSeen = false;
    this._drawPictures();
    this._drawTiles();
  }

  _drawTiles() {
    const { sources, judged, isLive, own } = this._view;
    const previewed = this._previewed();
    for (const source of sources) {
      const isSwitching = source.id === this._switching?.source;
      const standing = isSwitching ? "switching" : standingOf(source, sources);
      const isOwn = source.id === own?.source;
      const tile = this._tiles.get(source.id);
      tile?.draw({
        source,
        standing,
        level: judged.get(source.id)?.level ?? "none",
        words: this._words(source, standing, isLive),
        isOwn,
        isMirror: isOwn && (own?.isMirror ?? false),
        // More are in sight than are fetched at once.
        canLook: standing === "ready" && !isOwn && tile.isSeen && !previewed.has(source.id),
      });
    }
  }

  /**
   * @param {ShownSource} source
   * @param {Standing | "switching"} standing
   * @param {boolean} isLive
   */
  _words(source, standing, isLive) {
    switch (standing) {
      case "air":
      case "meanwhile":
        return {
          badge: !isLive
            ? t("Shown first")
            : standing === "air"
              ? t("On air")
              : t("On air for now"),
          // Without this the one that is away comes back and takes its place.
          act: standing === "meanwhile" ? t("Keep on air") : "",
          is: isLive ? t("Viewers see this one") : t("Viewers see this one first"),
        };
      case "switching":
        return { badge: "", act: t("Switching…"), is: "" };
      case "away":
        return {
          badge: source.picked ? t("Your choice, disconnected") : t("Disconnected"),
          act: t("No picture"),
          is: "",
        };
      case "unfit":
        return { badge: t("Can't be shown"), act: t("Can't be shown"), is: "" };
      default:
        return {
          badge: this._new.has(source.id) ? t("Just joined") : "",
          act: isLive ? t("Put on air") : t("Show this first"),
          is: "",
        };
    }
  }

  /** The sources whose picture is fetched: those in sight, the ones asked for first. */
  _previewed() {
    const { sources, own, program } = this._view;
    if (document.hidden) return new Set();
    const wanted = sources
      .filter(
        (source) => !source.away && source.id !== own?.source && source.id !== program?.source,
      )
      .map(({ id }) => id)
      .filter((id) => this._tiles.get(id)?.isSeen);
    /** @param {string} id */
    const rank = (id) => {
      const at = this._looked.indexOf(id);
      return at < 0 ? this._looked.length : at;
    };
    return new Set(wanted.sort((a, b) => rank(a) - rank(b)).slice(0, PREVIEWS));
  }

  _drawPictures() {
    const { sources, own, program } = this._view;
    const previewed = this._previewed();
    for (const { id: source } of sources) {
      const known =
        own && source === own.source
          ? own.stream
          : program && source === program.source
            ? program.stream
            : null;
      this._tiles.get(source)?.show(known, previewed.has(source));
    }
  }

  /** @param {string} name */
  _part(name) {
    return find(this._root, `[data-sources-${name}]`);
  }
}
