// "Try it": a photo or the camera, and what the head says. In the lab, and in the page it hands out.
"use strict";

// `root` is filled. `model()` gives {head, classes, limit} or null; `say` shows a line.
function makeTrial(root, crew, model, say) {
  const answers = h("div", { class: "answer", role: "status" });
  const video = h("video", { muted: true, playsinline: true, "aria-label": "The camera's picture" });
  video.muted = true; // the attribute alone does not do it
  const live = h("div", { class: "live", hidden: true }, video);
  const [choose, input] = filePicker("Choose a photo", "Choose a photo to try", false, fromFiles);
  const look = h("button", { type: "button", "aria-pressed": "false" }, "Look through the camera");
  root.replaceChildren(h("div", { class: "row" }, choose, input, look), live, answers);
  acceptDrops(root, fromFiles);
  let stream = null;
  let spoken = "";

  async function fromFiles([file]) {
    if (!model()) return say("Train a head first: then it can be tried.");
    try {
      await answer(await readPhoto(file));
      say("");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(error.message);
    }
  }

  async function answer({ pixels, thumb }, often = false) {
    const map = await crew.ask("map", { pixels }, true);
    const trained = model();
    if (!trained) return;
    const { head, classes, limit } = trained;
    const features = meanOver(map);
    const p = probabilities(head, features);
    const best = p.indexOf(Math.max(...p));
    const none = distance(head, features) > limit;
    const words = none ? "None of these" : classes[best];
    // Read aloud only when the answer changes: the camera gives one several times a second.
    answers.setAttribute("aria-live", often && words === spoken ? "off" : "polite");
    spoken = words;
    answers.replaceChildren(
      h("p", { class: "verdict" }, h("strong", {}, words), none && ` (else: ${classes[best]})`),
      h("div", { class: "side" },
        heatPicture(thumb, evidence(head, map, best), classes[best]),
        bars(classes, p)),
    );
  }

  look.addEventListener("click", async () => {
    if (stream) return close();
    if (!model()) return say("Train a head first: then it can be tried.");
    try {
      stream = await openCamera();
    } catch (error) {
      return say(error.message);
    }
    look.setAttribute("aria-pressed", "true");
    live.hidden = false;
    await show(video, stream);
    while (stream && model()) {
      await answer(frameOf(video), true);
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_FRAMES));
    }
    close();
  });

  function close() {
    closeCamera(stream);
    stream = null;
    live.hidden = true;
    look.setAttribute("aria-pressed", "false");
  }

  return { clear: () => answers.replaceChildren(), close };
}

// Global average pooling: features from the last feature map.
function meanOver(map) {
  const features = new Float32Array(map.length / 16);
  map.forEach((value, at) => (features[at % features.length] += value / 16));
  return features;
}

function bars(classes, p) {
  return h("ul", { class: "bars" }, classes.map((name, k) =>
    h("li", {}, h("span", {}, name), h("span", { class: "share" }, percent(p[k])),
      h("progress", { max: 1, value: p[k], "aria-label": name }))));
}
