import { runProxy } from '../local';
import { createLogger } from '../telemetry';

/** Runs the container of a proxy as `model-serving local` does. @param args arguments of Envoy */
export async function proxy(args: readonly string[], { envoy }: { readonly envoy?: string }): Promise<void> {
  process.exit(await runProxy(args, envoy, createLogger({ name: 'proxy' })));
}
