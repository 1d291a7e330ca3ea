const { Agent, request } = require('node:http');

const CONNECTIONS = 32;

/** Requests one after the other on every connection. */
class Load {
  answers = 0;
  failures = 0;
  running = true;
  clients = [];

  constructor(url) {
    this.url = url;
    this.agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  }

  start() {
    this.clients = Array.from({ length: CONNECTIONS }, async () => {
      while (this.running) {
        const isGood = await this.one();
        this.answers += 1;
        this.failures += isGood ? 0 : 1;
      }
    });
  }

  async stop() {
    this.running = false;
    await Promise.all(this.clients);
    this.agent.destroy();
  }

  one() {
    return new Promise((done) => {
      const sent = request(this.url, { agent: this.agent }, (response) => {
        response.resume();
        response.on('end', () => done(response.statusCode === 200));
      });
      sent.on('error', () => done(false));
      sent.end();
    });
  }
}

module.exports = { Load };
