// How long the player holds the picture back where packets are lost on the way: long enough for
// what is missing to be asked for and sent again. Without loss nothing is held back. Browsers wait
// for what is late, not for what is sent again, so that a picture with loss would stop and start.
// The server probes a link with repeats that nobody asked for: those are no loss. Where much more is lost
// than is sent again, the link is full: the server sends less, and to hold the picture would not help.

import { reportsOf } from "./connection-path.js";

const LOOK_EVERY = 1_000;
const MANY = 0.01; // of the packets were sent again
const CALM_AFTER = 60_000;
const FULL_FOR = 8_000;
const FULL_SPAN = 4; // looks
const FULL_LOSS = 0.1; // of the packets are lost
const FULL_SHARE = 2; // and so much more than is sent again
const LEAST = 200; // milliseconds, as all that follows
const ROUNDS = 3; // what is asked for again, or the asking, is lost too
const STEP = 50;
const MOST = 800;

/** @typedef {{ packets: number, lost: number, repaired: number, asked: number, roundTrip: number }} Seen */

/**
 * Watch over a connection that receives; returns a function that ends it.
 * @param {RTCPeerConnection} connection
 */
export function adaptJitterBuffer(connection) {
  const receivers = connection.getReceivers().filter((each) => "jitterBufferTarget" in each);
  /** @type {Seen | null} */
  let before = null;
  let lossyAt = 0;
  let fullAt = -Infinity;
  /** @type {Seen[]} the last looks */
  let spans = [];
  /** @type {number | null} */
  let held = null;

  async function look() {
    const now = read(await connection.getStats());
    const packets = now.packets - (before?.packets ?? now.packets);
    const repaired = now.repaired - (before?.repaired ?? now.repaired);
    const asked = now.asked - (before?.asked ?? now.asked);
    spans = [...spans.slice(1 - FULL_SPAN), now];
    before = now;
    const lost = now.lost - spans[0].lost;
    const again = now.repaired - spans[0].repaired;
    const came = now.packets - spans[0].packets;
    if (lost > FULL_SHARE * again && lost > came * FULL_LOSS) fullAt = performance.now();
    if (performance.now() - fullAt < FULL_FOR) {
      hold(null);
      return;
    }
    if (packets > 0 && asked > 0 && repaired > packets * MANY) {
      lossyAt = performance.now();
      const round = Math.ceil((now.roundTrip * 1000) / STEP) * STEP;
      const wanted = Math.min(MOST, LEAST + ROUNDS * round);
      hold(Math.max(held ?? 0, wanted));
    } else if (held !== null && performance.now() - lossyAt > CALM_AFTER) {
      hold(null);
    }
  }

  /** @param {number | null} target */
  function hold(target) {
    if (target === held) return;
    held = target;
    // Sound and picture alike: they are shown in step.
    for (const receiver of receivers) receiver.jitterBufferTarget = target;
  }

  if (receivers.length === 0) return () => {};
  const timer = setInterval(() => look().catch(() => {}), LOOK_EVERY);
  return () => clearInterval(timer);
}

/** Packets of the picture that came, those that were lost at first, those that were sent again, how often
    some were asked for, and the round trip in seconds.
    @param {RTCStatsReport} stats
    @returns {Seen} */
function read(stats) {
  const found = { packets: 0, lost: 0, repaired: 0, asked: 0, roundTrip: 0 };
  for (const each of reportsOf(stats)) {
    if (each.type === "inbound-rtp" && each.kind === "video") {
      found.packets += each.packetsReceived;
      found.lost += each.packetsLost ?? 0;
      found.repaired += each.retransmittedPacketsReceived ?? 0;
      found.asked += each.nackCount ?? 0;
    } else if (each.type === "candidate-pair" && each.nominated) {
      found.roundTrip = Math.max(found.roundTrip, each.currentRoundTripTime ?? 0);
    }
  }
  return found;
}
