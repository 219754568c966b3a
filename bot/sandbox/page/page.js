// The page: what is shown, kept in the address; drawn afresh whenever the pocket workspace says that something changed.

import { coalesced, get, listen } from "./api.js";
import { toast } from "./dom.js";
import { prepareCompose, refreshMail } from "./mailroom.js";
import { prepareModal } from "./modal.js";
import { deed } from "./place.js";
import { freshTour, prepareTour } from "./tour.js";
import { language, speak, w } from "./words.js";
import { drawWorkspace, prepare } from "./workspace.js";

const world = {
  info: null,
  people: new Map(),
  teams: {},
  state: null,
  me: "U0ADA",
  place: "C0GENERAL",
  tab: "messages",
  thread: null,
  failuresSeen: new Map(),
  names: {
    person: (id) => world.people.get(id)?.real_name,
    team: (id) => world.teams[id],
    channel: (id) => world.state?.channels.find((channel) => channel.id === id)?.name,
  },
  channel: () => world.state.channels.find((channel) => channel.id === world.place),
};

function remember(lang = language()) {
  history.replaceState(null, "", `#${new URLSearchParams({ as: world.me, in: world.place, tab: world.tab, lang })}`);
}

function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  if (world.people.has(kept.get("as"))) world.me = kept.get("as");
  world.place = kept.get("in") ?? world.place;
  world.tab = kept.get("tab") === "home" ? "home" : "messages";
}

function go(place, tab) {
  const app = place.startsWith("D");
  world.place = place;
  world.tab = app ? (tab ?? world.tab) : "messages";
  if (app) deed("home", { person: world.me, tab: world.tab });
  remember();
  drawWorkspace(world);
}

let wanted = null;

// Until the other person's view is here nothing can be clicked: a quick click must not be this person's, or go astray.
async function be(person) {
  const behind = ["stage", "channels", "apps"].map((id) => document.getElementById(id));
  wanted = person;
  for (const part of behind) part.inert = true;
  try {
    const state = await get(`state?person=${person}`);
    if (wanted !== person) return;
    if (world.place.startsWith("D")) world.place = `D${person.slice(1)}`;
    world.me = person;
    world.state = state;
    go(world.place, world.tab);
  } catch (error) {
    toast(error.message);
    drawWorkspace(world);
  }
  for (const part of behind) part.inert = false;
}

// A press whose button is drawn anew before it is let go of would be no click.
let letGo = Promise.resolve();
addEventListener(
  "pointerdown",
  () => {
    letGo = new Promise((done) => {
      for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(done), { once: true, capture: true });
      setTimeout(done, 10_000); // it may end where nobody hears of it
    });
  },
  { capture: true },
);

const refreshState = async () => {
  const person = world.me;
  const state = await get(`state?person=${person}`);
  await letGo;
  if (person !== world.me) return;
  world.state = state;
  drawWorkspace(world);
};
const said = (work) => coalesced(() => work().catch((error) => toast(error.message)));
const freshState = said(refreshState);
const freshMail = said(() => refreshMail(world));
const tour = said(() => freshTour(world));
const freshPeople = said(async () => {
  const { people, teams } = await get("people");
  world.teams = teams;
  world.people = new Map(people.map((person) => [person.id, person]));
});

function heard(topics) {
  const any = topics.length === 0;
  if (any || topics.includes("mail")) freshMail();
  if (world.info.workspace) tour();
  if (any || topics.includes("workspace")) freshPeople();
  if (world.info.workspace && (any || topics.some((topic) => topic !== "mail" && topic !== "deliveries"))) freshState();
}

function connected(is) {
  const state = document.getElementById("link-state");
  state.textContent = is ? w("live") : w("not connected, trying again …");
  state.dataset.live = is;
}

// Slack knows a language for each person, and a page knows one: a switch sets both, and begins anew.
function prepareLanguages() {
  for (const button of document.querySelectorAll("[data-language]")) {
    const own = button.dataset.language;
    button.setAttribute("aria-pressed", String(own === language()));
    button.addEventListener("click", async () => {
      if (world.info.workspace && (await deed("person", { person: world.me, fields: { locale: own === "fr" ? "fr-FR" : "en-GB" } })) === null) return;
      remember(own);
      location.reload();
    });
  }
}

function prepareShows() {
  const buttons = [...document.querySelectorAll("[data-show]")];
  const show = (what) => {
    document.body.dataset.shows = what;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.show === what));
  };
  for (const button of buttons) button.addEventListener("click", () => show(button.dataset.show));
  show(world.info.workspace ? (matchMedia("(max-width: 900px)").matches ? "slack" : "both") : "mail");
  if (!world.info.workspace) document.querySelector(".shows:last-child").hidden = true;
  return show;
}

async function begin() {
  world.info = await get("info");
  await speak(new URLSearchParams(location.hash.slice(1)).get("lang") ?? "en");
  await freshPeople();
  recall();
  prepareLanguages();
  const show = prepareShows();
  prepareCompose(world);
  prepare(world, go, be);
  prepareModal(world);
  if (world.info.workspace) {
    await refreshState();
    go(world.place, world.tab);
    prepareTour(world, { be, go, show, tour });
    tour();
  } else document.getElementById("tour").hidden = true;
  listen(heard, connected);
}

begin().catch((error) => toast(error.message));
