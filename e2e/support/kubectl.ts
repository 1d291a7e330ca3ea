import { spawn } from 'node:child_process';

/** How a kubectl process ended. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl, whatever it ends with. It finds the cluster by KUBECONFIG. */
export function tryKubectl(args: readonly string[], input: string = ''): Promise<KubectlResult> {
  const child = spawn('kubectl', args, { stdio: 'pipe' });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (data) => stdout.push(data));
  child.stderr.on('data', (data) => stderr.push(data));
  // A process that does not read its input to the end says why by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code: code ?? -1,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
  });
}

/** Runs kubectl; returns what it printed. Fails when it does. */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await tryKubectl(args, input);
  if (code !== 0) {
    throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  }
  return stdout;
}
