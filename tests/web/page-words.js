// A page's data for modules that put something into words, without a page.

globalThis.document = {
  getElementById: () => ({
    textContent: JSON.stringify({
      language: "en",
      tag: "en",
      time_zone: "Asia/Shanghai",
      currency: "CNY",
      now: 0,
      words: {},
      data: {},
    }),
  }),
};
