// The frame of the page: asks for the key, shows the view that the address names, and the health of the app.

import { address, getJson, key } from "./api.js";
import { at, el } from "./dom.js";
import { refresh } from "./refresh.js";
import { showReports } from "./reports.js";
import { showRun, showShared } from "./run.js";
import { showRuns } from "./runs.js";
import { showStart } from "./start.js";

const HEALTH_EVERY = 30000; // milliseconds
const SHARED = /^\/shared\/([^/]+)$/; // needs no key
const VIEWS = [
  [/^\/runs\/([^/]+)$/, "Run", showRun],
  [/^\/runs$/, "Runs", showRuns],
  [/^\/start$/, "Start a run", showStart],
  [/^\/reports$/, "Reports", showReports],
  [SHARED, "Run", showShared],
];
let leave = () => {};

// `#/runs?state=failed` is the view /runs with its own query: what is shown can be sent as a link and gone back to.
function route() {
  leave();
  leave = () => {};
  document.querySelector("dialog")?.close();
  const opened = Boolean(key.get());
  for (const part of ["nav", "forget"]) at(part).hidden = !opened;
  const [path, query] = location.hash.slice(1).split("?");
  if (!opened && !SHARED.test(path)) return askForKey();
  const found = VIEWS.find(([pattern]) => pattern.test(path));
  if (!found) return location.replace("#/runs");
  const [pattern, title, view] = found;
  const named = pattern.exec(path)[1];
  show(title, path);
  leave = view(at("main"), new URLSearchParams(query), named && decodeURIComponent(named)) ?? leave;
  focusHeading();
}

function show(title, path) {
  document.title = `${title} · Outlast`;
  at("main").replaceChildren();
  for (const link of at("nav").children) {
    link.ariaCurrent = path.startsWith(link.hash.slice(1)) ? "page" : null;
  }
}

// A screen reader hears of the new view by its heading, as it would of a new page.
function focusHeading() {
  const heading = at("main").querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function askForKey(said = "") {
  document.title = "Key · Outlast";
  const input = el("input", {
    id: "key", type: "password", autocomplete: "off", required: true, "aria-describedby": "key-help key-problem",
  });
  const problem = el("p", { id: "key-problem", role: "alert" }, said);
  const form = el("form", { class: "card narrow", submit: (event) => open(event, input.value.trim(), problem) },
    el("h1", {}, "Open the app"),
    el("p", { class: "soft", id: "key-help" },
      "A function key opens it. It is kept until this tab is closed, and sent to this app alone."),
    el("label", { for: "key" }, "Function key"), input, problem,
    el("button", { class: "primary" }, "Open"));
  at("main").replaceChildren(form);
  input.focus();
}

async function open(event, given, problem) {
  event.preventDefault();
  key.set(given);
  try {
    await getJson("reports");
    route();
  } catch (error) {
    key.forget();
    problem.textContent = error.message;
  }
}

function forget() {
  key.forget();
  route();
}

async function showHealth() {
  const health = await (await fetch(address("health"), { cache: "no-store" })).json();
  const failing = Object.entries(health.checks ?? {}).filter(([, check]) => !check.ok);
  const text = failing.length ? `Not healthy: ${failing.map(([name]) => name).join(", ")}` : "Healthy";
  const why = failing.map(([name, check]) => `${name}: ${[check.problem, check.help].filter(Boolean).join("; ")}`).join("\n");
  if (at("health").textContent !== text) {
    at("health").replaceChildren(el("span", { class: `badge ${failing.length ? "bad" : "good"}`, title: why || null }, text));
  }
  return HEALTH_EVERY;
}

// A link may bring the key behind the #, which no server sees, and where to go. The key leaves the address bar at once.
function takeKeyFromAddress() {
  const given = /^#key=([^&]+)(?:&to=(\/.*))?$/.exec(location.hash);
  if (!given) return;
  key.set(decodeURIComponent(given[1]));
  history.replaceState(null, "", `#${given[2] ?? "/runs"}`);
}

addEventListener("hashchange", () => { takeKeyFromAddress(); route(); });
addEventListener("key-refused", () => {
  if (!key.get() || at("key")) return;
  forget();
  askForKey("This key does not open the app any more.");
});
at("forget").addEventListener("click", forget);
takeKeyFromAddress();
route();
refresh(showHealth, (text) => {
  if (text) at("health").replaceChildren(el("span", { class: "badge bad" }, "No answer"));
});
