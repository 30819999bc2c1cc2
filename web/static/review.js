// The review: prints.

document.querySelector("[data-print]").addEventListener("click", () => window.print());
