"""FastAPI by hand, as a tutorial shows it: a typed body, one run for each request.

Usage: server.py PORT GRPC_PORT MODEL
"""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from onnx_model import OnnxModel

port, _, path = sys.argv[1:]
app = FastAPI()
model = OnnxModel(path)


class Instances(BaseModel):
    instances: list[list[float]]


class Predictions(BaseModel):
    predictions: list[Any]


@app.post("/v1/models/iris:predict")
async def predict(body: Instances) -> Predictions:
    return Predictions(predictions=model.predict(body.instances))


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False)
