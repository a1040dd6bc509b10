// What the official JavaScript client does with the emulator. Prints one line of JSON with what it saw.
// Started by test_javascript_client.py with the address and the key.
const { ChangeFeedStartFrom, CosmosClient } = require("@azure/cosmos");

async function all(container, query, options) {
  return (await container.items.query(query, options).fetchAll()).resources;
}

async function points(container) {
  await container.items.create({ id: "1", pk: "a", v: 1 });
  await container.items.upsert({ id: "1", pk: "a", v: 2 });
  const item = container.item("1", "a");
  const read = await item.read();
  const condition = { accessCondition: { type: "IfMatch", condition: read.etag } };
  await item.replace({ id: "1", pk: "a", v: 3 }, condition);
  const stale = await item.replace({ id: "1", pk: "a", v: 4 }, condition).catch((error) => error.code);
  const patched = await item.patch([{ op: "incr", path: "/v", value: 10 }]);
  await item.delete();
  const gone = await item.read();
  return { read: read.resource.v, stale, patched: patched.resource.v, gone: gone.statusCode };
}

async function batches(container) {
  const done = await container.items.batch(
    [
      { operationType: "Create", resourceBody: { id: "2", pk: "a" } },
      { operationType: "Upsert", resourceBody: { id: "3", pk: "a" } },
      { operationType: "Read", id: "3" },
      { operationType: "Delete", id: "3" },
    ],
    "a",
  );
  const undone = await container.items.batch(
    [
      { operationType: "Create", resourceBody: { id: "4", pk: "a" } },
      { operationType: "Create", resourceBody: { id: "2", pk: "a" } },
    ],
    "a",
  );
  return { done: done.result.map((r) => r.statusCode), undone: undone.result.map((r) => r.statusCode) };
}

async function bulk(container) {
  const operations = [];
  for (let i = 0; i < 250; i++) {
    operations.push({
      operationType: "Upsert",
      partitionKey: `k${i % 50}`,
      resourceBody: { id: `b${i}`, pk: `k${i % 50}`, n: i, even: i % 2 === 0 },
    });
  }
  const results = await container.items.executeBulkOperations(operations);
  const codes = {};
  for (const { response, error } of results) {
    const code = response ? response.statusCode : error.code;
    codes[code] = (codes[code] || 0) + 1;
  }
  return codes;
}

async function kinds(container) {
  const key = { partitionKey: "kinds" };
  const results = await container.items.executeBulkOperations([
    { operationType: "Create", ...key, resourceBody: { id: "1", pk: "kinds", v: 1 } },
    { operationType: "Create", ...key, resourceBody: { id: "1", pk: "kinds" } },
    { operationType: "Patch", ...key, id: "1", resourceBody: { operations: [{ op: "incr", path: "/v", value: 2 }] } },
    { operationType: "Read", ...key, id: "1" },
    { operationType: "Replace", ...key, id: "none", resourceBody: { id: "none", pk: "kinds" } },
    { operationType: "Delete", ...key, id: "1" },
    { operationType: "Create", partitionKey: null, resourceBody: { id: "1", pk: null } },
    { operationType: "Create", partitionKey: 1.5, resourceBody: { id: "1", pk: 1.5 } },
    { operationType: "Create", partitionKey: true, resourceBody: { id: "1", pk: true } },
  ]);
  const read = results[3].response.resourceBody;
  return { codes: results.map(({ response, error }) => (response ? response.statusCode : error.code)), read: read.v };
}

