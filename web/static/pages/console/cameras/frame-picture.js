// What is worth keeping as a frame, and how large it is kept.

const EDGE = 960;
const PLAIN = 24; // of 255: a lens cap, or a wall

/** Whether a picture shows anything: its darkest and its lightest spot differ.
    @param {Uint8ClampedArray} pixels RGBA */
export function showsAnything(pixels) {
  let darkest = 255;
  let lightest = 0;
  for (let index = 0; index + 2 < pixels.length; index += 4) {
    const light = (pixels[index] * 3 + pixels[index + 1] * 6 + pixels[index + 2]) / 10;
    darkest = Math.min(darkest, light);
    lightest = Math.max(lightest, light);
  }
  return lightest - darkest >= PLAIN;
}

/** The size at which a frame is kept, no edge above EDGE.
    @param {number} width
    @param {number} height */
export function sizeOf(width, height) {
  const scale = Math.min(1, EDGE / Math.max(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}
