// The events of the live channel, made from src/farmlive/broadcast/events by
// `./scripts/check --fix`: edit them there.

/** The number of viewers, every ten seconds while the broadcast is live. To: public. */
export interface AudienceCounted {
  /** Devices that watch now. */
  viewers: number;
  /** Likes since the start. */
  reactions: number;
  /** Different people who placed an order in the last 20 seconds and did not cancel it, by pseudonym and device, without orders that staff placed; absent below 2. */
  buyers?: number;
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
  /** The reasons that stop its sale. */
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

/** A question is answered, and viewers read it over their chat until the next one. It leaves the queue. Once the message is hidden the data is empty. To: public. */
export interface ChatAnswered {
  /** The seq of the message. */
  message?: number;
  /** The nickname of who asked; removed with the text when the message is hidden. */
  nickname?: string;
  /** The message; removed when it is hidden. */
  text?: string;
  /** The written answer; absent where it is answered aloud. */
  reply?: string;
}

/** The answer that viewers read over their chat was taken away. Its written reply, and every other one to the same question, is erased from the log. To: public. */
export interface ChatCleared {
  /** The seq of the question; absent in logs of older versions. */
  message?: number;
}

/** A question was taken out of the queue without an answer. To: staff. */
export interface ChatDropped {
  /** The seq of the message. */
  message: number;
}

/** A chat message was hidden. To: public. */
export interface ChatHidden {
  /** The seq of the message to remove. */
  message: number;
}

/** A message is a question to answer; once the message is hidden the data is empty. To: staff. */
export interface ChatQueued {
  /** The seq of the message. */
  message?: number;
  /** The nickname of who asked; removed with the text when the message is hidden. */
  nickname?: string;
  /** The message; removed when it is hidden. */
  text?: string;
}

/** A chat message; once the message is hidden its data is empty. To: public. */
export interface ChatSaid {
  /** The sender's nickname; removed with the text when the message is hidden. Empty for crew without a display name; `role` says who it is. */
  nickname?: string;
  /** The message. */
  text?: string;
  /** coordinator, host or moderator; absent for everyone else. */
  role?: string;
  /** True for a simulated person of the demo, otherwise absent. */
  simulated?: boolean;
}

/** The server's clock was set; holds and running flash batches keep their remaining time. To: public. */
export interface ClockMoved {
  /** Milliseconds, possibly negative, to add to the `until` of each hold and to `starts_at` and `ends_at` of each running flash batch that came before. The server's time shifts by the same; the `at` of events never goes back. */
  by: number;
}

/** The price of an ended flash batch was marked as a mistake. To: staff. */
export interface FlashCorrected {
  /** A ULID. */
  flash: string;
  /** A ULID. */
  offer: string;
  /** The price of a box while the batch ran. */
  price: Money;
  /** The price of its held boxes from now on. */
  right: Money;
  /** Orders at its price. */
  orders: number;
}

/** A flash batch ended or was cancelled. To: public. */
export interface FlashEnded {
  /** A ULID. */
  flash: string;
  /** A ULID. */
  offer: string;
  /** Ordered boxes of the batch. */
  sold: number;
  /** time, sold_out, host or broadcast; wrong if its price was a mistake; stopped if its lot was stopped. */
  why: "time" | "sold_out" | "host" | "broadcast" | "wrong" | "stopped";
}

/** A flash batch was planned: boxes at a price of their own, for a limited time. To: public. */
export interface FlashPlanned {
  /** A ULID. */
  flash: string;
  /** A ULID. */
  offer: string;
  /** The price of a box while the batch runs. */
  price: Money;
  /** Boxes of the batch. */
  boxes: number;
  /** Limit of boxes per buyer, or null. */
  per_buyer: number | null;
  /** Start time, UTC milliseconds since 1970. */
  starts_at: number;
  /** End time, unless it sells out before. */
  ends_at: number;
}

/** A flash batch started. To: public. */
export interface FlashStarted {
  /** A ULID. */
  flash: string;
  /** A ULID. */
  offer: string;
  /** The price of a box while the batch runs. */
  price: Money;
  /** Boxes of the batch. */
  boxes: number;
  /** Limit of boxes per buyer, or null. */
  per_buyer: number | null;
  /** Start time, UTC milliseconds since 1970. */
  starts_at: number;
  /** End time, unless it sells out before. */
  ends_at: number;
}

/** The last lift of a lot: its public sentence and its time. */
export interface Lift {
  /** A coordinator's reason. */
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
  /** The flash batch of the line. */
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
  /** Corrected net weight of the harvest, grams. */
  harvested_g: number;
  /** Net weight that was thrown away, grams. */
  wasted_g: number;
}

/** A stopped lot may be sold again. To: public. */
export interface LotResumed {
  /** A ULID. */
  lot: string;
  /** A coordinator's reason; absent if the lot resumed because a required test or certificate arrived. */
  sentence?: string;
  /** When the lot was lifted, UTC milliseconds; absent if that is now. */
  lifted_at?: number;
  /** Whether its latest test was passed. */
  tested: boolean;
}

/** A lot was stopped: nothing of it is sold or handed over from now on. To: public. */
export interface LotStopped {
  /** A ULID. */
  lot: string;
  /** The reasons. test_missing and certificate_missing name no finding: boxes sold before are handed over. */
  reasons: Reason[];
  /** True if it was already stopped and only the reasons changed, otherwise absent. */
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
  /** Position in the bag, from 1; missing in older logs. */
  position?: number;
  name: Text;
  /** The name of a box. */
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
  /** Boxes released for sale in all. */
  released: number;
  /** Ordered boxes. */
  sold?: number;
  /** Boxes held for buyers. */
  held?: number;
  /** Boxes reserved for a flash batch. */
  kept?: number;
  /** Available boxes. */
  left: number;
  /** Boxes on the waiting list. */
  waiting?: number;
  /** Its flash batch, planned or running, or null. */
  flash?: CardFlash | null;
}

/** An offer's card changed; the event has only the changed fields. To: public. */
export interface OfferChanged {
  /** A ULID. */
  offer: string;
  /** The price from now on. */
  price?: Money;
  /** Null if it was removed. */
  list_price?: Money | null;
  /** Position in the bag, from 1. */
  position?: number;
  /** In both languages. */
  name?: Text;
  /** The URL of its picture, or null. */
  picture?: string | null;
  /** True if the previous price was a mistake, otherwise absent. */
  corrected?: boolean;
}

/** Boxes of an offer were released or withdrawn; a `stock.changed` follows. To: public. */
export interface OfferReleased {
  /** A ULID. */
  offer: string;
  /** Boxes released; negative if boxes were withdrawn. */
  quantity: number;
  /** Boxes released for sale in all. */
  released: number;
}

/** The order is at the centre, ready for pick-up. To: staff, the farms of its lines, its buyer. */
export interface OrderAtCentre {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True if a transition was undone and the order is in this state again; otherwise absent. */
  undone?: boolean;
  /** True if another transition follows at once, so that the buyer is notified of the last one only; otherwise absent. */
  passed?: boolean;
}

/** The order or the hold was cancelled and its boxes are back in stock; a hold has no number. To: staff, the farms of its lines, its buyer. */
export interface OrderCancelled {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True if a transition was undone and the order is in this state again; otherwise absent. */
  undone?: boolean;
  /** True if another transition follows at once, so that the buyer is notified of the last one only; otherwise absent. */
  passed?: boolean;
}

/** Staff answered a claim. To: staff, the farms of its lines, its buyer. */
export interface OrderClaimAnswered {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by: "buyer" | "staff";
  /** The claim's id. */
  claim: string;
  /** refunded or refused. */
  answer: "refunded" | "refused";
  /** The amount refunded; absent if the claim was refused. */
  amount?: Money;
}

/** The buyer made a claim: the goods arrived damaged. To: staff, the farms of its lines, its buyer. */
export interface OrderClaimed {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by: "buyer" | "staff";
  /** The claim's id. */
  claim: string;
  /** Number of photos of the claim. */
  photos: number;
}

/** The personal data of an order's buyer was erased. To: staff. */
export interface OrderErased {
  /** A ULID. */
  order: string;
  /** The order's number for people, such as A0001. */
  number: string;
  /** The order's pseudonym from now on, in earlier events too. */
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
  /** Amounts in minor units; a seller sees own farms' lines only. */
  lines: Line[];
  /** Sum of all lines and the fee; for a seller, of own lines. */
  total: Money;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due";
  /** When it expires, UTC milliseconds since 1970. */
  until: number;
  /** True if it has boxes from the waiting list, otherwise absent. */
  waited?: boolean;
  /** True if a mistaken price in it was corrected, otherwise absent. */
  corrected?: boolean;
  /** True for a simulated person of the demo, otherwise absent. */
  simulated?: boolean;
}

/** The order was packed. To: staff, the farms of its lines, its buyer. */
export interface OrderPacked {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True if a transition was undone and the order is in this state again; otherwise absent. */
  undone?: boolean;
  /** True if another transition follows at once, so that the buyer is notified of the last one only; otherwise absent. */
  passed?: boolean;
}

/** The order was paid. To: staff, the farms of its lines, its buyer. */
export interface OrderPaid {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True if a transition was undone and the order is in this state again; otherwise absent. */
  undone?: boolean;
  /** True if another transition follows at once, so that the buyer is notified of the last one only; otherwise absent. */
  passed?: boolean;
}

/** An order was placed. If it undoes a transition (`undone`), the event has no other fields. To: staff, the farms of its lines, its buyer. */
export interface OrderPlaced {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True if a transition was undone and the order is in this state again; otherwise absent. */
  undone?: boolean;
  /** True if another transition follows at once, so that the buyer is notified of the last one only; otherwise absent. */
  passed?: boolean;
  /** A pseudonym, equal for equal phone numbers; hidden from sellers. */
  buyer?: string;
  /** Amounts in minor units; a seller sees own farms' lines only. */
  lines?: Line[];
  /** Sum of all lines and the fee; for a seller, of own lines. */
  total?: Money;
  /** The parcel fee, part of the total; hidden from sellers. */
  fee?: Money;
  /** parcel or pickup. */
  way?: "parcel" | "pickup";
  /** True for a simulated person of the demo, otherwise absent. */
  simulated?: boolean;
}

/** The buyer received the order. To: staff, the farms of its lines, its buyer. */
export interface OrderReceived {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True if a transition was undone and the order is in this state again; otherwise absent. */
  undone?: boolean;
  /** True if another transition follows at once, so that the buyer is notified of the last one only; otherwise absent. */
  passed?: boolean;
}

/** Money was refunded, or taken off what is due. To: staff, the farms of its lines, its buyer. */
export interface OrderRefunded {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True if a transition was undone and the order is in this state again; otherwise absent. */
  undone?: boolean;
  /** True if another transition follows at once, so that the buyer is notified of the last one only; otherwise absent. */
  passed?: boolean;
  /** The amount refunded, or taken off what is due. */
  amount: Money;
  /** Unshipped boxes that returned to stock; a seller sees own farms' boxes only; absent if there are none. If the refund was undone, the boxes that the order has again. */
  back?: Returned[];
  /** The line whose mistaken price was too high; absent for other refunds, and for a seller of another farm. */
  line?: LineName;
  /** The claim that it answers, if any; open again if the refund was undone. */
  claim?: string;
}

/** No lot in the order is stopped any more. To: staff, the farms of its lines, its buyer. */
export interface OrderResumed {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** The lot that was stopped or lifted. */
  lot: string;
  /** False: the order may be handed over again. */
  stopped: boolean;
}

/** The order was handed to the carrier. To: staff, the farms of its lines, its buyer. */
export interface OrderShipped {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number?: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** buyer or staff. */
  by?: "buyer" | "staff";
  /** True if a transition was undone and the order is in this state again; otherwise absent. */
  undone?: boolean;
  /** True if another transition follows at once, so that the buyer is notified of the last one only; otherwise absent. */
  passed?: boolean;
}

/** A lot in the order was stopped. To: staff, the farms of its lines, its buyer. */
export interface OrderStopped {
  /** The order's id; a hold has that of the order to be. */
  order: string;
  /** The state from now on. */
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  /** The order's number for people, such as A0001. */
  number: string;
  /** The payment from now on: due, paid, part_refunded or refunded. */
  payment: "due" | "paid" | "part_refunded" | "refunded";
  /** The lot that was stopped or lifted. */
  lot: string;
  /** Whether the order has a stopped lot, which blocks its hand-over. */
  stopped: boolean;
}

/** A reason that stops a lot. */
export interface Reason {
  /** The finding; absent for a missing document. */
  finding?: string;
  kind: "test_failed" | "waiting_period" | "test_missing" | "certificate_missing";
  /** When it was tested, sprayed or harvested, UTC milliseconds. */
  at: number;
  /** The test's result, for test_failed. */
  result?: Text;
  /** The sprayed substance, for waiting_period. */
  substance?: Text;
  /** End of the waiting period. */
  until?: number;
}

/** Boxes of an offer that were returned to stock. */
export interface Returned {
  /** A ULID. */
  offer: string;
  /** The farm; missing in older logs. */
  farm?: string;
  /** Boxes. */
  quantity: number;
}

/** Devices without a past order buy much of an offer: they need a proof of work for it from now on. To: staff. */
export interface RushBegan {
  /** A ULID. */
  offer: string;
  /** Boxes that devices without a past order took within a minute. */
  boxes: number;
  /** When the proof became necessary, UTC milliseconds since 1970. */
  since: number;
  /** Proof-of-work difficulty: leading zero bits of SHA-256. */
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
  /** True for a guest with a link, otherwise absent. */
  guest?: boolean;
}

/** A source disconnected. To: staff. */
export interface SourceLeft {
  /** A ULID. */
  source: string;
  /** True for a guest with a link, otherwise absent. */
  guest?: boolean;
}

/** Another source is on air from now on; a pause ends. To: public. */
export interface SourceSwitched {
  /** A ULID. */
  source: string;
  /** Its name. */
  label: string;
  /** The video codec; absent without video. */
  codec?: string;
}

/** The stock of an offer changed, or that of its lot; the event has the new values. To: public. */
export interface StockChanged {
  /** A ULID. */
  offer: string;
  /** Boxes released for sale in all: the sum of sold, held, kept and left. */
  released: number;
  /** Ordered boxes. */
  sold: number;
  /** Boxes held for buyers who fill in their order. */
  held?: number;
  /** Available boxes of the running flash batch. */
  kept?: number;
  /** Other available boxes, at most what the lot holds. */
  left: number;
  /** The id of the lot that the offer draws on. */
  lot?: string;
  /** Net weight sold of that lot, grams, by all offers that draw on it. */
  lot_sold_g?: number;
  /** Available net weight of that lot, grams, for all of these offers together. */
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
  /** The sum of boxes on the waiting list. */
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
  "chat.queued": ChatQueued;
  "chat.dropped": ChatDropped;
  "chat.answered": ChatAnswered;
  "chat.cleared": ChatCleared;
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
