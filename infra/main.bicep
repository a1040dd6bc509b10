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

@description('Name of an account of Cosmos DB that is there already. Empty: one is made.')
param cosmosAccount string = ''

@description('Resource group of cosmosAccount.')
param cosmosResourceGroup string = ''

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

@allowed(['storage', 'scheduler'])
@description('Where Durable Functions keeps its histories: in the storage account, or in the Durable Task Scheduler.')
param durableBackend string = 'storage'

@description('True: storage and database answer only in a virtual network that is made, which the app is in.')
param network bool = false

@description('Addresses of the virtual network, at least a /23.')
param networkAddresses string = '10.20.0.0/23'

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

@description('Addresses that are told of an alert, separated by commas. Empty: nobody is told.')
param alertAddresses string = ''

@secure()
@description('API key of SendGrid. Empty: it is not used.')
param sendgridApiKey string = ''

@secure()
@description('URL of a mail server, which is used in place of SendGrid. Empty: SendGrid is used.')
param smtpUrl string = ''

@description('Sender of the emails.')
param mailFrom string = ''

@description('Recipients of the emails, separated by commas.')
param mailTo string = ''

@description('Address that is told of the end of each run. Empty: none is.')
param webhookUrl string = ''

@secure()
@description('What signs the events that are posted to webhookUrl.')
param webhookSecret string = ''

@secure()
@description('What signs the links that may be shared. Empty: there are none.')
param linkSecret string = ''

@description('Address of the app as its users know it. Empty: that which Azure gives.')
param publicUrl string = ''

@description('Address of a collector of OpenTelemetry. Empty: nothing is exported.')
param otlpEndpoint string = ''

@secure()
@description('Headers that the collector wants, such as api-key=…, separated by commas.')
param otlpHeaders string = ''

@description('Client id of an app registration of Entra ID, which callers must have a token for. Empty: keys alone open the app.')
param entraClientId string = ''

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
  cosmos: empty(cosmosAccount) ? 'cosmos-${token}' : cosmosAccount
  workspace: 'log-${token}'
  component: 'appi-${token}'
  vault: empty('${sendgridApiKey}${smtpUrl}${webhookSecret}${linkSecret}${otlpHeaders}') ? '' : 'kv-${token}'
  network: 'vnet-${token}'
  scheduler: durableBackend == 'scheduler' ? 'dts-${token}' : ''
  taskHub: 'outlast-scheduler'
  actions: 'ag-${token}'
  plan: 'plan-${token}'
  site: 'func-${token}'
}
var secretNames = {
  sendgridApiKey: 'sendgrid-api-key'
  smtpUrl: 'smtp-url'
  webhookSecret: 'webhook-secret'
  linkSecret: 'link-secret'
  otlpHeaders: 'otlp-headers'
}
var inVault = {
  sendgridApiKey: !empty(sendgridApiKey)
  smtpUrl: !empty(smtpUrl)
  webhookSecret: !empty(webhookSecret)
  linkSecret: !empty(linkSecret)
  otlpHeaders: !empty(otlpHeaders)
}
var groupName = 'rg-${environmentName}'
var cosmosGroup = empty(cosmosAccount) ? groupName : cosmosResourceGroup
var cosmosId = resourceId(subscription().subscriptionId, cosmosGroup, 'Microsoft.DocumentDB/databaseAccounts', names.cosmos)
var subnetId = resourceId(subscription().subscriptionId, groupName, 'Microsoft.Network/virtualNetworks/subnets', names.network, 'app')
var allTags = union(tags, { 'azd-env-name': environmentName })

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: groupName
  location: location
  tags: allTags
}

module identity 'identity.bicep' = {
  scope: group
  params: { name: names.identity, location: location, tags: allTags }
}

module storage 'storage.bicep' = {
  scope: group
  params: { name: names.storage, location: location, tags: allTags, public: !network, stagedDays: stagedDays }
}

