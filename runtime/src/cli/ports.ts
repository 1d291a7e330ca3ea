import { errorCode } from '../telemetry';

/** A port, and the setting that chose it. */
export interface PortSetting {
  readonly port: number;
  readonly setting: string;
}

/**
 * Says of a failed listen which setting chose the port. Any other error is returned as it is.
 */
export function explainPortFault(error: unknown, settings: readonly PortSetting[]): unknown {
  const why = WHY[errorCode(error) ?? ''];
  if (why === undefined || !(error instanceof Error) || !('port' in error) || typeof error.port !== 'number') {
    return error;
  }
  const { port } = error;
  const setting = settings.find((candidate) => candidate.port === port)?.setting ?? 'the setting';
  return new Error(`Port ${port} ${why}. Stop what holds it, or choose another port by ${setting}.`, { cause: error });
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another process',
  EACCES: 'needs privileges that this process does not have (ports below 1024 do)',
};
