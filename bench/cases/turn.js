/*
 * A turn: one server, one protocol, measured for a few seconds again and again. While it is not its turn a server
 * stands still.
 */
const { closedLoop } = require('../generators/wrk');
const { grpcLoop } = require('../generators/h2load');
const { firstAnswer } = require('../harness/first-answer');
const { busyMicros, SERVER } = require('../harness/processor');
const { findModel } = require('../models/models');
const { PROTOCOLS } = require('../protocols/bodies');
const { pathOf, start, titleOf } = require('../peers/servers');
const { note } = require('./report');

/** A server is warm after so many requests, or so many seconds: until then, what compiles as it runs still does. */
const WARM_REQUESTS = 20_000;
const WARM_SECONDS = 20;

exports.Turn = class Turn {
  #server;

  constructor(name, protocol, server, target) {
    this.name = name;
    this.protocol = protocol;
    this.target = target;
    this.#server = server;
  }

  get title() {
    return `${titleOf(this.name)}, ${this.protocol === 'grpc' ? 'gRPC' : this.protocol.toUpperCase()}`;
  }

  get port() {
    return this.protocol === 'grpc' ? this.#server.ports.grpc : this.#server.ports.http;
  }

  /**
   * Requests a second, processor time of each in microseconds, and the part of the servers' processor that was taken
   * by what is not the server.
   */
  async measure(seconds) {
    return this.alone(async () => {
      const [start, busy, own] = [performance.now(), busyMicros(SERVER), this.#server.cpuMicros()];
      const { requests, rate } = await this.load({ seconds });
      const spent = this.#server.cpuMicros() - own;
      const others = (busyMicros(SERVER) - busy - spent) / (1000 * (performance.now() - start));
      return { rate, micros: spent / requests, others };
    });
  }

  /** A closed loop over 32 connections, or as many as are given. */
  load({ seconds, connections }) {
    const { path, body } = this.target;
    return this.protocol === 'grpc'
      ? grpcLoop({ port: this.port, path, frame: body, seconds })
      : closedLoop({ port: this.port, path, body, connections, seconds });
  }

  /** Does something while the other servers stand still. */
  async alone(work) {
    this.#server.resume();
    try {
      return await work(this.#server);
    } finally {
      this.#server.pause();
    }
  }

  async warmUp() {
    await this.alone(async () => {
      await firstAnswer(this.#server, this.target);
      for (let sent = 0, second = 0; sent < WARM_REQUESTS && second < WARM_SECONDS; second += 1) {
        sent += (await this.load({ seconds: 1 })).requests;
      }
    });
  }
};

/**
 * Starts what takes turns with some rows of a model, one server for all protocols of a name. One that does not answer
 * is left out, and that is said.
 *
 * @param wanted names and protocols: [{name, protocol}]
 * @returns the turns, and what ends their servers
 */
exports.startTurns = async (wanted, modelName, rows) => {
  const model = findModel(modelName);
  const servers = new Map();
  const turns = [];
  for (const { name, protocol } of wanted) {
    try {
      if (!servers.has(name)) {
        servers.set(name, await start(name, model));
      }
      const target = { protocol, path: pathOf(name, protocol), body: PROTOCOLS[protocol](model, rows) };
      const turn = new exports.Turn(name, protocol, servers.get(name), target);
      await turn.warmUp();
      turns.push(turn);
    } catch (error) {
      note(`${titleOf(name)} takes no part over ${protocol}: ${error.message}`);
    }
  }
  return { turns, stop: () => Promise.all([...servers.values()].map((server) => server.stop())) };
};
