// Threads: which messages answer which, and the box in which one types under a message.

import { el } from "./dom.js";
import { deed } from "./place.js";
import { w } from "./words.js";

/** The ts of the message whose thread a message belongs to: its own, where it answers none. */
export const rootOf = (message) => message.thread_ts ?? message.ts;

/** Replies right after the message they answer. */
export function threaded(messages) {
  const threads = new Map();
  for (const message of messages) threads.set(rootOf(message), [...(threads.get(rootOf(message)) ?? []), message]);
  return [...threads.values()].flat();
}

/** The button at a message that opens the box. */
export function replyAt(world, message) {
  const open = () => {
    world.thread = { channel: message.channel, root: rootOf(message) };
    world.go(message.channel);
    document.getElementById("reply-text")?.focus();
  };
  return el("button", { type: "button", id: `reply/${message.channel}/${message.ts}`, class: "to-thread", on: { click: open } }, w("Reply in thread"));
}

/** The items to draw, with the box after the last message of the thread it belongs to. */
export function withBox(world, channel, messages, items) {
  const { thread } = world;
  const last = thread?.channel === channel.id && channel.member ? messages.findLastIndex((one) => rootOf(one) === thread.root) : -1;
  if (last < 0) return items;
  return items.toSpliced(last + 1, 0, { key: "reply", print: `${world.me} ${thread.root}`, make: () => box(world, thread) });
}

function box(world, { channel, root }) {
  const text = el("input", { id: "reply-text", autocomplete: "off", "aria-label": w("Reply in thread"), placeholder: w("Reply in thread") });
  const close = () => {
    world.thread = null;
    world.go(channel);
    document.getElementById(`reply/${channel}/${root}`)?.focus();
  };
  const send = async (event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (!said) return;
    text.value = "";
    if ((await deed("say", { person: world.me, channel, text: said, thread_ts: root })) === null) text.value = said;
  };
  return el(
    "form",
    { class: "in-thread", on: { submit: send, keydown: (event) => event.key === "Escape" && close() } },
    text,
    el("button", { class: "primary" }, w("Send")),
    el("button", { type: "button", on: { click: close } }, w("Close")),
  );
}
