// An address of this server as a QR code, drawn by the server from the body of a request, so that an
// invitation's token stands in no log.

/**
 * Shows the code of a path in an <img>; resolves to whether it could be drawn.
 * @param {HTMLImageElement} image
 * @param {string} path
 */
export async function showCode(image, path) {
  image.hidden = true;
  try {
    const answer = await fetch("/studio/qr", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ path }),
    });
    if (!answer.ok) return false;
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(await answer.blob());
    image.hidden = false;
    return true;
  } catch {
    return false;
  }
}
