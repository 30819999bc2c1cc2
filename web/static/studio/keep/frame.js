// The bar of the studio on a narrow screen: the tab of this page stands where it can be seen.

const tab = document.querySelector(".studio-tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.clientWidth / 2 + tab.offsetWidth / 2;
