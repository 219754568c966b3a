// Interactive elements: buttons, menus and inputs.
//
// A `place` is where they stand: {prefix (of DOM ids), values (Slack's state.values), errors, names, people, channels,
// edits (Map of what was typed and not told yet), act(block, element, value) -> Promise, options(element, query)}.

import { ask, el } from "./dom.js";
import { text } from "./mrkdwn.js";
import { w } from "./words.js";

export const idOf = (block, element, place) => `${place.prefix}/${block.block_id}/${element.action_id}`.replaceAll(" ", "_");
export const hintId = (id) => `${id}/hint`;
export const errorId = (id) => `${id}/error`;

/** Whether an element is several controls, which need a legend and not a label. */
export function grouped(element) {
  return ["radio_buttons", "checkboxes"].includes(element.type) || element.type.startsWith("multi_");
}

/** One interactive element as a DOM node. */
export function control(block, element, place) {
  const make = MADE[element.type];
  return make ? make(block, element, place) : el("span", { class: "b-context" }, `[${element.type}]`);
}

const MADE = {
  button,
  workflow_button: button,
  overflow,
  plain_text_input: (b, e, p) => typed(b, e, p, e.multiline ? "textarea" : "text"),
  email_text_input: (b, e, p) => typed(b, e, p, "email"),
  url_text_input: (b, e, p) => typed(b, e, p, "url"),
  number_input: (b, e, p) => typed(b, e, p, "number"),
  datepicker: (b, e, p) => typed(b, e, p, "date"),
  file_input: files,
  timepicker: (b, e, p) => typed(b, e, p, "time"),
  radio_buttons: (b, e, p) => ticks(b, e, p, "radio"),
  checkboxes: (b, e, p) => ticks(b, e, p, "checkbox"),
  static_select: (b, e, p) => select(b, e, p, listed(e)),
  users_select: (b, e, p) => select(b, e, p, personOptions(p)),
  channels_select: (b, e, p) => select(b, e, p, channelOptions(e, p)),
  conversations_select: (b, e, p) => select(b, e, p, channelOptions(e, p)),
  external_select: (b, e, p) => external(b, e, p, false),
  multi_static_select: (b, e, p) => several(b, e, p, listed(e)),
  multi_users_select: (b, e, p) => several(b, e, p, personOptions(p)),
  multi_channels_select: (b, e, p) => several(b, e, p, channelOptions(e, p)),
  multi_conversations_select: (b, e, p) => several(b, e, p, channelOptions(e, p)),
  multi_external_select: (b, e, p) => external(b, e, p, true),
};

// ---------------------------------------------------------------- what there is to choose, and what is chosen

const optionOf = (option) => ({ value: option.value, label: option.text.text, more: option.description?.text, object: option });

function listed(element) {
  if (!element.option_groups) return (element.options ?? []).map(optionOf);
  return element.option_groups.flatMap((group) => group.options.map((option) => ({ ...optionOf(option), group: group.label.text })));
}

function personOptions(place) {
  return place.people.filter((person) => !person.deactivated && !person.bot).map((person) => ({ value: person.id, label: person.real_name }));
}

function channelOptions(element, place) {
  const kinds = element.type.endsWith("channels_select") ? ["public"] : (element.filter?.include ?? ["public", "private", "im"]);
  return place.channels
    .filter((channel) => !channel.archived && kinds.includes(channel.kind.replace("_channel", "")))
    .map((channel) => ({ value: channel.id, label: `${channel.kind === "im" ? "@" : "#"}${channel.name}` }));
}

function held(block, element, place) {
  const edit = place.edits.get(idOf(block, element, place));
  if (edit !== undefined) return edit.value;
  const state = place.values?.[block.block_id]?.[element.action_id];
  if (!state) return null;
  const { type, ...rest } = state;
  const value = Object.values(rest)[0] ?? null;
  const bare = (item) => (item !== null && typeof item === "object" ? item.value : item);
  return Array.isArray(value) ? value.map(bare) : bare(value);
}

