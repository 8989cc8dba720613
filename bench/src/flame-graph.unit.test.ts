import { expect, test } from '@jest/globals';
import { type CpuProfile, flameGraph, foldProfile } from './flame-graph.js';

const call = (functionName: string, url = '') => ({ functionName, url, lineNumber: 6 });

/** main calls publish twice, by way of two nodes, as V8 writes it when a function was compiled anew. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: call('(root)'), children: [2, 3, 6] },
    { id: 2, callFrame: call('(idle)') },
    { id: 3, callFrame: call('main', 'file:///suite/command-service/dist/main.js'), children: [4, 5] },
    { id: 4, callFrame: call('publish', 'file:///suite/node_modules/amqplib/lib/channel.js') },
    { id: 5, callFrame: call('publish', 'file:///suite/node_modules/amqplib/lib/channel.js') },
    { id: 6, callFrame: call('(garbage collector)') },
  ],
  startTime: 1_000,
  samples: [3, 2, 4, 5, 6],
  timeDeltas: [100, 5_000, 200, 300, 400],
};

test('a frame has the time of its function and of all that it calls, and waiting is no time', () => {
  const all = foldProfile(profile);
  expect(all.us).toBe(1_000);
  const [main, collector] = [...all.calls.values()];
  expect(main).toMatchObject({ name: 'main', place: 'command-service/main.js:7', us: 600 });
  expect([...(main?.calls.values() ?? [])]).toMatchObject([
    { name: 'publish', place: 'node_modules/amqplib/lib/channel.js:7', us: 500 },
  ]);
  expect(collector).toMatchObject({ name: '(garbage collector)', us: 400 });
});

test('what was before the given moment is left out', () => {
  expect(foldProfile(profile, 1_000 + 100 + 5_000 + 200 + 300).us).toBe(700);
});

test('a drawing says names, places and shares, and is well-formed whatever a function is called', () => {
  const all = foldProfile({
    ...profile,
    nodes: profile.nodes.map((node) => (node.id === 3 ? { ...node, callFrame: call('a<b>&c') } : node)),
  });
  const svg = flameGraph('orders & all', all);
  expect(svg).toContain('orders &amp; all');
  expect(svg).toContain('a&lt;b&gt;&amp;c, 60.0 %');
  expect(svg).toContain('publish node_modules/amqplib/lib/channel.js:7, 50.0 %');
  expect(svg).not.toMatch(/&(?!amp;|lt;|gt;)/);
});
