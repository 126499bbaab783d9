// Scores against counts.
function curvesSpec() {
  const its = group();
  const id = metric();
  const scores = its.metrics[id];
  const { points } = its;
  const asked = mode() === "asked";
  const on = new Set(shown());
  const own = coloured();
  const places = points.label.map((_, i) => i).filter((i) => on.has(points.label[i]) && known(scores.value[i]));
  const xs = (i) => (asked ? points.n[i] : scores.count[i]);
  const series = shown().map((place) => ({
    place,
    line: true,
    points: places.filter((i) => points.label[i] === place && known(xs(i))).sort((a, b) => xs(a) - xs(b)).map((i) => ({
      x: xs(i), y: scores.value[i], low: scores.low[i], high: scores.high[i], hollow: scores.missing[i] > 0 || points.pieces[i],
      tip: [`${id} ${interval(scores.value[i], scores.low[i], scores.high[i], scores.digits)}`,
        `${whole(scores.count[i])} returned${known(points.n[i]) ? `, ${whole(points.n[i])} asked` : ""}`,
        counted(scores.images[i], "image") + (scores.missing[i] ? `, ${scores.missing[i]} missing †` : ""),
        ...(points.pieces[i] ? ["in pieces ‡"] : [])],
    })),
  })).filter((one) => one.points.length);
  const values = places.flatMap((i) => [scores.value[i], ...(state.band && own.has(points.label[i]) ? [scores.low[i], scores.high[i]] : [])]);
  const good = values.filter((value) => known(value));
  const log = !DATA.metrics[id].bounded && good.length > 1 && Math.min(...good) > 0 && Math.max(...good) / Math.min(...good) > 20;
  // A method that returns far more than was asked for does not stretch the axis for all.
  const counts = places.map(xs).filter(known);
  const most = Math.max(...its.asked.filter(known), 0);
  const near = counts.filter((value) => !most || value <= 1.6 * most);
  const far = counts.length > near.length && near.length >= .75 * counts.length;
  const ends = scores.annotators;
  return {
    name: `curves-${id}`, title: `${titled(id)} against the ${asked ? "asked" : "returned"} number of superpixels`, about: counted(series.length, "method") + ".",
    x: { label: asked ? "Superpixels asked for" : "Superpixels returned (mean)", log: true, domain: extent(far ? near : counts, true), ticks: its.asked.some(known) ? its.asked.filter(known) : null },
    y: { label: titled(id), log, domain: extent(values, log) },
    series, band: state.band, names: "ends",
    ribbon: ends && state.annotators ? { low: ends[0], mean: ends[1], high: ends[2] } : null,
    caption: `Means over ${DATA.samples}${state.band ? " with 95 % intervals" : ""}, ${its.name}, ${counted(its.images, "image")}.`
      + (ends && state.annotators ? ` Grey: annotators each against the others, ${tidy(ends[0])} to ${tidy(ends[2])}, mean ${tidy(ends[1])} (dotted), as far as it lies in the figure.` : "")
      + (far ? " Points beyond 1.6 times the largest n are outside the axis." : "")
      + (series.some((one) => one.points.some((point) => point.hollow)) ? " Hollow: images missing, or in pieces." : "")
      + (own.size < on.size ? ` In colour: the best ${own.size}; the others in grey.` : ""),
    heads: ["label", "n", "count", id, `${id}_low`, `${id}_high`, `${id}_images`, "missing", "in_pieces"],
    rows: places.map((i) => [its.labels[points.label[i]], points.n[i], scores.count[i], scores.value[i], scores.low[i], scores.high[i], scores.images[i], scores.missing[i], points.pieces[i]]),
  };
}
function drawCurves() {
  const host = byId("curves-chart");
  byId("annotators-field").hidden = !metric() || !group().metrics[metric()].annotators;
  if (!metric()) return nothing(host, "No cell has a score.");
  const spec = curvesSpec();
  return spec.series.length ? showChart(host, spec) : nothing(host, "No method that is shown has a value of this metric.");
}
