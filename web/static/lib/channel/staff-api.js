// The API as staff call it: a session that ran out leads to the sign-in and back to this page, and what
// is asked again is done after reauthentication (lib/sign-in/reauthentication.js).

import { api, ofThisPage, Problem } from "./api.js";
import { NEEDED, withReauthentication } from "../sign-in/reauthentication.js";
import { t } from "../words.js";

/** Problems with 401 that say nothing of the session. */
const OF_WHAT_WAS_SENT = [NEEDED, "wrong-factor-code", "passkey-refused"];

/** @type {(answer: Promise<any>) => Promise<any>} */
let follow = (answer) => answer;

/**
 * Have each act that is sent from now on followed: `follower` gets the promise of its answer.
 * @param {(answer: Promise<any>) => unknown} follower
 */
export function followActs(follower) {
  follow = (answer) => {
    follower(answer);
    return answer;
  };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>} what the server answers
 */
async function call(method, path, body, headers = {}) {
  try {
    const ask = () => api(method, path, body, { staff: true, headers });
    return await withReauthentication(method === "GET" ? ask : () => follow(ask()));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    // A camera that sends outlives the session: it is not torn away for a sign-in.
    if (
      problem.status === 401 &&
      !OF_WHAT_WAS_SENT.includes(problem.slug) &&
      !document.body.hasAttribute("data-sending")
    ) {
      location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
    }
    throw problem;
  }
}

/**
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
export const get = (path, headers = {}) => call("GET", path, undefined, headers);

/**
 * A list with all of its pages, `{name: […]}`.
 * @param {string} path
 * @returns {Promise<Record<string, any[]>>}
 */
export async function getAll(path) {
  /** @type {Record<string, any[]>} */
  const all = {};
  let cursor = "";
  do {
    const answer = await get(
      `${path}${path.includes("?") ? "&" : "?"}limit=200${cursor && `&cursor=${cursor}`}`,
    );
    for (const [name, value] of Object.entries(answer))
      if (Array.isArray(value)) all[name] = (all[name] ?? []).concat(value);
    cursor = answer.next ?? "";
  } while (cursor);
  return all;
}

/**
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 */
export const post = (path, body = {}, headers = {}) => call("POST", path, body, headers);
/** @type {(path: string, body: unknown) => Promise<any>} */
export const patch = (path, body) => call("PATCH", path, body);
/** @type {(path: string, body: unknown) => Promise<any>} */
export const put = (path, body) => call("PUT", path, body);
/** @type {(path: string) => Promise<any>} */
export const remove = (path) => call("DELETE", path);

/**
 * Sends a file's bytes as they are; answers what the server made of them. Throws Problem.
 * @param {string} path
 * @param {Blob} file
 * @param {{ signal?: AbortSignal, headers?: Record<string, string> }} [options] `signal` ends it where
 * nobody needs it any more
 * @returns {Promise<any>} what the server made of it
 */
export async function upload(path, file, { signal, headers: more = {} } = {}) {
  const session = ofThisPage(await get("/api/v1/session", more));
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json", "x-csrf-token": session.csrf, ...more };
  if (file.type) headers["content-type"] = file.type;
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers, body: file, signal });
  } catch {
    throw new Problem({
      type: "/problems/offline",
      detail: t("The file couldn't be sent: the server can't be reached. Try again in a moment."),
    });
  }
  const read = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem({ status: answer.status, ...read });
  return read;
}
