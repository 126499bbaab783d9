// Score against seconds at one returned count.
function drawPareto() {
  const host = byId("pareto-chart");
  const its = group();
  const id = metric();
  if (!its.times) return nothing(host, `No Pareto front: ${its.untimed || "nothing was timed"}.`);
  if (!id) return nothing(host, "No cell has a score.");
  if (!DATA.metrics[id].direction) return nothing(host, `No direction of ${DATA.metrics[id].title.toLowerCase()} is better; choose another metric.`);
  const wanted = count();
  const front = known(wanted) ? its.pareto.find((one) => one.count === wanted) : null;
  if (!front) return nothing(host, "Label maps without an asked n are at no count to compare them at.");
  const table = front.metrics[id];
  const on = new Set(shown());
  const places = table.label.map((_, i) => i).filter((i) => on.has(table.label[i]));
  const why = (i) => [...(table.near[i] ? [] : [`at ${whole(table.count[i])} superpixels, the nearest it returned`]), ...(table.missing[i] ? [`${table.missing[i]} images missing`] : []), ...(table.in_pieces[i] ? ["in pieces ‡"] : [])];
  const low = DATA.metrics[id].direction === "low";
  const ylim = extent(places.flatMap((i) => [table.y[i], ...(state.band ? [table.y_low[i], table.y_high[i]] : [])]), false, .08);
  const best = table.label.map((_, i) => i).filter((i) => table.front[i]).sort((a, b) => table.x[a] - table.x[b]);
  const spec = {
    name: `pareto-${id}-${whole(wanted)}`, title: `${titled(id)} against seconds per image at ${whole(wanted)} returned superpixels`,
    about: `Of ${counted(table.label.length, "method")}, none beats ${best.map((i) => plain(its.labels[table.label[i]])).join(", ")} in both.`,
    x: { label: "Seconds per image (median) ↓", log: true, domain: extent(places.map((i) => table.x[i]), true, .12) },
    y: { label: titled(id), log: false, domain: ylim },
    worst: low ? ylim[1] : ylim[0],
    series: places.map((i) => ({ place: table.label[i], line: false, points: [{
      x: table.x[i], y: table.y[i], low: table.y_low[i], high: table.y_high[i], hollow: !table.competes[i],
      tip: [`${seconds(table.x[i])} per image`, `${id} ${interval(table.y[i], table.y_low[i], table.y_high[i], its.metrics[id].digits)}`, ...(table.front[i] ? ["on the front"] : []), ...why(i)],
    }] })),
    band: state.band, names: "points", steps: best.map((i) => [table.x[i], table.y[i]]),
    caption: `Means and medians read off each method's own curve at ${whole(wanted)} returned superpixels. Line: the Pareto front of all methods of the file; none is better in both. Hollow: at another count, images missing, or in pieces. Times: ${its.machine}.`,
    heads: ["label", "seconds", id, `${id}_low`, `${id}_high`, "count", "near", "missing", "in_pieces", "competes", "front"],
    rows: places.map((i) => [its.labels[table.label[i]], table.x[i], table.y[i], table.y_low[i], table.y_high[i], table.count[i], table.near[i], table.missing[i], table.in_pieces[i], table.competes[i], table.front[i]]),
  };
  return spec.series.length ? showChart(host, spec) : nothing(host, "No method that is shown has both a time and this score.");
}
