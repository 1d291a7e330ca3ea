"""The loop that people write in Python for a Redis stream or for JetStream: read 500, score, write 500, acknowledge; at least once.

python queue_loop.py redis MODEL PORT INPUT OUTPUT GROUP
python queue_loop.py nats MODEL URL STREAM OUTPUT GROUP
"""

import asyncio
import sys

import nats
import nats.errors
import orjson
import redis
from scorer import Scorer

BATCH = 500

broker, model, server, source, target, group = sys.argv[1:]
scores_of = Scorer(model)


def score(values: list[bytes]) -> list[bytes]:
    events = [orjson.loads(value) for value in values]
    return [orjson.dumps({"id": event["id"], "score": value}) for event, value in zip(events, scores_of(events))]


def over_redis() -> None:
    client = redis.Redis(port=int(server))
    client.xgroup_create(source, group, id="0", mkstream=True)
    while True:
        found = client.xreadgroup(group, "loop", {source: ">"}, count=BATCH, block=1000)
        if not found:
            continue
        entries = found[0][1]
        predictions = score([fields[b"value"] for _, fields in entries])
        pipeline = client.pipeline(transaction=False)
        for prediction in predictions:
            pipeline.xadd(target, {"value": prediction})
        pipeline.xack(source, group, *[entry for entry, _ in entries])
        pipeline.execute()


async def over_nats() -> None:
    connection = await nats.connect(server)
    stream = connection.jetstream()
    subscription = await stream.pull_subscribe("", durable=group, stream=source)
    while True:
        try:
            messages = await subscription.fetch(BATCH, timeout=1)
        except nats.errors.TimeoutError:
            continue
        predictions = score([message.data for message in messages])
        await asyncio.gather(*[stream.publish(target, prediction) for prediction in predictions])
        await asyncio.gather(*[message.ack() for message in messages])


if broker == "redis":
    over_redis()
else:
    asyncio.run(over_nats())
