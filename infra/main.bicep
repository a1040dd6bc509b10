// Outlast on Azure: one resource group with all that the app needs. docs/deploy.md explains the parameters.
targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the environment, such as test or production. The resource group is named after it.')
param environmentName string

@minLength(1)
@metadata({ azd: { type: 'location' } })
@description('Region of all resources.')
param location string

@description('Tags of all resources, besides those that azd needs.')
param tags object = {}

@description('Object id of who deploys, who gets roles for inputs, staged files and documents. Empty: nobody gets a role.')
param principalId string = ''

@allowed(['User', 'Group', 'ServicePrincipal'])
@description('Kind of principalId.')
param principalType string = 'User'

@allowed(['serverless', 'autoscale', 'manual'])
@description('How the request units of the database are bought.')
param cosmosMode string = 'serverless'

@minValue(400)
@description('Request units a second of each container: the maximum with autoscale, the whole with manual.')
param cosmosThroughput int = 1000

@description('Name of the database.')
param cosmosDatabase string = 'outlast'

@allowed(['3.11', '3.12', '3.13'])
@description('Version of Python.')
param pythonVersion string = '3.12'

@allowed([2048, 4096])
@description('Memory of an instance in MB.')
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
@description('Most instances of each scale group.')
param maximumInstances int = 40

@minValue(0)
@description('Instances that always run for orchestrators and activities.')
param alwaysReadyInstances int = 1

@minValue(7)
@description('Days after which a staged file is deleted.')
param stagedDays int = 30

@minValue(30)
@maxValue(730)
@description('Days for which logs are kept.')
param logDays int = 30

@minValue(-1)
@description('Most GB of logs a day; -1 is without a limit.')
param logDailyGb int = 5

@description('True: Application Insights takes telemetry from identities only.')
param insightsDisableLocalAuth bool = false

@secure()
@description('API key of SendGrid. Empty: the app sends no email, and no vault is made.')
param sendgridApiKey string = ''

@description('Sender of the emails.')
param mailFrom string = ''

@description('Recipients of the emails, separated by commas.')
param mailTo string = ''

@minValue(1)
@description('The setting MAX_RUNS.')
param maxRuns int = 8

@minValue(1)
@maxValue(32)
@description('The setting MAX_PARALLEL.')
param maxParallel int = 8

@description('The setting MAX_STAGED_BYTES. It is a text, because some tools cut a number beyond 32 bits.')
param maxStagedBytes string = '107374182400'

// Names are computed here and passed on. Names from outputs of modules would hide most of the deployment from a what-if.
var token = uniqueString(subscription().id, environmentName, location)
var names = {
  identity: 'id-${token}'
  storage: 'st${token}'
  cosmos: 'cosmos-${token}'
  workspace: 'log-${token}'
  component: 'appi-${token}'
  vault: empty(sendgridApiKey) ? '' : 'kv-${token}'
  key: 'sendgrid-api-key'
  plan: 'plan-${token}'
  site: 'func-${token}'
}
var allTags = union(tags, { 'azd-env-name': environmentName })

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: allTags
}

module identity 'identity.bicep' = {
  scope: group
  params: { name: names.identity, location: location, tags: allTags }
}

module storage 'storage.bicep' = {
  scope: group
  params: { name: names.storage, location: location, tags: allTags, stagedDays: stagedDays }
}

module cosmos 'cosmos.bicep' = {
  scope: group
  params: {
    name: names.cosmos
    location: location
    tags: allTags
    database: cosmosDatabase
    mode: cosmosMode
    throughput: cosmosThroughput
  }
}

module monitoring 'monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    componentName: names.component
    location: location
    tags: allTags
    retentionDays: logDays
    dailyQuotaGb: logDailyGb
    disableLocalAuth: insightsDisableLocalAuth
  }
}

module vault 'vault.bicep' = if (!empty(sendgridApiKey)) {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: allTags
    keyName: names.key
    sendgridApiKey: sendgridApiKey
  }
}

module roles 'roles.bicep' = {
  scope: group
  dependsOn: [identity, storage, cosmos, monitoring, vault]
  params: {
    identityName: names.identity
    deployerId: principalId
    deployerType: principalType
    storageName: names.storage
    cosmosName: names.cosmos
    componentName: names.component
    vaultName: names.vault
  }
}

// The roles come first: an app that starts without them finds neither its package nor its task hub.
module site 'site.bicep' = {
  scope: group
  dependsOn: [roles]
  params: {
    planName: names.plan
    siteName: names.site
    location: location
    tags: allTags
    identityName: names.identity
    storageName: names.storage
    packagesContainer: storage.outputs.packagesContainer
    stagingPath: storage.outputs.stagingPath
    inputsContainer: storage.outputs.inputsContainer
    cosmosName: names.cosmos
    cosmosDatabase: cosmosDatabase
    componentName: names.component
    vaultName: names.vault
    keyName: names.key
    mailFrom: mailFrom
    mailTo: mailTo
    maxRuns: maxRuns
    maxParallel: maxParallel
    maxStagedBytes: maxStagedBytes
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstances: maximumInstances
    alwaysReadyInstances: alwaysReadyInstances
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output SERVICE_API_NAME string = names.site
output AZURE_FUNCTION_NAME string = names.site
output OUTLAST_URL string = site.outputs.url
output COSMOS_ENDPOINT string = cosmos.outputs.endpoint
output STAGING_URL string = '${storage.outputs.blobEndpoint}${storage.outputs.stagingPath}'
output INPUTS_URL string = '${storage.outputs.blobEndpoint}${storage.outputs.inputsContainer}'