async function queries(container) {
  await container.items.create({ id: "k", pk: null, value: 2, "first name": "x" });
  const pages = [];
  const iterator = container.items.query("SELECT VALUE c.n FROM c WHERE c.even", { maxItemCount: 20 });
  while (iterator.hasMoreResults()) {
    const { resources } = await iterator.fetchNext();
    if (resources) pages.push(resources);
  }
  const top = {
    query: "SELECT TOP 3 VALUE c.n FROM c WHERE c.n < @most ORDER BY c.n DESC",
    parameters: [{ name: "@most", value: 100 }],
  };
  return {
    paged: pages.flat().length,
    largest: Math.max(...pages.map((page) => page.length)),
    ordered: await all(container, "SELECT c.n FROM c WHERE c.n < 4 ORDER BY c.n ASC"),
    top: await all(container, top),
    limited: await all(container, "SELECT VALUE c.n FROM c WHERE IS_DEFINED(c.n) ORDER BY c.n OFFSET 10 LIMIT 3"),
    onePartition: await all(container, "SELECT VALUE c.n FROM c ORDER BY c.n", { partitionKey: "k1" }),
    count: await all(container, "SELECT VALUE COUNT(1) FROM c WHERE IS_DEFINED(c.n)"),
    sum: await all(container, "SELECT VALUE SUM(c.n) FROM c"),
    min: await all(container, "SELECT VALUE MIN(c.n) FROM c"),
    max: await all(container, "SELECT VALUE MAX(c.n) FROM c"),
    avg: await all(container, "SELECT VALUE AVG(c.n) FROM c"),
    named: await all(container, "SELECT COUNT(1) AS rows, MAX(c.n) AS largest FROM c WHERE IS_DEFINED(c.n)"),
    constant: await all(container, "SELECT VALUE 1"),
    keywords: await all(container, "SELECT c.value, c['first name'] FROM c WHERE c.id = 'k' OFFSET 0 LIMIT 9"),
    groups: await all(
      container,
      "SELECT c.even, COUNT(1) AS n, AVG(c.n) AS mean, MAX(c.n) AS most FROM c WHERE IS_DEFINED(c.n) GROUP BY c.even",
    ),
    groupedValue: await all(container, "SELECT VALUE COUNT(1) FROM c WHERE IS_DEFINED(c.n) GROUP BY c.even"),
    joined: (await all(container, "SELECT VALUE t FROM c JOIN t IN (SELECT VALUE [c.n, 'x']) WHERE c.n < 3 ORDER BY c.n")).length,
    exists: await all(container, "SELECT VALUE c.n FROM c WHERE EXISTS(SELECT VALUE x FROM x IN (SELECT VALUE [c.n]) WHERE x = 7)"),
    distinct: (await all(container, "SELECT DISTINCT VALUE c.pk FROM c WHERE IS_DEFINED(c.n)")).length,
  };
}

async function changes(container) {
  const seen = [];
  const options = { changeFeedStartFrom: ChangeFeedStartFrom.Beginning(), maxItemCount: 40 };
  for await (const page of container.items.getChangeFeedIterator(options).getAsyncIterator()) {
    if (page.statusCode === 304) break;
    seen.push(...page.result.map((item) => item._rid));
  }
  const start = ChangeFeedStartFrom.Now();
  const later = container.items.getChangeFeedIterator({ changeFeedStartFrom: start });
  let page = await later.readNext();
  for (let at = 0; at < 8 && page.statusCode !== 304; at++) page = await later.readNext();
  await container.items.create({ id: "new", pk: "k1" });
  const found = [];
  for (let at = 0; at < 8; at++) found.push(...((await later.readNext()).result || []).map((item) => item.id));
  return { all: new Set(seen).size, repeated: seen.length - new Set(seen).size, later: found };
}

async function throughput(client) {
  const { database } = await client.databases.create({ id: "javascript-shared", maxThroughput: 4000 });
  const { container } = await database.containers.create({ id: "c", partitionKey: "/pk", defaultTtl: 60 });
  const shared = (await database.readOffer()).resource.content.offerAutopilotSettings.maxThroughput;
  const own = (await container.readOffer()).resource === undefined;
  const ttl = (await container.read()).resource.defaultTtl;
  await database.delete();
  return { shared, own, ttl };
}

async function main([endpoint, key]) {
  const client = new CosmosClient({ endpoint, key, connectionPolicy: { enableBackgroundEndpointRefreshing: false } });
  const { database } = await client.databases.createIfNotExists({ id: "javascript" });
  const { container } = await database.containers.create({
    id: "c",
    partitionKey: { paths: ["/pk"], kind: "Hash", version: 2 },
    throughput: 40000,
  });
  const seen = {
    points: await points(container),
    batches: await batches(container),
    bulk: await bulk(container),
    kinds: await kinds(container),
    queries: await queries(container),
    changes: await changes(container),
    throughput: await throughput(client),
    offer: (await container.readOffer()).resource.content.offerThroughput,
  };
  await database.delete();
  console.log(JSON.stringify(seen));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
