/**
 * The container engine of this machine: docker or podman.
 *
 * CONTAINER_ENGINE names one; IMAGE_BUILDER is a command that takes the arguments of its `build`, for machines where a plain
 * `docker build` or `podman build` does not reach the registry of npm.
 */

const { execFileSync, spawnSync } = require('node:child_process');
const { basename } = require('node:path');

const KNOWN = ['docker', 'podman'];

/** What a command says is shown when it fails. */
const QUIET = { stdio: 'pipe' };

/** What else makes two builds the same: no version of the builder, no ids of its cache, no attestation with the time. */
const PODMAN = ['--identity-label=false', '--omit-history'];
const DOCKER = ['--provenance=false'];

/** The engine that answers; a client without a daemon does not. */
function findEngine() {
  const { CONTAINER_ENGINE: chosen } = process.env;
  const engine = [chosen ?? KNOWN].flat().find((each) => spawnSync(each, ['info'], { stdio: 'ignore' }).status === 0);
  if (engine === undefined) {
    throw new Error(
      `no container engine answers (tried: ${chosen ?? KNOWN.join(', ')}). Start one, or set CONTAINER_ENGINE.`,
    );
  }
  return engine;
}

/**
 * Builds an image.
 *
 * @param options.tag name of the image
 * @param options.context folder that it is built from
 * @param options.file path of the Dockerfile
 * @param options.arguments values of the Dockerfile's ARGs
 * @param options.epoch the one time of everything in the image, in seconds since 1970
 * @param options.extra further arguments of the builder
 */
function build(engine, options) {
  const { tag, context, file, epoch, extra = [] } = options;
  const values = { ...options.arguments, SOURCE_DATE_EPOCH: epoch };
  const [program, ...leading] = process.env.IMAGE_BUILDER?.split(' ') ?? [engine, 'build'];
  const reproducible = basename(engine) === 'podman' ? [...PODMAN, '--timestamp', `${epoch}`] : DOCKER;
  const buildArguments = Object.entries(values).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  execFileSync(
    program,
    [...leading, ...reproducible, ...buildArguments, ...extra, '--tag', tag, '--file', file, context],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
}

/** Writes an image to an archive. */
function save(engine, tag, file) {
  execFileSync(engine, ['save', '--output', file, tag], QUIET);
}

/** Copies a file out of an image. */
function copyOut(engine, tag, path, target) {
  const container = execFileSync(engine, ['create', tag], { encoding: 'utf8' }).trim();
  try {
    execFileSync(engine, ['cp', `${container}:${path}`, target], QUIET);
  } finally {
    execFileSync(engine, ['rm', container], QUIET);
  }
}

/** Takes a name away from an image. */
function untag(engine, tag) {
  execFileSync(engine, ['rmi', tag], QUIET);
}

module.exports = { build, copyOut, findEngine, save, untag };
