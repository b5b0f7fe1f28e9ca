// The page: what its buttons do, and what is shown when.
"use strict";

const at = (id) => document.getElementById(id);
const crew = makeCrew(["network.js", "head.js", "judge.js", "worker.js"]);
let collection = null;
let model = null; // {result, classes, photos, limit, guess}, while it fits what was collected
let stream = null;

// A line for the user; with `undo`, a button that takes the last step back.
function say(words, undo = null) {
  const takeBack = () => {
    say("");
    undo();
    at("add-class").focus(); // the button that was pressed is gone
  };
  const button = undo && h("button", { type: "button", onclick: takeBack }, "Undo");
  const close = words && h("button", { type: "button", class: "quiet", onclick: () => say("") }, "Close");
  at("message").replaceChildren(...(words ? [h("span", {}, words)] : []));
  at("message-buttons").replaceChildren(...[button, close].filter(Boolean));
  at("message-box").classList.toggle("empty", !words); // never hidden: screen readers listen to it
}

const page = {
  get collection() { return collection; },
  get recordFrom() { return stream ? at("camera") : null; },
  say,
  // Files, one by one: each is a take of its own. Those that cannot be read are named, the rest kept.
  async addFiles(classId, files) {
    const problems = [];
    let added = 0;
    for (const file of files) {
      say(`Reading ${file.name} …`);
      try {
        await collection.addTake(classId, [{ ...(await readPhoto(file)), name: file.name }]);
        added++;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        problems.push(error.message);
      }
    }
    const rest = problems.length > 3 ? [`And ${problems.length - 3} more like these.`] : [];
    const first = added ? `${several(added, "photo")} added.` : "No photo was added.";
    const lines = [first, ...problems.slice(0, 3), ...rest];
    say(lines.join(" "));
  },
};

// ---------------------------------------------------------------- step 1: collect

function changed(what) {
  if (!collection) return; // still opening
  if (what !== "looked" && what !== "names") forget();
  if (what === "names" && model) {
    model.classes = model.ids.map((id) => collection.classes.find((one) => one.id === id).name);
    showResults(at("results"), model);
  }
  if (what === "classes") showCards();
  if (what !== "names") showCounts();
}

function showCards() {
  const cards = collection.classes.map((one) => {
    const card = classCard(page, one);
    acceptDrops(card, (files) => page.addFiles(one.id, files));
    return card;
  });
  at("classes").replaceChildren(...cards);
  at("strangers").replaceChildren(...collecting(page, STRANGERS, () => "none of these"));
}

function showCounts() {
  for (const one of collection.classes) {
    const card = document.querySelector(`[data-class="${one.id}"]`);
    if (card) showTakes(page, card, one.id, one.name);
  }
  showTakes(page, at("strangers"), STRANGERS, "none of these");
  const waiting = collection.waiting();
  at("looking").textContent = waiting ? `The network looks at ${several(waiting, "photo")} …` : "";
  at("delete").disabled = !collection.photos.length && !collection.classes.length;
}

// Results that no longer fit the photos are taken away, rather than believed.
function forget() {
  if (model) at("stale").hidden = false;
  model = null;
  at("results").hidden = at("after").hidden = true;
  trial.close();
  trial.clear();
}

async function addExamples() {
  const { classes, strangers } = JSON.parse(textOf("examples"));
  const add = async (classId, takes, name) => {
    for (const take of takes) {
      const frames = take.map((jpeg) => loaded(`data:image/jpeg;base64,${jpeg}`));
      const images = await Promise.all(frames);
      await collection.addTake(classId, images.map((image) => (
        { ...picture(image, image.naturalWidth, image.naturalHeight), name }
      )));
    }
  };
  at("examples-button").disabled = true;
  // Empty classes are used up first, so that the page does not keep two that nobody filled.
  const empty = collection.classes.filter(({ id }) => !collection.of(id).length);
  empty.forEach((one) => collection.removeClass(one));
  for (const [name, takes] of Object.entries(classes)) {
    const one = collection.addClass(name);
    if (!one) break;
    await add(one.id, takes, `example of ${name}`);
  }
  await add(STRANGERS, strangers, "example of something else");
  at("examples-button").disabled = false;
  say("Examples added: three classes that we drew, twelve takes of each. Guess, then train.");
}