module cosmos 'cosmos.bicep' = if (empty(cosmosAccount)) {
  scope: group
  params: { name: names.cosmos, location: location, tags: allTags, mode: cosmosMode, public: !network }
}

module database 'database.bicep' = {
  scope: resourceGroup(cosmosGroup)
  dependsOn: [cosmos, identity]
  params: {
    accountName: names.cosmos
    tags: allTags
    database: cosmosDatabase
    mode: cosmosMode
    throughput: cosmosThroughput
    identityName: names.identity
    identityGroup: group.name
    deployerId: principalId
  }
}

module privateNetwork 'network.bicep' = if (network) {
  scope: group
  dependsOn: [storage, database]
  params: {
    name: names.network
    location: location
    tags: allTags
    addresses: networkAddresses
    storageName: names.storage
    cosmosId: cosmosId
  }
}

module scheduler 'scheduler.bicep' = if (durableBackend == 'scheduler') {
  scope: group
  dependsOn: [identity]
  params: {
    name: names.scheduler
    location: location
    tags: allTags
    taskHub: names.taskHub
    identityName: names.identity
    deployerId: principalId
    deployerType: principalType
  }
}

module actions 'actions.bicep' = if (!empty(alertAddresses)) {
  scope: group
  params: { name: names.actions, tags: allTags, addresses: alertAddresses }
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

module vault 'vault.bicep' = if (!empty(names.vault)) {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: allTags
    secretNames: secretNames
    inVault: inVault
    sendgridApiKey: sendgridApiKey
    smtpUrl: smtpUrl
    webhookSecret: webhookSecret
    linkSecret: linkSecret
    otlpHeaders: otlpHeaders
  }
}

module roles 'roles.bicep' = {
  scope: group
  dependsOn: [identity, storage, monitoring, vault]
  params: {
    identityName: names.identity
    deployerId: principalId
    deployerType: principalType
    storageName: names.storage
    componentName: names.component
    vaultName: names.vault
  }
}

// The roles come first: an app that starts without them finds neither its package nor its task hub.
module site 'site.bicep' = {
  scope: group
  dependsOn: [roles, database, privateNetwork, scheduler]
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
    cosmosGroup: cosmosGroup
    cosmosDatabase: cosmosDatabase
    componentName: names.component
    vaultName: names.vault
    secretNames: secretNames
    inVault: inVault
    mailFrom: mailFrom
    mailTo: mailTo
    webhookUrl: webhookUrl
    publicUrl: publicUrl
    otlpEndpoint: otlpEndpoint
    maxRuns: maxRuns
    maxParallel: maxParallel
    maxStagedBytes: maxStagedBytes
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstances: maximumInstances
    alwaysReadyInstances: alwaysReadyInstances
    subnetId: network ? subnetId : ''
    schedulerName: names.scheduler
    taskHub: names.taskHub
  }
}

module auth 'auth.bicep' = if (!empty(entraClientId)) {
  scope: group
  dependsOn: [site]
  params: { siteName: names.site, clientId: entraClientId, links: inVault.linkSecret }
}

module workbook 'workbook.bicep' = {
  scope: group
  dependsOn: [monitoring]
  params: {
    name: guid(token, 'workbook')
    location: location
    tags: allTags
    componentName: names.component
    cosmosId: cosmosId
  }
}

module alerts 'alerts.bicep' = {
  scope: group
  dependsOn: [monitoring, actions]
  params: {
    prefix: 'alert-${token}'
    location: location
    tags: allTags
    componentName: names.component
    healthUrl: '${site.outputs.url}/api/health'
    actionGroupName: empty(alertAddresses) ? '' : names.actions
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output SERVICE_API_NAME string = names.site
output AZURE_FUNCTION_NAME string = names.site
output OUTLAST_URL string = site.outputs.url
output COSMOS_ENDPOINT string = database.outputs.endpoint
output STAGING_URL string = '${storage.outputs.blobEndpoint}${storage.outputs.stagingPath}'
output INPUTS_URL string = '${storage.outputs.blobEndpoint}${storage.outputs.inputsContainer}'
