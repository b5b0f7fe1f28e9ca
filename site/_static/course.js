// What scrolls, and only that, can be reached by keyboard; captions of the table of contents have a level.
// A page that was opened from a file may not read others, so search shows no lines of them there.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("p.caption[role=heading]").forEach((e) => e.setAttribute("aria-level", "2"));
  const results = document.getElementById("search-results");
  if (results) results.before(Object.assign(document.createElement("h1"), { textContent: "Search" }));
  const sizes = new ResizeObserver((changed) => {
    for (const { target } of changed) {
      const scrolls = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
      if (scrolls) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  document.querySelectorAll("pre, .table-wrapper, .cell_output table, .dial-table table").forEach((e) => sizes.observe(e));
});
