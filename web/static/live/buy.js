// Buying: a sheet over the picture. A tap on Buy holds the stock at once; then the basket, who gets
// it, and the answer. With what is remembered it is one more tap to the order.

import { el, icon, say } from "../common/dom.js";
import { duration, money, weight } from "../common/format.js";
import { sentence } from "../common/problems.js";
import { close, open } from "../common/sheet.js";
import { toast } from "../common/toast.js";
import { n, page, t } from "../common/words.js";
import { BuyerForm } from "./buyer.js";
import { fullName } from "./card.js";
import { Lines, More } from "./lines.js";

const STEPS = ["order", "details", "done"];
const SOON = 60_000; // when the time that is left is told

export class Buying {
  constructor(sheet, { basket, scene, centres }) {
    this.sheet = sheet;
    this.basket = basket;
    this.scene = scene;
    this.part = (name) => sheet.querySelector(`[data-part="${name}"]`);
    this.step = "order";
    this.buyer = new BuyerForm(
      this.part("form"),
      { parcel: this.part("parcel"), pickup: this.part("pickup") },
      centres,
    );
    this.lines = new Lines(this.part("lines"), basket, scene);
    this.more = new More(this.part("more"), this.part("more-list"), basket, scene);
    this.part("back").addEventListener("click", () => this.go("order"));
    this.part("change").addEventListener("click", () => this.go("details"));
    this.part("held-again").addEventListener("click", () => basket.again());
    this.part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.forward();
    });
    basket.addEventListener("change", () => this.render(this.buyable));
    basket.addEventListener("recovered", ({ detail }) => {
      if (this.sheet.open) this.placed(detail);
      else toast(t("Your order %(number)s was placed.", { number: detail.number }));
    });
    setInterval(() => this.tick(), 1000);
  }

  /** Open the sheet with an offer in the basket, or with what is held already. */
  begin(offer) {
    this.told?.();
    if (offer) this.basket.add(offer);
    open(this.sheet, () => this.closed());
    this.part("more").open = false;
    this.go("order");
  }

  closed() {
    const { basket } = this;
    if (basket.empty || this.step === "done") return;
    if (!basket.hold) {
      basket.clear();
      return;
    }
    this.told = toast(t("It stays held for you for %(time)s.", { time: duration(basket.remains) }), {
      act: t("Give it back"),
      onAct: () => basket.drop(),
      seconds: 6,
    });
  }

  /** The broadcast or the basket changed; keep what the sheet says true. */
  render(buyable) {
    this.buyable = buyable;
    if (!this.sheet.open || this.step === "done") return;
    const { basket } = this;
    if (basket.empty) {
      if (!this.busy && !basket.ordering) close(this.sheet);
      return;
    }
    this.lines.render();
    this.more.render();
    this.notice();
    const whole = this.buyer.whole;
    this.part("summary").hidden = !whole;
    if (whole) {
      const summary = this.buyer.summary();
      for (const name of ["whom", "way", "where", "pay"]) say(this.part(name), summary[name]);
    }
    let boxes = 0;
    let grams = 0;
    for (const [offer, { quantity }] of basket.lines) {
      boxes += quantity;
      grams += quantity * (this.scene.offers.get(offer)?.net_weight_g ?? 0);
    }
    const words = n("%(count)s item", "%(count)s items", boxes, { count: boxes });
    say(this.part("count"), `${words} · ${weight(grams)}`);
    say(this.part("total"), money(basket.total));
    const submit = this.part("submit");
    const takes = (buyable || Boolean(basket.hold)) && basket.state !== "over";
    submit.disabled = !takes || basket.blocked || this.busy;
    if (!buyable && !basket.hold) say(submit, t("Orders are closed"));
    else if (this.step === "order" && !whole) say(submit, t("Continue"));
    else say(submit, t("Place the order · %(total)s", { total: money(basket.total) }));
    this.tick();
  }

  /** The hold and its time. */
  tick() {
    if (!this.sheet.open) return;
    const { basket } = this;
    // While another quantity is asked for, what is held stays held.
    const state = basket.state === "asking" && basket.hold ? "held" : basket.state;
    const held = this.part("held");
    held.hidden = this.step === "done" || basket.empty || state === "loose";
    if (held.hidden) return;
    const { remains } = basket;
    held.dataset.state = state === "held" && remains < SOON ? "soon" : state;
    const words = {
      asking: t("Taking it off the shelf for you…"),
      held: t("Held for you"),
      over: t("The time is up; it went back to the others."),
    };
    say(this.part("held-text"), words[state] ?? "");
    say(this.part("held-time"), state === "held" ? duration(remains) : "");
    const again = this.part("held-again");
    again.hidden = state !== "over";
    if (basket.hold) {
      this.length = Math.max(this.length ?? 0, remains);
      this.part("held-bar").value = remains / this.length;
    } else {
      this.length = 0;
      this.part("held-bar").value = 0;
    }
    if (state === "over") say(this.part("held-told"), words.over);
    else if (state === "held" && remains < SOON) {
      say(this.part("held-told"), t("It is held for less than a minute more."));
    } else say(this.part("held-told"), state === "held" ? words.held : "");
  }

  go(step) {
    this.step = step;
    this.sheet.dataset.step = step;
    for (const name of STEPS) this.part(name).hidden = name !== step;
    this.part("back").hidden = step !== "details";
    this.part("foot").hidden = step === "done";
    const titles = {
      order: t("Your order"),
      details: t("Who gets it, and where?"),
      done: t("Ordered"),
    };
    say(this.part("title"), titles[step]);
    if (step !== "done") this.render(this.buyable);
    else this.tick();
    this.part("body").scrollTop = 0;
    if (step === "details") {
      const { elements } = this.part("form");
      elements[elements.name.value ? "phone" : "name"].focus();
    } else {
      this.part("title").focus();
    }
  }

  forward() {
    if (this.part("submit").disabled) return;
    if (this.step === "order" && !this.buyer.whole) {
      this.go("details");
      return;
    }
    if (this.step === "details") {
      if (!this.buyer.check()) return;
      this.buyer.remember();
    }
    this.place();
  }

  async place() {
    if (this.busy) return;
    this.busy = true;
    this.failed = null;
    const submit = this.part("submit");
    submit.setAttribute("aria-busy", "true");
    try {
      this.placed(await this.basket.order(this.buyer.details()));
    } catch (problem) {
      this.refused(problem);
    } finally {
      this.busy = false;
      submit.removeAttribute("aria-busy");
      this.render(this.buyable);
    }
  }

  refused(problem) {
    this.failed = problem;
    if (problem.slug === "invalid" || problem.slug === "unknown-centre") {
      if (this.step !== "details") this.go("details");
      if (this.buyer.refused(problem)) this.failed = null;
    } else if (["price-changed", "sold-out"].includes(problem.slug)) {
      this.go("order");
    }
  }

  /** What went wrong or changed, and the one tap that answers it. */
  notice() {
    const { basket } = this;
    const acts = [];
    let words = "";
    const prices = basket.changes.filter((change) => change.now !== undefined);
    const short = basket.changes.filter((change) => change.left !== undefined);
    if (prices.length > 0) {
      words = prices.map((change) => this.priceInWords(change)).join(" ");
      acts.push([t("Take it for %(total)s", { total: money(this.after(prices)) }), () => basket.accept()]);
      if (basket.hold) acts.push([t("Keep what is held for me"), () => basket.keepHeld()]);
      else acts.push([t("No, thank you"), () => basket.drop()]);
    } else if (short.some((change) => change.left === 0)) {
      words = short.map((change) => this.shortInWords(change)).join(" ");
      if (basket.lines.size > 1) acts.push([t("Order without it"), () => basket.without()]);
      else acts.push([t("Look into the bag"), () => this.elsewhere()]);
      if (this.back(short)) acts.unshift([t("Hold it now"), () => basket.again()]);
    } else if (short.length > 0) {
      words = short.map((change) => this.shortInWords(change)).join(" ");
    } else if (this.failed) {
      words = sentence(this.failed);
    } else if (basket.problem && basket.problem.slug !== "unknown-message-type") {
      words = sentence(basket.problem);
      if (basket.state === "loose") acts.push([t("Try again"), () => basket.again()]);
    }
    const key = JSON.stringify([words, acts.map(([name]) => name)]);
    if (key === this.noticed) return;
    this.noticed = key;
    if (words) this.part("body").scrollTop = 0;
    this.part("notice").hidden = !words;
    say(this.part("notice-text"), words);
    this.part("notice-acts").replaceChildren(
      ...acts.map(([name, act], place) =>
        el(
          "button",
          { class: place === 0 ? "button button--strong" : "button", type: "button", onclick: act },
          name,
        ),
      ),
    );
  }

  priceInWords({ offer, was, now }) {
    const name = fullName(this.scene.offers.get(offer));
    const price = (amount) => money({ amount, currency: page.currency });
    return t("%(name)s cost %(was)s a moment ago and costs %(now)s now. Nothing is ordered yet.", {
      name,
      was: price(was),
      now: price(now),
    });
  }

  shortInWords({ offer, left }) {
    const card = this.scene.offers.get(offer);
    const name = fullName(card);
    if (left > 0) {
      return n(
        "Of %(name)s only %(left)s is left; your order has that one now.",
        "Of %(name)s only %(left)s are left; your order has these now.",
        left,
        { name, left },
      );
    }
    if (card.left > 0) return t("%(name)s is there again.", { name });
    return card.held > 0
      ? n(
          "%(name)s has just sold out. %(held)s is held by somebody and comes back if they do not order: keep watching.",
          "%(name)s has just sold out. %(held)s are held by others and come back if they do not order: keep watching.",
          card.held,
          { name, held: card.held },
        )
      : t("%(name)s has just sold out. More may be released: keep watching.", { name });
  }

  /** Whether all that was sold out is there again. */
  back(short) {
    return short.every(({ offer, left }) => left > 0 || this.scene.offers.get(offer)?.left > 0);
  }

  /** The total with the new prices. */
  after(prices) {
    let amount = this.basket.total.amount;
    for (const { offer, was, now } of prices) {
      amount += (now - was) * (this.basket.lines.get(offer)?.quantity ?? 0);
    }
    return { amount, currency: page.currency };
  }

  elsewhere() {
    this.basket.drop();
    close(this.sheet);
    this.openBag?.();
  }

  placed(placed) {
    this.failed = null;
    say(this.part("order-number"), placed.number);
    say(this.part("order-total"), money(placed.total));
    this.part("order-link").href = placed.url;
    this.part("next").replaceChildren(
      ...this.buyer
        .summary()
        .next.map((words) => el("li", { class: "done__next" }, icon("check", true), el("span", {}, words))),
    );
    this.go("done");
  }
}
