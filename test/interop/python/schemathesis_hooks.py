"""What JSON Schema cannot say of a prediction, done to valid bodies before they are sent.

In V2 the number of elements of `data` is the product of `shape`. In V1, by column, and in
V2 all inputs have the same number of rows. An output is asked for once, whatever its
parameters are. A body that is valid but for that is cut to the rows that all inputs have,
and to the first of two outputs. Bodies that are made to be invalid are sent as they are.
"""

import math
from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    meta = case.meta
    if meta is None or meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if isinstance(case.body, dict):
        # The data of a CloudEvent is a body of V1.
        for body in (case.body, case.body.get("data")):
            inputs = body.get("inputs") if isinstance(body, dict) else None
            if case.path.endswith("/infer") and isinstance(inputs, list):
                fit_tensors(inputs)
                fit_outputs(body)
            elif isinstance(inputs, dict):
                fit_columns(inputs)


def fit_columns(columns: dict[str, list[Any]]) -> None:
    """Cuts the columns of V1 to the rows of the shortest."""
    rows = min(len(column) for column in columns.values())
    for name, column in columns.items():
        columns[name] = column[:rows]


def fit_tensors(inputs: list[dict[str, Any]]) -> None:
    """Cuts the inputs of V2 to the rows of the shortest, and says so in their shapes."""
    rows = min(rows_of(tensor) for tensor in inputs)
    for tensor in inputs:
        data = tensor["data"]
        kept = rows if is_nested(data) else rows * math.prod(tensor["shape"][1:])
        tensor["data"] = data[:kept]
        tensor["shape"] = [rows, *tensor["shape"][1:]]


def fit_outputs(body: dict[str, Any]) -> None:
    """Leaves one of the outputs of V2 with the same name."""
    if "outputs" in body:
        body["outputs"] = list(
            {each["name"]: each for each in body["outputs"]}.values()
        )


def rows_of(tensor: dict[str, Any]) -> int:
    data = tensor["data"]
    return len(data) if is_nested(data) else len(data) // math.prod(tensor["shape"][1:])


def is_nested(data: list[Any]) -> bool:
    return bool(data) and isinstance(data[0], list)
