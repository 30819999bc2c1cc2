// The objects of the HTTP API, made from its OpenAPI document by `./scripts/check --fix`: edit the
// models in src/farmlive. The events of the live channel stand in events.d.ts.

/** Name and password of a new account of one's own, and the display name that viewers read. */
export interface Accepted {
  name: string;
  password: string;
  display_name?: string | null;
}

/** An account; `created_at` in RFC 3339. Viewers read `display_name`, never `name`. `centres` is null for a clerk from before clerks belonged to centres: all of them, until a coordinator chooses. `second_factor`: a sign-in needs one. Without it `second_factor_demanded` says whether it must have one, and `second_factor_until` by when, in RFC 3339; null before its first sign-in since then. `second_factor_extensions`: how often its deadline may still be extended by seven days. `made_by` is the account that made or invited it, null if unknown or if no account did. */
export interface AccountAnswer {
  id: string;
  name: string;
  display_name: string | null;
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk";
  farms: string[];
  centres: string[] | null;
  created_at: string;
  disabled: boolean;
  second_factor: boolean;
  second_factor_demanded: boolean;
  second_factor_until: string | null;
  second_factor_extensions: number;
  made_by: string | null;
}

/** Changes of an account; a seller's new role needs its farms, a clerk's its centres. If it is `disabled`, all its keys and links end, except those whose ids `give` has: they go to the accounts that it names. */
export interface AccountChange {
  role?: "coordinator" | "host" | "moderator" | "seller" | "clerk" | null;
  farms?: string[] | null;
  centres?: string[] | null;
  disabled?: boolean | null;
  display_name?: string | null;
  give?: Record<string, string>;
}

/** All accounts, by name. */
export interface Accounts {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  accounts: AccountAnswer[];
}

/** An API key without its secret; times in RFC 3339, `expires_at` null for no end. `owner` is the account with which it ends, null for a key without one; `used_at` is the last use, to a minute. It `acts_as` its role, or a lesser one if its owner's role is less; null: it has no rights. `made_by` is the account that knows its secret, null if unknown. */
export interface ApiKeyAnswer {
  id: string;
  label: string;
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk" | "simulator";
  acts_as: "coordinator" | "host" | "moderator" | "seller" | "clerk" | "simulator" | null;
  farms: string[];
  centres: string[] | null;
  created_at: string;
  owner: string | null;
  expires_at: string | null;
  used_at: string | null;
  made_by: string | null;
}

/** All API keys, the oldest first. */
export interface ApiKeys {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  api_keys: ApiKeyAnswer[];
}

/** A broadcast's offers, in the order of its bag. */
export interface Bag {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  offers: Card[];
}

/** The new order of a bag: all its offers, first one first. */
export interface BagOrder {
  offers: string[];
}

/** The minute with the most sales, its best-selling offer, and the action just before it. */
export interface BestMinute {
  at: number;
  orders: number;
  items: number;
  gross: Sum;
  offer: string;
  after: Moment | null;
}

/** `{"zh": "金柑 2.5 公斤装", "en": "Kumquats, 2.5 kg box"}`; one of the two may be empty. */
export interface Bilingual {
  zh?: string;
  en?: string;
}

/** A block: `who` is a short pseudonym, `at` in RFC 3339, `by` its maker. `order`, or `broadcast` with `message`, are what it was made from. */
export interface BlockAnswer {
  id: string;
  kind: "device" | "phone" | "address";
  who: string;
  reason: string;
  at: string;
  by: string;
  order: string | null;
  broadcast: string | null;
  message: number | null;
}

/** All blocks, the latest first. */
export interface BlockList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  blocks: BlockAnswer[];
}

/** A number of boxes of an offer. */
export interface Boxes {
  offer: string;
  quantity: number;
}

/** A broadcast; times are RFC 3339. */
export interface Broadcast {
  id: string;
  title: Bilingual;
  note: Bilingual | null;
  state: "scheduled" | "live" | "ended";
  starts_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  /** URL path of a frame of its picture, or null. */
  frame?: string | null;
}

/** Broadcasts: live ones first, then scheduled ones, then ended ones. */
export interface BroadcastList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  broadcasts: Broadcast[];
}

/** The result of a bulk action or of its undo: the changed orders as they are now. `until` is how long it can be undone; null if there is nothing to undo. */
export interface BulkTransition {
  id: string;
  until: string | null;
  moved: Order[];
  refused: Refused[];
}

/** The buyer's personal data. Stored with the order only, never in the log. */
export interface Buyer {
  name: string;
  phone: string;
  email?: string | null;
}

/** The buyer's reason for a cancellation, if any. */
export interface Cancel {
  reason?: string | null;
}

/** An offer as viewers see it. Released boxes are sold, held, kept for the running flash batch, or left; `left` is at most what the lot holds. `waiting` is the number of boxes on the waiting list. */
export interface Card {
  id: string;
  position: number;
  name: Bilingual;
  unit: Bilingual;
  net_weight_g: number;
  price: Money;
  list_price: Money | null;
  picture: string | null;
  gtin: string | null;
  lot: CardLot;
  released: number;
  sold: number;
  held: number;
  kept: number;
  left: number;
  waiting?: number;
  flash?: CardFlash | null;
}

/** The farm on a card. */
export interface CardFarm {
  id: string;
  name: Bilingual;
  place: Bilingual;
}

/** The flash batch on a card, planned or running; times are in milliseconds since 1970. `boxes` is its total, `per_buyer` the limit per buyer. */
export interface CardFlash {
  id: string;
  state: "planned" | "running";
  price: Money;
  boxes: number;
  per_buyer: number | null;
  starts_at: number;
  ends_at: number;
}

/** The public sentence of a lot's last lift, and its time in milliseconds since 1970. */
export interface CardLift {
  sentence: string;
  at: number;
}

/** The lot on a card; `harvested_at` is in milliseconds since 1970, as on the channel. `sold_g` and `left_g` are its net weight sold and still for sale, over all its offers in any broadcast; `wasted_g` was thrown away. `stopped` lists the reasons that stop it, empty if it may be sold; `lifted` is the public sentence of its last lift. */
export interface CardLot {
  id: string;
  code: string;
  url: string;
  harvested_at: number | null;
  tested: boolean;
  stopped?: StopReason[];
  lifted?: CardLift | null;
  harvested_g: number;
  wasted_g: number;
  sold_g: number;
  left_g: number;
  farm: CardFarm;
}

/** A county service centre where orders are picked up. */
export interface Centre {
  id: string;
  name: Bilingual;
  address: Bilingual;
  phone: string | null;
}

/** Changes to a pick-up point; null removes its phone number. */
export interface CentreChange {
  name?: Bilingual | null;
  address?: Bilingual | null;
  phone?: string | null;
}

/** The pick-up points, oldest first. */
export interface CentreList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  centres: Centre[];
}

/** The URL of a stored certificate. */
export interface Certified {
  certificate: string;
}

/** A change of an order's state or payment: the values after it, and who made it. `undone`: a later change undid it, which has `undoes`. `alone`: only the money of a refund was undone, not its boxes. `amount` is that of a refund, and `refund` its id, by which staff can undo it. */
export interface Change {
  at: string;
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  payment: "due" | "paid" | "part_refunded" | "refunded";
  by: "buyer" | "staff";
  reason: string | null;
  undone?: boolean;
  undoes?: boolean;
  alone?: boolean;
  amount?: Money | null;
  refund?: string | null;
}

