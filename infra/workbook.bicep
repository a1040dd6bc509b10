// The workbook: infra/workbook.json, with each of its queries from the file of its name.
param name string
param location string
param tags object
param componentName string
param cosmosId string

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

var template = loadJsonContent('workbook.json')
// What each item gets in addition.
var contents = {
  parameters: {}
  pages: {}
  runs_by_state: { query: loadTextContent('queries/runs_by_state.kql') }
  run_durations: { query: loadTextContent('queries/run_durations.kql') }
  run_queue_wait: { query: loadTextContent('queries/run_queue_wait.kql') }
  failures: { query: loadTextContent('queries/failures.kql') }
  run_timeline: { query: loadTextContent('queries/run_timeline.kql') }
  throughput: { query: loadTextContent('queries/throughput.kql') }
  throttled_share: { query: loadTextContent('queries/throttled_share.kql') }
  phases: { query: loadTextContent('queries/phases.kql') }
  activity_queue_wait: { query: loadTextContent('queries/activity_queue_wait.kql') }
  near_timeout: { query: loadTextContent('queries/near_timeout.kql') }
  rejects_by_code: { query: loadTextContent('queries/rejects_by_code.kql') }
  pending_steps: { query: loadTextContent('queries/pending_steps.kql') }
  timers: { query: loadTextContent('queries/timers.kql') }
  warnings: { query: loadTextContent('queries/warnings.kql') }
  sweep_decisions: { query: loadTextContent('queries/sweep_decisions.kql') }
  cost: { query: loadTextContent('queries/cost.kql') }
  hottest_partitions: { resourceIds: [cosmosId] }
}
var items = map(template.items, item => union(item, { content: contents[item.name] }))

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Outlast'
    category: 'workbook'
    version: '1.0'
    sourceId: component.id
    serializedData: string({
      version: template.version
      items: items
      fallbackResourceIds: [component.id]
      '$schema': template['$schema']
    })
  }
}
