// What training gave, in words, a table, and pictures.
"use strict";

// `model` has {result, classes, photos, limit}: `photos` in the order of `result.judged`.
function showResults(root, model) {
  root.replaceChildren(headline(model), baseline(model), confusion(model), more(model), leak(model));
  root.hidden = false;
}

function headline({ result, classes, photos, guess }) {
  const { right, takes, interval, milliseconds } = result;
  const [low, high] = interval.map((share) => Math.round(100 * share));
  const told = guess === null ? "" : `You guessed ${guess} %. `;
  return h("div", {},
    h("h3", { tabindex: -1, id: "headline" },
      `${right} of ${takes.length} takes right: ${percent(right / takes.length)}`),
    h("p", {}, `${told}The 95 % interval is ${low} to ${high} % (Wilson's). Each take was judged by ` +
      "a head that had seen no photo of it. Photos of one take are near copies, so each take counts " +
      "once. New things in another place will be harder than these."),
    h("p", { class: "quiet" }, `The head that you use below learned from all ` +
      `${several(photos.length, "photo")} of ${classes.length} classes, in ` +
      `${Math.max(1, Math.round(milliseconds))} milliseconds.`));
}

function baseline({ result, classes }) {
  const { takes, plainRight, right } = result;
  const largest = Math.max(...classes.map((_, k) => takes.filter((t) => t.label === k).length));
  const warning = plainRight >= right
    ? " Colors alone do as well: does the background or the light give your classes away?"
    : "";
  return h("p", {}, `For comparison: always naming the largest class gets ` +
    `${percent(largest / takes.length)} right; the same head on nothing but colors (mean and spread ` +
    `in a grid of 4 × 4) ${percent(plainRight / takes.length)}.${warning}`);
}

function confusion({ result, classes, photos }) {
  const panel = h("div", { class: "mistakes", role: "region", "aria-label": "Takes of the cell", "aria-live": "polite" });
  const cell = (label, answer) => {
    const takes = result.takes.filter((t) => t.label === label && t.answer === answer);
    const ofClass = result.takes.filter((t) => t.label === label).length;
    const share = takes.length / ofClass;
    const words = `${several(takes.length, "take")} of ${classes[label]}, said to be ${classes[answer]}`;
    const open = h("button", { type: "button", "aria-label": words, disabled: !takes.length,
      onclick: () => showCell(panel, takes, label, answer, { result, classes, photos }) },
      `${takes.length}`);
    const kind = label === answer ? "right" : "wrong";
    return h("td", { class: kind, style: `--share: ${Math.round(100 * share)}%` }, open);
  };
  const table = h("table", {},
    h("caption", {}, "What each take is (rows) and what was said of it (columns). Press a number " +
      "to see the takes."),
    h("thead", {}, h("tr", {}, h("td", {}),
      classes.map((name) => h("th", { scope: "col" }, `said ${name}`)))),
    h("tbody", {}, classes.map((name, label) => h("tr", {},
      h("th", { scope: "row" }, name), classes.map((_, answer) => cell(label, answer))))));
  const scroll = { class: "scroll", role: "region", tabindex: 0, "aria-label": "Table of answers" };
  return h("div", {}, h("div", scroll, table), panel);
}

// The surest mistakes first: they teach most.
function showCell(panel, takes, label, answer, { result, classes, photos }) {
  const sure = [...takes].sort((a, b) => b.p[answer] - a.p[answer]).slice(0, 12);
  const figures = sure.map((take) => {
    const at = take.members.reduce((a, b) => (
      result.judged[b].p[answer] > result.judged[a].p[answer] ? b : a
    ));
    const photo = photos[at];
    const heat = heatPicture(photo.thumb, evidence(result.judged[at].head, photo.map, answer), classes[answer]);
    const frames = take.members.length > 1 ? `, ${take.members.length} photos` : "";
    return h("li", {}, h("img", { src: photo.thumb, width: THUMB, height: THUMB,
      alt: `A take of ${classes[label]}${frames}` }), heat,
      h("p", {}, `${classes[answer]} ${percent(take.p[answer])}${frames}`));
  });
  const words = label === answer
    ? `${classes[label]}, and found to be so`
    : `${classes[label]}, taken for ${classes[answer]}`;
  panel.replaceChildren(
    h("h3", {}, `${words}: ${several(takes.length, "take")}`),
    h("p", { class: "quiet" }, "Orange: where the evidence for the answer lay, by the head that " +
      "had not seen the take. The heat adds up exactly to the answer; but each place has seen " +
      "its surroundings, too, so its edge is not sharp."),
    h("ul", { class: "gallery" }, figures));
}

function more({ result }) {
  const title = h("h3", {}, "Would more help?");
  if (!result.more) {
    return h("div", {}, title, h("p", {}, `${several(result.takes.length, "take")} are too few ` +
      `to tell; with ${ENOUGH_TAKES}, an answer stands here.`));
  }
  const { gain, error, verdict } = result.more;
  const sign = gain < 0 ? "−" : "+";
  const told = `The second half of the takes added ${sign}${Math.abs(100 * gain).toFixed(1)} points ` +
    `(standard error ${(100 * error).toFixed(1)})`;
  const words = {
    yes: `More takes would help. ${told}, and the next ones should add to it.`,
    hardly: `More takes of the same kind would hardly help. ${told}.`,
    unclear: `Whether more takes would help is hard to tell. ${told}, and that may be chance.`,
  };
  return h("div", {}, title, h("p", {}, words[verdict]));
}

function leak({ result }) {
  if (!result.leak) return null;
  const { apart, mixed } = result.leak;
  return h("details", {},
    h("summary", {}, "Guess: what would it say, if photos of one take were on both sides?"),
    h("p", {}, `${percent(mixed)} of the photos right, instead of ${percent(apart)}: the same photos, ` +
      "the same head, dealt photo by photo rather than take by take. " +
      (mixed > apart
        ? "A near copy of each photo was among those that it had learned from. The larger number " +
          "says how well it remembers, not how well it will do."
        : "Here it makes no difference; with longer takes it often does.")));
}

// "None of these": the limit that declines a share of the held-out takes, and what that costs.
function showDeclining(output, model, share) {
  const found = declining(model.result, share);
  model.limit = found.limit;
  const { takes, strangers } = model.result;
  const cost = found.declined
    ? `Declines ${found.declined} of ${several(takes.length, "held-out take")}; ${found.lost} of ` +
      "them would have been right: that is what it costs. The limit was chosen on these takes, so " +
      "new ones may fare a little worse. "
    : "Declines none of the held-out takes, so it never says “none of these”. ";
  const gain = strangers.length
    ? `Of ${several(strangers.length, "take")} of other things, it declines ${found.strangers}: ` +
      `${percent(found.strangers / strangers.length)}.`
    : "Add photos of other things below, and see how many it declines.";
  output.textContent = cost + gain;
}
