// The heat map: where in a picture the evidence for a class lay.
"use strict";

const PLACES = [
  ["top left", "top", "top", "top right"],
  ["left", "middle", "middle", "right"],
  ["left", "middle", "middle", "right"],
  ["bottom left", "bottom", "bottom", "bottom right"],
].flat();

// A picture with its evidence (16 numbers) in orange: clear where there is none or where it speaks
// against the class, strongest where it is greatest. 4 × 4 places, smoothed for the eye alone.
function heatPicture(thumb, places, name) {
  const most = Math.max(...places);
  const where = PLACES[places.indexOf(most)];
  const words = most > 0 ? `most evidence for ${name}: ${where}` : `no place speaks for ${name}`;
  const canvas = h("canvas", { width: THUMB, height: THUMB, role: "img", "aria-label": words });
  const small = h("canvas", { width: 4, height: 4 });
  const pen = small.getContext("2d");
  const glow = pen.createImageData(4, 4);
  places.forEach((value, at) => {
    const alpha = most > 0 ? Math.max(0, value / most) * 190 : 0;
    glow.data.set([255, 120, 0, alpha], at * 4);
  });
  pen.putImageData(glow, 0, 0);
  loaded(thumb).then((image) => {
    const big = canvas.getContext("2d");
    big.filter = "grayscale(0.7)"; // so that the orange is seen on any picture
    big.drawImage(image, 0, 0, THUMB, THUMB);
    big.filter = "none";
    big.imageSmoothingEnabled = true;
    big.drawImage(small, 0, 0, THUMB, THUMB);
  });
  return h("figure", { class: "heat" }, canvas, h("figcaption", {}, words));
}
