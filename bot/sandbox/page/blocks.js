// Block Kit blocks as DOM nodes.

import { el } from "./dom.js";
import { control, errorId, grouped, hintId, idOf } from "./elements.js";
import { emoji, link, text } from "./mrkdwn.js";
import { heard, locale, w } from "./words.js";

/** Some blocks, as they stand on a message, a modal or Home. `place`: see elements.js. */
export function draw(blocks, place) {
  return blocks.map((block) => (DRAWN[block.type] ?? unknown)(block, place));
}

const DRAWN = {
  header: (block, place) => el("h3", { class: "b-header" }, text(block.text, place.names)),
  divider: () => el("hr"),
  section: (block, place) =>
    el(
      "div",
      { class: "b-section" },
      el(
        "div",
        { class: "b-text" },
        block.text && el("p", {}, text(block.text, place.names)),
        block.fields && el("div", { class: "b-fields" }, block.fields.map((field) => el("p", {}, text(field, place.names)))),
      ),
      block.accessory && el("div", { class: "b-accessory" }, piece(block, block.accessory, place)),
    ),
  context: (block, place) =>
    el(
      "p",
      { class: "b-context" },
      block.elements.map((part) => (part.type === "image" ? picture(part) : el("span", {}, text(part, place.names)))),
    ),
  actions: (block, place) => el("div", { class: "b-actions" }, block.elements.map((part) => piece(block, part, place))),
  context_actions: (block, place) => DRAWN.actions(block, place),
  image: (block, place) => el("figure", {}, picture(block), block.title && el("figcaption", {}, text(block.title, place.names))),
  input: (block, place) => input(block, place),
  rich_text: (block, place) => el("div", { class: "b-rich" }, block.elements.map((part) => rich(part, place))),
  markdown: (block) => el("div", { class: "b-markdown" }, block.text),
  table: (block, place) => table(block, place),
  data_table: (block, place) => paged(block, place),
  data_visualization: (block) => chart(block),
  container: (block, place) => el("div", { class: "b-container" }, draw(block.child_blocks ?? [], place)),
  card: (block, place) =>
    el(
      "div",
      { class: "b-container" },
      block.title && el("strong", {}, text(block.title, place.names)),
      block.body && el("p", {}, text(block.body, place.names)),
      block.actions && DRAWN.actions({ ...block, elements: block.actions }, place),
    ),
};

function unknown(block) {
  return el("p", { class: "b-context" }, `[${block.type}]`);
}

function piece(block, part, place) {
  return part.type === "image" ? picture(part) : control(block, part, place);
}

// The page loads nothing from elsewhere, so a picture of elsewhere is its description.
function picture(part) {
  const own = part.image_url?.startsWith("data:image/") || part.image_url?.startsWith("/");
  return own ? el("img", { src: part.image_url, alt: part.alt_text }) : el("span", { class: "picture", role: "img", "aria-label": part.alt_text }, part.alt_text);
}

function input(block, place) {
  const id = idOf(block, block.element, place);
  const error = place.errors?.[block.block_id];
  const label = [block.label.text, block.optional && el("span", { class: "optional" }, ` ${w("(optional)")}`)];
  const below = [
    block.hint && el("p", { class: "hint", id: hintId(id) }, block.hint.text),
    error && el("p", { class: "error", id: errorId(id), role: "alert" }, heard(error)),
  ];
  const inside = control(block, block.element, place);
  if (grouped(block.element)) {
    return el("fieldset", { class: "b-input", "aria-describedby": described(id, block, error) }, el("legend", {}, label), inside, below);
  }
  return el("div", { class: "b-input" }, el("label", { for: id }, label), inside, below);
}

function described(id, block, error) {
  return [block.hint && hintId(id), error && errorId(id)].filter(Boolean).join(" ") || null;
}

function rich(part, place) {
  const inside = () => part.elements.map((leaf) => (leaf.elements ? rich(leaf, place) : span(leaf, place)));
  if (part.type === "rich_text_list") return el(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((item) => el("li", {}, rich(item, place))));
  if (part.type === "rich_text_preformatted") return el("pre", {}, inside());
  if (part.type === "rich_text_quote") return el("blockquote", {}, inside());
  return el("div", { class: "b-run" }, inside());
}

const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code" };

function span(leaf, place) {
  const said = {
    link: () => link(leaf.url, leaf.text ?? leaf.url),
    user: () => el("span", { class: "mention" }, `@${place.names.person(leaf.user_id) ?? leaf.user_id}`),
    channel: () => el("span", { class: "mention" }, `#${place.names.channel(leaf.channel_id) ?? "private channel"}`),
    emoji: () => emoji(leaf.name) ?? `:${leaf.name}:`,
    date: () => leaf.fallback ?? new Date(leaf.timestamp * 1000).toLocaleString(locale()),
  };
  let node = (said[leaf.type] ?? (() => leaf.text ?? ""))();
  for (const [style, name] of Object.entries(STYLES)) if (leaf.style?.[style]) node = el(name, {}, node);
  return node;
}

// A chart as what a screen reader is told of it: a table of its points, under its title.
function chart(block) {
  const series = block.chart.series ?? [{ name: "", data: block.chart.segments ?? [] }];
  const labels = series[0].data.map((point) => point.label);
  const rows = [["", ...series.map((one) => one.name)], ...labels.map((label, n) => [label, ...series.map((one) => String(one.data[n]?.value ?? ""))])];
  return table({ rows: rows.map((row) => row.map((text) => ({ type: "raw_text", text }))) }, null, block.title);
}

// As many rows at a time as the block says, and Slack's own way to the others.
const ROWS_UNSAID = 5;

function paged(block, place) {
  const [head, ...rows] = block.rows;
  const size = block.page_size ?? ROWS_UNSAID;
  const drawn = (from) => table({ rows: [head, ...rows.slice(from, from + size)] }, place, block.caption);
  if (rows.length <= size) return drawn(0);
  let from = 0;
  const where = el("span", { role: "status" });
  const turn = (to) => {
    if (to < 0 || to >= rows.length) return;
    from = to;
    node.firstChild.replaceWith(drawn(from));
    where.textContent = w("Rows {from} to {to} of {n}", { from: from + 1, to: Math.min(from + size, rows.length), n: rows.length });
  };
  const node = el(
    "div",
    {},
    drawn(0),
    el(
      "p",
      { class: "b-context" },
      el("button", { type: "button", on: { click: () => turn(from - size) } }, w("Previous rows")),
      el("button", { type: "button", on: { click: () => turn(from + size) } }, w("Next rows")),
      where,
    ),
  );
  turn(0);
  return node;
}

function table(block, place, caption) {
  const cell = (part, index) => el(index ? "td" : "th", index ? {} : { scope: "col" }, part.type === "rich_text" ? DRAWN.rich_text(part, place) : (part.text ?? ""));
  return el("table", {}, caption && el("caption", {}, caption), block.rows.map((row, index) => el("tr", {}, row.map((part) => cell(part, index)))));
}
