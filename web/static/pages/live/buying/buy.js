// Buying: a sheet over the picture. A tap on Buy holds the stock at once; the sheet has the basket, who
// gets it and what all of it costs, and then the answer. What is remembered stands in one line, and it
// is one more tap to the order. hold-timer.js shows the hold's time, order-total.js what is to pay,
// order-button.js is what is pressed for it, and receipt.js the answer.

import { Problem } from "../../../lib/channel/api.js";
import { detailOf, find, say } from "../../../lib/ui/dom.js";
import { duration, money } from "../../../lib/format/format.js";
import { sentence } from "../../../lib/format/problems.js";
import { close, open } from "../../../lib/ui/sheet.js";
import { reasonsInWords } from "../../../lib/format/lot-stops.js";
import { toast } from "../../../lib/ui/toast.js";
import { t } from "../../../lib/words.js";
import { BuyerForm } from "./buyer-form.js";
import { fullName } from "../offers/card.js";
import { HoldTimer } from "./hold-timer.js";
import { BasketLines, More } from "./basket-lines.js";
import { NoticePlace } from "./notice-place.js";
import { noticeOf, sentences } from "./notices.js";
import { OrderButton } from "./order-button.js";
import { OrderTotal } from "./order-total.js";
import { Receipt } from "./receipt.js";

const STEPS = ["order", "done"];
const ANSWERED = 30; // seconds for which an answer that came late stands
// Refusals of the basket.
const LINES = [
  "price-changed",
  "sold-out",
  "lot-spent",
  "limit-reached",
  "box-limit",
  "order-too-large",
];