/** Changes to a broadcast that has not ended. */
export interface ChangedBroadcast {
  title?: Bilingual | null;
  starts_at?: string | null;
  note?: Bilingual | null;
}

/** Changes to an offer; null removes the list price. */
export interface ChangedOffer {
  price?: Money | null;
  list_price?: Money | null;
}

/** A claim as its buyer and staff see it; `amount` is what was refunded for it. */
export interface Claim {
  id: string;
  state: "open" | "refunded" | "refused";
  text: string;
  photos: ClaimPhoto[];
  claimed_at: string;
  amount: Money | null;
  answer: string | null;
  answered_at: string | null;
}

/** The answer to a claim: a refund or a refusal, with a text that the buyer reads. */
export interface ClaimAnswer {
  amount?: Money | null;
  refuse?: boolean;
  answer: string;
}

/** A photo of a claim; its URL works only for those who may see the claim. */
export interface ClaimPhoto {
  url: string;
}

/** The phone that gets the code, and the language; both languages if none is given. */
export interface CodeAsked {
  phone: string;
  language?: "zh" | "en" | null;
}

/** A pick-up code, and where; with the last digits of the phone number where asked. */
export interface CodeSaid {
  code: string;
  centre?: string | null;
  phone?: string | null;
}

/** The same answer whether the phone has orders or not: `minutes` is how long a code is valid. */
export interface CodeSent {
  minutes: number;
}

/** A price correction: `was` is the wrong price, `price` and `list_price` are the new ones. `orders` were placed at the wrong price; `held` boxes still are, if it is honoured. */
export interface Corrected {
  offer: string;
  price: Money;
  list_price?: Money | null;
  was: Money;
  orders: number;
  held: number;
}

/** The county as pages, shared links and messages show it. `name` is null while nobody has named it: pages then say farmlive. `contact` is whom buyers ask: an e-mail address, a phone number, or a sentence with both; `phone` takes orders by telephone. Both may be empty. `mark` is the URL path of a picture from `POST /api/v1/pictures`, shown as a small square; null: farmlive's own. */
export interface CountyProfile {
  name?: Bilingual | null;
  contact?: string;
  phone?: string;
  colour?: "kumquat" | "honey" | "plum" | "lake" | "jade" | "slate";
  mark?: string | null;
}

/** A key or a link without its secret; times in RFC 3339. `role` is that of an API key or an invitation; an API key `acts_as` that, or as a lesser one if its owner's role is less; one that `has_every_centre` is a clerk's from before clerks belonged to centres, and sees the orders of all. `idle`: it does nothing while its owner has that role. `broadcast` and its `title` are those of a stream key or a guest link, whose camera is `sending` or not, and `on_air` if viewers see it. `made_by` is the account that made or renewed it and knows its secret: if that is not its owner, renew it. */
export interface CredentialAnswer {
  id: string;
  kind: "api_key" | "stream_key" | "invitation" | "guest";
  owner: string | null;
  label: string | null;
  role: string | null;
  acts_as: "coordinator" | "host" | "moderator" | "seller" | "clerk" | "simulator" | null;
  has_every_centre: boolean;
  idle: boolean;
  purpose: "studio" | "encoder" | "guest" | null;
  broadcast: string | null;
  title: Record<string, unknown> | null;
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
  sending: boolean;
  on_air: boolean;
  made_by: string | null;
}

/** Working keys and links, and stream keys with which a session still sends. */
export interface Credentials {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  credentials: CredentialAnswer[];
}

/** A switch to this camera at `at`. */
export interface Cut {
  at: number;
  source: string;
  label: string;
}

/** An entry of the audit log; `at` in RFC 3339. `name` did it to `subject`; `account`, or `key` for a program, identifies the actor, and `role` is its role at that time. */
export interface DeedAnswer {
  id: string;
  at: string;
  name: string;
  account: string | null;
  key: string | null;
  role: string | null;
  action: string;
  subject: string | null;
  broadcast: string | null;
  detail: Record<string, unknown>;
}

/** Entries of the audit log, the latest first. */
export interface DeedList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  deeds: DeedAnswer[];
}

/** The delivery of an order: a parcel to a postal address, or a pick-up at a centre. `region` is the GB/T 2260 code of the address's county, prefecture or province: six digits. The fee may depend on it. */
export interface Delivery {
  way: "parcel" | "pickup";
  address?: string | null;
  region?: string | null;
  centre?: string | null;
}

/** A reason to doubt a harvest. `before_planting`: it is earlier than its plot's `planted_year`. `above_yield`: it brings the year's harvest of the plot, with `area_m2`, to `year_g`, above the maximum `most_g`. */
export interface Doubt {
  kind: "before_planting" | "above_yield";
  planted_year?: number | null;
  area_m2?: number | null;
  year_g?: number | null;
  most_g?: number | null;
}

/** The end of a running flash batch, or the cancellation of a planned one. `wrong`: its price was a mistake. Holds of it get the offer's price, also those of an ended batch, and its orders are listed with the offer's wrong prices. */
export interface EndOfFlash {
  wrong?: boolean;
}

/** The number of orders whose buyer was erased now; 0 if there were none left. */
export interface Erased {
  orders: number;
}

/** A page of the log, for staff. */
export interface EventList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  /** The last `seq` of this page; of an empty one the `cursor` that was sent. Where `next` is null, ask again later with it as `cursor`: what came since follows. */
  to: number;
  events: LoggedEvent[];
}

/** The `seq` of the event that records the change; null where nothing changed. */
export interface EventSeq {
  seq: number | null;
}

/** The language of the page in an export. */
export interface ExportAsked {
  language?: "zh" | "en";
}

/** The result of setting up a factor: the account's first recovery codes, returned only once, else null. */
export interface FactorAdded {
  recovery_codes: string[] | null;
}

/** A second factor to set up: one of the two. */
export interface FactorSetup {
  totp?: TotpCode | null;
  passkey?: NewPasskey | null;
}

/** A farm. */
export interface Farm {
  id: string;
  name: Bilingual;
  place: Bilingual;
  person?: Bilingual | null;
  story?: Prose | null;
  photo?: string | null;
  person_photo?: string | null;
  latitude?: number | null;
  longitude?: number | null;
  gs1_prefix?: string | null;
}

/** Changes to a farm; absent members stay, and null removes an optional one. */
export interface FarmChange {
  name?: Bilingual;
  place?: Bilingual;
  person?: Bilingual | null;
  story?: Prose | null;
  photo?: string | null;
  person_photo?: string | null;
  latitude?: number | null;
  longitude?: number | null;
  gs1_prefix?: string | null;
}

/** Farms, oldest first. */
export interface FarmList {
  next?: string | null;
  farms: Farm[];
}

/** The sales of a farm; `paid` and `due` are of orders that are not cancelled, and add up to `net`. */
export interface FarmShare {
  id: string;
  orders: number;
  items: number;
  net_items: number;
  gross: Sum;
  cancelled: Sum;
  refunded: Sum;
  net: Sum;
  name: Bilingual;
  net_weight_g: number;
  paid: Sum;
  due: Sum;
}

/** The fee of a parcel of up to `upto_g` net grams. `region` is the prefix of the region's codes: 35 for a province, 3504 for a prefecture, 350426 for a county; empty for everywhere else. */
export interface Fee {
  region: string;
  upto_g: number;
  fee: Money;
}

