// The signal of each camera in words: one calm sentence while all is well, what to do where it is not,
// and the numbers with what they mean for whoever wants them. Decides nothing; see stream-health.js.

import { el, find, say } from "../../../lib/ui/dom.js";
import { listed, megabits } from "../../../lib/format/format.js";
import { t } from "../../../lib/words.js";
import { whatToDo } from "./stream-advice.js";
import { bars, levelName } from "./stream-health.js";
import { rejection } from "../../../lib/format/staff-sentences.js";
import { labelOf } from "./camera-tile.js";

/** @typedef {import("../types").ShownSource} ShownSource */
/** @typedef {import("../types").Judgement} Judgement */

/**
 * One sentence on how it does.
 * @param {ShownSource} source
 * @param {Judgement} judgement
 */
function inShort(source, { level }) {
  if (source.objection) return t("It can't be put on air.");
  if (source.refused) return rejection(source.refused);
  if (source.away)
    return t("It is sending nothing at the moment. Its place is kept for half a minute.");
  if (level === "unknown") return t("Its current state is unknown.");
  if (!source.bitrate_kbps) return t("It has just joined.");
  const values = { rate: megabits(source.bitrate_kbps), n: Math.round(source.fps ?? 0) };
  if (level === "good") {
    return (source.loss ?? 0) >= 0.005
      ? t("All is well: %(rate)s Mbit/s, %(n)s frames per second, hardly anything lost.", values)
      : t("All is well: %(rate)s Mbit/s, %(n)s frames per second, nothing lost.", values);
  }
  return t("%(rate)s Mbit/s, %(n)s frames per second.", values);
}

/**
 * @param {"udp" | "tcp"} transport
 * @param {boolean} isRelayed
 */
function wayWords(transport, isRelayed) {
  if (isRelayed) return t("through a relay (TURN), because no direct way was found");
  return transport === "tcp" ? t("TCP, because this network blocks UDP") : t("UDP, direct");
}

/**
 * The numbers as `[name, value]`; what is not known is left out.
 * @param {ShownSource} source
 */
function facts(source) {
  /** @type {[string, string][]} */
  const found = [];
  if (source.width && source.height) {
    const pictures = t("%(n)s frames/s", { n: Math.round(source.fps ?? 0) });
    found.push([
      t("Picture"),
      `${source.width}×${source.height} · ${pictures} · ${source.codec ?? ""}`.replace(/ · $/, ""),
    ]);
  }
  found.push([t("Bit rate"), `${megabits(source.bitrate_kbps ?? 0)} Mbit/s`]);
  const layers = (source.layers ?? []).filter(({ kbps }) => kbps > 0);
  if (layers.length > 1) {
    const each = layers.map(
      ({ width, height, kbps }) => `${width ?? "?"}×${height ?? "?"} ${megabits(kbps)}`,
    );
    found.push([t("Layers"), `${each.join(" · ")} Mbit/s`]);
  }
  const loss = (source.loss ?? 0) * 100;
  found.push([t("Lost on the way"), loss < 0.05 ? t("nothing") : `${loss.toFixed(1)} %`]);
  if (source.rtt_ms != null) found.push([t("Round trip"), `${Math.round(source.rtt_ms)} ms`]);
  if (source.keyframe_s) {
    found.push([t("Keyframe"), t("every %(n)s s", { n: source.keyframe_s.toFixed(1) })]);
  }
  if (source.transport) found.push([t("Way"), wayWords(source.transport, source.relayed)]);
  return found;
}

/** @type {Judgement} of a camera at which nobody has looked yet */
const UNJUDGED = { level: "none", advice: [] };

/** Draws one row a camera; rows stay, so that what was opened stays open. */
export class Signals {
  /** @param {HTMLElement} panel */
  constructor(panel) {
    /** @type {Map<string, HTMLElement>} by source */
    this._rows = new Map();
    this._panel = panel;
    this._list = find(panel, "[data-signals]");
  }

  /**
   * `purposes` by source, `encoder` for OBS and FFmpeg; what to do about `shown` stands above.
   * @param {ShownSource[]} sources
   * @param {Map<string, Judgement>} judged
   * @param {Map<string, string>} purposes
   * @param {string | undefined} shown
   */
  draw(sources, judged, purposes, shown) {
    const isOld = sources.some(({ id }) => judged.get(id)?.level === "unknown");
    const poor = sources.filter(({ id }) => judged.get(id)?.level !== "good").map(labelOf);
    this._panel.hidden = sources.length === 0;
    say(
      find(this._panel, "[data-signals-short]"),
      isOld
        ? t("No word from the server")
        : poor.length
          ? t("Check %(names)s", { names: listed(poor) })
          : t("All is well"),
    );
    for (const [id, row] of this._rows) {
      if (sources.some((source) => source.id === id)) continue;
      row.remove();
      this._rows.delete(id);
    }
    for (const source of sources) {
      const row = this._rows.get(source.id) ?? this._add(source.id);
      const judgement = judged.get(source.id) ?? UNJUDGED;
      this._drawRow(row, source, judgement);
      const isEncoder = purposes.get(source.id) === "encoder";
      const lines =
        source.id === shown ? [] : judgement.advice.map((advice) => whatToDo(advice, isEncoder));
      drawLines(find(row, "[data-lines]"), lines.filter(Boolean));
    }
  }

  /** @param {string} id */
  _add(id) {
    const sign = el(
      "span",
      { class: "signal__bars", "aria-hidden": "true" },
      ...Array.from({ length: 4 }, () => el("i")),
    );
    const row = el(
      "li",
      {},
      el(
        "details",
        { class: "signals__row" },
        el(
          "summary",
          { class: "signals__head" },
          el("span", { class: "signal", "data-signal": true }, sign),
          el(
            "span",
            { class: "signals__words" },
            el("strong", { "data-name": true }),
            " ",
            el("span", { class: "soft", "data-grade": true }),
            el("span", { class: "signals__short small", "data-short": true }),
          ),
        ),
        el("dl", { class: "facts signals__facts small", "data-facts": true }),
      ),
      el("ul", { class: "signals__advice small", "data-lines": true, hidden: true }),
    );
    this._rows.set(id, row);
    this._list.append(row);
    return row;
  }

  /**
   * @param {HTMLElement} row
   * @param {ShownSource} source
   * @param {Judgement} judgement
   */
  _drawRow(row, source, judgement) {
    /** @param {string} name */
    const part = (name) => find(row, `[data-${name}]`);
    const signal = part("signal");
    signal.dataset.bars = String(bars(judgement.level));
    signal.dataset.level = judgement.level;
    say(part("name"), labelOf(source));
    say(part("grade"), levelName(judgement.level));
    say(part("short"), inShort(source, judgement));
    const told = facts(source);
    const list = part("facts");
    if (list.children.length !== told.length * 2) {
      list.replaceChildren(...told.flatMap(() => [el("dt"), el("dd", { class: "number" })]));
    }
    told.forEach(([name, value], at) => {
      say(list.children[2 * at], name);
      say(list.children[2 * at + 1], value);
    });
  }
}

/**
 * A list of sentences; drawn anew only when it says something else, so that a screen reader says it
 * once. Answers whether there is one.
 * @param {HTMLElement} list
 * @param {string[]} lines
 */
export function drawLines(list, lines) {
  const told = lines.join("\n");
  list.hidden = lines.length === 0;
  if ((list.dataset.told ?? "") !== told) {
    list.dataset.told = told;
    list.replaceChildren(...lines.map((line) => el("li", {}, line)));
  }
  return lines.length > 0;
}
