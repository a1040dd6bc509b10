// Starts a run: choose the report, give the file, say the parameters. The same start sent twice is the same run.

import { getJson, post, runPath } from "./api.js";
import { el, say } from "./dom.js";
import { dropZone } from "./drop.js";
import { bytes, percent, sentence } from "./format.js";
import { formOf } from "./form.js";
import { OPTIONS } from "./options.js";
import { MOST_BODY, sendBody, upload } from "./upload.js";

export function showStart(main, query) {
  const trouble = el("p", { role: "alert" });
  const holder = el("div", {});
  const sending = new AbortController();
  main.append(el("h1", {}, "Start a run"), trouble, holder);
  getJson("reports").then(({ reports }) => holder.append(...startForm(reports, query.get("report"), sending.signal)))
    .catch((error) => { trouble.textContent = error.message; });
  return () => sending.abort();
}

function startForm(reports, chosen, signal) {
  if (!reports.length) return [el("p", {}, "This app has no report yet.")];
  const report = el("select", { id: "report", name: "report" }, reports.map(({ name }) => el("option", { value: name, selected: name === chosen }, name)));
  const about = el("p", { class: "soft" });
  const parameters = el("fieldset", { class: "card" });
  const options = formOf(OPTIONS, "option");
  const given = { file: null, key: newKey(), asked: null, sent: null };
  const zone = dropZone({
    label: "File", hint: "Drop it here, or choose it. CSV, JSON Lines, JSON, Parquet or Excel; compressed or not.",
    take: ([file]) => { Object.assign(given, { file, sent: null }); zone.say(`${file.name}, ${bytes(file.size)}`); },
  });
  const reference = el("input", { id: "reference", name: "reference", "aria-describedby": "reference-help" });
  const outcome = sendingBar();
  const button = el("button", { class: "primary" }, "Start the run");
  let own;

  function choose() {
    const found = reports.find(({ name }) => name === report.value);
    about.textContent = found.doc ?? "";
    own = formOf(found.parameters_schema ?? {}, "parameter");
    parameters.hidden = !own.nodes.length;
    parameters.replaceChildren(el("legend", {}, "Parameters"), ...own.nodes);
  }

  async function start(event) {
    event.preventDefault();
    [own, options].forEach((form) => form.clear());
    const asked = { report: report.value, file: given.file, reference: reference.value.trim(), parameters: own.read(), options: options.read(), alone: !own.fitsQuery() };
    if (!asked.file && !asked.reference) return zone.refuse("Give a file, or name one that is there.");
    renewKey(given, asked);
    button.disabled = true;
    try {
      const { id } = await send(asked, given, { told: outcome.told, signal });
      say("The run is started.");
      location.hash = `/${runPath(id)}`;
    } catch (error) {
      outcome.end();
      if (error.field === "input") given.sent = null; // what was sent is there no more
      if (error.status === 400) given.asked = null; // nothing has begun
      if (error.name !== "AbortError") refuse(error, [own, options], zone, outcome);
    } finally {
      button.disabled = false;
    }
  }

  report.addEventListener("change", choose);
  choose();
  return [el("form", { class: "start", submit: start },
    el("div", { class: "card" }, el("div", { class: "field" }, el("label", { for: "report" }, "Report"), report, about)),
    el("div", { class: "card" }, zone.node,
      el("details", {}, el("summary", {}, "Or a file that is there already"),
        el("div", { class: "field" }, el("label", { for: "reference" }, "Path"), reference,
          el("p", { class: "soft small", id: "reference-help" }, "Below the app's inputs location: a file, a folder with / at its end, or a pattern such as 2013/*.csv.gz.")))),
    parameters,
    el("details", { class: "card" }, el("summary", {}, "Options"), el("div", { class: "columns" }, options.nodes)),
    outcome.node, button)];
}

// A file that fits goes with the start, unless a parameter cannot be said in a query. Any other is sent before, and the
// start names it. It is sent once: under another name it would be another request.
async function send({ report, file, reference, parameters, options, alone }, given, progress) {
  const path = `reports/${encodeURIComponent(report)}`;
  const headers = { "Idempotency-Key": given.key };
  options = { ...options, durable_urls: false }; // they have the system key, which nobody needs here
  if (file && file.size <= MOST_BODY && !alone) {
    const query = { filename: file.name, ...options, ...asTexts(parameters) };
    return sendBody(path, query, file, { ...headers, "Content-Type": "application/octet-stream" }, progress);
  }
  if (file) given.sent ??= await upload(file, progress);
  const body = JSON.stringify({ input: file ? given.sent : reference, parameters, options });
  return post(path, {}, body, { ...headers, "Content-Type": "application/json" }, progress.signal);
}

const asTexts = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) =>
  [name, typeof value === "string" ? value : JSON.stringify(value)]));

// A key for each request: the same one while nothing of it has changed, so that a start whose answer was lost can be
// sent again.
function renewKey(given, asked) {
  const now = JSON.stringify([asked, asked.file && [asked.file.name, asked.file.size, asked.file.lastModified]]);
  if (given.asked !== null && given.asked !== now) Object.assign(given, { key: newKey(), sent: null });
  given.asked = now;
}

const newKey = () => `page-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

function sendingBar() {
  const bar = el("progress", { max: 1, "aria-label": "Sent" });
  const text = el("p", { class: "soft" });
  const problem = el("p", { role: "alert" });
  const shown = el("div", { hidden: true }, bar, text);
  return {
    node: el("div", {}, shown, problem),
    told(sent, all) {
      problem.textContent = "";
      shown.hidden = false;
      bar.value = sent / all;
      text.textContent = sent < all ? `${percent(sent / all)} of ${bytes(all)} sent` : "All is sent. The app looks at it.";
    },
    end() { shown.hidden = true; },
    refuse(message) { problem.textContent = message; },
  };
}

function refuse(error, forms, zone, outcome) {
  const field = error.field?.replace(/^(parameters|options)\./, "");
  if (forms.some((form) => form.refuse(field, error.message))) return;
  const columns = error.about?.columns ? ` Found: ${error.about.columns.join(", ")}.` : "";
  if (error.field && error.field !== "input") zone.refuse(error.message + columns);
  else outcome.refuse(`${sentence(error.message)}${columns}`);
}
