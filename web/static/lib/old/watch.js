// Whether the page's scripts begin; where they don't, the notice of base.html is shown, with what can
// be bought in plain words, and taken back when they do after all. Stands inline at the head of every
// page (pages/rendering/watch.py), in the JavaScript of 2009, so that any browser reads it.
(function (d, w) {
  var WAIT = 6000;
  var own = d.currentScript;
  var ended = [];
  var failed = false;
  var threw = false;
  var closed = false;
  var over = false;
  var came = 0;
  var last = Date.now();

  function notice(on) {
    var place = d.getElementById("too-old");
    if (place) place.hidden = closed || !on;
  }

  // The page's own scripts; page.js, which every page has, counts where there is no other.
  function entries() {
    var all = d.querySelectorAll("script[type=module][src]");
    return [].slice.call(all, all.length > 1 ? 1 : 0);
  }

  function begun() {
    if (failed || d.readyState === "loading") return false;
    return entries().every(function (each) {
      return ended.indexOf(each) >= 0;
    });
  }

  function scriptsCame() {
    var all =
      w.performance && performance.getEntriesByType ? performance.getEntriesByType("resource") : [];
    return all.filter(function (each) {
      return /\.js$/.test(each.name);
    }).length;
  }

  function look() {
    var now = scriptsCame();
    if (d.readyState === "loading" || now !== came) last = Date.now();
    came = now;
    if (begun()) {
      // A page that has begun can read its scripts: whatever it fails to read later is none.
      over = true;
      notice(false);
      clearInterval(timer);
    } else if (failed || Date.now() - last > WAIT) notice(true);
  }

  function isEntry(target) {
    return target && entries().indexOf(target) >= 0;
  }

  w.addEventListener(
    "error",
    function (event) {
      if (over) return;
      if (isEntry(event.target)) failed = true;
      else if (event.error && event.error.name === "SyntaxError") failed = true;
      else if (/\/static\//.test(event.filename)) threw = true;
      if (failed) look();
    },
    true,
  );
  d.addEventListener(
    "load",
    function (event) {
      if (event.target.tagName !== "SCRIPT" || event.target.type !== "module") return;
      // What threw while it began has no other chance to begin.
      if (threw && isEntry(event.target)) failed = true;
      threw = false;
      ended.push(event.target);
      last = Date.now();
      look();
    },
    true,
  );
  w.addEventListener("unhandledrejection", function (event) {
    if (over || !event.reason || event.reason.name !== "SyntaxError") return;
    failed = true;
    look();
  });
  d.addEventListener("click", function (event) {
    if (!event.target.hasAttribute("data-too-old-close")) return;
    closed = true;
    notice(false);
  });
  d.addEventListener("DOMContentLoaded", look);
  var timer = setInterval(look, 500);

  if (!own || !("noModule" in own)) failed = true;
  // What browsers of the floor lack, each newer than the ones before it in every browser.
  else if (!w.AbortSignal || !AbortSignal.timeout || !("inert" in own) || !Array.prototype.findLast)
    ["methods", "dialog", "flex-gap", "grid-tracks"].forEach(function (name) {
      d.write('<script src="' + own.getAttribute("data-old") + name + '.js"></' + "script>");
    });
})(document, window);
