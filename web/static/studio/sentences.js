// Sentences one after another: with a space between them, in Chinese without.

import { page } from "../common/words.js";

export const together = (lines) => lines.join(page.language === "zh" ? "" : " ");
