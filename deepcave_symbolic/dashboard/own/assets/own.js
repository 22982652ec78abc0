// What the page does without asking the server; app.py says when.
(() => {
  const ctx = () => window.dash_clientside.callback_context;
  const noUpdate = () => window.dash_clientside.no_update;
  // Of which result and choice the page is that is on the screen.
  let shown = null;
  const same = (one, other) => one && other && one.name === other.name && one.choice === other.choice;
  // Of each page by how its ids begin: the question that is asked, the result that answers, whose words and whose figures
  // are on the screen. What is of another question is dimmed, the figures of another formula, too.
  const dimming = {};
  const isStale = ({ asked, result }) => Boolean(asked && result && result.key && result.key !== asked);
  const earlier = (state) => {
    const { asking, result, words, rest } = state;
    if (!result) return "";
    if (isStale(state)) return asking ? "loading" : "stale";
    if (asking || !words || words.name !== result.name) return "loading";
    return same(words, rest) ? "" : "figures";
  };
  const dim = (page, change) => {
    const state = (dimming[page] = { ...dimming[page], ...change });
    const results = document.getElementById(`${page}results`);
    results.dataset.earlier = earlier(state);
    results.setAttribute("aria-busy", ["loading", "figures"].includes(results.dataset.earlier));
    return state;
  };
  // How the ids of the page begin whose note is written.
  const prefix = () => [ctx().outputs_list].flat()[0].id.replace(/(stale|dimmed)$/, "");
  // Pixels that a picture of several in one figure needs, and what of the width is between two.
  const PICTURE = 300, BETWEEN = 0.06;
  // So many pictures in a row as there is room for.
  const inRows = (graph) => {
    const { layout } = graph, { n, columns: most, height, gap } = layout.meta.pictures;
    const columns = Math.max(1, Math.min(most, Math.floor(graph.clientWidth / PICTURE)));
    const rows = Math.ceil(n / columns), high = rows * height + (rows - 1) * gap;
    const wide = (1 - (columns - 1) * BETWEEN) / columns;
    const change = { height: high + layout.margin.t + layout.margin.b, "legend.y": -40 / high };
    for (let i = 0; i < n; i += 1) {
      const row = Math.floor(i / columns), column = i % columns, number = i ? i + 1 : "";
      const left = column * (wide + BETWEEN), top = 1 - (row * (height + gap)) / high;
      change[`xaxis${number}.domain`] = [left, left + wide];
      change[`yaxis${number}.domain`] = [top - height / high, top];
      change[`yaxis${number}.showticklabels`] = column === 0;
      change[`yaxis${number}.title.text`] = column ? "" : layout.yaxis.title.text;
    }
    graph.closest(".dash-graph").style.height = `${change.height}px`;
    return window.Plotly.relayout(graph, change);
  };
  // Figures are laid out for the width that they have; plotly leaves a legend where the width before put it.
  const fit = () => document.querySelectorAll(".js-plotly-plot").forEach((graph) => {
    if (!graph.offsetParent || !graph.layout || graph.fitted === graph.clientWidth) return;
    const first = graph.fitted === undefined;
    graph.fitted = graph.clientWidth;
    if (graph.layout.meta?.pictures) inRows(graph);
    else if (!first) window.Plotly.redraw(graph);
  });
  // Milliseconds after which plotly has followed the window.
  const FOLLOWED = 300;
  let fitting = null;
  addEventListener("resize", () => {
    clearTimeout(fitting);
    fitting = setTimeout(fit, FOLLOWED);
  });

  // The figures of a front share their curves.
  const whole = ({ traces }) => (value) =>
    value && value.layout ? { data: value.data.map((i) => traces[i]), layout: value.layout } : value;
  // The pages on all formulas of the front, where they are there.
  let formulas = null;
  // Where the slider stops.
  let lengths = [];
  // The id of the button of several that was clicked.
  const pressed = () => {
    const one = ctx().triggered.find((each) => each.value);
    return one && JSON.parse(one.prop_id.slice(0, one.prop_id.lastIndexOf(".")));
  };
  // Not as an output: of a circle nothing is asked while Dash waits for anything else.
  const outside = (id, data) => window.dash_clientside.set_props(id, { data });
  const nothing = () => ctx().outputs_list.map(noUpdate);
  // Milliseconds that a slider rests before figures follow, and before tables do, which take longer to draw.
  const REST = { figure: 120, children: 600 };
  let waiting = [];
  // Milliseconds after which words count as painted.
  const UNSEEN = 250;
  // Not by a callback: Dash would have the next step wait until this one is drawn.
  const follow = (wanted, page, from) => {
    waiting.forEach(clearTimeout);
    waiting = Object.entries(REST).map(([prop, rest]) => setTimeout(() => {
      formulas.places.forEach(([id, each], i) => {
        if (i >= from && each === prop && same(shown, wanted))
          window.dash_clientside.set_props(id, { [prop]: whole(formulas)(page[i]) });
      });
    }, rest));
  };

  // Dash's slider stops at these only under the mouse: a key moves it by one, from where it falls back.
  const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
  addEventListener("keydown", (event) => {
    const slider = event.target.closest("#symbolic_formulas-length [role=slider]");
    if (!slider || !STEPS[event.key] || lengths.length < 2) return;
    event.preventDefault();
    event.stopPropagation();
    const next = lengths[lengths.indexOf(Number(slider.getAttribute("aria-valuenow"))) + STEPS[event.key]];
    if (next) window.dash_clientside.set_props("symbolic_formulas-longest-input", { value: next });
  }, true);

  // Bootstrap does not look at the reader's scheme itself.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => (document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light");
  dark.addEventListener("change", theme);
  theme();

  // A server that does not answer is said until it does; what it was asked meanwhile it is asked again then.
  const ask = window.fetch;
  const AGAIN = 2000;
  let lost = false;
  let back = [];
  const answers = async (...question) => {
    try {
      const answer = await ask(...question);
      tell(false);
      return answer;
    } catch (error) {
      if (error.name !== "AbortError") tell(true);
      throw error;
    }
  };
  const tell = (now) => {
    if (now && !lost) setTimeout(again, AGAIN);
    lost = now;
    if (!lost) back.splice(0).forEach((go) => go());
    const words = document.getElementById("lost");
    if (words) words.hidden = !lost;
  };
  const again = () => answers(location.href, { method: "HEAD" }).catch(() => setTimeout(again, AGAIN));
  const asks = (...question) => answers(...question).catch((error) => {
    if (error.name === "AbortError") throw error;
    return new Promise((go) => back.push(go)).then(() => asks(...question));
  });
  window.fetch = asks;

  // plotly.js takes as long to start as all else together. dcc.Graph would start it while the page is drawn, and ask for
  // it once, unless something stands in its place that can be waited for.
  const DRAWN = 500;
  const plotly = (go) => {
    const script = document.createElement("script");
    const repeat = () => {
      script.remove();
      back.push(() => plotly(go));
      tell(true);
    };
    Object.assign(script, { src: window._dashPlotlyJSURL, onload: () => go(), onerror: repeat });
    document.body.append(script);
  };
  let started = null;
  const start = () => (started ||= new Promise((go) => setTimeout(plotly, DRAWN, go)));
  window.Plotly = { then: (go) => start().then(() => go()) };

  // Pages whose question was asked once more, because the server that had its job has ended.
  const repeated = new Set();

  // The page is the one in the address, so that Back works; the first one where there is none.
  const page = () => document.getElementById(`to-${location.hash.slice(1)}`)?.hash.slice(1) || "formula";
  const show = () => {
    document.documentElement.dataset.page = page();
    // What was drawn while nobody saw it takes its width.
    requestAnimationFrame(() => dispatchEvent(new Event("resize")));
  };
  document.documentElement.dataset.page = location.hash.slice(1) || "formula"; // until the list is there
  addEventListener("hashchange", () => {
    show();
    document.getElementById("adding")?.removeAttribute("open"); // it would lie over the other page
    scrollTo(0, 0);
    window.dash_clientside.set_props("address", { data: location.hash });
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    symbolic: {
      // The slider stands on the page only where the length is chosen.
      by_length: (pick, marks, step, length) => {
        // Dash gives neither its handle nor its field a name that is read out.
        const box = document.getElementById("symbolic_formulas-length");
        const name = box.querySelector("label").textContent;
        box.querySelectorAll("[role=slider], input").forEach((each) => each.setAttribute("aria-label", name));
        // It stands on a length that exists.
        lengths = step === null ? Object.keys(marks).map(Number) : [length];
        const nearest = lengths.filter((each) => each <= length).pop() || lengths[0];
        return [pick !== "length", nearest !== length ? nearest : noUpdate()];
      },

      // Another formula of the front is shown at once; the server is asked for what is not in the page.
      step: (pick, length, drawn, result) => {
        const by = (id) => ctx().triggered.some((each) => each.prop_id.startsWith(id));
        if (by("drawn.")) shown = drawn;
        if (!result) return nothing();
        const wanted = { name: result.name, choice: pick === "length" ? `length ${length}` : pick };
        if (same(shown, wanted)) return nothing();
        const page = formulas && formulas.name === wanted.name && formulas.choices[wanted.choice];
        if (page) {
          shown = wanted;
          const words = ctx().outputs_list.length;
          follow(wanted, page, words);
          return page.slice(0, words).map(whole(formulas));
        }
        if (by("symbolic_formulas-")) outside("wanted", wanted);
        return nothing();
      },

      // The rest is asked for when the words are on the screen: figures keep the browser from all else as they are drawn.
      // Of a page that nobody sees no frame is drawn.
      paint: (drawn) => new Promise((go) => {
        dim("", { words: drawn });
        const done = () => go(drawn);
        requestAnimationFrame(() => requestAnimationFrame(done));
        setTimeout(done, UNSEEN);
      }),

      keep: (found) => {
        formulas = found;
        if (formulas) document.body.dataset.kept = formulas.name;
        return noUpdate();
      },

      // Results of other inputs than those on the left are dimmed, and the page says so.
      mark_stale: (asked, result) => {
        const state = dim(prefix(), { asking: false, asked, result });
        return !isStale(state);
      },

      // Something else is asked: until it is known what answers it, the page is dimmed, too.
      asking: () => {
        dim(prefix(), { asking: true });
        return noUpdate();
      },
      asking_all: () => {
        Object.keys(dimming).forEach((page) => dim(page, { asking: true }));
        return noUpdate();
      },

      // What answers the question is on the page: figures a moment after their words.
      replaced: (whole) => {
        const { id } = ctx().inputs_list[0];
        const page = id.slice(0, id.lastIndexOf("-") + 1);
        const done = () => (document.querySelector(`#${page}results .dash-graph--pending`) ? setTimeout(done, 50)
          : fit() || dim(page, { rest: whole, ...(page ? { words: whole } : {}) }));
        setTimeout(done);
        return noUpdate();
      },

      // The page says that the run has grown; where it follows, Process starts by itself.
      grown: (words, follow, busy, followed) => {
        if (words && follow && !busy) outside("followed", (followed || 0) + 1);
        return [!words, words || ""];
      },

      // A new answer is read from its beginning, which says whether something was started once more for it. Where the
      // server took the job along, the page asks again, once: then it shows what there is to do.
      answered: (result) => {
        const { id } = ctx().inputs_list[0];
        const gone = Boolean(result && result.name === "gone");
        const was = repeated.delete(id);
        const again = gone && !was;
        if (again) {
          repeated.add(id);
          // Not as an output: Dash takes it for a circle. A moment later, when Process can be pressed again.
          setTimeout(() => document.getElementById(id.replace(/result$/, "process")).click());
        }
        if (gone && was) window.dash_clientside.set_props(id, { data: { ...result, name: "lost" } });
        const shown = [...document.querySelectorAll(".symbolic-results")].find((each) => each.offsetParent);
        if (result && shown) shown.scrollIntoView();
        return [noUpdate(), !(result && result.again), !(again || was)];
      },

      // A click on a name in the overview opens the page on it: it is chosen, and Process starts.
      open: (clicks, opened) => {
        const id = pressed();
        return id ? [id.choice, (opened || 0) + 1] : [noUpdate(), noUpdate()];
      },

      // A click on "without ..." leaves a function out, and Process starts.
      leave_out: (clicks, functions, opened) => {
        const id = pressed();
        if (!id || !functions.includes(id.function)) return [noUpdate(), noUpdate()];
        return [functions.filter((each) => each !== id.function), (opened || 0) + 1];
      },

      // The page in the address is shown and marked in the list of pages.
      turn: () => {
        show();
        const marks = ctx().outputs_list.slice(1).map(({ id }) => (id === `to-${page()}` ? "page" : null));
        const name = document.querySelector(".symbolic-top h1").textContent;
        document.title = page() === "formula" ? name : `${document.getElementById(`to-${page()}`).textContent}: ${name}`;
        return [page(), ...marks];
      },

      // What a comparison needs to know: one or two hyperparameters, one, none.
      of_side: (side) => [side === "parts", side !== "formulas", side !== "parts"],

      // A click on a formula of the front shows it.
      pick_of_front: (click) => (click && click.points.length ? ["length", click.points[0].x] : [noUpdate(), noUpdate()]),
    },
  });
})();
