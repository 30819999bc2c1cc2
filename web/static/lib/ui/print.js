// Prints the page that the reader sees.

document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
