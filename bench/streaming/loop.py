"""The loop that people write in Python: confluent-kafka to ONNX Runtime to confluent-kafka, at least once.

Micro-batches of up to 500 events, outputs flushed and offsets committed after each. Ends on SIGTERM.

python loop.py json|orjson MODEL SERVERS INPUT OUTPUT GROUP
"""

import json
import signal
import sys

import orjson
from confluent_kafka import Consumer, Producer
from scorer import Scorer

BATCH = 500

codec, model, servers, source, target, group = sys.argv[1:]
loads, dumps = {
    "json": (json.loads, lambda value: json.dumps(value).encode()),
    "orjson": (orjson.loads, orjson.dumps),
}[codec]

scores_of = Scorer(model)
consumer = Consumer(
    {
        "bootstrap.servers": servers,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "partition.assignment.strategy": "cooperative-sticky",
    }
)
producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "linger.ms": 5, "compression.type": "lz4"})
consumer.subscribe([source])

running = True


def stop(*_: object) -> None:
    global running
    running = False


signal.signal(signal.SIGTERM, stop)

while running:
    # Waits for 500 events, or what has come within 5 ms.
    messages = [message for message in consumer.consume(BATCH, timeout=0.005) if message.error() is None]
    if not messages:
        continue
    events = [loads(message.value()) for message in messages]
    for message, event, score in zip(messages, events, scores_of(events)):
        while True:
            try:
                producer.produce(target, dumps({"id": event["id"], "score": score}), key=message.key())
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()
    consumer.commit(asynchronous=False)
consumer.close()
