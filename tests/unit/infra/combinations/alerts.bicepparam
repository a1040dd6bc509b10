using '../../../../infra/main.bicep'
param environmentName = 'test'
param location = 'westeurope'
param alertAddresses = 'a@example.com, b@example.com'
param alwaysReadyInstances = 2
param sendgridApiKey = 'SG.planted'
param mailFrom = 'outlast@example.com'
param mailTo = 'you@example.com'