/** All fees; without any, parcels are free. The fee is that of the region with the longest matching code, for the least sufficient weight; a heavier parcel is refused. `version` is that of the fees which these replace, from GET; without it they replace any. */
export interface FeeTable {
  fees: Fee[];
  version?: string | null;
}

/** All fees, the shortest region code first, each region's lightest parcel first; their currency, which is the shop's; and their `version`, another one for other fees. */
export interface Fees {
  fees: Fee[];
  version: string;
  currency: string;
}

/** An error in one field of a request. */
export interface FieldError {
  /** Its path, such as `lines.0.quantity`. */
  field: string;
  /** The kind of error, which never changes, such as `missing`. */
  code: string;
  /** The error. */
  message: string;
}

/** A finding that stops a lot: its failed `inspection`, or the `work` in whose waiting period it was picked. `at` is when it was found; `lift` is the id of its lift, null while it is open. */
export interface Finding {
  id: string;
  kind: "test_failed" | "waiting_period";
  at: string;
  inspection: Inspection | null;
  work: Work | null;
  lift: string | null;
}

/** A flash batch; times are in milliseconds since 1970, as on the channel. `boxes` is its total: `sold` are ordered, `held` are on hold. The total of an ended batch grows where a cancelled order is placed again and takes other boxes of the offer. `why` is the reason for its end: time, sold out, the host, the broadcast, or a wrong price. */
export interface Flash {
  id: string;
  offer: string;
  state: "planned" | "running" | "ended";
  price: Money;
  boxes: number;
  per_buyer: number | null;
  sold: number;
  held: number;
  starts_at: number;
  ends_at: number;
  ended_at: number | null;
  why: "time" | "sold_out" | "host" | "broadcast" | "wrong" | "stopped" | null;
}

/** The flash batches of a broadcast, oldest first. */
export interface FlashList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  flashes: Flash[];
}

/** A guest without the link; `source` is the guest's camera, times in RFC 3339. */
export interface GuestAnswer {
  id: string;
  source: string;
  label: string;
  created_at: string;
  expires_at: string;
}

/** Credentials with which a guest publishes: `key` as the bearer token, to the path `whip` of this server. */
export interface GuestKey {
  key: string;
  broadcast: string;
  source: string;
  label: string;
  whip: string;
  expires_at: string;
}

/** The guests of a broadcast with working links, the oldest first. */
export interface GuestList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  guests: GuestAnswer[];
}

/** The order that was handed over; the action `id` can be undone until `until`. Both are null if it was handed over before. */
export interface HandedOver {
  id: string | null;
  order: Order;
  until: string | null;
}

/** A hold: the id of the future order, and its end in milliseconds since 1970. `final`: holding again does not extend it any more. */
export interface Held {
  id: string;
  until: number;
  lines: HeldLine[];
  total: Money;
  final?: boolean;
}

/** A line of a hold; `price` is per box, in minor units, as in events. */
export interface HeldLine {
  offer: string;
  lot: string;
  farm: string;
  quantity: number;
  price: number;
  total: number;
  flash?: string | null;
}

/** A notice that a limit held back. `at` is RFC 3339, `to` a phone number or an e-mail address, `number` the number of its order, `order` the order's id. `held_by` names the limit: `number` (notices to this recipient), `address` or `block` (notices caused from one IP address or block), `prefix` (a number in a country outside the setting), or `unheard` (a cancelled order of whose placing the buyer was never notified). `state` is `held`, or `waiting`, `sent` or `failed` once staff have sent it. */
export interface HeldNotice {
  id: string;
  at: string;
  kind: string;
  broadcast: string;
  order: string;
  number: string;
  to: string;
  held_by: "number" | "address" | "block" | "prefix" | "unheard";
  state: string;
}

/** Notices that are held back, the latest first. */
export interface HeldNotices {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  notices: HeldNotice[];
}

/** Highlights; null where nothing was sold, or no release sold out within minutes. */
export interface Highlights {
  best_minute: BestMinute | null;
  best_release: Moment | null;
}

/** A test of a lot; `certificate` is the URL of its file. A withdrawn one did not happen: it has the time and the reason of the withdrawal. */
export interface Inspection {
  id: string;
  at: string;
  result: Bilingual;
  laboratory: string | null;
  passed: boolean;
  certificate: string | null;
  withdrawn_at?: string | null;
  withdrawn_reason?: string | null;
}

/** An open invitation without its link; times in RFC 3339. */
export interface InvitationAnswer {
  id: string;
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk";
  farms: string[];
  centres: string[] | null;
  label: string | null;
  created_at: string;
  expires_at: string;
}

/** The open invitations, the oldest first. */
export interface Invitations {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  invitations: InvitationAnswer[];
}

/** The account that a holder of the link may create. */
export interface Invited {
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk";
  farms: string[];
  centres: string[] | null;
}

/** A summary of a person's data: the latest orders first, 200 at most, and `count` of all; `open` is how many of them prevent an erasure. */
export interface KeptOfPerson {
  orders: KeptOrder[];
  count: number;
  open: number;
}

/** An order of the person: `open` is the reason why it can't be erased yet, or null. `has_name` is false where the personal data was removed by retention. */
export interface KeptOrder {
  number: string;
  broadcast: string;
  title: Bilingual;
  placed_at: string;
  state: string;
  open: string | null;
  has_name: boolean;
}

/** An uploaded photo: its id, which a claim refers to, and its size in pixels. */
export interface KeptPhoto {
  id: string;
  width: number;
  height: number;
}

/** The URL of a picture, as farms and products accept it, and its size in pixels. */
export interface KeptPicture {
  picture: string;
  width: number;
  height: number;
}

/** A coordinator's lift of these findings, with its sentence; `stopped`: some findings of the lot are open. A withdrawn one lifts none of them any more: it has the time and the reason of the withdrawal. */
export interface Lift {
  id: string;
  lot: string;
  at: string;
  sentence: string;
  findings: string[];
  stopped: boolean;
  withdrawn_at?: string | null;
  withdrawn_reason?: string | null;
}

/** An event of the log. `/asyncapi.json` defines the `data` of each `kind`; ignore kinds and fields that you don't know. */
export interface LoggedEvent {
  seq: number;
  /** UTC milliseconds since 1970. */
  at: number;
  kind: string;
  /** One or more of public, staff, farm:{id} and order:{id}. */
  audience: string[];
  data: Record<string, unknown>;
}

/** A lot: one harvest. `quantity_g` was harvested, in grams, `wasted_g` of it thrown away. `sold_g`, `held_g` and `left_g` are present where a single lot or the list of lots is read. `tested` is true if its latest test was passed, at most 30 days before the harvest; `passed` is that test's verdict, null without one. Nothing of a `stopped` lot is sold or handed over: it is never `tested` and shows no `certificate`, whatever its latest test says. `lifted`: a coordinator lifted a finding of it at least once. `missing` is what the county requires before the lot is sold. */
export interface Lot {
  id: string;
  farm: string;
  plot?: PlotName | null;
  code: string;
  product_name: Bilingual;
  gtin: string | null;
  class_uri: string;
  url: string;
  harvested_at: string;
  quantity_g: number;
  wasted_g?: number;
  sold_g?: number | null;
  held_g?: number | null;
  left_g?: number | null;
  stopped?: boolean;
  lifted?: boolean;
  missing?: "test" | "certificate" | null;
  tested: boolean;
  passed?: boolean | null;
  certificate?: string | null;
  packed_at?: string | null;
  shipped_at?: string | null;
}

