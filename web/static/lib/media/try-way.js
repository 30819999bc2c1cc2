// Tries whether a WHEP session's packets reach this device, and how: nothing is played.

import { ConnectionPath, iceServers } from "./connection-path.js";

const WITHIN = 15_000;

/** `udp`, `tcp` or `relay` as soon as packets come through; `nothing` where no camera sends, null where
    none do.
    @param {string} broadcast
    @returns {Promise<string | null>} */
export async function tryWay(broadcast) {
  if (!("RTCPeerConnection" in window)) return null;
  const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  connection.addTransceiver("video", { direction: "recvonly" });
  /** @type {string | null} */
  let session = null;
  try {
    await connection.setLocalDescription(await connection.createOffer());
    const answer = await fetch(`/whep/${broadcast}`, {
      method: "POST",
      headers: { "content-type": "application/sdp", accept: "application/sdp" },
      body: connection.localDescription?.sdp,
    });
    if (answer.status === 409) return "nothing";
    if (!answer.ok) return null;
    session = new URL(answer.headers.get("location") ?? "", location.origin).href;
    const servers = iceServers(answer.headers);
    await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    return await wayOf(new ConnectionPath(connection, { session, servers }));
  } catch {
    return null;
  } finally {
    connection.close();
    if (session) fetch(session, { method: "DELETE" }).catch(() => {});
  }
}

/**
 * @param {ConnectionPath} path
 * @returns {Promise<string | null>}
 */
function wayOf(path) {
  return new Promise((resolve) => {
    /** @param {string | null} way */
    const end = (way) => {
      clearTimeout(timer);
      path.close?.();
      resolve(way);
    };
    const timer = setTimeout(() => end(null), WITHIN);
    path.addEventListener("open", () => path.way && end(path.way));
    path.addEventListener("blocked", () => end(null));
    path.addEventListener("lost", () => end(null));
  });
}
