// The tour as a list that one clicks through oneself: a step is ticked when the workspace shows that it is done.

import { get } from "./api.js";
import { el, patch } from "./dom.js";
import { language, w } from "./words.js";

const byId = (id) => document.getElementById(id);
const SINCE = "tour-since";

// Who does it, where it is seen, and which half of the page that is; `box` is the line that says it.
const STEPS = [
  { id: "create", as: "U0ADA", in: "C0GENERAL", does: "As Ada, type {line} in #general, go through its three steps with #reports and #moderators as channels, and press the last button.", line: "create" },
  { id: "ask", as: "U0MARGARET", in: "C0GENERAL", does: "As Margaret, type {line} and the new group's address in #general.", line: "join" },
  { id: "approve", as: "U0ADA", in: "C0MODERATORS", does: "As Ada, press Approve on the card in #moderators." },
  { id: "mail", mail: "compose", does: "In the mail room, write to the group's address as somebody who is in it." },
  { id: "report", as: "U0ADA", in: "C0REPORTS", does: "In #reports, see the report grow until every copy is counted." },
  { id: "arrive", mail: "mailboxes", does: "In the mail room, see one copy in every contact's mailbox." },
  { id: "discard", as: "U0ADA", in: "C0MODERATORS", does: "Write to the group as a stranger, and as Ada press Discard on the card in #moderators." },
  { id: "leave", mail: "mailboxes", does: "Open a copy in the mail room, and press its button for leaving by one click." },
];

let way = null;

/** Listen to the list. `ways` are how a person, a place or a half of the page is brought forward. */
export function prepareTour(world, ways) {
  way = ways;
  byId("tour-again").addEventListener("click", async () => {
    localStorage.removeItem(SINCE);
    await way.tour();
  });
}

/** Ask what is done and draw the list. What was done before the page was first here counts for nothing. */
export async function freshTour(world) {
  const since = localStorage.getItem(SINCE) ?? "";
  const { now, done } = await get(`checklist?since=${since}`);
  if (since === "") localStorage.setItem(SINCE, String(now));
  byId("tour-count").textContent = w("({n} of {all} done)", { n: done.length, all: STEPS.length });
  patch(byId("tour-steps"), STEPS.map((step) => ({ key: step.id, print: `${done.includes(step.id)} ${language()}`, make: () => drawn(world, step, done.includes(step.id)) })));
}

function drawn(world, step, done) {
  const does = w(step.does, { line: `${world.info.command} ${step.line}` });
  return el(
    "li",
    { class: done ? "done" : "" },
    el("span", { class: "tick-mark", "aria-hidden": "true" }, done ? "✓" : "○"),
    el("span", { id: `tour/${step.id}/does` }, does, " ", el("strong", { class: "unseen" }, done ? w("Done.") : w("To do."))),
    el("button", { type: "button", id: `tour/${step.id}`, "aria-label": w("Show me step {n}", { n: STEPS.indexOf(step) + 1 }), "aria-describedby": `tour/${step.id}/does`, on: { click: () => show(step) } }, w("Show me")),
  );
}

async function show(step) {
  if (step.mail) {
    way.show(document.body.dataset.shows === "slack" ? "both" : document.body.dataset.shows);
    if (step.mail === "compose") byId("compose").open = true;
    const place = step.mail === "compose" ? byId("mail-to") : (document.querySelector("#mailboxes button") ?? byId("mail-to"));
    place.scrollIntoView({ block: "nearest" });
    place.focus();
    return;
  }
  way.show(document.body.dataset.shows === "mail" ? "both" : document.body.dataset.shows);
  await way.be(step.as);
  way.go(step.in);
  (byId("say").hidden ? byId("messages") : byId("say-text")).focus();
}
