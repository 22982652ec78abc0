// Draws the report's figures, again where a window, or paper, has another width.
// plotly.js is packed, for it is most of the file; its own hash in the page's policy lets it run.
(async () => {
  const read = id => document.getElementById(id).textContent;
  const boxes = [...document.querySelectorAll('.figure[data-figure]')];
  // On paper nobody opens what is folded.
  let unfolded = [];
  addEventListener('beforeprint', () => {
    unfolded = [...document.querySelectorAll('details:not([open])')];
    for (const part of unfolded) part.open = true;
  });
  addEventListener('afterprint', () => { for (const part of unfolded) part.open = false; });
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
    if (box.classList.contains('many')) {  // has its own height and places; a narrow window scrolls
      const wide = figure.layout.width || Math.max(box.clientWidth, PAPER.width);
      const width = printing ? Math.min(wide, PAPER.width) : wide;
      box.drawnWidth = box.clientWidth;
      return Plotly.react(box, figure.data, { ...figure.layout, template, width, autosize: false }, { displaylogo: false, responsive: false });
    }
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
