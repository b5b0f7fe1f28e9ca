// From a photo to the picture that the network looks at, as `tlcourse.photos.geometry.shrink` does it:
// the middle square, resized by Lanczos's filter with antialiasing.
"use strict";

// For each of `out` pixels: where the pixels begin that it is a mean of, and their weights.
function lanczosWeights(side, out) {
  const step = side / out;
  const wide = Math.max(step, 1); // antialiasing: the filter is as wide as what becomes one pixel
  const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  const filter = (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);
  return Array.from({ length: out }, (_, at) => {
    const center = (at + 0.5) * step;
    const from = Math.max(0, Math.ceil(center - 3 * wide - 0.5));
    const to = Math.min(side - 1, Math.floor(center + 3 * wide - 0.5));
    const weights = [];
    for (let x = from; x <= to; x++) weights.push(filter((x + 0.5 - center) / wide));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { from, weights: weights.map((w) => w / sum) };
  });
}

// A square of RGBA bytes, `side` wide, as `out` × `out` × 3 whole numbers from 0 to 255.
function lanczos(rgba, side, out) {
  const cells = lanczosWeights(side, out);
  const lines = new Float32Array(side * out * 3); // narrow already, and as high as before
  for (let r = 0, to = 0; r < side; r++) {
    for (const { from, weights } of cells) {
      let red = 0, green = 0, blue = 0;
      for (let k = 0, at = (r * side + from) * 4; k < weights.length; k++, at += 4) {
        const w = weights[k];
        red += w * rgba[at]; green += w * rgba[at + 1]; blue += w * rgba[at + 2];
      }
      lines[to++] = red; lines[to++] = green; lines[to++] = blue;
    }
  }
  const result = new Uint8Array(out * out * 3);
  const wide = out * 3;
  for (let r = 0; r < out; r++) {
    const { from, weights } = cells[r];
    for (let c = 0; c < wide; c++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * lines[(from + k) * wide + c];
      result[r * wide + c] = Math.min(255, Math.max(0, Math.round(sum)));
    }
  }
  return result;
}

// The middle square of a bitmap on white, in a canvas of its own size.
function middleSquare(bitmap) {
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.fillStyle = "white";
  pen.fillRect(0, 0, side, side);
  const left = Math.floor((bitmap.width - side) / 2);
  const top = Math.floor((bitmap.height - side) / 2);
  pen.drawImage(bitmap, left, top, side, side, 0, 0, side, side);
  return { side, rgba: pen.getImageData(0, 0, side, side).data, canvas };
}

// A file as { pixels, canvas }; fails where the browser cannot read it.
async function readPicture(file, size) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const { side, rgba, canvas } = middleSquare(bitmap);
  bitmap.close();
  return { pixels: lanczos(rgba, side, size), canvas };
}
