/*
 * ONNX Runtime itself in a process without a server: the most that a model allows.
 *
 *   node run.js MODEL FEATURES SECONDS ROWS[,ROWS]…
 *
 * Prints rows a second and processor time of a row in microseconds, for the number of rows a run that is
 * best. One run at a time, one thread.
 */
const ort = require('onnxruntime-node');

const [, , model, features, seconds, sizes] = process.argv;
const BATCH_SIZES = sizes.split(',').map(Number);

async function main() {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const results = [];
  for (const rows of BATCH_SIZES) {
    const data = Float32Array.from({ length: rows * Number(features) }, (_, index) => Math.sin(index));
    const inputs = { [session.inputNames[0]]: new ort.Tensor('float32', data, [rows, Number(features)]) };
    await session.run(inputs);
    const cpu = process.cpuUsage();
    const start = performance.now();
    let runs = 0;
    let elapsed = 0;
    while (elapsed < (1000 * Number(seconds)) / BATCH_SIZES.length) {
      await session.run(inputs);
      runs += 1;
      elapsed = performance.now() - start;
    }
    const { user, system } = process.cpuUsage(cpu);
    results.push({ rate: (1000 * runs * rows) / elapsed, micros: (user + system) / (runs * rows) });
  }
  console.log(JSON.stringify(results.toSorted((a, b) => b.rate - a.rate)[0]));
}

void main();
