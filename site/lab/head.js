// The head: what learns in this page. Softmax regression (multinomial logistic regression) on the
// 256 features, as tlcourse's `linear_probe` has it from scikit-learn: features standardized with
// a floor, weights held small (L2), solved to the end rather than trained for some epochs.
"use strict";

const STRENGTH = 0.01; // scikit-learn's C, as in the course's photo lab; not tuned on any photo
const FLOOR = 0.3; // of FloorScaler, tlcourse/transfer/probe.py, where it was chosen

const dot = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

// Means and scales of features (a list of arrays). No scale is less than a share of the root mean
// square of all: divided by their own tiny spread, features that hardly ever fire would shout.
function fitScaler(features) {
  const width = features[0].length;
  const mean = new Float64Array(width);
  const variance = new Float64Array(width);
  for (const row of features) for (let j = 0; j < width; j++) mean[j] += row[j] / features.length;
  for (const row of features) {
    for (let j = 0; j < width; j++) variance[j] += (row[j] - mean[j]) ** 2 / features.length;
  }
  const floor = FLOOR * Math.sqrt(variance.reduce((a, b) => a + b, 0) / width);
  return { mean, scale: variance.map((v) => Math.max(Math.sqrt(v), floor) || 1) };
}

const standardize = ({ mean, scale }, row) =>
  Float64Array.from(row, (value, j) => (value - mean[j]) / scale[j]);

function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

// Loss and gradient at `point`: a row of weights and, last, a bias for each class. The loss is
// scikit-learn's: C times the sum of cross-entropies, plus half the squared weights (not biases).
// With two classes it has one row of weights, w; two rows, w/2 and -w/2, give the same answers,
// and cost the same when their squares count twice.
function lossAndGradient(point, rows, labels, classes) {
  const width = rows[0].length;
  const gradient = new Float64Array(point.length);
  const penalty = classes === 2 ? 2 : 1;
  const logits = new Float64Array(classes);
  let loss = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    for (let k = 0, at = 0; k < classes; k++, at++) {
      let sum = 0;
      for (let j = 0; j < width; j++, at++) sum += row[j] * point[at];
      logits[k] = sum + point[at];
    }
    const p = softmax(logits);
    loss -= STRENGTH * Math.log(Math.max(p[labels[i]], 1e-300));
    for (let k = 0, at = 0; k < classes; k++, at++) {
      const error = STRENGTH * (p[k] - (labels[i] === k ? 1 : 0));
      for (let j = 0; j < width; j++, at++) gradient[at] += error * row[j];
      gradient[at] += error;
    }
  }
  for (let at = 0; at < point.length; at++) {
    if (at % (width + 1) === width) continue;
    loss += (penalty / 2) * point[at] ** 2;
    gradient[at] += penalty * point[at];
  }
  return { loss, gradient };
}

// L-BFGS (J. Nocedal and S. Wright, Numerical Optimization, 2006, algorithm 7.5): Newton's method
// with the curvature guessed from the last ten steps. The loss is convex: one minimum, found.
function minimize(evaluate, size) {
  let point = new Float64Array(size);
  let { loss, gradient } = evaluate(point);
  const steps = []; // [change of point, change of gradient, 1 / their product]
  for (let round = 0; round < 500; round++) {
    if (gradient.every((value) => Math.abs(value) < 1e-5)) break;
    const direction = gradient.map((value) => -value);
    const alphas = [];
    for (const [s, y, rho] of [...steps].reverse()) {
      const alpha = rho * dot(s, direction);
      alphas.push(alpha);
      for (let i = 0; i < size; i++) direction[i] -= alpha * y[i];
    }
    if (steps.length) {
      const [s, y] = steps.at(-1);
      const size0 = dot(s, y) / dot(y, y);
      for (let i = 0; i < size; i++) direction[i] *= size0;
    }
    for (const [s, y, rho] of steps) {
      const correction = alphas.pop() - rho * dot(y, direction);
      for (let i = 0; i < size; i++) direction[i] += correction * s[i];
    }
    // Halve the step until the loss falls as the slope promises.
    const slope = dot(gradient, direction);
    let length = 1;
    let next, found;
    for (let halving = 0; halving < 40; halving++, length /= 2) {
      next = point.map((value, i) => value + length * direction[i]);
      found = evaluate(next);
      if (found.loss <= loss + 1e-4 * length * slope) break;
    }
    if (!(found.loss < loss)) break; // as good as numbers of this size can be
    const s = next.map((value, i) => value - point[i]);
    const y = found.gradient.map((value, i) => value - gradient[i]);
    if (dot(s, y) > 1e-12) steps.push([s, y, 1 / dot(s, y)]);
    if (steps.length > 10) steps.shift();
    ({ loss, gradient } = found);
    point = next;
  }
  return point;
}

// Train a head on features (a list of arrays) and labels (0 … classes - 1). The scaling is folded
// in: logits are `weights[k] · features + biases[k]`. `means` are the class means, for distances.
function trainHead(features, labels, classes) {
  const scaler = fitScaler(features);
  const rows = features.map((row) => standardize(scaler, row));
  const width = rows[0].length;
  const evaluate = (point) => lossAndGradient(point, rows, labels, classes);
  const point = minimize(evaluate, classes * (width + 1));
  const weights = [];
  const biases = [];
  const means = [];
  for (let k = 0; k < classes; k++) {
    const start = k * (width + 1);
    const row = point.slice(start, start + width).map((value, j) => value / scaler.scale[j]);
    weights.push(row);
    biases.push(point[start + width] - dot(row, scaler.mean));
    const mean = new Float64Array(width);
    const own = features.filter((_, i) => labels[i] === k);
    for (const one of own) for (let j = 0; j < width; j++) mean[j] += one[j] / own.length;
    means.push(mean);
  }
  return { weights, biases, means, scale: scaler.scale };
}

const probabilities = (head, row) =>
  softmax(head.weights.map((weights, k) => dot(weights, row) + head.biases[k]));

// How far features are from the nearest class mean, in standardized units.
function distance(head, row) {
  const to = head.means.map((mean) =>
    row.reduce((sum, value, j) => sum + ((value - mean[j]) / head.scale[j]) ** 2, 0),
  );
  return Math.sqrt(Math.min(...to));
}

// The class activation map (B. Zhou and others, 2016, arXiv:1512.04150): what each of the 16 places
// adds to the logit of class k. Exact: features are means over places and the head is linear, so
// the mean of these numbers, plus the bias, is the logit.
function evidence(head, map, k) {
  const width = head.weights[k].length;
  const places = new Float32Array(map.length / width);
  for (let at = 0; at < places.length; at++) {
    places[at] = dot(head.weights[k], map.subarray(at * width, (at + 1) * width));
  }
  return places;
}
