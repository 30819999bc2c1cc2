// Keys and links: all API keys, what has no owner yet, what does nothing by its owner's role, and what
// another than its owner knows; each gets another owner or a new secret here, or ends.

import { find } from "../../../lib/ui/dom.js";
import { count, listed } from "../../../lib/format/format.js";
import { toastProblem } from "../../../lib/ui/problem-toast.js";
import { toast } from "../../../lib/ui/toast.js";
import { n, page, t } from "../../../lib/words.js";
import { getAll, patch, post, remove } from "../../../lib/channel/staff-api.js";
import { askToConfirm } from "../../../lib/ui/confirm.js";
import { together } from "../../../lib/format/staff-sentences.js";
import { facts, kindWords, left, nameOf, owners } from "./credential-words.js";
import { act, badge, RemoteList, row, sign } from "../../../lib/ui/remote-list.js";
import { showOnce } from "./secret-sheet.js";
import { FormSheet, offer } from "../../../lib/forms/form-sheet.js";

const sheet = new FormSheet("owner-sheet");
/** @typedef {import("../../../lib/state/api").CredentialAnswer} Credential */
/** @typedef {import("../../../lib/state/api").AccountAnswer} Account */

const notice = find(document, "[data-unowned]");
const centresNotice = find(document, "[data-unchosen-keys]");
/** @type {Account[]} */
let accounts = [];

/**
 * Names the keys of clerks from before clerks belonged to pick-up points.
 * @param {Credential[]} all
 */
function tellOfEveryCentre(all) {
  const unchosen = all.filter((credential) => credential.has_every_centre);
  centresNotice.hidden = unchosen.length === 0;
  find(centresNotice, "[data-unchosen-keys-words]").textContent = unchosen.length
    ? t(
        "These API keys still see every pick-up point's orders, with names and phone numbers: %(names)s. Pick-up points can't be added to an existing key: create new keys with theirs, then end these under “Keys and links”.",
        { names: listed(unchosen.map(nameOf)) },
      )
    : "";
}

/** @type {Record<string, (credential: Credential) => string>} */
const ADDRESSES = {
  api_key: ({ id }) => `/api/v1/api-keys/${id}`,
  invitation: ({ id }) => `/api/v1/invitations/${id}`,
  stream_key: ({ broadcast, id }) => `/api/v1/broadcasts/${broadcast}/stream-keys/${id}`,
  guest: ({ broadcast, id }) => `/api/v1/broadcasts/${broadcast}/guests/${id}`,
};

/**
 * Whether another than its owner knows the secret, having made it.
 * @param {Credential} credential
 */
const isKnown = ({ owner, made_by: maker }) => Boolean(owner && maker) && maker !== owner;

