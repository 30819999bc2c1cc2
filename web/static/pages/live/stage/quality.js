// What comes of the stream, in words, and the viewer's choice of it. live.js imports it once the picture
// is there.

import { find, findDialog } from "../../../lib/ui/dom.js";
import { deliveryWords, QualityNotice } from "./quality-notice.js";
import { QualityChoice } from "./quality-choice.js";
import { TransportNotice } from "./transport-notice.js";

/** @param {string} id */
const at = (id) => find(document, `#${id}`);

export class Quality {
  /**
   * `draw` draws the page again where another part of the stream has come for a while.
   * @param {import("../../../lib/media/whep-player.js").WhepPlayer} player
   * @param {() => void} draw
   */
  constructor(player, draw) {
    this.choice = new QualityChoice(at("quality"), findDialog(document, "#quality-sheet"), player);
    this.notice = new QualityNotice(at("less"), at("less-told"));
    const transport = new TransportNotice(at("way"));
    player.addEventListener("way", () => transport.show(player.way));
    player.addEventListener("delivery", () => this.notice.take(player.delivery));
    this.notice.addEventListener("change", draw);
    this.choice.addEventListener("change", () => this.notice.take(null));
    at("less").addEventListener("click", () => this.choice.open());
    transport.show(player.way);
    if (player.delivery) this.notice.take(player.delivery);
  }

  /** Whether the link carries sound alone. */
  get isSoundOnly() {
    return this.notice.shown?.gets === "sound";
  }

  /**
   * `isThere`: whether there is a picture to choose of.
   * @param {boolean} isThere
   */
  render(isThere) {
    this.choice.render(isThere, deliveryWords(this.notice.shown));
  }
}
