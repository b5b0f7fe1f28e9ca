// photonet's forward pass, as tlcourse/networks/photonet.py builds it in Keras.
// A picture is (height, width, channels) in one Float32Array, channels last, as in Keras.
"use strict";

// 16-bit floats, as the weights are stored, to 32 bits: each of the 65,536 is worked out once.
function halfTable() {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    table[bits] = bits & 0x8000 ? -size : size;
  }
  return table;
}

// From `manifest` ([{name, shape, offset, half}]) and base64 to {name: {shape, values}}.
function readWeights(manifest, base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const table = halfTable();
  const weights = {};
  for (const { name, shape, offset, half } of manifest) {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = half
      ? Float32Array.from(new Uint16Array(bytes.buffer, offset, size), (bits) => table[bits])
      : new Float32Array(bytes.buffer, offset, size);
    weights[name] = { shape, values };
  }
  return weights;
}

// The kernel of a convolution as panels of four output channels, which `multiply` reads in order.
// Batch normalization is folded in: `scale` multiplies each output channel (the build makes it).
// Kernels stay 16-bit floats until here, so that folding costs no precision.
function packed(kernel, scale) {
  const outputs = kernel.shape.at(-1);
  const depth = kernel.values.length / outputs;
  const values = new Float32Array(kernel.values.length);
  for (let k = 0; k < depth; k++) {
    for (let j = 0; j < outputs; j++) {
      const at = ((j >> 2) * depth + k) * 4 + (j & 3);
      values[at] = kernel.values[k * outputs + j] * (scale ? scale.values[j] : 1);
    }
  }
  return { values, depth, outputs, side: kernel.shape[0] };
}

// rows (m, depth) times the kernel (depth, outputs), plus bias: (m, outputs).
// Four rows by four columns at a time: each number that is read is used four times, and the sixteen
// sums stay in the processor's registers. All that the network computes passes through here.
function multiply(rows, m, kernel, bias) {
  const { values: b, depth, outputs } = kernel;
  const result = new Float32Array(m * outputs);
  for (let j = 0; j < outputs; j += 4) {
    const panel = j * depth;
    for (let i = 0; i < m; i += 4) {
      const last = m - 1; // rows beyond it are computed again, and not kept
      const r0 = i * depth;
      const r1 = Math.min(i + 1, last) * depth;
      const r2 = Math.min(i + 2, last) * depth;
      const r3 = Math.min(i + 3, last) * depth;
      let a0 = 0.0, a1 = 0.0, a2 = 0.0, a3 = 0.0;
      let b0 = 0.0, b1 = 0.0, b2 = 0.0, b3 = 0.0;
      let c0 = 0.0, c1 = 0.0, c2 = 0.0, c3 = 0.0;
      let d0 = 0.0, d1 = 0.0, d2 = 0.0, d3 = 0.0;
      for (let k = 0, p = panel; k < depth; k++, p += 4) {
        const w0 = b[p], w1 = b[p + 1], w2 = b[p + 2], w3 = b[p + 3];
        const w = rows[r0 + k], x = rows[r1 + k], y = rows[r2 + k], z = rows[r3 + k];
        a0 += w * w0; a1 += w * w1; a2 += w * w2; a3 += w * w3;
        b0 += x * w0; b1 += x * w1; b2 += x * w2; b3 += x * w3;
        c0 += y * w0; c1 += y * w1; c2 += y * w2; c3 += y * w3;
        d0 += z * w0; d1 += z * w1; d2 += z * w2; d3 += z * w3;
      }
      const sums = [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3];
      for (let row = 0; row < Math.min(4, m - i); row++) {
        for (let c = 0; c < 4; c++) {
          result[(i + row) * outputs + j + c] = sums[row * 4 + c] + bias[j + c];
        }
      }
    }
  }
  return result;
}

