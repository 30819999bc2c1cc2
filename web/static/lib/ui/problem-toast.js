// What went wrong, as a toast for staff.

import { Problem } from "../channel/api.js";
import { spoken } from "../format/staff-sentences.js";
import { toast } from "./toast.js";

/**
 * Say why the server refused something; what is no Problem is a fault of ours, and thrown on.
 * @param {unknown} problem
 * @param {string} [name] of what it is about
 */
export function toastProblem(problem, name) {
  if (!(problem instanceof Problem)) throw problem;
  toast(name ? `${name}: ${spoken(problem)}` : spoken(problem), { danger: true });
}
