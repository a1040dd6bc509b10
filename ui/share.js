// Links that may be shared: they open one run, to read it, without a key.

import { call, post, runPath } from "./api.js";
import { ask, check, field } from "./ask.js";
import { el } from "./dom.js";
import { exact } from "./format.js";

export async function share({ id }) {
  const answer = await ask({
    title: "Share this run?", verb: "Make a link",
    text: "Who has the link can read this run until it ends, and pass it on.",
    fields: [
      field("Days", "days", { type: "number", min: 1, max: 365, placeholder: "as the app says" }),
      check("It also opens the rejects, which are rows of the input", "rejects"),
    ],
  });
  if (!answer) return null;
  const made = await post(runPath(id, "/links"), answer);
  return (await showLink(made)) && revoke(id);
}

// Whether the person goes on to revoke all links.
async function showLink({ uri, expires }) {
  const link = el("input", { id: "link", readonly: true, value: uri, focus: ({ target }) => target.select() });
  return ask({
    title: "The link", verb: "Revoke all links of this run", danger: true, back: "Done", text: `It holds until ${exact(expires)}.`,
    fields: [el("div", { class: "field" }, el("label", { for: "link" }, "Address"), link,
      el("button", { type: "button", click: ({ target }) => copy(link, target) }, "Copy"))],
  });
}

async function copy(link, button) {
  link.select();
  await navigator.clipboard.writeText(link.value);
  button.textContent = "Copied";
}

async function revoke(id) {
  await call("DELETE", runPath(id, "/links"));
  return "No link opens this run any more.";
}
