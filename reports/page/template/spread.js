// The same label maps under several protocols: a row for each method, a mark for each protocol.
const PROTOCOL_LOOKS = [["o", "#0072b2", "#56b4e9"], ["s", "#d55e00", "#f0884a"], ["^", "#009e73", "#3fc79d"], ["D", "#cc79a7", "#dc9cc0"], ["v", "#e69f00", "#f0b93f"], ["P", "#56b4e9", "#8fd0f5"], ["X", "#332288", "#9d90e6"], ["*", "#8a8a1c", "#c9c94e"]];
function spreadRows(table, scores, n) {
  const on = new Set(shown().map((place) => group().labels[place]));
  const rows = new Map();
  scores.label.forEach((label, i) => {
    if (scores.n[i] !== n || !known(scores.value[i]) || !on.has(table.labels[label])) return;
    if (!rows.has(label)) rows.set(label, []);
    rows.get(label).push(i);
  });
  return rows;
}
function drawSpread() {
  const host = byId("spread-chart");
  const its = group();
  const table = its.spread;
  if (!table) return nothing(host, `Nothing to show: ${DATA.no_spread || "no scores of this data set under other protocols"}. Then write this page again.`);
  const id = table.metrics[metric()] ? metric() : Object.keys(table.metrics)[0];
  const scores = table.metrics[id];
  const all = [...new Set(scores.n)];
  const wanted = count();
  const n = known(wanted) && all.some(known) ? all.filter(known).reduce((best, one) => (Math.abs(Math.log(one / wanted)) < Math.abs(Math.log(best / wanted)) ? one : best)) : all[0];
  const rows = spreadRows(table, scores, n);
  if (!rows.size) return nothing(host, "No method that is shown was scored under other protocols.");
  const sign = DATA.metrics[id] && DATA.metrics[id].direction === "low" ? 1 : -1;
  const first = (places) => scores.value[places[0]];
  const order = [...rows.entries()].sort((a, b) => sign * (first(a[1]) - first(b[1])));
  const values = order.flatMap(([, places]) => places.map((i) => scores.value[i]));
  const spec = {
    name: `protocols-${id}-${whole(n)}`, draw: drawSpreadChart, id, order, table, scores, domain: extent(values, false, .05),
    title: `${DATA.metrics[id] ? titled(id) : id} of the same label maps under ${counted(table.protocols.length, "protocol")}${known(n) ? `, n = ${n}` : ""}`,
    caption: `Mean of the same label maps under each protocol${known(n) ? `, ${whole(n)} asked` : ""}: ${table.protocols.map((name, i) => name + (table.titles[i] ? ` (${table.titles[i]})` : "")).join("; ")}.` + (id === metric() ? "" : ` Only ${Object.keys(table.metrics).join(", ")} were scored under all.`),
    heads: ["label", "n", "protocol", "count", id, `${id}_low`, `${id}_high`, "missing"],
    rows: order.flatMap(([label, places]) => places.map((i) => [table.labels[label], scores.n[i], table.protocols[scores.protocol[i]], scores.count[i], scores.value[i], scores.low[i], scores.high[i], scores.missing[i]])),
  };
  const wide = Math.max(280, Math.round(printing ? 700 : host.clientWidth || 700));
  const picture = drawSpreadChart(spec, wide, theme());
  return host.replaceChildren(el("figure", { class: "chart" }, el("div", { role: "img", "aria-label": `${spec.title}. The numbers are in the table below.` }, picture)), tools(spec.name, spec.caption, spec.heads, spec.rows, () => exported(spec)));
}
function drawSpreadChart(spec, wide, ground) {
  const { table, scores, order } = spec;
  const left = Math.min(wide * .34, 24 + Math.max(...order.map(([label]) => width(short(table.labels[label], 26), 12))));
  const columns = Math.max(1, Math.floor((wide - 10) / 150));
  const keys = Math.ceil(table.protocols.length / columns) * 18;
  const [top, row] = [22 + keys, 21];
  const bottom = top + row * order.length;
  const x = scale(spec.domain[0], spec.domain[1], left + 8, wide - 12, false);
  const picture = svg("svg", { viewBox: `0 0 ${wide} ${bottom + 42}`, width: wide, height: bottom + 42, "font-family": SANS, "aria-hidden": "true" });
  const lookOf = (i) => PROTOCOL_LOOKS[i % PROTOCOL_LOOKS.length];
  const colour = (i) => lookOf(i)[ground.dark ? 2 : 1];
  table.protocols.forEach((name, i) => {
    const [kx, ky] = [12 + (i % columns) * 150, 12 + Math.floor(i / columns) * 18];
    picture.append(mark(lookOf(i)[0], kx, ky, 4.2, { fill: colour(i) }), text(kx + 10, ky + 4, isolated(short(name, 20)), { fill: ground.ink }));
  });
  for (const [value, words] of linearTicks(spec.domain[0], spec.domain[1], wide < 560 ? 4 : 8)) {
    picture.append(svg("line", { x1: x(value).toFixed(1), x2: x(value).toFixed(1), y1: top - 6, y2: bottom, stroke: ground.grid }));
    picture.append(text(x(value), bottom + 16, words, { fill: ground.soft, "text-anchor": "middle" }));
  }
  picture.append(text((left + wide) / 2, bottom + 34, DATA.metrics[spec.id] ? titled(spec.id) : spec.id, { fill: ground.ink, "text-anchor": "middle", "font-weight": 600 }));
  order.forEach(([label, places], i) => {
    const y = top + row * (i + .5);
    const values = places.map((place) => scores.value[place]);
    picture.append(text(left - 2, y + 4, isolated(short(table.labels[label], wide < 560 ? 14 : 26)), { fill: ground.ink, "text-anchor": "end" }));
    picture.append(svg("line", { x1: x(Math.min(...values)).toFixed(1), x2: x(Math.max(...values)).toFixed(1), y1: y, y2: y, stroke: ground.faint, "stroke-width": 1.4 }));
    for (const place of places) {
      const protocol = scores.protocol[place];
      const node = mark(lookOf(protocol)[0], x(scores.value[place]), y, 4.4, { fill: colour(protocol), stroke: ground.ground, "stroke-width": .6 });
      node.append(svg("title", {}, `${plain(table.labels[label])}, ${table.protocols[protocol]}: ${tidy(scores.value[place])}, ${whole(scores.count[place])} superpixels`));
      picture.append(node);
    }
  });
  return picture;
}