export class Buying {
  /**
   * @param {HTMLDialogElement} sheet
   * @param {{ basket: import("./basket/basket.js").Basket, ordering: import("./ordering.js").Ordering, scene: import("../../../lib/state/broadcast-state.js").BroadcastState, centres: import("../../../lib/state/api").Centre[] }} page
   * @param {{ wait: (offer: string, quantity: number) => void, openBag: () => void }} act
   */
  constructor(sheet, { basket, ordering, scene, centres }, act) {
    this.sheet = sheet;
    this.basket = basket;
    this.ordering = ordering;
    this.scene = scene;
    this.act = act;
    /** @type {import("../types").Part} */
    this.part = (name, type) => find(sheet, `[data-part="${name}"]`, type);
    /** @type {"order" | "done"} */
    this.step = "order";
    this.buyable = false;
    this.busy = false;
    /** @type {Problem | null} */
    this.failed = null;
    /** @type {import("./notices.js").Raised | null} */
    this.raised = null;
    /** @type {string | null} what is said of what went out of the basket */
    this.taken = null;
    /** @type {(() => void) | undefined} takes away what is said of the hold */
    this.heldToast = undefined;
    this.isEditing = true; // who gets it stands in the form, and not in one line
    this.buyer = new BuyerForm(
      this.part("form", HTMLFormElement),
      {
        parcel: this.part("parcel"),
        pickup: this.part("pickup"),
        region: this.part("region", HTMLDetailsElement),
        pasted: this.part("pasted"),
      },
      centres,
    );
    this.total = new OrderTotal(sheet, { basket, scene, buyer: this.buyer });
    this.bar = new HoldTimer(this.part, basket);
    if (ordering.pending) this.resume(ordering.pending);
    this.lines = new BasketLines(this.part("lines"), basket, scene);
    this.more = new More(this.part("more"), this.part("more-list"), basket, scene);
    this.part("change").addEventListener("click", () => this.edit());
    this.part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.forward();
    });
    this.part("form").addEventListener("change", () => this.render(this.buyable));
    this.button = new OrderButton(this.part("submit", HTMLButtonElement), this.total);
    this.noticePlace = new NoticePlace(this.part);
    this.receipt = new Receipt(this.part, this.buyer);
    // What the buyer changes is meant, as soon as it is changed.
    for (const kind of ["click", "input", "change"]) {
      this.part("body").addEventListener(
        kind,
        () => {
          this.button.clear();
          this.raised = this.taken = null;
        },
        { capture: true },
      );
    }
    basket.addEventListener("change", () => this.render(this.buyable));
    basket.addEventListener("stopped", (event) => this.stopped(detailOf(event)));
    this.total.fees.addEventListener("change", () => this.render(this.buyable));
    ordering.addEventListener("proving", () => this.render(this.buyable));
    ordering.addEventListener("asking", () => {
      this.lock();
      if (ordering.asking) this.render(this.buyable);
    });
    ordering.addEventListener("recovered", (event) => this.placed(detailOf(event)));
    ordering.addEventListener("refused", (event) => {
      this.refused(detailOf(event));
      this.render(this.buyable);
    });
    setInterval(() => this.tick(), 1000);
  }

  /**
   * An order whose answer was lost stands in the form again; somebody else's of long ago does not.
   * @param {import("../types").PendingOrder} pending
   */
  resume(pending) {
    if (this.ordering.isRecent || !this.buyer.isForOthers) {
      this.buyer.resume(JSON.parse(pending.body), pending);
    } else this.ordering.keep(null);
  }

  /** Somebody has signed in, in another tab. */
  signedIn() {
    if (this.buyer.isForOthers) return;
    this.buyer.orderForOthers();
    if (this.step === "order") this.render(this.buyable);
  }

  /**
   * Open the sheet with an offer in the basket at the price that was seen, or with what is held
   * already.
   * @param {string | null} offer
   * @param {number | null} [price]
   */
  begin(offer, price) {
    this.heldToast?.();
    if (this.buyer.isForOthers && this.basket.empty && !this.ordering.busy) this.buyer.clear();
    this.isEditing = !this.buyer.isKnown;
    // What is being ordered stays as it is until it is known what became of it.
    if (offer && !this.ordering.busy) this.basket.add(offer, price);
    this.total.fees.load();
    this.button.clear();
    this.failed = this.raised = this.taken = null;
    open(this.sheet, () => this.closed());
    this.part("more", HTMLDetailsElement).open = false;
    this.go("order");
  }

  closed() {
    const { basket } = this;
    if (basket.empty || this.step === "done") return;
    if (this.ordering.busy) {
      toast(t("We keep asking whether your order was taken and tell you here."));
      return;
    }
    if (!basket.hold) {
      basket.clear();
      return;
    }
    if (basket.isBeyond) return;
    this.heldToast = toast(
      t("Held for you for %(time)s more.", { time: duration(basket.remains) }),
      {
        act: t("Release it"),
        onAct: () => basket.drop(),
        seconds: 6,
      },
    );
  }

  /** While it is asked whether the order was taken, nothing of it can be changed. */
  lock() {
    const { asking } = this.ordering;
    this.part("asking").hidden = !asking;
    this.part("order").inert = asking;
    if (asking) this.part("body").scrollTop = 0;
  }

  /**
   * The broadcast or the basket changed; keep what the sheet says true.
   * @param {boolean} buyable
   */
  render(buyable) {
    this.buyable = buyable;
    if (!this.sheet.open || this.step === "done") return;
    const { basket } = this;
    if (basket.empty) {
      if (!this.busy && !this.ordering.busy) close(this.sheet);
      return;
    }
    this.lines.render();
    this.more.render();
    this.notice();
    this.buyer.askRegion(this.total.needsRegion);
    // What is remembered may lack what a new table of fees asks for.
    if (!this.buyer.isKnown && !this.ordering.busy) this.isEditing = true;
    this.part("details").hidden = !this.isEditing;
    this.part("summary").hidden = this.isEditing;
    if (!this.isEditing) {
      const { whom, where, pay } = this.buyer.summary();
      say(this.part("whom"), whom);
      say(this.part("where"), where);
      say(this.part("pay"), pay);
    }
    this.total.render();
    this.button.render({ buyable, basket, ordering: this.ordering, isBusy: this.busy });
    this.tick();
  }

  /** The hold and its time. */
  tick() {
    if (this.sheet.open) this.bar.render(this.step !== "done" && !this.ordering.asking);
  }

  /** @param {"order" | "done"} step */
  go(step) {
    this.step = step;
    this.sheet.dataset.step = step;
    for (const name of STEPS) this.part(name).hidden = name !== step;
    this.part("foot").hidden = step === "done";
    say(this.part("title"), step === "done" ? t("Ordered") : t("Checkout"));
    if (step !== "done") this.render(this.buyable);
    else {
      this.noticePlace.hide();
      this.tick();
    }
    this.part("body").scrollTop = 0;
    this.part("title").focus();
  }

  /** Show the form in place of its line. */
  edit() {
    this.isEditing = true;
    this.render(this.buyable);
    this.buyer.fields.name.focus();
  }

  async forward() {
    if (this.button.isDisabled) return;
    const { seen, boxes, isVague } = this.button.take();
    // The button said "from" when it was pressed: nobody has seen the sum.
    if (isVague) {
      await this.buyer.findRegion();
      if (this.isEditing) this.buyer.check();
      this.render(this.buyable);
      return;
    }
    if (this.isEditing) {
      if (!this.buyer.check()) return;
      this.buyer.remember();
    }
    if (seen !== null && (seen < this.total.sum.amount || this.total.boxes < boxes)) {
      this.ask(seen);
      this.render(this.buyable);
      return;
    }
    this.raised = null;
    this.place();
  }

  /**
   * The sum that was pressed for is not what is to pay: it is told, and pressed for again.
   * @param {number} seen
   */
  ask(seen) {
    this.failed = null;
    this.raised = { was: money({ ...this.total.sum, amount: seen }), now: money(this.total.sum) };
  }

  async place() {
    if (this.busy) return;
    this.busy = true;
    this.failed = null;
    this.part("submit").setAttribute("aria-busy", "true");
    const {
      boxes,
      sum: { amount },
    } = this.total;
    try {
      const remembered = this.buyer.isForOthers ? null : this.buyer.isRemembered;
      this.placed(await this.ordering.order(this.buyer.details(this.total.fee), { remembered }));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.refused(problem);
      if (!this.basket.empty && (amount < this.total.sum.amount || this.total.boxes < boxes))
        this.ask(amount);
    } finally {
      this.busy = false;
      this.render(this.buyable);
    }
  }

  /**
   * The lot of what was wanted is stopped: that is out of the basket, and the sheet closes where
   * nothing else is in it.
   * @param {import("../../../lib/state/scene").Offer[]} cards
   */
  stopped(cards) {
    this.failed = this.raised = null;
    const told = cards.map((card) =>
      sentences(
        t("%(name)s is no longer sold and was taken out of your order.", {
          name: fullName(card),
        }),
        reasonsInWords(card.lot.stopped ?? []),
      ),
    );
    // Beside what is still to be ordered it stands as a notice: a toast would lie over the button.
    if (this.sheet.open && !this.basket.empty) {
      this.taken = sentences(...told);
      this.go("order");
      return;
    }
    close(this.sheet);
    for (const words of told) toast(words, { danger: true, seconds: ANSWERED });
  }

  /** @param {Problem} problem */
  refused(problem) {
    if (problem.slug === "lot-stopped" && !this.basket.problem) return; // told by `stopped`
    this.failed = problem;
    if (!this.sheet.open) {
      toast(sentence(problem), { danger: true });
      if (this.basket.state === "loose") this.basket.clear();
      return;
    }
    if (problem.slug === "invalid" || problem.slug === "unknown-centre") {
      this.edit();
      if (this.buyer.refused(problem)) this.failed = null;
    } else if (LINES.includes(problem.slug)) {
      this.go("order");
    } else if (problem.slug === "fee-changed" || problem.slug === "too-heavy") {
      this.total.fees.load(true);
    }
  }

  /** What went wrong or changed, and the one tap that answers it. */
  notice() {
    if (this.ordering.asking) {
      this.noticePlace.hide();
      return;
    }
    const { words, acts } = noticeOf({
      basket: this.basket,
      scene: this.scene,
      failed: this.failed,
      taken: this.taken,
      raised: this.raised,
      heavy: this.total.isKnown ? this.total.parcel.most : undefined,
      act: {
        elsewhere: () => this.elsewhere(),
        wait: (offer, quantity) => this.waitFor(offer, quantity),
      },
    });
    this.noticePlace.show(words, acts);
  }

  elsewhere() {
    this.basket.drop();
    close(this.sheet);
    this.act.openBag();
  }

  /**
   * Be told when it comes back; what else is in the basket stays in it.
   * @param {string} offer
   * @param {number} quantity
   */
  async waitFor(offer, quantity) {
    if (this.basket.lines.size > 1) this.basket.without();
    else {
      // Who gives a hold up waits for nothing of it: the place is asked for after that.
      const dropped = this.basket.drop();
      close(this.sheet);
      await dropped;
    }
    this.act.wait(offer, quantity);
  }

  /** @param {import("../../../lib/state/api").PlacedOrder} placed */
  placed(placed) {
    this.failed = null;
    this.receipt.show(placed);
    if (this.buyer.isForOthers) this.buyer.clear();
    if (this.sheet.open) this.go("done");
    else {
      const words = t("Your order %(number)s was placed.", { number: placed.number });
      toast(words, { act: t("See it"), onAct: () => this.see(), seconds: ANSWERED });
    }
  }

  /** What was answered while the sheet was closed. */
  see() {
    open(this.sheet, () => this.closed());
    this.go("done");
  }
}
