import { cdk8s, JsonFile, javascript, TextFile } from 'projen';

/**
 * Rooms of the library, lowest first. A room imports only from rows above its own.
 * The lint configuration below is generated from this table; docs/architecture.md explains it.
 */
const LIBRARY_ROOMS = [
  ['contract'],
  ['kubernetes', 'crds'],
  ['model'],
  ['servers'],
  ['online'],
  ['batch', 'streaming', 'edge'],
  ['gateway', 'scaling', 'observability'],
  ['rollout'],
  ['platforms'],
  ['policy'],
];

/** Rooms of the runtime, lowest first, under the same rule. `contract.ts` is its only door to the library. */
const RUNTIME_ROOMS = [
  ['contract'],
  ['telemetry'],
  ['config'],
  ['kubernetes-api'],
  ['request-error'],
  ['model'],
  ['protocol'],
  ['scheduling'],
  ['redis'],
  ['features', 'fallback', 'security', 'prediction-log', 'tracing', 'prediction-table', 'prediction-columns'],
  ['online'],
  ['fetch'],
  ['gateway', 'rollout', 'batch', 'lookup', 'streaming', 'edge'],
  ['local'],
  ['cli'],
];

const NODE_MINIMUM = '22.12.0';

/** Of the library and of the runtime; the contract names the image by it. */
const VERSION = '0.1.0';

const project = new cdk8s.ConstructLibraryCdk8s({
  name: 'cdk8s-model-serving',
  description:
    'CDK8s constructs that serve machine-learning models on Kubernetes: declared in a program, checked at synth, no operator.',
  author: 'cdk8s-model-serving contributors',
  authorAddress: 'cdk8s-model-serving@users.noreply.github.com',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/cdk8s-model-serving/cdk8s-model-serving.git',
  license: 'Apache-2.0',
  copyrightOwner: 'cdk8s-model-serving contributors',
  stability: 'experimental',
  keywords: ['cdk8s', 'kubernetes', 'machine-learning', 'model-serving', 'onnx', 'mlops', 'inference'],
  defaultReleaseBranch: 'main',
  projenrcTs: false,
  cdk8sVersion: '2.70.0',
  constructsVersion: '10.3.0',
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0.0',
  srcdir: 'lib',
  libdir: 'build',
  entrypoint: 'build/index.js',
  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: NODE_MINIMUM,
  github: false,
  release: false,
  depsUpgrade: false,
  eslint: false,
  jest: false,
  sampleCode: false,
  disableTsconfig: true,
  docgen: true,
  npmignoreEnabled: false,
  readme: undefined,
  peerDeps: ['cdk8s-plus-28@^2.5.6'],
  devDeps: [
    '@biomejs/biome@~2.5.15',
    '@seriousme/openapi-schema-validator@^2.11',
    '@stdlib/stats-base-dists-beta@^0.3',
    '@stdlib/stats-base-dists-binomial@^0.2',
    '@stdlib/stats-base-dists-chisquare@^0.2',
    '@stdlib/stats-base-dists-normal@^0.3',
    '@stdlib/stats-base-dists-t@^0.2',
    '@stdlib/stats-chi2gof@^0.2',
    '@stdlib/stats-ttest2@^0.2',
    '@types/express@^5',
    '@types/jest@^29',
    'projen@^0.103',
    'jsii-pacmak@^1',
    '@types/node@^24',
    '@types/tar-stream@^3',
    '@types/yauzl@^3',
    'ajv@^8',
    'cdk8s-cli@^2.207.0',
    'cdk8s-plus-28@2.5.6',
    'esbuild@^0.28',
    'fast-check@^4',
    'jest@^29',
    'jest-environment-node@^29',
    'jstat@^1.9',
    'knip@~5.80.0',
    'node@^24',
    'puppeteer-core@^24',
    'ts-jest@^29',
    'ts-node@^10.9',
    'tsx@^4',
    'yaml@^2',
  ],
  publishToPypi: { distName: 'cdk8s-model-serving', module: 'cdk8s_model_serving' },
  publishToMaven: {
    javaPackage: 'io.github.cdk8s_model_serving',
    mavenGroupId: 'io.github.cdk8s-model-serving',
    mavenArtifactId: 'cdk8s-model-serving',
  },
  publishToGo: { moduleName: 'github.com/cdk8s-model-serving/cdk8s-model-serving-go' },
  gitignore: [
    '/build/',
    '/runtime/build/',
    '/packages/',
    '/tsconfig.jsii.json',
    '/tsconfig.tsbuildinfo',
    '*.tsbuildinfo',
    '.jsii.tabl.json',
    'dist/',
    '__pycache__/',
    '.venv/',
  ],
});

