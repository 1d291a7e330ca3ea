/** Options of Envoy that name its bootstrap. */
const CONFIG_OPTIONS = ['-c', '--config-path'];

/** Options with a value that make no sense on a machine that runs several proxies: all of them share its memory segments. */
const HOT_RESTART_OPTIONS = ['--base-id', '--base-id-path', '--restart-epoch', '--parent-shutdown-time-s'];

/** Options without a value that are set here anyway, or that take back what is set here. */
const REPLACED_FLAGS = ['--disable-hot-restart', '--use-dynamic-base-id', '--cpuset-threads'];
const REPLACED_OPTIONS = ['--concurrency', ...HOT_RESTART_OPTIONS];

/** Path of the bootstrap that arguments of Envoy name; `undefined` when they name none. */
export function bootstrapPathOf(args: readonly string[]): string | undefined {
  return optionOf(args, CONFIG_OPTIONS);
}

/** Arguments of Envoy with another bootstrap, for one of several proxies of a machine that serves others as well. */
export function localArguments(args: readonly string[], bootstrap: string): string[] {
  return [
    ...without(args, [...CONFIG_OPTIONS, ...REPLACED_OPTIONS]).filter((arg) => !REPLACED_FLAGS.includes(arg)),
    '-c',
    bootstrap,
    '--disable-hot-restart',
    '--concurrency',
    '1',
  ];
}

function optionOf(args: readonly string[], names: readonly string[]): string | undefined {
  for (const [index, arg] of args.entries()) {
    if (names.includes(arg)) {
      return args[index + 1];
    }
    const name = names.find((candidate) => arg.startsWith(`${candidate}=`));
    if (name !== undefined) {
      return arg.slice(name.length + 1);
    }
  }
  return undefined;
}

function without(args: readonly string[], names: readonly string[]): string[] {
  return args.filter((arg, index) => {
    const isOption = names.some((name) => arg === name || arg.startsWith(`${name}=`));
    return !isOption && !names.includes(args[index - 1] ?? '');
  });
}