/** The balance of a harvest until now, in grams: harvested = wasted, sold, held or left, over all broadcasts that offer it. Boxes of orders that were cancelled after packing count as sold until they are released again. */
export interface LotBalance {
  harvested_g: number;
  wasted_g: number;
  sold_g: number;
  held_g: number;
  left_g: number;
}

/** The true weight of a harvest, and why another was recorded; the reason is public. */
export interface LotChange {
  quantity_g: number;
  reason: string;
  plausibility_reason?: string | null;
}

/** Boxes of the lot that are held, under the id of the future order, until a time. The buyer's name is not known yet. */
export interface LotHold {
  id: string;
  broadcast: string;
  boxes: number;
  until: string;
}

/** Lots, latest harvest first. */
export interface LotList {
  next?: string | null;
  lots: Lot[];
}

/** An order with `boxes` of the lot, and the actions that are possible while the lot is stopped. */
export interface LotOrder {
  id: string;
  number: string;
  token: string | null;
  url: string | null;
  broadcast: string;
  placed_at: string;
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  payment: "due" | "paid" | "part_refunded" | "refunded";
  payment_method: "cash_on_delivery" | "pay_at_pickup";
  lines: OrderedLine[];
  total: Money;
  fee: Money;
  refunded: Money;
  buyer: Buyer | null;
  delivery: OrderedDelivery;
  simulated: boolean;
  code: string | null;
  flags: string[];
  can_cancel: boolean;
  person_gone_at?: string | null;
  erased?: boolean;
  claims: Claim[];
  history: Change[];
  boxes: number;
  deeds: ("cancel" | "refund")[];
}

/** The orders with boxes of a lot, shipped ones first, and the holds, which expire by themselves. `reasons` say why the lot is stopped. */
export interface LotOrders {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  lot: Lot;
  reasons: StopReason[];
  orders: LotOrder[];
  holds: LotHold[];
}

/** The sales of a lot here, over all its offers; weights in grams. `harvested_g` is from its card, `balance` is the present one. */
export interface LotShare {
  id: string;
  orders: number;
  items: number;
  net_items: number;
  gross: Sum;
  cancelled: Sum;
  refunded: Sum;
  net: Sum;
  code: string;
  farm: string;
  net_weight_g: number;
  harvested_g: number | null;
  balance: LotBalance | null;
}

/** A new account; `password` only if the server created it. */
export interface MadeAccount {
  id: string;
  name: string;
  display_name: string | null;
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk";
  farms: string[];
  centres: string[] | null;
  created_at: string;
  disabled: boolean;
  second_factor: boolean;
  second_factor_demanded: boolean;
  second_factor_until: string | null;
  second_factor_extensions: number;
  made_by: string | null;
  password: string | null;
}

/** A new API key; `key` is returned only once. */
export interface MadeApiKey {
  id: string;
  label: string;
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk" | "simulator";
  acts_as: "coordinator" | "host" | "moderator" | "seller" | "clerk" | "simulator" | null;
  farms: string[];
  centres: string[] | null;
  created_at: string;
  owner: string | null;
  expires_at: string | null;
  used_at: string | null;
  made_by: string | null;
  key: string;
}

/** A new guest; `url`, a path on this server, is returned only once. */
export interface MadeGuest {
  id: string;
  source: string;
  label: string;
  created_at: string;
  expires_at: string;
  url: string;
}

/** A new invitation; `url`, a path on this server, is returned only once. */
export interface MadeInvitation {
  id: string;
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk";
  farms: string[];
  centres: string[] | null;
  label: string | null;
  created_at: string;
  expires_at: string;
  url: string;
}

/** A new random password, returned only once; it is valid for 24 hours, and must be changed at the first sign-in. */
export interface MadePassword {
  password: string;
}

/** A new stream key, returned only once, and the URL to publish to. */
export interface MadeStreamKey {
  id: string;
  source: string;
  label: string;
  purpose: "studio" | "encoder" | "guest";
  created_at: string;
  expires_at: string | null;
  owner: string | null;
  key: string;
  whip_url: string;
}

/** The wrong prices of an offer and of its flash batches, the latest first. */
export interface Mispriced {
  prices: WrongPrice[];
}

/** An order at a wrong price: `total` is the sum of its boxes of the offer. `difference` is that sum less the right one, and can be refunded if it is positive: given back if paid, taken off if due. `refunded` is the order's refund so far, for any reason; `deeds` lists the actions possible now. */
export interface MispricedOrder {
  id: string;
  number: string;
  placed_at: string;
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  payment: "due" | "paid" | "part_refunded" | "refunded";
  quantity: number;
  total: Money;
  difference: Money;
  refunded: Money;
  buyer: Buyer | null;
  deeds: ("keep" | "cancel" | "refund")[];
}

/** A host's action, and the sales of its offer in the following minutes. `pin` has `until` and `impressions`; `price` has `price` and `was`; `release` has `quantity` (negative for withdrawn boxes) and `sold_after_ms`: when as many had been ordered. A `flash` is a flash batch from `at` until `until`, with its `price`, the ordinary price `was`, its boxes as `quantity`, `sold_after_ms` if all were sold, and its own orders only; a `flash_end` has the number of sold boxes. */
export interface Moment {
  kind: "pin" | "price" | "release" | "flash" | "flash_end";
  at: number;
  offer: string;
  until?: number | null;
  impressions?: number | null;
  price?: Sum | null;
  was?: Sum | null;
  quantity?: number | null;
  sold_after_ms?: number | null;
  orders?: number;
  items?: number;
  gross: Sum;
}

/** An amount such as `{"amount": 2990, "currency": "CNY"}`, which is ¥29.90. `amount` is in minor units, `currency` a code of ISO 4217. */
export interface Money {
  amount: number;
  currency: string;
}

/** A mute. Times are RFC 3339; `until` is null for the end of the broadcast. `who` is a short pseudonym of the device, `message` the `seq` of the message, and `by` the display name of the person who muted, empty where there is none. `everywhere` is true where the mute applies to all broadcasts. */
export interface MuteAnswer {
  id: string;
  nickname: string;
  who: string;
  message: number;
  everywhere: boolean;
  at: string;
  until: string | null;
  by: string;
}

/** The mutes that apply to this broadcast, the latest first. */
export interface MuteList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  mutes: MuteAnswer[];
}

/** An account to create, a seller's with its farms, a clerk's with its centres. Without a password a random one is created and returned only once. Either is valid for 24 hours and must be changed at the first sign-in. */
export interface NewAccount {
  name: string;
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk";
  farms?: string[];
  centres?: string[];
  display_name?: string | null;
  password?: string | null;
}

/** The message that is answered, and the written reply; without one it is answered aloud. */
export interface NewAnswer {
  message: number;
  reply?: string | null;
}

/** An API key to create: its purpose and how it acts: a role, a seller's with farms, a clerk's with centres. Its owner is the caller's account; it is valid until `expires_at`, in RFC 3339, or until it is revoked. */
export interface NewApiKey {
  label: string;
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk" | "simulator";
  farms?: string[];
  centres?: string[];
  expires_at?: string | null;
}

