// What a person may do with a run: each button asks, calls the API, and says what came of it.

import { post, runPath } from "./api.js";
import { ask, check, field } from "./ask.js";
import { el, say } from "./dom.js";
import { share } from "./share.js";

const ACTIONS = [
  ["share", "Share", share],
  ["cancel", "Cancel", cancel],
  ["redrive", "Redrive", redrive],
  ["verify", "Verify", verify],
  ["waive", "Waive what is pending", waive],
];

export function actionsFor(view) {
  return ACTIONS.filter(([name]) => view.may[name]).map(([name, label, action]) =>
    el("button", { type: "button", class: name === "cancel" ? "danger" : null, click: (event) => done(event.target, action, view) }, label));
}

// Does it once, however often the button is pressed.
export async function done(button, action, view) {
  button.disabled = true;
  try {
    const said = await action(view);
    if (said) say(said);
  } catch (error) {
    say(error.message);
  } finally {
    button.disabled = false;
    view.again();
  }
}

async function cancel({ id, run }) {
  const answer = await ask({
    title: "Cancel this run?", verb: "Cancel the run", danger: true,
    text: run.mode === "snapshot" ? "Its work stops, and what it has stored is deleted." : "Its work stops. What it has stored stays.",
  });
  if (!answer) return null;
  await post(runPath(id, "/cancel"));
  return "The run is being cancelled.";
}

async function redrive({ id }) {
  const answer = await ask({
    title: "Redrive this run?", verb: "Redrive",
    text: "Its next attempt does what is missing and nothing else. Options that stay empty stay as they are.",
    fields: [
      field("Tolerated rejects", "tolerated_rejects", { type: "number", min: 0 }),
      field("Tolerated rejects in percent", "tolerated_reject_percent", { type: "number", min: 0, max: 100, step: "any" }),
      check("Generate all rows again, by the report as it is now", "regenerate"),
    ],
  });
  if (!answer) return null;
  await post(runPath(id, "/redrive"), answer);
  return "The next attempt is queued.";
}

async function verify({ id }) {
  const answer = await ask({
    title: "Verify this run?", verb: "Verify",
    text: "What it has stored is read back and compared. Nothing is written.",
    fields: [field("Compare", "level", { options: [["counts", "whether each document is there"], ["content", "each document's content"]] })],
  });
  if (!answer) return null;
  await post(runPath(id, "/verify"), answer);
  return "The verification is queued.";
}

async function waive({ id, run }) {
  const answer = await ask({
    title: "Waive what is pending?", verb: "Waive", danger: true,
    text: `${run.pending.join(" and ")} will not be done any more.`,
    fields: [field("Reason", "reason", { required: true, maxlength: 500 })],
  });
  if (!answer) return null;
  await post(runPath(id, "/waive"), answer);
  return "Nothing is pending any more.";
}

export async function approve({ id }) {
  await post(runPath(id, "/approve"));
  return "The plan is approved. The run stores what it says.";
}
