import { createProgram } from '../../runtime/src/cli/program';

/** What a command has written, and its exit code. */
export interface CommandHere {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * Runs `model-serving ARGS` in this process, without terminal: for commands that take their words from the environment of the
 * test, and are many. How a process ends is for `runCommand`.
 */
export async function runHere(...args: string[]): Promise<CommandHere> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    }),
  );
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await createProgram().parseAsync(['node', 'model-serving', ...args]);
    return { ...written, code: Number(process.exitCode) };
  } finally {
    process.exitCode = before;
    for (const spy of spies) {
      spy.mockRestore();
    }
  }
}
