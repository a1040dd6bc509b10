// executeBulkOperations of @azure/cosmos for some seconds: rows, seconds and CPU seconds as JSON.
import { CosmosClient } from "@azure/cosmos";

const [endpoint, key, seconds] = process.argv.slice(2);
const client = new CosmosClient({ endpoint, key });
const container = client.database("d").container("c");
const text = "x".repeat(960);
let rows = 0;
const operations = () => Array.from({ length: 20000 }, () => {
  rows += 1;
  return { operationType: "Upsert", partitionKey: `k${rows}`, resourceBody: { id: `p-${rows}`, pk: `k${rows}`, text } };
});
await container.items.executeBulkOperations(operations());
rows = 0;
const cpu = process.cpuUsage();
const begun = performance.now();
while (performance.now() - begun < seconds * 1000) await container.items.executeBulkOperations(operations());
const used = process.cpuUsage(cpu);
const report = { rows, seconds: (performance.now() - begun) / 1000, cpu: (used.user + used.system) / 1e6 };
process.stdout.write(JSON.stringify(report));
