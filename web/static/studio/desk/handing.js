// Handing an order over: by its buyer's code, or without one where the buyer is known. What is sent is
// sent until it is answered, and happens once; it can be taken back.

import { Pauses } from "../../common/again.js";
import { Problem } from "../../common/api.js";
import { isUnknown } from "../../common/problems.js";
import { newKey } from "../../live/pending.js";
import { post, remove } from "../api.js";

/** Sends until there is an answer, as too many wrong codes is one; `onLost` is called whenever there
    was none. */
async function surely(send, onLost) {
  const pauses = new Pauses();
  for (;;) {
    try {
      return await send();
    } catch (problem) {
      if (!(problem instanceof Problem) || !isUnknown(problem)) throw problem;
      onLost(problem);
      await pauses.pause();
    }
  }
}

/** The order that waits under what was said, {code, centre?, phone?}. */
export const find = (said) => post("/api/v1/handovers", said);

/** Hands it over, by its code if one was said; resolves to {moves, until}: what undo takes back, and
    until when it can, in milliseconds. */
export async function give(order, said, onLost) {
  if (said) {
    const { move, until } = await surely(() => post(`/api/v1/handovers/${order.id}/received`, said), onLost);
    return { moves: move ? [move] : [], until: until && Date.parse(until) };
  }
  const steps = [];
  if (order.state === "placed") steps.push({ state: "packed" });
  if (order.state !== "at_centre") steps.push({ state: "at_centre" });
  steps.push({ state: "received" });
  if (order.payment === "due") steps.push({ payment: "paid" });
  const moves = [];
  const ends = [];
  for (const step of steps) {
    const key = newKey();
    const { move, until, refused } = await surely(() => post(movesOf(order), { ...step, orders: [order.id] }, { "idempotency-key": key }), onLost);
    if (refused.length) throw new Problem(refused[0].problem);
    if (!until) continue; // someone else did it meanwhile: nothing is to be taken back
    moves.push(move);
    ends.push(Date.parse(until));
  }
  return { moves, until: ends.length ? Math.min(...ends) : null };
}

/** Takes it back: the buyer has not got it, and has not paid. */
export async function takeBack(order, moves, onLost) {
  for (const move of [...moves].reverse()) {
    const { refused } = await surely(() => remove(`${movesOf(order)}/${move}`), onLost);
    if (refused.length) throw new Problem(refused[0].problem);
  }
}

const movesOf = ({ broadcast }) => `/api/v1/broadcasts/${broadcast}/orders/moves`;
