// What a stream's numbers mean for the person who holds the camera: a level and what to do, each by
// the key of a sentence. Decides only; shows nothing.

/** A threshold is where viewers begin to notice, not where something breaks. */
const LIMITS = { loss: [0.02, 0.06], fps: [22, 14], kbps: [900, 450], rtt: [250, 500], keyframe: 4.5 };

/**
 * `source` is one of the health answer's sources or undefined. Returns
 * `{level: "none"|"away"|"poor"|"fair"|"good", advice: [key…]}`, the most urgent advice first.
 */
export function judge(source) {
  if (!source) return { level: "none", advice: ["none"] };
  if (source.away) return { level: "away", advice: ["away"] };
  const advice = [];
  let level = "good";
  const worsen = (to, key) => {
    if (to === "poor" || level === "good") level = to;
    advice.push(key);
  };
  const above = (value, [fair, poor], key) => {
    if (value == null) return;
    if (value > poor) worsen("poor", key);
    else if (value > fair) worsen("fair", key);
  };
  const below = (value, [fair, poor], key) => {
    if (value == null) return;
    if (value < poor) worsen("poor", key);
    else if (value < fair) worsen("fair", key);
  };
  if (!source.fps) worsen("poor", "still");
  else below(source.fps, LIMITS.fps, "slow");
  above(source.loss, LIMITS.loss, "loss");
  below(source.bitrate_kbps, LIMITS.kbps, "thin");
  above(source.rtt_ms, LIMITS.rtt, "late");
  if (source.audio === false) worsen("fair", "silent");
  if (source.keyframe_s > LIMITS.keyframe) worsen("fair", "keyframe");
  return { level, advice };
}

/** How many of four bars are lit. */
export function bars(level) {
  return { none: 0, away: 0, poor: 1, fair: 2, good: 4 }[level];
}

/** Of the source that is on air, or of the one that would be. */
export function onAir(sources) {
  return sources.find((source) => source.on_air) ?? sources.find((source) => !source.away);
}
