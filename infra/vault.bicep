// The vault with the SendGrid key. The app's setting refers to the secret, so the key is in no setting.
param name string
param location string
param tags object
param keyName string

@secure()
param sendgridApiKey string

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

resource secret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: keyName
  properties: { value: sendgridApiKey }
}
