// Charts in SVG: drawn at the width that there is, in the colours of the ground; again for export and print.
const GROUNDS = {
  light: { ink: "#1a1c1f", soft: "#55595f", grid: "#e6e6e2", faint: "#a9aaa6", ground: "#ffffff", dark: false },
  dark: { ink: "#e8e8e4", soft: "#a9aeb5", grid: "#2b3037", faint: "#6b7078", ground: "#15181c", dark: true },
};
let printing = false;
const night = matchMedia("(prefers-color-scheme: dark)");
const theme = () => GROUNDS[!printing && night.matches ? "dark" : "light"];
const SANS = '"Source Sans 3", "Source Sans Pro", system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif';

function look(place, ground, own = true) {
  const style = DATA.styles[group().labels[place]];
  if (!own) return { colour: ground.faint, marker: "o", dash: "" };
  return { colour: ground.dark ? style.dark : style.colour, marker: style.marker, dash: style.dash };
}

// --- marks -----------------------------------------------------------------------------------
function polygon(corners, turn, inner) {
  const points = [];
  const number = inner ? 2 * corners : corners;
  for (let i = 0; i < number; i += 1) {
    const angle = turn + (2 * Math.PI * i) / number;
    const far = inner && i % 2 ? inner : 1;
    points.push([far * Math.sin(angle), -far * Math.cos(angle)]);
  }
  return points;
}
const PLUS = [[-.35, -1], [.35, -1], [.35, -.35], [1, -.35], [1, .35], [.35, .35], [.35, 1], [-.35, 1], [-.35, .35], [-1, .35], [-1, -.35], [-.35, -.35]];
const turned = (points, angle) => points.map(([x, y]) => [x * Math.cos(angle) - y * Math.sin(angle), x * Math.sin(angle) + y * Math.cos(angle)]);
const MARKERS = {
  s: [turned(polygon(4, 0), Math.PI / 4), 1.2], D: [polygon(4, 0), 1.15], d: [polygon(4, 0).map(([x, y]) => [.62 * x, y]), 1.3],
  "^": [polygon(3, 0), 1.25], v: [polygon(3, Math.PI), 1.25], "<": [polygon(3, -Math.PI / 2), 1.25], ">": [polygon(3, Math.PI / 2), 1.25],
  p: [polygon(5, 0), 1.12], h: [polygon(6, 0), 1.12], P: [PLUS, 1.1], X: [turned(PLUS, Math.PI / 4), 1.1], "*": [polygon(5, 0, .42), 1.5],
};
function mark(shape, x, y, radius, attributes) {
  if (!MARKERS[shape]) return svg("circle", { cx: x.toFixed(2), cy: y.toFixed(2), r: radius, ...attributes });
  const [points, size] = MARKERS[shape];
  const path = points.map(([dx, dy]) => `${(x + radius * size * dx).toFixed(2)} ${(y + radius * size * dy).toFixed(2)}`).join("L");
  return svg("path", { d: `M${path}Z`, ...attributes });
}

