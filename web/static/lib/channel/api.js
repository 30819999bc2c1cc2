// The HTTP API: JSON in and out; an error is a Problem whose message is a sentence for people.

import { t } from "../words.js";

/**
 * What the server answers in place of what was asked for (RFC 9457); some types have members of their own.
 * @typedef {Partial<import("../state/api").Problem> & Record<string, any>} ProblemBody
 */

export class Problem extends Error {
  /**
   * @param {ProblemBody} body
   * @param {number} [retryAfter] seconds
   */
  constructor(body, retryAfter = 0) {
    super(body.detail || body.title || t("Something went wrong. Try again."));
    this.body = body;
    /** The stable part of its type. */
    this.slug = String(body.type ?? "").replace(/^.*\//, "");
    this.status = body.status ?? 0;
    this.retryAfter = retryAfter;
  }
}

/** @type {string | null | undefined} */
let csrf;

async function csrfToken() {
  if (csrf === undefined) {
    const answer = await fetch("/api/v1/session", { headers: { accept: "application/json" } });
    csrf = answer.ok ? (await answer.json()).csrf : null;
  }
  return csrf;
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
 * @param {{ staff?: boolean, headers?: Record<string, string>, within?: number }} [options]
 * @returns {Promise<any>} what the server answers; null of none
 */
export async function api(method, path, body, { staff = false, headers = {}, within } = {}) {
  /** @type {Record<string, string>} */
  const all = { accept: "application/json", ...headers };
  if (body !== undefined) all["content-type"] = "application/json";
  let answer;
  let read = null;
  try {
    if (staff && method !== "GET") {
      const token = await csrfToken();
      if (token) all["x-csrf-token"] = token;
    }
    answer = await fetch(path, {
      method,
      headers: all,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: within ? AbortSignal.timeout(within) : undefined,
    });
    const type = answer.headers.get("content-type") ?? "";
    if (answer.status !== 204 && type.includes("json")) read = await answer.json();
  } catch {
    throw new Problem({
      type: "/problems/offline",
      detail: t("The server can't be reached. Nothing is lost; try again in a moment."),
    });
  }
  if (answer.ok) return read;
  throw new Problem(
    { status: answer.status, ...(read ?? {}) },
    Number(answer.headers.get("retry-after")) || 0,
  );
}
