// Tries whether media's packets pass between this device and the server, and how: nothing is played, and
// no picture is sent.

import { ConnectionPath, iceServers, wayOf } from "./connection-path.js";

const WITHIN = 15_000;
const SETTLED_AFTER = 1_500; // browsers try all ways at once, and the best may not be the first
/** Addresses that only devices of one network reach (RFC 1918, 3927, 4193, 4291, 6598). */
const OF_ONE_NETWORK =
  /^(0\.|10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd]|fe80)/i;

/**
 * What was found: how packets go, null where none do, `nothing` where no camera sends; and whether the
 * server is named to others only by addresses that nobody outside of its network reaches.
 * @typedef {{ way: string | null, isOfOneNetwork: boolean }} Found
 */

/** @type {Found} */
const NO_WAY = { way: null, isOfOneNetwork: false };

/**
 * As a viewer gets a broadcast.
 * @param {string} broadcast
 * @returns {Promise<Found>}
 */
export async function tryWay(broadcast) {
  if (!("RTCPeerConnection" in window)) return NO_WAY;
  const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  connection.addTransceiver("video", { direction: "recvonly" });
  /** @type {string | null} */
  let session = null;
  try {
    const answer = await offer(connection, `/whep/${broadcast}`);
    if (answer.status === 409) return { ...NO_WAY, way: "nothing" };
    if (!answer.ok) return NO_WAY;
    session = sessionOf(answer);
    const servers = iceServers(answer.headers);
    const sdp = await answer.text();
    await connection.setRemoteDescription({ type: "answer", sdp });
    const way = await playersWay(new ConnectionPath(connection, { session, servers }));
    return { way, isOfOneNetwork: namesOneNetwork(sdp) };
  } catch {
    return NO_WAY;
  } finally {
    connection.close();
    if (session) fetch(session, { method: "DELETE" }).catch(() => {});
  }
}

/**
 * As a camera of this device would send, before any does. The packets of ICE find their way there and
 * back, and no more: the server counts no camera.
 * @param {{ whip_url: string, key: string }} credentials
 * @returns {Promise<Found>}
 */
export async function tryCamerasWay(credentials) {
  if (!("RTCPeerConnection" in window)) return NO_WAY;
  const { servers, ...found } = await tryToSend(credentials, []);
  if (found.way || servers.length === 0) return found;
  const { way, isOfOneNetwork } = await tryToSend(credentials, servers);
  return { way, isOfOneNetwork };
}

/**
 * @param {{ whip_url: string, key: string }} credentials
 * @param {RTCIceServer[]} iceServersUsed
 * @returns {Promise<Found & { servers: RTCIceServer[] }>}
 */
async function tryToSend({ whip_url: url, key }, iceServersUsed) {
  const connection = new RTCPeerConnection({
    iceServers: iceServersUsed,
    bundlePolicy: "max-bundle",
  });
  connection.addTransceiver("video", { direction: "sendonly" });
  const authorization = { authorization: `Bearer ${key}` };
  /** @type {string | null} */
  let session = null;
  try {
    const answer = await offer(connection, new URL(url).pathname, authorization);
    if (!answer.ok) return { ...NO_WAY, servers: [] };
    session = sessionOf(answer);
    const servers = iceServers(answer.headers);
    const sdp = await answer.text();
    await connection.setRemoteDescription({ type: "answer", sdp: withoutHandshake(sdp) });
    const way = (await iceConnected(connection)) ? await wayOf(connection) : null;
    return { way, isOfOneNetwork: namesOneNetwork(sdp), servers };
  } catch {
    return { ...NO_WAY, servers: [] };
  } finally {
    connection.close();
    if (session) fetch(session, { method: "DELETE", headers: authorization }).catch(() => {});
  }
}

/**
 * @param {RTCPeerConnection} connection
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
async function offer(connection, path, headers = {}) {
  await connection.setLocalDescription(await connection.createOffer());
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/sdp", accept: "application/sdp", ...headers },
    body: connection.localDescription?.sdp,
  });
}

/** @param {Response} answer */
const sessionOf = (answer) => new URL(answer.headers.get("location") ?? "", location.origin).href;

/**
 * Whether an answer names only addresses that nobody outside of the server's network reaches.
 * @param {string} sdp
 */
export function namesOneNetwork(sdp) {
  const addresses = [...sdp.matchAll(/^a=candidate:\S+ \d+ \S+ \d+ (\S+)/gm)].map(([, at]) => at);
  return addresses.length > 0 && addresses.every((at) => OF_ONE_NETWORK.test(at));
}

/**
 * The answer with the other DTLS role (RFC 8842, section 5.2): both ends wait for the other's handshake,
 * so that ICE connects and the server takes the connection for no camera.
 * @param {string} sdp
 */
export function withoutHandshake(sdp) {
  return sdp.replace(/^a=setup:(active|passive)/gm, (_, role) =>
    role === "active" ? "a=setup:passive" : "a=setup:active",
  );
}

/**
 * Whether ICE connected, once it has chosen among the ways.
 * @param {RTCPeerConnection} connection
 * @returns {Promise<boolean>}
 */
function iceConnected(connection) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), WITHIN);
    const look = () => {
      const state = connection.iceConnectionState;
      if (state === "failed" || state === "closed") {
        clearTimeout(timer);
        resolve(false);
      }
      if (state !== "connected" && state !== "completed") return;
      clearTimeout(timer);
      setTimeout(() => resolve(true), SETTLED_AFTER);
    };
    connection.addEventListener("iceconnectionstatechange", look);
    look();
  });
}

/**
 * @param {ConnectionPath} path
 * @returns {Promise<string | null>}
 */
function playersWay(path) {
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
