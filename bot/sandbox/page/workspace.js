// The Slack half: people to act as, channels, messages, App Home, and the box that takes messages and slash commands.

import { draw } from "./blocks.js";
import { el, patch, toast } from "./dom.js";
import { drawModal } from "./modal.js";
import { mrkdwn } from "./mrkdwn.js";
import { deed, placeOf } from "./place.js";
import { replyAt, rootOf, threaded, withBox } from "./thread.js";
import { heard, locale, w } from "./words.js";

const SLACK = "USLACKBOT"; // Slack itself, which speaks its reader's language

const byId = (id) => document.getElementById(id);
const edits = new Map();
const seen = new Map();

/** Listen to the half's own controls. `go(place)` shows a channel id or "home"; `be(person)` acts as another. */
export function prepare(world, go, be) {
  byId("act-as").addEventListener("change", (event) => be(event.target.value));
  byId("say").addEventListener("submit", async (event) => {
    event.preventDefault();
    const box = byId("say-text");
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    const body = { person: world.me, channel: world.place, text };
    const answer = await deed(text.startsWith("/") ? "command" : "say", body);
    if (answer === null) box.value = text;
    else if (answer.detail) toast(answer.detail);
  });
  world.go = go;
  const log = byId("messages");
  log.addEventListener("scroll", () => (log.dataset.end = String(distance(log) < 60)));
  new ResizeObserver(() => log.dataset.end === "true" && (log.scrollTop = log.scrollHeight)).observe(log);
}

const distance = (log) => log.scrollHeight - log.scrollTop - log.clientHeight;

/** Draw the half as `world` is now. */
export function drawWorkspace(world) {
  if (!world.channel()) world.place = world.state.channels.find((channel) => channel.member)?.id;
  drawPeople(world);
  drawChannels(world);
  drawRoom(world);
  drawModal(world);
  drawFailures(world);
}

function drawPeople(world) {
  const people = [...world.people.values()].filter((person) => !person.bot && !person.deactivated);
  const select = byId("act-as");
  patch(select, people.map((person) => ({ key: person.id, print: person.real_name, make: () => el("option", { value: person.id }, person.real_name) })));
  select.value = world.me;
  const { me } = world.state;
  const part = w(me.owner ? "owner" : me.admin ? "admin" : me.guest ? "guest" : "member");
  byId("whoami").textContent = `${part} · ${me.email ?? w("no e-mail address")}`;
}

/** A channel's name with its sign. */
function named(channel) {
  if (channel.kind === "im") return [el("img", { class: "icon", src: "icon.svg", alt: "" }), "Postroom"];
  const closed = channel.kind === "private_channel";
  return [closed ? el("span", { class: "lock", role: "img", "aria-label": w("private") }) : "#", channel.name];
}

function drawChannels(world) {
  const { channels, messages } = world.state;
  const row = (channel) => {
    const newest = messages[channel.id]?.at(-1)?.ts ?? "0";
    const mark = `${world.me} ${channel.id}`;
    if (!seen.has(mark) || channel.id === world.place) seen.set(mark, newest);
    const unread = seen.get(mark) < newest;
    const current = channel.id === world.place;
    return {
      key: channel.id,
      print: JSON.stringify([channel, unread, current]),
      make: () =>
        el(
          "li",
          {},
          el(
            "button",
            {
              type: "button",
              id: `channel/${channel.id}`,
              class: [channel.member ? "" : "outside", unread ? "unread" : ""].join(" "),
              "aria-current": current ? "page" : null,
              on: { click: () => world.go(channel.id) },
            },
            named(channel),
            unread && el("span", { class: "unseen" }, ` ${w("(unread)")}`),
          ),
        ),
    };
  };
  const open = channels.filter((channel) => !channel.archived);
  patch(byId("channels"), open.filter((channel) => channel.kind !== "im").map(row));
  patch(byId("apps"), open.filter((channel) => channel.kind === "im").map(row));
}

// ---------------------------------------------------------------- what is open

function drawRoom(world) {
  const channel = world.channel();
  const app = channel.kind === "im";
  const home = app && world.tab === "home";
  byId("room-name").replaceChildren(...named(channel));
  patch(byId("room-tabs"), app ? ["home", "messages"].map((tab) => tabOf(world, channel, tab)) : []);
  byId("messages").hidden = home;
  byId("home").hidden = !home;
  byId("say").hidden = home || !channel.member;
  byId("say-text").placeholder = w("Message {place}, or {command}", { place: app ? "Postroom" : `#${channel.name}`, command: `${world.info.command} help` });
  drawJoin(world, channel, home);
  if (home) drawHome(world);
  else drawMessages(world, channel);
}

function tabOf(world, channel, tab) {
  const current = world.tab === tab;
  const title = tab === "home" ? w("Home") : w("Messages");
  const make = () => el("button", { type: "button", id: `tab/${tab}`, "aria-pressed": String(current), on: { click: () => world.go(channel.id, tab) } }, title);
  return { key: tab, print: `${channel.id} ${current}`, make };
}

