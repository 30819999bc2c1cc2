// The search for a proof, for the page and its worker alike.

const SLICE = 256; // hashes that are asked for at once

/**
 * Whether a digest begins with so many zero bits.
 * @param {ArrayBuffer} digest
 * @param {number} bits
 */
function begins(digest, bits) {
  const bytes = new Uint8Array(digest, 0, Math.ceil(bits / 8));
  const whole = bits >> 3;
  for (let place = 0; place < whole; place += 1) if (bytes[place]) return false;
  return bits % 8 === 0 || bytes[whole] >> (8 - (bits % 8)) === 0;
}

/**
 * The first number whose hash behind the prefix begins with so many zero bits, as a string.
 * @param {string} prefix
 * @param {number} bits
 */
export async function search(prefix, bits) {
  const words = new TextEncoder();
  for (let from = 0; ; from += SLICE) {
    const found = await Promise.all(
      Array.from({ length: SLICE }, async (_, place) => {
        const text = words.encode(prefix + (from + place));
        return begins(await crypto.subtle.digest("SHA-256", text), bits);
      }),
    );
    const place = found.indexOf(true);
    if (place >= 0) return String(from + place);
    // Between two slices the page may draw and hear.
    if (from % (16 * SLICE) === 0) await new Promise((resolve) => setTimeout(resolve));
  }
}