// The 3x3 neighborhoods of a picture as rows, one for each output pixel. Keras's padding "same":
// with stride 1 a zero on each side; with stride 2 and an even side, only below and to the right.
function neighborhoods(x, side, channels, stride) {
  const out = side / stride;
  const before = stride === 1 ? 1 : 0;
  const rows = new Float32Array(out * out * 9 * channels);
  for (let r = 0, at = 0; r < out; r++) {
    for (let c = 0; c < out; c++) {
      for (let dr = 0; dr < 3; dr++) {
        const row = r * stride + dr - before;
        for (let dc = 0; dc < 3; dc++, at += channels) {
          const column = c * stride + dc - before;
          if (row < 0 || row >= side || column < 0 || column >= side) continue;
          const from = (row * side + column) * channels;
          rows.set(x.subarray(from, from + channels), at);
        }
      }
    }
  }
  return rows;
}

function averagePool(x, side, channels) {
  const out = side / 2;
  const result = new Float32Array(out * out * channels);
  for (let r = 0; r < side; r++) {
    for (let c = 0; c < side; c++) {
      const to = ((r >> 1) * out + (c >> 1)) * channels;
      const from = (r * side + c) * channels;
      for (let k = 0; k < channels; k++) result[to + k] += x[from + k] / 4;
    }
  }
  return result;
}

// Mean of a map (positions, channels) over its positions: global average pooling.
function meanOverPositions(map, channels) {
  const mean = new Float32Array(channels);
  const positions = map.length / channels;
  for (let i = 0; i < map.length; i++) mean[i % channels] += map[i] / positions;
  return mean;
}

function relu(x) {
  for (let i = 0; i < x.length; i++) if (x[i] < 0) x[i] = 0;
  return x;
}

// The network: a function from 64x64x3 bytes to the last feature map, (4, 4, 256) as a
// Float32Array of 4,096. Its mean over the 16 places is the 256 features that the head gets; the
// heat map needs the places.
function makeNetwork(weights) {
  const kernels = {};
  for (const name of Object.keys(weights)) {
    if (!name.endsWith("/kernel")) continue;
    const layer = name.slice(0, -"/kernel".length);
    const bias = weights[`${layer}/bias`].values;
    kernels[layer] = { kernel: packed(weights[name], weights[`${layer}/scale`]), bias };
  }

  function convolve(layer, x, side, stride = 1) {
    const { kernel, bias } = kernels[layer];
    const channels = x.length / side ** 2;
    const rows = kernel.side === 1 ? x : neighborhoods(x, side, channels, stride);
    return multiply(rows, (side / stride) ** 2, kernel, bias);
  }

  // Squeeze and excitation: each channel is scaled by a number that depends on the whole picture.
  function excite(stage, x, channels) {
    const squeezed = relu(convolve(`${stage}_reduce`, meanOverPositions(x, channels), 1));
    const scale = convolve(`${stage}_excite`, squeezed, 1).map((v) => 1 / (1 + Math.exp(-v)));
    for (let i = 0; i < x.length; i++) x[i] *= scale[i % channels];
    return x;
  }

  function block(stage, input, side, stride) {
    const channels = input.length / side ** 2;
    const out = side / stride;
    let shortcut = stride === 2 ? averagePool(input, side, channels) : input;
    if (kernels[`${stage}_shortcut`]) shortcut = convolve(`${stage}_shortcut`, shortcut, out);
    let x = relu(convolve(`${stage}_1`, input, side, stride));
    x = convolve(`${stage}_2`, x, out);
    x = excite(stage, x, x.length / out ** 2);
    for (let i = 0; i < x.length; i++) x[i] += shortcut[i];
    return relu(x);
  }

  return function (pixels) {
    const scaled = Float32Array.from(pixels, (v) => v / 127.5 - 1); // the model's first layer
    let x = relu(convolve("stem", scaled, 64, 2));
    x = block("stage1", x, 32, 1);
    x = block("stage2", x, 32, 2);
    x = block("stage3", x, 16, 2);
    return block("stage4", x, 8, 2);
  };
}
