// The dials in the page. Numbers and words come with the page (tools/site_dials.py, which tells what is
// in them); here they are drawn, turned by mouse or keyboard, and kept in the page's address.
(() => {
  const TEXT = "#222", GUESS = "#8a3d68", FAINT = "#444";

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes))
      if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
    element.append(...children);
    return element;
  }
  const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
  const draw = (tag, attributes = {}, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  // Whole numbers as Python rounds them: halves go to the even one.
  const whole = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

  // The figure, as wide as there is room for, so that its words keep their size on a telephone.
  function figure(dial, view, state, width) {
    const left = 48, right = width - 8, top = 24, bottom = 292, names = dial.dial.steps.slice(1);
    const { low, high, base, ticks, label } = dial.axis, shown = state.shown;
    const x = (at) => left + ((at + 0.5) * (right - left)) / names.length;
    const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
    const narrow = width < 480, staggered = narrow && names.some((name) => name.length > 9) && !names.includes("from scratch");
    const part = (name, ...children) => draw("g", { "data-part": name }, ...children.flat());
    const words = (text, at, more = {}) => draw("text", { x: at[0], y: at[1], fill: TEXT, ...more }, text);
    const line = (from, to, more) => draw("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], stroke: FAINT, ...more });
    const parts = [
      draw("defs", {}, draw("pattern", { id: `${state.id}-hatch`, width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        draw("line", { x1: 0, y1: 0, x2: 0, y2: 8, stroke: "#fff", "stroke-width": 4 }))),
      part("grid", ticks.map(([value, text]) => [
        line([left, y(value)], [right, y(value)], { stroke: "#ddd" }),
        words(text, [left - 6, y(value) + 4], { "text-anchor": "end" })]).flat()),
      part("axis", names.map((name, at) =>
        (narrow && !staggered && name.length > 8 ? name.split(" ") : [name]).map((word, row) =>
          words(word, [x(at), bottom + 16 + 14 * (staggered && at % 2 ? 1 : row)], { "text-anchor": "middle" }))).flat()),
      words(dial.columns[0], [(left + right) / 2, 341], { "text-anchor": "middle" }),
      words(label, [4, 14]),
    ];
    const halo = { stroke: "#fff", "stroke-width": 4, "paint-order": "stroke", "text-anchor": "end", "font-size": 12 };
    const chance = () => part("line", line([left, y(dial.line.at)], [right, y(dial.line.at)], { "stroke-dasharray": "2 4", "stroke-width": 2 }),
      words(dial.line.label, [right, y(dial.line.at) - 5], halo));

    if (dial.figure === "bars") {
      const half = 0.31 * (x(1) - x(0));
      view.rows.slice(0, shown).forEach((row, at) => {
        const up = row.mean > base, box = { x: x(at) - half, y: Math.min(y(row.mean), y(base)), width: 2 * half, height: Math.abs(y(row.mean) - y(base)) };
        parts.push(part("result", draw("rect", { ...box, fill: row.color, opacity: at === shown - 1 ? 1 : 0.6 }),
          row.hatched ? draw("rect", { ...box, fill: `url(#${state.id}-hatch)` }) : "",
          words(row.text, [x(at), up ? y(row.best) - 6 : y(row.worst) + 16], { "text-anchor": "middle", "font-size": 15 })),
          part("spread", line([x(at), y(row.worst)], [x(at), y(row.best)], { stroke: "#000", "stroke-width": 2 }),
            [row.worst, row.best].map((end) => line([x(at) - 5, y(end)], [x(at) + 5, y(end)], { stroke: "#000", "stroke-width": 2 }))));
      });
      parts.push(part("base", line([left, y(base)], [right, y(base)], { stroke: "#000", "stroke-width": 2 }),
        view.base ? words(view.base, [right, y(base) - 6], { ...halo, "font-size": 13 }) : ""));
      if (dial.line) parts.push(chance());
      const at = state.guess === "" || state.touring ? -1 : Number(state.guess);
      if (at >= 0 && at < names.length) {
        const place = dial.guess.mark === "from" ? x(at) - (x(1) - x(0)) / 2 : x(at), side = at > names.length / 2;
        parts.push(part("guess", line([place, top], [place, bottom], { stroke: GUESS, "stroke-width": 3, "stroke-dasharray": "8 5" }),
          words(dial.guess.mark === "from" ? "your guess: from here" : "your guess", [place + (side ? -6 : 6), top + 10],
            { "text-anchor": side ? "end" : "start", fill: GUESS })));
      }
      return parts;
    }

    const curve = (rows, color, marker) => {
      const path = (values) => values.map((value, at) => `${x(at)},${y(value)}`);
      return [
        draw("polygon", { points: [...path(rows.map((r) => r.best)), ...path(rows.map((r) => r.worst)).reverse()].join(" "), fill: color, opacity: 0.18 }),
        draw("polyline", { points: path(rows.map((r) => r.mean)).join(" "), fill: "none", stroke: color, "stroke-width": 2.5 }),
        ...rows.map((row, at) => mark(marker, x(at), y(row.mean), color)),
      ];
    };
    const mark = (kind, cx, cy, color) =>
      kind === "circle" ? draw("circle", { cx, cy, r: 5, fill: color })
        : draw("rect", { x: cx - 4.5, y: cy - 4.5, width: 9, height: 9, fill: color, transform: kind === "diamond" ? `rotate(45 ${cx} ${cy})` : null });
    const guesses = state.guess.map(Number);
    parts.push(chance(), part("scratch", curve(dial.scratch, dial.scratch_color, "square")));
    if (!state.touring) // a tour asks by its buttons
      parts.push(part("guess", draw("polyline", { points: guesses.map((value, at) => `${x(at)},${y(value)}`).join(" "), fill: "none", stroke: "#CC79A7", "stroke-width": 2, "stroke-dasharray": "6 4" }),
        guesses.map((value, at) => mark("diamond", x(at), y(value), "#CC79A7"))));
    if (shown) parts.push(part("result", curve(view.rows.slice(0, shown), view.color, "circle")));
    if (shown === names.length && view.cross !== null)
      parts.push(part("cross", line([x(view.cross), top + 20], [x(view.cross), bottom], { "stroke-width": 2, "stroke-dasharray": "1 3" })));
    [["square", dial.scratch_color, "from scratch"], !state.touring && ["diamond", "#CC79A7", "your guess"], shown && ["circle", view.color, "transfer"]]
      .filter(Boolean).forEach(([kind, color, text], at) => {
        const place = left + 8 + [0, 0.38, 0.74][at] * Math.min(right - left, 360);
        parts.push(mark(kind, place, top + 6, color), words(text, [place + 10, top + 11]));
      });
    return parts;
  }

  function start(root) {
    const dial = JSON.parse(root.querySelector("script").textContent);
    const many = Boolean(dial.guess.values), last = dial.dial.steps.length - 1, ids = { count: 0 };
    const begin = () => ({
      id: root.id, shown: 0, guess: many ? dial.guess.values.map(String) : "", controls: "on",
      ...Object.fromEntries(dial.controls.map(({ name, value }) => [name, value])),
    });
    let state = begin();

    const labeled = (text, element) => {
      element.id = `${root.id}-${ids.count++}`;
      return make("div", { class: "dial-control" }, make("label", { for: element.id }, text), element);
    };
    const selects = dial.controls.map(({ label, name }) => {
      const element = make("select");
      element.addEventListener("change", () => change({ [name]: element.value }));
      return { name, element, box: labeled(label, element) };
    });
    const turn = make("input", { type: "range", min: 0, max: last, step: 1 });
    turn.addEventListener("input", () => change({ shown: Number(turn.value) }));
    const guesses = many
      ? dial.guess.options.map((label, at) => {
          const element = make("input", { type: "range", min: 0, max: 100, step: 5 });
          element.addEventListener("input", () => change({ guess: Object.assign([...state.guess], { [at]: element.value }) }));
          return { element, box: labeled(label, element), said: null };
        })
      : [];
    const one = make("select", {}, make("option", { value: "" }, "choose …"), ...dial.guess.options.map((text, at) => make("option", { value: at }, text)));
    one.addEventListener("change", () => change({ guess: one.value }));
    const value = () => make("span", { class: "dial-value", "aria-hidden": "true" }); // the slider itself says it
    const turned = value(), asked = many
      ? make("fieldset", { class: "dial-guesses" }, make("legend", {}, dial.guess.label), ...guesses.map(({ box }) => box))
      : labeled(dial.guess.label, one);
    guesses.forEach((guess) => guess.box.append((guess.said = value())));
    const turning = labeled(dial.dial.label, turn);
    turning.append(turned);
    turning.classList.add("dial-turn");

    const controls = make("div", { class: "dial-controls" }, ...selects.map(({ box }) => box), asked, turning);
    const said = make("p", { class: "dial-words", role: "status" });
    const picture = draw("svg", { role: "img", height: 348 });
    const body = make("tbody");
    const columns = many ? [...dial.columns, "your guess", "from scratch, mean"] : dial.columns;
    const heads = columns.map((name) => make("th", { scope: "col" }, name));
    const table = make("details", { class: "dial-table" }, make("summary", {}, "The same as a table"),
      make("table", {}, make("caption", {}, dial.alt), make("thead", {}, make("tr", {}, ...heads)), body));
    const link = make("a", {}, "Link to this view"), bare = make("a", {}, "without controls"), full = make("a", {}, "Show the controls");
    const tourButton = make("button", { type: "button" }, "Tour in five steps");
    const tour = make("div", { class: "dial-tour", tabindex: -1, role: "group", "aria-label": "Tour", hidden: true });
    root.append(controls, make("p", {}, tourButton), tour, said, make("div", { class: "dial-figure" }, picture), table,
      make("p", { class: "dial-links" }, link, " ", bare, full));

    const key = (values) => dial.controls.map(({ name }) => values[name]).join("/");
    function fits(values) { // where there is no such view, the last choice gives way
      if (dial.views[key(values)]) return values;
      const { name, options } = dial.controls.at(-1);
      return { ...values, [name]: options.map(([value]) => value).find((value) => dial.views[key({ ...values, [name]: value })]) };
    }
    function address(values) {
      const pairs = { ...Object.fromEntries(dial.controls.map(({ name }) => [name, values[name]])), shown: values.shown };
      if (many || values.guess !== "") pairs.guess = many ? values.guess.join("-") : values.guess;
      if (values.controls === "off") pairs.controls = "off";
      return `#${[root.id, ...Object.entries(pairs).map(([name, value]) => `${name}=${value}`)].join("&")}`;
    }
    function read() { // what is wrong in an address is passed over
      const [id, ...pairs] = location.hash.slice(1).split("&");
      if (id !== root.id) return;
      const given = Object.fromEntries(pairs.map((pair) => pair.split("="))), found = begin();
      for (const { name, options } of dial.controls) if (options.some(([value]) => value === given[name])) found[name] = given[name];
      if (/^\d$/.test(given.shown) && given.shown <= last) found.shown = Number(given.shown);
      const numbers = (given.guess ?? "").split("-");
      const valid = numbers.every((number) => /^\d{1,3}$/.test(number) && number <= (many ? 100 : dial.guess.options.length - 1));
      if (valid && numbers.length === (many ? dial.guess.values.length : 1)) found.guess = many ? numbers : numbers[0];
      if (given.controls === "off") found.controls = "off";
      state = fits(found);
      show();
      root.scrollIntoView();
    }
    function change(what) {
      state = fits({ ...state, ...what });
      show();
      history.replaceState(null, "", address(state));
    }

    function sentence(view) {
      const told = view.words[state.shown];
      if (!many) return state.shown === last && state.guess !== "" && tour.hidden ? `${told} Your guess: ${dial.guess.options[state.guess]}.` : told;
      if (!state.shown || !tour.hidden) return told;
      const off = view.rows.slice(0, state.shown).map((row, at) => Math.abs(row.mean - state.guess[at]));
      return `${told} ${dial.guess.off.replace("{}", whole(off.reduce((a, b) => a + b) / off.length))}`;
    }

    function show() {
      const view = dial.views[key(state)], name = dial.dial.steps[state.shown];
      dial.controls.forEach(({ name, options }, at) => {
        const ready = options.filter(([value]) => name !== dial.controls.at(-1).name || dial.views[key({ ...state, [name]: value })]);
        const { element } = selects[at];
        if (element.options.length !== ready.length) element.replaceChildren(...ready.map(([value, text]) => make("option", { value }, text)));
        element.value = state[name];
      });
      turn.value = state.shown;
      turn.setAttribute("aria-valuetext", name);
      turned.textContent = name;
      if (many)
        guesses.forEach(({ element, said }, at) => {
          element.value = state.guess[at];
          element.setAttribute("aria-valuetext", `${state.guess[at]} %`);
          said.textContent = `${state.guess[at]} %`;
        });
      else one.value = state.guess;
      const text = sentence(view);
      if (said.textContent !== text) said.textContent = text;
      said.hidden = !tour.hidden && !state.shown; // then the tour asks

      const cells = view.rows.map((row, at) => (at < state.shown ? row.cells : [row.cells[0], ...row.cells.slice(1).map(() => "not shown yet")]));
      if (many) cells.forEach((row, at) => row.push(`${state.guess[at]} %`, dial.scratch[at].cells[0]));
      body.replaceChildren(...cells.map((row) => make("tr", {}, make("th", { scope: "row" }, row[0]), ...row.slice(1).map((cell) => make("td", {}, cell)))));
      const listed = cells.slice(0, state.shown).map((row) => `${row[0]} ${row[1]}`);
      picture.setAttribute("aria-label", `${dial.alt}: ${listed.join("; ") || "nothing shown yet"}.`);
      paint();

      bare.hidden = state.controls === "off";
      controls.hidden = tourButton.hidden = bare.hidden || !tour.hidden; // a tour turns the dial itself
      full.hidden = state.controls !== "off";
      link.href = address(state);
      bare.href = address({ ...state, controls: "off" });
      full.href = address({ ...state, controls: "on" });
    }
    function paint() {
      const width = Math.max(280, Math.min(680, picture.parentElement.clientWidth));
      picture.setAttribute("viewBox", `0 0 ${width} 348`);
      picture.setAttribute("width", width);
      picture.replaceChildren(...figure(dial, dial.views[key(state)], { ...state, touring: !tour.hidden }, width));
      const lit = picture.querySelectorAll(`[data-part="${root.dataset.lit}"]`);
      picture.classList.toggle("lighting", lit.length > 0);
      lit.forEach((part) => part.classList.add("lit"));
    }

    // On a small screen the figure would lie below it: then what the tour says goes to the top.
    function bring() {
      const top = tour.getBoundingClientRect().top, bottom = picture.getBoundingClientRect().bottom;
      if (top < 0 || bottom > innerHeight) tour.scrollIntoView({ block: "start" });
    }
    function end() {
      tour.hidden = true;
      root.dataset.lit = "";
      show();
      tourButton.focus();
    }
    function ask(at) {
      const step = dial.tour[at];
      root.dataset.lit = step.light;
      tour.hidden = false;
      change({ ...step.set, shown: Number(step.set.shown) });
      const answer = make("p", { role: "status" });
      const next = make("button", { type: "button", hidden: true }, at + 1 < dial.tour.length ? "Next" : "End of the tour");
      next.addEventListener("click", () => (at + 1 < dial.tour.length ? ask(at + 1) : end()));
      const buttons = step.options.map((text, option) => {
        const button = make("button", { type: "button" }, text);
        button.addEventListener("click", () => {
          buttons.forEach((one) => (one.disabled = true));
          button.classList.add("chosen");
          root.dataset.lit = step.light === "result" ? step.light : "";
          change({ shown: step.end });
          answer.textContent = `${step.right.includes(option) ? "Yes." : `You said: ${text}.`} ${step.told}`;
          next.hidden = false;
          next.focus({ preventScroll: true });
          bring();
        });
        return button;
      });
      const leave = make("button", { type: "button", class: "leave" }, "Leave the tour");
      leave.addEventListener("click", end);
      tour.replaceChildren(make("p", {}, make("b", {}, `Step ${at + 1} of ${dial.tour.length}. `), step.ask), make("p", {}, ...buttons), answer,
        make("p", {}, next, " ", leave));
      tour.focus({ preventScroll: true });
      bring();
    }
    tourButton.addEventListener("click", () => ask(0));
    tour.addEventListener("keydown", (event) => event.key === "Escape" && end());

    show();
    new ResizeObserver(paint).observe(picture.parentElement);
    addEventListener("hashchange", read);
    read();
  }

  document.querySelectorAll(".dial").forEach((root) => root.dataset.ready || ((root.dataset.ready = "yes"), start(root)));
})();
