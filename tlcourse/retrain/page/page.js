// The page: photos in, one of the classes or "none of these?" out.
"use strict";

const SHOWN = 3; // classes of each photo
const THUMB = 256; // pixels
const APART = 1e-3; // of a probability: more is no rounding

const textOf = (id) => document.getElementById(id).textContent;
const model = JSON.parse(textOf("model"));
const network = makeNetwork(readWeights(JSON.parse(textOf("manifest")), textOf("weights")));
const message = document.getElementById("message");
const answers = document.getElementById("answers");

// size × size × 3 bytes to a probability for each class.
function classify(pixels) {
  const map = network(pixels);
  const features = meanOverPositions(map, 256);
  const logits = model.head.weights.map((row, k) => {
    const sum = row.reduce((total, weight, d) => total + weight * features[d], model.head.biases[k]);
    return sum / model.temperature;
  });
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const whole = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / whole);
}

// The patterns that the model was asked about when the page was made: the same in whole numbers.
function pattern(k) {
  const pixels = new Uint8Array(model.size ** 2 * 3);
  for (let r = 0, at = 0; r < model.size; r++) {
    for (let c = 0; c < model.size; c++) {
      for (let channel = 0; channel < 3; channel++, at++) {
        pixels[at] = (r * (k + 2) * 3 + c * 5 * (channel + 1) + ((r * c) >> (k + 1))) & 255;
      }
    }
  }
  return pixels;
}

// The largest difference between what is computed here and what Keras computed.
function selfTest() {
  const apart = model.patterns.map((expected, k) =>
    Math.max(...classify(pattern(k)).map((p, j) => Math.abs(p - expected[j]))));
  return Math.max(...apart);
}

function element(name, text = "", properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, properties);
}

function bar(name, share) {
  const row = element("div", "", { className: "bar" });
  const line = element("i");
  line.style.width = `${100 * share}%`;
  row.append(element("span", name), element("b", `${(100 * share).toFixed(1)} %`), line);
  return row;
}

function thumbnail(canvas, words) {
  const small = element("canvas", "", { width: THUMB, height: THUMB });
  small.setAttribute("role", "img");
  small.setAttribute("aria-label", words);
  const pen = small.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(canvas, 0, 0, THUMB, THUMB);
  return small;
}

function answer(name, canvas, shares) {
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]);
  const sure = shares[order[0]] >= model.threshold;
  const told = element("div");
  told.append(element("h2", sure ? model.classes[order[0]] : "none of these?"));
  told.append(...order.slice(0, SHOWN).map((k) => bar(model.classes[k], shares[k])));
  told.append(element("p", name, { className: "quiet" }));
  const item = element("li");
  item.append(thumbnail(canvas, name), told);
  answers.prepend(item);
}

async function classifyFiles(files) {
  const failed = [];
  for (const [at, file] of [...files].entries()) {
    message.textContent = `Looking at photo ${at + 1} of ${files.length} …`;
    try {
      const { pixels, canvas } = await readPicture(file, model.size);
      answer(file.name, canvas, classify(pixels));
    } catch {
      failed.push(file.name);
    }
  }
  message.textContent = failed.length
    ? `This browser cannot read ${failed.join(", ")}. Save it as JPEG or PNG, and try again.`
    : "";
}

document.getElementById("about").textContent =
  `It tells apart ${model.classes.join(", ")}. ${model.told ?? ""}`;
const input = document.getElementById("photos");
input.addEventListener("change", async () => {
  const files = [...input.files];
  input.value = ""; // so that the same file can be chosen again
  await classifyFiles(files);
});
const drop = document.querySelector("main");
const light = (on) => drop.classList.toggle("dropping", on);
drop.addEventListener("dragover", (event) => { event.preventDefault(); light(true); });
drop.addEventListener("dragleave", () => light(false));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  light(false);
  classifyFiles(event.dataTransfer.files);
});

const apart = selfTest();
if (apart > APART) {
  message.textContent = "This browser computes other answers than the model was made with: its " +
    `probabilities differ by ${apart.toPrecision(2)}. Do not rely on them; try another browser.`;
}
document.documentElement.dataset.ready = apart.toPrecision(2);
