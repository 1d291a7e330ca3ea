import { freeMemory } from '../../runtime/src/online/http/free-memory';

const LARGE = 64 * 1024;

describe('memory of buffers that nobody looks at any more', () => {
  it('is freed at once when it is large', () => {
    const buffer = Buffer.from(new ArrayBuffer(LARGE));
    freeMemory([buffer]);
    expect(buffer.length).toBe(0);
  });

  it('is kept when others may use it too', () => {
    const memory = new ArrayBuffer(2 * LARGE);
    const [first, second] = [Buffer.from(memory, 0, LARGE).fill(1), Buffer.from(memory, LARGE, LARGE).fill(2)];
    freeMemory([first]);
    expect([first.length, second[0]]).toEqual([LARGE, 2]);
  });

  it('is left alone when it is small', () => {
    const buffer = Buffer.from(new ArrayBuffer(1024));
    freeMemory([buffer]);
    expect(buffer.length).toBe(1024);
  });
});
