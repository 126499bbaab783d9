"""What ``bench report`` takes for a large results file, and how fast its page answers."""

import sys
import tempfile
from pathlib import Path

from reports.page.render import read_script, read_style
from tests.benchmark.process import Process
from tests.benchmark.row import Row
from tests.browser import chromium
from tests.fake_results import Fake, write

RUN = Fake(
    labels=tuple(f"M{i:02d}" for i in range(50)),
    ns=(50, 100, 200, 400, 800),
    images=200,
    failing=0.001,
    contended=False,
    lists=True,
)
# From a movement of the pointer until what it changes is on the screen, in milliseconds.
HOVER = """async () => {
  const chart = document.querySelector("#curves-chart svg");
  const box = chart.getBoundingClientRect();
  const taken = [];
  for (let i = 0; i < 60; i += 1) {
    const start = performance.now();
    const place = { clientX: box.left + 60 + 15 * i, clientY: box.top + 100 + 3 * i };
    chart.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, ...place }));
    await new Promise((done) => requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = done;
      channel.port2.postMessage(0);
    }));
    taken.push(performance.now() - start);
  }
  return taken.sort((a, b) => a - b);
}"""
INTERACTIVE = "performance.getEntriesByType('navigation')[0].domInteractive"


def main():
    with tempfile.TemporaryDirectory() as folder:
        results = write(Path(folder) / "results.parquet", RUN)
        made = report(results)
        page = results.with_suffix(".html")
        what = f"report, {len(RUN.labels)} methods x {len(RUN.ns)} n x {RUN.images} images"
        code = len(read_script().encode()) + len(read_style().encode())
        return [
            Row(what, made.seconds, "s", 60.0, "whole process, 30 metrics, without pictures"),
            Row(f"{what}, processor", made.processor, "s", None, "of all threads"),
            Row(f"{what}, memory", made.megabytes, "MB", 2048.0, "peak, one process"),
            Row(f"{what}, page", page.stat().st_size / 1e6, "MB", 15.0, "without pictures"),
            Row("report, script and style", code / 1e3, "KB", 600.0, ""),
            *(answers(page) if chromium.program() else ()),
        ]


def report(results):
    """Return one ``bench report``, from start to exit."""
    command = [sys.executable, "-m", "bench", "report", str(results), "--gallery", "0", "--quiet"]
    return Process(command).ended()


def answers(page):
    """Return how long the page takes to open and to answer in a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.goto(page.as_uri())
        ready = opened.evaluate(INTERACTIVE)
        taken = opened.evaluate(HOVER)
        name = f"headless Chromium {browser.version}"
        browser.close()
    return [
        Row("report, interactive after opening", ready, "ms", 1000.0, name),
        Row("report, a hover is answered", taken[len(taken) // 2], "ms", 50.0, "median of 60"),
        Row("report, a hover is answered, worst", taken[-1], "ms", 50.0, "of 60"),
    ]
