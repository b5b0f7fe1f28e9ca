// What can be taken along: the head as JSON, and a page that holds network, head and classes.
"use strict";

// Text that may stand in a script element.
const asScript = (value) => JSON.stringify(value).replaceAll("<", "\\u003c");
const asHtml = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

// All that a program needs to use the head on photonet's features, and what it was worth.
function headFile({ result, classes, photos, limit }) {
  const { head, takes, right, interval } = result;
  return {
    what: "A softmax head for photonet's 256 features: logits = weights · features + biases",
    made: "the lab in the page, tlcourse",
    picture: "the middle square of a photo, averaged over 64 × 64 equal areas; RGB, 0 to 255",
    classes,
    weights: head.weights.map((row) => [...row]),
    biases: [...head.biases],
    none: {
      what: "none of these, if min over means of sqrt(sum(((features - mean) / scale)²)) > limit",
      means: head.means.map((row) => [...row]),
      scale: [...head.scale],
      limit: Number.isFinite(limit) ? limit : null,
    },
    judged: { photos: photos.length, takes: takes.length, right, interval },
  };
}

function handoutPage(model) {
  const file = headFile(model);
  const parts = { title: asHtml(file.classes.join(", ")), head: asScript(file) };
  return JSON.parse(textOf("handout.html"))
    .replace(/\{\{([\w.]+)\}\}/g, (_, name) => parts[name] ?? textOf(name));
}
