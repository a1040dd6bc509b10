// The reports of the app: what each reads, where it writes, and its last runs.

import { getJson, runPath } from "./api.js";
import { el, facts, table } from "./dom.js";
import { ago, number, words } from "./format.js";
import { tone } from "./states.js";

const LAST = 5;

export function showReports(main) {
  const trouble = el("p", { role: "alert" });
  const list = el("div", {});
  const left = new AbortController();
  main.append(el("h1", {}, "Reports"), trouble, list);
  getJson("reports", {}, left.signal).then(({ reports }) => {
    list.append(...(reports.length ? reports.map((report) => shown(report, left.signal)) : [el("p", {}, "This app has no report yet.")]));
  }).catch((error) => { if (error.name !== "AbortError") trouble.textContent = error.message; });
  return () => left.abort();
}

function shown(report, signal) {
  const id = `report-${report.name}`;
  const runs = el("div", { class: "chips-line soft" }, "…");
  lastRuns(report.name, runs, signal);
  return el("section", { class: "card", "aria-labelledby": id },
    el("div", { class: "row between" },
      el("h2", { id }, report.name),
      el("a", { class: "button", href: `#/start?report=${encodeURIComponent(report.name)}` }, "Start")),
    el("p", { class: "soft" }, report.doc),
    facts([
      ["Mode", report.mode],
      ["Container", el("code", {}, report.container)],
      ["Partition key", el("code", {}, [report.partition_key].flat().join(", "))],
      ["Last runs", runs],
    ]),
    schema("Rows", report.row_schema),
    schema("Parameters", report.parameters_schema));
}

async function lastRuns(name, node, signal) {
  try {
    const { runs } = await getJson("runs", { report: name, top: LAST }, signal);
    const links = runs.map((run) => el("li", {}, el("a", { href: `#/${runPath(run.id)}`, class: `badge ${tone(run.state)}` }, `${words(run.state)}, ${ago(run.accepted)}`)));
    node.replaceChildren(links.length ? el("ul", { class: "chips" }, links) : "none yet");
    if (links.length) node.append(el("a", { href: `#/runs?report=${encodeURIComponent(name)}` }, "all"));
  } catch (error) {
    if (error.name !== "AbortError") node.textContent = error.message;
  }
}

function schema(title, about) {
  const fields = Object.entries(about?.properties ?? {});
  if (!fields.length) return null;
  const rows = fields.map(([name, field]) => el("tr", {},
    el("td", {}, el("code", {}, name)),
    el("td", {}, typeOf(field)),
    el("td", {}, (about.required ?? []).includes(name) ? "needed" : field.default === undefined ? "" : `default ${JSON.stringify(field.default)}`),
    el("td", { class: "soft" }, field.description)));
  return el("details", {}, el("summary", {}, `${title} (${number(fields.length)})`), table(`${title} of the report`, ["Name", "Type", "Given", "Meaning"], rows));
}

function typeOf(field) {
  if (field.anyOf) return field.anyOf.map((kind) => (kind.type === "null" ? "may be empty" : typeOf(kind))).join(", ");
  if (field.enum) return field.enum.join(" | ");
  if (field.$ref) return field.$ref.split("/").pop();
  return field.format ?? field.type ?? "any";
}
