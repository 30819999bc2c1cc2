// How a stream does, by the server's advice: a level, and which pieces of advice have lasted long
// enough to trouble the host with. Decides only; the words are stream-advice.js's.

import { t } from "../../../lib/words.js";

/** @typedef {import("../types").SourceHealth} SourceHealth */
/** @typedef {import("../types").Level} Level */

/** So many looks in a row a trouble must be there; a camera that has just come in grows sharper. */
const LOOKS = 3;
const LOOKS_NARROW = 7;
/** What does not change by itself is said at once. */
const AT_ONCE = new Set(["b-frames", "profile", "unplayable"]);

const GROWING = new Set(["narrow-uplink", "small-picture", "viewers"]);
/** Trouble of the viewers' own links: the camera's signal is as good as before. */
const OTHERS = new Set(["viewers"]);

/** @param {string} code */
const looksFor = (code) => (AT_ONCE.has(code) ? 1 : GROWING.has(code) ? LOOKS_NARROW : LOOKS);

/** Looks at a source again and again; `take` gives `{level, advice}`, the advice as the server's. */
export class HealthWatch {
  constructor() {
    /** @type {string | null} */
    this._source = null;
    /** @type {Map<string, number>} looks in a row, by the advice's code */
    this._counts = new Map();
  }

  /**
   * One of the health answer's sources, or undefined where there is none.
   * @param {Pick<SourceHealth, "id" | "advice" | "away" | "objection"> | undefined} source
   * @returns {import("../types").Judgement}
   */
  take(source) {
    if (source?.id !== this._source) this._counts.clear();
    this._source = source?.id ?? null;
    if (!source) return { level: "none", advice: [] };
    const found = source.advice ?? [];
    this._counts = new Map(found.map(({ code }) => [code, (this._counts.get(code) ?? 0) + 1]));
    const advice = found.filter(({ code }) => (this._counts.get(code) ?? 0) >= looksFor(code));
    if (source.objection) return { level: "poor", advice };
    if (source.away) return { level: "away", advice: [] };
    const own = advice.filter(({ code }) => !OTHERS.has(code));
    const isPoor = own.some(({ level }) => level === "poor");
    return { level: isPoor ? "poor" : own.length ? "fair" : "good", advice };
  }
}

/**
 * How many of four bars are lit.
 * @param {Level} level
 */
export function bars(level) {
  return { none: 0, unknown: 0, away: 0, poor: 1, fair: 2, good: 4 }[level];
}

/**
 * Of the source that is on air, or of the one that would be.
 * @template {SourceHealth} S
 * @param {S[]} sources
 */
export function onAir(sources) {
  return (
    sources.find((source) => source.on_air) ??
    sources.find((source) => (source.picked || source.holds_air) && !source.away) ??
    sources.find((source) => !source.away && !source.guest)
  );
}

/**
 * The level in a word.
 * @param {Level} level
 */
export function levelName(level) {
  switch (level) {
    case "good":
      return t("good");
    case "fair":
      return t("fair");
    case "poor":
      return t("poor");
    case "away":
      return t("lost");
    case "unknown":
      return t("not known");
    default:
      return t("no picture");
  }
}
