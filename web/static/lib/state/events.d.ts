// The events of the live channel, made from src/farmlive/broadcast/events by
// `./scripts/check --fix`: edit them there.

/** The number of viewers, every ten seconds while the broadcast is live. To: public. */
export interface AudienceCounted {
  /** Devices that watch now. */
  viewers: number;
  /** Likes since the start. */
  reactions: number;
}

/** The broadcast ended; only the events of its orders follow. To: public. */
export interface BroadcastEnded {
}

/** The picture of the source on air is interrupted; viewers wait. To: public. */
export interface BroadcastPaused {
  /** source: no camera sends. */
  reason: "source";
}

/** The source on air sends again. To: public. */
export interface BroadcastResumed {
}

/** The broadcast went live. To: public. */
export interface BroadcastStarted {
}

/** The farm on a card. */
export interface CardFarm {
  /** A ULID. */
  id: string;
  name: Text;
  place: Text;
}

/** The flash batch on a card. */
export interface CardFlash {
  /** A ULID. */
  id: string;
  state: "planned" | "running";
  price: Money;
  /** Boxes. */
  boxes: number;
  per_buyer: number | null;
  /** UTC milliseconds since 1970. */
  starts_at: number;
  /** UTC milliseconds since 1970. */
  ends_at: number;
}

/** The lot on a card, with the fields that all offers of the lot share. */
export interface CardLot {
  /** A ULID. */
  id: string;
  /** The lot's code. */
  code: string;
  /** The page of its origin. */
  url: string;
  harvested_at: number | null;
  /** Whether its latest test was passed. */
  tested: boolean;
  /** Why nothing of it is sold. */
  stopped?: Reason[];
  /** Null unless it was lifted. */
  lifted?: Lift | null;
  /** Net weight, grams. */
  harvested_g?: number;
  /** Net weight, grams. */
  wasted_g?: number;
  /** Net weight, grams. */
  sold_g?: number;
  /** Net weight, grams. */
  left_g?: number;
  farm: CardFarm;
}

/** An offer's card was pinned over the video. To: public. */
export interface CardPinned {
  /** A ULID. */
  offer: string;
}

/** The card was unpinned. To: public. */
export interface CardUnpinned {
  /** A ULID. */
  offer: string;
}

/** A chat message was hidden. To: public. */
export interface ChatHidden {
  /** The seq of the message to take away. */
  message: number;
}

/** A chat message; once the message is hidden its data is empty. To: public. */
export interface ChatSaid {
  /** Who; gone once hidden, as the text. Empty for one of the team who has no display name: the role says who it is. */
  nickname?: string;
  /** What. */
  text?: string;
  /** coordinator, host or moderator; left out for everyone else. */
  role?: string;
  /** True for one of the demo's people, else left out. */
  simulated?: boolean;
}

/** The server's clock was set; holds and running flash batches keep their remaining time. To: public. */
export interface ClockMoved {
  /** Add so many milliseconds, which may be below zero, to the `until` of each hold and to `starts_at` and `ends_at` of each flash batch that runs, as told before. The server's time is as much later; the `at` of events never goes back. */
  by: number;
}

/** The price of an ended flash batch was marked as a mistake. To: staff. */
export interface FlashCorrected {
  /** A ULID. */
  flash: string;
  /** A ULID. */
  offer: string;
  /** For one box of it while it ran. */
  price: Money;
  /** The price at which its boxes are held from now on. */
  right: Money;
  /** How many were taken at its price. */
  orders: number;
}

/** A flash batch ended or was cancelled. To: public. */
export interface FlashEnded {
  /** A ULID. */
  flash: string;
  /** A ULID. */
  offer: string;
  /** How many of its boxes were ordered. */
  sold: number;
  /** time, sold_out, host or broadcast; wrong, where its price was a mistake; or stopped, where its lot was. */
  why: "time" | "sold_out" | "host" | "broadcast" | "wrong" | "stopped";
}