/** Whether the page shows already what is held for an element; said of what has one plain value alone. */
export function showing(block, element, place) {
  const node = document.getElementById(idOf(block, element, place));
  return node !== null && "value" in node && node.value === (held(block, element, place) ?? "");
}

function tell(block, element, place, value) {
  return place.act(block, element, value);
}

function about(block, element, place) {
  const id = idOf(block, element, place);
  const error = place.errors?.[block.block_id];
  const ids = [block.hint && hintId(id), error && errorId(id)].filter(Boolean).join(" ");
  const name = block.type === "input" ? null : (element.placeholder?.text ?? element.accessibility_label ?? element.action_id);
  return { id, "aria-describedby": ids || null, "aria-invalid": error ? "true" : null, "aria-label": name };
}

// ---------------------------------------------------------------- the kinds

function button(block, element, place) {
  const node = el(
    "button",
    {
      type: "button",
      // Without its block's id, which changes when the app draws Home anew: the keyboard's place outlives that.
      id: [place.prefix, element.action_id, element.value ?? ""].join("/").replaceAll(" ", "_"),
      class: element.style ?? "",
      "aria-label": element.accessibility_label,
      on: { click: () => pressed(node, block, element, place) },
    },
    text(element.text, place.names),
  );
  return node;
}

async function pressed(node, block, element, place) {
  if (node.hasAttribute("aria-disabled")) return;
  if (element.confirm && !(await agreed(element.confirm, place))) return;
  if (element.url && /^https?:/.test(element.url)) window.open(element.url, "_blank", "noopener,noreferrer");
  // Not `disabled`, which would take the keyboard's place in the page away.
  node.setAttribute("aria-disabled", "true");
  try {
    await tell(block, element, place, element.value);
  } finally {
    node.removeAttribute("aria-disabled");
  }
}

function agreed(confirm, place) {
  return ask({
    title: confirm.title.text,
    content: el("p", {}, text(confirm.text, place.names)),
    yes: confirm.confirm.text,
    no: confirm.deny.text,
    danger: confirm.style === "danger",
  });
}

function overflow(block, element, place) {
  const choose = async (option, menu) => {
    menu.open = false;
    if (element.confirm && !(await agreed(element.confirm, place))) return;
    await tell(block, element, place, option.value);
  };
  const menu = el(
    "details",
    { class: "overflow" },
    el("summary", { id: idOf(block, element, place), "aria-label": w("More actions") }, "⋯"),
    el("ul", {}, element.options.map((option) => el("li", {}, el("button", { type: "button", on: { click: () => choose(option, menu) } }, option.text.text)))),
  );
  return menu;
}

function typed(block, element, place, kind) {
  const long = kind === "textarea";
  const id = idOf(block, element, place);
  const node = el(long ? "textarea" : "input", {
    ...about(block, element, place),
    type: long ? null : kind,
    rows: long ? 4 : null,
    step: kind === "number" && element.is_decimal_allowed ? "any" : null,
    maxlength: element.max_length,
    placeholder: element.placeholder?.text,
    value: held(block, element, place) ?? "",
    on: {
      input: () => place.edits.set(id, { block, element, value: node.value }),
      change: () => tell(block, element, place, node.value || null),
    },
  });
  return node;
}

// The browser shows no file that was chosen before a form is drawn anew, so what is held is named beside.
function files(block, element, place) {
  const state = place.values?.[block.block_id]?.[element.action_id];
  const types = element.filetypes?.map((kind) => `.${kind}`).join(",");
  const node = el("input", { ...about(block, element, place), type: "file", accept: types, multiple: (element.max_files ?? 10) > 1, on: { change: chosen } });
  async function chosen() {
    const ids = [];
    for (const file of node.files) {
      const uploaded = await place.attach(file);
      if (uploaded) ids.push(uploaded.id);
    }
    await tell(block, element, place, ids);
  }
  const names = (state?.files ?? []).map((file) => w("{name} ({size} bytes)", file)).join(", ");
  return el("div", { class: "several" }, node, names && el("span", { class: "b-context" }, names));
}