function drawJoin(world, channel, home) {
  const place = byId("join");
  place.hidden = home || channel.member;
  const join = () => deed("join", { person: world.me, channel: channel.id });
  if (!place.hidden) place.replaceChildren(`${w("You are not in this channel.")} `, el("button", { type: "button", on: { click: join } }, w("Join")));
}

function drawHome(world) {
  const view = world.state.home;
  if (view === null) {
    byId("home").replaceChildren(el("div", { class: "empty" }, el("p", {}, w("Postroom is drawing this page …"))));
    return;
  }
  const place = placeOf(world, { where: { home: true }, prefix: view.id, values: view.values, errors: view.errors, edits });
  patch(byId("home"), [{ key: view.id, print: JSON.stringify(view), make: () => el("div", { class: "home" }, draw(view.blocks, place)) }]);
}

function drawMessages(world, channel) {
  const log = byId("messages");
  const list = threaded(world.state.messages[channel.id] ?? []);
  const moved = log.dataset.channel !== `${world.me}/${channel.id}`;
  const atEnd = moved || distance(log) < 60;
  log.dataset.channel = `${world.me}/${channel.id}`;
  const items = list.map((message) => ({
    key: message.ts,
    print: JSON.stringify([world.me, message]),
    make: () => drawMessage(world, message),
  }));
  if (!items.length) items.push({ key: "none", print: channel.id, make: () => emptyRoom(world, channel) });
  patch(log, withBox(world, channel, list, items));
  if (atEnd) log.scrollTop = log.scrollHeight;
}

/** What a newcomer may try where nothing was said: each command is put into the box, and sent by the person. */
function emptyRoom(world, channel) {
  const command = (words) => {
    const line = `${world.info.command} ${words}`;
    const put = () => ((byId("say-text").value = line), byId("say-text").focus());
    return el("button", { type: "button", class: "command", on: { click: put } }, line);
  };
  return el(
    "div",
    { class: "empty" },
    el("h3", {}, named(channel)),
    el("p", {}, w("Nothing has been said here yet.")),
    channel.member && el("p", {}, w("To make a group, to see which there are, and for help:"), " ", command("create"), " ", command("list"), " ", command("help")),
  );
}

function drawMessage(world, message) {
  const reply = rootOf(message) !== message.ts;
  const name = message.author === SLACK ? "Slackbot" : (world.names.person(message.author) ?? message.author);
  const place = placeOf(world, {
    where: { channel: message.channel, ts: message.ts },
    prefix: `${message.channel}/${message.ts}`,
    values: message.values,
    edits,
  });
  const at = new Date(Number(message.ts) * 1000);
  const attached = message.attachments.map((one) => el("div", { class: "attached" }, one.blocks ? draw(one.blocks, place) : mrkdwn(one.text ?? one.fallback ?? "", world.names)));
  return el(
    "article",
    { class: ["message", reply ? "reply" : "", message.ephemeral ? "ephemeral" : ""].join(" "), "data-ts": message.ts },
    face(message, name),
    el(
      "div",
      { class: "said" },
      message.ephemeral && el("p", { class: "only" }, w("Only visible to you")),
      el(
        "p",
        { class: "by" },
        el("strong", {}, name),
        message.by_bot && el("span", { class: "badge" }, w("APP")),
        el("time", { datetime: at.toISOString() }, at.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" })),
        message.edited && el("span", { class: "edited" }, w("(edited)")),
        !message.ephemeral && replyAt(world, message),
        !message.ephemeral && shortcutsAt(world, message),
      ),
      message.blocks.length ? draw(message.blocks, place) : el("p", { class: "text" }, mrkdwn(message.author === SLACK ? heard(message.text) : message.text, world.names)),
      attached,
      message.files.map((file) => el("p", { class: "attached" }, el("a", { href: `/pocket/file/${file.id}`, download: file.name }, file.title), ` ${w("({size} bytes)", { size: file.size })}`)),
    ),
  );
}

/** What the app offers at a message, as Slack does in the menu of each. */
function shortcutsAt(world, message) {
  const offered = world.info.shortcuts.filter((shortcut) => shortcut.kind === "message");
  const use = async (shortcut, menu) => {
    menu.open = false;
    await deed("shortcut", { person: world.me, callback_id: shortcut.callback_id, channel: message.channel, ts: message.ts });
  };
  const menu = el(
    "details",
    { class: "overflow" },
    el("summary", { id: `shortcuts/${message.channel}/${message.ts}`, "aria-label": w("More actions at this message") }, "⋯"),
    el("ul", {}, offered.map((shortcut) => el("li", {}, el("button", { type: "button", on: { click: () => use(shortcut, menu) } }, shortcut.name)))),
  );
  return menu;
}

function face(message, name) {
  if (message.by_bot) return el("img", { class: "face", src: "icon.svg", alt: "" });
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 0);
  return el("span", { class: "face", "aria-hidden": "true", style: `--hue: ${hue}` }, name[0]);
}

function drawFailures(world) {
  const { failures } = world.state;
  const known = world.failuresSeen.get(world.me);
  for (const failure of known === undefined ? [] : failures.slice(known)) toast(failure.detail ? `${heard(failure.text)} – ${failure.detail}` : heard(failure.text));
  world.failuresSeen.set(world.me, failures.length);
}
