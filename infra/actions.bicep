// Who is told of an alert, by email.
param name string
param tags object

@description('Addresses, separated by commas.')
param addresses string

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'Global'
  tags: tags
  properties: {
    groupShortName: 'outlast'
    enabled: true
    emailReceivers: [
      for (address, i) in split(addresses, ','): {
        name: 'address-${i}'
        emailAddress: trim(address)
        useCommonAlertSchema: true
      }
    ]
  }
}
