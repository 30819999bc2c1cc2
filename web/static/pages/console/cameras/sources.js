// The cameras of a broadcast as the host sees them: each with its picture, one tap puts another on
// air. Owns the press and what became of it, and which previews run; how a stream does is stream-health.js's.

import { say } from "../../../lib/ui/dom.js";
import { t } from "../../../lib/words.js";
import { put } from "../../../lib/channel/staff-api.js";
import { spoken, together } from "../../../lib/format/staff-sentences.js";
import { labelOf, CameraTile } from "./camera-tile.js";

/** Previews are sessions of their own; more than these a phone does not need. */
const PREVIEWS = 4;
/** A switch waits for the camera's next whole picture. Those that are not asked for one send it by
    themselves, OBS at its defaults every ten seconds. */
const SLOW_MS = 6_000;
/** Whoever scrolls past and back again needs no new session. */
const REST_MS = 5_000;

/** The source that is on air while it sends: the host's choice, else the first. */
const heldIn = (sources) => sources.find(({ picked, holds_air: holds, objection }) => picked || (holds && !objection));

/** How a source stands: `air`, `meanwhile` (in place of the held one, which is away), `ready`,
    `away`, `unfit` (viewers could not play it). */
export function standingOf(source, sources) {
  if (source.objection) return "unfit";
  if (source.on_air) {
    const held = heldIn(sources);
    return held && held !== source ? "meanwhile" : "air";
  }
  return source.away ? "away" : "ready";
}

/** Which camera is on air and why, and what happens when it goes away. */
export function ruleWords(sources, isLive) {
  const held = heldIn(sources);
  const now = sources.find((source) => source.on_air);
  const name = labelOf(held);
  if (held?.away) {
    return now && now !== held
      ? t("%(name)s is away. %(other)s stands in and %(name)s comes back by itself.", { name, other: labelOf(now) })
      : t("%(name)s is away. As soon as it is back, it is shown again.", { name });
  }
  if (sources.filter((source) => !source.guest).length + (now?.guest ? 1 : 0) < 2) return "";
  if (held) {
    return t("%(name)s stays until you tap another. If the picture is lost, another of your cameras stands in.", { name });
  }
  return isLive ? "" : t("The first camera that sends is shown first.");
}

export class Sources {
  #root;
  #broadcast;
  #tiles = new Map();
  #view = { sources: [], judged: new Map(), isLive: false, answered: 0, own: null, program: null };
  #looked = [];
  #switching = null;
  #shown = null;
  #onPicked;
  /** The cameras that have sent, and those of them that came in since and wait for the host's tap. */
  #here = null;
  #new = new Set();
  #seen = new IntersectionObserver((entries) => this.#onSight(entries), { rootMargin: "80px" });