// --- scales ----------------------------------------------------------------------------------
function scale(low, high, from, to, log) {
  const f = log ? Math.log : (value) => value;
  const a = f(low);
  const span = f(high) - a || 1;
  const at = (value) => from + ((f(value) - a) / span) * (to - from);
  return Object.assign(at, { low, high, log });
}
function linearTicks(low, high, most) {
  const raw = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((part) => part * power).find((part) => part >= raw * (1 - 1e-9));
  const digits = Math.max(0, -Math.floor(Math.log10(step)) + (Math.abs(step / power - 2.5) < 1e-9 ? 1 : 0));
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1) ticks.push([i * step, (i * step).toFixed(Math.min(digits, 8))]);
  return ticks;
}
function logTicks(low, high, most) {
  for (const parts of [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1)
      for (const part of parts) {
        const value = part * 10 ** power;
        if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push([value, String(Number(value.toPrecision(3)))]);
      }
    if (ticks.length < 2) return linearTicks(low, high, most).filter(([value]) => value > 0);
    if (ticks.length <= most) return ticks;
    if (parts.length === 1) return ticks.filter((_, i) => i % Math.ceil(ticks.length / most) === 0);
  }
  return [];
}
// Ticks at given values, without those that would touch.
function ticksAt(values, position, least) {
  const kept = [];
  for (const value of [...values].sort((a, b) => a - b))
    if (!kept.length || Math.abs(position(value) - position(kept.at(-1))) >= least) kept.push(value);
  return kept.map((value) => [value, String(Number(value.toPrecision(4)))]);
}
// Ticks whose words do not touch.
function roomy(position, ticks) {
  const kept = [];
  for (const tick of ticks) {
    const before = kept.at(-1);
    if (!before || position(tick[0]) - position(before[0]) >= (width(tick[1], 12) + width(before[1], 12)) / 2 + 10) kept.push(tick);
  }
  return kept;
}
function extent(values, log, margin = .05) {
  const good = values.filter((value) => known(value) && (!log || value > 0));
  if (!good.length) return [log ? .1 : 0, 1];
  let low = Math.min(...good);
  let high = Math.max(...good);
  if (log) {
    const ratio = Math.max((high / low) ** margin, low === high ? 1.25 : 1.02);
    return [low / ratio, high * ratio];
  }
  const room = (high - low) * margin || Math.abs(high) * .05 || .5;
  return [low - room, high + room];
}
// Places moved apart so that no two are nearer than `least`, in their order.
function apart(wanted, least, low, high) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const step = Math.min(least, (high - low) / Math.max(1, wanted.length - 1));
  const pools = [];
  order.forEach((place, i) => {
    let mean = wanted[place] - step * i;
    let number = 1;
    while (pools.length && pools.at(-1)[0] >= mean) {
      const [before, its] = pools.pop();
      mean = (before * its + mean * number) / (its + number);
      number += its;
    }
    pools.push([mean, number]);
  });
  const flat = pools.flatMap(([mean, number]) => Array(number).fill(mean));
  const placed = [];
  order.forEach((place, i) => {
    placed[place] = Math.min(Math.max(flat[i], low), Math.max(low, high - step * (wanted.length - 1))) + step * i;
  });
  return placed;
}
const text = (x, y, words, attributes) => svg("text", { x: x.toFixed(1), y: y.toFixed(1), "font-size": 12, ...attributes }, words);
const width = (words, size) => Array.from(words).length * size * .61;

