// The audit list: the latest deeds first, by day, with the names of what they were done to.

import { el } from "../../common/dom.js";
import { clock, day } from "../../common/format.js";
import { page, t, text } from "../../common/words.js";
import { get, getAll } from "../api.js";
import { deedFacts, deedWords } from "../deeds.js";
import { List } from "./list.js";

const PAGE = 100;
const more = document.querySelector("[data-more]");
/** Names of things by their identifier, as far as they are known. */
const names = new Map();
const asked = new Set();
let deeds = [];
let next = null;
let lastDay = "";

const list = new List(
  "deeds",
  async () => {
    const answer = await get(`/api/v1/audit?limit=${PAGE}${next ? `&before=${next}` : ""}`);
    await learn(answer.deeds);
    deeds = [...deeds, ...answer.deeds];
    ({ next } = answer);
    more.hidden = !next;
    lastDay = "";
    return deeds;
  },
  (deed) => {
    const ms = Date.parse(deed.at);
    const today = day(ms);
    const isNew = today !== lastDay;
    lastDay = today;
    const about = [names.get(deed.subject), ...deedFacts(deed)].filter(Boolean);
    const broadcast = deed.broadcast && names.get(deed.broadcast);
    return el(
      "li",
      { class: "deed" },
      isNew ? el("h2", { class: "deed__day" }, today) : null,
      el("time", { class: "deed__at soft number", datetime: deed.at }, clock(ms)),
      el(
        "p",
        { class: "deed__words" },
        el("strong", {}, deed.name || t("Someone")),
        " ",
        deedWords(deed),
        about.length ? `${page.language === "zh" ? "：" : ": "}${about.join(" · ")}` : null,
        broadcast ? el("a", { class: "deed__where soft small", href: `/studio/${deed.broadcast}` }, broadcast) : null,
      ),
    );
  },
);

/** Asks once for the names of each kind of thing. */
async function learn(found) {
  const wanted = ["/api/v1/farms", "/api/v1/products", "/api/v1/lots", "/api/v1/broadcasts", "/api/v1/centres"];
  for (const { broadcast, action } of found) {
    if (broadcast && /^(offer|card)\./.test(action)) wanted.push(`/api/v1/broadcasts/${broadcast}/offers`);
  }
  await Promise.all(
    [...new Set(wanted)].filter((path) => !asked.has(path)).map(async (path) => {
      asked.add(path);
      const answer = await (path === "/api/v1/lots" || path === "/api/v1/farms" ? getAll : get)(path).catch(() => ({}));
      for (const thing of Object.values(answer).flat()) {
        const name = text(thing.name ?? thing.title ?? thing.product_name);
        names.set(thing.offer ?? thing.id, path === "/api/v1/lots" ? `${name} ${thing.code}` : name);
      }
    }),
  );
}

more.addEventListener("click", () => list.reload());
list.reload();
