// Runs cases against a server.
const { checkGrpc, checkHttp } = require('./expectation');
const { GrpcTarget } = require('./grpc-call');
const { callHttp, openConnection } = require('./http-call');
const { buildMessage, buildRequest } = require('./request');

/** A server under test. */
class Target {
  /**
   * @param http base URL
   * @param grpc `host:port`; undefined = no gRPC
   * @param names what `{name}` in a case stands for, for example the server's own name of a model
   * @param headers sent with every request, for example a key
   * @param timeoutMillis longest wait for an answer
   */
  constructor({ http, grpc, names = {}, headers = {}, timeoutMillis = 10_000 }) {
    this.url = new URL(http);
    this.names = names;
    this.headers = headers;
    this.timeoutMillis = timeoutMillis;
    this.grpcAddress = grpc;
  }

  /**
   * Runs a case.
   *
   * @returns what is wrong; empty when the case passes
   */
  async run({ request, expect, steps = [{ request, expect }] }) {
    const widest = Math.max(...steps.map(({ parallel = [], times = 1 }) => Math.max(parallel.length, times)), 1);
    const agent = openConnection(this.url, widest);
    try {
      for (const [index, step] of steps.entries()) {
        const problems = await this.runStep(step, agent);
        if (problems.length > 0) {
          return steps.length === 1 ? problems : problems.map((problem) => `step ${index + 1}: ${problem}`);
        }
      }
      return [];
    } finally {
      agent.destroy();
    }
  }

  /** Closes the connection of gRPC. */
  close() {
    this.grpc?.close();
  }

  /** One exchange, or several at once. */
  async runStep({ parallel, times = 1, ...single }, agent) {
    const exchanges = parallel ?? Array.from({ length: times }, () => single);
    const results = await Promise.all(
      exchanges.map(async (exchange) => {
        try {
          return await this.exchange(exchange, agent);
        } catch (error) {
          return { problems: [`no answer: ${error.message || error.code}`] };
        }
      }),
    );
    const seen = new Set(results.map(({ outcome }) => outcome));
    const missing = (single.atLeastOne ?? []).length > 0 && !single.atLeastOne.some((outcome) => seen.has(outcome));
    return [
      ...results.flatMap(({ problems }) => problems),
      ...(missing ? [`none of ${times} was answered with ${single.atLeastOne.join(' or ')}`] : []),
    ];
  }

  /** Sends a request and compares its answer. */
  async exchange({ request, expect }, agent) {
    const { names, headers, timeoutMillis } = this;
    if (request.rpc !== undefined) {
      this.grpc ??= new GrpcTarget(this.grpcAddress);
      const answer = await this.grpc.call({
        ...request,
        message: buildMessage(request.message ?? {}, names),
        metadata: { ...headers, ...buildMessage(request.metadata ?? {}, names) },
        timeoutMillis: request.deadlineMillis ?? timeoutMillis,
      });
      return { outcome: answer.code, problems: checkGrpc(expect, answer, names) };
    }
    const answer = await callHttp(this.url, buildRequest(request, names, headers), {
      agent,
      timeoutMillis: request.waitMillis ?? timeoutMillis,
    });
    return { outcome: answer.status, problems: checkHttp(expect, answer, names) };
  }
}

module.exports = { Target };
