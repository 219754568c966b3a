// Making elements, and putting a fresh picture in place of an old one without taking focus or typed text away.

import { w } from "./words.js";

/** An element. `props`: `class`, `on` (listeners), `data`, and attributes; false, null and undefined leave one out. */
export function el(name, props = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (key === "class") node.className = value;
    else if (key === "on") for (const [event, heard] of Object.entries(value)) node.addEventListener(event, heard);
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key === "value") node.value = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Show `items` ({key, print, make}) in a container: what has the same key and print stays as it is. */
export function patch(container, items) {
  const focus = focusIn(container);
  const old = new Map([...container.children].map((node) => [node.dataset.key, node]));
  const fresh = items.map((item) => {
    const before = old.get(item.key);
    if (before !== undefined && before.print === item.print) return before;
    const node = item.make();
    node.dataset.key = item.key;
    node.print = item.print;
    return node;
  });
  const kept = new Set(fresh);
  for (const node of old.values()) if (!kept.has(node)) node.remove();
  fresh.forEach((node, index) => {
    if (container.children[index] !== node) container.insertBefore(node, container.children[index] ?? null);
  });
  restore(focus);
}

function focusIn(container) {
  const active = document.activeElement;
  if (!active?.id || !container.contains(active)) return null;
  let range = null;
  try {
    range = [active.selectionStart, active.selectionEnd];
  } catch {
    // An input of a kind that has no text selection.
  }
  return { id: active.id, range, container: container.closest("[tabindex]") ?? container };
}

function restore(focus) {
  if (focus === null || document.activeElement?.id === focus.id) return;
  const node = document.getElementById(focus.id);
  // What was pressed may be gone, as a decided card's buttons are: the keyboard goes on from where they stood.
  (node ?? focus.container).focus({ preventScroll: true });
  if (node !== null && focus.range !== null && typeof focus.range[0] === "number") {
    try {
      node.setSelectionRange(...focus.range);
    } catch {
      // As above.
    }
  }
}

/** A failure or piece of news, shown for a while. */
export function toast(text) {
  const place = document.getElementById("toasts");
  const node = el("p", { class: "toast" }, text, " ", el("button", { type: "button", on: { click: () => node.remove() } }, w("Dismiss")));
  place.append(node);
  setTimeout(() => node.remove(), 12_000);
}

/** Ask in a dialog of the browser; resolves to whether the person agreed. */
export function ask({ title, content, yes, no, danger = false }) {
  return new Promise((resolve) => {
    const dialog = el(
      "dialog",
      { class: "asked", "aria-label": title, on: { close: () => (resolve(dialog.returnValue === "yes"), dialog.remove()) } },
      el("h3", {}, title),
      el("div", {}, content),
      el(
        "p",
        { class: "buttons" },
        el("button", { type: "button", on: { click: () => dialog.close("no") } }, no),
        el("button", { type: "button", class: danger ? "danger" : "primary", on: { click: () => dialog.close("yes") } }, yes),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
