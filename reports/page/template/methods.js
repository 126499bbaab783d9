// The list of methods: which are shown.
function swatch(place, ground = theme()) {
  const style = look(place, ground, coloured().has(place));
  const picture = svg("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true", class: "swatch" },
    svg("path", { d: "M0 6H26", stroke: style.colour, "stroke-width": 1.6, "stroke-dasharray": style.dash || null, fill: "none" }));
  picture.append(mark(style.marker, 13, 6, 3.6, { fill: style.colour, stroke: "none" }));
  return picture;
}
function drawMethods() {
  const labels = group().labels;
  const off = hidden();
  const wanted = byId("methods-find").value.trim().toLowerCase();
  byId("methods-count").textContent = `Methods: ${labels.length - off.size} of ${labels.length}`;
  byId("methods-list").replaceChildren(...labels.flatMap((label, place) => (label.toLowerCase().includes(wanted)
    ? [el("li", {}, el("label", {},
      el("input", { type: "checkbox", "data-method": place, checked: !off.has(label), onchange: (event) => toggle(label, event.target.checked, place) }),
      swatch(place), named(label, 60)))]
    : [])));
}
function toggle(label, on, place) {
  change({ hide: on ? state.hide.filter((other) => other !== label) : [...state.hide, label] });
  const box = document.querySelector(`[data-method="${place}"]`);
  if (box) box.focus();
}
// Only the set of the best at this count, where there is one.
function showBest() {
  const rows = standing(metric()).rows;
  const best = rows.filter((row) => row.best).map((row) => group().labels[row.label]);
  change({ hide: best.length ? group().labels.filter((label) => !best.includes(label)) : [] });
  if (!best.length) say("No method is told to be the best here; all are shown.");
}
