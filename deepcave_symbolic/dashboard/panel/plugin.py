"""The class that DeepCAVE knows: inputs, job and outputs of the panel "Symbolic Formulas"."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable
from typing import Any

from deepcave_symbolic.process.optional import import_optional

_static: Any = import_optional("deepcave.plugins.static", purpose="The panel 'Symbolic Formulas'")

from deepcave import interactive  # noqa: E402 - the line above says what to install where it is missing

from deepcave_symbolic.dashboard import AGAIN_KEY  # noqa: E402
from deepcave_symbolic.dashboard.panel import filters as panel_filters  # noqa: E402
from deepcave_symbolic.dashboard.panel import inputs as panel_inputs  # noqa: E402
from deepcave_symbolic.dashboard.panel import outputs as panel_outputs  # noqa: E402
from deepcave_symbolic.dashboard.panel.asking import Surrogates  # noqa: E402
from deepcave_symbolic.dashboard.panel.components import OPENER  # noqa: E402
from deepcave_symbolic.dashboard.panel.compute import compute  # noqa: E402
from deepcave_symbolic.dashboard.panel.ended import watching  # noqa: E402
from deepcave_symbolic.dashboard.panel.input_layout import input_layout  # noqa: E402
from deepcave_symbolic.dashboard.panel.leave_out import LEAVE_OUT  # noqa: E402
from deepcave_symbolic.dashboard.panel.stored_result import record_version  # noqa: E402
from deepcave_symbolic.dashboard.panel.what_if import connect_what_if  # noqa: E402
from deepcave_symbolic.dashboard.panel.what_if_run import connect_run_what_if  # noqa: E402

__all__ = ["SymbolicFormulas"]

#: Seconds after drawing until the page is told again that Process is done, and sent again what it has not drawn.
_STATUS_AGAIN, _RESULT_AGAIN = 2.0, 5.0

_PROCESS_SOON = """
    const processSoon = (tries) => {
        const button = document.getElementById("symbolic_formulas-update-button");
        if (button && !button.disabled) { button.click(); }
        else if (tries > 0) { setTimeout(() => processSoon(tries - 1), 200); }
    };
