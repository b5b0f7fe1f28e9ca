// What was collected: classes, photos in takes, and their features, in step with the store.
"use strict";

const STRANGERS = "strangers"; // the class of things of no class; no head learns from it
const MOST_CLASSES = 12;

const newId = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

// `changed` is called whenever something is new; `say` shows a line.
async function openCollection(crew, changed, say) {
  const store = await openStore();
  const { classes, photos } = await store.all();
  const pending = new Map(); // photo id -> promise of its features
  let clock = Math.max(0, ...photos.map((p) => p.at), ...classes.map((c) => c.at));

  const keep = async (table, records) => {
    if (!(await store.put(table, records))) {
      say("This browser's storage is full: new photos are lost when the page is closed.");
    }
  };

  // The feature map comes from the network once, and stays with the photo.
  function look(photo) {
    const promise = crew.ask("map", { pixels: photo.pixels }).then((map) => {
      photo.map = map;
      pending.delete(photo.id);
      if (!photos.includes(photo)) return; // deleted meanwhile
      changed("looked");
      return keep("photos", [photo]);
    });
    pending.set(photo.id, promise);
  }

  const collection = {
    classes,
    photos,
    keeps: store.keeps,
    waiting: () => pending.size,
    of: (classId) => photos.filter((photo) => photo.classId === classId),
    takesOf(classId) {
      const takes = new Map();
      for (const photo of collection.of(classId)) {
        takes.set(photo.takeId, [...(takes.get(photo.takeId) ?? []), photo]);
      }
      return [...takes.values()];
    },
    addClass(name) {
      if (classes.length >= MOST_CLASSES) {
        say(`${MOST_CLASSES} classes are the most. Delete one first.`);
        return null;
      }
      const made = { id: newId(), name, at: ++clock };
      classes.push(made);
      keep("classes", [made]);
      changed("classes");
      return made;
    },
    rename(one, name) {
      one.name = name;
      keep("classes", [one]);
      changed("names");
    },
    // One take: pictures {pixels, thumb, name}. Kept at once, looked at in the background.
    addTake(classId, pictures) {
      const takeId = newId();
      const made = pictures.map(({ pixels, thumb, name }) => (
        { id: newId(), classId, takeId, name: name ?? "", at: ++clock, pixels, thumb, map: null }
      ));
      photos.push(...made);
      const kept = keep("photos", made);
      made.forEach(look);
      changed("photos");
      return kept;
    },
    remove(gone) {
      for (const photo of gone) photos.splice(photos.indexOf(photo), 1);
      store.remove("photos", gone.map(({ id }) => id));
      changed("photos");
    },
    restore(back, one = null, place = 0) {
      if (one) {
        classes.splice(place, 0, one);
        keep("classes", [one]);
      }
      photos.push(...back);
      photos.sort((a, b) => a.at - b.at);
      keep("photos", back);
      changed("classes");
    },
    removeClass(one) {
      const gone = collection.of(one.id);
      classes.splice(classes.indexOf(one), 1);
      for (const photo of gone) photos.splice(photos.indexOf(photo), 1);
      store.remove("classes", [one.id]);
      store.remove("photos", gone.map(({ id }) => id));
      changed("classes");
      return gone;
    },
    async clear() {
      classes.length = photos.length = 0;
      await store.clear();
      changed("classes");
    },
    async looked() {
      while (pending.size) await Promise.all(pending.values());
    },
  };
  photos.filter(({ map }) => !map).forEach(look); // the page was closed before they were done
  return collection;
}

// What the workers need of a photo, to learn from it and to judge.
const forJudging = (photo, label) => ({
  features: meanOver(photo.map),
  plain: plainFeatures(photo.pixels),
  take: photo.takeId,
  label,
});

// What keeps a head from being trained, in a line; empty if nothing does.
function lacking(collection) {
  const withPhotos = collection.classes.filter(({ id }) => collection.of(id).length);
  if (withPhotos.length === 0) return "There are no photos yet. Add some, or try our examples.";
  if (withPhotos.length === 1) {
    return "One class is nothing to tell apart: give photos to a second one.";
  }
  const few = withPhotos.filter(({ id }) => collection.takesOf(id).length < 2);
  if (!few.length) return "";
  const names = few.map(({ id, name }) => `${name} (${collection.takesOf(id).length})`).join(", ");
  return (
    `Too few takes: ${names}. Each class needs two, so that one can be left out to judge by; ten ` +
    "are better. A photo from a file is a take of its own."
  );
}
