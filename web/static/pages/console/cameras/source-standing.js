// How each camera of a broadcast stands, and by which rule one is on air. Decides only.

import { t } from "../../../lib/words.js";
import { labelOf } from "./camera-tile.js";

/** @typedef {"air" | "meanwhile" | "ready" | "away" | "unfit"} Standing */

/**
 * The source that is on air while it sends: the host's choice, else the first.
 * @template {import("../types").SourceHealth} S
 * @param {S[]} sources
 */
const heldIn = (sources) =>
  sources.find(({ picked, holds_air: holds, objection }) => picked || (holds && !objection));

/**
 * How a source stands: `air`, `meanwhile` (in place of the held one, which is away), `ready`,
 * `away`, `unfit` (viewers could not play it).
 * @param {import("../types").SourceHealth} source
 * @param {import("../types").SourceHealth[]} sources
 * @returns {Standing}
 */
export function standingOf(source, sources) {
  if (source.objection) return "unfit";
  if (source.on_air) {
    const held = heldIn(sources);
    return held && held !== source ? "meanwhile" : "air";
  }
  return source.away ? "away" : "ready";
}

/**
 * Which camera is on air and why, and what happens when it goes away.
 * @param {import("../types").SourceHealth[]} sources
 * @param {boolean} isLive
 */
export function ruleWords(sources, isLive) {
  const held = heldIn(sources);
  const now = sources.find((source) => source.on_air);
  const name = labelOf(held);
  if (held?.away) {
    return now && now !== held
      ? t("%(name)s is disconnected. %(other)s stands in, and %(name)s comes back automatically.", {
          name,
          other: labelOf(now),
        })
      : t("%(name)s is disconnected. It is shown again as soon as it is back.", { name });
  }
  if (sources.filter((source) => !source.guest).length + (now?.guest ? 1 : 0) < 2) return "";
  if (held) {
    return t(
      "%(name)s stays until you tap another. If the picture is lost, another of your cameras stands in.",
      { name },
    );
  }
  return isLive ? "" : t("The first camera that sends is shown first.");
}
