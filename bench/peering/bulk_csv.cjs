// executeBulkOperations of @azure/cosmos with the rows of a CSV file, as its README writes it.
// node bulk_csv.cjs URL KEY DATABASE CONTAINER FILE prints seconds, CPU seconds and the most memory as JSON.
const fs = require("node:fs");
const { CosmosClient } = require("@azure/cosmos");

async function main([endpoint, key, database, container, file]) {
  const client = new CosmosClient({ endpoint, key });
  const begun = performance.now(), cpu = process.cpuUsage();
  const [header, ...lines] = fs.readFileSync(file, "utf8").trimEnd().split("\n");
  const names = header.split(",");
  const operations = lines.map((line) => {
    const row = Object.fromEntries(line.split(",").map((value, at) => [names[at], value]));
    const resourceBody = { ...row, id: `o${row.number}`, number: Number(row.number), amount: Number(row.amount) };
    return { operationType: "Upsert", partitionKey: row.shop, resourceBody };
  });
  const results = await client.database(database).container(container).items.executeBulkOperations(operations);
  for (const { error } of results) if (error) process.stderr.write(`a row was not stored: ${error.code}\n`);
  const used = process.cpuUsage(cpu);
  const report = {
    seconds: (performance.now() - begun) / 1000,
    cpu_seconds: (used.user + used.system) / 1e6,
    peak_mb: process.resourceUsage().maxRSS / 1024,
  };
  process.stdout.write(JSON.stringify(report));
}

main(process.argv.slice(2));
