// What was pressed and is not answered yet: after a moment the page says that it waits for the server,
// and so does the button itself.

import { toast } from "../ui/toast.js";
import { t } from "../words.js";

/** So long an answer may take before anything is said. */
const PATIENCE_MS = 1_500;
const SHOWN_S = 3_600;

/** Event `change` when there are more or fewer of them. */
export class WaitingActs extends EventTarget {
  constructor() {
    super();
    /** How many wait. */
    this.count = 0;
    /** @type {(() => void) | null} */
    this._hide = null;
    this._pressed = null;
    // Not the focus: Safari gives it to no button that is clicked.
    document.addEventListener(
      "click",
      ({ target }) => {
        this._pressed = target instanceof Element ? target.closest("button") : null;
      },
      true,
    );
  }

  /**
   * Follow an act until it is answered, whatever the answer is; returns the same promise.
   * @template T
   * @param {Promise<T>} answer
   * @returns {Promise<T>}
   */
  follow(answer) {
    const pressed = this._pressed;
    let waits = false;
    const timer = setTimeout(() => {
      waits = true;
      pressed?.setAttribute("aria-busy", "true");
      this._add(1);
    }, PATIENCE_MS);
    const settle = () => {
      clearTimeout(timer);
      if (!waits) return;
      pressed?.removeAttribute("aria-busy");
      this._add(-1);
    };
    answer.then(settle, settle);
    return answer;
  }

  /** @param {number} more */
  _add(more) {
    this.count += more;
    this._hide?.();
    this._hide = this.count
      ? toast(t("No answer yet: your action is waiting for the server."), { seconds: SHOWN_S })
      : null;
    this.dispatchEvent(new Event("change"));
  }
}
