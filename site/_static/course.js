// What scrolls can be reached by keyboard; captions of the table of contents have a level.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("p.caption[role=heading]").forEach((e) => e.setAttribute("aria-level", "2"));
  document.querySelectorAll("pre, .table-wrapper, .cell_output table").forEach((e) => (e.tabIndex = 0));
});