/** A flash batch was planned: boxes at a price of their own, for a limited time. To: public. */
export interface FlashPlanned {
  /** A ULID. */
  flash: string;
  /** A ULID. */
  offer: string;
  /** For one box of the batch while it runs. */
  price: Money;
  /** How many it has. */
  boxes: number;
  /** How many of them one buyer may have, or null. */
  per_buyer: number | null;
  /** When it starts, or did, UTC milliseconds since 1970. */
  starts_at: number;
  /** When it ends, as far as it is not sold out before. */
  ends_at: number;
}

/** A flash batch started. To: public. */
export interface FlashStarted {
  /** A ULID. */
  flash: string;
  /** A ULID. */
  offer: string;
  /** For one box of the batch while it runs. */
  price: Money;
  /** How many it has. */
  boxes: number;
  /** How many of them one buyer may have, or null. */
  per_buyer: number | null;
  /** When it starts, or did, UTC milliseconds since 1970. */
  starts_at: number;
  /** When it ends, as far as it is not sold out before. */
  ends_at: number;
}

/** The last lift of a lot: its public sentence and its time. */
export interface Lift {
  /** In a coordinator's words. */
  sentence: string;
  /** UTC milliseconds since 1970. */
  at: number;
}

/** A line of an order; `price` and `total` are in minor units of the order's currency. */
export interface Line {
  /** A ULID. */
  offer: string;
  /** A ULID. */
  lot: string;
  /** A ULID. */
  farm: string;
  /** Boxes. */
  quantity: number;
  /** Minor units a box. */
  price: number;
  /** Minor units of the line. */
  total: number;
  /** The flash batch that it is of. */
  flash?: string;
}

/** A reference to a line of an order. */
export interface LineName {
  /** A ULID. */
  offer: string;
  /** A ULID. */
  farm: string;
}

/** A lot's harvest was corrected, or part of it was thrown away; `stock.changed` has what is left of it. To: public. */
export interface LotChanged {
  /** A ULID. */
  lot: string;
  /** Net weight harvested, grams, as it is recorded from now on. */
  harvested_g: number;
  /** Net weight of it that was thrown away. */
  wasted_g: number;
}

/** A stopped lot may be sold again. To: public. */
export interface LotResumed {
  /** A ULID. */
  lot: string;
  /** Why, in a coordinator's words; left out where none lifted it, but a test or a certificate came that the county asks for. */
  sentence?: string;
  /** When that was said, UTC milliseconds; left out where it is said now. */
  lifted_at?: number;
  /** Whether its latest test was passed. */
  tested: boolean;
}

/** A lot was stopped: nothing of it is sold or handed over from now on. To: public. */
export interface LotStopped {
  /** A ULID. */
  lot: string;
  /** Why; a test_missing or certificate_missing names no finding: what was sold before is handed over. */
  reasons: Reason[];
  /** True where it was stopped already, and the reasons are others now; else left out. */
  again?: boolean;
}

/** An amount in minor units, with its ISO 4217 code. */
export interface Money {
  /** Minor units: 2990 is 29.90. */
  amount: number;
  /** ISO 4217. */
  currency: string;
}

/** An offer was added to the bag, with its card as `GET …/offers` returns it (there with `id`). To: public. */
export interface OfferAdded {
  /** A ULID. */
  offer: string;
  /** Its place in the bag, from 1; older logs don't say it. */
  position?: number;
  name: Text;
  /** What a box is called. */
  unit: Text;
  /** Net weight of a box, grams. */
  net_weight_g: number;
  price: Money;
  /** The higher price struck out beside it, or null. */
  list_price: Money | null;
  /** The URL of its picture, or null. */
  picture: string | null;
  /** The GTIN of a box, or null. */
  gtin: string | null;
  lot: CardLot;
  /** How many boxes may be sold in all. */
  released: number;
  /** How many were ordered. */
  sold?: number;
  /** How many are kept for buyers. */
  held?: number;
  /** How many are kept for a flash batch. */
  kept?: number;
  /** How many can be had. */
  left: number;
  /** How many boxes are waited for. */
  waiting?: number;
  /** Its flash batch, planned or running, or null. */
  flash?: CardFlash | null;
}

