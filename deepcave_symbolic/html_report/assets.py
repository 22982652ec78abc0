"""The page's style sheet, its script and the BibTeX entry of the paper."""

from __future__ import annotations

__all__ = ["BIBTEX", "SCRIPT", "STYLE"]

BIBTEX = """@inproceedings{segel2023symbolic,
  title     = {Symbolic Explanations for Hyperparameter Optimization},
  author    = {Segel, Sarah and Graf, Helena and Tornede, Alexander and Bischl, Bernd and Lindauer, Marius},
  booktitle = {International Conference on Automated Machine Learning (AutoML)},
  year      = {2023},
  publisher = {PMLR}
}"""

STYLE = """
:root { --ink: #212529; --soft: #5c6770; --line: #dee2e6; --good: #198754; --care: #ffc107; --bad: #dc3545; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 72rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
h1, h2, h3, td, th, dd, li, p { overflow-wrap: anywhere; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1.15rem; margin: 0 0 .5rem; }
a { color: #0b5ed7; text-decoration: none; } a:hover { text-decoration: underline; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem; }
.card, section.item { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem 1.1rem; min-width: 0; }
section.item { margin: 0 0 1.25rem; }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) minmax(0, 1fr); gap: .15rem .9rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line);
  vertical-align: middle; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.name { min-width: 7rem; }
math { font-size: 1.08em; } td math, li math { display: inline math; }
.formula { overflow-x: auto; overflow-y: hidden; padding: .6rem .8rem; margin: .2rem 0 .8rem; background: #f8f9fa;
  border-radius: .4rem; font-size: 1.1rem; }
.formula math { display: inline math; }
.badge { display: inline-block; padding: .1rem .55rem; border-radius: .6rem; font-size: .8rem; font-weight: 600;
  color: #fff; white-space: nowrap; vertical-align: .1em; }
.good { background: var(--good); } .care { background: var(--care); color: #212529; } .bad { background: var(--bad); }
.none { background: #6c757d; }
.warning { margin: .5rem 0; padding: .5rem .8rem; border-left: 4px solid var(--care); background: #fff8e1; }
.warning.bad { border-color: var(--bad); background: #fdecee; color: var(--ink); }
.note { color: var(--soft); font-size: .93rem; }
.figure { height: 430px; margin: .8rem 0; overflow: hidden; }
.figure.map { height: 450px; }
details { margin: .5rem 0; } summary { cursor: pointer; color: #0b5ed7; }
pre { margin: .5rem 0; padding: .7rem .8rem; background: #f8f9fa; border-radius: .4rem; font-size: .83rem;
  line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
@media print {
  @page { margin: 12mm; }
  body { padding: 0; max-width: none; font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3 { break-after: avoid; }
  .card, .figure, .formula, .warning, tr { break-inside: avoid; }
  section.item { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: .8rem 0 0; }
  .wide, .formula { overflow: visible; }
  .formula math, td math { font-size: .95em; }
  table { font-size: .8rem; }
  details:not([open]) { display: none; }
  .modebar-container { display: none; }
}
"""

# plotly.js is packed, for it is most of the file; its own hash in the page's policy lets it run.
SCRIPT = """
(async () => {
  const read = id => document.getElementById(id).textContent;
  const boxes = [...document.querySelectorAll('.figure[data-figure]')];
  if (!boxes.length) return;
  const say = text => { for (const box of boxes) { box.textContent = text; box.style.height = 'auto'; } };
  if (!('DecompressionStream' in window)) return say('This browser is too old to draw the figures.');
  const packed = Uint8Array.from(atob(read('plotly')), c => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  const script = document.createElement('script');
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  const { template, figures } = JSON.parse(read('figures'));
  // A sheet of A4 within its margins; the legend and the ticks are laid out anew for it.
  const PAPER = 690;
  const draw = (box, width) => {
    const figure = figures[box.dataset.figure];
    const layout = { ...figure.layout, template, width, height: box.clientHeight, autosize: false };
    return Plotly.react(box, figure.data, layout, { displaylogo: false, responsive: false });
  };
  const all = width => boxes.forEach(box => draw(box, width || box.clientWidth));
  for (const box of boxes) {
    await draw(box, box.clientWidth);
    await new Promise(resolve => setTimeout(resolve));
  }
  let waiting = 0;
  addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(all, 150); });
  addEventListener('beforeprint', () => all(PAPER));
  addEventListener('afterprint', () => all());
  document.body.dataset.drawn = boxes.length;
})();
"""
