// The vault with what is secret. The app's settings refer to the secrets, so no setting has one.
param name string
param location string
param tags object

@description('Names of the secrets; that of one which is not given is empty.')
param secretNames object

@secure()
param sendgridApiKey string

@secure()
param smtpUrl string

@secure()
param webhookSecret string

@secure()
param linkSecret string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
  }
}

resource sendgrid 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(secretNames.sendgridApiKey)) {
  parent: vault
  name: empty(secretNames.sendgridApiKey) ? 'none' : secretNames.sendgridApiKey
  properties: { value: sendgridApiKey }
}

resource smtp 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(secretNames.smtpUrl)) {
  parent: vault
  name: empty(secretNames.smtpUrl) ? 'none' : secretNames.smtpUrl
  properties: { value: smtpUrl }
}

resource webhook 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(secretNames.webhookSecret)) {
  parent: vault
  name: empty(secretNames.webhookSecret) ? 'none' : secretNames.webhookSecret
  properties: { value: webhookSecret }
}

resource link 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(secretNames.linkSecret)) {
  parent: vault
  name: empty(secretNames.linkSecret) ? 'none' : secretNames.linkSecret
  properties: { value: linkSecret }
}
