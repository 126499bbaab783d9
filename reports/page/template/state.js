// What was chosen. It lives in the end of the address, so that a view can be sent.
const USUAL = {
  group: 0, metric: null, counts: "returned", at: null, band: true, annotators: true, hide: [],
  filter: "", sort: "", image: null, n: null, left: null, right: null, wipe: 50, colour: "yellow", section: "",
};
const state = { ...USUAL };
const group = () => DATA.groups[state.group];
const metrics = () => Object.keys(group().metrics);
const metric = () => (metrics().includes(state.metric) ? state.metric : metrics()[0]);
const stops = () => group()[mode()];
// Without an asked n there is no returned count to compare at, and the other way round.
const mode = () => (group()[state.counts].length ? state.counts : state.counts === "asked" ? "returned" : "asked");
function stop() {
  const all = stops();
  if (!all.length) return 0;
  if (state.at === null) return Math.floor((all.length - 1) / 2);
  if (state.at === "none") return Math.max(0, all.indexOf(null));
  const apart = all.map((count) => (known(count) ? Math.abs(Math.log(count / state.at)) : Infinity));
  return apart.indexOf(Math.min(...apart));
}
const count = () => (stops().length ? stops()[stop()] : null);
const hidden = () => new Set(state.hide);
const shown = () => {
  const off = hidden();
  return group().labels.map((_, place) => place).filter((place) => !off.has(group().labels[place]));
};
// Of a few all are in colour; of many the best by the first metric, as in the figures of bench plot.
function coloured() {
  const on = shown();
  return new Set(on.length <= MANY ? on : on.filter((place) => group().coloured.includes(place)));
}

function readHash() {
  const given = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  Object.assign(state, USUAL, { hide: [] });
  const number = (key, low, high) => {
    const value = Number(given.get(key));
    if (given.has(key) && Number.isFinite(value)) state[key] = Math.min(high, Math.max(low, value));
  };
  number("group", 0, DATA.groups.length - 1);
  state.group = Math.round(state.group);
  number("at", 1e-9, 1e12);
  number("wipe", 0, 100);
  number("n", 1e-9, 1e12);
  if (given.get("at") === "none") state.at = "none";
  if (DATA.metrics[given.get("metric")]) state.metric = given.get("metric");
  if (["asked", "returned"].includes(given.get("counts"))) state.counts = given.get("counts");
  for (const key of ["band", "annotators"]) if (given.has(key)) state[key] = given.get(key) !== "0";
  for (const key of ["filter", "sort", "image", "left", "right", "section"]) if (given.has(key)) state[key] = given.get(key);
  if (Object.hasOwn(COLOURS, given.get("colour"))) state.colour = given.get("colour");
  state.hide = given.getAll("hide").filter((label) => group().labels.includes(label));
  const only = given.getAll("show").filter((label) => group().labels.includes(label));
  if (given.has("show")) state.hide = group().labels.filter((label) => !only.includes(label));
}
function hash() {
  const given = new URLSearchParams();
  for (const [key, usual] of Object.entries(USUAL)) {
    const value = state[key];
    if (key === "hide" || value === usual || value === null) continue;
    given.set(key, typeof value === "boolean" ? Number(value) : value);
  }
  const labels = group().labels;
  const on = labels.filter((label) => !state.hide.includes(label));
  if (state.hide.length && state.hide.length <= on.length) state.hide.forEach((label) => given.append("hide", label));
  else if (state.hide.length) (on.length ? on : [""]).forEach((label) => given.append("show", label));
  return String(given);
}
function remember() {
  const address = hash();
  try { history.replaceState(null, "", "#" + address); } catch { location.replace("#" + address); }
}
const COLOURS = { yellow: "#ffe600", cyan: "#00e5ff", red: "#ff2d2d", white: "#ffffff", black: "#000000" };
