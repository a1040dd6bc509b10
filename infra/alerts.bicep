// Log alerts: each runs the query alert_NAME.kql and fires when it returns a row. The availability test calls the health, and has an alert of its own.
param prefix string
param location string
param tags object
param componentName string
param healthUrl string

@description('Action group that is told. Empty: the alerts are seen in the portal only.')
param actionGroupName string

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource actions 'Microsoft.Insights/actionGroups@2023-01-01' existing = if (!empty(actionGroupName)) {
  name: empty(actionGroupName) ? 'none' : actionGroupName
}

// window covers what the query looks back at.
var alerts = [
  {
    name: 'run_failed'
    title: 'Outlast: A run has failed'
    severity: 2
    frequency: 'PT5M'
    window: 'PT10M'
    query: loadTextContent('queries/alert_run_failed.kql')
  }
  {
    name: 'step_pending'
    title: 'Outlast: A step of a compensation is pending for over an hour'
    severity: 2
    frequency: 'PT15M'
    window: 'P2D'
    query: loadTextContent('queries/alert_step_pending.kql')
  }
  {
    name: 'run_without_movement'
    title: 'Outlast: A run at work does not move'
    severity: 2
    frequency: 'PT15M'
    window: 'P2D'
    query: loadTextContent('queries/alert_run_without_movement.kql')
  }
  {
    name: 'verification_differs'
    title: 'Outlast: A verification differs'
    severity: 1
    frequency: 'PT5M'
    window: 'PT10M'
    query: loadTextContent('queries/alert_verification_differs.kql')
  }
  {
    name: 'throttled_share'
    title: 'Outlast: More than 20 percent is throttled for 15 minutes'
    severity: 3
    frequency: 'PT5M'
    window: 'PT15M'
    query: loadTextContent('queries/alert_throttled_share.kql')
  }
  {
    name: 'health_red'
    title: 'Outlast: The health is red'
    severity: 1
    frequency: 'PT5M'
    window: 'PT10M'
    query: loadTextContent('queries/alert_health_red.kql')
  }
  {
    name: 'sweep_not_seen'
    title: 'Outlast: The sweep has not succeeded for 10 minutes'
    severity: 1
    frequency: 'PT5M'
    window: 'PT10M'
    query: loadTextContent('queries/alert_sweep_not_seen.kql')
  }
  {
    name: 'timer_fails'
    title: 'Outlast: A timer function fails again and again'
    severity: 2
    frequency: 'PT15M'
    window: 'PT3H'
    query: loadTextContent('queries/alert_timer_fails.kql')
  }
]

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in alerts: {
    name: '${prefix}-${alert.name}'
    location: location
    tags: tags
    properties: {
      displayName: alert.title
      severity: alert.severity
      enabled: true
      scopes: [component.id]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: empty(actionGroupName) ? [] : [actions.id] }
    }
  }
]

resource health 'Microsoft.Insights/webtests@2022-06-15' = {
  name: '${prefix}-health'
  location: location
  tags: union(tags, { 'hidden-link:${component.id}': 'Resource' })
  kind: 'standard'
  properties: {
    Name: 'Outlast: health'
    SyntheticMonitorId: '${prefix}-health'
    Kind: 'standard'
    Enabled: true
    Frequency: 300
    Timeout: 30
    RetryEnabled: true
    Locations: [{ Id: 'emea-nl-ams-azr' }, { Id: 'us-va-ash-azr' }]
    Request: { RequestUrl: healthUrl, HttpVerb: 'GET' }
    ValidationRules: { ExpectedHttpStatusCode: 200 }
  }
}

// The query of health_red sees a health that answers 503; this sees one that does not answer.
resource unreachable 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${prefix}-health_unreachable'
  location: 'global'
  tags: tags
  properties: {
    description: 'Outlast: The health was not reached from two places'
    severity: 1
    enabled: true
    scopes: [health.id, component.id]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: health.id
      componentId: component.id
      failedLocationCount: 2
    }
    actions: empty(actionGroupName) ? [] : [{ actionGroupId: actions.id }]
  }
}
