"""BentoML: its own protocol, one worker, no access log.

Usage: MODEL=… bentoml serve server:Iris
"""

import os
from typing import Any

import bentoml

from onnx_model import OnnxModel


@bentoml.service(
    workers=1, traffic={"timeout": 30}, logging={"access": {"enabled": False}}
)
class Iris:
    def __init__(self) -> None:
        self.model = OnnxModel(os.environ["MODEL"])

    @bentoml.api(route="/predict")
    async def predict(self, instances: list[list[float]]) -> list[Any]:
        return self.model.predict(instances)
