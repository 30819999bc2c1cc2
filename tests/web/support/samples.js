// An offer, an order and events as the server sends them, of which a test changes what it is about.

export const cny = (amount) => ({ amount, currency: "CNY" });
export const both = (en, zh = en) => ({ zh, en });

export const offer = (id, more = {}) => ({
  offer: id,
  position: 1,
  name: both("Kumquats", "金柑"),
  unit: both("box", "箱"),
  net_weight_g: 2_500,
  price: cny(2_990),
  list_price: null,
  picture: null,
  gtin: null,
  released: 10,
  sold: 0,
  held: 0,
  kept: 0,
  left: 10,
  waiting: 0,
  flash: null,
  ...more,
  lot: {
    id: "LOT",
    code: "YX-1",
    url: "/origin/1",
    harvested_at: null,
    tested: true,
    stopped: [],
    harvested_g: 100_000,
    wasted_g: 0,
    sold_g: 0,
    left_g: 100_000,
    farm: { id: "youxi", name: both("Youxi"), place: both("Sanming") },
    ...more.lot,
  },
});

/** The offer as it stands on a card: with its id. */
export const card = (id, more = {}) => {
  const { offer: name, ...rest } = offer(id, more);
  return { id: name, ...rest };
};

export const order = (more = {}) => ({
  id: "o1",
  number: "A0001",
  state: "placed",
  payment: "due",
  total: cny(5_980),
  fee: cny(0),
  refunded: cny(0),
  buyer: { name: "Lin Mei", phone: "+8613800000000" },
  delivery: { way: "parcel", address: "1 Main Road", centre: null },
  lines: [
    {
      offer: "a",
      name: both("Kumquats", "金柑"),
      quantity: 2,
      price: cny(2_990),
      total: cny(5_980),
    },
  ],
  claims: [],
  flags: [],
  history: [],
  simulated: false,
  ...more,
});

/** Events one after another, a second apart, each as `[kind, data]`. */
export const events = (...each) =>
  each.map(([kind, data], index) => ({ seq: index + 1, at: 1_000 * (index + 1), kind, data }));