// --- a chart of series -------------------------------------------------------------------------
// spec: title; x and y: {label, log, domain, ticks}; series: [{place, line, points: [{x, y, low, high, xlow, xhigh, hollow, tip}]}];
// band; ribbon: {low, mean, high}; steps; names: "ends" | "points"
function drawChart(spec, wide, ground) {
  const narrow = wide < 560;
  const own = coloured();
  const front = (series) => own.has(series.place);
  const series = [...spec.series].sort((a, b) => Number(front(a)) - Number(front(b)));
  const ends = spec.names === "ends" && !narrow && series.length <= 60;
  const right = ends ? Math.min(190, 34 + Math.max(40, ...series.map((its) => width(short(group().labels[its.place], 24), 12)))) : 14;
  const high = Math.max(spec.height || (narrow ? 300 : 410), ends ? 15 * series.length + 70 : 0);
  const [left, top, bottom] = [58, 26, high - 44];
  const [xlow, xhigh] = spec.x.domain;
  const [ylow, yhigh] = spec.y.domain;
  const x = scale(xlow, xhigh, left + 6, wide - right - 6, spec.x.log);
  const y = scale(ylow, yhigh, bottom, top, spec.y.log);
  const picture = svg("svg", { viewBox: `0 0 ${wide} ${high}`, width: wide, height: high, "font-family": SANS, "aria-hidden": "true" });
  const clip = `clip-${spec.name}-${Math.random().toString(36).slice(2)}`;
  picture.append(svg("clipPath", { id: clip }, svg("rect", { x: left, y: top - 6, width: wide - right - left, height: bottom - top + 12 })));
  const xticks = roomy(x, spec.x.ticks ? ticksAt(spec.x.ticks.filter((value) => value >= xlow && value <= xhigh), x, 34) : (spec.x.log ? logTicks : linearTicks)(xlow, xhigh, narrow ? 5 : 9));
  const yticks = (spec.y.log ? logTicks : linearTicks)(ylow, yhigh, narrow ? 5 : 7);
  for (const [value, words] of yticks) {
    picture.append(svg("line", { x1: left, x2: wide - right, y1: y(value).toFixed(1), y2: y(value).toFixed(1), stroke: ground.grid, "stroke-width": 1 }));
    picture.append(text(left - 8, y(value) + 4, words, { fill: ground.soft, "text-anchor": "end" }));
  }
  for (const [value, words] of xticks) {
    picture.append(svg("line", { x1: x(value).toFixed(1), x2: x(value).toFixed(1), y1: top - 4, y2: bottom, stroke: ground.grid, "stroke-width": 1 }));
    picture.append(text(x(value), bottom + 17, words, { fill: ground.soft, "text-anchor": "middle" }));
  }
  picture.append(svg("path", { d: `M${left} ${top - 4}V${bottom}H${wide - right}`, stroke: ground.soft, fill: "none", "stroke-width": 1 }));
  picture.append(text(left - 44, 13, spec.y.label, { fill: ground.ink, "font-weight": 600 }));
  picture.append(text((left + wide - right) / 2, high - 8, spec.x.label, { fill: ground.ink, "text-anchor": "middle", "font-weight": 600 }));
  const inside = svg("g", { "clip-path": `url(#${clip})` });
  picture.append(inside);
  if (spec.ribbon) {
    const [from, to] = [Math.max(spec.ribbon.low, ylow), Math.min(spec.ribbon.high, yhigh)];
    if (from < to) inside.append(svg("rect", { x: left, width: wide - right - left, y: y(to).toFixed(1), height: (y(from) - y(to)).toFixed(1), fill: ground.ink, opacity: .07 }));
    if (spec.ribbon.mean > ylow && spec.ribbon.mean < yhigh) inside.append(svg("line", { x1: left, x2: wide - right, y1: y(spec.ribbon.mean).toFixed(1), y2: y(spec.ribbon.mean).toFixed(1), stroke: ground.soft, "stroke-width": 1, "stroke-dasharray": "1 3" }));
  }
  if (spec.steps && spec.steps.length) {
    const corners = spec.steps.map(([sx, sy], i) => (i ? `H${x(sx).toFixed(1)}V${y(sy).toFixed(1)}` : `M${x(sx).toFixed(1)} ${y(spec.worst).toFixed(1)}V${y(sy).toFixed(1)}`)).join("");
    inside.append(svg("path", { d: `${corners}H${wide - right}`, stroke: ground.ink, opacity: .5, fill: "none", "stroke-width": 1.2 }));
  }
  const spots = [];
  const groups = new Map();
  for (const its of series) {
    const style = look(its.place, ground, front(its));
    const node = svg("g", { class: "series", "data-place": its.place });
    groups.set(its.place, node);
    inside.append(node);
    const drawn = its.points.filter((point) => known(point.x) && known(point.y) && (!x.log || point.x > 0) && (!y.log || point.y > 0));
    const bounded = drawn.filter((point) => known(point.low) && known(point.high) && (!y.log || point.low > 0));
    if (spec.band && its.line && bounded.length > 1 && bounded.length === drawn.length && front(its)) {
      const upper = bounded.map((point) => `${x(point.x).toFixed(1)} ${y(point.high).toFixed(1)}`);
      const lower = bounded.map((point) => `${x(point.x).toFixed(1)} ${y(point.low).toFixed(1)}`).reverse();
      node.append(svg("path", { d: `M${[...upper, ...lower].join("L")}Z`, fill: style.colour, opacity: .1, stroke: "none" }));
    } else if (spec.band && front(its)) {
      for (const point of bounded) node.append(svg("line", { x1: x(point.x).toFixed(1), x2: x(point.x).toFixed(1), y1: y(point.low).toFixed(1), y2: y(point.high).toFixed(1), stroke: style.colour, "stroke-width": 1.3 }));
    }
    if (its.line && drawn.length > 1) node.append(svg("path", { d: "M" + drawn.map((point) => `${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`).join("L"), fill: "none", stroke: style.colour, "stroke-width": front(its) ? 1.7 : 1, "stroke-dasharray": style.dash || null, "stroke-linejoin": "round" }));
    for (const point of drawn) {
      const [sx, sy] = [x(point.x), y(point.y)];
      node.append(mark(style.marker, sx, sy, front(its) ? 4 : 2.6, point.hollow ? { fill: ground.ground, stroke: style.colour, "stroke-width": 1.5 } : { fill: style.colour, stroke: ground.ground, "stroke-width": .6 }));
      if (sx >= left - 1 && sx <= wide - right + 1) spots.push({ sx, sy, place: its.place, tip: point.tip });
    }
  }
  if (ends) nameEnds(picture, spec, series, x, y, { left, right, top, bottom, wide }, ground, front);
  if (spec.names === "points") namePoints(picture, spots, { left, right, top, bottom, wide }, ground, front);
  picture.spots = spots;
  picture.groups = groups;
  return picture;
}
function nameEnds(picture, spec, series, x, y, box, ground, front) {
  const ends = series.flatMap((its) => {
    const last = its.points.filter((point) => known(point.x) && known(point.y) && point.x <= spec.x.domain[1]).at(-1);
    return last ? [{ its, sx: x(last.x), sy: y(last.y) }] : [];
  });
  const places = apart(ends.map((end) => end.sy), 14.5, box.top, box.bottom);
  const edge = box.wide - box.right;
  ends.forEach(({ its, sx, sy }, i) => {
    const style = look(its.place, ground, front(its));
    picture.append(svg("path", { d: `M${(sx + 6).toFixed(1)} ${sy.toFixed(1)}H${edge}L${edge + 14} ${places[i].toFixed(1)}`, stroke: style.colour, opacity: .45, "stroke-width": .8, fill: "none" }));
    picture.append(text(edge + 18, places[i] + 4, isolated(short(group().labels[its.place], 24)), { fill: front(its) ? ground.ink : ground.soft, "font-size": 12 }));
  });
}
// Names beside points, where they cover neither another name nor a point.
function namePoints(picture, spots, box, ground, front) {
  const taken = spots.map(({ sx, sy }) => [sx - 5, sy - 5, sx + 5, sy + 5]);
  const free = ([a, b, c, d], mine) => a >= box.left && c <= box.wide - 2 && b >= box.top - 12 && d <= box.bottom
    && taken.every(([e, f, g, h], i) => i === mine || c <= e || g <= a || d <= f || h <= b);
  const order = spots.map((_, i) => i).sort((a, b) => Number(front({ place: spots[b].place })) - Number(front({ place: spots[a].place })));
  for (const i of order) {
    const { sx, sy, place } = spots[i];
    const words = short(group().labels[place], 24);
    const wide = width(words, 12);
    const tries = [[8, 4, "start"], [-8, 4, "end"], [8, -7, "start"], [-8, -7, "end"], [8, 15, "start"], [-8, 15, "end"], [0, -10, "middle"], [0, 19, "middle"]];
    for (const [dx, dy, anchor] of tries) {
      const start = sx + dx - (anchor === "end" ? wide : anchor === "middle" ? wide / 2 : 0);
      const where = [start, sy + dy - 10, start + wide, sy + dy + 2];
      if (!free(where, i)) continue;
      taken.push(where);
      picture.append(text(sx + dx, sy + dy, isolated(words), { "text-anchor": anchor, fill: front({ place }) ? ground.ink : ground.soft }));
      break;
    }
  }
}

