// The time axis drawn by uPlot: viewers as an area, sales as bars, and above them a lane for each
// kind of deed of the host: pins, prices, releases, and flash batches where there were any. Owns the drawing and the moment under the pointer; data comes from review.js.

import { cameraName } from "../../lib/format/camera-name.js";
import { clock, count, day, decimals, money } from "../../lib/format/format.js";
import { el, find } from "../../lib/ui/dom.js";
import { n, page, t } from "../../lib/words.js";
import { followed, actionWords } from "./host-actions.js";

const LANE = 18; // px a lane
const LANES = ["pin", "price", "release"];
/** @type {Record<string, string>} */
const SPANS = { pin: "leaf", flash: "kumquat" };
/** @type {Record<string, number | undefined>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
const DAY_S = 86400;
const SHOWN_DEEDS = 4;

/** @typedef {import("./host-actions.js").Axis} Axis */
/** @typedef {import("./host-actions.js").Deed} Deed */

/**
 * What of uPlot (static/vendor/uplot), a script of the page, is used here.
 * @typedef {object} Plot
 * @property {CanvasRenderingContext2D} ctx
 * @property {{ left: number, top: number, width: number, height: number }} bbox
 * @property {number} width
 * @property {number} height
 * @property {{ x: { min: number, max: number } }} scales
 * @property {{ idx: number | null }} cursor
 * @property {{ left: number, width: number }} select
 * @property {(value: number, scale: string, isCanvas?: boolean) => number} valToPos
 * @property {(place: number, scale: string) => number} posToVal
 * @property {(scale: string, span: { min: number, max: number }) => void} setScale
 * @property {(select: object, hooks?: boolean) => void} setSelect
 * @property {(cursor: { left: number, top: number }) => void} setCursor
 * @property {(size: { width: number, height: number }) => void} setSize
 * @property {() => void} destroy
 */

/** @type {{ new (options: object, data: unknown[], place: HTMLElement): Plot, paths: Record<string, (options?: object) => unknown>, tzDate: (date: Date, zone?: string) => Date }} */
const uPlot = /** @type {any} */ (globalThis).uPlot;

