// The page's own words in the language it is switched to; what is in English is its own name for itself.

import { get } from "./api.js";

const LOCALES = { en: "en-GB", fr: "fr-FR" };
let table = {};
let filled = [];
let spoken = "en";

/** The page's language, `en` or `fr`. */
export const language = () => spoken;

/** The locale that times and lists are written by. */
export const locale = () => LOCALES[spoken];

/** A text of the page in its language, with `{name}` filled from `values`. */
export function w(text, values = {}) {
  return (table[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** What the workspace says by itself, in the page's language: known again also where something is filled in. */
export function heard(text) {
  if (text in table) return w(text);
  for (const [known, form] of filled) {
    const match = text.match(form);
    if (match) return w(known, match.groups);
  }
  return text;
}

const pattern = (text) => new RegExp(`^${text.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>.+)")}$`, "s");

/** Switch the page, before anything is drawn: what stands in index.html is put into the language at once. */
export async function speak(wanted) {
  spoken = wanted in LOCALES ? wanted : "en";
  const found = await get(`words?language=${spoken}`);
  table = found.words;
  filled = found.filled.map((text) => [text, pattern(text)]);
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
