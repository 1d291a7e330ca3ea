"""The same with Quix Streams: one event at a time, offsets committed by its checkpoints, at least once.

python quix.py MODEL SERVERS INPUT OUTPUT GROUP
"""

import sys

from quixstreams import Application
from scorer import Scorer

model, servers, source, target, group = sys.argv[1:]
scores_of = Scorer(model)


def score(event: dict) -> dict:
    (score_of_event,) = scores_of([event])
    return {"id": event["id"], "score": score_of_event}


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
