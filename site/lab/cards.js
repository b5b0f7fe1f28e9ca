// The cards of step 1, one a class: its name, its takes, and the ways to add some.
"use strict";

// `page` has {collection, say, addFiles(classId, files), recordFrom}: `recordFrom` is the open
// camera's video, or null.
function classCard(page, one) {
  const { collection } = page;
  const number = collection.classes.indexOf(one) + 1;
  const name = h("input", {
    value: one.name, id: `name-${one.id}`, maxlength: 40, autocomplete: "off",
    oninput: () => collection.rename(one, name.value.trim() || `class ${number}`),
  });
  const remove = h("button", { type: "button", class: "quiet", onclick: removeClass },
    "Delete class");
  remove.setAttribute("aria-label", `Delete class ${one.name}`);

  function removeClass() {
    const place = collection.classes.indexOf(one);
    const gone = collection.removeClass(one);
    page.say(`Deleted ${one.name} and ${several(gone.length, "photo")}.`,
      () => collection.restore(gone, one, place));
    document.getElementById("add-class").focus();
  }

  return h("section", { class: "card", "data-class": one.id, "aria-label": `Card of class ${number}` },
    h("div", { class: "row" },
      h("label", { for: name.id }, `Class ${number}`), remove),
    name, ...collecting(page, one.id, () => one.name));
}

// The part that classes and strangers share: buttons and takes.
function collecting(page, classId, nameOf) {
  const add = (files) => page.addFiles(classId, files);
  const [choose, input] = filePicker("Choose photos", `Choose photos for ${nameOf()}`, true, add);
  const parts = [h("div", { class: "row" }, choose, input)];
  if (page.recordFrom) {
    const words = h("span", {}, "Hold to record");
    const record = h("button", { type: "button", class: "record" }, words);
    record.setAttribute("aria-label", `Hold to record ${nameOf()}`);
    holdToRecord(record, page.recordFrom,
      (count) => (words.textContent = `Recording: ${count}`),
      (frames) => {
        page.collection.addTake(classId, frames);
        page.say(`One take of ${several(frames.length, "photo")} for ${nameOf()}.`);
        words.textContent = "Hold to record";
      });
    parts[0].append(record);
  }
  const count = h("p", { class: "count" });
  const takes = h("ul", { class: "takes" });
  parts.push(count, takes);
  return parts;
}

// Bring the takes of a card up to date; what is there already stays, and so does the focus.
function showTakes(page, card, classId, name) {
  const takes = page.collection.takesOf(classId);
  const photos = page.collection.of(classId).length;
  card.querySelector(".count").textContent = photos
    ? `${several(takes.length, "take")}, ${several(photos, "photo")}`
    : "No photos yet: choose some, drop them here, or record.";
  const list = card.querySelector(".takes");
  const known = new Map([...list.children].map((item) => [item.dataset.take, item]));
  const items = takes.map((photosOfTake, at) => {
    const id = photosOfTake[0].takeId;
    const item = known.get(id) ?? takeItem(page, photosOfTake);
    const words = `Take ${at + 1} of ${name}: ${several(photosOfTake.length, "photo")}`;
    item.querySelector("button").setAttribute("aria-label", `${words}. Press to delete`);
    item.querySelector("button").title = `${words}. Press to delete.`;
    known.delete(id);
    return item;
  });
  known.forEach((item) => item.remove());
  items.forEach((item, at) => list.children[at] !== item && list.insertBefore(item, list.children[at]));
}

function takeItem(page, photos) {
  const remove = h("button", { type: "button", class: "take" },
    h("img", { src: photos[0].thumb, alt: "", width: 56, height: 56 }),
    photos.length > 1 && h("span", { class: "frames", "aria-hidden": "true" }, `${photos.length}`));
  const item = h("li", { "data-take": photos[0].takeId }, remove);
  remove.addEventListener("click", () => {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const card = item.closest(".card");
    page.collection.remove(photos);
    (next?.querySelector("button") ?? card.querySelector("button")).focus();
    page.say(`Deleted a take of ${several(photos.length, "photo")}.`,
      () => page.collection.restore(photos));
  });
  return item;
}
