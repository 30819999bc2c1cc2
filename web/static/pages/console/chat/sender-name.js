// Who wrote a line of the chat, as the team reads it.

import { t } from "../../../lib/words.js";

/**
 * One of the team without a display name is the role alone.
 * @param {{ nickname?: string | null, role?: string | null }} line
 */
export const nameOf = ({ nickname, role }) => nickname || (role ? roleName(role) : t("Guest"));

/** @param {string} role */
export function roleName(role) {
  if (role === "moderator") return t("Moderator");
  return role === "host" ? t("Host") : t("Coordinator");
}
