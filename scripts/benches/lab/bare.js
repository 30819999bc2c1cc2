// What the bare pages of a bench do, where only media counts: publish by WHIP, watch by the live
// page's own player, or join two browsers directly. What is written here does not come back.

const MOST = { bundlePolicy: "max-bundle", iceServers: [] };

window.pc = null;

// Camera and microphone at 720p30, as the studio asks for them.
async function camera() {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: { exact: 1280 }, height: { exact: 720 }, frameRate: { ideal: 30 } },
    audio: true,
  });
  stream.getVideoTracks()[0].contentHint = "motion";
  return stream;
}

// Publish one layer of `kbps` kbit/s, or `layers`: simulcast encodings, the smallest first.
async function sending({ kbps, codec, layers }) {
  const stream = await camera();
  window.pc = new RTCPeerConnection(MOST);
  pc.addTransceiver(stream.getAudioTracks()[0], { direction: "sendonly", streams: [stream] });
  const video = pc.addTransceiver(stream.getVideoTracks()[0], {
    direction: "sendonly",
    streams: [stream],
    sendEncodings: layers ?? [{ maxBitrate: kbps * 1000, maxFramerate: 30 }],
  });
  // 720p is what is measured: where the processor or the link is short, frames go, not pixels.
  const how = video.sender.getParameters();
  await video.sender.setParameters({ ...how, degradationPreference: "maintain-resolution" });
  const all = RTCRtpSender.getCapabilities("video").codecs;
  const same = (each) =>
    each.mimeType === codec.mimeType && (each.sdpFmtpLine ?? "") === (codec.sdpFmtpLine ?? "");
  if (codec) video.setCodecPreferences([...all.filter(same), ...all.filter((each) => !same(each))]);
}

function receiving() {
  window.pc = new RTCPeerConnection(MOST);
  const stream = new MediaStream();
  pc.addEventListener("track", ({ track }) => stream.addTrack(track));
  const video = document.querySelector("video");
  video.srcObject = stream;
  video.play().catch(() => {});
}

async function gathered() {
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 20));
  return pc.localDescription.sdp;
}

async function post(url, key) {
  const headers = { "content-type": "application/sdp" };
  if (key) headers.authorization = `Bearer ${key}`;
  const answer = await fetch(url, { method: "POST", headers, body: pc.localDescription.sdp });
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  window.session = new URL(answer.headers.get("location"), location.href).href;
  window.key = key;
  await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
}

window.publish = async ({ url, key, kbps, layers }) => {
  await sending({ kbps, layers });
  await pc.setLocalDescription();
  await post(url, key);
};

// The player of the live page, without the page.
window.watch = async ({ player, broadcast }) => {
  const { WhepPlayer } = await import(player);
  window.player = new WhepPlayer(document.querySelector("video"), broadcast);
  window.player.start();
};

// One browser offers, the other answers, the first takes the answer.
window.offer = async ({ kbps, codec }) => {
  await sending({ kbps, codec });
  return gathered();
};
window.answer = async (sdp) => {
  receiving();
  await pc.setRemoteDescription({ type: "offer", sdp });
  return gathered();
};
window.take = (sdp) => pc.setRemoteDescription({ type: "answer", sdp });

window.hangUp = async () => {
  window.player?.stop();
  for (const sender of pc?.getSenders() ?? []) sender.track?.stop();
  pc?.close();
  window.pc = null;
  const headers = window.key ? { authorization: `Bearer ${window.key}` } : {};
  if (window.session) await fetch(window.session, { method: "DELETE", headers }).catch(() => {});
  window.session = null;
};
