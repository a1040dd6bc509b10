// One run, kept up to date while it is seen. Each part of the view is a file of its own that shows what concerns it.

import { getJson, runPath } from "./api.js";
import { Pace } from "./counts.js";
import { el } from "./dom.js";
import { eventList } from "./events.js";
import { failureBox, heading, progress } from "./heading.js";
import { laneList } from "./lanes.js";
import { planCard } from "./plan.js";
import { plots } from "./plots.js";
import { receiptCard } from "./receipt.js";
import { refresh } from "./refresh.js";
import { rejectsCard } from "./rejects.js";
import { hasEnded, mayDo } from "./states.js";
import { timeline } from "./timeline.js";

const AT_WORK = 2000; // milliseconds
const WAITING = 6000;

export const showRun = (main, query, id) => watch(main, runPath(id));

// What a link opens: to be read, with nothing of who asked for the run. The token is never kept.
export const showShared = (main, query, token) => watch(main, `shared/${encodeURIComponent(token)}`, true);

function watch(main, path, shared = false) {
  const trouble = el("p", { role: "alert" });
  const parts = [heading, failureBox, progress, timeline, plots, planCard, rejectsCard, receiptCard, laneList, eventList, record];
  const made = parts.map((part) => part());
  main.append(trouble, ...made.map((part) => part.node));
  const seen = { pace: new Pace(), events: null, updated: null };

  const polling = refresh(async (signal) => {
    const shown = await getJson(path, {}, signal);
    const { run } = shown;
    if (run.updated !== seen.updated || seen.events === null) seen.events = shared ? [] : await eventsOf(path, signal);
    seen.updated = run.updated;
    seen.pace.learn(seen.events);
    seen.pace.add(shown);
    document.title = `${run.state} · ${run.report} · Outlast`;
    const view = {
      id: run.id, path, run, shown, pace: seen.pace, events: seen.events, again: polling.again, expires: shown.expires,
      may: shared ? {} : mayDo(run), rejects: !shared || shown.rejectsUri !== null,
    };
    for (const part of made) part.update(view);
    return hasEnded(run) && !run.pending?.length ? null : run.state === "planned" ? WAITING : AT_WORK;
  }, (text) => { trouble.textContent = text; });

  return () => {
    polling.end();
    for (const part of made) part.end?.();
  };
}

// Empty where the app keeps no events; the view then shows what the record says.
async function eventsOf(path, signal) {
  try {
    return (await getJson(`${path}/events`, {}, signal)).events;
  } catch (error) {
    if (error.status === 404) return [];
    throw error;
  }
}

// The record as the API shows it, for who wants to know everything.
function record() {
  const text = el("pre", { tabindex: "0", "aria-label": "The record as JSON" });
  const node = el("details", { class: "card" }, el("summary", {}, "The whole record"), text);
  return { node, update: ({ run }) => { text.textContent = JSON.stringify(run, null, 2); } };
}
