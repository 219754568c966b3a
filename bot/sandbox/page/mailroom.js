// The mail room: everybody's mailbox side by side, reading, bouncing, leaving by one click, and writing.

import { get, post } from "./api.js";
import { el, patch, toast } from "./dom.js";
import { withLinks } from "./mrkdwn.js";
import { locale, w } from "./words.js";

const byId = (id) => document.getElementById(id);
const boxes = new Map();
const opened = new Set();

/** Fetch what is new and draw every mailbox that holds mail. */
export async function refreshMail(world) {
  const { mailboxes } = await get("mailboxes");
  await Promise.all(
    mailboxes.map(async (box) => {
      if ((boxes.get(box.address)?.mails.length ?? 0) === box.count) return;
      const { mails } = await get(`mailbox?address=${encodeURIComponent(box.address)}`);
      boxes.set(box.address, { mails });
    }),
  );
  const full = mailboxes.filter((box) => box.count);
  patch(byId("mailboxes"), full.map((box) => ({ key: box.address, print: String(box.count), make: () => mailbox(world, box) })));
  const empty = mailboxes.filter((box) => !box.count).map((box) => ownerOf(world, box));
  byId("no-mail").hidden = full.length > 0;
  byId("empty-boxes").textContent = full.length && empty.length ? w("Nothing yet for {people}.", { people: new Intl.ListFormat(locale()).format(empty) }) : "";
}

function mailbox(world, box) {
  const { mails } = boxes.get(box.address);
  const name = ownerOf(world, box);
  return el(
    "section",
    { class: "mailbox", "aria-label": w("Mailbox of {address}", { address: box.address }) },
    el("h3", {}, el("span", {}, name), el("span", { class: "count", title: w("Mails") }, String(mails.length)), el("small", {}, box.person ? box.address : w("outside the workspace"))),
    el("ul", {}, mails.toReversed().map((mail) => el("li", {}, row(mail)))),
  );
}

const ownerOf = (world, box) => (box.person && world.names.person(box.person)) || box.address;

function row(mail) {
  const at = new Date(mail.at * 1000).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });
  return el(
    "button",
    { type: "button", class: opened.has(mail.id) ? "mail" : "mail new", id: `mail/${mail.id}`, on: { click: () => read(mail.id) } },
    el("span", { class: "from" }, mail.from.replace(/\s*<[^>]*>$/, "").replace(/^"|"$/g, "")),
    el("time", {}, at),
    el("span", { class: "subject" }, mail.subject || w("(no subject)")),
  );
}

// ---------------------------------------------------------------- one mail

