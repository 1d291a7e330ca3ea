// Sends one unary call of gRPC. The two packages that this needs are loaded at the first call.
const { join } = require('node:path');

const PROTOS = ['open_inference.proto', 'health.proto'].map((file) => join(__dirname, '../protocol', file));
const SERVICES = ['inference.GRPCInferenceService', 'grpc.health.v1.Health'];

/** Numbers of the compressions in the options of a channel. */
const COMPRESSIONS = { identity: 0, deflate: 1, gzip: 2 };

/** A client of gRPC for the services of the pack. */
class GrpcTarget {
  /**
   * @param address `host:port`
   * @param maxBytes largest message in both directions
   */
  constructor(address, { maxBytes = 64 * 1024 * 1024 } = {}) {
    this.address = address;
    this.maxBytes = maxBytes;
    this.clients = new Map();
  }

  /**
   * Calls a method.
   *
   * @param rpc `Method` of the inference service, or `package.Service/Method`
   * @param message of the request, with bytes as Buffers; a Buffer is sent as it is
   * @param metadata texts by name
   * @param compress `gzip` or `deflate`
   * @param timeoutMillis deadline of the call
   * @returns the name of the status code, its details, and the message when the code is OK
   */
  call({ rpc, message, metadata = {}, compress = 'identity', timeoutMillis }) {
    const { grpc, methods } = loadProtos();
    const path = pathOf(rpc);
    const method = methods.get(path);
    const serialize = (value) => (Buffer.isBuffer(value) ? value : method.requestSerialize(value));
    const deserialize = (bytes) => (method === undefined ? bytes : method.responseDeserialize(bytes));
    const headers = new grpc.Metadata();
    for (const [name, value] of Object.entries(metadata)) {
      headers.set(name, value);
    }
    const options = { deadline: Date.now() + timeoutMillis };
    const client = this.client(compress);
    return new Promise((resolve) => {
      client.makeUnaryRequest(path, serialize, deserialize, message, headers, options, (error, answer) => {
        const code = error === null ? 'OK' : (grpc.status[error.code] ?? String(error.code));
        resolve({ code, details: error?.details ?? '', message: answer });
      });
    });
  }

  /** The message of a call as bytes. */
  encode(rpc, message) {
    return loadProtos().methods.get(pathOf(rpc)).requestSerialize(message);
  }

  close() {
    for (const client of this.clients.values()) {
      client.close();
    }
  }

  /** Compression is chosen for a channel, so each has its own. */
  client(compress) {
    const { grpc } = loadProtos();
    const client =
      this.clients.get(compress) ??
      new grpc.Client(this.address, grpc.credentials.createInsecure(), {
        'grpc.max_receive_message_length': this.maxBytes,
        'grpc.max_send_message_length': this.maxBytes,
        'grpc.default_compression_algorithm': COMPRESSIONS[compress],
      });
    this.clients.set(compress, client);
    return client;
  }
}

function pathOf(rpc) {
  return rpc.includes('/') ? `/${rpc}` : `/${SERVICES[0]}/${rpc}`;
}

let loaded;

function loadProtos() {
  if (loaded === undefined) {
    const { grpc, loader } = requirePackages();
    const definition = loader.loadSync(PROTOS, { keepCase: true, longs: String, enums: String, defaults: true });
    const methods = new Map(
      SERVICES.flatMap((service) => Object.values(definition[service]).map((method) => [method.path, method])),
    );
    loaded = { grpc, methods };
  }
  return loaded;
}

function requirePackages() {
  try {
    return { grpc: require('@grpc/grpc-js'), loader: require('@grpc/proto-loader') };
  } catch (cause) {
    throw new Error('The cases of gRPC need two packages: npm install @grpc/grpc-js @grpc/proto-loader', { cause });
  }
}

module.exports = { GrpcTarget };
