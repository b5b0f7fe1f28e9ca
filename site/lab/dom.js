// Small helpers for making parts of the page.
"use strict";

// An element: h("button", {class: "quiet", onclick: f}, "Press", …).
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

const percent = (share) => `${Math.round(100 * share)} %`;
const several = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;

// A button that opens the file dialog, and an element that takes dropped files.
function filePicker(words, label, multiple, onFiles) {
  const input = h("input", { type: "file", accept: "image/*,.heic,.heif", multiple, hidden: true });
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // so that the same file can be chosen again
    if (files.length) onFiles(files);
  });
  const button = h("button", { type: "button", "aria-label": label }, words);
  button.addEventListener("click", () => input.click());
  return [button, input];
}

function acceptDrops(element, onFiles) {
  const light = (on) => element.classList.toggle("dropping", on);
  element.addEventListener("dragover", (event) => {
    event.preventDefault();
    light(true);
  });
  element.addEventListener("dragleave", () => light(false));
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    light(false);
    const files = [...event.dataTransfer.files];
    if (files.length) onFiles(files);
  });
}

// Hand a text to the user as a file.
function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