// ---------------------------------------------------------------- package.json

project.package.addVersion(VERSION);
project.package.addField('workspaces', ['runtime']);
project.package.addField('main', 'build/index.js');
project.package.addField('types', 'build/index.d.ts');
project.package.addField('files', ['build', '.jsii', 'API.md', 'CHANGELOG.md']);
// The examples import the library by its name, as a user's program does; Node resolves that to this package itself.
project.package.addField('exports', {
  '.': { types: './build/index.d.ts', default: './build/index.js' },
  './package.json': './package.json',
  './.jsii': './.jsii',
});
project.package.addField('allowScripts', {
  node: true,
  esbuild: true,
  'onnxruntime-node': false,
  '@confluentinc/kafka-javascript': false,
  protobufjs: false,
});
project.package.addField('jsii', {
  outdir: 'packages',
  versionFormat: 'full',
  tsc: { rootDir: 'lib', outDir: 'build' },
  excludeTypescript: ['runtime', 'test', 'examples', 'bench', 'scripts', 'build', 'dist', 'packages', 'node_modules'],
  targets: {
    python: { distName: 'cdk8s-model-serving', module: 'cdk8s_model_serving' },
    java: {
      package: 'io.github.cdk8s_model_serving',
      maven: { groupId: 'io.github.cdk8s-model-serving', artifactId: 'cdk8s-model-serving' },
    },
    go: { moduleName: 'github.com/cdk8s-model-serving/cdk8s-model-serving-go' },
  },
});

project.tryRemoveFile('tsconfig.dev.json');
project.deps.removeDependency('jsii-diff');
project.defaultTask?.reset('tsx .projenrc.ts');

// Daily work is plain npm scripts; projen keeps only the generation of files.
// A task can go only after those that call it.
const callers = (name: string) => project.tasks.all.filter((task) => task.steps.some((step) => step.spawn === name));
for (let rest = generatedTasks(); rest.length > 0; rest = generatedTasks()) {
  for (const task of rest.filter(({ name }) => callers(name).length === 0)) {
    project.tasks.removeTask(task.name);
  }
}
for (const script of Object.keys(project.package.manifest.scripts ?? {})) {
  project.removeScript(script);
}
const scripts: Record<string, string> = {
  projen: 'PROJEN_DISABLE_POST=1 tsx .projenrc.ts',
  'compile:library':
    'JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=24 jsii --silence-warnings=reserved-word --generate-tsconfig tsconfig.jsii.json',
  'compile:runtime': 'node scripts/bundle-runtime.js',
  compile: 'npm run --silent compile:library && npm run --silent compile:runtime',
  docgen: 'jsii-docgen -o API.md',
  build: 'npm run compile && npm run docgen && npm run package',
  package: 'node scripts/package.js',
  lint: 'biome check --error-on-warnings . && tsc -p tsconfig.json --noEmit && knip',
  format: 'biome check --write .',
  pretest: 'npm run --silent compile',
  test: 'jest --ci',
  'test:update-snapshots': 'npm run --silent compile && jest --updateSnapshot',
  predemo: 'npm run --silent compile',
  demo: 'node scripts/demo.js',
  'predemo:canary': 'npm run --silent compile',
  'demo:canary': 'node scripts/demo-canary',
  synth: 'cdk8s synth --check-upgrade=false',
  'bench:synth': 'node bench/synth/run.js',
  'bench:predictor': 'node bench/peers/run.js --peers hello,express --cases iris-v1,iris-v2,start',
  'bench:peers': 'node bench/peers/run.js',
  'bench:batch-killed': 'tsx bench/batch/killed.ts',
  'bench:streaming': 'tsx bench/streaming/run.ts',
  'bench:stream-killed': 'tsx bench/streaming/killed.ts',
  'bench:queues': 'tsx bench/streaming/queues.ts',
  'bench:queue-killed': 'tsx bench/streaming/killed-queue.ts',
  prescan: 'npm run --silent compile:library',
  scan: 'node scripts/scan.js',
  'native:kafka': 'node scripts/native-kafka',
  image: 'node scripts/image',
  e2e: 'jest --ci -c e2e/jest.config.json',
  simulate: 'node bench/simulate/run.js',
  rosetta: 'jsii-rosetta extract --compile --fail',
};
project.package.addField('scripts', scripts);

