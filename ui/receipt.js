// The receipt of a completed run: what became of every row and document, what it cost, and of what it was made.

import { card, el, facts, showIn } from "./dom.js";
import { bytes, duration, number, sentence } from "./format.js";

const ROWS = ["rows_read", "rows_stored", "rows_unchanged", "rows_rejected", "rows_duplicate"];
const DOCUMENTS = ["documents_written", "documents_created", "documents_replaced", "documents_deleted"];
const HASHES = ["input_sha256", "input_read_sha256", "documents_sha256"];

export function receiptCard() {
  const content = el("div", { class: "columns" });
  const node = card("Receipt", { hidden: true }, content);
  return {
    node,
    update({ run }) {
      node.hidden = !run.receipt;
      if (run.receipt) showIn(content, run.receipt, shown);
    },
  };
}

function shown(receipt) {
  return [
    group("Rows", counts(receipt, ROWS)),
    group("Documents", [...counts(receipt, DOCUMENTS), ["Bytes", bytes(receipt.bytes)], ["Container", receipt.container]]),
    group("Cost", costs(receipt)),
    receipt.verified && group("Verified", verified(receipt.verified)),
    group("Made of", [
      ...HASHES.map((name) => [sentence(name).replace("sha256", "SHA-256"), receipt[name] && el("code", {}, receipt[name])]),
      ["Report", receipt.report_sha256?.length && el("code", {}, receipt.report_sha256.join(" "))],
      ["Versions", receipt.versions && Object.entries(receipt.versions).map(([name, version]) => `${name} ${version}`).join(", ")],
      ["Corrections", receipt.corrections || null],
    ], "across"),
  ];
}

const counts = (receipt, names) => names.map((name) => [sentence(name), number(receipt[name])]);

function costs(receipt) {
  const { cost } = receipt;
  return [
    ["Request units", number(receipt.request_units)],
    ["Price", cost && `${cost.amount} ${cost.currency ?? ""}`],
    ["Throttled", number(receipt.throttled)],
    ["Requests", number(receipt.sends)],
    ["Took", duration(receipt.seconds)],
    ["Chunks", number(receipt.chunks)],
  ];
}

function verified(found) {
  const differences = (found.differences ?? []).map((one) => el("li", {}, `row ${one.row}: ${one.id} is ${one.what}${one.where ? ` at ${one.where}` : ""}`));
  return [
    ["Level", found.level], ["Documents", number(found.documents)], ["Equal", number(found.equal)],
    ["Different", number(found.different)], ["Missing", number(found.missing)],
    ["First differences", differences.length ? el("ul", {}, differences) : null],
  ];
}

function group(title, pairs, kind = null) {
  return el("div", { class: kind }, el("h3", {}, title), facts(pairs));
}
