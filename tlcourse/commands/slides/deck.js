// Start the deck, and let each slide have as large a type as fits.
const WIDTH = 1280, HEIGHT = 720, LARGEST = 1.25, SMALLEST = 0.6;

function fit(slide) {
  for (let size = LARGEST; size >= SMALLEST; size -= 0.05) {
    slide.style.fontSize = `${size}em`;
    if (slide.scrollHeight <= HEIGHT && slide.scrollWidth <= WIDTH) return;
  }
}

Reveal.initialize({
  width: WIDTH, height: HEIGHT, margin: 0.02, center: false, hash: true,
  slideNumber: "c/t", controls: false, transition: "none", viewDistance: 1000,
});
Reveal.on("ready", () => {
  const slides = [...document.querySelectorAll(".slides section section")];
  for (const slide of slides) {
    const hidden = slide.style.display;
    slide.style.display = "block";
    fit(slide);
    slide.style.display = hidden;
  }
  document.body.dataset.ready = "true";
});
