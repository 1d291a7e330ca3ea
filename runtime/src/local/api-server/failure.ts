/** An answer that is none of success, as the Kubernetes API gives it. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }

  /** The object of the answer. */
  toStatus(): object {
    const { status: code, reason, message } = this;
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  }
}

export function notFound(what: string): Failure {
  return new Failure(404, 'NotFound', `${what} not found`);
}
