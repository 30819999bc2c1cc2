// What a page's scripts find when they are loaded, for tests that have no browser: the data that the
// server puts into the page, and storage that a test can read.

class Storage {
  constructor() {
    this.kept = new Map();
  }
  getItem(name) {
    return this.kept.get(name) ?? null;
  }
  setItem(name, value) {
    this.kept.set(name, String(value));
  }
  removeItem(name) {
    this.kept.delete(name);
  }
  get length() {
    return this.kept.size;
  }
  key(index) {
    return [...this.kept.keys()][index] ?? null;
  }
}

class Told extends Event {
  constructor(type, { detail } = {}) {
    super(type);
    this.detail = detail;
  }
}

/** Stand for a page in this language, before any script of the pages is imported. */
export function stand(language, data = {}, more = {}) {
  const said = {
    language,
    tag: language === "zh" ? "zh-CN" : "en",
    time_zone: "Asia/Shanghai",
    currency: "CNY",
    decimals: { 0: "ISK JPY UGX", 3: "KWD" },
    icons: "/icons.svg",
    pictures: "/pictures/",
    drawings: { kinds: [["produce/citrus.svg", ["kumquat", "金柑"]]], boxes: ["a.svg", "b.svg"] },
    now: Date.parse("2026-11-28T12:00:00Z"),
    words: {},
    data,
    ...more,
  };
  const block = { textContent: JSON.stringify(said) };
  globalThis.document = {
    getElementById: (id) => (id === "page-data" ? block : null),
    documentElement: { lang: said.tag },
    querySelector: () => null,
    addEventListener: () => {},
  };
  globalThis.addEventListener = () => {};
  globalThis.removeEventListener = () => {};
  globalThis.history = { state: null };
  if (!globalThis.CustomEvent) globalThis.CustomEvent = Told; // Node.js 18 has none
  if (!globalThis.navigator) globalThis.navigator = { onLine: true };
  Object.defineProperty(globalThis, "localStorage", { value: new Storage(), configurable: true });
  Object.defineProperty(globalThis, "sessionStorage", { value: new Storage(), configurable: true });
}
