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

window.prepare = async ({ player, broadcast }) => {
  const { WhepPlayer } = await import(player);
  window.player = new WhepPlayer(document.querySelector("video"), broadcast);
};

// The join begins: what is recorded counts from here.
window.begin = () => {
  window.began = Date.now();
  window.samples = [];
  window.taking = setInterval(take, EVERY_MS);
  window.player?.start();
};

window.recorded = async () => {
  await take();
  const shown = window.shown.filter((at) => at >= window.began);
  return { began: window.began, ended: Date.now(), shown, samples: window.samples };
};
