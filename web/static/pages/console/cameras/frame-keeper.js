// A frame of what is on air, which the start page and a shared link show: taken by the host's desk from
// its own player, since the server decodes no picture; once soon, then now and then.

import { api, Problem, UNATTENDED } from "../../../lib/channel/api.js";
import { showsAnything, sizeOf } from "./frame-picture.js";
import { upload } from "../../../lib/channel/staff-api.js";

const FIRST_MS = 10_000; // a camera has found its light by then
const EVERY_MS = 600_000;
const PROBE = 16;

/** @param {HTMLVideoElement} video
    @param {number} width
    @param {number} height */
function drawn(video, width, height) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context?.drawImage(video, 0, 0, width, height);
  return { canvas, context };
}

/** @param {HTMLVideoElement} video
    @returns {Promise<Blob | null>} a frame of it as JPEG, or null where it shows nothing */
async function frameOf(video) {
  const probe = drawn(video, PROBE, PROBE).context;
  if (!probe || !showsAnything(probe.getImageData(0, 0, PROBE, PROBE).data)) return null;
  const { width, height } = sizeOf(video.videoWidth, video.videoHeight);
  const { canvas } = drawn(video, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
}

/** Take a frame of `video` while `isOnAir` answers that it shows what viewers see.
    @param {string} broadcast
    @param {HTMLVideoElement} video
    @param {() => boolean} isOnAir */
export function keepFrames(broadcast, video, isOnAir) {
  let timer = setTimeout(take, FIRST_MS);
  async function take() {
    clearTimeout(timer);
    let after = FIRST_MS;
    try {
      const frame = isOnAir() && video.videoWidth ? await frameOf(video) : null;
      if (frame) {
        const { picture } = await upload("/api/v1/pictures", frame, { headers: UNATTENDED });
        // Nobody waits for this act, so that no button tells of it.
        const shown = `/api/v1/broadcasts/${broadcast}/frame`;
        await api("PUT", shown, { picture }, { staff: true, headers: UNATTENDED });
        after = EVERY_MS;
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      after = EVERY_MS; // a quota is used up, or the server is away: it is only a picture
    }
    timer = setTimeout(take, after);
  }
}
