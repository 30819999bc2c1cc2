// What pages use beyond the floor, and why that is right.

/** What is not checked: what others wrote, and what fills the gaps of older browsers itself. */
export const outside = ["vendor/", "lib/old/"];

const given = "lib/old/methods.js gives it to browsers without it";
const caught = "the script catches what comes of it";

/** Each with the reason; `in` names the one file that may. What nothing uses is told, too. */
export const exceptions = [
  // Dropped, it costs looks alone.
  ...harmless("an arrow in its place", [
    "cursor: pointer",
    "cursor: progress",
    "cursor: not-allowed",
    "cursor: grab",
  ]),
  ...harmless("another monospaced font of the list", ["font-family: ui-monospace"]),
  ...harmless("lines break elsewhere; body has overflow-wrap: break-word", [
    "overflow-wrap: anywhere",
    "text-wrap",
    "text-wrap: pretty",
    "text-wrap: balance",
  ]),
  ...harmless("plainer boxes, bars and underlines", [
    "accent-color",
    "color-scheme",
    "color-scheme: light",
    "color-scheme: dark",
    "scrollbar-width",
    "scrollbar-width: none",
    "text-underline-offset",
    "text-decoration: dotted",
    "text-decoration-thickness",
    "::selection",
    "resize",
    "resize: vertical",
  ]),
  ...harmless("scrolling: beyond an end, by leaps, or up to an edge", [
    "overscroll-behavior",
    "overscroll-behavior: contain",
    "scroll-behavior",
    "scroll-behavior: auto",
    "scroll-margin-top",
    "scroll-margin-bottom",
  ]),
  ...harmless("paper: its size and its breaks are chosen in the dialog", [
    "@page",
    "page",
    "break-after: avoid",
  ]),
  ...harmless(
    "in a grid, where all have it; between flex items it is taken for flex-start or -end",
    ["align-content: start"],
  ),
  ...harmless("said in a rule of its own, after one that draws the ring for every :focus", [
    ":focus-visible",
  ]),
  ...harmless("lib/old/flex-gap.js lays margins between the items", ["gap between flex items"]),
  ...harmless("lib/old/dialog.js draws a shade of its own", ["::backdrop"]),
  // Scripts.
  ...harmless(given, [
    ".replaceChildren()",
    ".showModal()",
    ".submitter",
    ".inert",
    "structuredClone",
    "AbortSignal.timeout",
  ]),
  ...harmless("house names that a newer API has, too", [
    ".reasons",
    ".tag",
    ".destroy()",
    ".linear()",
  ]),
  {
    name: "Worker({ type })",
    in: "lib/channel/proof-of-work.js",
    why: "fails there, and the page searches itself",
  },
  {
    name: "createImageBitmap",
    in: "pages/order/claim.js",
    why: "caught: the photo is sent as it is",
  },
  {
    name: "Intl.NumberFormat({ notation })",
    in: "pages/review/chart.js",
    why: "left out, it writes longer numbers",
  },
  { name: ".query()", in: "lib/media/camera.js", why: caught },
  { name: "navigator.permissions", in: "lib/media/camera.js", why: caught },
  { name: ".encodingInfo()", in: "lib/media/simulcast.js", why: caught },
  { name: ".getHeaderExtensionsToNegotiate()", in: "lib/media/whip-publisher.js", why: caught },
  { name: ".setHeaderExtensionsToNegotiate()", in: "lib/media/whip-publisher.js", why: caught },
  { name: ".transport", in: "lib/media/connection-path.js", why: "undefined, and taken so" },
  { name: "navigator.connection", in: "lib/media/connection-path.js", why: "undefined, taken so" },
  {
    name: ".cancelVideoFrameCallback()",
    in: "lib/media/delay-report.js",
    why: "not begun without it",
  },
  { name: ".requestFullscreen()", in: "pages/live/stage/picture-fit.js", why: "caught" },
  {
    name: "document.exitFullscreen",
    in: "pages/live/stage/picture-fit.js",
    why: "asked by what is full",
  },
  { name: ".orientation", in: "pages/live/stage/picture-fit.js", why: "caught" },
];

function harmless(why, names) {
  return names.map((name) => ({ name, why }));
}
