"""Tensors that the clients send, by datatype: the ends of each range."""

import numpy as np

TENSORS = {
    "BOOL": np.array([[True, False], [False, True]]),
    "INT8": np.array([[-128, 127], [0, -1]], np.int8),
    "INT16": np.array([[-32768, 32767], [0, -1]], np.int16),
    "INT32": np.array([[-(2**31), 2**31 - 1], [0, -1]], np.int32),
    "INT64": np.array([[-(2**63), 2**63 - 1], [2**53 + 1, -1]], np.int64),
    "UINT8": np.array([[0, 255], [1, 128]], np.uint8),
    "UINT16": np.array([[0, 65535], [1, 32768]], np.uint16),
    "UINT32": np.array([[0, 2**32 - 1], [1, 2**31]], np.uint32),
    "UINT64": np.array([[0, 2**64 - 1], [2**53 + 1, 1]], np.uint64),
    "FP16": np.array([[0.5, -65504.0], [2.0**-24, 0.1]], np.float16),
    "FP32": np.array([[0.1, -0.0], [3.4028234663852886e38, 2.0**-149]], np.float32),
    "FP64": np.array([[0.1, -0.0], [1.7976931348623157e308, 5e-324]], np.float64),
    "BYTES": np.array([["", "setosa"], ["Grüße 日本", '"\\\n']], dtype=object),
}

IRIS = np.array(
    [[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3], [6.3, 3.3, 6.0, 2.5]], np.float32
)
IRIS_LABELS = [0, 1, 2]

COUNTING = np.arange(16, dtype=np.int32).reshape(1, 16)
ONES = np.ones((1, 16), np.int32)


def model_of(datatype: str) -> str:
    """Name of the model that gives back a tensor of a datatype."""
    return f"identity_{datatype.lower()}"


def texts(array: np.ndarray) -> list[str]:
    """Elements of a tensor of BYTES as text."""
    return [
        element.decode() if isinstance(element, bytes) else str(element)
        for element in array.ravel()
    ]


def same_numbers(actual: np.ndarray, expected: np.ndarray) -> None:
    """As same(), but 0 and -0 are one number."""
    same(
        *(
            array + 0 if array.dtype.kind == "f" else array
            for array in (actual, expected)
        )
    )


def same(actual: np.ndarray, expected: np.ndarray) -> None:
    """Fails unless two tensors have the same shape and bits."""
    assert actual.shape == expected.shape, f"{actual.shape} is not {expected.shape}"
    if expected.dtype == object:
        assert texts(actual) == texts(expected), f"{actual!r} is not {expected!r}"
        return
    assert actual.dtype == expected.dtype, f"{actual.dtype} is not {expected.dtype}"
    assert actual.tobytes() == expected.tobytes(), f"{actual!r} is not {expected!r}"
