// The Back key and sheets: an entry of the session history for each open sheet, so that going back closes
// the uppermost one and leaves the page where it is. Closing a sheet in another way takes its entry back.

/** @type {HTMLDialogElement[]} Open sheets, the uppermost last. */
let sheets = [];
/** Whether this module itself goes back; the browser does so some time later. */
let isReturning = false;
let isUnloading = false;

/** How many entries of the history stand for sheets. */
const entries = () => history.state?.sheets ?? 0;

/** Bring the history to as many entries as sheets are open. */
function adjust() {
  if (isReturning || isUnloading) return;
  sheets = sheets.filter((sheet) => sheet.open);
  if (entries() > sheets.length) {
    isReturning = true;
    history.go(sheets.length - entries());
    return;
  }
  while (entries() < sheets.length) {
    // Going back to an entry would scroll the page to where it was.
    history.scrollRestoration = "manual";
    history.pushState({ ...history.state, sheets: entries() + 1 }, "");
  }
}

/** A page that is being left is not held up by going back in it. */
function unload() {
  isUnloading = true;
  setTimeout(() => {
    isUnloading = false; // it was a download
    adjust();
  }, 2_000);
}

/** Close what lies above the entry that the history is at. A sheet with `data-stays` stays. */
function onEntry() {
  if (!isReturning) {
    const above = sheets.filter((sheet) => sheet.open).slice(entries());
    for (const sheet of above.reverse()) {
      if ("stays" in sheet.dataset) break;
      sheet.close();
    }
  }
  isReturning = false;
  // Forward leads to the entry of a sheet that is closed: the page stays without it.
  adjust();
  if (sheets.length > 0) return;
  removeEventListener("beforeunload", unload);
  setTimeout(() => {
    if (sheets.length === 0) history.scrollRestoration = "auto";
  }, 100);
}

addEventListener("popstate", onEntry);

/** Take up a sheet that has just been opened.
    @param {HTMLDialogElement} dialog */
export function enter(dialog) {
  sheets = sheets.filter((sheet) => sheet.open && sheet !== dialog);
  sheets.push(dialog);
  addEventListener("beforeunload", unload);
  adjust();
  // One that is opened in its place in the meantime takes over its entry.
  dialog.addEventListener("close", () => setTimeout(adjust), { once: true });
}

/** The uppermost open sheet, if any. */
export const uppermost = () => sheets.filter((sheet) => sheet.open).pop();

// A page that was reloaded with a sheet open begins without it.
adjust();
