using '../../../../infra/main.bicep'
param environmentName = 'test'
param location = 'westeurope'
param network = true
param networkAddresses = '10.1.0.0/22'
param sendgridApiKey = 'SG.planted'
param mailFrom = 'outlast@example.com'
param mailTo = 'you@example.com'
