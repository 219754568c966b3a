// The modal in front of a person: over their half of the page alone, so that another person can be acted as meanwhile.

import { draw } from "./blocks.js";
import { el, patch, toast } from "./dom.js";
import { showing } from "./elements.js";
import { deed, flush, placeOf } from "./place.js";
import { heard, w } from "./words.js";

const edits = new Map();
let shown = null;
let faulted = null;
let opener = null;

/** Listen to the half's keyboard. Call once. */
export function prepareModal(world) {
  const room = document.getElementById("room");
  room.addEventListener("focusin", (event) => (opener = event.target.id || null));
  document.addEventListener("keydown", (event) => {
    const here = event.target === document.body || document.getElementById("slack").contains(event.target);
    if (event.key !== "Escape" || event.defaultPrevented || !here || !world.state?.modal || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    deed("close", { person: world.me, all: false });
  });
}

/** Show the modal of `world.state`, or none. */
export function drawModal(world) {
  const { modal } = world.state;
  const stage = document.getElementById("modals");
  document.getElementById("room").inert = modal !== null;
  if (modal === null) {
    if (shown !== null) focusBack();
    shown = null;
    faulted = null;
    edits.clear();
    stage.replaceChildren();
    return;
  }
  const { view, stack } = modal;
  const step = `${world.me}/${view.id}/${view.callback_id}`;
  const fresh = shown !== step;
  if (fresh) edits.clear();
  shown = step;
  patch(stage, [{ key: step, print: printOf(world, stage.firstElementChild, step, modal), make: () => dialog(world, view, stack) }]);
  stage.firstElementChild.values = view.values;
  if (fresh) focusFirst(stage);
  const faults = JSON.stringify([step, view.errors]);
  if (faults !== faulted && Object.keys(view.errors ?? {}).length) focusFault(stage);
  faulted = faults;
}

// A form is not drawn anew only because what was chosen in it has arrived: that would interrupt who chooses by keys.
function printOf(world, drawn, step, { view, stack }) {
  const head = JSON.stringify([{ ...view, values: null }, stack]);
  const place = placeIn(world, view);
  const news = (block) => JSON.stringify(drawn.values[block.block_id]) !== JSON.stringify(view.values[block.block_id]);
  const same = drawn?.dataset.key === step && drawn.print.startsWith(head);
  if (same && view.blocks.every((block) => !news(block) || (block.element && showing(block, block.element, place)))) return drawn.print;
  return head + JSON.stringify(view.values);
}

function placeIn(world, view) {
  return placeOf(world, { where: { view: view.id }, prefix: view.id, values: view.values, errors: view.errors, edits });
}

function focusBack() {
  const before = opener === null ? null : document.getElementById(opener);
  const places = [before, document.getElementById("say-text"), document.getElementById("messages"), document.getElementById("home")];
  places.find((node) => node?.offsetParent)?.focus({ preventScroll: true });
}

/** What is wrong may stand far below what is seen. */
function focusFault(stage) {
  const block = stage.querySelector(".modal-body .b-input:has(.error)");
  block?.scrollIntoView({ block: "nearest" });
  block?.querySelector("input, select, textarea")?.focus({ preventScroll: true });
}

function focusFirst(stage) {
  const field = stage.querySelector(".modal-body :is(input, select, textarea)");
  (field ?? stage.querySelector("[role=dialog]")).focus({ preventScroll: true });
}

function dialog(world, view, stack) {
  const place = placeIn(world, view);
  const person = world.me;
  const close = (all) => deed("close", { person, all });
  async function submit(event) {
    event.preventDefault();
    if (button.hasAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    faulted = null;
    await flush(place);
    const answer = await deed("submit", { person });
    button.removeAttribute("aria-disabled");
    if (answer?.detail) toast(answer.detail);
  }
  const button = view.submit && el("button", { type: "submit", class: "primary" }, view.submit.text);
  return el(
    "form",
    {
      class: "modal",
      role: "dialog",
      tabindex: "-1",
      novalidate: true,
      "aria-labelledby": "modal-title",
      on: { submit },
    },
    el(
      "div",
      { class: "modal-head" },
      el("h2", { id: "modal-title" }, view.title?.text ?? ""),
      stack > 1 && el("span", { class: "stack" }, w("{n} of at most 3", { n: stack })),
      el("button", { type: "button", class: "quiet", "aria-label": w("Close"), on: { click: () => close(true) } }, "×"),
    ),
    el("div", { class: "modal-body" }, draw(view.blocks, place)),
    view.trouble && el("p", { class: "error", role: "alert" }, heard(view.trouble)),
    el(
      "div",
      { class: "modal-foot" },
      el("button", { type: "button", on: { click: () => close(false) } }, view.close?.text ?? (view.submit ? w("Cancel") : w("Close"))),
      button,
    ),
  );
}
