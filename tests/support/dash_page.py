"""A page of Dash's without a browser: what its callbacks would be sent, and what they answer."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from started import Visitor
from waiting import LIMIT


class DashPage:
    """What one tab knows: the value of every property that a callback has written or that was set here.

    Args:
        started: The dashboard.
    """

    def __init__(self, started: Visitor) -> None:
        self._started = started
        self.values: dict[str, Any] = {}
        self._note(started.get_json("_dash-layout"))
        self._callbacks = started.get_json("_dash-dependencies")

    def _note(self, component: Any) -> None:
        if isinstance(component, list):
            for each in component:
                self._note(each)
        elif isinstance(component, dict):
            properties = component.get("props", {})
            if isinstance(id := properties.get("id"), str):
                self.values.update({f"{id}.{name}": value for name, value in properties.items()})
            self._note(properties.get("children"))

    def fire(self, output: str, changed: str) -> dict[str, dict[str, Any]]:
        """Runs the callback of an output as after a change of a property; returns what it writes, and notes it."""
        self.start(output, changed)
        return self.finish()

    def start(self, output: str, changed: str) -> None:
        """Asks the callback of an output once; a job is only started by that."""
        self._body = self._asked(output, changed)
        self._answer = self._started.post("_dash-update-component", self._body)

    def finish(self) -> dict[str, dict[str, Any]]:
        """Waits for what `start` has started; returns what it writes, and notes it."""
        answer, deadline = self._answer, time.monotonic() + LIMIT
        while answer is not None and "response" not in answer:
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
            asked = urlencode({"cacheKey": answer["cacheKey"], "job": answer["job"]})
            answer = {**answer, **(self._started.post(f"_dash-update-component?{asked}", self._body) or {})}
        written: dict[str, dict[str, Any]] = {} if answer is None else answer["response"]
        for id, properties in written.items():
            self.values.update({f"{id}.{name.partition('@')[0]}": value for name, value in properties.items()})
        return written

    def _asked(self, output: str, changed: str) -> dict[str, Any]:
        callback = next(c for c in self._callbacks if output in c["output"] and self._reads(c, changed))
        return {
            "output": callback["output"],
            "outputs": self._outputs(callback["output"]),
            "changedPropIds": [changed],
            **{kind: [{**each, "value": self._value(each)} for each in callback[kind]] for kind in ("inputs", "state")},
        }

    @staticmethod
    def _reads(callback: dict[str, Any], changed: str) -> bool:
        return any(f"{each['id']}.{each['property']}" == changed for each in callback["inputs"])

    def _value(self, each: dict[str, Any]) -> Any:
        return self.values.get(f"{each['id']}.{each['property']}")

    @staticmethod
    def _outputs(names: str) -> Any:
        several = names.startswith("..")
        pairs = [name.rpartition(".") for name in (names[2:-2].split("...") if several else [names])]
        outputs = [{"id": id, "property": prop} for id, _, prop in pairs]
        return outputs if several else outputs[0]
