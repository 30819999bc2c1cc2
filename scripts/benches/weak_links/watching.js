// Records what a viewer's browser counts from the start of a join: its numbers of picture and sound
// four times a second, and when each frame was shown (browsers.py's `shown`).

const EVERY_MS = 250;
const COUNTED = {
  video: [
    "framesDecoded",
    "frameHeight",
    "totalFreezesDuration",
    "freezeCount",
    "packetsReceived",
    "packetsLost",
    "retransmittedPacketsReceived",
    "nackCount",
    "pliCount",
    "keyFramesDecoded",
    "bytesReceived",
  ],
  audio: [
    "totalSamplesReceived",
    "concealedSamples",
    "silentConcealedSamples",
    "packetsReceived",
    "packetsLost",
  ],
};

async function sample(pc) {
  const counted = { connection: window.made.indexOf(pc) };
  for (const each of (await pc.getStats()).values()) {
    if (each.type !== "inbound-rtp") continue;
    for (const name of COUNTED[each.kind]) counted[`${each.kind}.${name}`] = each[name] ?? 0;
  }
  return { ...counted, at: Date.now() };
}

async function take() {
  const pc = window.made.findLast((each) => each.connectionState !== "closed");
  if (pc) window.samples.push(await sample(pc));
}

// Loads the live page's own player, so that a join needs nothing more of the link.
window.prepare = async ({ player, broadcast }) => {
  const { WhepPlayer } = await import(player);
  window.newPlayer = () => new WhepPlayer(document.querySelector("video"), broadcast);
};

// The join begins: what is recorded counts from here.
window.begin = () => {
  window.player = window.newPlayer?.();
  window.began = Date.now();
  window.samples = [];
  window.taking = setInterval(take, EVERY_MS);
  window.player?.start();
};

// The join ends, once every connection is closed.
window.end = async () => {
  clearInterval(window.taking);
  await window.hangUp();
  const open = () => window.made.some((each) => each.connectionState !== "closed");
  while (open()) await new Promise((done) => setTimeout(done, 20));
};

window.recorded = async () => {
  await take();
  const shown = window.shown.filter((at) => at >= window.began);
  return { began: window.began, ended: Date.now(), shown, samples: window.samples };
};
