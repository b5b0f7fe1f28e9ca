// What was collected stays in this browser (IndexedDB) until a button deletes it.
// Two tables: classes {id, name, at}, photos {id, classId, takeId, name, at, pixels, thumb, map}.
"use strict";

const DATABASE = "tlcourse-lab";

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function openStore() {
  let database = null;
  try {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("classes", { keyPath: "id" });
      request.result.createObjectStore("photos", { keyPath: "id" });
    };
    database = await settled(request);
  } catch {
    database = null; // some browsers keep nothing for a private window, or for a file
  }

  async function change(table, act) {
    if (!database) return true;
    try {
      const work = database.transaction(table, "readwrite");
      const done = new Promise((resolve, reject) => {
        work.oncomplete = () => resolve(true);
        work.onabort = work.onerror = () => reject(work.error);
      });
      act(work.objectStore(table));
      return await done;
    } catch {
      return false; // the disk is full, for one
    }
  }

  return {
    keeps: Boolean(database),
    async all() {
      if (!database) return { classes: [], photos: [] };
      const work = database.transaction(["classes", "photos"]);
      const [classes, photos] = await Promise.all(
        ["classes", "photos"].map((table) => settled(work.objectStore(table).getAll())),
      );
      const inOrder = (list) => list.sort((a, b) => a.at - b.at);
      return { classes: inOrder(classes), photos: inOrder(photos) };
    },
    put: (table, records) => change(table, (t) => records.forEach((record) => t.put(record))),
    remove: (table, ids) => change(table, (t) => ids.forEach((id) => t.delete(id))),
    async clear() {
      await change("photos", (t) => t.clear());
      await change("classes", (t) => t.clear());
    },
  };
}
