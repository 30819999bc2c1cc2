// The frames of the live channel, as /asyncapi.json has them, and what is asked by it.

import type { LiveEvent } from "../state/events";
import type { Snapshot } from "../state/scene";

/** Who the server takes this client for. */
export interface You {
  /** Of the account; null for everyone else. */
  role: string | null;
  /** The name beside its messages; empty for one of the team without a display name. */
  nickname: string;
}

/** The first frame. */
export interface Welcome {
  type: "welcome";
  /** The last seq that it covers. */
  to: number;
  /** The server's time, UTC milliseconds since 1970. */
  now: number;
  you: You;
  snapshot: Snapshot;
}

/** New events; `now` and `you` in the first frame alone, or after the clock was set back. */
export interface Events {
  type: "events";
  /** The last seq that it covers. */
  to: number;
  now?: number;
  you?: You;
  events: LiveEvent[];
}

/** The answer to a message of this page. */
export interface Reply {
  type: "reply";
  id: string;
  ok: boolean;
  /** The command's own. */
  result?: unknown;
  problem?: import("./api.js").ProblemBody;
}

/** Why the channel is closed after it. */
export interface Refusal {
  type: "problem";
  problem: import("./api.js").ProblemBody;
}

export interface Heartbeat {
  type: "heartbeat";
}

export type Frame = Welcome | Events | Reply | Refusal | Heartbeat;

/** A message to the server: a command, and its fields. */
export type Message = { type: string } & Record<string, unknown>;