/** The target of a block, and the reason: a number or an IP typed in `value`, or a pseudonym copied there; or the buyer of an `order` or the sender of a `message`. */
export interface NewBlock {
  kind: "device" | "phone" | "address";
  value?: string | null;
  order?: string | null;
  message?: SaidMessage | null;
  reason: string;
}

/** A broadcast to schedule; `starts_at` may be absent. */
export interface NewBroadcast {
  title: Bilingual;
  starts_at?: string | null;
  note?: Bilingual | null;
}

/** A transition for one or many orders: a new state, or payment. `known_by`: how staff know the buyers, for pick-ups that are handed over without their codes. */
export interface NewBulkTransition {
  orders: string[];
  state?: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired" | null;
  payment?: "paid" | null;
  reason?: string | null;
  known_by?: "known_to_me" | "slip" | "identity_card" | "other" | null;
}

/** The buyer of a new order; stricter than `Buyer`, since stored data may follow older rules. */
export interface NewBuyer {
  name: string;
  phone: string;
  email?: string | null;
}

/** A pick-up point to add. */
export interface NewCentre {
  name: Bilingual;
  address: Bilingual;
  phone?: string | null;
}

/** A claim to make: what is wrong with the goods; `photos` as their uploads returned them. */
export interface NewClaim {
  text: string;
  photos?: string[];
}

/** The current price was a mistake. Without `price` the previous price is restored. Holds at the wrong price get the right one, or with `honour` keep the wrong one until they end. */
export interface NewCorrection {
  price?: Money | null;
  honour?: boolean;
}

/** A farm to add: its name, place and growers. Pictures are URLs from POST /api/v1/pictures; coordinates are WGS 84 degrees. */
export interface NewFarm {
  name: Bilingual;
  place: Bilingual;
  person?: Bilingual | null;
  story?: Prose | null;
  photo?: string | null;
  person_photo?: string | null;
  latitude?: number | null;
  longitude?: number | null;
  gs1_prefix?: string | null;
}

/** Boxes of an offer at a lower price, for a number of seconds. It starts at once, or at `starts_at`, in milliseconds since 1970, once the broadcast is live. `per_buyer` is the most that one buyer may have. */
export interface NewFlash {
  offer: string;
  price: Money;
  boxes: number;
  seconds: number;
  per_buyer?: number | null;
  starts_at?: number | null;
}

/** A guest to invite by a link; viewers read the label while the guest is on air. */
export interface NewGuest {
  label: string;
}

/** The order to hand over, and by what. */
export interface NewHandOver {
  code?: string | null;
  centre?: string | null;
  phone?: string | null;
  known_by?: "known_to_me" | "slip" | "identity_card" | "other" | null;
  order: string;
}

/** Lines to hold while the buyer fills in the order; `proof` is as for an order. */
export interface NewHold {
  lines: OrderLine[];
  proof?: string | null;
}

/** A test of a lot: time, result, laboratory, and whether the lot passed, which only the sender knows. */
export interface NewInspection {
  at: string;
  result: Bilingual;
  laboratory?: string | null;
  passed: boolean;
}

/** An invitation to create: the role of the account, and a label for the invited person. */
export interface NewInvitation {
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk";
  farms?: string[];
  centres?: string[];
  label?: string | null;
}

/** The findings to lift, and a public sentence. A lot with another open finding stays stopped. */
export interface NewLift {
  findings: string[];
  sentence: string;
}

/** A harvest to record, with its test and packing if they have happened. From the orchard four facts are enough: `plot`, `quantity_g`, `harvested_at`, and `code`, which defaults to the next free one. Without a plot, `farm` and `product_name` are required. An implausible harvest needs a `plausibility_reason`, which is public. */
export interface NewLot {
  farm?: string | null;
  plot?: string | null;
  code?: string | null;
  product_name?: Bilingual | null;
  gtin?: string | null;
  harvested_at: string;
  quantity_g: number;
  waiting_period_overridden?: string | null;
  plausibility_reason?: string | null;
  inspection?: NewInspection | null;
  packed_at?: string | null;
}

/** A chat message; crew always have their display name as the nickname. */
export interface NewMessage {
  text: string;
  nickname?: string | null;
}

/** The message whose sender is muted, and for how long: `show` ends with this broadcast, `ninety_days` applies to all broadcasts. */
export interface NewMute {
  message: number;
  duration?: "ten_minutes" | "show" | "ninety_days";
}

/** An offer to add to a broadcast's bag: an existing `product`, or a new one by its fields. */
export interface NewOffer {
  product?: string | null;
  name?: Bilingual | null;
  unit?: Bilingual | null;
  net_weight_g?: number | null;
  gtin?: string | null;
  picture?: string | null;
  lot: string;
  price: Money;
  list_price?: Money | null;
  released?: number;
}

/** An order to place; `order` is the id of the device's hold, whose boxes it takes. The hold of another device is ignored. `fee` is the delivery fee that the buyer saw; `language` is the buyer's. `proof` is a text for which SHA-256 of `broadcast:key:proof` begins with as many zero bits as `proof-needed` asks for. */
export interface NewOrder {
  order?: string | null;
  lines: OrderLine[];
  buyer: NewBuyer;
  delivery: Delivery;
  payment: "cash_on_delivery" | "pay_at_pickup";
  fee?: Money | null;
  language?: "zh" | "en" | null;
  proof?: string | null;
}

/** The account that will own a key or a link. */
export interface NewOwner {
  owner: string;
}

/** A packing of the lot, or of a part of it. */
export interface NewPacking {
  at: string;
  boxes?: number | null;
}

/** A passkey that the browser created, and its owner's name for it. */
export interface NewPasskey {
  name: string;
  credential: Record<string, unknown>;
}

/** The payment of an order by its own payment method. */
export interface NewPayment {
}

/** The offer whose card to pin over the video. */
export interface NewPin {
  offer: string;
}

/** A plot to add to a farm; `crop` is the product name of its harvests. */
export interface NewPlot {
  name: Bilingual;
  crop?: Bilingual | null;
  area_m2?: number | null;
  planted_year?: number | null;
  outline?: Outline | null;
}

/** A product to add to a farm's catalogue; `picture` is the name that the upload returned. */
export interface NewProduct {
  farm: string;
  name: Bilingual;
  unit: Bilingual;
  net_weight_g: number;
  gtin?: string | null;
  picture?: string | null;
}

/** Hearts, up to twenty at a time. */
export interface NewReaction {
  count?: number;
}

/** The number of boxes of an offer to release; a negative number withdraws boxes. */
export interface NewRelease {
  quantity: number;
}

/** The last change of an order, to undo as a mistake: the `state` or the `payment` to return to, or the `refund`; and the reason. */
export interface NewReversal {
  state?: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired" | null;
  payment?: "due" | null;
  refund?: string | null;
  reason: string;
}

/** A shipping of the lot, or of a part of it, from the farm. */
export interface NewShipping {
  at: string;
  to?: Bilingual | null;
}

/** A stream key to create. `studio`: for this device's own camera, which is the same source each time. `encoder`: for OBS and similar programs, a new source, or a further key of `source`. */
export interface NewStreamKey {
  purpose: "studio" | "encoder";
  label?: string | null;
  source?: string | null;
}

/** The state to move an order to. `known_by`: how staff know the buyer, for a pick-up that is handed over without its code. */
export interface NewTransition {
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  reason?: string | null;
  known_by?: "known_to_me" | "slip" | "identity_card" | "other" | null;
}

