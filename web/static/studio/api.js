// The API as staff call it: a session that ran out leads to the sign-in and back to this page.

import { api } from "../common/api.js";

async function call(method, path, body) {
  try {
    return await api(method, path, body, { staff: true });
  } catch (problem) {
    // A camera that sends outlives the session: it is not torn away for a sign-in.
    if (problem.status === 401 && !document.body.hasAttribute("data-sending")) {
      location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
    }
    throw problem;
  }
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
