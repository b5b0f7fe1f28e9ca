// Runs in workers, after network.js, head.js and judge.js: one request, one answer.
"use strict";

let network = null;

const TASKS = {
  start: ({ manifest, weights }) => {
    network = makeNetwork(readWeights(manifest, weights));
  },
  map: ({ pixels }) => network(pixels),
  judge: ({ photos, strangers, classes }) => judge(photos, strangers, classes),
};

self.onmessage = ({ data }) => {
  try {
    self.postMessage({ id: data.id, answer: TASKS[data.task](data) });
  } catch (error) {
    self.postMessage({ id: data.id, failure: String(error?.stack ?? error) });
  }
};
