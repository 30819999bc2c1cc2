// What the parts of the live page say to each other.

import type { Broadcast, Centre, Waiting } from "../../lib/state/api";
import type { CardLot, Money } from "../../lib/state/events";
import type { Offer } from "../../lib/state/scene";

/** What the template gives the page, as `page.data`. */
export interface LiveData {
  broadcast: Broadcast;
  centres: Centre[];
  /** The modules that are loaded once the picture is there. */
  rest: string[];
  /** The most boxes of an order; null for whoever orders for others. */
  order_boxes: number | null;
  /** The beginnings of phone numbers that get notices; empty where none is sent. */
  notice_prefixes: string[];
  /** The URL of the names of regions. */
  regions: string;
}

/** A line of the basket, or of what is held. */
export interface BasketLine {
  quantity: number;
  /** Minor units a box, as it was seen. */
  price: number;
  /** The flash batch whose price it is. */
  flash?: string;
}

export type BasketLines = Map<string, BasketLine>;

export interface Hold {
  id: string;
  /** When it ends, UTC milliseconds since 1970. */
  until: number;
  /** Whether no asking moves its end. */
  final?: boolean;
  lines: BasketLines;
}

/** What the basket takes up as its hold: an answer to `hold.place`, or an order as the log tells it. */
export interface HeldOrder {
  id: string;
  until?: number;
  final?: boolean;
  lines?: { offer: string; quantity: number; price: number; flash?: string | null }[];
}

/** What the server could not keep of a line: the price, or the quantity. */
export interface BasketChange {
  offer: string;
  /** Of a price: what it was, minor units. */
  was?: number;
  /** Of a price: what it is, minor units. */
  now?: number;
  /** Why the flash batch whose price it was is over. */
  over?: string;
  /** Of a quantity: what can be had. */
  left?: number;
  /** Of a quantity: why no more. */
  why?: "sold-out" | "lot-spent" | "limit-reached" | "box-limit";
  held?: number;
  back_at?: number | null;
  sold_at?: number | null;
  limit?: number;
  had?: number;
  flash?: string;
  /** The lot's code. */
  lot?: string;
}

export type BasketState = "empty" | "asking" | "held" | "over" | "loose";

/** An order whose answer has not come. */
export interface PendingOrder {
  /** What was sent, as JSON. */
  body: string;
  key: string;
  /** When the tap was, milliseconds since 1970. */
  at: number;
  proof?: string;
  /** Whether this device may keep the way to it; null where it is for somebody else. */
  remembered: boolean | null;
}

/** What an order says beside its lines. */
export interface OrderDetails {
  buyer: { name: string; phone: string; email?: string };
  language: "zh" | "en";
  delivery: { way: string; centre?: string | null; address?: string; region?: string };
  payment: "cash_on_delivery" | "pay_at_pickup";
  /** What of the parcel was seen. */
  fee?: Money;
}

/** An order, or what of it is still to be asked. */
export interface NewOrder extends OrderDetails {
  lines: { offer: string; quantity: number; price: number }[];
  /** The hold that becomes the order. */
  order?: string;
}

/** Who gets an order and how, as the form has it and this device remembers it. */
export interface BuyerValues {
  name: string;
  phone: string;
  way: string;
  address: string;
  /** Six digits, or empty. */
  region: string;
  /** The region's names. */
  place: string;
  centre: string | null;
  email: string;
}

/** An element of a sheet by its `data-part`. */
export type Part = <T extends HTMLElement = HTMLElement>(name: string, type?: new () => T) => T;

/** What taps on an offer do, wherever it stands. */
export interface OfferActs {
  /** `price` is the one that was seen, minor units; `counted` where its card was opened before. */
  buy(offer: string, options?: { price?: number | null; counted?: boolean }): void;
  wait(offer: string, quantity?: number): void;
  leave(offer: string): void;
  look(offer: string): void;
  origin(lot: Pick<CardLot, "id" | "url">): void;
}

/** The places that this device has on waiting lists. */
export interface Waits {
  of(offer: string): Waiting | null;
}

/** An element that shows what is so of an offer. */
export type Shows<E extends Element> = E & { show(offer: Offer): void };

/** Buttons of a notice: what each says and does. */
export type NoticeActs = [string, () => unknown][];
