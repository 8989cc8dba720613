import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { NotConnected } from '../postgres/errors.js';
import { createGroupCommit, Overloaded } from './group-commit.js';

function databaseError(code: string): Error {
  const error = new pg.DatabaseError('refused', 1, 'error');
  error.code = code;
  return error;
}

/** Each call of `open` lets one commit finish, either the current one or the next. */
function gated() {
  const groups: number[][] = [];
  const passes = new EventEmitter();
  let open = 0;
  return {
    groups,
    open: () => {
      open += 1;
      passes.emit('open');
    },
    commit: async (items: readonly number[]) => {
      groups.push([...items]);
      while (open === 0) await once(passes, 'open');
      open -= 1;
      return items.map((item) => item * 10);
    },
  };
}

describe('group commit', () => {
  test('commits a lone item at once, and items that arrive meanwhile as one group', async () => {
    const { groups, open, commit } = gated();
    const group = createGroupCommit({ maxGroupSize: 10, maxWaiting: 100, commit });
    const first = group.submit(1);
    const others = [group.submit(2), group.submit(3)];
    expect(groups).toEqual([[1]]);
    open();
    expect(await first).toBe(10);
    open();
    expect(await Promise.all(others)).toEqual([20, 30]);
    expect(groups).toEqual([[1], [2, 3]]);
  });

  test('repeats a refused group one by one, so that an error fails only its own item', async () => {
    const commit = async (items: readonly number[]) => {
      if (items.includes(2)) throw databaseError('23514');
      return [...items];
    };
    const group = createGroupCommit({ maxGroupSize: 10, maxWaiting: 100, commit });
    const results = await Promise.allSettled([0, 1, 2, 3].map((item) => group.submit(item)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });

  test('does not repeat a group whose outcome is unknown', async () => {
    const groups: number[][] = [];
    const commit = async (items: readonly number[]) => {
      groups.push([...items]);
      if (items.includes(2)) throw databaseError('57P01');
      return [...items];
    };
    const group = createGroupCommit({ maxGroupSize: 10, maxWaiting: 100, commit });
    const results = await Promise.allSettled([1, 2, 3].map((item) => group.submit(item)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(groups).toEqual([[1], [2, 3]]);
  });

  test('rejects all waiting items when no connection can be opened', async () => {
    let commits = 0;
    const commit = async () => {
      commits += 1;
      throw new NotConnected('place orders', new Error('connect ECONNREFUSED'));
    };
    const group = createGroupCommit<number, number>({ maxGroupSize: 1, maxWaiting: 100, commit });
    const results = await Promise.allSettled([1, 2, 3].map((item) => group.submit(item)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(commits).toBe(1);
  });

  test('commits the item when a deadlock ends after two attempts', async () => {
    let commits = 0;
    const commit = async (items: readonly number[]) => {
      commits += 1;
      if (commits < 3) throw databaseError('40P01');
      return [...items];
    };
    const group = createGroupCommit({ maxGroupSize: 10, maxWaiting: 100, commit });
    expect(await group.submit(7)).toBe(7);
  });

  test('rejects the item with the deadlock error when five retries fail', async () => {
    let commits = 0;
    const commit = async () => {
      commits += 1;
      throw databaseError('40P01');
    };
    const group = createGroupCommit<number, number>({ maxGroupSize: 10, maxWaiting: 100, commit });
    await expect(group.submit(7)).rejects.toMatchObject({ code: '40P01' });
    expect(commits).toBe(6);
  });

  test('rejects an item when too many are waiting', async () => {
    const { open, commit } = gated();
    const group = createGroupCommit({ maxGroupSize: 1, maxWaiting: 1, commit });
    const accepted = [group.submit(1), group.submit(2)];
    await expect(group.submit(3)).rejects.toThrow(Overloaded);
    open();
    await accepted[0];
    open();
    expect(await Promise.all(accepted)).toEqual([10, 20]);
  });
});