async function toggleCamera() {
  if (stream) {
    closeCamera(stream);
    stream = null;
  } else {
    try {
      stream = await openCamera();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return say(error.message);
    }
    at("camera-box").hidden = false;
    await show(at("camera"), stream);
    say("Hold a class's button to record a take; move the thing a little. Then another one, elsewhere.");
  }
  at("camera-box").hidden = !stream;
  at("camera-button").textContent = stream ? "Close the camera" : "Open the camera";
  showCards();
  showCounts();
}

async function deleteAll() {
  const count = several(collection.photos.length, "photo");
  if (!confirm(`Delete all classes and ${count} from this browser? This cannot be undone.`)) return;
  await collection.clear();
  firstClasses();
  say("Everything was deleted.");
  at("examples-button").focus();
}

function firstClasses() {
  for (const name of ["class 1", "class 2"]) collection.addClass(name);
}

// ---------------------------------------------------------------- step 2: train

async function train() {
  const problem = lacking(collection);
  if (problem) return say(problem);
  at("train").disabled = true;
  try {
    at("training").textContent = "The network looks at the photos …";
    await collection.looked();
    at("training").textContent = "Training, and judging each take without having seen it …";
    const used = collection.classes.filter(({ id }) => collection.of(id).length);
    const photos = used.flatMap(({ id }) => collection.of(id));
    const number = new Map(used.map(({ id }, k) => [id, k]));
    const result = await crew.ask("judge", {
      photos: photos.map((photo) => forJudging(photo, number.get(photo.classId))),
      strangers: collection.of(STRANGERS).map((photo) => forJudging(photo, -1)),
      classes: used.length,
    });
    const guess = at("guess").value === "" ? null : Number(at("guess").value);
    const ids = used.map(({ id }) => id);
    model = { result, photos, ids, guess, classes: used.map(({ name }) => name), limit: Infinity };
    say("");
    at("stale").hidden = true;
    showResults(at("results"), model);
    at("after").hidden = false;
    decline();
    at("headline").focus();
  } finally {
    at("training").textContent = "";
    at("train").disabled = false;
  }
}

function decline() {
  at("share-words").textContent = `${at("share").value} %`;
  if (model) showDeclining(at("declining"), model, at("share").value / 100);
}

// ---------------------------------------------------------------- step 3: use

const trial = makeTrial(at("trial"), crew, () => model && {
  head: model.result.head, classes: model.classes, limit: model.limit,
}, say);

function saveHead() {
  download("head.json", "application/json", JSON.stringify(headFile(model), null, 1));
}

async function open() {
  collection = await openCollection(crew, changed, say);
  if (!collection.keeps) at("kept").textContent = "This browser keeps nothing when the page closes.";
  if (!collection.classes.length) firstClasses();
  showCards();
  showCounts();
  const buttons = {
    "add-class": () => {
      const one = collection.addClass(`class ${collection.classes.length + 1}`);
      if (one) at(`name-${one.id}`).select();
    },
    "examples-button": addExamples, "camera-button": toggleCamera, delete: deleteAll, train,
    "save-head": saveHead,
    "save-page": () => download("which-is-it.html", "text/html", handoutPage(model)),
  };
  for (const [id, act] of Object.entries(buttons)) at(id).addEventListener("click", act);
  at("share").addEventListener("input", decline);
  // For tests, and for the curious: open the console and look.
  window.lab = {
    collection,
    model: () => model,
    features: async (pixels) => [...meanOver(await crew.ask("map", { pixels }))],
    readPhoto,
    addFiles: page.addFiles,
  };
  document.documentElement.dataset.ready = "yes";
}

open();
