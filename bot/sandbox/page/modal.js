// The modal in front of a person: over their half of the page alone, so that another person can be acted as meanwhile.

import { draw } from "./blocks.js";
import { el, patch, toast } from "./dom.js";
import { deed, flush, placeOf } from "./place.js";

const edits = new Map();
let shown = null;

/** Show the modal of `world.state`, or none. */
export function drawModal(world) {
  const { modal } = world.state;
  const stage = document.getElementById("modals");
  document.getElementById("room").inert = modal !== null;
  if (modal === null) {
    if (shown !== null) document.getElementById("say-text").focus({ preventScroll: true });
    shown = null;
    edits.clear();
    stage.replaceChildren();
    return;
  }
  const { view, stack } = modal;
  const step = `${world.me}/${view.id}/${view.callback_id}`;
  const fresh = shown !== step;
  if (fresh) edits.clear();
  shown = step;
  patch(stage, [{ key: step, print: JSON.stringify([view, stack]), make: () => dialog(world, view, stack) }]);
  if (fresh) focusFirst(stage);
}

function focusFirst(stage) {
  const field = stage.querySelector(".modal-body :is(input, select, textarea)");
  (field ?? stage.querySelector("[role=dialog]")).focus({ preventScroll: true });
}

function dialog(world, view, stack) {
  const place = placeOf(world, { where: { view: view.id }, prefix: view.id, values: view.values, errors: view.errors, edits });
  const person = world.me;
  const close = (all) => deed("close", { person, all });
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    button.textContent = "…";
    await flush(place);
    const answer = await deed("submit", { person });
    button.disabled = false;
    button.textContent = view.submit.text;
    if (answer?.errors) document.querySelector(".modal-body [aria-invalid]")?.focus();
    else if (answer?.detail) toast(answer.detail);
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
      on: { submit, keydown: (event) => event.key === "Escape" && close(false) },
    },
    el(
      "div",
      { class: "modal-head" },
      el("h2", { id: "modal-title" }, view.title?.text ?? ""),
      stack > 1 && el("span", { class: "stack" }, `${stack} of at most 3`),
      el("button", { type: "button", class: "quiet", "aria-label": "Close", on: { click: () => close(true) } }, "×"),
    ),
    el("div", { class: "modal-body" }, draw(view.blocks, place)),
    view.trouble && el("p", { class: "error", role: "alert" }, view.trouble),
    el(
      "div",
      { class: "modal-foot" },
      el("button", { type: "button", on: { click: () => close(false) } }, view.close?.text ?? (view.submit ? "Cancel" : "Close")),
      button,
    ),
  );
}
