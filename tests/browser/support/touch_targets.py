"""Touch targets: what on a page is too small for a thumb."""

SMALL_TARGETS = """
() => {
  const small = (length) => Math.round(length) < 48;
  return [...document.querySelectorAll("button, a[href], input, select, textarea")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => !element.closest("p, h3, .skip, .choice, label"))
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([element, box]) => box.width > 1 && (small(box.height) || small(box.width)))
    .map(([element, box]) => `${element.outerHTML.slice(0, 80)} ${box.width}x${box.height}`);
}
"""