/** @param {string} name */
const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export class Chart {
  /**
   * Draw into the figure's [data-canvas]; tell the moment in its [data-moment].
   * @param {HTMLElement} figure
   * @param {Axis} axis
   */
  constructor(figure, axis) {
    this.figure = figure;
    this.canvas = find(figure, "[data-canvas]");
    this.moment = find(figure, "[data-moment]");
    this.whole = find(figure, "[data-whole]");
    /** @type {number | null} the step of the axis that is looked at */
    this.at = null;
    this.axis = axis;
    this.view = this._all();
    this.plot = this._draw();
    this._tell(null);
    new ResizeObserver(() => this._resize()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this._redraw());
    matchMedia("print").addEventListener("change", () => this._redraw());
    figure.addEventListener("keydown", (event) => this._key(event));
    this.whole.addEventListener("click", () => this._show(this._all()));
  }

  /**
   * Take newer data; what is looked at stays in view.
   * @param {Axis} axis
   */
  set(axis) {
    this.axis = axis;
    if (this.whole.hidden) this.view = this._all();
    const { at } = this;
    this._redraw();
    this._tell(at);
  }

  _redraw() {
    this.plot.destroy();
    this.plot = this._draw();
    this._tell(null);
  }

  _lanesShown() {
    return this.axis.moments.some(({ kind }) => kind === "flash") ? [...LANES, "flash"] : LANES;
  }

  /** @returns {[number, number]} */
  _all() {
    const { start, step, viewers } = this.axis;
    return [start / 1000, (start + step * viewers.length) / 1000];
  }

  _times() {
    return this.axis.viewers.map(
      (_, place) => (this.axis.start + this.axis.step * (place + 0.5)) / 1000,
    );
  }

  /** @returns {Plot} */
  _draw() {
    const { axis } = this;
    const narrow = this.canvas.clientWidth < 560;
    const ink = colour("ink-soft");
    const grid = { stroke: colour("line"), width: 1 };
    const font = `12px ${colour("font")}`;
    const base = { stroke: ink, font, ticks: { show: false } };
    const currency = axis.money ?? page.currency ?? "CNY";
    const scale = 10 ** decimals(currency);
    const short = new Intl.NumberFormat(page.tag, {
      notation: "compact",
      maximumFractionDigits: 2,
    });
    const sign = money({ amount: 0, currency }).replace(/[\d.,\s]/g, "");
    const long = (axis.step * axis.viewers.length) / 1000 > DAY_S;
    const top = this._lanesShown().length * LANE + 10;
    /** @param {number} least */
    const upper =
      (least) =>
      (/** @type {[unknown, unknown, number?]} */ ...[, , most]) => [
        0,
        Math.max(least, most ?? 0) * 1.12,
      ];
    return new uPlot(
      {
        width: this.canvas.clientWidth,
        height: narrow ? 320 : 360,
        padding: [top, narrow ? 4 : 8, 0, narrow ? 4 : 8],
        tzDate: (/** @type {number} */ seconds) =>
          uPlot.tzDate(new Date(seconds * 1000), page.time_zone),
        legend: { show: false },
        scales: {
          x: { time: true, range: () => this.view },
          money: { range: upper(100 * scale) },
          viewers: { range: upper(4) },
        },
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, dist: 8, setScale: false },
          bind: { dblclick: () => () => this._show(this._all()) },
        },
        axes: [
          {
            ...base,
            grid: { show: false },
            size: 32,
            space: narrow ? 64 : 90,
            values: (/** @type {Plot} */ _, /** @type {number[]} */ splits) =>
              splits.map((at) => (long && at % DAY_S === 0 ? day(at * 1000) : clock(at * 1000))),
          },
          {
            ...base,
            scale: "money",
            grid,
            size: narrow ? 44 : 60,
            values: (/** @type {Plot} */ _, /** @type {number[]} */ splits) =>
              splits.map((value) => sign + short.format(value / scale)),
          },
          {
            ...base,
            scale: "viewers",
            side: 1,
            grid: { show: false },
            size: narrow ? 36 : 48,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000],
            values: (/** @type {Plot} */ _, /** @type {number[]} */ splits) =>
              splits.map((value) => short.format(value)),
          },
        ],
        series: [
          {},
          {
            scale: "viewers",
            stroke: ink,
            width: 1.5,
            fill: colour("sunk"),
            paths: uPlot.paths.linear(),
            points: { show: false },
          },
          {
            scale: "money",
            fill: colour("kumquat"),
            width: 0,
            paths: uPlot.paths.bars({ size: [0.82, 34], align: 0 }),
            points: { show: false },
          },
        ],
        hooks: {
          draw: [(/** @type {Plot} */ plot) => this._lanes(plot)],
          setCursor: [(/** @type {Plot} */ plot) => this._tell(plot.cursor.idx)],
          setSelect: [(/** @type {Plot} */ plot) => this._zoom(plot)],
        },
      },
      [this._times(), axis.viewers, axis.gross],
      this.canvas,
    );
  }

  /** @param {Plot} plot */
  _lanes(plot) {
    const { ctx, bbox } = plot;
    const lanes = this._lanesShown();
    const ratio = devicePixelRatio;
    const { min, max } = plot.scales.x;
    /** @param {number} ms */
    const x = (ms) => Math.round(plot.valToPos(Math.min(Math.max(ms / 1000, min), max), "x", true));
    /** @param {number} lane */
    const middle = (lane) =>
      bbox.top - (lanes.length - lane) * LANE * ratio + (LANE * ratio) / 2 - 4 * ratio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left - 6 * ratio, 0, bbox.width + 12 * ratio, bbox.top + bbox.height);
    ctx.clip();
    for (const deed of this.axis.moments) {
      const lane = lanes.indexOf(deed.kind);
      if (lane < 0) continue; // the end of a flash batch ends its bar
      const span = SPANS[deed.kind];
      const last = span ? (deed.until ?? this.axis.until) : deed.at;
      if (last / 1000 < min || deed.at / 1000 > max) continue;
      const y = middle(lane);
      const at = x(deed.at);
      if (span) {
        ctx.fillStyle = colour(span);
        ctx.globalAlpha = Number(deed.offer) % 2 ? 0.55 : 1;
        const wide = Math.max(x(last) - at - ratio, 2 * ratio);
        ctx.fillRect(at, y - 3 * ratio, wide, 6 * ratio);
        ctx.globalAlpha = 1;
        continue;
      }
      ctx.fillStyle = colour(deed.kind === "price" ? "focus" : "ink");
      ctx.strokeStyle = ctx.fillStyle;
      ctx.globalAlpha = 0.35;
      ctx.lineWidth = ratio;
      ctx.setLineDash([2 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(at, y + 6 * ratio);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      ctx.globalAlpha = 1;
      ctx.beginPath();
      const r = 5 * ratio;
      if (deed.kind === "price") {
        ctx.moveTo(at, y - r);
        ctx.lineTo(at + r, y);
        ctx.lineTo(at, y + r);
        ctx.lineTo(at - r, y);
      } else {
        const way = (deed.quantity ?? 0) < 0 ? -1 : 1;
        ctx.moveTo(at, y - r * way);
        ctx.lineTo(at + r, y + r * way);
        ctx.lineTo(at - r, y + r * way);
      }
      ctx.fill();
    }
    ctx.restore();
    // Names of the lanes and of the two scales, where they are read.
    ctx.save();
    ctx.font = `${12 * ratio}px ${colour("font")}`;
    ctx.textBaseline = "middle";
    ctx.fillStyle = colour("ink-soft");
    ctx.textAlign = "end";
    /** @type {Record<string, string>} */
    const names = {
      pin: t("pinned"),
      price: t("price"),
      release: t("released"),
      flash: t("flash"),
    };
    const wide = bbox.left - 8 * ratio;
    for (const [lane, name] of lanes.entries()) ctx.fillText(names[name], wide, middle(lane), wide);
    ctx.fillText(t("watching"), (plot.width - 4) * ratio, middle(lanes.length - 1));
    ctx.restore();
  }

  /** @param {number | null} place */
  _tell(place) {
    this.at = place ?? null;
    const { axis } = this;
    if (this.at === null || axis.viewers[this.at] === undefined) {
      this.moment.replaceChildren(
        key("sales", t("Sales")),
        key("viewers", t("Viewers")),
        key("pin", t("Card pinned")),
        key("price", t("Price changed")),
        key("release", t("Stock released")),
        ...(this._lanesShown().includes("flash") ? [key("flash", t("Flash batch"))] : []),
      );
      return;
    }
    const from = axis.start + axis.step * this.at;
    const deeds = axis.moments.filter(({ at }) => at >= from && at < from + axis.step);
    const on = [...axis.moments]
      .reverse()
      .find(({ kind, at, until }) => kind === "pin" && at < from && (until ?? axis.until) > from);
    const seconds =
      axis.step % 60000 ? `:${String(Math.floor(from / 1000) % 60).padStart(2, "0")}` : "";
    const watching = Math.round(axis.viewers[this.at]);
    const orders = axis.orders[this.at];
    const gross = money({
      amount: axis.gross[this.at],
      currency: axis.money ?? page.currency ?? "CNY",
    });
    const lines = deeds.slice(0, SHOWN_DEEDS).map((deed) => {
      const values = {
        clock: clock(deed.at),
        deed: actionWords(deed, axis),
        sales: followed(deed, axis),
      };
      return el("span", {}, t("%(clock)s %(deed)s: %(sales)s", values));
    });
    if (deeds.length > SHOWN_DEEDS) {
      const more = deeds.length - SHOWN_DEEDS;
      lines.push(
        el("span", {}, n("and %(count)s more", "and %(count)s more", more, { count: more })),
      );
    }
    if (!lines.length && on) {
      lines.push(el("span", {}, t("On the card: %(product)s", { product: axis.offers[on.offer] })));
    }
    const shown = [...axis.cuts].reverse().find(({ at }) => at < from + axis.step);
    if (shown) lines.push(el("span", {}, t("Camera: %(name)s", { name: cameraName(shown.label) })));
    this.moment.replaceChildren(
      el("span", { class: "chart__clock" }, clock(from) + seconds),
      el(
        "span",
        {},
        n("%(count)s watching", "%(count)s watching", watching, { count: count(watching) }),
      ),
      el(
        "span",
        {},
        n("%(count)s order, %(gross)s", "%(count)s orders, %(gross)s", orders, {
          count: count(orders),
          gross,
        }),
      ),
      el("span", { class: "chart__deeds" }, lines),
    );
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const step = STEPS[event.key];
    if (step === undefined || event.target !== this.figure) return;
    event.preventDefault();
    const last = this.axis.viewers.length - 1;
    const place = Math.min(last, Math.max(0, (this.at ?? (step > 0 ? -1 : last + 1)) + step));
    const left = this.plot.valToPos(this._times()[place], "x");
    this.plot.setCursor({ left, top: 10 });
    this._tell(place);
  }

  /** @param {Plot} plot */
  _zoom(plot) {
    const { left, width } = plot.select;
    if (width < 8) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this._show([from, to]);
  }

  /** @param {[number, number]} view */
  _show(view) {
    this.view = view;
    const [from, to] = this._all();
    this.whole.hidden = view[0] <= from && view[1] >= to;
    this.plot.setScale("x", { min: view[0], max: view[1] });
  }

  _resize() {
    const width = this.canvas.clientWidth;
    if (width && Math.abs(width - this.plot.width) > 1) {
      this.plot.setSize({ width, height: this.plot.height });
    }
  }
}

/**
 * @param {string} name
 * @param {string} words
 */
const key = (name, words) => el("span", { class: `chart__key chart__key--${name}` }, words);
