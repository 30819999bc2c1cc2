// A Chinese page, whose texts stay in English for want of a catalogue: import it first.

import { stand } from "./page.js";

stand("zh");
