// From a file or a camera frame to what the network sees, or a sentence that says why not.
"use strict";

const SIDE = 64; // of what the network sees, in pixels
const THUMB = 160; // of what a person sees here
const MOST_PIXELS = 40e6;
// iPhones refuse canvases of more than 16 million pixels; a larger square is shrunk on drawing.
const MOST_SIDE = 2048;

class Refused extends Error {} // its message is a line for the user

// Average the pixels of a square (RGBA, `side` wide, at least `out`) over each of `out` × `out` equal
// areas, RGB. A pixel on an edge counts for both areas by the shares that lie in them. This is the
// page's own resizing, so it is the same in all browsers; the course's is Lanczos's filter.
function areaAverage(rgba, side, out) {
  const step = side / out;
  const area = new Uint16Array(side); // in which a pixel starts, and the share of it that lies there
  const share = new Float64Array(side);
  for (let at = 0; at < side; at++) {
    area[at] = Math.min(out - 1, Math.floor(at / step + 1e-9));
    share[at] = Math.min(1, (area[at] + 1) * step - at);
    if (area[at] === out - 1) share[at] = 1;
  }
  const sums = new Float64Array(out * out * 3);
  const line = new Float64Array(out * 3);
  for (let r = 0, from = 0; r < side; r++) {
    line.fill(0);
    for (let c = 0; c < side; c++, from += 4) {
      const to = area[c] * 3;
      const here = share[c];
      const red = rgba[from], green = rgba[from + 1], blue = rgba[from + 2];
      line[to] += red * here; line[to + 1] += green * here; line[to + 2] += blue * here;
      if (here === 1) continue;
      const rest = 1 - here;
      line[to + 3] += red * rest; line[to + 4] += green * rest; line[to + 5] += blue * rest;
    }
    const to = area[r] * line.length;
    for (let i = 0; i < line.length; i++) sums[to + i] += line[i] * share[r];
    if (share[r] === 1) continue;
    for (let i = 0; i < line.length; i++) sums[to + line.length + i] += line[i] * (1 - share[r]);
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / step ** 2));
}

// The middle square of anything that can be drawn, on white: 64×64×3 bytes, and a small JPEG.
function picture(source, width, height) {
  const square = Math.min(width, height);
  const side = Math.max(SIDE, Math.min(square, MOST_SIDE)); // a tiny picture is enlarged on drawing
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = "white";
  pen.fillRect(0, 0, side, side);
  const left = Math.floor((width - square) / 2);
  const top = Math.floor((height - square) / 2);
  pen.drawImage(source, left, top, square, square, 0, 0, side, side);
  const pixels = areaAverage(pen.getImageData(0, 0, side, side).data, side, SIDE);
  const small = document.createElement("canvas");
  small.width = small.height = THUMB;
  const smallPen = small.getContext("2d");
  smallPen.imageSmoothingQuality = "high";
  smallPen.drawImage(canvas, 0, 0, THUMB, THUMB);
  return { pixels, thumb: small.toDataURL("image/jpeg", 0.85) };
}

function loaded(address) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = address;
  });
}

// iPhones' photos: by their first bytes, whatever the file is called.
async function isHeic(file) {
  if (/\.(heic|heif)$/i.test(file.name)) return true;
  const start = String.fromCharCode(...new Uint8Array(await file.slice(4, 12).arrayBuffer()));
  return /^ftyp(hei|hev|mif1|msf1)/.test(start);
}

// Read one file. The browser turns it as its EXIF mark says. Throws `Refused`.
async function readPhoto(file) {
  if (file.size === 0) throw new Refused(`${file.name} is empty. Copy it again, and choose it again.`);
  const address = URL.createObjectURL(file);
  try {
    const image = await loaded(address).catch(async () => {
      if (await isHeic(file)) {
        throw new Refused(
          `${file.name} is a HEIC photo, which this browser cannot open. Save it as JPEG ` +
            "(on an iPhone: Settings, Camera, Formats, Most Compatible), and choose it again.",
        );
      }
      throw new Refused(
        `${file.name} is not an image that this browser can open. Choose JPEG, PNG or WebP files.`,
      );
    });
    const { naturalWidth: width, naturalHeight: height } = image;
    if (width * height > MOST_PIXELS) {
      const millions = Math.round((width * height) / 1e6);
      throw new Refused(
        `${file.name} has ${millions} megapixels; at most 40 fit in here. Save it smaller, and ` +
          "choose it again.",
      );
    }
    if (!width || !height) throw new Refused(`${file.name} has no size in pixels. Save it as PNG.`);
    return picture(image, width, height);
  } finally {
    URL.revokeObjectURL(address);
  }
}

// The strong baseline: color alone. Mean and spread of each color in a grid of 4 × 4 (96 numbers).
function plainFeatures(pixels) {
  const sums = new Float64Array(48);
  const squares = new Float64Array(48);
  pixels.forEach((value, at) => {
    const place = Math.floor(at / 3);
    const cell = Math.floor(place / SIDE / 16) * 4 + Math.floor((place % SIDE) / 16);
    sums[cell * 3 + (at % 3)] += value / 256;
    squares[cell * 3 + (at % 3)] += value ** 2 / 256;
  });
  const spread = squares.map((square, i) => Math.sqrt(Math.max(0, square - sums[i] ** 2)));
  return Float32Array.from([...sums, ...spread]);
}