/** A part of a lot that was thrown away and can't be sold; the `reason` is public. `at` defaults to now. */
export interface NewWaste {
  weight_g: number;
  reason: string;
  at?: string | null;
}

/** A field operation on a plot. A spraying has the number of days in which nothing may be picked. */
export interface NewWork {
  kind: "flowered" | "sprayed";
  at: string;
  substance?: Bilingual | null;
  waiting_days?: number | null;
}

/** The sales of an offer, with its released and left boxes, and its card. `flash_items` of its items were ordered in flash batches, for `flash_gross`. */
export interface OfferShare {
  id: string;
  orders: number;
  items: number;
  net_items: number;
  gross: Sum;
  cancelled: Sum;
  refunded: Sum;
  net: Sum;
  name: Bilingual;
  unit: Bilingual;
  lot: string;
  farm: string;
  price: Sum;
  list_price: Sum | null;
  released: number;
  left: number;
  flash_items: number;
  flash_gross: Sum;
  impressions: number;
  taps: number;
  ctr: number | null;
  ctor: number | null;
}

/** The source that is to be on air, by its id. */
export interface OnAir {
  source: string;
}

/** The card's offer, as the snapshot has it. */
export interface OpenedCard {
  offer: Record<string, unknown>;
}

/** An order as its buyer and staff see it. `total` is the sum of its lines and the `fee`. A seller sees the lines of its own farms with their sum, without buyer and postal address. `token`, `url`, the pick-up `code` and `claims` (oldest first) are for the buyer and staff; `flags`, reasons to check the order, for staff and clerks. `refunded` was given back, or taken off before payment: the buyer pays the total less this. `person_gone_at` is when the buyer's data was removed: `buyer` is null since, and address, reasons and the texts of claims are gone. `erased`: the buyer asked for that, and the order takes no more texts of theirs. */
export interface Order {
  id: string;
  number: string;
  token: string | null;
  url: string | null;
  broadcast: string;
  placed_at: string;
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  payment: "due" | "paid" | "part_refunded" | "refunded";
  payment_method: "cash_on_delivery" | "pay_at_pickup";
  lines: OrderedLine[];
  total: Money;
  fee: Money;
  refunded: Money;
  buyer: Buyer | null;
  delivery: OrderedDelivery;
  simulated: boolean;
  code: string | null;
  flags: string[];
  can_cancel: boolean;
  person_gone_at?: string | null;
  erased?: boolean;
  claims: Claim[];
  history: Change[];
}

/** A line of an order; `price` is the price per box that the buyer saw, in minor units of the one currency that all offers of an order share. */
export interface OrderLine {
  offer: string;
  quantity: number;
  price: number;
}

/** Orders of a broadcast, oldest first. */
export interface OrderList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  orders: Order[];
}

/** A search for orders, in the body: a name or a phone number must not stand in a URL. */
export interface OrderSearch {
  cursor?: string | null;
  limit?: number;
  state?: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired" | null;
  payment?: "due" | "paid" | "part_refunded" | "refunded" | null;
  way?: "parcel" | "pickup" | null;
  centre?: string | null;
  flagged?: boolean | null;
  find?: string | null;
}

/** The delivery of an order; `address` begins with the chosen region, as on the parcel. */
export interface OrderedDelivery {
  way: "parcel" | "pickup";
  address: string | null;
  centre: Centre | null;
}

/** A line of an order; `price` is per box, `returned` boxes were refunded and put back unpacked. `lot_stopped` lists the reasons that stop its lot; `lot_lifted` is the public sentence of the lot's last lift, null if it was never lifted or is stopped again. */
export interface OrderedLine {
  offer: string;
  name: Bilingual;
  unit: Bilingual;
  picture: string | null;
  quantity: number;
  price: Money;
  total: Money;
  returned?: number;
  lot: string;
  lot_code: string;
  lot_url: string;
  lot_stopped?: StopReason[];
  lot_lifted?: CardLift | null;
  farm: string;
  farm_name: Bilingual;
}

/** A GeoJSON Polygon (RFC 7946, section 3.1.6): longitude first, then latitude, in degrees. */
export interface Outline {
  type: "Polygon";
  coordinates: (([number, number])[])[];
}

/** The display name that viewers read from now on. */
export interface OwnDisplayName {
  display_name: string;
}

/** One's own second factors; times in RFC 3339. `passkeys_possible`: a browser can create one at this URL; `passkeys_at` is the server's URL at which it can, null if there is none. `until`: from then on a sign-in without a factor requires setting one up; null if none is required, or there is one. */
export interface OwnFactorsAnswer {
  totp_since: string | null;
  passkeys: PasskeyAnswer[];
  passkeys_possible: boolean;
  passkeys_at: string | null;
  recovery_codes_left: number;
  demanded: boolean;
  until: string | null;
}

/** One's own password, the old and the new one. */
export interface OwnPassword {
  old: string;
  new: string;
}

/** The parts of a pasted address, as an order takes them. `region` is the code of a county, a prefecture or a province (GB/T 2260), `region_names` are its names in both languages, the province first. `street` is all of the text that is no other part. `unsure` names the parts that are missing or guessed: a person should look at them. */
export interface ParsedAddress {
  name: string | null;
  phone: string | null;
  region: string | null;
  region_names: Record<string, string[]>;
  street: string;
  unsure: ("name" | "phone" | "region" | "street")[];
}

/** A part of the orders: how many, of how many items, at what price in total. */
export interface Part {
  orders: number;
  items: number;
  gross: Sum;
}

/** A passkey; times in RFC 3339, `used_at` null before its first use. It works under `host` alone; `here`: the request came to that host. */
export interface PasskeyAnswer {
  id: string;
  name: string;
  created_at: string;
  used_at: string | null;
  host: string;
  here: boolean;
}

/** The `publicKey` of `navigator.credentials.create`, in JSON. */
export interface PasskeyOptions {
  passkey: Record<string, unknown>;
}

/** A text with a postal address, such as a shop's or a messenger's address card. */
export interface PastedAddress {
  text: string;
}

/** A phone, with the code that was sent to it. A coordinator needs no code. `language` is that of an export's page. */
export interface PersonAsked {
  phone: string;
  code?: string | null;
  language?: "zh" | "en";
}

/** A placed order: its number, and the URL of its page. `total` is the sum of its lines and the `fee`; `code` is the pick-up code. */
export interface PlacedOrder {
  id: string;
  number: string;
  token: string;
  url: string;
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  payment: "due" | "paid" | "part_refunded" | "refunded";
  total: Money;
  fee: Money;
  code: string | null;
}

/** A plot of a farm. */
export interface Plot {
  id: string;
  farm: string;
  name: Bilingual;
  crop: Bilingual | null;
  area_m2: number | null;
  planted_year: number | null;
  outline: Outline | null;
}

/** Changes to a plot; absent members stay, and null removes an optional one. */
export interface PlotChange {
  name?: Bilingual;
  crop?: Bilingual | null;
  area_m2?: number | null;
  planted_year?: number | null;
  outline?: Outline | null;
}

/** A farm's plots, oldest first. */
export interface PlotList {
  next?: string | null;
  plots: Plot[];
}

/** The plot of a lot. */
export interface PlotName {
  id: string;
  name: Bilingual;
}

