// Who stands where at one count: what bench compare says at returned counts, and bench plot at asked ones.
function standing(id) {
  const its = group();
  const at = stop();
  if (mode() === "returned") {
    const compared = its.at[at];
    const scores = compared.metrics[id];
    return {
      digits: scores.digits,
      rows: compared.labels.map((label, i) => ({
        label, count: scores.images[i] ? compared.count : null, value: scores.value[i], low: scores.low[i], high: scores.high[i],
        images: scores.images[i], missing: scores.missing[i], best: scores.best[i], rank_low: scores.rank_low[i], rank_high: scores.rank_high[i],
        pieces: compared.pieces[i], leader: scores.leader[i], difference: scores.difference[i], difference_low: scores.difference_low[i],
        difference_high: scores.difference_high[i], near: 1, reason: compared.reasons[i],
      })),
    };
  }
  const { points } = its;
  const scores = its.metrics[id];
  const n = count();
  return {
    digits: scores.digits,
    rows: points.label.map((label, i) => ({
      label, n: points.n[i], count: scores.count[i], value: scores.value[i], low: scores.low[i], high: scores.high[i], images: scores.images[i],
      missing: scores.missing[i], best: scores.best[i], rank_low: scores.rank_low[i], rank_high: scores.rank_high[i], pieces: points.pieces[i],
      near: points.near[i], reason: known(n) && !points.near[i] && known(scores.count[i]) ? `returned ${whole(scores.count[i])}` : "",
    })).filter((row) => row.n === n),
  };
}
// Best first; then those of other counts, incomplete ones, and those without a value, as in the tables.
function usualOrder(rows, id) {
  const sign = DATA.metrics[id].direction === "low" ? 1 : -1;
  const group_ = (row) => (!known(row.value) ? 3 : row.missing ? 2 : row.near ? 0 : 1);
  return [...rows].sort((a, b) => group_(a) - group_(b) || sign * (a.value - b.value));
}
function sorted(rows, columns, id) {
  const [key, way] = state.sort.split(":");
  const column = columns.find((one) => one.key === key);
  if (!column) return usualOrder(rows, id);
  const sign = way === "down" ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [first, second] = [column.of(a), column.of(b)];
    const empty = (value) => value === null || value === undefined || value === "";
    if (empty(first) || empty(second)) return Number(empty(first)) - Number(empty(second));
    return sign * (typeof first === "string" ? first.localeCompare(second) : first - second);
  });
}
function scoreCell(row, digits) {
  if (!row || !known(row.value)) return ["–"];
  const value = fixed(row.value, digits);
  const half = known(row.low) && known(row.high) ? el("span", { class: "half" }, ` ± ${fixed((row.high - row.low) / 2, digits)}`) : null;
  return [row.best ? el("b", {}, value) : value, half, row.missing ? " †" : null];
}
function forest(row, low, high, ground) {
  if (!known(row.value)) return "–";
  const at = scale(low, high, 4, 196, false);
  const style = look(row.label, ground, coloured().has(row.label));
  return svg("svg", { viewBox: "0 0 200 18", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("line", { x1: 0, x2: 200, y1: 9, y2: 9, stroke: ground.grid }),
    known(row.low) ? svg("line", { x1: at(row.low).toFixed(1), x2: at(row.high).toFixed(1), y1: 9, y2: 9, stroke: style.colour, "stroke-width": 2 }) : null,
    svg("rect", { x: (at(row.value) - 3.5).toFixed(1), y: 5.5, width: 7, height: 7, fill: row.rank_low ? style.colour : ground.ground, stroke: style.colour, "stroke-width": 1.5 }));
}
function drawLeaderboard() {
  const host = byId("leaderboard-table");
  const id = metric();
  byId("leaderboard-about").textContent = "";
  if (!id) return nothing(host, "No cell has a score.");
  const its = group();
  const all = standing(id);
  const returned = mode() === "returned";
  const on = new Set(shown());
  const wanted = state.filter.trim().toLowerCase();
  const rows = all.rows.filter((row) => on.has(row.label) && its.labels[row.label].toLowerCase().includes(wanted));
  const others = DATA.headline.filter((other) => other !== id && its.metrics[other]);
  const tables = new Map(others.map((other) => {
    const found = standing(other);
    return [other, { digits: found.digits, rows: new Map(found.rows.map((row) => [row.label, row])) }];
  }));
  const ends = rows.flatMap((row) => [row.value, row.low, row.high]).filter(known);
  const [low, high] = ends.length ? extent(ends, false, .04) : [0, 1];
  const ground = theme();
  const columns = [
    { key: "rank", head: "rank", number: true, of: (row) => row.rank_low || null, show: (row) => [ranks(row.rank_low, row.rank_high)] },
    { key: "label", head: "method", of: (row) => its.labels[row.label], show: (row) => [swatch(row.label, ground), named(its.labels[row.label], 60), row.pieces ? " ‡" : null, row.reason ? el("div", { class: "why" }, row.reason) : null] },
    { key: "count", head: "count", number: true, style: "optional", of: (row) => row.count, show: (row) => [whole(row.count)] },
    { key: "value", head: id + arrow(id), title: DATA.metrics[id].title, number: true, of: (row) => row.value, show: (row) => scoreCell(row, all.digits) },
    { key: "forest", head: `${Number(low.toPrecision(3))} to ${Number(high.toPrecision(3))}`, show: (row) => [forest(row, low, high, ground)], fixed: true, style: "forest optional" },
    ...(returned && DATA.metrics[id].direction ? [{ key: "difference", head: `${id} − best`, number: true, style: "optional", of: (row) => row.difference, show: (row) => [row.leader ? "best" : known(row.difference) ? (row.difference > 0 ? "+" : "") + interval(row.difference, row.difference_low, row.difference_high, all.digits) : "–"] }] : []),
    { key: "images", head: "images", number: true, style: "optional", of: (row) => row.images, show: (row) => [String(row.images)] },
    ...others.map((other) => ({ key: other, head: other + arrow(other), title: DATA.metrics[other].title, number: true, style: "optional", of: (row) => (tables.get(other).rows.get(row.label) || {}).value, show: (row) => scoreCell(tables.get(other).rows.get(row.label), tables.get(other).digits) })),
  ];
  const order = sorted(rows, columns, id);
  const [key, way] = state.sort.split(":");
  const head = (column) => {
    const its_ = column.key === key ? (way === "down" ? "descending" : "ascending") : "none";
    const next = column.key !== key ? (column.key === "label" || column.key === "rank" || DATA.metrics[column.key === "value" ? id : column.key]?.direction === "low" ? "up" : "down") : way === "down" ? "up" : "down";
    return el("th", { scope: "col", class: [column.number ? "n" : "", column.style || ""].join(" ").trim() || null, "aria-sort": column.fixed ? null : its_, title: column.title },
      column.fixed ? column.head : el("button", { type: "button", "data-sort": column.key, onclick: () => { change({ sort: `${column.key}:${next}` }); const again = document.querySelector(`[data-sort="${column.key}"]`); if (again) again.focus(); } },
        column.head, its_ === "none" ? "" : its_ === "ascending" ? " ▴" : " ▾"));
  };
  const table = el("table", { class: "board" },
    el("thead", {}, el("tr", {}, columns.map(head))),
    el("tbody", {}, order.map((row) => el("tr", {}, columns.map((column) => el(column.key === "label" ? "th" : "td", { scope: column.key === "label" ? "row" : null, class: [column.number ? "n" : "", column.style || ""].join(" ").trim() || null }, column.show(row)))))));
  const where = returned ? `at ${whole(count())} returned superpixels, each image interpolated along its own curve` : known(count()) ? `where ${whole(count())} superpixels were asked for` : "of label maps without an asked count";
  byId("leaderboard-about").textContent = `${titled(id)} ${where}. Mean ± half of its 95 % interval; bold is the set of the best, ranks hold together.`;
  const heads = ["rank_low", "rank_high", "label", "count", id, `${id}_low`, `${id}_high`, "best", "images", "missing", "in_pieces", ...(returned ? ["difference", "difference_low", "difference_high"] : []), ...others.flatMap((other) => [other, `${other}_low`, `${other}_high`])];
  const values = order.map((row) => [row.rank_low, row.rank_high, its.labels[row.label], row.count, row.value, row.low, row.high, row.best, row.images, row.missing, row.pieces, ...(returned ? [row.difference, row.difference_low, row.difference_high] : []),
    ...others.flatMap((other) => { const its_ = tables.get(other).rows.get(row.label) || {}; return [its_.value, its_.low, its_.high]; })]);
  const saved = el("div", { class: "tools" },
    el("p", { class: "caption" }, order.some((row) => row.missing) ? "† over fewer images, without rank. " : "", order.some((row) => row.pieces) ? "‡ in pieces. " : "", returned || !order.some((row) => !row.near) ? "" : "Methods that returned over a tenth more or less than n are not ranked. ", `${order.length} of ${counted(all.rows.length, "method")}.`),
    el("button", { type: "button", "data-save": "csv", "aria-label": "Download the leaderboard as CSV", onclick: () => download(fileName("leaderboard", id, whole(count())) + ".csv", csv(heads, values), "text/csv") }, "CSV"),
    state.sort ? el("button", { type: "button", id: "unsort", onclick: () => change({ sort: "" }) }, "Usual order") : null);
  return host.replaceChildren(el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of the leaderboard" }, table), saved);
}
