// The vault with what is secret. The app's settings refer to the secrets, so no setting has one.
param name string
param location string
param tags object
param secretNames object

@description('Which of the secrets are given.')
param inVault object

@secure()
param sendgridApiKey string

@secure()
param smtpUrl string

@secure()
param webhookSecret string

@secure()
param linkSecret string

@secure()
param otlpHeaders string

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

resource sendgrid 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (inVault.sendgridApiKey) {
  parent: vault
  name: secretNames.sendgridApiKey
  properties: { value: sendgridApiKey }
}

resource smtp 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (inVault.smtpUrl) {
  parent: vault
  name: secretNames.smtpUrl
  properties: { value: smtpUrl }
}

resource webhook 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (inVault.webhookSecret) {
  parent: vault
  name: secretNames.webhookSecret
  properties: { value: webhookSecret }
}

resource link 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (inVault.linkSecret) {
  parent: vault
  name: secretNames.linkSecret
  properties: { value: linkSecret }
}

resource otlp 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (inVault.otlpHeaders) {
  parent: vault
  name: secretNames.otlpHeaders
  properties: { value: otlpHeaders }
}
