// The Cosmos DB account. database.bicep makes what is in it.
param name string
param location string
param tags object

@allowed(['serverless', 'autoscale', 'manual'])
param mode string

@description('False: the account answers private endpoints only.')
param public bool

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
    publicNetworkAccess: public ? 'Enabled' : 'Disabled'
    capabilities: mode == 'serverless' ? [{ name: 'EnableServerless' }] : []
  }
}
