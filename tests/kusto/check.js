// Parses queries with Microsoft's own parser and checks their names against the tables that standard input describes.
// Input: {"tables": {NAME: "(column: type, …)"}, "queries": {NAME: TEXT}}. Output: {NAME: [problem, …]}.
const folder = process.argv[2] + '/@kusto/language-service-next/';
require(folder + 'bridge.js');
require(folder + 'Kusto.Language.Bridge.js');
const language = Kusto.Language;
const symbols = language.Symbols;
const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const tables = Object.entries(given.tables).map(([name, columns]) => symbols.TableSymbol.From(columns).WithName(name));
const globals = language.GlobalState.Default.WithDatabase(new symbols.DatabaseSymbol.ctor('insights', tables));
const problems = {};
for (const [name, query] of Object.entries(given.queries)) {
  const found = language.KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
  problems[name] = [];
  for (let i = 0; i < found.Count; i++) {
    const one = found.getItem(i);
    problems[name].push(`${one.Code} ${one.Message} at ${one.Start}`);
  }
}
console.log(JSON.stringify(problems));
