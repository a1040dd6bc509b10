// The database in an account, the containers that containers.json lists, and who may read and write documents.
param accountName string
param tags object
param database string

@description('How the request units of the account are bought, also of one that is there already.')
@allowed(['serverless', 'autoscale', 'manual'])
param mode string

@description('Request units a second of each container: the maximum with autoscale, the whole with manual.')
param throughput int
param identityName string

@description('Resource group of the identity. An account that is there already can be in another one.')
param identityGroup string

@description('Object id of the person who deploys; empty: nobody but the app gets a role.')
param deployerId string

// A container: name, partitionKeys, and if wanted defaultTtl and indexingPolicy. Cosmos DB indexes all paths by default.
var containers = loadJsonContent('containers.json')
var capacity = {
  serverless: {}
  autoscale: { autoscaleSettings: { maxThroughput: throughput } }
  manual: { throughput: throughput }
}
var dataContributor = '00000000-0000-0000-0000-000000000002'

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' existing = {
  name: accountName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  scope: resourceGroup(identityGroup)
  name: identityName
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

// Roles of Cosmos DB are no roles of Azure RBAC. This waits: an account takes one change at a time.
resource ofIdentity 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15' = {
  parent: account
  name: guid(account.id, identity.id, dataContributor)
  dependsOn: [sqlContainers]
  properties: {
    principalId: identity.properties.principalId
    roleDefinitionId: '${account.id}/sqlRoleDefinitions/${dataContributor}'
    scope: account.id
  }
}

// To read documents, and to fill the containers that reports read.
resource ofDeployer 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15' = if (!empty(deployerId)) {
  parent: account
  name: guid(account.id, deployerId, dataContributor)
  dependsOn: [ofIdentity]
  properties: {
    principalId: deployerId
    roleDefinitionId: '${account.id}/sqlRoleDefinitions/${dataContributor}'
    scope: account.id
  }
}

output endpoint string = account.properties.documentEndpoint