/** An offer's card changed; the event has only the changed fields. To: public. */
export interface OfferChanged {
  /** A ULID. */
  offer: string;
  /** From now on. */
  price?: Money;
  /** Null where it was taken away. */
  list_price?: Money | null;
  /** Its place in the bag, from 1. */
  position?: number;
  /** In both languages. */
  name?: Text;
  /** The URL of its picture, or null. */
  picture?: string | null;
  /** True where the price before was a mistake, else left out. */
  corrected?: boolean;
}

/** Boxes of an offer were released or withdrawn; a `stock.changed` follows. To: public. */
export interface OfferReleased {
  /** A ULID. */
  offer: string;
  /** How many more may be sold; below zero so many were taken back. */
  quantity: number;
  /** How many may be sold in all. */
  released: number;
}

/** The order is at the centre, ready for pick-up. To: staff, the farms of its lines, its buyer. */
export interface OrderAtCentre {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True where a step was taken back, so that it is in this state again; else left out. */
  undone?: boolean;
  /** True where another step follows in the same moment, so that its buyer is told of that one alone, if at all; else left out. */
  passed?: boolean;
}

/** The order or the hold was cancelled and its boxes are back in stock; a hold has no number. To: staff, the farms of its lines, its buyer. */
export interface OrderCancelled {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True where a step was taken back, so that it is in this state again; else left out. */
  undone?: boolean;
  /** True where another step follows in the same moment, so that its buyer is told of that one alone, if at all; else left out. */
  passed?: boolean;
}

/** Staff answered a claim. To: staff, the farms of its lines, its buyer. */
export interface OrderClaimAnswered {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by: "buyer" | "staff";
  /** The claim's id. */
  claim: string;
  /** refunded or refused. */
  answer: "refunded" | "refused";
  /** Given back for it; left out where it was refused. */
  amount?: Money;
}

/** The buyer made a claim: the goods arrived damaged. To: staff, the farms of its lines, its buyer. */
export interface OrderClaimed {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by: "buyer" | "staff";
  /** The claim's id. */
  claim: string;
  /** How many were sent with it. */
  photos: number;
}

/** The personal data of an order's buyer was erased. To: staff. */
export interface OrderErased {
  /** A ULID. */
  order: string;
  /** The number that people say, such as A0001. */
  number: string;
  /** The pseudonym that the order has from now on, in the events before, too. */
  buyer: string;
}

/** A hold expired; its boxes are back in stock. To: staff, the farms of its lines, its buyer. */
export interface OrderExpired {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** Always this one. */
  state: "expired";
}

/** Boxes are held for a buyer who fills in the order; written again when the hold changes. To: staff, the farms of its lines, its buyer. */
export interface OrderHeld {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** Always this one. */
  state: "held";
  /** Minor units; a seller gets those of own farms. */
  lines: Line[];
  /** All lines, the fee included; for a seller, own lines. */
  total: Money;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due";
  /** When it runs out, UTC milliseconds since 1970. */
  until: number;
  /** True where what was waited for came, else left out. */
  waited?: boolean;
  /** True where a wrong price in it was put right, else left out. */
  corrected?: boolean;
  /** True for one of the demo's people, else left out. */
  simulated?: boolean;
}

/** The order was packed. To: staff, the farms of its lines, its buyer. */
export interface OrderPacked {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True where a step was taken back, so that it is in this state again; else left out. */
  undone?: boolean;
  /** True where another step follows in the same moment, so that its buyer is told of that one alone, if at all; else left out. */
  passed?: boolean;
}

/** The order was paid. To: staff, the farms of its lines, its buyer. */
export interface OrderPaid {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True where a step was taken back, so that it is in this state again; else left out. */
  undone?: boolean;
  /** True where another step follows in the same moment, so that its buyer is told of that one alone, if at all; else left out. */
  passed?: boolean;
}

