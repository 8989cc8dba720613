import { randomFillSync } from 'node:crypto';

/** One system call fills the pool for many ids, because it costs the same for 16 bytes and for 4,096. */
const pool = Buffer.alloc(4_096);
let used = pool.length;

/** Returns `count` random bytes for an id, 256 at most. The buffer is valid until the next call. */
export function takeRandomBytes(count: number): Buffer {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}
