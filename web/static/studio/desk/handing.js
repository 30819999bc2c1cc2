// Handing an order over: by its buyer's code, or without one where the buyer is known. What is sent is
// sent until it is answered, and happens once; it can be taken back.

import { surely } from "../../common/again.js";
import { Problem } from "../../common/api.js";
import { newKey } from "../../live/pending.js";
import { post, remove } from "../api.js";

/** The order that waits under what was said, {code, centre?, phone?}. */
export const find = (said) => post("/api/v1/handovers", said);

/** Hands it over, by its code if one was said; resolves to {move, until}: what undo takes back, null
    where someone else did it meanwhile, and until when it can, in milliseconds. */
export async function give(order, said, onLost) {
  const key = newKey();
  const path = `/api/v1/handovers/${order.id}/received`;
  const { move, until } = await surely(() => post(path, said ?? {}, { "idempotency-key": key }), onLost);
  return { move, until: until && Date.parse(until) };
}

/** Takes it back: the buyer has not got it, and has not paid. */
export async function takeBack({ broadcast }, move, onLost) {
  const path = `/api/v1/broadcasts/${broadcast}/orders/moves/${move}`;
  const { refused } = await surely(() => remove(path), onLost);
  if (refused.length) throw new Problem(refused[0].problem);
}
