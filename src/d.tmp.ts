import { readFileSync } from 'node:fs';
import { memorySource } from './engine/model/bytes';
import { readModel } from './engine/model/model';
for (const f of process.argv.slice(2)) {
const m = await readModel(memorySource(new Uint8Array(readFileSync(f)), f));
console.log('#', f);
for (const t of m.graph.initializer) console.log('  init', t.name, t.dims.map(Number).join('x'), t.dataType);
for (const n of m.graph.node) console.log('  ', n.domain, n.opType, n.name, n.input.join(','), '->', n.output.join(','));
}
