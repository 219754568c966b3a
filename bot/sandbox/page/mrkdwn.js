// Slack's text objects as DOM nodes. Nothing here ever becomes HTML: every piece ends as a text node.

import { el } from "./dom.js";
import { locale, w } from "./words.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const SAFE = /^(https?:\/\/|mailto:)/i;
const EMOJI = new Map([
  ["white_check_mark", "✔"], ["hourglass", "⏳"], ["warning", "⚠"], ["x", "✖"], ["octagonal_sign", "■"], ["file_cabinet", "▤"],
]);
const INLINE = /<([^<>\n]+)>|:([a-z0-9_+-]+):|`([^`\n]+)`|(?<![\w*])\*(?=\S)([^*\n]*?\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^_\n]*?\S)_(?![\w_])|(?<![\w~])~(?=\S)([^~\n]*?\S)~(?![\w~])/;

const decoded = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

/** A link, or its bare text when it leads nowhere a person may go. */
export function link(url, children) {
  return SAFE.test(url) ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, children) : el("span", {}, children);
}

/** A text object (plain_text or mrkdwn) as nodes. `names` gives {person(id), team(id), channel(id)}. */
export function text(object, names) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text, names) : lines([object.text]);
}

/** An emoji by its name in Slack, drawn with what every machine's letters have; null for one not drawn here. */
export function emoji(name) {
  return EMOJI.has(name) ? el("span", { class: `emoji ${name}`, role: "img", "aria-label": name.replaceAll("_", " ") }, EMOJI.get(name)) : null;
}

/** mrkdwn source as nodes. */
export function mrkdwn(source, names) {
  const nodes = [];
  source.split(/```\n?/).forEach((part, index) => {
    if (index % 2) nodes.push(el("pre", {}, decoded(part.replace(/\n$/, ""))));
    else if (part) nodes.push(...quoted(part, names));
  });
  return nodes;
}

function quoted(source, names) {
  const nodes = [];
  let quote = [];
  const rows = source.split("\n");
  const end = () => {
    if (quote.length) nodes.push(el("blockquote", {}, inline(quote.join("\n"), names)));
    quote = [];
  };
  let plain = [];
  const flow = () => {
    if (plain.length) nodes.push(...inline(plain.join("\n"), names));
    plain = [];
  };
  for (const row of rows) {
    const match = /^(?:&gt;|>) ?(.*)$/.exec(row);
    if (match) {
      flow();
      quote.push(match[1]);
    } else {
      end();
      plain.push(row);
    }
  }
  end();
  flow();
  return nodes;
}

function inline(source, names) {
  const nodes = [];
  let rest = source;
  for (let match = INLINE.exec(rest); match !== null; match = INLINE.exec(rest)) {
    nodes.push(...lines([decoded(rest.slice(0, match.index))]));
    const [whole, angle, symbol, code, bold, italic, struck] = match;
    if (angle !== undefined) nodes.push(token(angle, names));
    else if (symbol !== undefined) nodes.push(emoji(symbol) ?? whole);
    else if (code !== undefined) nodes.push(el("code", {}, inline(code, names)));
    else if (bold !== undefined) nodes.push(el("strong", {}, inline(bold, names)));
    else if (italic !== undefined) nodes.push(el("em", {}, inline(italic, names)));
    else nodes.push(el("s", {}, inline(struck, names)));
    rest = rest.slice(match.index + match[0].length);
  }
  nodes.push(...lines([decoded(rest)]));
  return nodes;
}

function lines(texts) {
  return texts.flatMap((whole) =>
    whole.split("\n").flatMap((row, index) => (index ? [el("br"), row] : [row])).filter((node) => node !== ""),
  );
}

function token(inside, names) {
  const [target, label] = split(inside);
  if (target.startsWith("@")) return el("span", { class: "mention" }, `@${names.person(target.slice(1)) ?? label ?? target.slice(1)}`);
  if (target.startsWith("#")) return el("span", { class: "mention" }, `#${names.channel(target.slice(1)) ?? label ?? w("private channel")}`);
  if (target.startsWith("!subteam^")) return el("span", { class: "mention" }, label ?? `@${names.team(target.slice(9)) ?? target.slice(9)}`);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return el("span", { class: "mention" }, label ?? `@${target.slice(1).split("^")[0]}`);
  return link(decoded(target), decoded(label ?? target.replace(/^mailto:/, "")));
}

function split(inside) {
  const bar = inside.indexOf("|");
  return bar < 0 ? [inside, undefined] : [inside.slice(0, bar), inside.slice(bar + 1)];
}

const DAY = { year: "numeric", month: "long", day: "numeric" };
const SHORT = { year: "numeric", month: "short", day: "numeric" };
const LONG = { weekday: "long", ...DAY };
const PARTS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: DAY,
  date_short: SHORT,
  date_long: LONG,
  date_pretty: DAY,
  date_short_pretty: SHORT,
  date_long_pretty: LONG,
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

function date(target, fallback) {
  const [, seconds, format] = target.split("^");
  const when = new Date(Number(seconds) * 1000);
  if (Number.isNaN(when.getTime()) || format === undefined) return el("span", {}, fallback ?? "");
  const shown = format.replace(/\{(\w+)\}/g, (whole, part) =>
    PARTS[part] ? ((part.endsWith("_pretty") && near(when)) || new Intl.DateTimeFormat(locale(), PARTS[part]).format(when)) : whole,
  );
  return el("time", { datetime: when.toISOString(), title: fallback }, shown);
}

/** "yesterday", "today" or "tomorrow", as Slack's pretty dates say them; "" for any other day. */
function near(when) {
  const [day, today] = [when, new Date()].map((date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()));
  const days = Math.round((day - today) / 86_400_000);
  return Math.abs(days) > 1 ? "" : new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(days, "day");
}

/** A mail's text: its web links lead there, everything else is as written. */
export function withLinks(source) {
  return source.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) => (index % 2 ? link(part, part) : part));
}
