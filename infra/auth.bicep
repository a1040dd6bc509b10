// Entra ID in front of the app: who calls it needs a token, besides the key. The health stays open for monitors, and what
// links open for those who have them: the run, and the files of the page, which hold nothing of anybody.
param siteName string

@description('Client id of the app registration that callers get a token for.')
param clientId string

@description('True: there are links that may be shared.')
param links bool

resource site 'Microsoft.Web/sites@2024-04-01' existing = {
  name: siteName
}

resource auth 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: links ? ['/api/health', '/api/shared/*', '/api/ui', '/api/ui/*'] : ['/api/health']
    }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: { allowedAudiences: [clientId, 'api://${clientId}'] }
      }
    }
  }
}