// ---------------------------------------------------------------- runtime workspace

new JsonFile(project, 'runtime/package.json', {
  marker: false,
  readonly: true,
  newline: true,
  obj: {
    name: '@cdk8s-model-serving/runtime',
    version: VERSION,
    description:
      'The processes that the manifests of cdk8s-model-serving run: ONNX predictor, model fetcher, local runner.',
    license: 'Apache-2.0',
    private: false,
    bin: { 'model-serving': 'bin/model-serving.js' },
    files: ['bin', 'build'],
    engines: { node: `>= ${NODE_MINIMUM}` },
    dependencies: {
      '@aws-sdk/client-s3': '^3.900.0',
      '@azure/identity': '^4.10.0',
      '@azure/storage-blob': '^12.28.0',
      '@duckdb/node-api': '1.5.6-r.1',
      '@duckdb/node-bindings': '1.5.6-r.1',
      '@grpc/grpc-js': '^1.14.4',
      '@grpc/proto-loader': '^0.8.1',
      '@grpc/reflection': '^1.0.4',
      '@nats-io/jetstream': '^3.4.0',
      '@nats-io/transport-node': '^3.4.0',
      '@opentelemetry/api': '^1.10.0',
      '@opentelemetry/exporter-trace-otlp-http': '0.301.0',
      '@opentelemetry/resources': '3.1.0',
      '@opentelemetry/sdk-trace': '3.1.0',
      '@redis/client': '^6.3.1',
      avsc: '^5.7.9',
      commander: '^14.0.3',
      express: '^5.3.0',
      'google-auth-library': '^10.9.1',
      jose: '^6.2.17',
      'lru-cache': '^11.5.3',
      'onnxruntime-node': '^1.30.0',
      pino: '^10.4.0',
      'pino-pretty': '^13.2.0',
      'prom-client': '^15.1.3',
      protobufjs: '^7.5.5',
      'secure-json-parse': '^4.1.1',
      'tar-stream': '^3.1.7',
      yaml: '^2.9.1',
      yauzl: '^3.4.0',
      zod: '^4.6.7',
    },
    // Its install script downloads native code or compiles it: where neither works, everything but Kafka does.
    optionalDependencies: { '@confluentinc/kafka-javascript': '1.10.1' },
  },
});

const STRICT = {
  target: 'ES2023',
  lib: ['ES2023'],
  module: 'node20',
  moduleResolution: 'node16',
  strict: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  resolveJsonModule: true,
  esModuleInterop: true,
  skipLibCheck: true,
  forceConsistentCasingInFileNames: true,
  isolatedModules: true,
};

new JsonFile(project, 'tsconfig.json', {
  marker: false,
  newline: true,
  obj: {
    compilerOptions: {
      ...STRICT,
      rootDir: '.',
      noEmit: true,
      types: ['node', 'jest'],
      paths: { 'cdk8s-model-serving': ['./lib/index.ts'] },
    },
    include: [
      'lib/**/*.ts',
      'runtime/src/**/*.ts',
      'test/**/*.ts',
      'examples/**/*.ts',
      'bench/**/*.ts',
      'e2e/**/*.ts',
      '.projenrc.ts',
    ],
    exclude: ['node_modules', 'build', 'dist', 'packages'],
  },
});

