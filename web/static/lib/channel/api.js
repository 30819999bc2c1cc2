// The HTTP API: JSON in and out; an error is a Problem whose message is a sentence for people.

import { t } from "../words.js";

export class Problem extends Error {
  constructor(body, retryAfter = 0) {
    super(body.detail || body.title || t("Something went wrong. Try it again."));
    this.body = body;
    this.slug = String(body.type ?? "")
      .split("/")
      .pop();
    this.status = body.status ?? 0;
    this.retryAfter = retryAfter;
  }
}

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

/** Call the API: api("POST", "/api/v1/farms", {…}, { staff: true }). `within` is how many
    milliseconds an answer may take. Throws Problem. */
export async function api(method, path, body, { staff = false, headers = {}, within } = {}) {
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
      signal: within && AbortSignal.timeout(within),
    });
    const type = answer.headers.get("content-type") ?? "";
    if (answer.status !== 204 && type.includes("json")) read = await answer.json();
  } catch {
    throw new Problem({
      type: "/problems/offline",
      detail: t("The server can't be reached. Nothing is lost; try it again in a moment."),
    });
  }
  if (answer.ok) return read;
  throw new Problem(
    { status: answer.status, ...(read ?? {}) },
    Number(answer.headers.get("retry-after")) || 0,
  );
}