export const credentials = new RemoteList(
  "credentials",
  async () => {
    const [all, known] = await Promise.all([
      getAll("/api/v1/credentials"),
      getAll("/api/v1/accounts"),
    ]);
    accounts = known.accounts;
    /** @type {Credential[]} */
    const every = all.credentials;
    tellOfEveryCentre(every);
    const shown = every.filter(
      (each) => each.kind === "api_key" || !each.owner || each.idle || isKnown(each),
    );
    const unowned = shown.filter(({ owner }) => !owner).length;
    notice.hidden = unowned === 0;
    find(notice, "[data-unowned-words]").textContent = together([
      n(
        "%(n)s key or link has no owner, so it doesn't end with anyone's account.",
        "%(n)s keys or links have no owner, so they don't end with anyone's account.",
        unowned,
        { n: count(unowned) },
      ),
      t("Choose who is responsible for it, or end it."),
    ]);
    // What someone has to look at stands first.
    /** @param {Credential} each */
    const isFine = (each) =>
      Boolean(each.owner) && !each.idle && !each.has_every_centre && !isKnown(each);
    return shown.sort((one, other) => Number(isFine(one)) - Number(isFine(other)));
  },
  (credential) => {
    const owner = accounts.find(({ id }) => id === credential.owner);
    const name = nameOf(credential);
    const less = left(credential, owner);
    const maker = isKnown(credential) ? accounts.find(({ id }) => id === credential.made_by) : null;
    return row({
      picture: sign(
        credential.kind === "api_key"
          ? "box"
          : credential.kind === "invitation"
            ? "send"
            : "camera",
      ),
      title: name,
      badges: [
        badge(kindWords(credential.kind)),
        owner ? null : badge(t("No owner"), "red"),
        credential.has_every_centre ? badge(t("All pick-up points"), "red") : null,
        less ? badge(credential.idle ? t("Does nothing") : t("Does less"), "red") : null,
        maker
          ? badge(
              t("Known to %(name)s", { name: maker.name }),
              maker.disabled || maker.role !== "coordinator" ? "red" : "kumquat",
            )
          : null,
        credential.on_air ? badge(t("On air"), "live") : null,
      ].filter((each) => each !== null),
      lines: [
        owner ? t("Owner: %(name)s", { name: owner.name }) : "",
        facts(credential).join(" · "),
        less,
        maker
          ? t("%(name)s created it and can still use it until you renew it.", { name: maker.name })
          : "",
      ].filter(Boolean),
      acts: [
        // One's own is another coordinator's to give.
        owner && owner.name === page.data.name
          ? null
          : act(owner ? t("Change the owner") : t("Choose an owner"), () => choose(credential), {
              name,
            }),
        maker ? act(t("Renew it"), () => renew(credential), { name }) : null,
        act(t("End it"), () => end(credential), { name, danger: true }),
      ].filter((each) => each !== null),
    });
  },
);

/** @param {Credential} credential */
function choose(credential) {
  offer(
    sheet.field("owner", HTMLSelectElement),
    owners(credential.kind, accounts, credential.owner),
  );
  sheet.open({
    title: t("Who owns %(name)s?", { name: nameOf(credential) }),
    job: async ({ owner }) => {
      await patch(`/api/v1/credentials/${credential.id}`, { owner });
      await credentials.reload();
      toast(t("%(name)s: saved.", { name: nameOf(credential) }));
    },
  });
}

/** @type {Record<string, () => string>} */
const RENEWED = {
  api_key: () => t("The program that uses it is rejected until it has the new key."),
  stream_key: () =>
    t("A camera that is sending continues; when it reconnects it needs the new key."),
  invitation: () => t("The old link stops working. Send the new one."),
  guest: () => t("The old link stops working. Send the new one; the guest uses it to join again."),
};

/** @param {Credential} credential */
async function renew(credential) {
  const name = nameOf(credential);
  const isMeant = await askToConfirm({
    title: t("Renew %(name)s?", { name }),
    words: RENEWED[credential.kind](),
    yes: t("Yes, renew it"),
  });
  if (!isMeant) return;
  try {
    const { key, url } = await post(`/api/v1/credentials/${credential.id}/renewal`);
    showOnce({
      title: t("%(name)s is renewed", { name }),
      value: key,
      path: url,
      words: t("Shown only once. Owner and rights are unchanged; the old one no longer works."),
    });
  } catch (problem) {
    toastProblem(problem);
  }
  await credentials.reload();
}

/** @param {Credential} credential */
async function end(credential) {
  const name = nameOf(credential);
  const isMeant = await askToConfirm({
    title: t("End %(name)s?", { name }),
    words:
      credential.kind === "api_key"
        ? t("The program that uses this key will be rejected.")
        : t("It stops working. What it is already sending continues."),
    yes: t("Yes, disable it"),
  });
  if (!isMeant) return;
  try {
    await remove(ADDRESSES[credential.kind](credential));
    toast(t("%(name)s no longer works.", { name }));
  } catch (problem) {
    toastProblem(problem);
  }
  await credentials.reload();
}
