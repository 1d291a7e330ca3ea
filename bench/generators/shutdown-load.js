/*
 * Load on a server that is being shut down while another one takes over. A process of its own, told by messages:
 *
 *   parent sends {port, path, body, connections}   starts the load on that port; answers {running: true} after some answers
 *   parent sends {moveTo: port}                    new connections go there from now on
 *   parent sends {stop: true}                      ends it; answers {answered, failures}
 *
 * A failure is a request that was sent and got no complete answer with 2xx, or a connection that was refused.
 */
const { Connection, postBytes } = require('./connection');

/** So many answers for each connection, and the load is running. */
const ANSWERS_OF_RUNNING = 20;

let port;
let stopped = false;
let answered = 0;
let running;
const failures = {};
const loops = [];

process.on('message', (message) => {
  if (message.moveTo !== undefined) {
    port = message.moveTo;
  } else if (message.stop) {
    void stop();
  } else {
    port = message.port;
    running = message.connections * ANSWERS_OF_RUNNING;
    const bytes = postBytes(message);
    for (let index = 0; index < message.connections; index += 1) {
      loops.push(loop(bytes));
    }
  }
});

async function stop() {
  stopped = true;
  await Promise.all(loops);
  process.send({ answered, failures });
  process.disconnect();
}

async function loop(bytes) {
  let connection;
  while (!stopped) {
    try {
      if (connection === undefined || connection.closed) {
        connection = await Connection.open(port);
      }
      const status = await connection.send(bytes);
      answered += 1;
      if (answered === running) {
        process.send({ running: true });
      }
      if (status < 200 || status > 299) {
        fail(`status ${status}`);
      }
    } catch (error) {
      fail(error.code ?? error.message);
    }
  }
  connection?.close();
}

function fail(how) {
  failures[how] = (failures[how] ?? 0) + 1;
}
