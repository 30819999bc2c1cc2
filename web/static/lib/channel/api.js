// The HTTP API: JSON in and out; an error is a Problem whose message is a sentence for people.

import { page, t } from "../words.js";

/**
 * What the server answers in place of what was asked for (RFC 9457); some types have members of their own.
 * @typedef {Partial<import("../state/api").Problem> & Record<string, any>} ProblemBody
 */

/** @param {ProblemBody | null} body */
const slugOf = (body) => String(body?.type ?? "").replace(/^.*\//, "");

export class Problem extends Error {
  /**
   * @param {ProblemBody} body
   * @param {number} [retryAfter] seconds
   */
  constructor(body, retryAfter = 0) {
    super(body.detail || body.title || t("Something went wrong. Try again."));
    this.body = body;
    /** The stable part of its type. */
    this.slug = slugOf(body);
    this.status = body.status ?? 0;
    this.retryAfter = retryAfter;
  }
}

/** @type {string | null | undefined} undefined until the server has said it */
let csrf;

/**
 * The CSRF token; null where nobody is signed in. Throws Problem where the server can't say it now.
 * @param {boolean} isUnattended
 * @param {boolean} isForAnyone whoever is signed in, be it someone else than the page was made for
 */
async function csrfToken(isUnattended, isForAnyone) {
  if (csrf !== undefined) return csrf;
  const { answer, body } = await call("/api/v1/session", {
    headers: { accept: "application/json", ...(isUnattended ? UNATTENDED : {}) },
  });
  if (answer.status === 401) return null;
  if (!answer.ok) throw refusal(answer, body);
  if (!isForAnyone) ofThisPage(body);
  csrf = body.csrf;
  return csrf;
}

/**
 * The session, where it is of whom the page was made for: what one pressed is never done by the next one.
 * Throws Problem.
 * @param {{ name: string, csrf: string }} session
 */
export function ofThisPage(session) {
  if (page.account && session.name !== page.account)
    throw new Problem({
      status: 401,
      type: "/problems/not-signed-in",
      detail: t("Someone else has signed in on this browser. Reload the page."),
    });
  return session;
}

/** Forget the CSRF token, after a sign-in or sign-out. */
export function forgetSession() {
  csrf = undefined;
}

/** The header of what a page asks for again and again by itself: nobody's sign-in goes on by it. */
export const UNATTENDED = { "x-unattended": "1" };

/**
 * Call the API: api("POST", "/api/v1/farms", {…}, { staff: true }). `within` is how many
 * milliseconds an answer may take. Throws Problem.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{ staff?: boolean, isForAnyone?: boolean, headers?: Record<string, string>, within?: number }} [options]
 * @returns {Promise<any>} what the server answers; null of none
 */
export async function api(
  method,
  path,
  body,
  { staff = false, isForAnyone = false, headers = {}, within } = {},
) {
  const send = async () => {
    /** @type {Record<string, string>} */
    const all = { accept: "application/json", ...headers };
    if (body !== undefined) all["content-type"] = "application/json";
    const isUnattended = "x-unattended" in headers;
    const token = staff && method !== "GET" ? await csrfToken(isUnattended, isForAnyone) : null;
    if (token) all["x-csrf-token"] = token;
    return call(path, {
      method,
      headers: all,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: within ? AbortSignal.timeout(within) : undefined,
    });
  };
  let { answer, body: read } = await send();
  if (staff && slugOf(read) === "csrf") {
    // Another tab of this browser has signed in since: the session has another token.
    forgetSession();
    ({ answer, body: read } = await send());
  }
  if (answer.ok) return read;
  throw refusal(answer, read);
}

/**
 * Fetch, and read the JSON that comes. Throws Problem where nothing comes.
 * @param {string} path
 * @param {RequestInit} request
 * @returns {Promise<{ answer: Response, body: any }>}
 */
async function call(path, request) {
  try {
    const answer = await fetch(path, request);
    const type = answer.headers.get("content-type") ?? "";
    const isJson = answer.status !== 204 && type.includes("json");
    return { answer, body: isJson ? await answer.json() : null };
  } catch {
    throw new Problem({
      type: "/problems/offline",
      detail: t("The server can't be reached. Nothing is lost; try again in a moment."),
    });
  }
}

/**
 * @param {Response} answer
 * @param {ProblemBody | null} body
 */
const refusal = (answer, body) =>
  new Problem(
    { status: answer.status, ...(body ?? {}) },
    Number(answer.headers.get("retry-after")) || 0,
  );
