// The camera and microphone of this device: the back or the front camera first, turned by one tap,
// and a reason in one word when the device or its owner refuses. Leaves sending to whip-publisher.js.

const PICTURE = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
};
const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Why there is no picture: by `lacking`, or `denied`, `missing`, `busy` or `unknown`. */
export class Refusal extends Error {
  /**
   * @param {string} reason
   * @param {unknown} [cause]
   */
  constructor(reason, cause) {
    super(reason);
    this.reason = reason;
    this.cause = cause;
  }
}

/** @type {Record<string, string>} */
const REASONS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** @param {unknown} error */
function refusal(error) {
  if (error instanceof Refusal) return error;
  return new Refusal((error instanceof Error && REASONS[error.name]) || "unknown", error);
}

/** Why no page here gets a camera, whatever its owner says, known before the tap: `insecure`,
    `wechat` or `unsupported` (a chat app mostly), or null. */
export function lacking() {
  if (!window.isSecureContext) return "insecure";
  if ("getUserMedia" in (navigator.mediaDevices ?? {})) return null;
  return /MicroMessenger/i.test(navigator.userAgent) ? "wechat" : "unsupported";
}

/** Whether its owner has allowed the camera already, so that no question comes up. */
export async function isAllowed() {
  try {
    return (await navigator.permissions.query({ name: "camera" })).state === "granted";
  } catch {
    return true; // not every browser tells of the camera; asking for it shows
  }
}

/** @param {MediaStreamConstraints} constraints */
async function open(constraints) {
  const reason = lacking();
  if (reason) throw new Refusal(reason);
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    throw refusal(error);
  }
}

/**
 * Events: `change` (the stream has other tracks), `lost` (the system took a track away, as a call
 * does), `returned` (it gave it back by itself).
 */
export class Camera extends EventTarget {
  /**
   * `facing`: the camera that comes first, `environment` (the back) or `user`.
   * @param {string} [facing]
   */
  constructor(facing = "environment") {
    super();
    /** The tracks to send; always the same object, so that a preview stays bound to it. */
    this.stream = new MediaStream();
    /** @type {string | null} why there is picture without sound */
    this.silent = null;
    /** @type {string | null} the id of the camera, where a front and a back are not told apart */
    this._device = null;
    this._facing = facing;
  }

  get isOpen() {
    const [video] = this.stream.getVideoTracks();
    return video !== undefined && video.readyState === "live";
  }

  /** Whether the system took a track or holds back the picture; a headset's own mute is no matter. */
  get isHeld() {
    const isEnded = this.stream.getTracks().some((track) => track.readyState === "ended");
    return isEnded || this.stream.getVideoTracks().some((track) => track.muted);
  }

  get hasSound() {
    return this.stream.getAudioTracks().length > 0;
  }

  /** Whether its owner turned the microphone off. */
  get isMuted() {
    return this.stream.getAudioTracks()[0]?.enabled === false;
  }

  /** Whether the picture shows the person who holds the device, so that a preview is mirrored. */
  get isMirror() {
    const [video] = this.stream.getVideoTracks();
    return (video?.getSettings().facingMode ?? "") === "user";
  }

  /** Opens camera and microphone; without a microphone the picture alone, with `silent` set. */
  async open() {
    this._stopTracks();
    let tracks;
    this.silent = null;
    try {
      tracks = await open({ video: this._picture(), audio: SOUND });
    } catch (both) {
      if (!(both instanceof Refusal)) throw both;
      if (["insecure", "wechat", "unsupported", "busy"].includes(both.reason)) throw both;
      tracks = await open({ video: this._picture() });
      this.silent = both.reason;
    }
    for (const track of tracks.getTracks()) this._take(track);
    this.dispatchEvent(new Event("change"));
  }

  /** The other camera: front and back on a phone, the next one on a desk. */
  async turn() {
    const [old] = this.stream.getVideoTracks();
    const before = { facing: this._facing, device: this._device };
    const facing = old?.getSettings().facingMode;
    if (facing) {
      this._facing = facing === "user" ? "environment" : "user";
      this._device = null;
    } else {
      const cameras = await this._cameras();
      const at = cameras.findIndex((camera) => camera.deviceId === old?.getSettings().deviceId);
      this._device = cameras[(at + 1) % cameras.length]?.deviceId ?? null;
    }
    // Phones open one camera at a time.
    if (old) this._drop(old);
    try {
      this._take((await open({ video: this._picture() })).getVideoTracks()[0]);
    } catch (error) {
      this._facing = before.facing;
      this._device = before.device;
      this._take((await open({ video: this._picture() })).getVideoTracks()[0]);
      throw error;
    } finally {
      this.dispatchEvent(new Event("change"));
    }
  }

  /** The microphone off, or on again. */
  mute() {
    for (const track of this.stream.getAudioTracks()) track.enabled = !track.enabled;
    this.dispatchEvent(new Event("change"));
  }

  async canTurn() {
    return (await this._cameras()).length > 1;
  }

  close() {
    this._stopTracks();
    this.dispatchEvent(new Event("change"));
  }

  async _cameras() {
    const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    return devices.filter((device) => device.kind === "videoinput");
  }

  /** @returns {MediaTrackConstraints} */
  _picture() {
    return this._device
      ? { ...PICTURE, deviceId: { exact: this._device } }
      : { ...PICTURE, facingMode: { ideal: this._facing } };
  }

  /** @param {MediaStreamTrack} track */
  _take(track) {
    if (track.kind === "video") track.contentHint = "motion";
    track.onended = () => this.dispatchEvent(new Event("lost"));
    track.onmute = () => this.dispatchEvent(new Event("lost"));
    track.onunmute = () => this.dispatchEvent(new Event("returned"));
    this.stream.addTrack(track);
  }

  /** @param {MediaStreamTrack} track */
  _drop(track) {
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
    this.stream.removeTrack(track);
  }

  _stopTracks() {
    for (const track of this.stream.getTracks()) this._drop(track);
  }
}