/** Problem details (RFC 9457): what happened, what was kept and what to do. Other members are the type's own; GET its `type` tells of them. */
export interface Problem {
  /** A path on this server, which names the problem and never changes. */
  type: string;
  /** A sentence, the same for each type. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What happened this time, and what to do. */
  detail: string;
  /** The first 20 errors in the request. */
  errors?: FieldError[];
}

/** A product of a farm: the name, contents and picture of its box. An archived product can't be offered any more; existing offers stay. */
export interface Product {
  id: string;
  farm: string;
  name: Bilingual;
  unit: Bilingual;
  net_weight_g: number;
  gtin: string | null;
  picture: string | null;
  archived?: boolean;
}

/** Changes to a product; unit, weight and GTIN can only change before it is first offered. */
export interface ProductChange {
  name?: Bilingual | null;
  unit?: Bilingual | null;
  net_weight_g?: number | null;
  gtin?: string | null;
  picture?: string | null;
  archived?: boolean | null;
}

/** Products, oldest first. */
export interface ProductList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  products: Product[];
}

/** A text of a few paragraphs in Chinese and English. */
export interface Prose {
  zh?: string;
  en?: string;
}

/** Until when no request requires reauthentication, in RFC 3339. */
export interface Reauthenticated {
  reauthentication_due_at: string;
}

/** Proof that the person is the same: the second factor, or the password without one. Without any of them the response says which one is needed. */
export interface Reauthentication {
  password?: string | null;
  code?: string | null;
  passkey?: Record<string, unknown> | null;
}

/** New recovery codes, returned only once; earlier ones stop working. */
export interface RecoveryCodes {
  recovery_codes: string[];
}

/** A refund, in addition to earlier ones; an unpaid order is reduced instead. `lines` are boxes that are refunded and never left: they return to the stock of an order that is not packed yet. `offer` is the one whose price was mistaken. The amount is taken off the named lines in what farms are owed, otherwise off all lines. */
export interface Refund {
  amount: Money;
  reason: string;
  lines?: Boxes[];
  offer?: string | null;
}

/** An order after a refund: the refund's id, and until when it can be undone. Both are null if it can't be undone, or if nothing was refunded. */
export interface Refunded {
  id: string;
  number: string;
  token: string | null;
  url: string | null;
  broadcast: string;
  placed_at: string;
  state: "held" | "placed" | "packed" | "shipped" | "at_centre" | "received" | "cancelled" | "expired";
  payment: "due" | "paid" | "part_refunded" | "refunded";
  payment_method: "cash_on_delivery" | "pay_at_pickup";
  lines: OrderedLine[];
  total: Money;
  fee: Money;
  refunded: Money;
  buyer: Buyer | null;
  delivery: OrderedDelivery;
  simulated: boolean;
  code: string | null;
  flags: string[];
  can_cancel: boolean;
  person_gone_at?: string | null;
  erased?: boolean;
  claims: Claim[];
  history: Change[];
  refund: string | null;
  until: string | null;
}

/** The number of refunded orders, and the refunds of those that are not cancelled. */
export interface Refunds {
  orders: number;
  amount: Sum;
}

/** Refusals to one device, phone, IP or name within the last hour. `who` is a short pseudonym, `mark` the full one, which a block takes as `value`; `count` is how often, `limit` how many a minute are allowed, null if a block refused. */
export interface RefusalAnswer {
  at: string;
  what: string;
  kind: "device" | "phone" | "address" | "name";
  who: string;
  mark: string;
  count: number;
  limit: number | null;
  reason: string;
}

/** Refusals by limits and blocks within the last hour, the latest first. */
export interface RefusalList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  refusals: RefusalAnswer[];
}

/** An order that was not changed, and its problem (RFC 9457). */
export interface Refused {
  order: string;
  problem: Record<string, unknown>;
}

/** A new secret, returned only once: a `key`, or the `url` of a link, a path on this server. */
export interface RenewedCredential {
  id: string;
  kind: "api_key" | "stream_key" | "invitation" | "guest";
  key: string | null;
  url: string | null;
}

/** The sales of a broadcast up to `seq` of its log; `definitions` defines each number. Rates are fractions of one, null where the denominator is zero. `farms_only` lists the farms whose part this is; null for the whole broadcast. */
export interface Report {
  broadcast: string;
  title: Bilingual;
  state: "scheduled" | "live" | "ended";
  seq: number;
  started_at: number | null;
  until: number | null;
  farms_only: string[] | null;
  orders: number;
  items: number;
  buyers: number;
  gross: Sum;
  cancelled: Part;
  refunded: Refunds;
  net: Sum;
  fees: Sum;
  paid: Sum;
  due: Sum;
  aov: Sum | null;
  gpm: Sum | null;
  uv_value: Sum | null;
  views: number;
  viewers: number;
  pcu: number;
  pcu_at: number | null;
  acu: number | null;
  watch_s: number | null;
  impressions: number;
  taps: number;
  ctr: number | null;
  ctor: number | null;
  cancel_rate: number | null;
  refund_rate: number | null;
  unpaid_rate: number | null;
  simulated: Part;
  offers: OfferShare[];
  lots: LotShare[];
  farms: FarmShare[];
  timeline: Timeline;
  highlights: Highlights;
  definitions: Record<string, Bilingual>;
}

/** A chat message, by its broadcast and its `seq`. */
export interface SaidMessage {
  broadcast: string;
  seq: number;
}

/** One of one's own sessions; times in RFC 3339, `expires_at` the latest end. `browser` is such as `Chrome, Android`; null if it is unknown. `current`: it is this one. */
export interface SessionAnswer {
  id: string;
  browser: string | null;
  created_at: string;
  used_at: string;
  expires_at: string;
  current: boolean;
}

/** One's own sessions, the last used first. */
export interface SessionList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  sessions: SessionAnswer[];
}

/** A frame of the broadcast's picture, as `POST /api/v1/pictures` kept it; null removes it. */
export interface ShownFrame {
  picture: string | null;
}

/** A time when a lot's card was shown in a broadcast; `at` and `seq` are its event's. */
export interface ShownMoment {
  broadcast: string;
  seq: number;
  at: string;
}

/** Name and password of an account. `new_password` replaces a password that another person made, such as a first one. If the account has a second factor, `code` is one of its authenticator app or a recovery code, `passkey` the browser's response to the options of `second-factor-needed`. `setup`: the response to `second-factor-setup-needed`. */
export interface SignIn {
  name: string;
  password: string;
  new_password?: string | null;
  code?: string | null;
  passkey?: Record<string, unknown> | null;
  setup?: FactorSetup | null;
}

/** The signed-in account; `csrf` goes into X-CSRF-Token, and is null for an API key. Viewers read `display_name`, never `name`. `farms` are a seller's, `centres` a clerk's; null for a clerk to whom no coordinator has assigned any yet: all of them. `weak_password`: the password breaks a newer rule; change it. `second_factor`: the account has one; without it `second_factor_until` says from when on a sign-in requires setting one up, null if none is required. `reauthentication_due_at`: until then no request requires reauthentication; null for an API key. `recovery_codes`: those made with a second factor at this sign-in, returned only once. Times in RFC 3339. */
export interface SignedIn {
  name: string;
  display_name: string | null;
  role: "coordinator" | "host" | "moderator" | "seller" | "clerk" | "simulator";
  farms: string[];
  centres: string[] | null;
  csrf: string | null;
  weak_password?: boolean;
  second_factor?: boolean;
  second_factor_until?: string | null;
  reauthentication_due_at?: string | null;
  recovery_codes?: string[] | null;
}

