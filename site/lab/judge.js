// What a head is worth: every take is judged by a head that has seen no frame of it.
// A photo is {features, plain, label, take}; labels count from 0, takes are any names.
"use strict";

const FOLDS = 10;
const ENOUGH_TAKES = 20; // with fewer, a verdict on "would more help?" would be chance
const DRAWS = 3;

// Random numbers from 0 to 1 that are the same each time (T. Ettinger's mulberry32).
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(list, random) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

// For each photo the number of its fold. All that share a `groupOf` share a fold; groups are dealt
// class by class, so that each fold has some of each, and no class lies in one fold alone.
function dealFolds(photos, groupOf, seed = 0) {
  const random = dice(seed);
  const byClass = new Map();
  for (const photo of photos) {
    if (!byClass.has(photo.label)) byClass.set(photo.label, new Set());
    byClass.get(photo.label).add(groupOf(photo));
  }
  const order = [...byClass.keys()].sort((a, b) => a - b);
  const groups = order.flatMap((label) => shuffled(byClass.get(label), random));
  const count = Math.min(FOLDS, groups.length);
  const fold = new Map(groups.map((group, at) => [group, at % count]));
  return photos.map((photo) => fold.get(groupOf(photo)));
}

// Probabilities of each photo, and its distance from the class means, by a head that has not seen
// its fold, and that head. `pick` may thin out what a head learns from.
function crossValidate(photos, folds, classes, what = "features", pick = (chosen) => chosen) {
  const result = photos.map(() => null);
  for (const fold of new Set(folds)) {
    const seen = pick(photos.filter((_, i) => folds[i] !== fold));
    const head = trainHead(seen.map((p) => p[what]), seen.map((p) => p.label), classes);
    photos.forEach((photo, i) => {
      if (folds[i] !== fold) return;
      const p = probabilities(head, photo[what]);
      result[i] = { p, distance: distance(head, photo[what]), head };
    });
  }
  return result;
}

// Photos of one take are near copies: each take counts once, with the mean over its frames.
function byTake(photos, judged) {
  const takes = new Map();
  photos.forEach((photo, i) => {
    if (!takes.has(photo.take)) takes.set(photo.take, { ...photo, members: [] });
    takes.get(photo.take).members.push(i);
  });
  return [...takes.values()].map(({ take, label, members }) => {
    const mean = (value) => members.reduce((sum, i) => sum + value(judged[i]), 0) / members.length;
    const p = judged[members[0]].p.map((_, k) => mean((one) => one.p[k]));
    const answer = p.indexOf(Math.max(...p));
    return { take, label, p, answer, distance: mean((one) => one.distance), members };
  });
}

const rightOf = (list) => list.filter(({ label, answer }) => label === answer).length;

// 95 % interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927, p. 209).
function wilson(right, total) {
  const z = 1.959964;
  const share = right / total;
  const middle = (share + z ** 2 / (2 * total)) / (1 + z ** 2 / total);
  const half = (z * Math.sqrt((share * (1 - share)) / total + z ** 2 / (4 * total ** 2))) /
    (1 + z ** 2 / total);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

// Half of the takes of each class, drawn at random; at least one of each.
function halfOfTakes(random) {
  return (photos) => {
    const byClass = new Map();
    for (const { label, take } of photos) {
      byClass.set(label, (byClass.get(label) ?? new Set()).add(take));
    }
    const kept = new Set();
    for (const takes of byClass.values()) {
      const half = Math.max(1, Math.round(takes.size / 2));
      shuffled(takes, random).slice(0, half).forEach((take) => kept.add(take));
    }
    return photos.filter(({ take }) => kept.has(take));
  };
}

// "Would more help?" What the second half of the takes added, and whether that may be chance: the
// rules of `LearningCurve.verdict` in tlcourse/retrain/judge.py. Null where takes are too few.
function wouldMoreHelp(photos, folds, classes, takes) {
  if (takes.length < ENOUGH_TAKES) return null;
  const added = takes.map(({ label, answer }) => (label === answer ? 1 : 0));
  for (let draw = 0; draw < DRAWS; draw++) {
    const half = halfOfTakes(dice(draw + 1));
    const judged = byTake(photos, crossValidate(photos, folds, classes, "features", half));
    judged.forEach(({ label, answer }, i) => (added[i] -= (label === answer ? 1 : 0) / DRAWS));
  }
  const gain = added.reduce((a, b) => a + b, 0) / added.length;
  const variance = added.reduce((sum, x) => sum + (x - gain) ** 2, 0) / added.length;
  const error = Math.sqrt(variance / added.length);
  const verdict = gain - error > 0.01 ? "yes" : gain + error < 0.02 ? "hardly" : "unclear";
  return { gain, error, verdict };
}

// All that the page shows. `strangers` are photos of things of no class: nothing learns from them.
function judge(photos, strangers, classes) {
  const folds = dealFolds(photos, (photo) => photo.take);
  const judged = crossValidate(photos, folds, classes);
  const takes = byTake(photos, judged);
  const right = rightOf(takes);
  // The head that is used and handed out has learned from all photos.
  const started = performance.now();
  const head = trainHead(photos.map((p) => p.features), photos.map((p) => p.label), classes);
  const milliseconds = performance.now() - started;
  const plain = byTake(photos, crossValidate(photos, folds, classes, "plain"));
  const result = {
    head, milliseconds, folds, judged, takes, right,
    interval: wilson(right, takes.length),
    plainRight: rightOf(plain),
    more: wouldMoreHelp(photos, folds, classes, takes),
    strangers: byTake(strangers, strangers.map(({ features }) => (
      { p: probabilities(head, features), distance: distance(head, features) }
    ))),
    leak: null,
  };
  if (takes.length < photos.length) {
    // The mistake that takes prevent: frames dealt one by one, so that near copies are on both
    // sides. Both shares count photos, to be compared with each other.
    const answered = (list) => photos.map(({ label }, i) => (
      { label, answer: list[i].p.indexOf(Math.max(...list[i].p)) }
    ));
    const mixed = dealFolds(photos.map((photo, i) => ({ ...photo, i })), ({ i }) => i);
    result.leak = {
      apart: rightOf(answered(judged)) / photos.length,
      mixed: rightOf(answered(crossValidate(photos, mixed, classes))) / photos.length,
    };
  }
  return result;
}

// The distance beyond which "none of these" is said, so that `share` of the held-out takes are
// declined; and what that costs.
function declining(result, share) {
  const far = [...result.takes].sort((a, b) => b.distance - a.distance);
  const declined = far.slice(0, Math.floor(share * far.length));
  const limit = declined.length ? (declined.at(-1).distance + far[declined.length].distance) / 2 : Infinity;
  const strangers = result.strangers.filter((one) => one.distance > limit).length;
  return { limit, declined: declined.length, lost: rightOf(declined), strangers };
}
