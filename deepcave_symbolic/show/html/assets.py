"""The page's style sheet and its script."""

from __future__ import annotations

__all__ = ["SCRIPT", "STYLE"]

STYLE = """
:root { --ink: #212529; --soft: #5c6770; --line: #dee2e6; --good: #198754; --care: #ffc107; --bad: #dc3545; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 72rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; }
h1, h2, h3, td, th, dd, li, p, summary { overflow-wrap: anywhere; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 2px solid var(--line); }
h3, .card h2, .item h2 { font-size: 1.15rem; margin: 0 0 .5rem; padding: 0; border: 0; }
a { color: #0b5ed7; text-decoration: none; } a:hover { text-decoration: underline; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
.card, section.item { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem 1.1rem; min-width: 0; }
section.item { margin: 0 0 1.25rem; }
.cards + section.item { margin-top: 1rem; }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) minmax(0, 1fr); gap: .15rem .9rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; padding: .4rem .8rem .1rem 0; vertical-align: baseline; font-weight: 400; }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; padding-bottom: .4rem; }
tbody, thead { border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.name { min-width: 6rem; width: 32%; }
tr.below td { padding: 0 0 .4rem; }
.formula { container-type: inline-size; overflow-x: auto; overflow-y: hidden; padding: .6rem .8rem;
  margin: .2rem 0 .8rem; background: #f8f9fa; border-radius: .4rem; }
.formula .line { white-space: nowrap; font-size: clamp(.72rem, calc(100cqi / var(--em)), 1.15rem); }
.formula math { display: inline math; }
td .formula { padding: .1rem 0; margin: 0; background: none; }
td .formula .line { font-size: clamp(.72rem, calc(100cqi / var(--em)), 1.02rem); }
.paper { display: none; }
.badge { display: inline-block; padding: .1rem .55rem; border-radius: .6rem; font-size: .8rem; font-weight: 600;
  color: #fff; white-space: nowrap; vertical-align: .1em; }
.good { background: var(--good); } .care { background: var(--care); color: #212529; } .bad { background: var(--bad); }
.none { background: #6c757d; }
.warning { margin: .5rem 0; padding: .5rem .8rem; border-left: 4px solid var(--care); background: #fff8e1; }
.warning.bad { border-color: var(--bad); background: #fdecee; color: var(--ink); }
.warning.none { border-color: #6c757d; background: #f1f3f5; color: var(--ink); }
.note, .left-out { color: var(--soft); font-size: .93rem; }
figure { margin: .8rem 0; }
.figure { height: 430px; overflow: hidden; }
.figure.map { height: 450px; }
details { margin: .5rem 0; } summary { cursor: pointer; color: #0b5ed7; }
pre { margin: .5rem 0; padding: .7rem .8rem; background: #f8f9fa; border-radius: .4rem; font-size: .83rem;
  line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
@media (max-width: 40rem) {
  body { padding: 1rem .8rem 2rem; }
  .card, section.item { padding: .8rem; }
  .item dl { grid-template-columns: minmax(0, 1fr); } .item dd { margin: 0 0 .35rem; }
  table { font-size: .78rem; } th, td { padding-right: .4rem; } thead th { font-size: .74rem; }
  .overview tr > :nth-last-child(2), .pairs tr > :nth-last-child(4) { display: none; }
  td .badge { font-size: .7rem; padding: .1rem .35rem; }
  .figure { height: 500px; } .figure.map { height: 900px; }
}
@media print {
  @page { size: A4; margin: 10mm 12mm; }
  html { font-size: 12px; }
  body { padding: 0; max-width: none; font-size: 1rem; line-height: 1.4; print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  h1, h2, h3 { break-after: avoid; }
  /* Two sections stand on a sheet. */
  section, .card, figure, .formula, .warning, dl, pre, tbody { break-inside: avoid; }
  section.item { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: .6rem 0 0; margin: 0; }
  h2 + section.item { border: 0; }
  .wide, .formula { overflow: hidden; }
  .formula { padding: .3rem .6rem; margin: .1rem 0 .4rem; } .warning { margin: .3rem 0; padding: .3rem .6rem; }
  h3 { margin: 0 0 .2rem; } h2 { margin-top: 1.4rem; } dl { row-gap: 0; }
  .formula .line, td .formula .line { font-size: clamp(.45rem, calc(100cqi / var(--em)), 1rem); }
  .screen, noscript { display: none; } .paper { display: inline; }
  table { font-size: .85rem; }
  .figure { height: 255px; } .figure.map { height: 360px; }
  figure { margin: .2rem 0; }
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
  // A sheet of A4 within its margins, and as high as the style sheet says; all is laid out anew for it.
  const PAPER = { width: 700, height: 255, map: 360 }, NARROW = 520;
  // Maps one below the other.
  const stacked = layout => {
    const changed = { ...layout, margin: { ...layout.margin, r: 70 } };
    const rows = [[0.74, 1], [0.37, 0.63], [0, 0.26]];
    rows.forEach((domain, i) => {
      const [x, y] = ['xaxis', 'yaxis'].map(name => name + (i ? i + 1 : ''));
      changed[x] = { ...layout[x], domain: [0, 1] };
      changed[y] = { ...layout[y], domain, showticklabels: true, title: layout.yaxis.title };
    });
    changed.annotations = layout.annotations.map((title, i) => ({ ...title, x: 0.5, y: rows[i][1] }));
    const bar = (axis, y, len) => ({ ...axis, colorbar: { ...axis.colorbar, x: 1.02, y, len } });
    changed.coloraxis = bar(layout.coloraxis, 0.685, 0.63);
    changed.coloraxis2 = bar(layout.coloraxis2, 0.13, 0.26);
    return changed;
  };
  // Three maps beside each other and a narrow window leave little room for the numbers below them.
  const crowded = (layout, narrow) => {
    const changed = { ...layout };
    for (const name of ['xaxis', 'xaxis2', 'xaxis3'].filter(name => layout[name])) {
      const axis = changed[name] = { ...layout[name], tickfont: { size: 9 }, ticks: 'outside', ticklen: 5 };
      if (narrow && axis.type === 'log' && axis.tickvals && axis.tickvals.length > 5)
        for (const list of ['tickvals', 'ticktext']) axis[list] = axis[list].filter((_, i) => i % 2 === 0);
    }
    return changed;
  };
  // The legend stands at the bottom, below ticks and title, whatever the size.
  const withLegend = (figure, layout, width, size) => {
    const names = figure.data.filter(trace => trace.name && trace.showlegend !== false).map(trace => trace.name);
    const widths = names.map(name => 45 + size * name.length * 0.55), sum = widths.reduce((a, b) => a + b, 0);
    const columns = Math.max(1, Math.floor((width - 90) / Math.max(...widths)));
    const rows = sum <= width - 90 ? 1 : Math.ceil(names.length / columns);
    const title = layout.legend.title ? 1 : 0, b = 58 + (rows + title) * (size + 8);
    const legend = { ...layout.legend, font: { size }, yref: 'container', y: 0, yanchor: 'bottom' };
    return { ...layout, legend, margin: { ...layout.margin, b } };
  };
  let printing = false;
  const draw = box => {
    const figure = figures[box.dataset.figure], map = box.classList.contains('map');
    const width = printing ? PAPER.width : box.clientWidth;
    box.drawnWidth = width;
    const height = printing ? (map ? PAPER.map : PAPER.height) : box.clientHeight;
    const narrow = width < NARROW, placed = map && narrow ? stacked(figure.layout) : figure.layout;
    const base = map || narrow ? crowded(placed, narrow) : placed;
    const layout = { ...withLegend(figure, base, width, printing ? 9 : 11), template, width, height, autosize: false };
    return Plotly.react(box, figure.data, layout, { displaylogo: false, responsive: false });
  };
  const all = () => boxes.forEach(draw);
  for (const box of boxes) {
    await draw(box);
    await new Promise(resolve => setTimeout(resolve));
  }
  // A scroll bar that comes or goes changes the width, too.
  const waiting = new Map();
  const fit = new ResizeObserver(entries => entries.forEach(({ target }) => {
    clearTimeout(waiting.get(target));
    waiting.set(target, setTimeout(() => printing || target.clientWidth === target.drawnWidth || draw(target), 150));
  }));
  boxes.forEach(box => fit.observe(box));
  addEventListener('beforeprint', () => { printing = true; all(); });
  addEventListener('afterprint', () => { printing = false; all(); });
  document.body.dataset.drawn = boxes.length;
})();
"""