/** A camera of a broadcast; `created_at` in RFC 3339. */
export interface SourceAnswer {
  id: string;
  label: string;
  purpose: "studio" | "encoder" | "guest";
  created_at: string;
}

/** The sources of a broadcast, the oldest first. */
export interface Sources {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  sources: SourceAnswer[];
}

/** A step of a lot's story. `event` is its trace event, null for a field operation. A spraying has its `substance`, and `until`, the end of its waiting period; a test whether it was `passed`; a packing its `boxes`; a shipping its destination `to`; a harvest and waste their `weight_g`. `corrected` is when the harvest's weight was corrected, from `was_g` to `weight_g`. */
export interface Station {
  step: "flowered" | "sprayed" | "picked" | "tested" | "packed" | "shipped" | "wasted" | "corrected";
  at: string;
  event: string | null;
  substance?: Bilingual | null;
  until?: string | null;
  passed?: boolean | null;
  boxes?: number | null;
  to?: Bilingual | null;
  weight_g?: number | null;
  was_g?: number | null;
  reason?: string | null;
}

/** An offer's stock: `released` is the sum of sold, held, kept for the running flash batch, and left. `lot_sold_g` and `lot_left_g` are those of its lot, over all offers of it. */
export interface Stock {
  offer: string;
  released: number;
  sold: number;
  held: number;
  kept: number;
  left: number;
  lot: string;
  lot_sold_g: number;
  lot_left_g: number;
}

/** A reason that stops a lot, as in cards, events and refusals; times are in milliseconds since 1970, as on the channel. A `test_failed` has the test's `result` and its time `at`; a `waiting_period` has what was sprayed, `at` when, and `until` when picking was not allowed. Both have the id of their `finding`. A `test_missing` or `certificate_missing` has none: the county sells no lot without, and earlier orders are still packed and handed over; `at` is then the harvest. */
export interface StopReason {
  finding?: string | null;
  kind: "test_failed" | "waiting_period" | "test_missing" | "certificate_missing";
  at: number;
  result?: Bilingual | null;
  substance?: Bilingual | null;
  until?: number | null;
}

/** The contents of a lot's page: the farm, the lot, its steps in order, its tests, its moments. `inspection` is the latest valid test, and `inspections` are all; `withdrawn_works` are withdrawn field operations of the plot. `within_waiting_period`: by the present records, late ones included, it was picked too soon; `waiting_period_overridden` is the reason that was given at the harvest. `doubts` are the reasons to doubt the harvest, and `plausibility_reason` answers them. `findings` are all findings, oldest first, and `lifts` all lifts, withdrawn ones included. */
export interface Story {
  lot: Lot;
  farm: Farm;
  plot: Plot | null;
  stations: Station[];
  inspection: Inspection | null;
  inspections?: Inspection[];
  withdrawn_works?: Work[];
  within_waiting_period?: boolean;
  waiting_period_overridden?: string | null;
  doubts?: Doubt[];
  plausibility_reason?: string | null;
  findings?: Finding[];
  lifts?: Lift[];
  moments: ShownMoment[];
  events_url: string;
}

/** A stream key without its secret; times in RFC 3339, `expires_at` null for no end. `owner` is the account with which it ends, and with it its session. */
export interface StreamKeyAnswer {
  id: string;
  source: string;
  label: string;
  purpose: "studio" | "encoder" | "guest";
  created_at: string;
  expires_at: string | null;
  owner: string | null;
}

/** The working stream keys of a broadcast, the oldest first. */
export interface StreamKeys {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  stream_keys: StreamKeyAnswer[];
}

/** A sum in minor units with its ISO 4217 code; the code is null where nothing was offered. */
export interface Sum {
  amount: number;
  currency: string | null;
}

/** The source that was picked; `on_air` is false until its next keyframe. */
export interface Switched {
  id: string;
  label: string;
  on_air: boolean;
}

/** The broadcast on one time axis: a list has one value per `step_ms` from `start` on. `start` and every `at` are in milliseconds since 1970. `viewers` is the average of the step, `peak` its maximum; `gross` is in minor units. The first of `cuts` may be before the start. */
export interface Timeline {
  start: number;
  step_ms: number;
  viewers: number[];
  peak: number[];
  orders: number[];
  items: number[];
  gross: number[];
  moments: Moment[];
  cuts: Cut[];
}

/** The first code of an authenticator app, with the `token` that came with its secret. */
export interface TotpCode {
  token: string;
  code: string;
}

/** The secret of an authenticator app, as text, as its URI, and as a QR code (a `data:` URL). `token` is sent back with the first code, within half an hour. */
export interface TotpShown {
  secret: string;
  uri: string;
  qr: string;
  token: string;
}

/** A new trace event; `id` is its EPCIS eventID. */
export interface Traced {
  id: string;
  at: string;
}

/** The reason why a recorded fact did not happen; it is public. */
export interface Undo {
  reason: string;
}

/** What a viewer gets of the stream now. `gets` is null until media flows. `limited_by` is null if that is all there is, or while the viewer's link is not known yet. */
export interface ViewerDelivery {
  /** The viewer's own choice. */
  choice: "auto" | "save_data" | "sound_only";
  gets: "all" | "smaller_picture" | "fewer_frames" | "still_pictures" | "sound" | null;
  limited_by: "link" | "choice" | null;
  /** narrow: the link carries less than the viewer would be sent. */
  link: "unknown" | "wide" | "narrow";
  /** What the viewer's link carries; null until something showed a limit. */
  estimated_kbps: number | null;
}

/** The waiting lists that a device is on, the longest wait first. */
export interface WaitList {
  /** The cursor of the page after this one; null: last */
  next?: string | null;
  waits: Waiting[];
}

/** A device's position on a waiting list: `place` counts from 1, and is 0 if it is not on the list. `waiting` is the total of boxes on the list. */
export interface Waiting {
  offer: string;
  quantity: number;
  place: number;
  waiting: number;
}

/** A search for orders to hand over, in the body. `find` is an order's number, a part of the buyer's name, or the phone number or its end. */
export interface WaitingSearch {
  cursor?: string | null;
  limit?: number;
  find?: string | null;
  centre?: string | null;
}

/** The quantity of an offer that a buyer wants; `proof` is as for an order. */
export interface Wanted {
  quantity: number;
  proof?: string | null;
}

/** A record of waste; `id` is its EPCIS eventID. */
export interface Wasted {
  id: string;
  at: string;
  weight_g: number;
  reason: string;
}

/** A field operation on a plot; `until` is when picking is allowed again. A withdrawn one did not happen: it has the time and the reason of the withdrawal. */
export interface Work {
  id: string;
  plot: string;
  kind: "flowered" | "sprayed";
  at: string;
  substance: Bilingual | null;
  waiting_days: number | null;
  until: string | null;
  withdrawn_at?: string | null;
  withdrawn_reason?: string | null;
}

/** A plot's field operations, latest first. */
export interface WorkList {
  next?: string | null;
  works: Work[];
}

/** A wrong price: `was` is it, `price` the right one; `flash` is its flash batch, if it had one. It was shown from `from` until `until`; `held` boxes are still held at it. */
export interface WrongPrice {
  was: Money;
  price: Money;
  flash: string | null;
  from: string;
  until: string;
  orders: MispricedOrder[];
  held: number;
}
