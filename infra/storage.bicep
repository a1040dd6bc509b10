// The storage account: the host's own files, the task hub, the app's package, the staged files and the inputs.
param name string
param location string
param tags object

@description('False: the account answers private endpoints only.')
param public bool

@description('Days after which a file that the app would remove is deleted if nothing has written to it.')
param stagedDays int

var packages = 'packages'
var staging = 'staging'
var inputs = 'inputs'
var stagingFolder = '${staging}/outlast'

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: public ? 'Enabled' : 'Disabled'
    networkAcls: { bypass: 'None', defaultAction: public ? 'Allow' : 'Deny' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    // The app's page sends files here from a browser. Any origin may ask: without the signature that the app gives for
    // one blob nothing is taken, and no browser adds one by itself.
    cors: {
      corsRules: [
        {
          allowedOrigins: ['*']
          allowedMethods: ['PUT']
          allowedHeaders: ['content-type', 'x-ms-blob-type']
          exposedHeaders: ['x-ms-error-code']
          maxAgeInSeconds: 3600
        }
      ]
    }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = [
  for container in [packages, staging, inputs]: {
    parent: blobs
    name: container
  }
]

// A second line behind the app's own removal. The prefixes are the folders of outlast/staging/paths.py, uploads.py and
// incoming_paths.py. Files beside them stay: manifests, the callers' own inputs, and what was refused, which has no other copy.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = {
  parent: account
  name: 'default'
  dependsOn: [containers]
  properties: {
    policy: {
      rules: [
        {
          name: 'delete-what-runs-leave'
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: [
                '${stagingFolder}/runs/'
                '${stagingFolder}/starting/'
                '${inputs}/uploads/'
                '${inputs}/accepted/'
              ]
            }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: stagedDays } } }
          }
        }
      ]
    }
  }
}

output packagesContainer string = packages
output stagingPath string = stagingFolder
output inputsContainer string = inputs
output blobEndpoint string = account.properties.primaryEndpoints.blob
