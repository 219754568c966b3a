// The page's own words in the language it is switched to; what is in English is its own name for itself.

import { get } from "./api.js";

const LOCALES = { en: "en-GB", fr: "fr-FR" };
let table = {};
let spoken = "en";

/** The page's language, `en` or `fr`. */
export const language = () => spoken;

/** The locale that times and lists are written by. */
export const locale = () => LOCALES[spoken];

/** A text of the page in its language, with `{name}` filled from `values`. */
export function w(text, values = {}) {
  return (table[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Switch the page, before anything is drawn: what stands in index.html is put into the language at once. */
export async function speak(wanted) {
  spoken = wanted in LOCALES ? wanted : "en";
  table = (await get(`words?language=${spoken}`)).words;
  document.documentElement.lang = spoken;
  document.title = w(document.title);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const words = node.data.trim();
    if (words) node.data = node.data.replace(words, () => w(words));
  }
  for (const node of document.querySelectorAll("[aria-label]")) node.setAttribute("aria-label", w(node.getAttribute("aria-label")));
}
