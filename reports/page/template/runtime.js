// Seconds against counts.
function drawRuntime() {
  const host = byId("runtime-chart");
  const its = group();
  if (!its.times) return nothing(host, `No runtime: ${its.untimed || "nothing was timed"}.`);
  const { points, times } = its;
  const on = new Set(shown());
  const asked = mode() === "asked";
  const xs = (i) => (asked ? points.n[i] : times.count[i]);
  const places = points.label.map((_, i) => i).filter((i) => on.has(points.label[i]) && known(times.value[i]));
  const most = Math.max(...its.asked.filter(known), 0);
  const near = places.map(xs).filter((value) => known(value) && (!most || value <= 1.6 * most));
  const spec = {
    name: "runtime", title: `Seconds per image against the ${asked ? "asked" : "returned"} number of superpixels`, about: counted(new Set(places.map((i) => points.label[i])).size, "method") + " with times.",
    x: { label: asked ? "Superpixels asked for" : "Superpixels returned (mean)", log: true, domain: extent(near.length ? near : places.map(xs), true), ticks: its.asked.some(known) ? its.asked.filter(known) : null },
    y: { label: "Seconds per image ↓", log: true, domain: extent(places.flatMap((i) => [times.value[i], times.low[i], times.high[i]]), true) },
    series: shown().map((place) => ({ place, line: true, points: places.filter((i) => points.label[i] === place && known(xs(i))).sort((a, b) => xs(a) - xs(b)).map((i) => ({
      x: xs(i), y: times.value[i], low: times.low[i], high: times.high[i], hollow: times.missing[i] > 0,
      tip: [`${seconds(times.value[i])} per image`, `quartiles ${seconds(times.low[i])} to ${seconds(times.high[i])}`, `${whole(times.count[i])} returned`, counted(times.images[i], "image")],
    })) })).filter((one) => one.points.length),
    band: state.band, names: "ends",
    caption: `Medians over images${state.band ? " with quartiles" : ""}, of the method alone, while nothing else of the run shared the machine. Times: ${its.machine}.`,
    heads: ["label", "n", "count", "seconds", "seconds_low", "seconds_high", "images", "missing"],
    rows: places.map((i) => [its.labels[points.label[i]], points.n[i], times.count[i], times.value[i], times.low[i], times.high[i], times.images[i], times.missing[i]]),
  };
  return spec.series.length ? showChart(host, spec) : nothing(host, "No method that is shown was timed.");
}
