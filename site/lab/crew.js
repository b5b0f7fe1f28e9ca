// Workers that compute, so that the page stays responsive. They are made of the page's own text (a
// Blob): a page that was opened as a file may not load a worker from another file.
"use strict";

const textOf = (id) => document.getElementById(id).textContent;

function makeCrew(scripts) {
  const waiting = []; // requests that no worker has taken yet
  const asked = new Map(); // id -> {resolve, reject}
  const idle = [];
  let last = 0;
  let hired = false;

  function hire() {
    hired = true;
    const source = new Blob([scripts.map(textOf).join("\n")], { type: "text/javascript" });
    const address = URL.createObjectURL(source);
    const weights = { manifest: JSON.parse(textOf("manifest")), weights: textOf("weights").trim() };
    const count = Math.min(4, navigator.hardwareConcurrency || 1);
    for (let i = 0; i < count; i++) {
      const worker = new Worker(address);
      worker.onmessage = ({ data }) => {
        const { resolve, reject } = asked.get(data.id);
        asked.delete(data.id);
        if (data.failure) reject(new Error(data.failure));
        else resolve(data.answer);
        idle.push(worker);
        handOut();
      };
      const id = ++last;
      asked.set(id, { resolve() {}, reject: (error) => console.error(error) });
      worker.postMessage({ id, task: "start", ...weights });
    }
  }

  function handOut() {
    while (idle.length && waiting.length) idle.pop().postMessage(waiting.shift());
  }

  return {
    // Ask for a task of worker.js; nothing starts before the first request. `first` jumps the queue.
    ask(task, data, first = false) {
      if (!hired) hire();
      const id = ++last;
      waiting[first ? "unshift" : "push"]({ id, task, ...data });
      const answer = new Promise((resolve, reject) => asked.set(id, { resolve, reject }));
      handOut();
      return answer;
    },
  };
}
