import "../support/chinese-page.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { inWords, pathOf } from "../../../web/static/lib/format/divisions.js";
import { wrongField } from "../../../web/static/lib/format/staff-sentences.js";
import {
  day,
  kilograms,
  listed,
  money,
  perKilogram,
  weight,
} from "../../../web/static/lib/format/format.js";
import { n, text } from "../../../web/static/lib/words.js";

test("a weight is in jin, with kilograms behind it", () => {
  assert.equal(weight(300), "300 克");
  assert.equal(weight(2_500), "5 斤（2.5 公斤）");
  assert.equal(kilograms(412_000), "412 公斤");
});

test("a price per jin is half of that per kilogram", () => {
  assert.equal(perKilogram({ amount: 2_990, currency: "CNY" }, 2_500), "¥5.98/斤");
  assert.equal(money({ amount: 2_990, currency: "CNY" }), "¥29.90");
});

test("no line ends between a day and its weekday", () => {
  assert.equal(day(Date.parse("2026-11-23T12:00:00Z")), "11月23日\u00a0周一");
});

test("names are separated by the Chinese comma", () => {
  assert.equal(listed(["a", "b"]), "a、b");
});

test("a text that lacks one language is shown in the other", () => {
  assert.equal(text({ zh: "金柑", en: "Kumquats" }), "金柑");
  assert.equal(text({ zh: "", en: "Kumquats" }), "Kumquats");
  assert.equal(text({ zh: null, en: null }), "");
  assert.equal(text(undefined), "");
});

test("without a translation the number chooses between the English forms", () => {
  assert.equal(n("%(n)s box", "%(n)s boxes", 1, { n: 1 }), "1 box");
  assert.equal(n("%(n)s box", "%(n)s boxes", 0, { n: 0 }), "0 boxes");
});

test("a division stands in its province; what is no name is left out, a municipality said once", () => {
  const names = {
    350000: "福建省",
    350400: "三明市",
    350426: "尤溪县",
    110000: "北京市",
    110100: "北京市",
    110101: "东城区",
    429000: "省直辖县",
    420000: "湖北省",
    429004: "仙桃市",
  };
  assert.deepEqual(pathOf(names, "350426"), ["福建省", "三明市", "尤溪县"]);
  assert.deepEqual(pathOf(names, "35"), ["福建省"]);
  assert.deepEqual(pathOf(names, "110101"), ["北京市", "东城区"]);
  assert.deepEqual(pathOf(names, "429004"), ["湖北省", "仙桃市"]);
  assert.equal(inWords(["福建省", "三明市"]), "福建省 三明市");
});

test("what the server says in English alone is said in general on a Chinese page", () => {
  const wrong = (code, message = "As it is.") => wrongField({ field: "name", code, message });
  assert.equal(wrong("unheard-of"), "The server didn't accept this. Check it again.");
  assert.equal(wrong("unheard-of", "请再看看。"), "请再看看。");
});