// ---------------------------------------------------------------- tests

new JsonFile(project, 'jest.config.json', {
  marker: false,
  newline: true,
  obj: {
    roots: ['<rootDir>/test', '<rootDir>/examples'],
    testMatch: ['**/*.test.ts'],
    testEnvironment: '<rootDir>/test/support/onnx-environment.js',
    transform: {
      '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json', diagnostics: false }],
      // Published as ES modules alone, which the test runner cannot load as they are.
      '/node_modules/jose/.+\\.js$': [
        'ts-jest',
        { tsconfig: { allowJs: true, module: 'commonjs' }, diagnostics: false },
      ],
    },
    transformIgnorePatterns: ['/node_modules/(?!jose/)'],
    moduleNameMapper: { '^cdk8s-model-serving$': '<rootDir>/lib/index.ts' },
    modulePathIgnorePatterns: ['<rootDir>/build', '<rootDir>/dist', '<rootDir>/packages', '<rootDir>/runtime/build'],
    maxWorkers: 2,
    testSequencer: '<rootDir>/test/support/longest-first.js',
    testTimeout: 30000,
    reporters: ['default', '<rootDir>/test/support/summary-reporter.js'],
  },
});

// ---------------------------------------------------------------- lint

function generatedTasks() {
  return project.tasks.all.filter(({ name }) => name !== 'default');
}

function roomOverrides(source: string, rooms: string[][]) {
  return rooms.flatMap((row, index) =>
    row.map((room) => {
      const below = rooms.slice(0, index).flat();
      const others = rooms.flat().filter((other) => other !== room);
      const forbidden = others.filter((other) => !below.includes(other));
      return {
        includes: [`${source}/${room}/**`],
        linter: {
          rules: {
            style: {
              noRestrictedImports: {
                level: 'error',
                options: {
                  patterns: [
                    ...(forbidden.length > 0
                      ? [
                          {
                            group: forbidden.map((other) => `../**/${other}`),
                            message: `${source}/${room} is below this room, or beside it: see docs/architecture.md for the order of rooms.`,
                          },
                        ]
                      : []),
                    {
                      group: others.map((other) => `../**/${other}/**`),
                      message: 'Import another room by its index.ts: that is its public face.',
                    },
                    ...(source === 'lib'
                      ? [{ group: ['**/runtime/**'], message: 'The library imports nothing from the runtime.' }]
                      : [
                          {
                            group: ['**/lib/**', 'cdk8s-model-serving', 'cdk8s', 'cdk8s-plus-28', 'constructs'],
                            message: 'The runtime knows the library only through src/contract.ts.',
                          },
                        ]),
                  ],
                },
              },
            },
          },
        },
      };
    }),
  );
}

new JsonFile(project, 'biome.json', {
  marker: false,
  newline: true,
  obj: {
    vcs: { enabled: true, clientKind: 'git', useIgnoreFile: true },
    files: {
      includes: [
        '**/*.ts',
        '**/*.js',
        '**/*.json',
        '!**/*.snap',
        '!**/package-lock.json',
        '!**/predictions.json',
        '!test/fixtures',
        '!.projen',
        '!**/package.json',
        '!**/tsconfig*.json',
        '!biome.json',
        '!jest.config.json',
        '!knip.json',
        '!examples/**/*.json',
      ],
    },
    formatter: { indentStyle: 'space', indentWidth: 2, lineWidth: 120 },
    javascript: { formatter: { quoteStyle: 'single', trailingCommas: 'all', semicolons: 'always' } },
    linter: {
      enabled: true,
      domains: { project: 'recommended', types: 'recommended', test: 'recommended' },
      rules: {
        preset: 'recommended',
        correctness: {
          noUndeclaredDependencies: 'off',
          noUnusedImports: 'error',
          noUnusedVariables: 'error',
          noUnusedFunctionParameters: 'error',
          noUnresolvedImports: 'off',
        },
        suspicious: {
          noImportCycles: 'error',
          noExplicitAny: 'error',
          noSkippedTests: 'error',
          noFocusedTests: 'error',
        },
        style: { useImportType: 'error', useNodejsImportProtocol: 'error', noNonNullAssertion: 'error' },
        nursery: { noFloatingPromises: 'error' },
      },
    },
    overrides: [
      {
        includes: ['lib/**'],
        linter: {
          rules: {
            correctness: {
              noUndeclaredDependencies: {
                level: 'error',
                options: { devDependencies: false, peerDependencies: true, optionalDependencies: false },
              },
            },
          },
        },
      },
      { includes: ['biome.json'], formatter: { enabled: false } },
      { includes: ['test/**', 'examples/**', 'bench/**'], linter: { rules: { style: { noNonNullAssertion: 'off' } } } },
      ...roomOverrides('lib', LIBRARY_ROOMS),
      ...roomOverrides('runtime/src', RUNTIME_ROOMS),
    ],
  },
});