/** An order was placed. If it undoes a transition (`undone`), the event has no other fields. To: staff, the farms of its lines, its buyer. */
export interface OrderPlaced {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True where a step was taken back, so that it is in this state again; else left out. */
  undone?: boolean;
  /** True where another step follows in the same moment, so that its buyer is told of that one alone, if at all; else left out. */
  passed?: boolean;
  /** A pseudonym, the same for the same phone; not for sellers. */
  buyer?: string;
  /** Minor units; a seller gets those of own farms. */
  lines?: Line[];
  /** All lines, the fee included; for a seller, own lines. */
  total?: Money;
  /** For the parcel, part of the total; not for sellers. */
  fee?: Money;
  /** parcel or pickup. */
  way?: "parcel" | "pickup";
  /** True for one of the demo's people, else left out. */
  simulated?: boolean;
}

/** The buyer received the order. To: staff, the farms of its lines, its buyer. */
export interface OrderReceived {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True where a step was taken back, so that it is in this state again; else left out. */
  undone?: boolean;
  /** True where another step follows in the same moment, so that its buyer is told of that one alone, if at all; else left out. */
  passed?: boolean;
}

/** Money was refunded, or taken off what is due. To: staff, the farms of its lines, its buyer. */
export interface OrderRefunded {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True where a step was taken back, so that it is in this state again; else left out. */
  undone?: boolean;
  /** True where another step follows in the same moment, so that its buyer is told of that one alone, if at all; else left out. */
  passed?: boolean;
  /** Given back in all, or taken off what is due. */
  amount: Money;
  /** Boxes that never left and are in the stock again; a seller gets those of own farms, left out where there are none. Where the refund was undone, those that the order has again. */
  back?: Returned[];
  /** The line at whose wrong price more was asked for; left out where it was given back for anything else, and for a seller where it is of another farm. */
  line?: LineName;
  /** The claim that it answers, if it does; open again where it was undone. */
  claim?: string;
}

/** No lot in the order is stopped any more. To: staff, the farms of its lines, its buyer. */
export interface OrderResumed {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** The lot in it that was stopped, or lifted. */
  lot: string;
  /** False: all of the order may be handed over again. */
  stopped: boolean;
}

/** The order was handed to the carrier. To: staff, the farms of its lines, its buyer. */
export interface OrderShipped {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True where a step was taken back, so that it is in this state again; else left out. */
  undone?: boolean;
  /** True where another step follows in the same moment, so that its buyer is told of that one alone, if at all; else left out. */
  passed?: boolean;
}

/** A lot in the order was stopped. To: staff, the farms of its lines, its buyer. */
export interface OrderStopped {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The number that people say, such as A0001. */
  number: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** The lot in it that was stopped, or lifted. */
  lot: string;
  /** Whether the order has a stopped lot, so that nothing of it is handed over. */
  stopped: boolean;
}

/** A reason that stops a lot. */
export interface Reason {
  /** The finding; none where something is missing. */
  finding?: string;
  kind: "test_failed" | "waiting_period" | "test_missing" | "certificate_missing";
  /** When it was tested, sprayed or harvested, UTC milliseconds. */
  at: number;
  /** What the test found, of a test_failed. */
  result?: Text;
  /** What was sprayed, of a waiting_period. */
  substance?: Text;
  /** Until when nothing might be picked. */
  until?: number;
}

/** Boxes of an offer that were returned to stock. */
export interface Returned {
  /** A ULID. */
  offer: string;
  /** Its farm; older logs don't name it. */
  farm?: string;
  /** Boxes. */
  quantity: number;
}

/** Devices without a past order buy much of an offer: they need a proof of work for it from now on. To: staff. */
export interface RushBegan {
  /** A ULID. */
  offer: string;
  /** How many of it devices without a past order took within a minute. */
  boxes: number;
  /** When they need the proof from, UTC milliseconds since 1970. */
  since: number;
  /** How many zero bits the proof's SHA-256 begins with. */
  bits: number;
}

