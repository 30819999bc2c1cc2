// What the parts of the console say to each other, and the health of cameras as the server answers it.

import type { Offer } from "../../lib/state/scene";

/** What the template gives the page, as `page.data`. */
export interface ConsoleData {
  /** Its id. */
  broadcast: string;
  role: string;
}

/**
 * Send a command by the channel. Rejects with a Problem; `onLost` is called once where no answer came at
 * first, and it is sent again by itself.
 */
export type Send = (
  type: string,
  fields: Record<string, unknown>,
  onLost?: () => void,
) => Promise<unknown>;

/** The offers of the bag by id, as they are now. */
export type Offers = () => Map<string, Offer>;

/** A button of a note; `name` is that of the offer, for who can't see where it stands. */
export interface NoteAct {
  words: string;
  run: () => unknown;
  name?: string;
}

/** What is told and asked beside an offer. */
export interface Note {
  key: string;
  icon: string;
  kind?: "red" | "kumquat" | "leaf";
  words: string;
  acts: NoteAct[];
  /** Called by its cross; without it the note has none. */
  close?: () => void;
  /** Until when the dock shows it, milliseconds since 1970. */
  newsUntil?: number;
}

/** How a source does; `none` where there is none, `unknown` where the answer is old. */
export type Level = "none" | "unknown" | "away" | "poor" | "fair" | "good";

/** A piece of the server's advice, with the numbers that its code has. */
export interface Advice {
  code: string;
  level: "poor" | "fair";
  kbps?: number;
  wanted_kbps?: number;
  width?: number;
  height?: number;
  lines?: number | null;
  fps?: number;
  percent?: number;
  seconds?: number;
  wanted_s?: number;
  ms?: number;
  codec?: string;
  on_air?: string;
  limited?: number;
  counted?: number;
}

/** How a source does, and what has lasted long enough to trouble the host with. */
export interface Judgement {
  level: Level;
  advice: Advice[];
}

/** A source of the health answer. */
export interface SourceHealth {
  id: string;
  label: string;
  guest: boolean;
  on_air: boolean;
  /** The host's choice. */
  picked: boolean;
  /** The first of them, where the host has chosen none. */
  holds_air: boolean;
  /** It sends nothing now. */
  away: boolean;
  /** Why it can't be put on air. */
  objection: string | null;
  /** Why the server did not take its offer. */
  refused?: { detail: string } | null;
  advice: Advice[];
  viewers_without_codec: number;
  codec: string | null;
  width: number | null;
  height: number | null;
  bitrate_kbps: number | null;
  fps: number | null;
  /** Fraction of one. */
  loss: number | null;
  rtt_ms: number | null;
  keyframe_s: number | null;
  layers: { width: number | null; height: number | null; kbps: number }[];
  transport: "udp" | "tcp" | null;
}

/** A source as the panels show it: with what only this page knows. */
export interface ShownSource extends SourceHealth {
  /** Of the broadcast, all of them. */
  viewers: number;
  /** Whether a TURN server carries it from this device. */
  relayed: boolean;
}

/** How late viewers see the picture; `from` is what is measured from. */
export interface Delay {
  from: "camera" | "sender" | "server";
  median_ms: number;
  slowest_tenth_ms: number | null;
}

/** What of the stream how many of the `counted` viewers get, and what limits them. */
export interface ViewerCounts {
  counted: number;
  gets: Record<string, number>;
  limited_by: { link: number; choice: number };
}

/** How many viewers get less than all. */
export interface LessThanAll {
  viewers: number;
  /** Whether a part of them was counted. */
  about: boolean;
  /** By what they get. */
  parts: Record<string, number>;
  link: number;
  choice: number;
}

/** A clock that is off: the server's, or its database's. */
export interface ClockOff {
  offset_ms: number;
  database_offset_ms: number;
}

/** The answer of `/api/v1/broadcasts/{id}/health`. */
export interface Health {
  sources: SourceHealth[];
  viewers: number;
  delivery: ViewerCounts | null;
  delay: Delay | null;
  clock?: ClockOff;
}