// --- a chart in the page: hover, keyboard, description, downloads -------------------------------
function showChart(host, spec) {
  const wide = Math.max(280, Math.round(printing ? 700 : host.clientWidth || 700));
  const picture = drawChart(spec, wide, theme());
  const tip = el("div", { class: "tip", hidden: true });
  const area = el("div", { tabindex: 0, role: "application", "aria-roledescription": "chart", "aria-label": `${spec.title}. ${spec.about || ""} Arrow keys move from point to point; the numbers are in the table below.` }, picture);
  const figure = el("figure", { class: "chart" }, area, tip);
  let current = null;
  const light = (spot, speak) => {
    if (spot === current) return;
    if (current) picture.groups.get(current.place).classList.remove("lit");
    current = spot;
    picture.classList.toggle("dim", Boolean(spot));
    tip.hidden = !spot;
    if (!spot) return;
    const lit = picture.groups.get(spot.place);
    lit.classList.add("lit");
    lit.parentNode.append(lit);
    tip.replaceChildren(el("b", {}, named(group().labels[spot.place], 60)), ...spot.tip.map((line) => el("div", {}, line)));
    const ratio = picture.clientWidth / wide;
    const leftwards = spot.sx > wide * .6;
    tip.style.left = leftwards ? "auto" : `${spot.sx * ratio + 12}px`;
    tip.style.right = leftwards ? `${figure.clientWidth - spot.sx * ratio + 12}px` : "auto";
    tip.style.top = `${Math.max(0, spot.sy * ratio - 20)}px`;
    if (speak) say([plain(group().labels[spot.place]), ...spot.tip].join(", "));
  };
  const nearest = (event) => {
    const box = picture.getBoundingClientRect();
    const [px, py] = [((event.clientX - box.left) * wide) / box.width, ((event.clientY - box.top) * wide) / box.width];
    let found = null;
    let least = 60 ** 2;
    for (const spot of picture.spots) {
      const far = (spot.sx - px) ** 2 + (spot.sy - py) ** 2;
      if (far < least) [found, least] = [spot, far];
    }
    return found;
  };
  area.addEventListener("pointermove", (event) => light(nearest(event)));
  area.addEventListener("pointerdown", (event) => light(nearest(event)));
  area.addEventListener("pointerleave", () => light(null));
  area.addEventListener("blur", () => light(null));
  area.addEventListener("keydown", (event) => {
    const spots = picture.spots;
    if (event.key === "Escape") return light(null);
    if (!event.key.startsWith("Arrow") || !spots.length) return undefined;
    event.preventDefault();
    return light(current ? step(spots, current, event.key) : spots[0], true);
  });
  host.replaceChildren(figure, tools(spec.name, spec.caption, spec.heads, spec.rows, () => exported(spec)));
}
// Left and right along a series, up and down to the next one at about the same place.
function step(spots, current, key) {
  const along = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  let others = spots.filter((spot) => spot !== current && (along ? spot.place === current.place : spot.place !== current.place));
  if (along && !others.length) others = spots.filter((spot) => spot !== current);
  if (!along) {
    const nearest = new Map();
    for (const spot of others) {
      const before = nearest.get(spot.place);
      if (!before || Math.abs(spot.sx - current.sx) < Math.abs(before.sx - current.sx)) nearest.set(spot.place, spot);
    }
    others = [...nearest.values()];
  }
  const by = along ? "sx" : "sy";
  const ahead = others.filter((spot) => sign * (spot[by] - current[by]) > 0 || (spot[by] === current[by] && sign * (spot.place - current.place) > 0));
  ahead.sort((a, b) => sign * (a[by] - b[by]) || sign * (a.place - b.place));
  return ahead[0] || current;
}
// A figure for a paper: on white, at one width, with a title that says what it is.
function exported(spec) {
  const picture = (spec.draw || drawChart)(spec, 760, GROUNDS.light);
  picture.removeAttribute("aria-hidden");
  picture.setAttribute("role", "img");
  picture.setAttribute("xmlns", SVG);
  picture.prepend(svg("title", {}, plain(`${spec.title}. ${spec.caption}`)), svg("rect", { width: "100%", height: "100%", fill: "#ffffff" }));
  return '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(picture) + "\n";
}
const prose = (words) => words.split("`").map((part, i) => (i % 2 ? el("code", {}, plain(part)) : plain(part)));
const nothing = (host, why) => host.replaceChildren(el("p", { class: "about" }, prose(why)));
