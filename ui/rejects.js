// The refused rows: how many by code, the first of them, the whole file, and the way back for the corrected one.

import { call, nextQuery, post } from "./api.js";
import { parseCsv } from "./csv.js";
import { card, el, say, showIn, table } from "./dom.js";
import { dropZone } from "./drop.js";
import { number } from "./format.js";
import { fetched } from "./refresh.js";

const LOOKED_AT = 256 * 1024; // bytes of the file that are read to be shown
const FIRST = 20;

export function rejectsCard() {
  const content = el("div", { class: "stack" });
  const correcting = el("div", {});
  const node = card("Rejects", { hidden: true }, content, correcting);
  const update = fetched(content);
  return {
    node,
    update(view) {
      const count = view.run.receipt?.rows_rejected ?? view.run.totals?.rejected ?? 0;
      node.hidden = !count || !view.rejects;
      showIn(correcting, view.may.correct, (may) => may && corrections(view));
      if (!node.hidden) update(`${count} ${view.run.state}`, view, () => firstRejects(view.path), (found) => shown(view, count, found));
    },
  };
}

// The records of the file's beginning, the header first, and whether that is all of it.
async function firstRejects(path) {
  const answer = await call("GET", `${path}/rejects`);
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "", read = 0, ended = false;
  while (read < LOOKED_AT) {
    const { value, done } = await reader.read();
    if (done) { ended = true; break; }
    read += value.length;
    text += decoder.decode(value, { stream: true });
  }
  reader.cancel().catch(() => {});
  const [header, ...records] = parseCsv(text.replace(/^\ufeff/, ""), ended);
  return { header: header ?? [], records, whole: ended && !nextQuery(answer) };
}

function shown(view, count, { header, records, whole }) {
  const codes = new Map();
  for (const record of records) codes.set(record[2], (codes.get(record[2]) ?? 0) + 1);
  const known = whole ? "" : ` among the first ${number(records.length)}`;
  return [
    el("div", { class: "row between" },
      el("p", {}, `${number(count)} ${count === 1 ? "row was" : "rows were"} refused.`),
      el("button", { type: "button", click: (event) => download(view, event.target) }, "Download all as CSV")),
    el("ul", { class: "chips", "aria-label": `By code${known}` },
      [...codes].map(([code, times]) => el("li", {}, el("code", {}, code), ` ${number(times)}${known}`))),
    records.length > 0 && el("div", { class: "data" }, table("First rejects", header, records.slice(0, FIRST).map((record) => row(header, record)))),
    records.length > FIRST && el("p", { class: "soft small" }, `These are the first ${FIRST}.`),
  ];
}

// The field that was refused is marked, and the message has room.
function row(header, record) {
  const wrong = header.indexOf(record[1], 4);
  return el("tr", {}, record.map((text, index) => el("td", { class: index === 3 ? "told" : index === wrong ? "wrong" : null }, text)));
}

// Long lists come in several answers, each with a header of its own.
async function download({ path, run }, button) {
  button.disabled = true;
  try {
    const pieces = [];
    for (let query = {}; query; ) {
      const answer = await call("GET", `${path}/rejects`, { query });
      const data = await answer.blob();
      pieces.push(pieces.length ? await behindHeader(data) : data);
      query = nextQuery(answer);
    }
    save(new Blob(pieces, { type: "text/csv" }), `rejects-${run.id}.csv`);
  } catch (error) {
    say(error.message);
  } finally {
    button.disabled = false;
  }
}

async function behindHeader(data) {
  const head = await data.slice(0, LOOKED_AT).text();
  let quoted = false, end = 0;
  for (; end < head.length && (quoted || head[end] !== "\n"); end++) if (head[end] === '"') quoted = !quoted;
  return data.slice(new TextEncoder().encode(head.slice(0, end + 1)).length);
}

function save(data, name) {
  const url = URL.createObjectURL(data);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function corrections(view) {
  const send = async ([file]) => {
    try {
      const { rows } = await post(`${view.path}/corrections`, {}, file, { "Content-Type": "text/csv" });
      say(rows ? `${number(rows)} corrected rows are accepted. The run is queued again.` : "These rows are corrected already.");
    } catch (error) {
      zone.refuse(error.message);
    }
    view.again();
  };
  const zone = dropZone({ label: "Send the corrected file", hint: "The downloaded CSV with its rows corrected. These rows alone are done again.", accept: ".csv,text/csv", take: send });
  return zone.node;
}
