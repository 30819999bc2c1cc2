// What a refusal means for the lines of a basket. Pure; what is then done is the basket's.

/** What the server could not keep of the lines: `{offer, was, now, over}` where a price changed,
    `over` why the flash whose price it was is over, if it was one; else
    `{offer, left, why}` with what can be had of it and why no more: sold-out, lot-spent or
    limit-reached or box-limit, and what of `held`, `back_at`, `sold_at`, `limit`, `had` and `flash`
    belongs to it. */
export function changesOf({ slug, body = {} }, { lines, hold, offers }) {
  const told = body.offers ?? [];
  switch (slug) {
    case "price-changed":
      return told.map(({ offer, price, flash }) => ({
        offer,
        was: lines.get(offer)?.price,
        now: price?.amount ?? price,
        over: flash?.why,
      }));
    case "sold-out":
      return told.map((one) => ({ ...one, why: slug, flash: lines.get(one.offer)?.flash }));
    case "lot-spent":
      return shared(body, lines, hold, offers);
    case "limit-reached": {
      const { offer, limit, had } = body;
      const flash = lines.get(offer)?.flash;
      return [{ offer, left: Math.max(0, limit - had), why: slug, limit, had, flash }];
    }
    case "box-limit": {
      // Of a phone or a network it is not told how many it has.
      const { offer, limit, left } = body;
      return left === null ? [] : [{ offer, left, why: slug, limit }];
    }
    default:
      return [];
  }
}

/** What a lot gives to lines that share it, what is held of it among it: the first as many as it
    holds, the next of the rest. */
function shared({ lot, left_g: left }, lines, hold, offers) {
  const grams = (offer) => (offers.get(offer)?.lot.id === lot ? offers.get(offer).net_weight_g : 0);
  let rest = left;
  for (const [offer, { quantity }] of hold?.lines ?? []) rest += quantity * grams(offer);
  const changes = [];
  for (const [offer, { quantity }] of lines) {
    const each = grams(offer);
    if (!each) continue;
    const gives = Math.max(0, Math.floor(rest / each));
    rest -= Math.min(gives, quantity) * each;
    const { code } = offers.get(offer).lot;
    if (gives < quantity) changes.push({ offer, left: gives, why: "lot-spent", lot: code });
  }
  return changes;
}
