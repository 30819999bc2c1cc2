// Passkeys in this browser: options from the server's JSON, and its answer as JSON (W3C Web
// Authentication). An older browser has no `toJSON`, so both ways stand here.

/** Whether this browser has passkeys under this address: only over HTTPS, or on localhost. */
export const hasPasskeys = () =>
  window.isSecureContext && typeof PublicKeyCredential === "function";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
    letter.charCodeAt(0),
  );

const words = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const known = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

const answer = (credential, response) => ({
  id: credential.id,
  rawId: words(credential.rawId),
  type: credential.type,
  response,
  clientExtensionResults: credential.getClientExtensionResults(),
});

/** Makes a passkey; null where the person or the device did not. */
export async function makePasskey(options) {
  try {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    return answer(made, {
      clientDataJSON: words(made.response.clientDataJSON),
      attestationObject: words(made.response.attestationObject),
      transports: made.response.getTransports?.() ?? [],
    });
  } catch {
    return null;
  }
}

/** Signs with one of the passkeys that the options name; null where the person or the device did not. */
export async function usePasskey(options) {
  try {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: known(options.allowCredentials),
    };
    const used = await navigator.credentials.get({ publicKey });
    return answer(used, {
      clientDataJSON: words(used.response.clientDataJSON),
      authenticatorData: words(used.response.authenticatorData),
      signature: words(used.response.signature),
      userHandle: used.response.userHandle ? words(used.response.userHandle) : null,
    });
  } catch {
    return null;
  }
}

/** A name for a passkey that was made here: the device's own word, where the browser says it. */
export function deviceName() {
  const { platform = "" } = navigator.userAgentData ?? {};
  return (
    platform ||
    (navigator.userAgent.match(/iPhone|iPad|Android|Macintosh|Windows|Linux/) ?? [""])[0].replace(
      "Macintosh",
      "Mac",
    )
  );
}