"""
_TRY_AGAIN = f"""
function(clicks) {{{_PROCESS_SOON}
    // A page that opens with the clicks of last time is no click.
    const before = window.symbolicFormulasClicks;
    window.symbolicFormulasClicks = clicks;
    if (typeof before === "number" && clicks === before + 1) {{ setTimeout(() => processSoon(25), 100); }}
    return window.dash_clientside.no_update;
}}
"""
#: Chooses as a person does, so that DeepCAVE looks for a stored result, and else presses Process.
_OPEN = f"""
function(clicks) {{{_PROCESS_SOON}
    const pressed = window.dash_clientside.callback_context.triggered.find(each => each.value);
    const select = document.getElementById("symbolic_formulas-hyperparameter_name_1-input");
    if (pressed && select) {{
        const choice = JSON.parse(pressed.prop_id.slice(0, pressed.prop_id.lastIndexOf("."))).choice;
        Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value").set.call(select, choice);
        select.dispatchEvent(new Event("change", {{ bubbles: true }}));
        setTimeout(() => processSoon(25), 500);
    }}
    return window.dash_clientside.no_update;
}}
"""

#: Takes a function from those that formulas may contain, as a person does, and presses Process.
_LEAVE_OUT = f"""
function(clicks) {{{_PROCESS_SOON}
    const pressed = window.dash_clientside.callback_context.triggered.find(each => each.value);
    if (pressed) {{
        const name = JSON.parse(pressed.prop_id.slice(0, pressed.prop_id.lastIndexOf("."))).function;
        const boxes = document.querySelectorAll("#symbolic_formulas-functions-input input");
        const box = [...boxes].find(each => each.value === name && each.checked);
        if (box) {{
            box.click();
            setTimeout(() => processSoon(25), 500);
        }}
    }}
    return window.dash_clientside.no_update;
}}
"""

#: Tells the server now and then that Process cannot be pressed.
_DISABLED = """
function(tick, disabled) {
    window.symbolicFormulasDisabled = disabled ? (window.symbolicFormulasDisabled || 0) + 1 : 0;
    const asks = window.symbolicFormulasDisabled % 8 === 7;
    return asks ? Date.now() : window.dash_clientside.no_update;
}
"""


class SymbolicFormulas(_static.StaticPlugin):  # type: ignore[misc]  # deepcave has no types
    """Explains one or two hyperparameters of a run, or each of them, by short formulas."""

    id = "symbolic_formulas"
    name = "Symbolic Formulas"
    icon = "fas fa-square-root-alt"
    category = "Hyperparameter Analysis"
    activate_run_selection = True
    #: Whether a result was sent that the page has not said to have drawn.
    _undrawn = False

    @staticmethod
    def get_input_layout(register: Callable[..., str]) -> list[Any]:
        """Returns the input block."""
        # The button "Try again" stands in the output block; its clicks are an input, so that they change the key under
        # which a result is stored.
        register("attempt", "n_clicks", type=panel_inputs.whole_number)
        return input_layout(register)

    @staticmethod
    def get_filter_layout(register: Callable[..., str]) -> list[Any]:
        """Returns the filter block."""
        return panel_filters.filter_layout(register, length_id=f"{SymbolicFormulas.id}-length")

    @staticmethod
    def get_output_layout(register: Callable[..., str]) -> list[Any]:
        """Returns the output block."""
        return panel_outputs.output_layout(register, attempt_id=f"{SymbolicFormulas.id}-attempt-input")

    def load_inputs(self) -> dict[str, dict[str, Any]]:
        """Returns the inputs of a fresh panel."""
        return {**panel_inputs.fresh_inputs(), "attempt": {"n_clicks": 0}}

    def load_dependency_inputs(self, run: Any, previous_inputs: Any, inputs: Any) -> dict[str, dict[str, Any]]:
        """Returns the inputs that depend on the run; nothing here reads trials or trains anything."""
        return panel_inputs.inputs_of(run, inputs)

    @staticmethod
    def process(run: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        """Returns the stored record: explanations, or an error that says what to do."""
        record = compute(run, inputs)
        return {**record, AGAIN_KEY: True} if _is_done_again() else record

    @staticmethod
    def load_outputs(run: Any, inputs: dict[str, Any], outputs: Any) -> list[Any]:
        """Returns figure, Pareto front and the page's other parts, drawn from the stored record alone."""
        return panel_outputs.draw(outputs, panel_filters.Filters.read(inputs))

    def generate_inputs(self, **kwargs: Any) -> dict[str, Any]:
        """Returns the inputs for `generate_outputs` and `load_outputs`; what is not given has its default.

        Raises:
            ValueError: If there is no such input.
        """
        values = {**panel_inputs.defaults(), "run": None}
        # DeepCAVE registers the run's choice only where there is a page.
        registered = {id: values[id] for id, *_ in self.inputs}
        result: dict[str, Any] = super().generate_inputs(**{**registered, **kwargs})
        return result

    # --- what DeepCAVE's pages need -------------------------------------------------------------------------------

    @property
    def raw_outputs(self) -> Any:
        """What "Raw Data" shows."""
        return self._raw_outputs

    @raw_outputs.setter
    def raw_outputs(self, value: Any) -> None:
        self._raw_outputs = None if value is None else panel_outputs.JSONText(value)

    def register_callbacks(self) -> None:
        """Registers DeepCAVE's callbacks, those that press Process ("Try again", a name), and that of the slider."""
        super().register_callbacks()
        self._callbacks_in_the_page()

    @interactive  # type: ignore[untyped-decorator, unused-ignore]
    def _callbacks_in_the_page(self) -> None:
        from dash.dependencies import ALL, Input, Output, State
        from deepcave import app

        app.clientside_callback(
            _TRY_AGAIN,
            Output(f"{self.id}-pressed", "data"),
            Input(self.get_internal_input_id("attempt"), "n_clicks"),
        )
        app.clientside_callback(
            "function(parts) { return parts ? Date.now() : window.dash_clientside.no_update; }",
            Output(f"{self.id}-drawn", "data"),
            Input(self.get_internal_output_id("details"), "children"),
        )

        @app.callback(Output(f"{self.id}-noted", "data"), Input(f"{self.id}-drawn", "data"))  # type: ignore[untyped-decorator, unused-ignore]
        def note_drawn(when: Any) -> Any:
            if when is not None:
                self._undrawn = False
            return when

        button = State(self.get_internal_id("update-button"), "disabled")
        tick = Input(self.get_internal_id("update-interval"), "n_intervals")
        app.clientside_callback(watching(f"{self.id}-lost"), Output(f"{self.id}-watched", "data"), tick)
        app.clientside_callback(_DISABLED, Output(f"{self.id}-disabled", "data"), tick, button)

        @app.callback(Output(f"{self.id}-enabled", "data"), Input(f"{self.id}-disabled", "data"))  # type: ignore[untyped-decorator, unused-ignore]
        def enable(when: Any) -> Any:
            # Said once, too; a busy page may have dropped it, and the button would stay as it is for ever.
            if when is not None and self._state == _static.PluginState.NEEDS_PROCESSING:
                self._previous_state = _static.PluginState.UNSET
            return when

        app.clientside_callback(
            _OPEN,
            Output(f"{self.id}-opened", "data"),
            Input({"type": OPENER, "choice": ALL}, "n_clicks"),
        )
        app.clientside_callback(
            _LEAVE_OUT,
            Output(f"{self.id}-left_out", "data"),
            Input({"type": LEAVE_OUT, "function": ALL}, "n_clicks"),
        )
        app.clientside_callback(
            f"function(pick) {{ return pick !== '{panel_filters.BY_LENGTH}'; }}",
            Output(f"{self.id}-length", "hidden"),
            Input(self.get_internal_input_id("pick"), "value"),
        )
        connect_what_if(app, self.get_internal_output_id("figure"))
        connect_run_what_if(app, Surrogates(_run_of_id).answer)

    def __call__(self) -> Any:
        """Returns the page, without the last inputs of another version of this panel."""
        self._forget_other_versions()
        return super().__call__()

    @interactive  # type: ignore[untyped-decorator, unused-ignore]
    def _forget_other_versions(self) -> None:
        from deepcave import c

        last = c.get("last_inputs", self.id)
        if last and last.get("version", {}).get("value") != record_version():
            c.set("last_inputs", self.id, value=None)

    def _process_raw_outputs(self, inputs: dict[str, Any], raw_outputs: dict[str, Any]) -> Any:
        outputs = super()._process_raw_outputs(inputs, raw_outputs)
        if any(panel_outputs.has_failed(record) for record in raw_outputs.values()):
            self._forget(inputs)
        self._undrawn = True
        for seconds, then in ((_STATUS_AGAIN, self._say_status_again), (_RESULT_AGAIN, self._draw_again)):
            timer = threading.Timer(seconds, then)
            timer.daemon = True
            timer.start()
        return outputs

    def _draw_again(self) -> None:
        """Has DeepCAVE send the result once more that the page has not drawn.

        It sends it once. The page drops it where it has asked again meanwhile, as it does when the button is reset.
        """
        if self._undrawn:
            self._refresh_required = True
            self._blocked = False  # which it is, after a result, until an input changes

    def _say_status_again(self) -> None:
        """Has DeepCAVE tell the page once more that Process is done.

        It says so once. Where drawing holds up that answer, the page has asked again meanwhile and drops it, and the
        button's spinner would turn for ever.
        """
        self._previous_state = _static.PluginState.UNSET

    def _forget(self, inputs: dict[str, Any]) -> None:
        """Removes a failed or foreign result from the cache, so that DeepCAVE offers Process again.

        The last inputs are changed as well, to what no click makes, because DeepCAVE redraws only where the inputs
        differ from them.
        """
        from deepcave import c, rc

        key = self._dict_as_key(inputs, remove_filters=True)
        for run in self.get_selected_runs(inputs):
            with contextlib.suppress(OSError):
                (rc.cache_dir / run.id / self.id / f"{key}.json").unlink()
        last = copy.deepcopy(inputs)
        last["attempt"]["n_clicks"] = (last["attempt"]["n_clicks"] or 0) + 0.5
        c.set("last_inputs", self.id, value=last)
        # DeepCAVE looks at the cache again only after a change of the inputs; this enables Process at once.
        self._state = _static.PluginState.NEEDS_PROCESSING


def _is_done_again() -> bool:
    """Returns whether this is a worker's job that was started once more."""
    from rq import get_current_job  # type: ignore[import-untyped]

    job = get_current_job()
    return job is not None and bool(job.meta.get(AGAIN_KEY))


def _run_of_id(id: str) -> Any:
    """Returns one of DeepCAVE's runs or groups."""
    from deepcave import run_handler

    return run_handler.get_run(id)
