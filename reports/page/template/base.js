// What everything else uses: the data, elements, and how numbers and names are written.
const DATA = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const MANY = 12; // labels; more colours nobody tells apart

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) node.append(child);
  return node;
}
// Text is only ever appended as text: nothing that comes from data is parsed.
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// Characters that turn the direction of what follows, or cannot be seen, would change the page around a name.
const plain = (text) => String(text).replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
function short(text, most = 40) {
  const letters = Array.from(plain(text));
  if (letters.length <= most) return letters.join("");
  const tail = Math.floor((most - 1) / 2);
  return letters.slice(0, most - 1 - tail).join("") + "…" + letters.slice(letters.length - tail).join("");
}
// An isolate, for places where there is no element to isolate a name of another direction.
const isolated = (text) => "\u2068" + text + "\u2069";
const named = (text, most) => el("bdi", { title: Array.from(plain(text)).length > (most || 40) ? plain(text) : null }, short(text, most));

const known = (value) => value !== null && value !== undefined && Number.isFinite(value);
const fixed = (value, digits) => (known(value) ? value.toFixed(digits).replace("-", "−") : "–");
const whole = (value) => (known(value) ? String(Math.round(value)) : "–");
const tidy = (value) => (known(value) ? String(Number(value.toPrecision(4))) : "–");
const seconds = (value) => (known(value) ? (value < 1 ? `${Number((1000 * value).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`) : "–");
const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const ARROWS = { high: " ↑", low: " ↓" };
const arrow = (metric) => ARROWS[DATA.metrics[metric].direction] || "";
const titled = (metric) => {
  const { title, unit } = DATA.metrics[metric];
  return title + (unit ? ` (${unit})` : "") + arrow(metric);
};
function interval(value, low, high, digits) {
  if (!known(value)) return "–";
  return fixed(value, digits) + (known(low) && known(high) ? ` ± ${fixed((high - low) / 2, digits)}` : "");
}
const ranks = (low, high) => (low ? (low === high ? String(low) : `${low}–${high}`) : "–");

function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
const cell = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csv = (heads, rows) => [heads, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
const fileName = (...parts) => [DATA.file.replace(/\.parquet$/, ""), ...parts].join("-").replace(/[^\w.-]+/g, "_");
const say = (text) => { byId("status").textContent = text; };

// A table of numbers that is only built when somebody looks.
function numbersTable(name, heads, rows) {
  const details = el("details", {}, el("summary", {}, "Numbers"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table")) return;
    details.append(el("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": `Numbers of ${name}` },
      el("table", {},
        el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, rows.map((row) => el("tr", {}, row.map((value, i) => (i === 0
          ? el("th", { scope: "row" }, named(value))
          : el("td", { class: typeof value === "number" ? "n" : null }, value === null ? "–" : plain(value))))))))));
  });
  return details;
}
// What is below every figure: words, downloads, and all its numbers.
function tools(name, caption, heads, rows, figure) {
  return el("div", { class: "tools" },
    el("p", { class: "caption" }, caption),
    el("button", { type: "button", "data-save": "csv", "aria-label": `Download ${name} as CSV`, onclick: () => download(fileName(name) + ".csv", csv(heads, rows), "text/csv") }, "CSV"),
    figure ? el("button", { type: "button", "data-save": "svg", "aria-label": `Download ${name} as SVG`, onclick: () => download(fileName(name) + ".svg", figure(), "image/svg+xml") }, "SVG") : null,
    numbersTable(name, heads, rows));
}
