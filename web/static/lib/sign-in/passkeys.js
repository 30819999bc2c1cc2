// Passkeys in this browser: options from the server's JSON, and its answer as JSON (W3C Web
// Authentication). An older browser has no `toJSON`, so both ways stand here.

/**
 * The options of a passkey as JSON: what is bytes there is base64url here.
 * @typedef {Omit<PublicKeyCredentialRequestOptions, "challenge" | "allowCredentials"> & { challenge: string,
 *   allowCredentials?: CredentialInJson[] }} RequestOptions
 * @typedef {Omit<PublicKeyCredentialCreationOptions, "challenge" | "user" | "excludeCredentials"> & {
 *   challenge: string, user: { id: string, name: string, displayName: string },
 *   excludeCredentials?: CredentialInJson[] }} CreationOptions
 * @typedef {Omit<PublicKeyCredentialDescriptor, "id"> & { id: string }} CredentialInJson
 */

/** Whether this browser has passkeys under this address: only over HTTPS, or on localhost. */
export const hasPasskeys = () =>
  window.isSecureContext && typeof PublicKeyCredential === "function";

/** @param {string} text */
const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) =>
    letter.charCodeAt(0),
  );

/** @param {ArrayBuffer} buffer */
const words = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=/g, "");

/** @param {CredentialInJson[]} [list] */
const known = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

/**
 * @param {PublicKeyCredential} credential
 * @param {object} response
 */
const answer = (credential, response) => ({
  id: credential.id,
  rawId: words(credential.rawId),
  type: credential.type,
  response,
  clientExtensionResults: credential.getClientExtensionResults(),
});

/**
 * Makes a passkey; null where the person or the device did not.
 * @param {CreationOptions} options
 */
export async function makePasskey(options) {
  try {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    if (!(made instanceof PublicKeyCredential)) return null;
    const response = /** @type {AuthenticatorAttestationResponse} */ (made.response);
    return answer(made, {
      clientDataJSON: words(response.clientDataJSON),
      attestationObject: words(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    });
  } catch {
    return null;
  }
}

/**
 * Signs with one of the passkeys that the options name; null where the person or the device did not.
 * @param {RequestOptions} options
 */
export async function usePasskey(options) {
  try {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: known(options.allowCredentials),
    };
    const used = await navigator.credentials.get({ publicKey });
    if (!(used instanceof PublicKeyCredential)) return null;
    const response = /** @type {AuthenticatorAssertionResponse} */ (used.response);
    return answer(used, {
      clientDataJSON: words(response.clientDataJSON),
      authenticatorData: words(response.authenticatorData),
      signature: words(response.signature),
      userHandle: response.userHandle ? words(response.userHandle) : null,
    });
  } catch {
    return null;
  }
}

/** A name for a passkey that was made here: the device's own word, where the browser says it. */
export function deviceName() {
  const { userAgentData } = /** @type {{ userAgentData?: { platform?: string } }} */ (navigator);
  const { platform = "" } = userAgentData ?? {};
  return (
    platform ||
    (navigator.userAgent.match(/iPhone|iPad|Android|Macintosh|Windows|Linux/) ?? [""])[0].replace(
      "Macintosh",
      "Mac",
    )
  );
}
