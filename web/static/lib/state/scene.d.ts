// What is so in a broadcast, as the snapshot of /asyncapi.json has it and events change it.

import type { Broadcast } from "./api";
import type {
  AudienceCounted,
  ChatAnswered,
  ChatQueued,
  ChatSaid,
  Line,
  LiveEvent,
  Money,
  OfferAdded,
  OrderPlaced,
  RushBegan,
  SourceSwitched,
} from "./events";

/** The camera that viewers see. */
export interface Source extends Partial<Omit<SourceSwitched, "source">> {
  id: string;
}

/** An offer as its events tell it. */
export interface Offer extends Omit<OfferAdded, "offer"> {
  id: string;
  /** When its last box went, UTC milliseconds since 1970; null where that is not known. */
  gone_at?: number | null;
}

/** A chat message that is not hidden. */
export interface ChatLine extends ChatSaid {
  text: string;
  seq: number;
  at: number;
}

/** An event of an order. */
export type OrderEvent = Extract<LiveEvent, { kind: `order.${string}` }>;

/** An order of this device, or for staff any, as its events so far tell it. */
export interface LiveOrder {
  id: string;
  state: OrderPlaced["state"];
  /** When it was held or placed, UTC milliseconds since 1970. */
  at: number;
  number?: string;
  /** Its pseudonym. */
  buyer?: string;
  lines?: Line[];
  total?: Money;
  /** The parcel's, part of the total; hidden from sellers. */
  fee?: Money;
  refunded?: Money;
  payment?: "due" | "paid" | "part_refunded" | "refunded";
  way?: "parcel" | "pickup";
  /** When the hold ends, UTC milliseconds since 1970. */
  until?: number;
  waited?: boolean;
  corrected?: boolean;
  /** Whether it has a stopped lot. */
  stopped?: boolean;
  simulated?: boolean;
}

/** An offer in a rush, for staff. */
export type Rush = RushBegan;

/** A question to answer, for staff. */
export interface Question extends ChatQueued {
  message: number;
  text: string;
  at: number;
}

/** The answer that viewers read over their chat. */
export interface Answer extends ChatAnswered {
  message: number;
  text: string;
  at: number;
}

/** The state after the event `to` of its welcome. */
export interface Snapshot {
  broadcast: Broadcast;
  paused: boolean;
  source: Source | null;
  pinned: string | null;
  offers: Offer[];
  chat: ChatLine[];
  audience: AudienceCounted;
  answer?: Answer | null;
  orders?: LiveOrder[];
  questions?: Question[];
  rushes?: Rush[];
}
