// The Cosmos DB account, the database, and the containers that containers.json lists.
param name string
param location string
param tags object
param database string

@allowed(['serverless', 'autoscale', 'manual'])
param mode string

@description('Request units a second of each container: the maximum with autoscale, the whole with manual.')
param throughput int

// A container: name, partitionKeys, and if wanted defaultTtl and indexingPolicy. Cosmos DB indexes all paths by default.
var containers = loadJsonContent('containers.json')
var capacity = {
  serverless: {}
  autoscale: { autoscaleSettings: { maxThroughput: throughput } }
  manual: { throughput: throughput }
}

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' = {
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0 }]
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    capabilities: mode == 'serverless' ? [{ name: 'EnableServerless' }] : []
  }
}

resource sqlDatabase 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2024-11-15' = {
  parent: account
  name: database
  properties: { resource: { id: database } }
}

// The writer computes hashes of version 2. More than one partition key makes a hierarchical key, which has the kind MultiHash.
resource sqlContainers 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2024-11-15' = [
  for container in containers: {
    parent: sqlDatabase
    name: container.name
    tags: tags
    properties: {
      resource: union(
        {
          id: container.name
          partitionKey: {
            paths: container.partitionKeys
            kind: length(container.partitionKeys) > 1 ? 'MultiHash' : 'Hash'
            version: 2
          }
        },
        contains(container, 'defaultTtl') ? { defaultTtl: container.?defaultTtl } : {},
        contains(container, 'indexingPolicy') ? { indexingPolicy: container.?indexingPolicy } : {}
      )
      options: capacity[mode]
    }
  }
]

output endpoint string = account.properties.documentEndpoint
