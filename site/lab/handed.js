// The page that the lab hands out: photos in, one of its classes out.
"use strict";

// From the file's form (see headFile in the lab) to the one that head.js takes.
function readHead({ classes, weights, biases, none, judged }) {
  return {
    classes,
    judged,
    head: { weights, biases, means: none.means, scale: none.scale },
    limit: none.limit ?? Infinity,
  };
}

const handed = readHead(JSON.parse(textOf("head")));
const crew = makeCrew(["network.js", "head.js", "worker.js"]);
const message = document.getElementById("message");
const say = (words) => (message.textContent = words);
const { photos, takes, right, interval } = handed.judged;
const [low, high] = interval.map((share) => Math.round(100 * share));
document.getElementById("about").textContent =
  `It knows ${handed.classes.join(", ")}, from ${several(photos, "photo")} in ` +
  `${several(takes, "take")}. When takes were left out, it got ${right} of ${takes} right ` +
  `(95 % interval: ${low} to ${high} %).`;
makeTrial(document.getElementById("trial"), crew, () => handed, say);
