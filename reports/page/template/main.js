// Controls, and drawing again what a choice changes.
const PARTS = [drawMethods, drawCurves, drawLeaderboard, drawPareto, drawRuntime, drawSpread, drawGallery];
function draw() {
  document.querySelectorAll(".group").forEach((node) => { node.hidden = Number(node.dataset.group) !== state.group; });
  showControls();
  for (const part of PARTS) part();
}
function change(changes) {
  Object.assign(state, changes);
  remember();
  draw();
}
function options(select, values, words, current) {
  select.replaceChildren(...values.map((value, i) => el("option", { value, selected: value === current }, words[i])));
}
function showControls() {
  byId("group-field").hidden = DATA.groups.length < 2;
  options(byId("group"), DATA.groups.map((_, i) => i), DATA.groups.map((one) => plain(one.name)), state.group);
  options(byId("metric"), metrics(), metrics().map((id) => `${id}: ${DATA.metrics[id].title}${arrow(id)}`), metric());
  byId("counts").value = mode();
  for (const option of byId("counts").options) option.disabled = !group()[option.value].length;
  const all = stops();
  const at = byId("at");
  at.max = Math.max(0, all.length - 1);
  at.value = stop();
  at.disabled = all.length < 2;
  const words = known(count()) ? whole(count()) : "not given";
  at.setAttribute("aria-valuetext", `${words} superpixels`);
  byId("at-value").textContent = words;
  byId("band").checked = state.band;
  byId("annotators").checked = state.annotators;
  if (byId("filter").value !== state.filter) byId("filter").value = state.filter;
}
byId("group").addEventListener("change", (event) => change({ group: Number(event.target.value), at: null, hide: [], image: null, left: null, right: null, n: null }));
byId("metric").addEventListener("change", (event) => change({ metric: event.target.value }));
byId("counts").addEventListener("change", (event) => change({ counts: event.target.value }));
byId("at").addEventListener("input", (event) => change({ at: stops()[event.target.value] ?? "none" }));
byId("band").addEventListener("change", (event) => change({ band: event.target.checked }));
byId("annotators").addEventListener("change", (event) => change({ annotators: event.target.checked }));
byId("filter").addEventListener("input", (event) => { state.filter = event.target.value; remember(); drawLeaderboard(); });
byId("methods-find").addEventListener("input", drawMethods);
byId("methods-all").addEventListener("click", () => change({ hide: [] }));
byId("methods-none").addEventListener("click", () => change({ hide: [...group().labels] }));
byId("methods-best").addEventListener("click", () => { if (metric()) showBest(); });
byId("controls").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("pointerdown", (event) => { if (!byId("methods").contains(event.target)) byId("methods").open = false; });
byId("methods").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  byId("methods").open = false;
  byId("methods").querySelector("summary").focus();
});
byId("copy").addEventListener("click", async () => {
  const address = "#" + hash();
  try { await navigator.clipboard.writeText(address); byId("copied").textContent = "Copied."; } catch { byId("copied").textContent = address; }
});
// Links to sections keep the choices in the address, and become one of them.
function go(section) {
  const node = byId(section);
  if (!node) return;
  node.scrollIntoView();
  (node.querySelector("h2") || node).focus({ preventScroll: true });
}
document.querySelectorAll('a[href^="#"]').forEach((link) => link.addEventListener("click", (event) => {
  const section = link.getAttribute("href").slice(1);
  event.preventDefault();
  if (section !== "main") { state.section = section; remember(); }
  go(section);
}));
addEventListener("hashchange", () => {
  if (!location.hash.includes("=") && location.hash) return;
  readHash();
  draw();
});
let waiting = 0;
let wideBefore = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === wideBefore) return; // a phone's address bar changes the height alone
  wideBefore = innerWidth;
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(draw);
});
night.addEventListener("change", draw);
const onPaper = (on) => { if (printing !== on) { printing = on; draw(); } };
addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));
matchMedia("print").addEventListener("change", (event) => onPaper(event.matches));
readHash();
draw();
if (state.section) go(state.section);
