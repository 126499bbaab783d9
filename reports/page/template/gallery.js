// Images with the superpixels on them, two methods side by side.
const read = new Map();
// The boundaries of an image are read when it is first looked at.
function maps(place) {
  const key = `maps-${state.group}-${place}`;
  if (!read.has(key)) read.set(key, JSON.parse(byId(key).textContent));
  return read.get(key);
}
function galleryChoice() {
  const its = group();
  const image = Math.max(0, its.gallery.findIndex((one) => one.name === state.image));
  const drawn = maps(image);
  const all = its.asked.filter((n) => its.points.n.some((other, i) => other === n && drawn[i]));
  const wanted = state.n || (known(count()) ? count() : null);
  const n = all.length && known(wanted) && known(all[0]) ? all.reduce((best, one) => (Math.abs(Math.log(one / wanted)) < Math.abs(Math.log(best / wanted)) ? one : best)) : all[0];
  const places = its.points.n.map((_, i) => i).filter((i) => its.points.n[i] === n && drawn[i]);
  const sides = places.map((i) => ({ key: its.labels[its.points.label[i]], place: i }));
  if (drawn.truth) sides.push({ key: "", place: "truth" });
  const preferred = sides.filter((side) => side.place === "truth" || shown().includes(its.points.label[side.place]));
  const scores = its.gallery[image].scores[metric()] || [];
  const sign = DATA.metrics[metric()].direction === "low" ? 1 : -1;
  const order = preferred.filter((side) => side.place !== "truth").sort((a, b) => sign * ((scores[a.place] ?? -sign * 1e9) - (scores[b.place] ?? -sign * 1e9)));
  const find = (wanted_, usual) => sides.find((side) => side.key === wanted_ && wanted_ !== null) || usual || sides[0];
  const left = find(state.left === "annotator" ? "" : state.left, order[0]);
  const right = find(state.right === "annotator" ? "" : state.right, order.at(-1) === left ? sides.at(-1) : order.at(-1));
  return { image, drawn, all, n, sides, left, right, order };
}
const sideName = (side) => (side.place === "truth" ? "annotator" : side.key);
function sideSelect(id, name, choice, current) {
  return el("label", { class: "field" }, name, " ", el("select", { id, onchange: (event) => { change({ [id]: choice.sides[event.target.value].place === "truth" ? "annotator" : choice.sides[event.target.value].key }); byId(id).focus(); } },
    choice.sides.map((side, i) => el("option", { value: i, selected: side === current }, short(sideName(side), 40)))));
}
function lines(drawn, side) {
  const node = el("div", { class: "lines" });
  const source = `url("data:image/png;base64,${drawn[side.place]}")`;
  node.style.maskImage = source;
  node.style.webkitMaskImage = source;
  node.style.backgroundColor = COLOURS[state.colour];
  return node;
}
function sideWords(its, picture, side) {
  if (side.place === "truth") return "one of the annotators";
  const value = (picture.scores[metric()] || [])[side.place];
  return `${whole(picture.counts[side.place])} superpixels, ${metric()} ${tidy(value)}`;
}
// What each method returned and scored on this image, best first.
function scoresTable(its, picture, choice) {
  const id = metric();
  return el("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": `Scores on image ${plain(picture.name)}` }, el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "method"), el("th", { scope: "col", class: "n" }, "count"), el("th", { scope: "col", class: "n" }, id + arrow(id)))),
    el("tbody", {}, choice.order.map((side) => el("tr", {}, el("th", { scope: "row" }, swatch(its.points.label[side.place]), " ", named(side.key, 28)), el("td", { class: "n" }, whole(picture.counts[side.place])), el("td", { class: "n" }, fixed(picture.scores[id][side.place], Math.max(2, its.metrics[id].digits))))))));
}
function drawGallery() {
  const host = byId("gallery-view");
  const its = group();
  if (!its.gallery.length || !metric()) return nothing(host, `No gallery: ${its.no_gallery.join("; ") || "no image has label maps"}.`);
  const choice = galleryChoice();
  const picture = its.gallery[choice.image];
  const strip = el("div", { class: "strip", role: "group", "aria-label": "Images" }, its.gallery.map((one, i) => el("button", { type: "button", "data-image": i, "aria-pressed": String(i === choice.image), onclick: () => { change({ image: one.name }); document.querySelector(`[data-image="${i}"]`).focus(); } },
    el("img", { src: one.source, alt: "", width: one.width, height: one.height }), el("span", {}, named(one.name, 22)), el("span", { class: "kinds" }, one.kinds.join(", ")))));
  const [first, second] = [lines(choice.drawn, choice.left), lines(choice.drawn, choice.right)];
  const edge = el("div", { class: "edge" });
  const stage = el("div", { class: "stage" }, el("img", { src: picture.source, draggable: "false", width: picture.width, height: picture.height, alt: `Image ${plain(picture.name)} with the boundaries of ${plain(sideName(choice.left))} on the left and of ${plain(sideName(choice.right))} on the right` }), first, second, edge);
  const wipe = (share) => {
    first.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    second.style.clipPath = `inset(0 0 0 ${share}%)`;
    edge.style.left = `${share}%`;
  };
  const slider = el("input", { type: "range", id: "wipe", min: 0, max: 100, step: 1, value: state.wipe, "aria-label": "Wipe between the two methods, in percent from the left", oninput: (event) => { state.wipe = Number(event.target.value); wipe(state.wipe); }, onchange: remember });
  const drag = (event) => {
    const box = stage.getBoundingClientRect();
    state.wipe = Math.round(Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width)));
    slider.value = state.wipe;
    wipe(state.wipe);
  };
  stage.addEventListener("pointerdown", (event) => { stage.setPointerCapture(event.pointerId); drag(event); });
  stage.addEventListener("pointermove", (event) => { if (event.buttons) drag(event); });
  stage.addEventListener("pointerup", remember);
  wipe(state.wipe);
  // No larger than three times its pixels, nor than the window is high.
  const room = `min(46rem, ${3 * picture.width}px, ${Math.round((72 * picture.width) / picture.height)}vh)`;
  const controls = el("div", { class: "options" },
    el("label", { class: "field" }, "Asked ", el("select", { id: "n", onchange: (event) => { change({ n: Number(event.target.value) || null }); byId("n").focus(); } }, choice.all.map((n) => el("option", { value: n ?? 0, selected: n === choice.n }, known(n) ? String(n) : "not given")))),
    sideSelect("left", "Left", choice, choice.left), sideSelect("right", "Right", choice, choice.right),
    el("label", { class: "field" }, "Lines ", el("select", { id: "colour", onchange: (event) => { change({ colour: event.target.value }); byId("colour").focus(); } }, Object.keys(COLOURS).map((name) => el("option", { value: name, selected: name === state.colour }, name)))));
  const wanted = [metric(), ...DATA.headline.filter((other) => other !== metric() && its.metrics[other])];
  const heads = ["label", "n", "count", ...wanted];
  const rows = choice.order.map((side) => [side.key, choice.n, picture.counts[side.place], ...wanted.map((id) => picture.scores[id][side.place])]);
  const framed = el("div", { class: "stage-wrap" },
    el("div", { class: "sides" },
      el("div", {}, el("b", {}, named(sideName(choice.left))), el("p", { class: "caption" }, sideWords(its, picture, choice.left))),
      el("div", {}, el("b", {}, named(sideName(choice.right))), el("p", { class: "caption" }, sideWords(its, picture, choice.right)))),
    stage, el("div", { class: "wipe" }, "left", slider, "right"));
  framed.style.maxWidth = room;
  host.replaceChildren(
    el("p", { class: "about" }, "The images on which the methods score best and worst on average, and on which they differ most, by the first metric at the middle count. Drag over the picture, or use the slider, to wipe from one method to the other."),
    strip, controls,
    el("div", { class: "beside" }, framed, scoresTable(its, picture, choice)),
    tools(`image-${picture.name}-${whole(choice.n)}`, `Scores on ${plain(picture.name)}${known(choice.n) ? `, ${choice.n} asked` : ""}.${picture.thinned ? " The image is larger; every so many-th pixel is shown." : ""} ${its.no_gallery.length ? `Also: ${its.no_gallery.join("; ")}.` : ""}`, heads, rows, null));
}