async function read(id) {
  const mail = await get(`mail/${id}`).catch((error) => (toast(error.message), null));
  if (mail === null) return;
  opened.add(id);
  byId(`mail/${id}`)?.classList.remove("new");
  const answer = el("p", { role: "status", class: "answer" });
  const press = (label, work) => el("button", { type: "button", on: { click: () => work().then((said) => (answer.textContent = said), (error) => (answer.textContent = error.message)) } }, label);
  const dialog = el(
    "dialog",
    { class: "letter", "aria-label": mail.subject, on: { close: () => dialog.remove() } },
    el("h3", {}, mail.subject || w("(no subject)")),
    el("dl", {}, ["From", "To", "Reply-To", "Date"].flatMap((name) => headerOf(mail, name)), el("dt", {}, w("Envelope")), el("dd", {}, `${mail.mail_from || "<>"} → ${mail.recipient}`)),
    el("div", { class: "mail-text" }, withLinks(mail.text)),
    mail.attachments.length > 0 && el("ul", {}, mail.attachments.map((one) => el("li", {}, w("Attached: {name} ({type}, {size} bytes)", one)))),
    el("details", {}, el("summary", {}, w("All {n} header fields", { n: mail.headers.length })), el("pre", {}, mail.headers.map(([name, value]) => `${name}: ${value}\n`))),
    answer,
    el(
      "p",
      { class: "buttons" },
      el("a", { href: `/pocket/mail/${id}/raw`, target: "_blank", rel: "noopener" }, w("As received")),
      mail.can_leave && press(w("Leave by one click"), async () => code(await post("one-click", { mail: id }))),
      mail.mail_from && press(w("Bounce it"), async () => reply(await post("bounce", { mail: id }))),
      el("button", { type: "button", on: { click: () => (dialog.close(), answerTo(mail)) } }, w("Reply")),
      el("button", { type: "button", class: "primary", on: { click: () => dialog.close() } }, w("Close")),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function headerOf(mail, name) {
  return mail.headers.filter(([own]) => own.toLowerCase() === name.toLowerCase()).flatMap(([own, value]) => [el("dt", {}, own), el("dd", {}, value)]);
}

const code = (said) => (said.ok ? w("Done: this person gets no more of it.") : `HTTP ${said.code}: ${said.text}`);

function reply(said) {
  const one = Object.entries(said.recipients).map(([address, heard]) => `${address}: ${heard}`);
  return [`${said.ok ? w("Taken") : w("Refused ({stage})", said)}: ${said.code} ${said.text}`, ...(one.length > 1 || !said.ok ? one : [])].join("\n");
}

// ---------------------------------------------------------------- writing

const WAYS = [
  ["member", "As this person"],
  ["pretend", "Pretending to be them"],
  ["stranger", "As a stranger"],
];

/** Build the form. Call once, when the people are known. */
export function prepareCompose(world) {
  const writers = [...world.people.values()].filter((person) => person.email);
  const author = el("select", { id: "mail-author" }, writers.map((person) => el("option", { value: person.id }, `${person.real_name} <${person.email}>`)));
  const stranger = el("input", { id: "mail-stranger", value: "Eve <eve@example.net>" });
  const who = el("div", { class: "field" }, el("label", { for: "mail-author" }, w("From")), author);
  const other = el("div", { class: "field", hidden: true }, el("label", { for: "mail-stranger" }, w("From")), stranger);
  const ways = WAYS.map(([value, label]) => el("label", { class: "tick" }, el("input", { type: "radio", name: "way", value, checked: value === "member" }), w(label)));
  const answer = el("p", { role: "status", class: "answer", id: "mail-answer" });
  const form = byId("compose-form");
  const way = () => form.elements.way.value;
  form.append(
    el("fieldset", { class: "ways" }, el("legend", { class: "unseen" }, w("How")), ways),
    who,
    other,
    field("mail-to", w("To"), el("input", { placeholder: "group@groups.example.org" })),
    field("mail-subject", w("Subject"), el("input")),
    field("mail-body", w("Text"), el("textarea", { rows: 3 })),
    el("p", { class: "buttons" }, answer, el("button", { type: "submit", class: "primary" }, w("Mail it"))),
  );
  form.addEventListener("change", () => {
    who.hidden = way() === "stranger";
    other.hidden = !who.hidden;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    answer.textContent = "…";
    const to = byId("mail-to").value.split(",").map((one) => one.trim()).filter(Boolean);
    const body = { author: way() === "stranger" ? stranger.value : author.value, to, verdict: way(), subject: byId("mail-subject").value, body: `${byId("mail-body").value}\n` };
    answer.textContent = await post("compose", body).then(reply, (error) => error.message);
  });
}

function field(id, label, input) {
  input.id = id;
  return el("div", { class: "field" }, el("label", { for: id }, label), input);
}

function answerTo(mail) {
  const find = (name) => mail.headers.find(([own]) => own.toLowerCase() === name)?.[1];
  const address = /<([^>]+)>/.exec(find("reply-to") ?? mail.from)?.[1] ?? find("reply-to") ?? mail.from;
  byId("compose").open = true;
  byId("mail-to").value = address;
  byId("mail-subject").value = /^re:/i.test(mail.subject) ? mail.subject : `Re: ${mail.subject}`;
  byId("mail-body").focus();
}