  /** `onPicked` hears that the server took the host's choice, and answers the number of the look
      that asks how the cameras stand since. */
  constructor(root, broadcast, onPicked) {
    this.#root = root;
    this.#broadcast = broadcast;
    this.#onPicked = onPicked;
    document.addEventListener("visibilitychange", () => this.#drawPictures());
  }

  /**
   * `sources` and `judged` by stage.js, `answered` the number of its look; `own` is `{source, stream, isMirror}` of this device's
   * camera, `program` `{source, stream}` where the page plays what viewers get.
   */
  draw(view) {
    this.#view = view;
    const { sources } = view;
    for (const [id, tile] of this.#tiles) {
      if (sources.some((source) => source.id === id)) continue;
      this.#seen.unobserve(tile.item);
      clearTimeout(tile.resting);
      tile.remove();
      this.#tiles.delete(id);
    }
    const list = this.#part("list");
    for (const { id: source } of sources) {
      if (this.#tiles.has(source)) continue;
      const act = { air: (id) => this.#air(id), look: (id) => this.#look(id) };
      const tile = new CameraTile(source, this.#broadcast, act);
      this.#tiles.set(source, tile);
      this.#seen.observe(tile.item);
      list.append(tile.item);
    }
    if (sources.some(({ id, on_air }) => on_air && id === this.#switching?.source)) {
      this.switched(this.#switching.source);
    }
    this.#giveUp();
    this.#offerNew(sources);
    this.#root.dataset.count = String(sources.length);
    this.#part("empty").hidden = sources.length > 0;
    this.#drawTiles();
    this.#drawPictures();
    this.#bringIn(sources.find(({ on_air: isOn }) => isOn)?.id ?? null);
    const rule = ruleWords(sources, view.isLive);
    say(this.#part("rule"), rule);
    this.#part("rule").hidden = !rule;
    this.#part("guest-rule").hidden = !sources.some(({ guest, on_air }) => guest && !on_air);
  }

  /** A camera that comes in while another is on air changes nothing by itself: the host is told of it,
      and sees its tile. */
  #offerNew(sources) {
    const { answered, own } = this.#view;
    if (!answered) return;
    const before = this.#here;
    const here = sources.filter(({ id, away }) => !away || before?.has(id)).map(({ id }) => id);
    this.#here = new Set(here);
    const now = sources.find(({ on_air: isOn }) => isOn);
    const isOffered = ({ id, away, objection }) => now && id !== now.id && id !== own?.source && !away && !objection;
    const offered = sources.filter(isOffered);
    const came = before ? offered.filter(({ id }) => !before.has(id)) : [];
    const stay = offered.filter(({ id }) => this.#new.has(id));
    this.#new = new Set([...stay, ...came].map(({ id }) => id));
    for (const source of came) {
      const values = { name: labelOf(source), other: labelOf(now) };
      say(this.#part("told"), t("%(name)s has come in. %(other)s stays on air until you tap another.", values));
      this.#intoSight(source.id);
    }
  }

  /** Told that viewers get this source from now on. */
  switched(source) {
    if (source !== this.#switching?.source) return;
    clearTimeout(this.#switching.timer);
    this.#switching = null;
    this.#tell("");
    say(this.#part("told"), t("%(name)s is on air.", { name: this.#name(source) }));
    this.#drawTiles();
  }

  /** The strip shows what is on air when that changes; where the page stands, it stays. */
  #bringIn(source) {
    if (source === this.#shown) return;
    this.#shown = source;
    this.#intoSight(source);
  }

  #intoSight(source) {
    const item = this.#tiles.get(source)?.item;
    if (!item) return;
    const list = this.#part("list");
    const [outer, inner] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
    if (inner.left >= outer.left && inner.right <= outer.right) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const by = (inner.left + inner.right - outer.left - outer.right) / 2;
    list.scrollBy({ left: by, behavior: isCalm ? "instant" : "smooth" });
  }

  /** Another host picked another one meanwhile, or it has just left: nothing more is waited for. */
  #giveUp() {
    const waited = this.#switching;
    const { sources, answered } = this.#view;
    if (!waited?.after || answered < waited.after) return;
    if (sources.some(({ id, picked, away }) => id === waited.source && picked && !away)) return;
    clearTimeout(waited.timer);
    this.#switching = null;
    this.#tell("");
  }

  async #air(id) {
    clearTimeout(this.#switching?.timer);
    this.#switching = { source: id, timer: setTimeout(() => this.#slow(id), SLOW_MS) };
    this.#new.clear();
    this.#tell("");
    this.#drawTiles();
    try {
      const { on_air: isOn } = await put(`/api/v1/broadcasts/${this.#broadcast}/on-air`, { source: id });
      if (isOn) this.switched(id);
      const after = this.#onPicked();
      if (id === this.#switching?.source) this.#switching.after = after;
    } catch (problem) {
      if (id !== this.#switching?.source) return;
      clearTimeout(this.#switching.timer);
      this.#switching = null;
      this.#tell(together([this.#why(problem, id), t("What was on air stays.")]));
      this.#drawTiles();
    }
  }

  #why(problem, id) {
    const name = this.#name(id);
    switch (problem.slug) {
      case "source-away":
        return t("%(name)s sends no picture at the moment. Tap it again when the picture is back.", { name });
      case "source-unplayable":
        return t("Viewers could not play the picture of %(name)s.", { name });
      case "unknown-source":
        return t("%(name)s has left.", { name });
      case "media-server-away":
      case "media-on-other-server":
        return t("The server with the cameras does not answer. Try again in a moment.");
      default:
        return spoken(problem);
    }
  }

  #slow(id) {
    const name = this.#name(id);
    this.#tell(t("%(name)s has not sent a whole picture yet; viewers get it as soon as it does. What was on air stays until then.", { name }));
  }

  #tell(words) {
    const place = this.#part("trouble");
    say(place.querySelector("p"), words);
    place.hidden = !words;
  }

  #name(id) {
    return labelOf(this.#view.sources.find((source) => source.id === id));
  }

  #look(id) {
    this.#looked = [id, ...this.#looked.filter((other) => other !== id)];
    this.#drawPictures();
    this.#drawTiles();
  }

  #onSight(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#tiles.get(target.dataset.source);
      if (!tile) continue;
      clearTimeout(tile.resting);
      if (isIntersecting) tile.isSeen = true;
      else tile.resting = setTimeout(() => this.#rest(tile), REST_MS);
    }
    this.#drawPictures();
    this.#drawTiles();
  }

  #rest(tile) {
    tile.isSeen = false;
    this.#drawPictures();
    this.#drawTiles();
  }

  #drawTiles() {
    const { sources, judged, isLive, own } = this.#view;
    const previewed = this.#previewed();
    for (const source of sources) {
      const isSwitching = source.id === this.#switching?.source;
      const standing = isSwitching ? "switching" : standingOf(source, sources);
      const isOwn = source.id === own?.source;
      const tile = this.#tiles.get(source.id);
      tile.draw({
        source,
        standing,
        level: judged.get(source.id)?.level ?? "none",
        words: this.#words(source, standing, isLive),
        isOwn,
        isMirror: isOwn && own.isMirror,
        // More are in sight than are fetched at once.
        canLook: standing === "ready" && !isOwn && tile.isSeen && !previewed.has(source.id),
      });
    }
  }

  #words(source, standing, isLive) {
    switch (standing) {
      case "air":
      case "meanwhile":
        return {
          badge: !isLive ? t("Shown first") : standing === "air" ? t("On air") : t("On air meanwhile"),
          // Without this the one that is away comes back and takes its place.
          act: standing === "meanwhile" ? t("Keep on air") : "",
          is: isLive ? t("Viewers see this one") : t("Viewers see this one first"),
        };
      case "switching":
        return { badge: "", act: t("Switching…"), is: "" };
      case "away":
        return { badge: source.picked ? t("Your choice, away") : t("Away"), act: t("No picture"), is: "" };
      case "unfit":
        return { badge: t("Can't be shown"), act: t("Can't be shown"), is: "" };
      default:
        return {
          badge: this.#new.has(source.id) ? t("New") : "",
          act: isLive ? t("Put on air") : t("Show this first"),
          is: "",
        };
    }
  }

  /** The sources whose picture is fetched: those in sight, the ones asked for first. */
  #previewed() {
    const { sources, own, program } = this.#view;
    if (document.hidden) return new Set();
    const wanted = sources
      .filter((source) => !source.away && source.id !== own?.source && source.id !== program?.source)
      .map(({ id }) => id)
      .filter((id) => this.#tiles.get(id)?.isSeen);
    const rank = (id) => {
      const at = this.#looked.indexOf(id);
      return at < 0 ? this.#looked.length : at;
    };
    return new Set(wanted.sort((a, b) => rank(a) - rank(b)).slice(0, PREVIEWS));
  }

  #drawPictures() {
    const { sources, own, program } = this.#view;
    const previewed = this.#previewed();
    for (const { id: source } of sources) {
      const known = source === own?.source ? own.stream : source === program?.source ? program.stream : null;
      this.#tiles.get(source)?.show(known, previewed.has(source));
    }
  }

  #part(name) {
    return this.#root.querySelector(`[data-sources-${name}]`);
  }
}
