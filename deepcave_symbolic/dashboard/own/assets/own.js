// What the page does without asking the server; app.py says when.
(() => {
  const ctx = () => window.dash_clientside.callback_context;
  const noUpdate = () => window.dash_clientside.no_update;

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    symbolic: {
      // The slider stands on the page only where the length is chosen.
      by_length: (pick) => {
        // Dash gives neither its handle nor its field a name that is read out.
        const box = document.getElementById("symbolic_formulas-length");
        const name = box.querySelector("label").textContent;
        box.querySelectorAll("[role=slider], input").forEach((each) => each.setAttribute("aria-label", name));
        return pick !== "length";
      },

      // Results of other inputs than those on the left are dimmed, and the page says so.
      mark_stale: (asked, result) => {
        const stale = Boolean(asked && result && result.key && result.key !== asked);
        return [!stale, stale ? "symbolic-dimmed" : ""];
      },

      // A new answer is read from its beginning.
      to_the_top: (result) => {
        if (result) document.querySelector(".symbolic-results").scrollIntoView();
        return noUpdate();
      },

      // A click on a name in the overview opens the page on it: it is chosen, and Process starts.
      open: (clicks, opened) => {
        const pressed = ctx().triggered.find((each) => each.value);
        if (!pressed) return [noUpdate(), noUpdate()];
        const place = pressed.prop_id.slice(0, pressed.prop_id.lastIndexOf("."));
        return [JSON.parse(place).choice, (opened || 0) + 1];
      },

      // A click on a formula of the front shows it.
      pick_of_front: (click) => (click && click.points.length ? ["length", click.points[0].x] : [noUpdate(), noUpdate()]),
    },
  });
})();