/** The rush is over: no proof of work is needed any more. To: staff. */
export interface RushOver {
  /** A ULID. */
  offer: string;
}

/** A source connected, whether or not it is on air. To: staff. */
export interface SourceJoined {
  /** A ULID. */
  source: string;
  /** Its name. */
  label: string;
  /** True for someone who came by a guest's link, else left out. */
  guest?: boolean;
}

/** A source disconnected. To: staff. */
export interface SourceLeft {
  /** A ULID. */
  source: string;
  /** True for someone who came by a guest's link, else left out. */
  guest?: boolean;
}

/** Another source is on air from now on; a pause ends. To: public. */
export interface SourceSwitched {
  /** A ULID. */
  source: string;
  /** Its name. */
  label: string;
  /** That of its picture; left out where there is none. */
  codec?: string;
}

/** The stock of an offer changed, or that of its lot; the event has the new values. To: public. */
export interface StockChanged {
  /** A ULID. */
  offer: string;
  /** How many may be sold in all: sold, held, kept and left together. */
  released: number;
  /** How many were ordered. */
  sold: number;
  /** How many are kept for buyers who write their order. */
  held?: number;
  /** How many can be had of the flash batch that runs. */
  kept?: number;
  /** How many can be had else, as far as the lot holds them. */
  left: number;
  /** The id of the lot that the offer draws on. */
  lot?: string;
  /** Net weight sold of that lot, grams, by all offers that draw on it. */
  lot_sold_g?: number;
  /** Net weight of that lot that can still be had, by all of them together. */
  lot_left_g?: number;
}

/** A text in both languages; one of them may be empty. */
export interface Text {
  /** Chinese. */
  zh: string;
  /** English. */
  en: string;
}

/** The number of boxes on an offer's waiting list changed. To: public. */
export interface WaitChanged {
  /** A ULID. */
  offer: string;
  /** How many boxes those want together who wait for it. */
  waiting: number;
}

/** The data of each kind of event. */
export interface Data {
  "offer.added": OfferAdded;
  "offer.changed": OfferChanged;
  "offer.released": OfferReleased;
  "stock.changed": StockChanged;
  "wait.changed": WaitChanged;
  "rush.began": RushBegan;
  "rush.over": RushOver;
  "flash.planned": FlashPlanned;
  "flash.started": FlashStarted;
  "flash.ended": FlashEnded;
  "flash.corrected": FlashCorrected;
  "lot.changed": LotChanged;
  "lot.stopped": LotStopped;
  "lot.resumed": LotResumed;
  "broadcast.started": BroadcastStarted;
  "broadcast.paused": BroadcastPaused;
  "broadcast.resumed": BroadcastResumed;
  "broadcast.ended": BroadcastEnded;
  "source.joined": SourceJoined;
  "source.left": SourceLeft;
  "source.switched": SourceSwitched;
  "card.pinned": CardPinned;
  "card.unpinned": CardUnpinned;
  "chat.said": ChatSaid;
  "chat.hidden": ChatHidden;
  "clock.moved": ClockMoved;
  "audience.counted": AudienceCounted;
  "order.held": OrderHeld;
  "order.expired": OrderExpired;
  "order.placed": OrderPlaced;
  "order.packed": OrderPacked;
  "order.shipped": OrderShipped;
  "order.at_centre": OrderAtCentre;
  "order.received": OrderReceived;
  "order.cancelled": OrderCancelled;
  "order.paid": OrderPaid;
  "order.refunded": OrderRefunded;
  "order.erased": OrderErased;
  "order.stopped": OrderStopped;
  "order.resumed": OrderResumed;
  "order.claimed": OrderClaimed;
  "order.claim_answered": OrderClaimAnswered;
}

/** One event as the channel sends it. */
export type LiveEvent = {
  [K in keyof Data]: { seq: number; at: number; kind: K; data: Data[K] };
}[keyof Data];
