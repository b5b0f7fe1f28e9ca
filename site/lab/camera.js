// The camera, and the button that is held: all frames of one hold are one take.
"use strict";

const BETWEEN_FRAMES = 200; // milliseconds
const SHORTEST = 1000; // a tap, or a press by a screen reader, records for a second
const MOST_FRAMES = 40;

// Open the camera; throws `Refused` with a line that helps.
async function openCamera() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Refused(
      "This browser gives a page that was opened from a file no camera. Choose photo files " +
        "instead, or open the page in Chrome, Edge or Firefox.",
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "environment" },
    });
  } catch (error) {
    const words = {
      NotAllowedError:
        "The camera was refused. To allow it, use the sign beside the page's address, then press " +
        "the button again. Photo files work without it.",
      NotFoundError: "No camera was found. Connect one and press again, or choose photo files.",
      NotReadableError: "Another program uses the camera. Close it, and press the button again.",
    };
    throw new Refused(
      words[error.name] ?? `The camera did not open (${error.name}). Choose photo files instead.`,
    );
  }
}

function closeCamera(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}

async function show(video, stream) {
  video.srcObject = stream;
  await video.play();
}

const frameOf = (video) => picture(video, video.videoWidth, video.videoHeight);

// Make a button record from `video` while it is held, by pointer or by Space or Enter. `onTake`
// gets the frames of one hold, `onFrame` how many there are so far.
function holdToRecord(button, video, onFrame, onTake) {
  let timer = null;
  let frames = [];
  let began = 0;

  function stop() {
    clearTimeout(timer);
    timer = null;
    button.setAttribute("aria-pressed", "false");
    if (frames.length) onTake(frames);
    frames = [];
  }

  function tick() {
    const over = button.dataset.held !== "yes" && performance.now() - began >= SHORTEST;
    if (over || frames.length >= MOST_FRAMES || !video.videoWidth) return stop();
    frames.push(frameOf(video));
    onFrame(frames.length);
    timer = setTimeout(tick, BETWEEN_FRAMES);
  }

  function start() {
    if (timer !== null) return;
    began = performance.now();
    button.setAttribute("aria-pressed", "true");
    tick();
  }

  function hold(event) {
    if (event.type === "keydown" && ![" ", "Enter"].includes(event.key)) return;
    if (event.button > 0) return; // only the main button of a mouse
    event.preventDefault();
    button.focus();
    button.dataset.held = "yes";
    if (event.pointerId !== undefined) button.setPointerCapture(event.pointerId);
    start();
  }

  function release() {
    button.dataset.held = "no";
  }

  button.setAttribute("aria-pressed", "false");
  for (const type of ["pointerdown", "keydown"]) button.addEventListener(type, hold);
  for (const type of ["pointerup", "pointercancel", "keyup", "blur"]) {
    button.addEventListener(type, release);
  }
  // Without pointer or key, as a screen reader presses: a second's worth.
  button.addEventListener("click", (event) => event.detail === 0 && start());
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch
}