function ticks(block, element, place, kind) {
  const id = idOf(block, element, place);
  const chosen = [held(block, element, place)].flat();
  const boxes = listed(element).map((option, index) =>
    el(
      "label",
      { class: "tick" },
      el("input", { type: kind, id: `${id}/${index}`, name: id, value: option.value, checked: chosen.includes(option.value), on: { change: changed } }),
      el("span", {}, text(option.object.text, place.names), option.more && el("small", {}, option.more)),
    ),
  );
  function changed() {
    const ticked = boxes.map((box) => box.firstChild).filter((box) => box.checked).map((box) => box.value);
    tell(block, element, place, kind === "radio" ? (ticked[0] ?? null) : ticked);
  }
  return el("div", { class: "ticks", id }, boxes);
}

function select(block, element, place, options) {
  const id = idOf(block, element, place);
  const node = el("select", { ...about(block, element, place), on: { change: changed } });
  // What must be chosen cannot be taken back.
  const settle = () => node.value && block.type === "input" && !block.optional && node.options[0].value === "" && node.options[0].remove();
  function changed() {
    settle();
    place.edits.set(id, { block, element, value: node.value });
    tell(block, element, place, node.value || null);
  }
  choices(node, options, element.placeholder?.text ?? w("Choose …"));
  node.value = held(block, element, place) ?? "";
  settle();
  return node;
}

function choices(node, options, first) {
  node.replaceChildren(el("option", { value: "" }, first));
  for (const group of new Set(options.map((option) => option.group))) {
    const inside = options.filter((option) => option.group === group).map((option) => el("option", { value: option.value }, option.label));
    if (group === undefined) node.append(...inside);
    else node.append(el("optgroup", { label: group }, inside));
  }
}

function several(block, element, place, options) {
  const id = idOf(block, element, place);
  let chosen = held(block, element, place) ?? [];
  const chips = el("span", { class: "chips" });
  const adder = el("select", { ...about(block, element, place), "aria-label": w("Add to {what}", { what: block.label?.text ?? w("the choice") }), on: { change: added } });
  const changed = () => {
    place.edits.set(id, { block, element, value: chosen });
    show();
    tell(block, element, place, chosen);
  };
  function added() {
    if (adder.value) chosen = [...chosen, adder.value];
    changed();
  }
  function show() {
    const label = (value) => options.find((option) => option.value === value)?.label ?? place.names.person(value) ?? value;
    chips.replaceChildren(
      ...chosen.map((value) =>
        el("span", { class: "chip" }, label(value), el("button", { type: "button", "aria-label": w("Remove {what}", { what: label(value) }), on: { click: () => ((chosen = chosen.filter((one) => one !== value)), changed()) } }, "×")),
      ),
    );
    choices(adder, options.filter((option) => !chosen.includes(option.value)), element.placeholder?.text ?? w("Add …"));
  }
  show();
  return el("div", { class: "several" }, chips, adder);
}

function external(block, element, place, many) {
  const options = [];
  const current = place.values?.[block.block_id]?.[element.action_id];
  const before = [current?.selected_option ?? current?.selected_options ?? []].flat().filter(Boolean).map(optionOf);
  const box = el("div", { class: "several" });
  const search = el("input", { type: "search", "aria-label": element.placeholder?.text ?? w("Search"), placeholder: element.placeholder?.text ?? w("Search …"), on: { change: look } });
  const show = () => box.replaceChildren(search, (many ? several : select)(block, element, place, [...options, ...before]));
  async function look() {
    const found = await place.options(element, search.value);
    options.splice(0, options.length, ...(found.options ?? []).map(optionOf));
    show();
  }
  show();
  return box;
}
