// The oldest browsers that pages are made for, and what MDN's compatibility data say that these lack.

import data from "@mdn/browser-compat-data/forLegacyNode";

/** Chromium 80 is of February 2020; Safari 14 came with iOS 14, in September 2020. */
export const FLOOR = { chrome: 80, safari: 14, safari_ios: 14 };

export const { css, api, javascript } = data;
export const { builtins } = javascript;

const number = (version) => Number.parseFloat(String(version).replace("≤", ""));

/** Whether one statement of the data, such as `{ version_added: "84" }`, holds at this version. */
function holds(statement, version, prefix) {
  const { version_added: added, version_removed: removed } = statement;
  if (statement.flags || statement.alternative_name) return false;
  if ((statement.prefix ?? "") !== prefix) return false;
  if (!added || added === "preview" || number(added) > version) return false;
  return !removed || removed === "preview" || number(removed) > version;
}

/** The browsers of the floor that lack a feature, such as ["chrome 80"]; [] if all have it or the data
    know nothing of it. */
export function lacking(feature, prefix = "") {
  const support = feature?.__compat?.support;
  if (!support) return [];
  const lack = (browser) => {
    const statements = [support[browser] ?? []].flat();
    return !statements.some((each) => holds(each, FLOOR[browser], prefix));
  };
  return Object.keys(FLOOR)
    .filter(lack)
    .map((browser) => `${browser} ${FLOOR[browser]}`);
}
