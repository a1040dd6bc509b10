// Sends a file and tells how much of it has arrived. fetch() tells nothing of that, so this is an XMLHttpRequest.

import { Problem, address, key, post } from "./api.js";

export const MOST_BODY = 32 * 1024 * 1024; // bytes that a start takes as its body

// Sends the file to a start itself. Returns the answer's JSON.
export async function sendBody(path, query, file, headers, progress) {
  return send("POST", address(path, query), file, { ...headers, "x-functions-key": key.get() }, progress);
}

// Sends a file of any size to the address that the app names. Returns the name to start with.
export async function upload(file, progress) {
  const there = await post("inputs", { name: file.name }, undefined, undefined, progress.signal);
  if (file.size > there.most_bytes) {
    throw new Problem(413, { title: "Too long", detail: `The file has ${file.size} bytes, and ${there.most_bytes} are taken at once. Compress it, or send it with azcopy.`, field: "body" });
  }
  // An address of the storage has headers and a signature of its own: the key of the app is never sent there. The app's
  // own address is made here, because behind a proxy the app may know itself by another name.
  const ofStorage = Object.keys(there.headers ?? {}).length > 0;
  const url = ofStorage ? there.url : address(`inputs/${there.input.split("/").pop()}`);
  const headers = ofStorage ? there.headers : { "x-functions-key": key.get() };
  await send(there.method, url, file, headers, progress);
  return there.input;
}

function send(method, url, file, headers, { told, signal }) {
  signal.throwIfAborted(); // its listeners hear nothing any more
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => told(event.loaded, event.total));
    request.onload = () => (request.status < 300 ? done(parsed(request)) : failed(new Problem(request.status, parsed(request))));
    request.onerror = () => failed(new Problem(0, { title: "No answer", detail: "The file was not sent: there was no answer. Start again; it is the same run." }));
    request.onabort = () => failed(new DOMException("The sending was stopped.", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

function parsed(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}