new JsonFile(project, 'knip.json', {
  marker: false,
  newline: true,
  obj: {
    // What a room exports by its index.ts is its public face: types there may have no user yet.
    exclude: ['types', 'enumMembers'],
    workspaces: {
      '.': {
        entry: [
          'test/**/*.test.ts',
          'test/support/*.js',
          'examples/**/{main,generate-*}.ts',
          'examples/**/*.test.ts',
          'bench/{batch,cases,generators,harness,lookup,models,peers,protocols,rollout,simulate,streaming,synth}/**/*.{js,ts}',
          'conformance/{run.js,make-models/index.js,runner/index.js}',
          'scripts/*.js',
          'scripts/image/assemble/index.js',
          'e2e/*.test.ts',
          'e2e/client/{kafka,main}.ts',
        ],
        project: [
          'lib/**/*.ts',
          'test/**/*.{ts,js}',
          'examples/**/*.ts',
          'bench/{batch,cases,generators,harness,lookup,models,peers,protocols,rollout,simulate,streaming,synth}/**/*.{js,ts}',
          'conformance/**/*.js',
          'scripts/**/*.js',
          'e2e/**/*.ts',
        ],
        // Called by scripts and configuration, imported by nobody; the rest is the runtime's own.
        ignoreDependencies: [
          // A part of Jest.
          '@jest/test-sequencer',
          '@aws-sdk/client-s3',
          '@azure/storage-blob',
          '@confluentinc/kafka-javascript',
          '@duckdb/node-api',
          '@grpc/grpc-js',
          '@grpc/proto-loader',
          '@nats-io/jetstream',
          '@nats-io/transport-node',
          '@opentelemetry/api',
          '@redis/client',
          '@seriousme/openapi-schema-validator',
          'jose',
          'jsii-pacmak',
          'node',
          'onnxruntime-node',
          'pino',
          'prom-client',
          'ts-node',
        ],
      },
      runtime: {
        // Roles, object stores and stages are loaded when they are needed, by require().
        entry: [
          'src/main.ts',
          'src/batch/run/run-shard.ts',
          'src/batch/store/*-driver.ts',
          'src/cli/*.ts',
          'src/config/{gateway-agent,rollout,batch,lookup,stream}-schema.ts',
          'src/config/serving-config.ts',
          'src/fetch/*-origin.ts',
          'src/model/engine-worker.ts',
          'src/online/grpc/{reflection,server}.ts',
          'src/online/stages/*-stage.ts',
          'src/rollout/comparison/binary-outputs.ts',
          'src/streaming/run/start-stream.ts',
          'src/streaming/{http,kafka,nats,redis}/index.ts',
          'src/streaming/format/*/index.ts',
          'src/tracing/index.ts',
        ],
        project: ['src/**/*.ts'],
      },
    },
  },
});

new TextFile(project, '.npmrc', {
  marker: false,
  lines: [
    '# The GPU libraries that onnxruntime-node would fetch at installation are not used on a CPU.',
    'onnxruntime-node-install=skip',
  ],
});

project.synth();
