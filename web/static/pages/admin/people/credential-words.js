// A key or a link in words: what it is, and what is to be known of it. Decides only.

import { cameraName } from "../../../lib/format/camera-name.js";
import { dayAndClock } from "../../../lib/format/format.js";
import { t, text } from "../../../lib/words.js";
import { roleWords } from "../../../lib/format/roles.js";

/** @param {string} moment */
const when = (moment) => dayAndClock(Date.parse(moment));

/** @typedef {import("../../../lib/state/api").CredentialAnswer} Credential */
/** @typedef {import("../../../lib/state/api").AccountAnswer} Account */

/** @param {string} kind */
export function kindWords(kind) {
  switch (kind) {
    case "api_key":
      return t("API key");
    case "stream_key":
      return t("Camera key");
    case "invitation":
      return t("Invitation");
    default:
      return t("Guest's link");
  }
}

/**
 * What it is called; an invitation may have no name.
 * @param {{ label?: string | null }} credential
 */
export const nameOf = ({ label }) => cameraName(label) || t("Someone");

/**
 * What it opens, until when, and when it was used.
 * @param {Credential} credential
 */
export function facts({ kind, role, title, expires_at: end, used_at: used }) {
  return [
    role ? roleWords(role) : "",
    text(title),
    end ? t("works until %(when)s", { when: when(end) }) : "",
    used
      ? t("last used %(when)s", { when: when(used) })
      : kind === "api_key"
        ? t("not used yet")
        : "",
  ].filter(Boolean);
}

/**
 * Why it does less than it was made for, by what its owner is now; nothing where it does all.
 * @param {Credential} credential
 * @param {Account | undefined} owner
 */
export function left({ kind, role, acts_as: now, idle }, owner) {
  if (!owner) return "";
  const named = { role: roleWords(owner.role) };
  if (idle)
    return t(
      "Its owner's role is now %(role)s, so it can do nothing. Choose another owner, or end it.",
      named,
    );
  return kind === "api_key" && now !== role
    ? t("Its owner's role is now %(role)s, so it can do no more than that.", named)
    : "";
}

/** @type {Record<string, string[]>} */
const MAKERS = {
  api_key: ["coordinator"],
  invitation: ["coordinator"],
  stream_key: ["coordinator", "host"],
  guest: ["coordinator", "host"],
};

/**
 * The accounts that can own one of this kind, as options of a choice, but the one it has.
 * @param {string} kind
 * @param {Account[]} accounts
 * @param {string | null | undefined} but
 * @returns {[string, string][]}
 */
export const owners = (kind, accounts, but) =>
  accounts
    .filter(({ id, role, disabled }) => id !== but && !disabled && MAKERS[kind].includes(role))
    .map(({ id, name }) => [id, name]);
