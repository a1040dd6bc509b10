// Asks a person before something is done.

import { el } from "./dom.js";

// Returns the answers by name, or null if the person went back. Enter in a field presses the first submit button: the one
// that does it or, where that is dangerous, one that is disabled.
export function ask({ title, text, fields = [], verb, back = "Go back", danger = false }) {
  const problem = el("p", { role: "alert" });
  const form = el("form", { method: "dialog" }, danger && el("button", { hidden: true, disabled: true }),
    el("h2", { id: "asked" }, title), text && el("p", { class: "soft" }, text), fields, problem,
    el("div", { class: "row end" },
      el("button", { type: "button", click: () => dialog.close() }, back),
      el("button", { value: "yes", class: danger ? "danger" : "primary" }, verb)));
  const dialog = el("dialog", { "aria-labelledby": "asked" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answered) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      answered(dialog.returnValue === "yes" ? Object.fromEntries(new FormData(form)) : null);
    });
  });
}

export function field(label, name, attributes = {}, help = "") {
  const id = `asked-${name}`;
  const input = attributes.options
    ? el("select", { id, name }, attributes.options.map(([value, text]) => el("option", { value }, text)))
    : el("input", { id, name, ...attributes });
  return el("div", { class: "field" }, el("label", { for: id }, label), input, help && el("p", { class: "soft small" }, help));
}

export function check(label, name) {
  return el("label", { class: "check" }, el("input", { type: "checkbox", name, value: "true" }), ` ${label}`);
}
