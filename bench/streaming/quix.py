"""The same with Quix Streams: one event at a time, offsets committed by its checkpoints, at least once.

python quix.py MODEL SERVERS INPUT OUTPUT GROUP
"""

import sys

import numpy as np
import onnxruntime
from quixstreams import Application

FIELDS = [f"f{index}" for index in range(10)]
model, servers, source, target, group = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])


def score(event: dict) -> dict:
    row = np.array([[event[name] for name in FIELDS]], dtype=np.float32)
    (scores,) = session.run(None, {"input": row})
    return {"id": event["id"], "score": float(scores[0, 0])}


app = Application(
    broker_address=servers,
    consumer_group=group,
    auto_offset_reset="earliest",
    producer_extra_config={"linger.ms": 5, "compression.type": "lz4"},
    auto_create_topics=False,
    loglevel="ERROR",
)
frame = app.dataframe(app.topic(source, value_deserializer="json"))
frame.apply(score).to_topic(app.topic(target, value_serializer="json"))
app.run()
