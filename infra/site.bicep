// The function app on a Flex Consumption plan, with all of its settings.
param planName string
param siteName string
param location string
param tags object
param identityName string
param storageName string
param packagesContainer string
param stagingPath string
param inputsContainer string
param cosmosName string
param cosmosGroup string
param cosmosDatabase string
param componentName string

@description('Empty: there is no vault.')
param vaultName string
param secretNames object

@description('Which of the secrets are in the vault.')
param inVault object
param mailFrom string
param mailTo string
param webhookUrl string

@description('Empty: the address that Azure gives.')
param publicUrl string

@description('Empty: nothing is exported.')
param otlpEndpoint string
param maxRuns int
param maxParallel int
param maxStagedBytes string
param pythonVersion string
param instanceMemoryMB int
param maximumInstances int
param alwaysReadyInstances int

@description('Empty: the app is in no virtual network.')
param subnetId string

@description('Empty: Durable Functions keeps its histories in the storage account.')
param schedulerName string
param taskHub string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageName
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' existing = {
  scope: resourceGroup(cosmosGroup)
  name: cosmosName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' existing = if (!empty(schedulerName)) {
  name: schedulerName
}

// These override host.json.
var durableTask = 'AzureFunctionsJobHost__extensions__durableTask'
var clientId = identity.properties.clientId
var withScheduler = {
  '${durableTask}__hubName': taskHub
  '${durableTask}__storageProvider__type': 'azureManaged'
  '${durableTask}__storageProvider__connectionStringName': 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${scheduler!.properties.endpoint};Authentication=ManagedIdentity;ClientID=${clientId}'
}
var secretsUrl = 'https://${vaultName}${environment().suffixes.keyvaultDns}/secrets'

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: siteName
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packagesContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'python', version: pythonVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReadyInstances > 0 ? [{ name: 'durable', instanceCount: alwaysReadyInstances }] : []
      }
    }
  }
}

// This replaces the whole set: a setting that was made in the portal is gone after the next deployment.
resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: site
  name: 'appsettings'
  properties: union(empty(schedulerName) ? {} : withScheduler, {
    // What the host and the libraries of Azure read. The app reads __accountName too: a run belongs to app and account.
    AzureWebJobsStorage__accountName: storageName
    AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
    AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
    AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: clientId
    AZURE_CLIENT_ID: clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: component.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
    // What outlast/settings.py reads. docs/deploy.md lists what is left out. An empty value counts as not set.
    COSMOS_ENDPOINT: cosmos.properties.documentEndpoint
    COSMOS_DATABASE: cosmosDatabase
    AZURE_STORAGE_ACCOUNT_NAME: storageName
    STAGING_URL: '${storage.properties.primaryEndpoints.blob}${stagingPath}'
    INPUTS_URL: '${storage.properties.primaryEndpoints.blob}${inputsContainer}'
    SENDGRID_API_KEY: inVault.sendgridApiKey ? '@Microsoft.KeyVault(SecretUri=${secretsUrl}/${secretNames.sendgridApiKey})' : ''
    SMTP_URL: inVault.smtpUrl ? '@Microsoft.KeyVault(SecretUri=${secretsUrl}/${secretNames.smtpUrl})' : ''
    MAIL_FROM: mailFrom
    MAIL_TO: mailTo
    WEBHOOK_URL: webhookUrl
    WEBHOOK_SECRET: inVault.webhookSecret ? '@Microsoft.KeyVault(SecretUri=${secretsUrl}/${secretNames.webhookSecret})' : ''
    LINK_SECRET: inVault.linkSecret ? '@Microsoft.KeyVault(SecretUri=${secretsUrl}/${secretNames.linkSecret})' : ''
    PUBLIC_URL: empty(publicUrl) ? 'https://${site.properties.defaultHostName}' : publicUrl
    OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint
    // The library of OpenTelemetry reads this itself.
    OTEL_EXPORTER_OTLP_HEADERS: inVault.otlpHeaders ? '@Microsoft.KeyVault(SecretUri=${secretsUrl}/${secretNames.otlpHeaders})' : ''
    MAX_RUNS: string(maxRuns)
    MAX_PARALLEL: string(maxParallel)
    MAX_STAGED_BYTES: maxStagedBytes
    PORTAL_URL: '${environment().portal}/#resource${component.id}'
  })
}

// No password publishes: azd and az do it with a token of Entra ID.
resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: site
  name: 'ftp'
  properties: { allow: false }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: site
  name: 'scm'
  properties: { allow: false }
}

output url string = 'https://${site.properties.defaultHostName}'
