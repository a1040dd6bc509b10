// A place for a file: drop it there, or choose it by mouse or keyboard. It is an ordinary file input underneath.

import { el } from "./dom.js";

let count = 0;

// `take` gets the files. `say` shows what was chosen, `refuse` why it was not taken.
export function dropZone({ label, hint, accept, take }) {
  const id = `drop-${count++}`;
  const input = el("input", { type: "file", id, accept, "aria-describedby": `${id}-hint ${id}-problem`, change: () => given(input.files) });
  const chosen = el("p", { class: "chosen", "aria-live": "polite" });
  const problem = el("p", { role: "alert", id: `${id}-problem` });
  const node = el("div", { class: "drop", dragover: over, dragleave: () => node.classList.remove("over"), drop: dropped },
    el("label", { for: id, class: "strong" }, label), input, el("p", { class: "soft small", id: `${id}-hint` }, hint), chosen, problem);

  function over(event) {
    event.preventDefault();
    node.classList.add("over");
  }

  function dropped(event) {
    event.preventDefault();
    node.classList.remove("over");
    given(event.dataTransfer.files);
  }

  function given(files) {
    problem.textContent = "";
    input.ariaInvalid = null;
    if (files.length) take([...files]);
  }

  return {
    node,
    say(text) { chosen.textContent = text; },
    refuse(text) {
      problem.textContent = text;
      input.ariaInvalid = "true";
    },
  };
}
