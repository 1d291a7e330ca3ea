import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapPathOf, localArguments } from '../../../runtime/src/local/proxy/arguments';
import { type BootstrapSandbox, inSandbox, parseBootstrap, portsOf } from '../../../runtime/src/local/proxy/bootstrap';
import { findEnvoy } from '../../../runtime/src/local/proxy/executable';
import { temporaryDirectory } from '../../support/temporary';
import { bootstrap, cluster } from './proxy-run';

const directory = temporaryDirectory();

describe('arguments of Envoy', () => {
  it.each([
    [['-c', '/a.json'], '/a.json'],
    [['--log-level', 'info', '--config-path', '/b.json'], '/b.json'],
    [['--config-path=/c.json'], '/c.json'],
    [['--log-level', 'info'], undefined],
  ])('name the bootstrap: %j', (args, path) => {
    expect(bootstrapPathOf(args)).toBe(path);
  });

  it('become those of one proxy among several', () => {
    const args = [
      '-c',
      '/a.json',
      '--base-id',
      '3',
      '--concurrency=8',
      '--disable-hot-restart',
      '--log-level',
      'info',
      '--x',
    ];
    expect(localArguments(args, '/new.json')).toEqual([
      '--log-level',
      'info',
      '--x',
      '-c',
      '/new.json',
      '--disable-hot-restart',
      '--concurrency',
      '1',
    ]);
  });
});

describe('a bootstrap', () => {
  const sandbox: BootstrapSandbox = {
    root: '/root-of-container',
    host: '127.0.0.1',
    endpoints: '/root-of-container/endpoints',
    port: (port) => port + 10_000,
    isPods: (host) => host.endsWith('.svc'),
    server: (address) => (address === 'redis:6379' ? '127.0.0.1:1234' : address),
  };

  it('is JSON or YAML', () => {
    expect(portsOf(parseBootstrap('admin: {address: {socket_address: {port_value: 9}}}'))).toEqual([9]);
    expect(() => parseBootstrap('[]')).toThrow(/no object/);
  });

  it('listens on free ports of this machine', () => {
    const moved = inSandbox(bootstrap([]), sandbox).bootstrap;
    expect(portsOf(bootstrap([]))).toEqual([9901, 8080, 8082]);
    expect(portsOf(moved)).toEqual([19901, 18080, 18082]);
    expect(JSON.stringify(moved)).not.toMatch(/"::"|ipv4_compat|"port_value":(8080|8082|9901)/);
  });

  it('has the paths of files below the root, and leaves devices and paths of HTTP alone', () => {
    const files = {
      certificate: { filename: '/etc/tls/tls.crt' },
      log: { '@type': 'x/envoy.extensions.access_loggers.file.v3.FileAccessLog', path: '/dev/stdout' },
    };
    const moved = JSON.stringify(inSandbox({ ...bootstrap([]), files }, sandbox).bootstrap);
    expect(moved).toContain('"path":"/root-of-container/routes/routes.json"');
    expect(moved).toContain('"watched_directory":{"path":"/root-of-container/routes"}');
    expect(moved).toContain('"filename":"/root-of-container/etc/tls/tls.crt"');
    expect(moved).toContain('"path":"/dev/stdout"');
    expect(moved).toContain('"match":{"path":"/stats/prometheus"}');
  });

  it('has files with the addresses of pods, servers in place of others, and leaves other hosts to DNS', () => {
    const clusters = [
      cluster('pods', 'iris-pods.ml.svc', 8080, { dns_refresh_rate: '5s', lb_policy: 'LEAST_REQUEST' }),
      cluster('redis', 'redis', 6379),
      cluster('issuer', 'login.example.com', 443),
    ];
    const { bootstrap: moved, hosts } = inSandbox(bootstrap(clusters), sandbox);
    expect(hosts).toEqual([
      { cluster: 'pods', file: '/root-of-container/endpoints/0.json', assignment: clusters[0]?.load_assignment },
    ]);
    const [pods, redis, issuer] = (moved.static_resources as { clusters: Record<string, unknown>[] }).clusters;
    expect(pods).toMatchObject({
      type: 'EDS',
      lb_policy: 'LEAST_REQUEST',
      eds_cluster_config: { eds_config: { path_config_source: { path: '/root-of-container/endpoints/0.json' } } },
    });
    expect(Object.keys(pods ?? {}).filter((key) => /dns|load_assignment/.test(key))).toEqual([]);
    expect(JSON.stringify(redis)).toContain('{"address":"127.0.0.1","port_value":1234}');
    expect(issuer).toEqual(clusters[2]);
  });
});

describe('the Envoy of this machine', () => {
  const program = (folder: string, script: string) => {
    mkdirSync(join(directory, folder));
    const file = join(directory, folder, 'envoy');
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  };

  it('is the one that ENVOY names, else the first on the PATH that runs', () => {
    const good = program('good', 'echo "envoy  version: 9e55809/1.40.0/Clean/RELEASE/BoringSSL"');
    const broken = program('broken', 'exit 1');
    const found = { file: good, version: '1.40.0' };
    expect(findEnvoy({ ENVOY: good })).toEqual(found);
    expect(
      findEnvoy({ PATH: [join(directory, 'none'), join(directory, 'broken'), join(directory, 'good')].join(':') }),
    ).toEqual(found);
    expect(findEnvoy({ PATH: join(directory, 'broken') })).toBeUndefined();
    expect(findEnvoy({})).toBeUndefined();
    expect(() => findEnvoy({ ENVOY: broken, PATH: join(directory, 'good') })).toThrow(/ENVOY names .*broken\/envoy/);
  });
});
