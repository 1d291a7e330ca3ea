"""Ray Serve: its own protocol, one replica, no access log. Usage: server.py PORT GRPC_PORT MODEL"""

import sys
import threading

import ray
from ray import serve
from starlette.requests import Request

from onnx_model import OnnxModel

port, _, path = sys.argv[1:]


# More requests at a time than connections, so that none waits for another.
@serve.deployment(num_replicas=1, max_ongoing_requests=1000)
class Iris:
    def __init__(self) -> None:
        self.model = OnnxModel(path)

    async def __call__(self, request: Request) -> dict:
        body = await request.json()
        return {"predictions": self.model.predict(body["instances"])}


if __name__ == "__main__":
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(port)},
        logging_config={"enable_access_log": False},
    )
    serve.run(Iris.bind(), route_prefix="/predict")
    threading.Event().wait()
