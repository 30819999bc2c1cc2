// An English page: import it first.

import { stand } from "./page.js";

stand("en");
